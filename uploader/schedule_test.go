package uploader

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"capibara/store"

	"github.com/rs/zerolog"
)

// runs remembers runs in memory.
type runs struct {
	mu   sync.Mutex
	last store.Run
	all  []store.Run
	fail error
}

func (r *runs) LastRun(context.Context, string) (store.Run, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last, r.fail
}

func (r *runs) SetRun(_ context.Context, _ string, run store.Run) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = run
	r.all = append(r.all, run)
	return r.fail
}

// plan is a schedule under test.
type plan struct {
	ScheduleConfig
	*runs
	log    *journal
	mu     sync.Mutex
	starts []string // when runs began, in UTC
}

func newPlan(run func(ctx context.Context) (string, error), specs ...string) *plan {
	p := &plan{runs: &runs{}, log: &journal{}}
	p.ScheduleConfig = ScheduleConfig{Name: "upload", Specs: specs, Zone: time.UTC, CatchUp: true, Store: p.runs,
		Log: zerolog.New(p.log), Run: func(ctx context.Context) (string, error) {
			p.mu.Lock()
			p.starts = append(p.starts, time.Now().UTC().Format("02 15:04"))
			p.mu.Unlock()
			return run(ctx)
		}}
	return p
}

// during runs the schedule for so long. The fake clock begins on 1 January 2000 at midnight.
func (p *plan) during(t *testing.T, d time.Duration) {
	t.Helper()
	s, err := NewSchedule(p.ScheduleConfig)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := s.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func (p *plan) want(t *testing.T, starts ...string) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Equal(p.starts, starts) {
		t.Errorf("it ran at %q, want %q", p.starts, starts)
	}
}

func quick(context.Context) (string, error) { return "Done.", nil }

func TestScheduleRuns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		specs []string
		want  []string
	}{
		{"once a day", []string{"0 2 * * *"}, []string{"01 02:00", "02 02:00"}},
		{"two times that meet", []string{"0 2 * * *", "0 2,14 1 * *"}, []string{"01 02:00", "01 14:00", "02 02:00"}},
		{"an interval", []string{"@every 20h"}, []string{"01 20:00", "02 16:00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPlan(quick, c.specs...)
				p.during(t, 47*time.Hour)
				p.want(t, c.want...)
				if p.last.Summary != "Done." || p.last.EndedAt.IsZero() || p.last.ScheduledAt.After(p.last.StartedAt) {
					t.Errorf("the last run is %+v", p.last)
				}
			})
		})
	}
}

// One panic must not end a schedule for ever.
func TestScheduleSurvivesPanicsAndErrors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		p := newPlan(func(context.Context) (string, error) {
			switch n++; n {
			case 1:
				panic("something unforeseen")
			case 2:
				return "", errors.New("the disk is full")
			}
			return "Done.", nil
		}, "0 2 * * *")
		p.during(t, 75*time.Hour)
		p.want(t, "01 02:00", "02 02:00", "03 02:00", "04 02:00")
		if p.log.lines("panic") != 1 || p.log.lines("the disk is full") != 1 {
			t.Errorf("the log:\n%s", p.log.bytes())
		}
		if p.all[len(p.all)-5].Summary != "It failed: the disk is full" {
			t.Errorf("the runs: %+v", p.all)
		}
	})
}

func TestScheduleDoesNotOverlap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlan(func(context.Context) (string, error) {
			time.Sleep(150 * time.Minute)
			return "Slow.", nil
		}, "0 * * * *")
		p.during(t, 7*time.Hour-time.Minute)
		p.want(t, "01 01:00", "01 04:00")
		if n := p.log.lines("still under way"); n != 4 {
			t.Errorf("%d lines say that runs were left out", n)
		}
	})
}

func TestScheduleStopsGracefully(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlan(func(ctx context.Context) (string, error) {
			<-ctx.Done()
			time.Sleep(3 * time.Second)
			return "Stopped.", nil
		}, "0 2 * * *")
		began := time.Now()
		p.during(t, 150*time.Minute)
		if took := time.Since(began); took != 150*time.Minute+3*time.Second {
			t.Errorf("it returned after %s", took)
		}
		if p.last.Summary != "Stopped." || p.last.EndedAt.IsZero() {
			t.Errorf("the last run is %+v", p.last)
		}
	})
}

