package uploader

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
	"capibara/uploader/sandbox"
)

// month is thirty days of a process that uploads on schedule: it is started and killed, its machine sleeps and has its
// clock set wrong, the network and Meta fail, the token dies and is renewed, and clocks change for summer or winter.
type month struct {
	*storm
	slept  atomic.Int64 // how long the machine slept so far: timers stood still, and the clock on the wall went on
	wrong  atomic.Int64 // how far the machine's clock is off
	down   atomic.Bool  // the network
	dead   atomic.Bool  // the token
	rounds int
	runs   []time.Time // when runs began
	up     [][2]time.Time
	quiet  []time.Time // days on which the clock was set or the machine slept
}

// world is the right time.
func (m *month) world() time.Time { return time.Now().Add(time.Duration(m.slept.Load())) }

// clock is what the machine takes it for.
func (m *month) clock() time.Time { return m.world().Add(time.Duration(m.wrong.Load())) }

// TestThirtyDays holds what came of such a month to the promises of the house, for many months.
func TestThirtyDays(t *testing.T) {
	t.Parallel()
	seeds := uint64(2)
	if longTests() {
		seeds = 60
	}
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// Clocks change on 26 March and on 29 October.
				begin := time.Date(2000, 3, 12, 9, 0, 0, 0, zone)
				if seed%2 == 1 {
					begin = time.Date(2000, 10, 14, 9, 0, 0, 0, zone)
				}
				time.Sleep(time.Until(begin))
				m := &month{storm: &storm{chance: rand.New(rand.NewPCG(seed, 30)), deadlines: map[string]time.Time{}, bad: map[string]bool{}}}
				m.house = newHouse(t, sandbox.Config{Seed: seed, Now: m.world})
				client, err := capi.New(capi.Config{BaseURL: "http://127.0.0.1:1", Transport: m.wire, Timeout: 30 * time.Second, Now: m.clock})
				if err != nil {
					t.Fatal(err)
				}
				m.config.Client, m.config.Now, m.config.BatchEvents, m.config.InFlight = client, m.clock, 1+m.chance.IntN(30), 1+m.chance.IntN(4)
				m.config.Datasets[0].Token = func() (capi.Token, error) {
					if m.dead.Load() {
						return "EAAwrongTokenThatMetaForgotLongAgo99", nil
					}
					return secret, nil
				}
				m.wire.set(m.guard, nil)
				spec := []string{"0 2 * * *", "30 2 * * *", "0 2,14 * * *", "15 */3 * * *"}[m.chance.IntN(4)]
				for end := m.world().Add(30 * day); m.world().Before(end); {
					m.life(spec, zone)
				}
				m.settleDown()
				m.judge()
				m.judgeRuns(zone)
				t.Logf("%s: %d runs, %d events, %v", spec, len(m.runs), len(m.deadlines), m.states())
			})
		})
	}
}

// guard is the network: it watches every request, as the storm does.
func (m *month) guard(r *http.Request) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	off := time.Duration(m.wrong.Load()).Abs()
	for _, id := range idsOf(m.T, r) {
		if id == "" {
			continue
		}
		// A clock that is off is found out by the first answer, not before it.
		if deadline := m.deadlines[id]; !m.clock().Before(deadline) || off < maxSkew && !m.world().Before(deadline.Add(off)) {
			m.Errorf("%s is sent %s after its deadline", id, m.world().Sub(deadline))
		}
		if e := m.event(id); e.State != store.StateInFlight {
			m.Errorf("%s is sent while it is %s", id, e.State)
		}
	}
	if m.down.Load() {
		return errors.New("no route to host")
	}
	if m.raging && m.chance.IntN(100) < 25 {
		kinds := sandbox.Kinds()
		m.fault(kinds[m.chance.IntN(len(kinds))])
	}
	return nil
}

