package uploader

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/capi"
	"capibara/uploader/sandbox"
)

func TestOneBadEventInAThousand(t *testing.T) {
	t.Parallel()
	for _, blame := range []sandbox.Blame{sandbox.BlameNone, sandbox.BlamePath, sandbox.BlameObject, sandbox.BlameString} {
		places := []int{0, 499, 500, 623, 999}
		if blame != sandbox.BlameNone {
			places = []int{0, 623}
		}
		for _, at := range places {
			t.Run(fmt.Sprintf("%s/%d", blame, at), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h := newHouse(t, sandbox.Config{Blame: blame})
					h.putSome("a", 1000, at)
					got := h.upload()
					most := 21
					if blame != sandbox.BlameNone {
						most = 3
					}
					t.Logf("%d requests", got.Requests)
					if got.Requests > most || got.Acknowledged != 999 || got.Rejected != 1 || got.Stopped != nil {
						t.Errorf("summary %+v, want at most %d requests", got, most)
					}
					if s := h.meta.Stats(); s.Probes != 0 || s.Duplicates != 0 || s.Accepted != 999 {
						t.Errorf("the sandbox saw %+v", s)
					}
					h.want(store.StateAcknowledged, 999, store.StateRejected, 1)
					e := h.event(fmt.Sprintf("a-%d", at))
					if e.State != store.StateRejected || e.Reason != event.ReasonRejectedByMeta || e.RejectCode != 100 || e.RejectSubcode != 2804003 {
						t.Errorf("the bad event is %+v", e)
					}
					h.check()
				})
			})
		}
	}
}

func TestSeveralBadEvents(t *testing.T) {
	t.Parallel()
	all := make([]int, maxBad)
	for i := range all {
		all[i] = i
	}
	for _, c := range []struct {
		name  string
		n     int
		badAt []int
	}{
		{"neighbours", 1000, []int{500, 501, 502}},
		{"both ends", 1000, []int{0, 999}},
		{"one in each quarter", 1000, []int{10, 300, 600, 900}},
		{"the first of many", 120, all},
		{"all but the last", maxBad + 1, all},
		{"all but the first", 20, all[1:20]},
		{"one of two", 2, []int{0}},
		{"every other one", 50, func() (odd []int) {
			for i := 1; i < 50; i += 2 {
				odd = append(odd, i)
			}
			return odd
		}()},
	} {
		for _, blame := range []sandbox.Blame{sandbox.BlameNone, sandbox.BlamePath} {
			t.Run(c.name+"/"+string(blame), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					h := newHouse(t, sandbox.Config{Blame: blame})
					h.putSome("a", c.n, c.badAt...)
					got := h.upload()
					if got.Rejected != len(c.badAt) || got.Acknowledged != c.n-len(c.badAt) || got.Stopped != nil {
						t.Errorf("summary %+v", got)
					}
					if s := h.meta.Stats(); s.Duplicates != 0 {
						t.Errorf("the sandbox saw %+v", s)
					}
					for _, i := range c.badAt {
						if e := h.event(fmt.Sprintf("a-%d", i)); e.State != store.StateRejected {
							t.Errorf("event %d is %s", i, e.State)
						}
					}
					h.check()
				})
			})
		}
	}
}

// A hint may be a lie. What it points at is good and is acknowledged, and the bad one is found all the same.
func TestAFalseHintCostsRequestsAndNothingElse(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, sandbox.Config{})
		h.putSome("a", 100, 40)
		h.wire.set(nil, pointAt(70))
		got := h.upload()
		if got.Acknowledged != 99 || got.Rejected != 1 {
			t.Errorf("summary %+v", got)
		}
		if e := h.event("a-40"); e.State != store.StateRejected {
			t.Errorf("the bad event is %s", e.State)
		}
		h.check()
	})
}

func TestALoneBadEventIsRejectedAfterAProbe(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 1, 0)
		got := h.upload()
		if got.Rejected != 1 || got.Requests != 1 || h.meta.Stats().Probes != 1 {
			h.Errorf("summary %+v, %d probes", got, h.meta.Stats().Probes)
		}
		h.want(store.StateRejected, 1)
		h.check()
	})
}