func TestScheduleCatchesUp(t *testing.T) {
	t.Parallel()
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(hours int) time.Time { return begin.Add(time.Duration(hours) * time.Hour) }
	for _, c := range []struct {
		name    string
		last    store.Run
		catchUp bool
		want    []string
	}{
		{"never ran before", store.Run{}, true, []string{"01 02:00"}},
		{"ran when it was due", store.Run{ScheduledAt: at(-22), StartedAt: at(-22), EndedAt: at(-21)}, true, []string{"01 02:00"}},
		{"missed one", store.Run{ScheduledAt: at(-46), StartedAt: at(-46), EndedAt: at(-45)}, true, []string{"01 00:00", "01 02:00"}},
		{"missed many", store.Run{ScheduledAt: at(-460), StartedAt: at(-460), EndedAt: at(-459)}, true, []string{"01 00:00", "01 02:00"}},
		{"missed one and does not mind", store.Run{ScheduledAt: at(-46), StartedAt: at(-46), EndedAt: at(-45)}, false, []string{"01 02:00"}},
		{"was cut off", store.Run{ScheduledAt: at(-22), StartedAt: at(-22)}, true, []string{"01 00:00", "01 02:00"}},
		{"ran by hand since", store.Run{StartedAt: at(-1), EndedAt: at(-1)}, true, []string{"01 02:00"}},
		{"met and never ran", store.Run{ScheduledAt: at(-30)}, true, []string{"01 00:00", "01 02:00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPlan(quick, "0 2 * * *")
				p.last, p.CatchUp = c.last, c.catchUp
				p.during(t, 3*time.Hour)
				p.want(t, c.want...)
			})
		})
	}
}

// A machine that is switched off every night before two uploads from its second day on.
func TestScheduleOfAMachineThatSleepsAtNight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlan(quick, "0 2 * * *")
		for range 3 {
			time.Sleep(8 * time.Hour)
			p.during(t, 10*time.Hour)
			time.Sleep(6 * time.Hour)
		}
		p.want(t, "02 08:00", "03 08:00")
	})
}

// When the clock jumps over a run, as after a sleep, it is made up for within a minute, and once.
func TestScheduleWhenTheClockJumps(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlan(quick, "0 2 * * *")
		var mu sync.Mutex
		var jump time.Duration
		p.Now = func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			return time.Now().Add(jump)
		}
		time.AfterFunc(30*time.Minute+time.Second, func() {
			mu.Lock()
			defer mu.Unlock()
			jump = 8 * time.Hour
		})
		p.during(t, 12*time.Hour)
		p.want(t, "01 00:31")
	})
}

func TestScheduleRunsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlan(quick, "0 2 * * *")
		n := 0
		p.Again = func(context.Context) (time.Time, error) {
			switch n++; n {
			case 1: // at the start: what the process before was waiting for
				return time.Now().Add(10 * time.Minute), nil
			case 3:
				return time.Now().Add(20 * time.Minute), nil
			case 4:
				return time.Time{}, errors.New("the disk is full")
			}
			return time.Time{}, nil
		}
		p.during(t, 47*time.Hour)
		p.want(t, "01 00:10", "01 02:00", "01 02:20", "02 02:00")
		if p.log.lines("cannot tell when to run again") != 1 {
			t.Errorf("the log:\n%s", p.log.bytes())
		}
	})
}

// TestScheduleReconsiders has an upload by hand find an outage.
func TestScheduleReconsiders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlan(quick, "0 2 * * *")
		p.Again = func(context.Context) (at time.Time, err error) {
			if now := time.Now().UTC(); now.Hour() == 4 && now.Minute() == 0 {
				at = now.Add(5 * time.Minute)
			}
			return at, nil
		}
		s, err := NewSchedule(p.ScheduleConfig)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 7*time.Hour)
		defer cancel()
		time.AfterFunc(4*time.Hour, func() { s.Reconsider(ctx) })
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		p.want(t, "01 02:00", "01 04:05")
	})
}

func TestSchedulesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*ScheduleConfig)
		want   string
	}{
		{"no time", func(c *ScheduleConfig) { c.Specs = nil }, "has no time"},
		{"no such day", func(c *ScheduleConfig) { c.Specs = []string{"0 2 * * *", "0 0 30 2 *"} }, `"0 0 30 2 *" never happens`},
		{"nonsense", func(c *ScheduleConfig) { c.Specs = []string{"at two"} }, "is not a time as cron writes it"},
		{"no zone", func(c *ScheduleConfig) { c.Zone = nil }, "needs a name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newPlan(quick, "0 2 * * *")
			c.change(&p.ScheduleConfig)
			if _, err := NewSchedule(p.ScheduleConfig); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestScheduleWithAStoreThatFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPlan(quick, "0 2 * * *")
		p.fail = errors.New("the disk is full")
		s, err := NewSchedule(p.ScheduleConfig)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Run(t.Context()); !errors.Is(err, p.fail) {
			t.Errorf("run: %v", err)
		}
	})
}

func TestNextOfSeveralSpecs(t *testing.T) {
	t.Parallel()
	p := newPlan(quick, "0 2 * * *", "30 13 * * *")
	s, err := NewSchedule(p.ScheduleConfig)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for _, want := range []string{"23 02:00", "23 13:30", "24 02:00"} {
		if at = s.Next(at); fmt.Sprint(at.Format("02 15:04")) != want {
			t.Errorf("next is %s, want %s", at, want)
		}
	}
}
