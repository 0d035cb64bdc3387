package uploader

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/capi"
	"capibara/uploader/sandbox"
)

// Every way to be left in the dark: the batch is sent again as itself after a probe, in the same pass.
func TestUnknownIsSentAgainAsItself(t *testing.T) {
	t.Parallel()
	for _, kind := range []sandbox.Kind{sandbox.Fault500, sandbox.Fault503, sandbox.FaultCutBefore, sandbox.FaultCutAfter,
		sandbox.FaultHTML, sandbox.FaultOKError, sandbox.FaultShort, sandbox.FaultSlow, sandbox.FaultRedirect, sandbox.FaultEmpty} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				h.config.BatchEvents, h.config.InFlight = 50, 1
				h.putSome("a", 100)
				h.fault(kind)
				began := time.Now()
				got := h.upload()
				if got.Requests != 3 || got.Acknowledged != 100 || got.Relied != 50 || got.Unknown != 0 || got.Stopped != nil {
					h.Errorf("summary %+v, stopped %+v", got, got.Stopped)
				}
				if took := time.Since(began); took > 2*time.Minute {
					h.Errorf("the pass took %s", took)
				}
				seen := h.meta.Requests()
				if len(seen) != 4 || !seen[1].Probe || seen[0].DataHash != seen[2].DataHash || seen[3].DataHash == seen[0].DataHash {
					h.Errorf("requests: %+v", seen)
				}
				if s := h.meta.Stats(); s.Changed != 0 || s.Distinct != 100 {
					h.Errorf("the sandbox saw %+v", s)
				}
				h.want(store.StateAcknowledged, 100)
				h.check()
			})
		})
	}
}

func TestNothingIsSentBeforeAProbePasses(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.BatchEvents, h.config.InFlight = 10, 1
		h.putSome("a", 100)
		h.fault(sandbox.FaultCutAfter)
		h.fault(repeat(sandbox.Fault500, 100)...) // every probe
		began := time.Now()
		got := h.upload()
		if got.Requests != 1 || got.Unknown != 10 || got.Stopped == nil || got.Stopped.Class != classUnknownFate {
			h.Errorf("summary %+v, stopped %+v", got, got.Stopped)
		}
		if took := time.Since(began); took > DefaultPatience+time.Second {
			h.Errorf("the pass took %s", took)
		}
		h.want(store.StateInFlight, 10, store.StatePending, 90)
		if s := h.meta.Stats(); s.Requests != 1 || s.Probes < 2 {
			h.Errorf("the sandbox saw %+v", s)
		}
		if n := h.log.lines("stopped sending"); n != 1 {
			h.Errorf("%d alerts for one trouble", n)
		}
	})
}

func TestThreeAttemptsThenHeld(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 10)
		fail := func(r *http.Request) error {
			if r.ContentLength > 100 { // the probe is shorter
				h.fault(sandbox.FaultCutAfter)
			}
			return nil
		}
		h.wire.set(fail, nil)
		first := h.upload()
		if first.Requests != 2 || first.Unknown != 10 || first.Held != 0 {
			h.Errorf("the first pass: %+v", first)
		}
		if again := h.upload(); again.Requests != 0 || again.Unknown != 10 {
			h.Errorf("a pass right after: %+v", again)
		}
		time.Sleep(time.Hour)
		last := h.upload()
		if last.Requests != 1 || last.Held != 10 || last.Unknown != 0 {
			h.Errorf("the last pass: %+v", last)
		}
		h.want(store.StateHeld, 10)
		if s := h.meta.Stats(); s.Accepted != 30 || s.Changed != 0 {
			h.Errorf("the sandbox saw %+v", s)
		}
		h.check()
	})
}

func TestHeldWhenTheWindowIsOver(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		after time.Duration
		down  bool // the endpoint, in the second pass
		want  store.State
	}{
		{"inside", 35 * time.Hour, false, store.StateAcknowledged},
		{"over", 36*time.Hour + time.Minute, false, store.StateHeld},
		{"over and still down", 36*time.Hour + time.Minute, true, store.StateHeld},
		{"inside and still down", 35 * time.Hour, true, store.StateInFlight},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				h.putSome("a", 10)
				h.fault(sandbox.FaultCutAfter)
				h.fault(repeat(sandbox.Fault500, 20)...)
				h.upload()
				time.Sleep(c.after)
				// The queue may still hold faults: let them run out.
				for range 20 {
					h.meta.RoundTrip(probeRequest())
				}
				if c.down {
					h.wire.set(func(*http.Request) error { return errors.New("no route") }, nil)
				}
				h.upload()
				h.want(c.want, 10)
				h.check()
			})
		})
	}
}

