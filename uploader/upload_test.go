package uploader

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/sandbox"
)

func TestMaxEvents(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.BatchEvents, h.config.MaxEvents = 4, 10
		h.putSome("a", 30)
		for pass := range 3 {
			if got := h.upload(); got.Acknowledged != 10 || got.Batches != 3 {
				h.Errorf("pass %d: %+v", pass, got)
			}
		}
		h.check()
	})
}

func TestUploadAcknowledges(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.BatchEvents = 100
		h.putSome("a", 1050)
		got := h.upload()
		want := Summary{Batches: 11, Requests: 11, Acknowledged: 1050}
		if got.Batches != want.Batches || got.Requests != want.Requests || got.Acknowledged != want.Acknowledged || got.Stopped != nil {
			t.Errorf("summary %+v, want %+v", got, want)
		}
		h.want(store.StateAcknowledged, 1050)
		if s := h.meta.Stats(); s.Accepted != 1050 || s.Duplicates != 0 || s.Probes != 0 {
			t.Errorf("the sandbox saw %+v", s)
		}
		if again := h.upload(); again.Requests != 0 {
			t.Errorf("a second pass made %d requests", again.Requests)
		}
		h.check()
	})
}

func TestInFlightIsBounded(t *testing.T) {
	t.Parallel()
	for _, most := range []int{1, 3, 4} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, sandbox.Config{Delay: 200 * time.Millisecond})
				h.config.BatchEvents, h.config.InFlight = 10, most
				h.config.Datasets = append(h.config.Datasets, Dataset{Alias: "other", ID: other, Token: tokens(secret), Live: true})
				h.putSome("a", 200)
				for i := range 20 {
					h.put(row(other, sale(fmt.Sprintf("b-%d", i), time.Now().Add(-time.Hour)), time.Now().Add(day)))
				}
				began := time.Now()
				if got := h.upload(); got.Acknowledged != 220 {
					t.Errorf("summary %+v", got)
				}
				if h.wire.most != most {
					t.Errorf("%d requests at once, want %d", h.wire.most, most)
				}
				// 22 requests of a fifth of a second each.
				if took, want := time.Since(began), time.Duration((22+most-1)/most)*200*time.Millisecond; took != want {
					t.Errorf("the pass took %s, want %s", took, want)
				}
			})
		})
	}
}

// The earliest deadline goes first, within a dataset and between them.
func TestEarliestDeadlineFirst(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.BatchEvents, h.config.InFlight = 10, 1
		h.config.Datasets = append(h.config.Datasets, Dataset{Alias: "other", ID: other, Token: tokens(secret), Live: true})
		now := time.Now()
		var rows []store.NewRow
		for i := range 40 {
			r := good(fmt.Sprintf("e-%d", i), now)
			if i%2 == 1 {
				r.Dataset = other
			}
			r.Deadline = now.Add(time.Duration(100-i/10) * time.Hour).Unix()
			rows = append(rows, r)
		}
		h.put(rows...)
		h.upload()
		var order []string
		for _, r := range h.meta.Requests() {
			order = append(order, r.EventIDs[0])
		}
		if got := strings.Join(order, " "); got != "e-30 e-31 e-10 e-11" {
			h.Errorf("the first events of the requests were %s", got)
		}
	})
}

func TestOneUploadAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, sandbox.Config{Delay: time.Second})
		h.putSome("a", 10)
		u := h.uploader()
		done := make(chan error)
		go func() {
			_, err := u.Upload(h.Context())
			done <- err
		}()
		synctest.Wait()
		if _, err := u.Upload(h.Context()); !errors.Is(err, ErrBusy) {
			t.Errorf("a second upload: %v", err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		if _, err := u.Upload(h.Context()); err != nil {
			t.Errorf("a third upload: %v", err)
		}
	})
}

// When it is told to stop, nothing new begins, and what is under way is given time.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		delay time.Duration // of an answer
		acked int
		open  int
	}{
		{"answers come in time", 5 * time.Second, 20, 0},
		{"answers do not come", 25 * time.Second, 0, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHouse(t, sandbox.Config{Delay: c.delay})
				h.config.BatchEvents, h.config.InFlight = 10, 2
				h.putSome("a", 100)
				ctx, cancel := context.WithCancel(h.Context())
				time.AfterFunc(time.Second, cancel)
				began := time.Now()
				got, err := h.uploader().Upload(ctx)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("upload: %v", err)
				}
				if took := time.Since(began); took > time.Second+DefaultGrace {
					t.Errorf("it took %s", took)
				}
				if got.Acknowledged != c.acked || got.Unknown != c.open || got.Requests != 2 {
					t.Errorf("summary %+v", got)
				}
				h.want(store.StateAcknowledged, c.acked, store.StateInFlight, c.open, store.StatePending, 80)
				h.check()
			})
		})
	}
}

// What is wrong in the outbox itself is never sent, and ends where a person sees it.
func TestEventsFoundWrongHere(t *testing.T) {
	inBubble(t, func(h *house) {
		now := time.Now()
		nobody := sale("nobody", now.Add(-time.Hour))
		nobody.User.Reset()
		nameless := sale("nameless", now.Add(-time.Hour))
		future := sale("future", now.Add(60*time.Hour))
		newer := good("newer", now)
		newer.Payload = append([]byte{99}, newer.Payload[1:]...)
		weak := row(shop, nobody, now.Add(day))
		bare := row(shop, nameless, now.Add(day))
		nameless.Name = ""
		bare.Payload = nameless.AppendBinary(nil)
		ahead := row(shop, future, now.Add(9*day))
		h.put(weak, bare, newer, ahead)
		h.putSome("a", 10)
		got := h.upload()
		if got.Requests != 1 || got.Acknowledged != 10 || got.Rejected != 3 {
			h.Errorf("summary %+v", got)
		}
		for id, reason := range map[string]event.Reason{"nobody": event.ReasonIdentifierMissing,
			"nameless": event.ReasonEventNameMissing, "newer": event.ReasonPayloadDamaged} {
			if e := h.event(id); e.State != store.StateRejected || e.Reason != reason {
				h.Errorf("%s is %s because of %q", id, e.State, e.Reason)
			}
		}
		// A time so far ahead may be a wrong clock.
		h.want(store.StateRejected, 3, store.StateAcknowledged, 10, store.StatePending, 1)
		h.check()
	})
}

