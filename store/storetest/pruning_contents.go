package storetest

import (
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// contents is a retention by which the contents of what was there before are old.
func contents(r store.Retention) store.Retention { return store.Retention{Payload: r.History} }

// prunedContents empties what is final and old, and keeps what finds it.
func prunedContents(d *desk) {
	all := d.everyState()
	late := d.queue(d.row("late", mail(1), until(d.now)))[0]
	before := d.counts().Datasets[0].Events
	sum := d.sums(all[store.StateAcknowledged])[0]
	r := contents(d.later())
	young := d.queue(d.row("young", mail(1)))[0]
	same(d, "pruned", d.prune(r), store.Pruned{Emptied: 5})
	same(d, "the entry", d.lastEntry().Kind, "pruned")
	n := d.lastEntry().N
	same(d, "pruned again", d.prune(r), store.Pruned{})
	same(d, "entries", d.lastEntry().N, n)
	d.sound()
	emptied := map[uint64]bool{late: true, all[store.StateAcknowledged]: true, all[store.StateRejected]: true, all[store.StateExpired]: true,
		all[store.StateWithdrawn]: true}
	for s, seq := range all {
		if e := d.event(seq); e.State != s || e.RecordKey == "" && s != store.StateErased || (e.Emptied == store.EmptiedPruned) != emptied[seq] {
			d.Errorf("event %d, which was %s, is %s, and its content %q; its record key is %q", seq, s, e.State, e.Emptied, e.RecordKey)
		}
	}
	same(d, "the sum", d.event(all[store.StateAcknowledged]).Sum, sum)
	same(d, "what is younger", d.event(young).Emptied, store.NotEmptied)
	before[store.StatePending]++
	same(d, "counts", d.counts().Datasets[0].Events, before)
	same(d, "nothing was removed", d.counts().Removed, store.Removed{})

	var back []uint64
	for seq := range emptied {
		back = append(back, seq)
	}
	same(d, "requeued", d.requeue(d.now.Add(time.Hour).Unix(), back...), store.Decided{Left: 5})
	d.now = d.now.Add(-year)
	f := d.open("again.csv")
	res := d.add(f.Number, record(d.row("acknowledged", mail(1))), record(d.row("acknowledged", mail(1), content(99))))
	same(d, "the same again, and another content", res.Fates, []store.Fate{store.FateDuplicate, store.FateConflict})
	d.now = d.now.Add(year)
}

// prunedAround empties what lies behind an event of which nobody knows, and that event when somebody does.
func prunedAround(d *desk) {
	old := d.queueN("a", 1203)
	held := d.begin(old[1], old[700]).Number
	d.settle(store.Settlement{Batch: held, Verdict: store.VerdictHeld, MaybeSent: true})
	open := d.begin(old[2]).Number
	d.settle(store.Settlement{Batch: open, Verdict: store.VerdictUnknown, MaybeSent: true})
	sent := append([]uint64{old[0]}, old[3:700]...)
	d.acknowledge(append(sent, old[701:1202]...)...)
	r := contents(d.later()) // the last one waits
	same(d, "around them", d.prune(r), store.Pruned{Emptied: 1199})
	same(d, "again", d.prune(r), store.Pruned{})
	d.sound()
	_, err := d.Outbox.Resolve(d.ctx, held, true, decision(event.ReasonResolvedSent), d.now)
	d.must(err)
	d.reopen()
	same(d, "those that were held", d.prune(r), store.Pruned{Emptied: 2})
	same(d, "expired", d.expire(main, d.now, 9), 1)
	_, err = d.Outbox.Conclude(d.ctx, store.Settlement{Batch: open, Verdict: store.VerdictExpired}, d.now)
	d.must(err)
	same(d, "those that waited", d.prune(r), store.Pruned{Emptied: 2})
	same(d, "and all of them later", d.prune(store.Retention{Payload: r.Payload, History: r.Payload}).Removed, 1203)
	same(d, "what came since", d.acknowledge(d.queueN("b", 3)...) > 0, true)
	same(d, "emptied", d.prune(contents(d.later())).Emptied, 3)
}

// prunedErased leaves an erased event as it is, and lets a pruned one be erased.
func prunedErased(d *desk) {
	old := d.queue(d.row("a", mail(1)), d.row("b", mail(1)))
	d.acknowledge(old...)
	d.erase(old[0])
	r := contents(d.later())
	same(d, "pruned", d.prune(r), store.Pruned{Emptied: 1})
	same(d, "why they are empty", []any{d.event(old[0]).Emptied, d.event(old[1]).Emptied}, []any{store.EmptiedErased, store.EmptiedPruned})
	same(d, "erased since", d.erase(old[1]), store.Decided{Changed: 1})
	same(d, "its record key", d.event(old[1]).RecordKey, "")
	same(d, "pruned again", d.prune(r), store.Pruned{})
}

// prunedProofs proves the rest of a batch while its events are emptied and removed one after the other.
func prunedProofs(d *desk) {
	var seqs []uint64
	var bounds []time.Time
	for i := range 4 {
		seqs = append(seqs, d.queue(d.row(fmt.Sprint("e", i), mail(byte(i))))...)
		d.now = d.now.Add(time.Minute)
		bounds = append(bounds, d.now)
	}
	n := d.settle(store.Settlement{Batch: d.send(seqs[2], seqs[0], seqs[3], seqs[1]).Number, Verdict: store.VerdictAcknowledged}).Number
	sums := d.sums(seqs...)
	d.now = d.now.Add(year)
	for i, step := range []store.Retention{
		{Payload: bounds[0]}, {Payload: bounds[1], History: bounds[0]}, {History: bounds[2]}, {Payload: bounds[3], History: bounds[2]},
	} {
		d.prune(step)
		d.sound()
		b := d.batch(n)
		same(d, fmt.Sprint("the proof after step ", i), []any{len(b.Proofs), b.Proofs[0].Sums}, []any{1, store.SumOver(sums)})
		for _, one := range b.Gone {
			same(d, "the sum of a removed event", one.Sum, sums[one.Seq-1])
		}
		same(d, "removed", []int{b.Removed, len(b.Gone)}, [][]int{{0, 0}, {1, 1}, {3, 3}, {3, 3}}[i])
	}
	same(d, "the rest", d.prune(store.Retention{History: bounds[3]}), store.Pruned{Removed: 1, Files: 1, Batches: 1})
}
