package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"capibara/event"
	"capibara/store"
)

// unknown is a batch of n events that may have arrived.
func (d *desk) unknown(prefix string, n int) store.Batch {
	d.Helper()
	b := d.begin(d.queueN(prefix, n)...)
	return d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictUnknown, MaybeSent: true, NextTry: d.now.Add(time.Minute)})
}

func retry(d *desk) {
	b := d.unknown("e", 2)
	first := d.now
	same(d, "possibly sent", []any{b.MaybeAttempts, b.FirstMaybeAt}, []any{1, first})
	if _, err := d.Outbox.Settle(d.ctx, store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged}, d.now); !errors.Is(err, store.ErrStale) {
		d.Errorf("settling a batch that is not being sent: %v, want ErrStale", err)
	}
	d.now = d.now.Add(time.Hour)
	b, err := d.Outbox.Retry(d.ctx, b.Number, nil, event.Hash{2}, d.now)
	d.must(err)
	same(d, "state, attempts, next try", []any{b.State, len(b.Attempts), b.Attempts[1].N, b.Attempts[1].BodySHA256[0], b.NextTry.IsZero()},
		[]any{store.BatchSending, 2, 2, 2, true})
	if _, err := d.Outbox.Retry(d.ctx, b.Number, nil, event.Hash{2}, d.now); !errors.Is(err, store.ErrStale) {
		d.Errorf("sending again what is being sent: %v, want ErrStale", err)
	}
	// This attempt did not arrive, but the first may have.
	b = d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictUnknown, NextTry: d.now.Add(time.Hour)})
	same(d, "possibly sent", []any{b.MaybeAttempts, b.FirstMaybeAt}, []any{1, first})
	b, err = d.Outbox.Retry(d.ctx, b.Number, nil, event.Hash{2}, d.now)
	d.must(err)
	for _, v := range []store.Verdict{store.VerdictReleased, store.VerdictReady} {
		if _, err := d.Outbox.Settle(d.ctx, store.Settlement{Batch: b.Number, Verdict: v}, d.now); err == nil {
			d.Errorf("a batch that may have arrived ends with verdict %d", v)
		}
	}
	b = d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictUnknown, MaybeSent: true})
	same(d, "possibly sent", []any{b.MaybeAttempts, b.FirstMaybeAt}, []any{2, first})
	b, err = d.Outbox.Retry(d.ctx, b.Number, nil, event.Hash{2}, d.now)
	d.must(err)
	b = d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged})
	d.states(store.StateAcknowledged, b.Seqs...)
}

func retryDrop(d *desk) {
	for name, maybe := range map[string]bool{"possibly sent": true, "never sent": false} {
		seqs := d.queue(d.row(name+"a"), d.row(name+"b", until(d.now.Add(time.Minute))), d.row(name+"c"))
		b := d.begin(seqs...)
		s := store.Settlement{Batch: b.Number, Verdict: store.VerdictReady}
		if maybe {
			s = store.Settlement{Batch: b.Number, Verdict: store.VerdictUnknown, MaybeSent: true}
		}
		d.settle(s)
		d.now = d.now.Add(time.Hour)
		b, err := d.Outbox.Retry(d.ctx, b.Number, seqs[1:2], event.Hash{3}, d.now)
		d.must(err)
		same(d, name+": the rows left", []any{b.Seqs, b.Events, b.Attempts[1].Events}, []any{[]uint64{seqs[0], seqs[2]}, 2, 2})
		e := d.event(seqs[1])
		same(d, name+": the row dropped", []any{e.State, e.PossiblySent}, []any{store.StateExpired, maybe})
		want := event.ReasonExpiredWaiting
		if maybe {
			want = event.ReasonExpiredPossiblySent
		}
		same(d, name+": its reason", e.Reason, want)
		d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged})
		same(d, name+": history of the batch", len(d.events(store.Filter{Batch: b.Number})), 3)
		same(d, name+": batches of the dropped row", len(d.batches(store.Filter{Seq: seqs[1]})), 1)
	}
}

