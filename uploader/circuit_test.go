package uploader

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
	"capibara/uploader/sandbox"
)

func TestThrottle(t *testing.T) {
	t.Parallel()
	t.Run("short, within the pass", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(h *house) {
			h.putSome("a", 10)
			h.fault(sandbox.Fault429)
			got := h.upload()
			if got.Requests != 2 || got.Released != 10 || got.Acknowledged != 10 || got.Stopped != nil {
				h.Errorf("summary %+v", got)
			}
			if s := h.meta.Stats(); s.Probes != 0 {
				h.Errorf("%d probes", s.Probes)
			}
			if c := h.circuit(); c.State != store.CircuitClosed || c.Failures != 0 {
				h.Errorf("circuit %+v", c)
			}
			h.check()
		})
	})
	t.Run("long, left to another pass", func(t *testing.T) {
		t.Parallel()
		inBubble(t, func(h *house) {
			h.config.BatchEvents, h.config.InFlight = 10, 1
			h.putSome("a", 200)
			h.fault(sandbox.FaultThrottle)
			began := time.Now()
			got := h.upload()
			if got.Stopped == nil || got.Stopped.Class != "throttle" || got.Requests != 1 || !time.Now().Equal(began) {
				h.Errorf("summary %+v after %s", got, time.Since(began))
			}
			if c := h.circuit(); c.State != store.CircuitOpen || c.Until.Sub(began) != time.Minute || c.TokenSum != "" {
				h.Errorf("circuit %+v", c)
			}
			if again := h.upload(); again.Requests != 0 || again.Stopped == nil {
				h.Errorf("a pass before its time: %+v", again)
			}
			time.Sleep(time.Minute)
			last := h.upload()
			if last.Acknowledged+got.Acknowledged != 200 || last.Stopped != nil || h.meta.Stats().Probes != 0 {
				h.Errorf("a pass after its time: %+v", last)
			}
			h.want(store.StateAcknowledged, 200)
			h.check()
		})
	})
}

// Several requests under way that fail for one reason are one failure, and what comes after it goes one by one until
// something is acknowledged.
func TestOneFailureAndOneTrial(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, sandbox.Config{Delay: time.Second})
		h.config.BatchEvents, h.config.Patience = 10, -1
		h.putSome("a", 200)
		h.fault(repeat(sandbox.FaultThrottle, 4)...)
		if got := h.upload(); got.Requests != 4 || got.Released != 40 {
			t.Errorf("summary %+v", got)
		}
		if c := h.circuit(); c.Failures != 1 {
			t.Errorf("circuit %+v", c)
		}
		time.Sleep(time.Minute)
		h.fault(sandbox.FaultThrottle)
		if got := h.upload(); got.Requests != 1 {
			t.Errorf("after a failed trial: %+v", got)
		}
		if c := h.circuit(); c.Failures != 2 {
			t.Errorf("circuit %+v", c)
		}
		time.Sleep(time.Minute)
		began := time.Now()
		if got := h.upload(); got.Acknowledged != 200 || h.wire.most != 4 {
			t.Errorf("summary %+v", got)
		}
		// One second for the trial, five for 19 requests, four at a time.
		if took := time.Since(began); took != 6*time.Second {
			t.Errorf("the pass took %s", took)
		}
	})
}

// A pause that was written down by a clock that ran ahead must not silence a dataset for years.
func TestAPauseThatNobodyMeant(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 10)
		c := store.Circuit{Dataset: shop, State: store.CircuitOpen, Class: "throttle", Since: time.Now(), Until: time.Now().Add(400 * day), Failures: 1}
		if err := h.db.SetCircuit(h.Context(), c, time.Now()); err != nil {
			h.Fatal(err)
		}
		if got := h.upload(); got.Acknowledged != 10 || h.circuit().State != store.CircuitClosed {
			h.Errorf("summary %+v", got)
		}
	})
}