// A clock that runs days ahead must not end what it cannot judge.
func TestAWrongClockHoldsNothing(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.Patience = -1
		h.putSome("a", 10)
		h.fault(sandbox.FaultCutAfter)
		h.upload()
		h.config.Now = func() time.Time { return time.Now().Add(3 * day) }
		client, err := capi.New(capi.Config{BaseURL: "http://127.0.0.1:1", Transport: h.wire, Now: h.config.Now})
		if err != nil {
			h.Fatal(err)
		}
		right := h.config.Client
		h.config.Client = client
		if got := h.upload(); got.Held != 0 || got.Unknown != 10 || got.Stopped == nil || got.Stopped.Class != ClassClockSkew {
			h.Errorf("summary %+v, stopped %+v", got, got.Stopped)
		}
		h.config.Client, h.config.Now = right, nil
		time.Sleep(time.Minute)
		if got := h.upload(); got.Acknowledged != 10 {
			h.Errorf("when it is right: %+v", got)
		}
		h.check()
	})
}

// What was first sent under a clock that ran ahead was sent nobody knows when.
func TestABatchFromTheFutureIsHeld(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.Patience = -1
		h.putSome("a", 10)
		h.fault(sandbox.FaultCutAfter)
		right := h.config.Client
		h.config.Now = func() time.Time { return time.Now().Add(day) }
		client, err := capi.New(capi.Config{BaseURL: "http://127.0.0.1:1", Transport: h.wire, Now: h.config.Now})
		if err != nil {
			h.Fatal(err)
		}
		h.config.Client = client
		h.upload()
		h.config.Client, h.config.Now = right, nil
		if got := h.upload(); got.Held != 10 || got.Requests != 0 {
			h.Errorf("summary %+v", got)
		}
		h.check()
	})
}

// Rows whose deadline passes while the fate is unknown leave the batch; the others go on.
func TestRowsExpireOutOfAnUnknownBatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		n, short    int // rows, and how many of them have an early deadline
		acked, late int
	}{
		{"some", 10, 3, 7, 3},
		{"all", 10, 10, 0, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				var rows []store.NewRow
				for i := range c.n {
					r := good(fmt.Sprintf("a-%d", i), time.Now())
					if i < c.short {
						r.Deadline = time.Now().Add(time.Hour).Unix()
					}
					rows = append(rows, r)
				}
				h.put(rows...)
				h.config.Patience = -1
				h.fault(sandbox.FaultCutAfter)
				if first := h.upload(); first.Unknown != c.n {
					h.Errorf("the first pass: %+v", first)
				}
				time.Sleep(2 * time.Hour)
				got := h.upload()
				if got.Expired != c.late || got.Acknowledged != c.acked {
					h.Errorf("the second pass: %+v", got)
				}
				if e := h.event("a-0"); e.State != store.StateExpired || !e.PossiblySent {
					h.Errorf("event %+v", e)
				}
				if n := h.accepted("a-0"); n != 1 {
					h.Errorf("an event was taken %d times though its deadline had passed", n)
				}
				if s := h.meta.Stats(); s.Changed != 0 {
					h.Errorf("the sandbox saw %+v", s)
				}
				h.check()
			})
		})
	}
}

// A newer program that would write other bytes must not send the batch again.
func TestOtherBytesAreNotSent(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 10)
		rows, err := h.db.Plan(h.Context(), store.PlanQuery{Dataset: shop, Now: time.Now(), Limit: 10})
		if err != nil {
			h.Fatal(err)
		}
		in := store.Intent{Dataset: shop, BodySHA256: event.Hash{1, 2, 3}}
		for _, r := range rows {
			in.Rows = append(in.Rows, r.Seq)
		}
		if _, err := h.db.Begin(h.Context(), in, time.Now()); err != nil {
			h.Fatal(err)
		}
		h.die()
		got := h.upload()
		if got.Held != 10 || got.Requests != 0 || h.meta.Stats().Requests != 0 {
			h.Errorf("summary %+v, sandbox %+v", got, h.meta.Stats())
		}
		h.want(store.StateHeld, 10)
		h.check()
	})
}