func TestALoneBadEventIsKeptWhenTheAccountIsAtFault(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 1, 0)
		first := true
		h.wire.set(func(*http.Request) error {
			if !first {
				h.fault(sandbox.FaultAuth) // the probe
			}
			first = false
			return nil
		}, nil)
		got := h.upload()
		if got.Rejected != 0 || got.Released != 1 || got.Stopped == nil || got.Stopped.Class != "credentials" {
			h.Errorf("summary %+v, stopped %+v", got, got.Stopped)
		}
		h.want(store.StatePending, 1)
		h.check()
	})
}

func TestEveryEventRefused(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 3, 10, maxBad} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				all := make([]int, n)
				for i := range all {
					all[i] = i
				}
				h.putSome("a", n, all...)
				got := h.upload()
				if got.Rejected != 0 || got.Released != n || got.Stopped == nil || got.Stopped.Class != "invalid_event" {
					h.Errorf("summary %+v, stopped %+v", got, got.Stopped)
				}
				if got.Requests > 100 {
					h.Errorf("%d requests to find out", got.Requests)
				}
				h.want(store.StatePending, n)
				if c := h.circuit(); c.State != store.CircuitOpen || c.Subcode != 2804003 {
					h.Errorf("circuit %+v", c)
				}
				requests := h.meta.Stats().Requests
				if h.upload(); h.meta.Stats().Requests != requests {
					h.Error("the next pass sends in spite of the open circuit")
				}
				h.check()
			})
		})
	}
}

// A bisection that has to wait goes on in the same pass.
func TestABisectionOutlivesAThrottle(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 40, 7)
		n := 0
		h.wire.set(func(*http.Request) error {
			if n++; n%3 == 0 {
				h.fault(sandbox.Fault429)
			}
			return nil
		}, nil)
		got := h.upload()
		if got.Acknowledged != 39 || got.Rejected != 1 || got.Released != 0 || got.Stopped != nil {
			h.Errorf("summary %+v, stopped %+v", got, got.Stopped)
		}
		h.check()
	})
}

// Somebody may decide about an open batch while a pass is on its way to it.
func TestABatchThatIsDecidedMeanwhile(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.Patience = -1
		h.putSome("a", 10)
		h.fault(sandbox.FaultCutAfter)
		h.upload()
		time.Sleep(time.Minute)
		h.putSome("b", 10)
		h.config.Store = &deciding{h.db}
		got := h.upload()
		if got.Acknowledged != 10 || got.Requests != 1 || got.Unknown != 0 {
			h.Errorf("summary %+v", got)
		}
		h.want(store.StateAcknowledged, 10, store.StateHeld, 10)
	})
}

// deciding is a store in which a person holds every batch just before it is sent again.
type deciding struct{ Outbox }

func (d *deciding) Retry(ctx context.Context, n uint64, drop []uint64, sum event.Hash, now time.Time) (store.Batch, error) {
	if _, err := d.Outbox.Conclude(ctx, store.Settlement{Batch: n, Verdict: store.VerdictHeld}, now); err != nil {
		return store.Batch{}, err
	}
	return d.Outbox.Retry(ctx, n, drop, sum, now)
}

var errPlug = errors.New("somebody pulled the plug")

// plugged is a store that fails from some call on, as a machine does that loses its power.
type plugged struct {
	Outbox
	mu              sync.Mutex
	begins, settles int // how many of each still work
}

func newPlugged(o Outbox, begins, settles int) *plugged {
	return &plugged{Outbox: o, begins: begins, settles: settles}
}

func (p *plugged) works(n *int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	*n--
	return *n >= 0
}

func (p *plugged) Begin(ctx context.Context, in store.Intent, now time.Time) (store.Batch, error) {
	if !p.works(&p.begins) {
		return store.Batch{}, errPlug
	}
	return p.Outbox.Begin(ctx, in, now)
}

func (p *plugged) Retry(ctx context.Context, n uint64, drop []uint64, sum event.Hash, now time.Time) (store.Batch, error) {
	if !p.works(&p.begins) {
		return store.Batch{}, errPlug
	}
	return p.Outbox.Retry(ctx, n, drop, sum, now)
}

