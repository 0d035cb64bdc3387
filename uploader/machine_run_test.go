package uploader

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
	"capibara/uploader/capi"
)

// longTests says that the tests which prove more the longer they run are to run long.
func longTests() bool { return os.Getenv("CAPIBARA_LONG_TESTS") != "" }

var (
	allEnds   = []answer{counted, kept, refused, wrong, unwelcome, throttled, fewer, tooLarge, upset, blocked, odd}
	allProbes = []answer{passes, silent, unreachable, denied, skewedClock}
	allDays   = []time.Duration{0, 20 * time.Minute, time.Hour, 3 * time.Hour, 30 * time.Hour, 38 * time.Hour, 60 * time.Hour}
)

// TestEverythingThatCanHappen goes through the moments of several machines, those that lie nearest to the start first:
// until its budget is spent, or with CAPIBARA_LONG_TESTS the greater one. It says how many states there were, and whether
// any was left untried.
func TestEverythingThatCanHappen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name          string
		events, batch int
		ends, probes  []answer
		at            []time.Duration
		budget, long  int  // passes
		decides       bool // a person decides as well
	}{
		{"one event, the least", 1, 1, []answer{counted, kept, wrong}, []answer{passes, silent}, []time.Duration{0, 38 * time.Hour}, 0, 0, false},
		{"one event, the usual ends", 1, 1, []answer{counted, kept, refused, wrong}, []answer{passes, silent}, []time.Duration{0, time.Hour, 38 * time.Hour}, 100, 0, false},
		{"one event, every end", 1, 1, allEnds, allProbes, allDays, 70, 15_000, false},
		{"two events in one batch", 2, 2, []answer{counted, kept, refused, wrong}, []answer{passes, silent}, []time.Duration{0, time.Hour, 38 * time.Hour}, 100, 4_000, false},
		{"two events in two batches", 2, 1, []answer{counted, kept, refused, wrong}, []answer{passes, silent}, []time.Duration{0, time.Hour, 38 * time.Hour}, 100, 4_000, false},
		{"two events, every end", 2, 2, allEnds, allProbes, allDays, 70, 4_000, false},
		{"one event and a person", 1, 1, []answer{counted, kept, wrong}, []answer{passes}, []time.Duration{0, 38 * time.Hour}, 150, 0, true},
		{"two events in one batch and a person", 2, 2, []answer{counted, kept, refused, wrong}, []answer{passes, silent}, []time.Duration{0, time.Hour, 38 * time.Hour}, 100, 4_000, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMachine(t, c.events, c.batch, c.ends, c.probes, c.at...)
				m.decides = c.decides
				if m.budget = c.budget; longTests() {
					m.budget = c.long
				}
				m.explore()
				m.verify()
				t.Logf("%d states, %d passes, %d requests; %d states were left untried", len(m.seen), m.passes, m.requests, len(m.queue))
			})
		})
	}
}

// TestTheMachineFindsFaults puts faults between the uploader and its database, and expects the machine to name them: one
// that finds nothing there would prove nothing elsewhere.
func TestTheMachineFindsFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		wrap func(Outbox) Outbox
		late time.Duration
		want string
	}{
		{"an intent after the send", func(o Outbox) Outbox { return &afterwards{Outbox: o} }, 0, "without an intent"},
		{"an answer that is taken for granted", func(o Outbox) Outbox { return trusting{o} }, 0, "no 2xx counted"},
		{"one refusal that rejects a whole batch", func(o Outbox) Outbox { return harsh{o} }, 0, "never refused by itself"},
		{"a death that is forgotten", func(o Outbox) Outbox { return forgetful{o} }, 0, "is pending again"},
		{"a window without an end", nil, 1000 * time.Hour, "after its window"},
		{"a person who is not heard", func(o Outbox) Outbox { return deaf{o.(*bolt.DB)} }, 0, "an event that was withdrawn is"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := newMachine(t, 2, 1, []answer{counted, kept, refused, wrong}, []answer{passes, silent}, 0, time.Hour, 38*time.Hour)
				m.wrap, m.late, m.until, m.budget = c.wrap, c.late, c.want, 2000
				m.decides = c.name == "a person who is not heard"
				if c.late > 0 {
					m.instants = []time.Duration{time.Hour, 38 * time.Hour}
				}
				m.explore()
				if m.found(c.want) {
					return
				}
				t.Errorf("in %d passes the machine found %v; want one about %q", m.passes, m.broken, c.want)
			})
		})
	}
}

// afterwards writes an intent down only when its end is known.
type afterwards struct {
	Outbox
	intent store.Intent
	begun  time.Time
}

func (a *afterwards) Begin(_ context.Context, in store.Intent, now time.Time) (store.Batch, error) {
	a.intent, a.begun = in, now
	return store.Batch{Number: 1 << 20, Dataset: in.Dataset, State: store.BatchSending, Events: len(in.Rows), Seqs: in.Rows,
		Attempts: []store.Attempt{{N: 1, StartedAt: now, BodySHA256: in.BodySHA256, Events: len(in.Rows)}}}, nil
}

func (a *afterwards) Settle(ctx context.Context, s store.Settlement, now time.Time) (store.Batch, error) {
	if s.Batch == 1<<20 {
		b, err := a.Outbox.Begin(ctx, a.intent, a.begun)
		if err != nil {
			return b, err
		}
		s.Batch = b.Number
	}
	return a.Outbox.Settle(ctx, s, now)
}

// trusting takes every answer that may be one for an acknowledgement.
type trusting struct{ Outbox }

func (t trusting) Settle(ctx context.Context, s store.Settlement, now time.Time) (store.Batch, error) {
	if s.Verdict == store.VerdictUnknown {
		s.Verdict = store.VerdictAcknowledged
	}
	return t.Outbox.Settle(ctx, s, now)
}

// harsh rejects an event that was not refused.
type harsh struct{ Outbox }

func (h harsh) Settle(ctx context.Context, s store.Settlement, now time.Time) (store.Batch, error) {
	if s.Verdict == store.VerdictReleased {
		s.Verdict, s.Reason = store.VerdictRejected, event.ReasonRejectedByMeta
	}
	return h.Outbox.Settle(ctx, s, now)
}

// deaf sends what was planned, whatever somebody decided meanwhile.
type deaf struct{ *bolt.DB }

func (d deaf) Begin(ctx context.Context, in store.Intent, now time.Time) (store.Batch, error) {
	b, err := d.DB.Begin(ctx, in, now)
	if !errors.Is(err, store.ErrStale) {
		return b, err
	}
	var rows []store.Requeued
	for _, seq := range in.Rows {
		rows = append(rows, store.Requeued{Seq: seq})
	}
	if _, err := d.Requeue(ctx, rows, store.Decision{By: "nobody", Reason: event.ReasonRequeued}, now); err != nil {
		return b, err
	}
	return d.DB.Begin(ctx, in, now)
}

// forgetful takes a batch whose process died for one that was never sent.
type forgetful struct{ Outbox }

func (f forgetful) Recover(ctx context.Context, now time.Time) ([]store.Batch, error) {
	open, err := f.Outbox.OpenBatches(ctx, shop)
	for _, b := range open {
		if b.State == store.BatchSending && err == nil {
			_, err = f.Outbox.Settle(ctx, store.Settlement{Batch: b.Number, Verdict: store.VerdictReleased,
				Attempt: store.Attempt{EndedAt: now, End: capi.NotSent.String()}}, now)
		}
	}
	return nil, err
}