// A process may die at any moment. Whatever it was doing, every event is acknowledged in the end, and taken twice only
// when its batch had an unknown fate.
func TestDeathAndRecovery(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		begins, settles int
		taken           int // by the sandbox before the restart
		duplicates      int
	}{
		{"before the first batch is begun", 0, 9, 0, 0},
		{"between the answer and its settlement", 9, 0, 10, 10},
		{"before the second batch", 1, 9, 10, 0},
		{"after the second answer", 9, 1, 20, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				h.config.BatchEvents, h.config.InFlight = 10, 1
				h.putSome("a", 30)
				h.config.Store = newPlugged(h.db, c.begins, c.settles)
				if _, err := h.uploader().Upload(h.Context()); !errors.Is(err, errPlug) {
					h.Fatalf("upload: %v", err)
				}
				if got := h.meta.Stats().Accepted; got != c.taken {
					h.Errorf("%d events were taken before the end, want %d", got, c.taken)
				}
				h.die()
				before := len(h.meta.Requests())
				h.upload()
				if c.duplicates > 0 && !h.meta.Requests()[before].Probe {
					h.Error("after a restart no probe came before the batch of unknown fate")
				}
				h.want(store.StateAcknowledged, 30)
				if s := h.meta.Stats(); s.Duplicates != c.duplicates || s.Changed != 0 || s.Distinct != 30 {
					h.Errorf("the sandbox saw %+v", s)
				}
				h.check()
			})
		})
	}
}

// After Begin and before the request: the intent alone is on the disk.
func TestDeathBeforeTheRequest(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 10)
		u := h.uploader()
		h.wire.set(func(*http.Request) error { panic(http.ErrAbortHandler) }, nil)
		func() {
			defer func() { _ = recover() }()
			l := work{}
			var err error
			if l.rows, err = h.db.Plan(h.Context(), store.PlanQuery{Dataset: shop, Now: time.Now(), Limit: 10}); err != nil {
				h.Fatal(err)
			}
			u.attempt(h.Context(), h.Context(), shop, secret, l)
		}()
		h.wire.set(nil, nil)
		h.want(store.StateInFlight, 10)
		h.die()
		if got := h.upload(); got.Acknowledged != 10 || got.Requests != 1 {
			h.Errorf("summary %+v", got)
		}
		if b := h.batches(); len(b) != 1 || len(b[0].Attempts) != 2 || b[0].Attempts[0].End != store.EndLost {
			h.Errorf("batches %+v", b)
		}
		if s := h.meta.Stats(); s.Duplicates != 0 {
			h.Errorf("the sandbox saw %+v", s)
		}
		h.check()
	})
}

// An end that could not be written down is written down by the next pass of the same process.
func TestOwedSettlements(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.BatchEvents, h.config.InFlight = 10, 1
		h.putSome("a", 20)
		full := newPlugged(h.db, 9, 0)
		h.config.Store = full
		u := h.uploader()
		if _, err := u.Upload(h.Context()); !errors.Is(err, errPlug) {
			h.Fatalf("upload: %v", err)
		}
		if _, err := u.Upload(h.Context()); !errors.Is(err, errPlug) {
			h.Fatalf("upload with a full disk: %v", err)
		}
		full.settles = 9
		if _, err := u.Upload(h.Context()); err != nil {
			h.Fatal(err)
		}
		h.want(store.StateAcknowledged, 20)
		if s := h.meta.Stats(); s.Duplicates != 0 || s.Probes != 0 {
			h.Errorf("the sandbox saw %+v", s)
		}
		h.check()
	})
}

// When requests go dark one after the other although every probe passes, the damage stays small.
func TestFewBatchesBecomeUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, sandbox.Config{})
		h.config.BatchEvents = 10
		h.putSome("a", 1000)
		h.wire.set(func(r *http.Request) error {
			if r.ContentLength > 100 {
				h.fault(sandbox.FaultCutAfter)
			}
			return nil
		}, nil)
		got := h.upload()
		if got.Unknown > 120 || got.Acknowledged != 0 || got.Stopped == nil {
			t.Errorf("summary %+v", got)
		}
		h.check()
	})
}

func repeat(k sandbox.Kind, n int) []sandbox.Kind {
	all := make([]sandbox.Kind, n)
	for i := range all {
		all[i] = k
	}
	return all
}

func probeRequest() *http.Request {
	r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1/v26.0/"+shop+"/events", nil)
	if err != nil {
		panic(err)
	}
	return r
}