// The same, when the process dies in between.
func TestDeathWhileRejectingHere(t *testing.T) {
	inBubble(t, func(h *house) {
		newer := good("newer", time.Now())
		newer.Payload = append([]byte{99}, newer.Payload[1:]...)
		h.put(newer)
		h.config.Store = newPlugged(h.db, 9, 0)
		if _, err := h.uploader().Upload(h.Context()); !errors.Is(err, errPlug) {
			h.Fatalf("upload: %v", err)
		}
		h.die()
		if got := h.upload(); got.Rejected != 1 || got.Requests != 0 || got.Unknown != 0 {
			h.Errorf("summary %+v", got)
		}
		h.want(store.StateRejected, 1)
		h.check()
	})
}

func TestBytesOfABatchAreBounded(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 100)
		h.config.BatchBytes = 4000
		if got := h.upload(); got.Acknowledged != 100 || got.Batches < 7 || got.Batches > 12 {
			h.Errorf("summary %+v", got)
		}
		for _, r := range h.meta.Requests() {
			if r.Bytes > 4000 {
				h.Errorf("a request of %d events and %d bytes", r.Events, r.Bytes)
			}
		}
		h.check()
	})
}

// What was too large once would be too large again.
func TestTooLargeMakesSmallerBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, sandbox.Config{MaxBody: 5000})
		h.config.BatchEvents, h.config.InFlight = 20, 1
		h.putSome("a", 200)
		if got := h.upload(); got.Acknowledged != 200 || got.Requests != 1+20 {
			t.Errorf("summary %+v", got)
		}
	})
}

func TestTooLargeIsSplit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, sandbox.Config{MaxBody: 5000})
		h.putSome("a", 150, 3)
		huge := sale("huge", time.Now().Add(-time.Hour))
		huge.Custom.ContentName = strings.Repeat("x", 6000)
		h.put(row(shop, huge, time.Now().Add(day)))
		got := h.upload()
		if got.Acknowledged != 149 || got.Rejected != 2 || got.Stopped != nil {
			t.Errorf("summary %+v", got)
		}
		if e := h.event("huge"); e.State != store.StateRejected {
			t.Errorf("the huge event is %s", e.State)
		}
		h.check()
	})
}

func TestWithdrawnMeanwhile(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.BatchEvents = 10
		h.putSome("a", 30)
		h.config.Store = &overtaking{Outbox: h.db, times: 3}
		if got := h.upload(); got.Acknowledged != 30 {
			h.Errorf("summary %+v", got)
		}
		h.config.Store = &overtaking{Outbox: h.db, times: 1000}
		h.putSome("b", 30)
		if _, err := h.uploader().Upload(h.Context()); !errors.Is(err, store.ErrStale) {
			h.Errorf("when nothing ever begins: %v", err)
		}
	})
}

// TestReplacedMeanwhile has an import replace events beside a pass, for longer than anybody would be patient if nothing
// moved: every batch that was overtaken is planned anew, and in the end everything is sent once, as it was last.
func TestReplacedMeanwhile(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.BatchEvents, h.config.InFlight = 10, 3
		h.putSome("a", 60)
		h.config.Store = &replacing{Outbox: h.db, house: h, times: 3 * maxStale}
		if got := h.upload(); got.Acknowledged != 60 || got.Batches < 6 {
			t.Errorf("summary %+v", got)
		}
		for i := range 60 {
			if n := h.meta.Count(shop, fmt.Sprintf("a-%d", i), "Purchase"); n != 1 {
				t.Errorf("a-%d was sent %d times", i, n)
			}
		}
		h.want(store.StateAcknowledged, 60, store.StateWithdrawn, 3*maxStale)
		h.check()
	})
}

// replacing is a store in which an import replaces an event of a batch just before the batch begins.
type replacing struct {
	Outbox
	house *house
	mu    sync.Mutex
	times int
}

func (r *replacing) Begin(ctx context.Context, in store.Intent, now time.Time) (store.Batch, error) {
	r.mu.Lock()
	if r.times--; r.times >= 0 {
		old, err := r.house.db.Event(ctx, in.Rows[0])
		if err != nil {
			r.house.Error(err)
		}
		e := sale(old.EventID, now.Add(-time.Hour))
		e.Custom.Value, _ = event.ParseMoney(fmt.Sprintf("%d.50", r.times))
		again := row(shop, e, now.Add(6*day))
		again.Replace = true
		r.house.put(again)
	}
	r.mu.Unlock()
	return r.Outbox.Begin(ctx, in, now)
}

// overtaking is a store in which somebody else is always faster.
type overtaking struct {
	Outbox
	mu    sync.Mutex
	times int
}

func (o *overtaking) Begin(ctx context.Context, in store.Intent, now time.Time) (store.Batch, error) {
	o.mu.Lock()
	o.times--
	first := o.times >= 0
	o.mu.Unlock()
	if first {
		return store.Batch{}, store.ErrStale
	}
	return o.Outbox.Begin(ctx, in, now)
}