func retryStale(d *desk) {
	seqs := d.queue(d.row("a"), d.row("b", until(d.now.Add(time.Minute))))
	b := d.begin(seqs...)
	d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictReady})
	try := func(what string, drop ...uint64) {
		if _, err := d.Outbox.Retry(d.ctx, b.Number, drop, event.Hash{3}, d.now); !errors.Is(err, store.ErrStale) {
			d.Errorf("%s: %v, want ErrStale", what, err)
		}
	}
	try("dropping what has time left", seqs[1])
	try("dropping a stranger", 99)
	d.now = d.now.Add(time.Minute)
	try("keeping what has expired")
	try("dropping it twice", seqs[1], seqs[1])
	d.now = d.now.Add(7 * 24 * time.Hour)
	if _, err := d.Outbox.Retry(d.ctx, b.Number, seqs, event.Hash{3}, d.now); err == nil {
		d.Error("an empty batch is sent")
	}
	if _, err := d.Outbox.Retry(d.ctx, 99, nil, event.Hash{3}, d.now); !errors.Is(err, store.ErrNotFound) {
		d.Errorf("an unknown batch: %v", err)
	}
	d.states(store.StateInFlight, seqs...)
}

func splitInherits(d *desk) {
	b := d.unknown("e", 5)
	first := d.now
	d.now = d.now.Add(time.Hour)
	_, err := d.Outbox.Retry(d.ctx, b.Number, nil, event.Hash{2}, d.now)
	d.must(err)
	b = d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictSplit, MaybeSent: true, Children: []int{2, 3}})
	same(d, "the parent", []any{b.State, b.Children, len(b.Seqs)}, []any{store.BatchSplit, []uint64{2, 3}, 5})
	for i, n := range b.Children {
		child, err := d.Outbox.Batch(d.ctx, n)
		d.must(err)
		same(d, "a child", []any{child.State, child.Parent, child.Events, child.Seqs, child.FirstMaybeAt, child.MaybeAttempts, len(child.Attempts)},
			[]any{store.BatchReady, b.Number, 2 + i, b.Seqs[2*i : 2+3*i], first, 2, 0})
		for _, seq := range child.Seqs {
			same(d, "the event's batch", d.event(seq).Batch, n)
		}
		if _, err := d.Outbox.Conclude(d.ctx, store.Settlement{Batch: n, Verdict: store.VerdictReleased}, d.now); err == nil {
			d.Error("a child of a batch that may have arrived is released")
		}
	}
	one, err := d.Outbox.Conclude(d.ctx, store.Settlement{Batch: 2, Verdict: store.VerdictSplit, Children: []int{1, 1}}, d.now)
	d.must(err)
	same(d, "the grandchildren", one.Children, []uint64{4, 5})
	same(d, "batches of an event", numbers(d.batches(store.Filter{Seq: b.Seqs[1]})), []uint64{5, 2, 1})
	same(d, "events ever in the parent", len(d.events(store.Filter{Batch: b.Number})), 5)
	d.states(store.StateInFlight, b.Seqs...)
}

func numbers(batches []store.Batch) []uint64 {
	var ns []uint64
	for _, b := range batches {
		ns = append(ns, b.Number)
	}
	return ns
}

func splitWrong(d *desk) {
	b := d.begin(d.queueN("e", 4)...)
	for _, sizes := range [][]int{nil, {4}, {2, 1}, {2, 3}, {0, 4}, {-1, 5}, {1, 1, 1}} {
		if _, err := d.Outbox.Settle(d.ctx, store.Settlement{Batch: b.Number, Verdict: store.VerdictSplit, Children: sizes}, d.now); err == nil {
			d.Errorf("a batch of 4 is split into %v", sizes)
		}
	}
	for _, apart := range [][]int{{4}, {-1}, {2, 2}, {2, 1}} {
		s := store.Settlement{Batch: b.Number, Verdict: store.VerdictSplit, Children: []int{2, 2}, Apart: apart}
		if _, err := d.Outbox.Settle(d.ctx, s, d.now); err == nil {
			d.Errorf("%v are set apart of a batch of 4", apart)
		}
	}
	same(d, "batches", len(d.batches(store.Filter{})), 1)
}

func splitApart(d *desk) {
	b := d.begin(d.queueN("e", 6)...)
	q := b.Seqs
	got := d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictSplit, Children: []int{4, 1, 1}, Apart: []int{1, 4}})
	for i, want := range [][]uint64{{q[0], q[2], q[3], q[5]}, {q[1]}, {q[4]}} {
		child, err := d.Outbox.Batch(d.ctx, got.Children[i])
		d.must(err)
		same(d, "a child", child.Seqs, want)
	}
	same(d, "the parent", must(d.Outbox.Batch(d.ctx, b.Number)).Seqs, q)
}