// life is the life of one process, from its start to its death, and the time after it.
func (m *month) life(spec string, zone *time.Location) {
	dies := m.roll(3)
	if m.config.Store = m.db; dies {
		m.config.Store = newPlugged(m.db, m.pick(40), m.pick(40))
	}
	u := m.uploader()
	s, err := NewSchedule(ScheduleConfig{Name: "upload", Specs: []string{spec}, Zone: zone, CatchUp: true, Store: m.db, Log: m.config.Log,
		Again: u.Due, Now: m.clock, Run: func(ctx context.Context) (string, error) {
			m.mu.Lock()
			m.runs = append(m.runs, m.world())
			m.mu.Unlock()
			got, err := u.Upload(ctx)
			m.mu.Lock()
			defer m.mu.Unlock()
			m.total.Acknowledged += got.Acknowledged
			m.total.Rejected += got.Rejected
			m.total.Held += got.Held
			m.total.Expired += got.Expired
			if err != nil && ctx.Err() == nil && !errors.Is(err, errPlug) {
				m.Errorf("a run failed: %v", err)
			}
			return "", err
		}})
	if err != nil {
		m.Fatal(err)
	}
	ctx, kill := context.WithCancel(m.Context())
	ended := make(chan error, 1)
	began := m.world()
	go func() { ended <- s.Run(ctx) }()
	for hours := 12 + m.pick(96); hours > 0; hours-- {
		m.hour()
		time.Sleep(time.Hour)
	}
	kill()
	if err := <-ended; err != nil {
		m.Fatal(err)
	}
	m.mu.Lock()
	m.up = append(m.up, [2]time.Time{began, m.world()})
	m.mu.Unlock()
	m.die()
	time.Sleep(time.Duration(m.pick(int(12 * time.Hour))))
}

func (m *month) pick(n int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.chance.IntN(n)
}

func (m *month) roll(n int) bool { return m.pick(n) == 0 }

// hour lets something happen.
func (m *month) hour() {
	if m.roll(8) {
		m.arrive()
	}
	flip := func(b *atomic.Bool, begins, ends int) {
		if b.Load() {
			b.Store(!m.roll(ends))
		} else {
			b.Store(m.roll(begins))
		}
	}
	flip(&m.down, 60, 10)
	flip(&m.dead, 200, 20)
	m.mu.Lock()
	m.raging = m.chance.IntN(3) == 0
	m.mu.Unlock()
	switch {
	case m.roll(100): // the lid is closed
		m.slept.Add(int64(time.Duration(m.pick(int(20 * time.Hour)))))
		m.quiet = append(m.quiet, m.world())
	case m.wrong.Load() != 0 && m.roll(6): // NTP
		m.wrong.Store(0)
		m.quiet = append(m.quiet, m.world())
	case m.wrong.Load() == 0 && m.roll(150):
		m.wrong.Store(int64(time.Duration(m.pick(int(4*day))) - 2*day))
		m.quiet = append(m.quiet, m.world())
	}
}

// arrive imports a few rows.
func (m *month) arrive() {
	var rows []store.NewRow
	m.rounds++
	now := m.world()
	for i := range 1 + m.pick(30) {
		id := fmt.Sprintf("e-%d-%d", m.rounds, i)
		r := good(id, now)
		if m.roll(20) {
			r, m.bad[id] = bad(id, now), true
		}
		if m.roll(10) {
			r.Deadline = now.Add(time.Minute + time.Duration(m.pick(int(2*day)))).Unix()
		}
		m.mu.Lock()
		m.deadlines[id] = time.Unix(r.Deadline, 0)
		m.mu.Unlock()
		rows = append(rows, r)
	}
	m.put(rows...)
}

// settleDown mends everything, and uploads until nothing is left to do.
func (m *month) settleDown() {
	m.mu.Lock()
	m.raging = false
	m.mu.Unlock()
	m.down.Store(false)
	m.dead.Store(false)
	m.wrong.Store(0)
	m.config.Store = m.db
	m.die()
	for range 16 {
		time.Sleep(10 * time.Hour)
		if err := m.pass(); err != nil {
			m.Fatalf("upload: %v", err)
		}
	}
}

// judgeRuns expects a run on every day through which the process was up, however long that day was.
func (m *month) judgeRuns(zone *time.Location) {
	for _, span := range m.up {
		y, mo, d := span[0].In(zone).Date()
		for begin := time.Date(y, mo, d+1, 0, 0, 0, 0, zone); ; begin = begin.AddDate(0, 0, 1) {
			end := begin.AddDate(0, 0, 1)
			if end.After(span[1]) {
				break
			}
			if within(m.quiet, begin.Add(-3*day), end.Add(3*day)) {
				continue
			}
			if !within(m.runs, begin, end) {
				m.Errorf("there was no run on %s", begin.Format(time.DateOnly))
			}
		}
	}
}

func within(all []time.Time, begin, end time.Time) bool {
	for _, t := range all {
		if !t.Before(begin) && t.Before(end) {
			return true
		}
	}
	return false
}