func (p *plugged) Settle(ctx context.Context, s store.Settlement, now time.Time) (store.Batch, error) {
	if !p.works(&p.settles) {
		return store.Batch{}, errPlug
	}
	return p.Outbox.Settle(ctx, s, now)
}

// A bisection that is interrupted before any of its requests goes on after a restart, with the same result.
func TestRestartInTheMiddleOfABisection(t *testing.T) {
	t.Parallel()
	for steps := 1; steps <= 14; steps++ {
		t.Run(fmt.Sprint(steps), func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				h.putSome("a", 40, 0, 1, 17)
				h.config.Store = newPlugged(h.db, steps, 1000)
				if _, err := h.uploader().Upload(h.Context()); !errors.Is(err, errPlug) {
					h.Fatalf("upload: %v", err)
				}
				h.die()
				got := h.upload()
				if got.Stopped != nil {
					h.Errorf("stopped: %+v", got.Stopped)
				}
				h.want(store.StateAcknowledged, 37, store.StateRejected, 3)
				if s := h.meta.Stats(); s.Duplicates != 0 {
					h.Errorf("the sandbox saw %+v", s)
				}
				for _, i := range []int{0, 1, 17} {
					if e := h.event(fmt.Sprintf("a-%d", i)); e.State != store.StateRejected {
						h.Errorf("event %d is %s", i, e.State)
					}
				}
				h.check()
			})
		})
	}
}

// The evidence against a suspect may be older than this process.
func TestResumeFindsEvidenceAndSuspects(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 4, 0, 1)
		ctx, now := h.Context(), time.Now()
		rows, err := h.db.Plan(ctx, store.PlanQuery{Dataset: shop, Now: now, Limit: 10})
		if err != nil {
			h.Fatal(err)
		}
		in := store.Intent{Dataset: shop, BodySHA256: event.Hash{1}}
		for _, r := range rows {
			in.Rows = append(in.Rows, r.Seq)
		}
		root, err := h.db.Begin(ctx, in, now)
		if err != nil {
			h.Fatal(err)
		}
		refused := store.Attempt{End: capi.InvalidEvent.String(), HTTPStatus: 400, Code: 100}
		settle := func(b uint64, s store.Settlement) store.Batch {
			h.Helper()
			s.Batch = b
			got, err := h.db.Settle(ctx, s, now)
			if err != nil {
				h.Fatal(err)
			}
			return got
		}
		root = settle(root.Number, store.Settlement{Verdict: store.VerdictSplit, Children: []int{1, 1, 2}, Attempt: refused})
		retry := func(b uint64) {
			h.Helper()
			if _, err := h.db.Retry(ctx, b, nil, event.Hash{2}, now); err != nil {
				h.Fatal(err)
			}
		}
		retry(root.Children[0])
		settle(root.Children[0], store.Settlement{Verdict: store.VerdictReady, Attempt: refused})

		found := func() *bisection {
			h.Helper()
			open, err := h.db.OpenBatches(ctx, shop)
			if err != nil {
				h.Fatal(err)
			}
			all, err := h.uploader().resume(ctx, open)
			if err != nil || len(all) != 1 || all[root.Number] == nil {
				h.Fatalf("resume: %v, %v", all, err)
			}
			return all[root.Number]
		}
		if s := found(); s.evidence || !slices.Equal(s.suspects, root.Children[:1]) || len(s.later) != 1 || len(s.later[0]) != 2 {
			h.Errorf("before the acknowledgement: %+v", s)
		}
		retry(root.Children[2])
		settle(root.Children[2], store.Settlement{Verdict: store.VerdictAcknowledged, MaybeSent: true})
		if s := found(); !s.evidence || !slices.Equal(s.suspects, root.Children[:1]) {
			h.Errorf("after the acknowledgement: %+v", s)
		}
		got := h.upload()
		if got.Rejected != 2 || got.Requests != 2 {
			h.Errorf("summary %+v", got)
		}
		h.want(store.StateAcknowledged, 2, store.StateRejected, 2)
	})
}