func conclude(d *desk) {
	sending := d.begin(d.queueN("s", 1)...)
	if _, err := d.Outbox.Conclude(d.ctx, store.Settlement{Batch: sending.Number, Verdict: store.VerdictHeld}, d.now); !errors.Is(err, store.ErrStale) {
		d.Errorf("concluding what is being sent: %v, want ErrStale", err)
	}
	ready := func(prefix string) store.Batch {
		b := d.begin(d.queueN(prefix, 2)...)
		return d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictReady})
	}
	r := ready("r")
	got, err := d.Outbox.Conclude(d.ctx, store.Settlement{Batch: r.Number, Verdict: store.VerdictReleased}, d.now)
	d.must(err)
	same(d, "released", got.State, store.BatchReleased)
	d.states(store.StatePending, r.Seqs...)
	same(d, "the batch of a released event", d.event(r.Seqs[0]).Batch, r.Number)
	u := d.unknown("u", 2)
	for _, v := range []store.Verdict{store.VerdictAcknowledged, store.VerdictReleased, store.VerdictRejected, store.VerdictUnknown, store.VerdictReady, store.VerdictExpired} {
		if _, err := d.Outbox.Conclude(d.ctx, store.Settlement{Batch: u.Number, Verdict: v, MaybeSent: true}, d.now); err == nil {
			d.Errorf("an unknown batch is concluded with verdict %d", v)
		}
	}
	got, err = d.Outbox.Conclude(d.ctx, store.Settlement{Batch: u.Number, Verdict: store.VerdictHeld}, d.now)
	d.must(err)
	same(d, "held", got.State, store.BatchHeld)
	d.states(store.StateHeld, u.Seqs...)
	if e := d.event(u.Seqs[0]); !e.PossiblySent || e.Reason != event.ReasonFateUnknown {
		d.Errorf("the held event is %+v", e)
	}
	x := ready("x")
	if _, err := d.Outbox.Conclude(d.ctx, store.Settlement{Batch: x.Number, Verdict: store.VerdictHeld}, d.now); err == nil {
		d.Error("a batch that was never possibly sent is held")
	}
	d.now = d.now.Add(7 * 24 * time.Hour)
	got, err = d.Outbox.Conclude(d.ctx, store.Settlement{Batch: x.Number, Verdict: store.VerdictExpired}, d.now)
	d.must(err)
	same(d, "expired", got.State, store.BatchExpired)
	d.states(store.StateExpired, x.Seqs...)
	same(d, "possibly sent", d.event(x.Seqs[0]).PossiblySent, false)
}

func expire(d *desk) {
	var rows []store.NewRow
	for i := range 700 {
		rows = append(rows, d.row(fmt.Sprint(i), until(d.now.Add(time.Duration(i+1)*time.Second))))
	}
	rows = append(rows, d.row("other", in(other), until(d.now.Add(time.Second))))
	seqs := d.queue(rows...)
	b := d.begin(seqs[0])
	d.now = d.now.Add(650 * time.Second)
	var got []int
	for {
		n := d.expire(main, d.now, 300)
		got = append(got, n)
		if n == 0 {
			break
		}
	}
	same(d, "expired", got, []int{300, 300, 49, 0})
	d.states(store.StateInFlight, seqs[0])
	d.states(store.StateExpired, seqs[1], seqs[649])
	d.states(store.StatePending, seqs[650], seqs[699], seqs[700])
	same(d, "the reason", d.event(seqs[1]).Reason, event.ReasonExpiredWaiting)
	same(d, "expired of an unknown dataset", d.expire("55", d.now, 10), 0)
	d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictReleased})
	same(d, "expired after a release", d.expire(main, d.now, 10), 1)
}

