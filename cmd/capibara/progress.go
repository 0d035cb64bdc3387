package main

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress tells how far long work is.
type progress struct {
	Done  int64 `json:"done"`  // what the bar shows: bytes of a file, events of an upload
	Total int64 `json:"total"` // 0 when it is not known
	Count int64 `json:"count"` // records read, or events sent
}

// meter shows progress: a bar with rate and time left on a terminal, elsewhere a log line every few seconds.
type meter struct {
	name, unit string
	started    time.Time
	log        zerolog.Logger

	bars *mpb.Progress // nil when there is no terminal
	bar  *mpb.Bar

	count  atomic.Int64 // read by the bar's goroutine while mu is held
	mu     sync.Mutex
	over   bool
	logged time.Time
}

// logEvery is how often a log line tells progress.
const logEvery = 5 * time.Second

// newMeter shows the progress of work on name, counted in unit, such as "records".
func (a *app) newMeter(name, unit string) *meter {
	m := &meter{name: name, unit: unit, started: time.Now()}
	m.logged = m.started
	if isTerminal(a.stderr) {
		m.bars = mpb.New(mpb.WithOutput(a.stderr), mpb.WithAutoRefresh())
		return m
	}
	m.log = zerolog.New(a.stderr).With().Timestamp().Logger()
	return m
}

// tell takes in how far the work is. It may be called from any goroutine.
func (m *meter) tell(p progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over {
		return
	}
	m.count.Store(p.Count)
	now := time.Now()
	switch {
	case m.bars == nil && now.Sub(m.logged) >= logEvery:
		m.logged = now
		e := m.log.Info().Str("work", m.name).Int64(m.unit, p.Count)
		if p.Total > 0 {
			e = e.Int64("percent", min(p.Done*100/p.Total, 100))
		}
		e.Msg("under way")
	// Work that is done within half a second needs no bar.
	case m.bars != nil && (m.bar != nil || now.Sub(m.started) > 500*time.Millisecond):
		if m.bar == nil {
			m.bar = m.bars.New(p.Total, mpb.BarStyle(), mpb.BarRemoveOnComplete(),
				mpb.PrependDecorators(decor.Name(m.name+" "), decor.Percentage(decor.WCSyncSpace)),
				mpb.AppendDecorators(decor.Any(m.rate)))
		}
		m.bar.SetTotal(p.Total, false)
		m.bar.SetCurrent(p.Done)
	}
}

// rate tells how fast the work is and how long it still takes.
func (m *meter) rate(s decor.Statistics) string {
	count, took := m.count.Load(), time.Since(m.started)
	text := fmt.Sprintf(" %s %s, %s/s", grouped(count), m.unit, grouped(int64(float64(count)/took.Seconds())))
	if s.Current > 0 && s.Current < s.Total {
		left := time.Duration(float64(took) * float64(s.Total-s.Current) / float64(s.Current))
		text += ", " + left.Round(time.Second).String() + " left"
	}
	return text
}

// end takes the bar away.
func (m *meter) end() {
	m.mu.Lock()
	ended := m.over
	m.over = true
	m.mu.Unlock()
	if m.bars == nil || ended {
		return
	}
	if m.bar != nil {
		m.bar.Abort(true)
	}
	m.bars.Wait()
}