func TestWrongTokenStopsAndANewOneGoesOn(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.BatchEvents = 10
		h.putSome("a", 100)
		token := capi.Token("EAAwrongTokenThatMustNotBeSeenEither")
		h.config.Datasets[0].Token = func() (capi.Token, error) { return token, nil }
		got := h.upload()
		if got.Stopped == nil || got.Stopped.Class != "credentials" || got.Stopped.Dataset != "shop" || got.Acknowledged != 0 {
			h.Errorf("summary %+v, stopped %+v", got, got.Stopped)
		}
		h.want(store.StatePending, 100)
		requests := h.meta.Stats().Requests
		for range 3 {
			if again := h.upload(); again.Requests != 0 || again.Stopped == nil || again.Stopped.Class != "credentials" {
				h.Errorf("with the same token: %+v", again)
			}
		}
		if n := h.log.lines(`"level":"error"`); n != 1 {
			h.Errorf("%d alerts for one trouble:\n%s", n, h.log.bytes())
		}
		if s := h.meta.Stats(); s.Requests != requests || s.Probes != 3 {
			h.Errorf("the sandbox saw %+v", s)
		}
		token = secret
		if last := h.upload(); last.Acknowledged != 100 || last.Stopped != nil {
			h.Errorf("with the right token: %+v", last)
		}
		if strings.Contains(string(h.log.bytes()), "EAAwrong") {
			h.Error("the wrong token is in the log")
		}
		h.check()
	})
}

func TestPolicyBlockWaitsForHoursUnlessTheTokenChanges(t *testing.T) {
	t.Parallel()
	for _, changed := range []bool{false, true} {
		t.Run(fmt.Sprint(changed), func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				h.putSome("a", 10)
				h.fault(sandbox.FaultPolicy)
				if got := h.upload(); got.Stopped == nil || got.Stopped.Class != "policy" {
					h.Errorf("summary %+v", got)
				}
				time.Sleep(time.Hour)
				if changed {
					h.wire.set(func(r *http.Request) error {
						r.Header.Set("Authorization", "Bearer "+secret)
						return nil
					}, nil)
					h.config.Datasets[0].Token = tokens("EAAanotherToken1234567890")
					if got := h.upload(); got.Acknowledged != 10 {
						h.Errorf("with another token: %+v", got)
					}
					return
				}
				if got := h.upload(); got.Stopped == nil || h.meta.Stats().Probes != 0 {
					h.Errorf("after an hour: %+v", got)
				}
				time.Sleep(3 * time.Hour)
				if got := h.upload(); got.Acknowledged != 10 || h.meta.Stats().Probes != 1 {
					h.Errorf("after four hours: %+v", got)
				}
			})
		})
	}
}

func TestTokenThatCannotBeRead(t *testing.T) {
	inBubble(t, func(h *house) {
		unreadable := h.config.Datasets
		unreadable[0].Token = func() (capi.Token, error) { return "", errors.New("open token.txt: no such file") }
		if got := h.upload(); got.Stopped != nil {
			h.Errorf("with nothing to send: %+v", got.Stopped)
		}
		h.putSome("a", 10)
		got := h.upload()
		if got.Stopped == nil || got.Stopped.Class != "credentials" || !strings.Contains(got.Stopped.Reason, "token.txt") || got.Requests != 0 {
			h.Errorf("summary %+v, stopped %+v", got, got.Stopped)
		}
		unreadable[0].Token = tokens(secret)
		if got := h.upload(); got.Acknowledged != 10 || got.Stopped != nil {
			h.Errorf("summary %+v", got)
		}
	})
}

func TestEndpointDown(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.BatchEvents = 10
		h.putSome("a", 100)
		h.config.InFlight = 1
		tries := 0
		h.wire.set(func(*http.Request) error {
			tries++
			return &net.OpError{Op: "dial", Err: errors.New("connection refused")}
		}, nil)
		began := time.Now()
		got := h.upload()
		if got.Acknowledged != 0 || got.Unknown != 0 || got.Stopped == nil || got.Stopped.Class != classUnreachable {
			h.Errorf("summary %+v, stopped %+v", got, got.Stopped)
		}
		if took := time.Since(began); took > 10*time.Second || tries != maxUnreached {
			h.Errorf("the pass took %s and %d attempts", took, tries)
		}
		if n := h.log.lines("stopped sending"); n != 1 {
			h.Errorf("%d alerts for one trouble:\n%s", n, h.log.bytes())
		}
		h.want(store.StatePending, 100)
		h.wire.set(nil, nil)
		if got := h.upload(); got.Acknowledged != 100 || got.Stopped != nil {
			h.Errorf("when it is back: %+v", got)
		}
		if s := h.meta.Stats(); s.Duplicates != 0 {
			h.Errorf("the sandbox saw %+v", s)
		}
		h.check()
	})
}

func TestTwoDatasetsOneStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, sandbox.Config{Datasets: []string{shop}})
		h.config.Datasets = []Dataset{{Alias: "closed", ID: other, Token: tokens(secret), Live: true}, h.config.Datasets[0]}
		h.config.BatchEvents = 10
		h.putSome("a", 100)
		for i := range 50 {
			h.put(row(other, sale(fmt.Sprintf("b-%d", i), time.Now().Add(-time.Hour)), time.Now().Add(day)))
		}
		got := h.upload()
		if got.Acknowledged != 100 || got.Stopped == nil || got.Stopped.Dataset != "closed" || got.Stopped.Class != "configuration" {
			t.Errorf("summary %+v, stopped %+v", got, got.Stopped)
		}
		h.want(store.StateAcknowledged, 100, store.StatePending, 50)
		h.check()
	})
}

func TestNotLive(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 10)
		h.config.Datasets[0].Live = false
		got := h.upload()
		if len(got.NotLive) != 1 || got.NotLive[0] != (NotLive{Dataset: shop, Alias: "shop", Events: 10}) || got.Requests != 0 {
			h.Errorf("summary %+v", got)
		}
		if s := h.meta.Stats(); s.Requests+s.Probes != 0 {
			h.Errorf("the sandbox saw %+v", s)
		}
		if err := h.db.GoLive(h.Context(), shop, "Ada", time.Now()); err != nil {
			h.Fatal(err)
		}
		if got := h.upload(); got.Acknowledged != 10 || len(got.NotLive) != 0 {
			h.Errorf("after going live: %+v", got)
		}
	})
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		server   time.Duration // how far the server's clock is from ours
		down     bool
		dateless bool
		want     []any
	}{
		{"the clocks agree", 0, false, false, []any{store.StateExpired, 5, store.StateAcknowledged, 10}},
		{"four minutes off", 4 * time.Minute, false, false, []any{store.StateExpired, 5, store.StateAcknowledged, 10}},
		{"ours is ahead", -6 * time.Minute, false, false, []any{store.StatePending, 15}},
		{"ours is behind", 6 * time.Minute, false, false, []any{store.StatePending, 15}},
		{"nobody to compare with", 0, true, false, []any{store.StatePending, 15}},
		{"an endpoint without a date", 0, false, true, []any{store.StateExpired, 5, store.StateAcknowledged, 10}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				h.putSome("a", 10)
				for i := range 5 {
					r := good(fmt.Sprintf("late-%d", i), time.Now())
					r.Deadline = time.Now().Add(time.Minute).Unix()
					h.put(r)
				}
				time.Sleep(2 * time.Minute)
				before := func(*http.Request) error { return nil }
				if c.down {
					before = func(*http.Request) error { return errors.New("no route") }
				}
				h.wire.set(before, func(r *http.Response) {
					if r.Header.Del("Date"); !c.dateless {
						r.Header.Set("Date", time.Now().Add(c.server).UTC().Format(http.TimeFormat))
					}
				})
				got := h.upload()
				h.want(c.want...)
				if skewed := c.server.Abs() > 5*time.Minute; skewed != (got.Stopped != nil && got.Stopped.Class == ClassClockSkew) {
					h.Errorf("stopped: %+v", got.Stopped)
				}
				for i := range 5 {
					if n := h.accepted(fmt.Sprintf("late-%d", i)); n != 0 {
						h.Error("an event was sent after its deadline")
					}
				}
				h.check()
			})
		})
	}
}

// A wrong clock may make good events look too old to Meta, or the other way round. Nobody is to blame for that.
func TestAWrongClockRejectsNothing(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.BatchEvents, h.config.InFlight = 10, 1
		h.putSome("a", 30, 0, 1, 2)
		h.putSome("lone", 1, 0)
		h.wire.set(nil, func(r *http.Response) {
			r.Header.Set("Date", time.Now().Add(100*day).UTC().Format(http.TimeFormat))
		})
		got := h.upload()
		if got.Requests != 1 || got.Rejected != 0 || got.Stopped == nil || got.Stopped.Class != ClassClockSkew {
			h.Errorf("summary %+v, stopped %+v", got, got.Stopped)
		}
		h.want(store.StatePending, 31)
		if again := h.upload(); again.Requests != 0 || again.Stopped == nil {
			h.Errorf("while it is wrong: %+v", again)
		}
		h.wire.set(nil, nil)
		if got := h.upload(); got.Acknowledged != 27 || got.Rejected != 4 || got.Stopped != nil {
			h.Errorf("when it is right: %+v", got)
		}
		h.check()
	})
}