func recovered(d *desk) {
	same(d, "recovered of nothing", len(must(d.Outbox.Recover(d.ctx, d.now))), 0)
	sending, unknown := d.begin(d.queueN("s", 2)...), d.unknown("u", 1)
	twice := d.unknown("t", 1)
	_, err := d.Outbox.Retry(d.ctx, twice.Number, nil, event.Hash{2}, d.now)
	d.must(err)
	began := d.now
	d.reopen()
	d.now = d.now.Add(time.Hour)
	got, err := d.Outbox.Recover(d.ctx, d.now)
	d.must(err)
	same(d, "the batches recovered", numbers(got), []uint64{sending.Number, twice.Number})
	b := got[0]
	same(d, "the first", []any{b.State, b.MaybeAttempts, b.FirstMaybeAt, b.Attempts[0].End, b.Attempts[0].EndedAt.IsZero()},
		[]any{store.BatchUnknown, 1, began, store.EndLost, true})
	same(d, "the second", []any{got[1].State, got[1].MaybeAttempts}, []any{store.BatchUnknown, 2})
	d.states(store.StateInFlight, sending.Seqs...)
	still, err := d.Outbox.Batch(d.ctx, unknown.Number)
	d.must(err)
	same(d, "the unknown one", still, unknown)
	same(d, "recovered again", len(must(d.Outbox.Recover(d.ctx, d.now))), 0)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func openBatches(d *desk) {
	seqs := d.queueN("e", 4)
	a := d.begin(seqs[1], seqs[0])
	b := d.begin(seqs[2])
	c := d.begin(seqs[3])
	d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged})
	d.settle(store.Settlement{Batch: c.Number, Verdict: store.VerdictReady})
	open, err := d.Outbox.OpenBatches(d.ctx, main)
	d.must(err)
	same(d, "open", numbers(open), []uint64{a.Number, c.Number})
	same(d, "counted open", d.counts().Datasets[0].Open, 2)
	for _, dataset := range []string{other, "55"} {
		open, err := d.Outbox.OpenBatches(d.ctx, dataset)
		d.must(err)
		same(d, "open of "+dataset, len(open), 0)
	}
	rows, err := d.Outbox.BatchRows(d.ctx, a.Number)
	d.must(err)
	if len(rows) != 2 || rows[0].Seq != seqs[1] || rows[1].Seq != seqs[0] || string(rows[1].Payload) != string(d.row("e0").Payload) {
		d.Errorf("the rows are %+v", rows)
	}
	if _, err := d.Outbox.BatchRows(d.ctx, b.Number); !errors.Is(err, store.ErrStale) {
		d.Errorf("the rows of a batch that ended: %v, want ErrStale", err)
	}
	if _, err := d.Outbox.BatchRows(d.ctx, 99); !errors.Is(err, store.ErrNotFound) {
		d.Errorf("the rows of an unknown batch: %v", err)
	}
}

func race(d *desk) {
	seqs := d.queueN("e", 40)
	var wg sync.WaitGroup
	won := make([]int, len(seqs)-1)
	for i := range won {
		wg.Go(func() {
			// Neighbours compete for a row.
			_, err := d.Outbox.Begin(d.ctx, store.Intent{Dataset: main, Rows: seqs[i : i+2]}, d.now)
			if err == nil {
				won[i] = 1
			} else if !errors.Is(err, store.ErrStale) {
				d.Error(err)
			}
		})
	}
	wg.Wait()
	batches := 0
	for i, w := range won {
		batches += w
		if i > 0 && w == 1 && won[i-1] == 1 {
			d.Errorf("event %d is in two batches", seqs[i])
		}
	}
	same(d, "batches", len(d.batches(store.Filter{})), batches)
	if in := len(d.events(store.Filter{State: store.StateInFlight})); in != 2*batches {
		d.Errorf("%d events are in flight in %d batches of 2", in, batches)
	}
}

func manyAtOnce(d *desk) {
	seqs := d.queueN("e", 120)
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			b, err := d.Outbox.Begin(d.ctx, store.Intent{Dataset: main, Rows: seqs[10*i : 10*i+10]}, d.now)
			if err == nil && i%3 == 0 {
				_, err = d.Outbox.Settle(d.ctx, store.Settlement{Batch: b.Number, Verdict: store.VerdictUnknown, MaybeSent: true}, d.now)
				if err == nil {
					b, err = d.Outbox.Retry(d.ctx, b.Number, nil, event.Hash{1}, d.now)
				}
			}
			if err == nil {
				_, err = d.Outbox.Settle(d.ctx, store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged}, d.now)
			}
			if err != nil {
				d.Error(err)
			}
		})
	}
	f := d.open("meanwhile.csv")
	for i := range 5 {
		d.add(f.Number, record(d.row(fmt.Sprint("meanwhile", i))))
		d.plan(store.PlanQuery{Dataset: main, Limit: 10})
		d.events(store.Filter{Limit: 7})
		d.must(d.Outbox.Check(d.ctx, func(p string) { d.Errorf("Check beside writers: %s", p) }))
	}
	wg.Wait()
	d.states(store.StateAcknowledged, seqs...)
}
