package uploader

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"capibara/store"
	"capibara/uploader/sandbox"
)

// sendings notes when requests begin, beside the house's own wire.
func sendings(h *house) func() []time.Time {
	var mu sync.Mutex
	var at []time.Time
	h.wire.set(func(*http.Request) error {
		mu.Lock()
		defer mu.Unlock()
		at = append(at, time.Now())
		return nil
	}, nil)
	return func() []time.Time {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(at)
	}
}

func TestUsageSlowsDown(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		percent int
		pause   time.Duration
		atOnce  int
	}{
		{"far from the limit", 79, 0, 4},
		{"at 80 %", 80, firstPace, 1},
		{"at 94 %", 94, firstPace + 14*(lastPace-firstPace)/15, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, sandbox.Config{Usage: sandbox.Usage{Percent: tc.percent}, Delay: time.Millisecond})
				h.config.BatchEvents, h.config.InFlight, h.config.Patience = 10, 4, -1
				h.putSome("a", 120)
				sent := sendings(h)
				if got := h.upload(); got.Acknowledged != 120 || got.Stopped != nil || got.Requests != 12 {
					h.Errorf("summary %+v", got)
				}
				at := sent()
				// The first four left before anything was known.
				for i := 5; i < len(at); i++ {
					if d := at[i].Sub(at[i-1]); tc.pause > 0 && (d < tc.pause || d > tc.pause+time.Second) {
						h.Errorf("request %d came %s after the one before, want %s", i, d, tc.pause)
					}
				}
				if tc.pause == 0 && at[len(at)-1].Sub(at[0]) > time.Second {
					h.Errorf("it took %s", at[len(at)-1].Sub(at[0]))
				}
				if want := map[bool]int{true: 1, false: 0}[tc.pause > 0]; h.log.lines("sending slows down") != want {
					h.Errorf("%d lines tell of it, want %d", h.log.lines("sending slows down"), want)
				}
				if c := h.circuit(); c.State != store.CircuitClosed {
					h.Errorf("circuit %+v", c)
				}
			})
		})
	}
}

func TestUsageWaitsBeforeMetaSaysStop(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *house) {
		h.config.BatchEvents, h.config.InFlight = 10, 1
		h.putSome("a", 30)
		usage := func(u sandbox.Usage) {
			h.Helper()
			if err := h.meta.SetUsage(u); err != nil {
				h.Fatal(err)
			}
		}
		usage(sandbox.Usage{Percent: 96})
		got := h.upload()
		if got.Requests != 1 || got.Acknowledged != 10 || got.Released != 0 || got.Stopped == nil || got.Stopped.Class != "throttle" ||
			!strings.Contains(got.Stopped.Reason, "96 %") {
			h.Errorf("summary %+v", got)
		}
		c := h.circuit()
		if wait := time.Until(c.Until); c.State != store.CircuitOpen || c.Failures != 1 || wait < firstWait/2 || wait > firstWait*3/2 {
			h.Errorf("circuit %+v, for %s", c, time.Until(c.Until))
		}
		due, err := h.uploader().Due(h.Context())
		if err != nil || due.IsZero() || due.Before(c.Until) {
			h.Errorf("the next pass is due %s, %v", due, err)
		}
		if again := h.upload(); again.Requests != 0 {
			h.Errorf("a pass before its time: %+v", again)
		}

		// Still full: it waits longer. Meta's own word on how long comes first.
		time.Sleep(time.Until(c.Until))
		usage(sandbox.Usage{Percent: 50, RegainMinutes: 40})
		if got := h.upload(); got.Requests != 1 || got.Acknowledged != 10 || got.Stopped == nil || !strings.Contains(got.Stopped.Reason, "again in 40m") {
			h.Errorf("summary %+v", got)
		}
		if c = h.circuit(); c.Failures != 2 || time.Until(c.Until) != 40*time.Minute {
			h.Errorf("circuit %+v, for %s", c, time.Until(c.Until))
		}

		// There is room again, and the last batch leaves nothing open, however full the limit is then: nothing waits for it.
		time.Sleep(40 * time.Minute)
		usage(sandbox.Usage{Percent: 99})
		if got := h.upload(); got.Acknowledged != 10 || got.Stopped != nil {
			h.Errorf("summary %+v", got)
		}
		if c = h.circuit(); c.State != store.CircuitClosed || c.Failures != 0 {
			h.Errorf("circuit %+v", c)
		}
		h.want(store.StateAcknowledged, 30)
		h.check()
	})
}

func TestVersionWarningIsToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, sandbox.Config{VersionWarning: "v26.0 ends next spring"})
		u := h.uploader()
		for _, name := range []string{"a", "b", "c"} {
			h.putSome(name, 1)
			if _, err := u.Upload(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := h.log.lines("v26.0 ends next spring"); n != 1 || u.VersionWarning() != "v26.0 ends next spring" {
			t.Errorf("told %d times; kept: %q", n, u.VersionWarning())
		}
		u.noteVersion("")
		u.noteVersion("v26.0 ends tomorrow")
		if h.log.lines("tomorrow") != 1 || u.VersionWarning() != "v26.0 ends tomorrow" {
			t.Errorf("a new warning: %q", u.VersionWarning())
		}
	})
}
