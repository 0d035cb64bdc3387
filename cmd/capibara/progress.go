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
				mpb.AppendDecorators(decor.Any(m.rate), decor.OnComplete(decor.AverageETA(decor.ET_STYLE_GO), "")))
		}
		m.bar.SetTotal(p.Total, false)
		m.bar.SetCurrent(p.Done)
	}
}

func (m *meter) rate(s decor.Statistics) string {
	count := m.count.Load()
	per := float64(count) / max(time.Since(m.started).Seconds(), 0.001)
	return fmt.Sprintf("%s %s, %s/s, left ", grouped(count), m.unit, grouped(int64(per)))
}

// end takes the bar away.
func (m *meter) end() {
	if m.bars == nil {
		return
	}
	m.mu.Lock()
	bar := m.bar
	m.mu.Unlock()
	if bar != nil {
		bar.Abort(true)
	}
	m.bars.Wait()
}
