package uploader

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"capibara/store"
)

// TestScheduleGathers brings in what came meanwhile before a run that makes up for one, and before no other.
func TestScheduleGathers(t *testing.T) {
	t.Parallel()
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		last  store.Run
		sleep time.Duration // of the machine, at half past one
		soon  bool          // a run in between
		want  []string
	}{
		{"nothing was missed", store.Run{ScheduledAt: begin.Add(-22 * time.Hour), StartedAt: begin, EndedAt: begin}, 0, false, []string{"ran 02:00"}},
		{"missed while it was off", store.Run{ScheduledAt: begin.Add(-46 * time.Hour)}, 0, false, []string{"gathered 00:00", "ran 00:02", "ran 02:00"}},
		{"slept through it", store.Run{StartedAt: begin, EndedAt: begin}, 8 * time.Hour, false, []string{"gathered 09:31", "ran 09:33"}},
		{"a moment late is on time", store.Run{StartedAt: begin, EndedAt: begin}, 31 * time.Minute, false, []string{"ran 02:02"}},
		{"asked for", store.Run{StartedAt: begin, EndedAt: begin}, 0, true, []string{"ran 01:00", "ran 02:00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var (
					mu    sync.Mutex
					slept time.Duration
					did   []string
				)
				now := func() time.Time {
					mu.Lock()
					defer mu.Unlock()
					return time.Now().Add(slept)
				}
				note := func(what string) { did = append(did, what+now().UTC().Format(" 15:04")) }
				p := newPlan(func(context.Context) (string, error) { note("ran"); return "", nil }, "0 2 * * *")
				p.last, p.Now = c.last, now
				p.Gather = func(context.Context) { note("gathered"); time.Sleep(2 * time.Minute) }
				time.AfterFunc(90*time.Minute+time.Second, func() {
					mu.Lock()
					defer mu.Unlock()
					slept = c.sleep
				})
				s, err := NewSchedule(p.ScheduleConfig)
				if err != nil {
					t.Fatal(err)
				}
				if c.soon {
					time.AfterFunc(time.Hour, s.Soon)
				}
				ctx, stop := context.WithTimeout(t.Context(), 4*time.Hour)
				defer stop()
				if err := s.Run(ctx); err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(did, c.want) {
					t.Errorf("it %q, want %q", did, c.want)
				}
			})
		})
	}
}

// TestScheduleAfterAFailure makes a run that failed again within a quarter of an hour, and logs why once.
func TestScheduleAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		p := newPlan(func(context.Context) (string, error) {
			if n++; n < 4 {
				return "Half was sent.", errors.New("the disk is full")
			}
			return "Done.", nil
		}, "0 2 * * *")
		p.Again = func(context.Context) (time.Time, error) { return time.Time{}, nil }
		p.during(t, 2*time.Hour+31*time.Minute)
		p.want(t, "01 02:00", "01 02:15", "01 02:30")
		if p.log.lines("the disk is full") != 1 || p.last.Summary != "Half was sent. It failed: the disk is full" {
			t.Errorf("the last run is %+v, the log:\n%s", p.last, p.log.bytes())
		}
		p.during(t, 20*time.Hour)
		p.want(t, "01 02:00", "01 02:15", "01 02:30")
	})
}

// TestSeveralSpecsInAZone mixes times of one zone, over the night in which its clocks change, with one of another.
func TestSeveralSpecsInAZone(t *testing.T) {
	t.Parallel()
	p := newPlan(quick, "30 2 * * *", "30 13 * * SAT,SUN", "TZ=Asia/Tokyo 0 9 * * MON")
	p.Zone = zone(t, "Europe/Amsterdam")
	p.Now = func() time.Time { return time.Date(2027, 3, 27, 0, 0, 0, 0, time.UTC) }
	s, err := NewSchedule(p.ScheduleConfig)
	if err != nil {
		t.Fatal(err)
	}
	at := p.Now()
	for _, want := range []string{"27 02:30 CET", "27 13:30 CET", "28 03:30 CEST", "28 13:30 CEST", "29 02:00 CEST", "29 02:30 CEST", "30 02:30 CEST"} {
		if at = s.Next(at).In(p.Zone); at.Format("02 15:04 MST") != want {
			t.Errorf("next is %s, want %s", at.Format("02 15:04 MST"), want)
		}
	}
}
