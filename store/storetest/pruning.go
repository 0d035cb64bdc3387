package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// pruning tries what the retention takes out.
func pruning() map[string]func(*desk) {
	return map[string]func(*desk){
		"history":                        prunedHistory,
		"history nearer than it may":     prunedTooNear,
		"what stays and keeps the rest":  prunedUpToAHeld,
		"a part of a block":              prunedPartly,
		"whole blocks":                   prunedBlocks,
		"one that was replaced":          prunedReplaced,
		"a batch and a file partly gone": prunedApart,
		"numbers are not used again":     prunedNumbers,
		"the same again after it":        prunedAgain,
		"refunds that found no order":    prunedRefunds,
		"files without events":           prunedEmptyFiles,
		"when it is over":                prunedCancelled,
		"contents":                       prunedContents,
		"contents around what waits":     prunedAround,
		"contents that were erased":      prunedErased,
		"proofs of what is left":         prunedProofs,
	}
}

// year is long enough for everything to be old.
const year = 365 * 24 * time.Hour

// later lets time pass, and returns a retention by which what was there before is old.
func (d *desk) later() store.Retention {
	d.now = d.now.Add(time.Minute)
	r := store.Retention{History: d.now}
	d.now = d.now.Add(year)
	return r
}

// prune prunes until nothing is left to do, and returns what was done in all.
func (d *desk) prune(r store.Retention) (all store.Pruned) {
	d.Helper()
	for {
		p, err := d.Outbox.Prune(d.ctx, r, d.now)
		d.must(err)
		all.Stays = p.Stays
		if p.Nothing() {
			return all
		}
		all.Emptied, all.Removed, all.Files, all.Batches = all.Emptied+p.Emptied, all.Removed+p.Removed, all.Files+p.Files, all.Batches+p.Batches
	}
}

// acknowledge sends rows in a batch of their own.
func (d *desk) acknowledge(seqs ...uint64) uint64 {
	d.Helper()
	return d.settle(store.Settlement{Batch: d.begin(seqs...).Number, Verdict: store.VerdictAcknowledged}).Number
}

// gone verifies that something was removed, and not merely missing.
func (d *desk) gone(what string, err error) {
	d.Helper()
	if !errors.Is(err, store.ErrRemoved) || !errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrCorrupt) {
		d.Errorf("%s: %v, want ErrRemoved", what, err)
	}
}

func prunedHistory(d *desk) {
	old := d.queue(d.row("a"), d.row("b"), d.row("c", in(other)), d.row("late", until(d.now)))
	d.acknowledge(old[0])
	d.settle(store.Settlement{Batch: d.begin(old[1]).Number, Verdict: store.VerdictRejected, Reason: event.ReasonRejectedByMeta})
	d.withdraw(old[2])
	conflict := d.open("again.csv")
	d.add(conflict.Number, record(d.row("a", content(99))), rejected(event.ReasonDateUnreadable, "Date"))
	_, err := d.Outbox.CloseFile(d.ctx, conflict.Number, store.FileEnd{State: store.FileImported}, d.now)
	d.must(err)
	r := d.later()
	young := d.queueN("young", 3)
	before := d.counts()

	same(d, "pruned", d.prune(r), store.Pruned{Removed: 4, Files: 2, Batches: 2})
	same(d, "pruned again", d.prune(r), store.Pruned{})
	d.sound()
	entry := d.lastEntry()
	same(d, "the entry", entry.Kind, "pruned")
	for _, seq := range old {
		_, err := d.Outbox.Event(d.ctx, seq)
		d.gone(fmt.Sprint("event ", seq), err)
		_, err = d.Outbox.Conflicts(d.ctx, seq)
		d.gone(fmt.Sprint("the conflicts of event ", seq), err)
		_, err = d.Outbox.Decisions(d.ctx, seq)
		d.gone(fmt.Sprint("the decisions about event ", seq), err)
	}
	_, err = d.Outbox.Requeue(d.ctx, []store.Requeued{{Seq: old[1]}}, decision(event.ReasonRequeued), d.now)
	d.gone("requeuing", err)
	for n := uint64(1); n <= 2; n++ {
		_, err = d.Outbox.File(d.ctx, n)
		d.gone(fmt.Sprint("file ", n), err)
		d.gone("its fates", d.Outbox.FateRuns(d.ctx, n, func(store.FateRun) bool { return true }))
		d.gone("its rejects", d.Outbox.Rejects(d.ctx, n, func(store.Reject) bool { return true }))
		_, err = d.Outbox.Batch(d.ctx, n)
		d.gone(fmt.Sprint("batch ", n), err)
		_, err = d.Outbox.Events(d.ctx, store.Filter{Batch: n})
		d.gone("the events of a batch", err)
		_, err = d.Outbox.Events(d.ctx, store.Filter{File: n})
		d.gone("the events of a file", err)
	}
	_, err = d.Outbox.Event(d.ctx, young[2]+1)
	if errors.Is(err, store.ErrRemoved) || !errors.Is(err, store.ErrNotFound) {
		d.Errorf("an event that never was: %v", err)
	}
	byID, err := d.Outbox.EventsByID(d.ctx, "a")
	d.must(err)
	same(d, "events by a removed id", len(byID), 0)
	for name, f := range map[string]store.Filter{"all": {}, "a row": {Seq: old[0]}, "a source": {Source: "deals"}, "a cursor among them": {Cursor: "3"}, "a page": {Limit: 1}} {
		want := 3
		if f.Seq != 0 || f.Cursor != "" {
			want = 0
		}
		same(d, "events by "+name, len(d.events(f)), want)
	}
	same(d, "files", len(d.allFiles(store.Filter{})), 1)
	same(d, "batches", len(d.batches(store.Filter{})), 0)

	after := d.counts()
	same(d, "files and batches that ever were", []uint64{after.Files, after.Batches}, []uint64{before.Files, before.Batches})
	same(d, "removed", []uint64{after.Removed.Events, after.Removed.Files, after.Removed.Batches}, []uint64{4, 2, 2})
	same(d, "the newest", after.Removed.Newest, r.History.Add(-time.Minute))
	same(d, "when", after.Removed.At, d.now)
	for i, want := range []struct{ events, removed map[store.State]uint64 }{
		{map[store.State]uint64{store.StatePending: 3}, map[store.State]uint64{store.StateAcknowledged: 1, store.StateRejected: 1, store.StateExpired: 1}},
		{map[store.State]uint64{}, map[store.State]uint64{store.StateWithdrawn: 1}},
	} {
		same(d, "counts of "+after.Datasets[i].Dataset, []any{after.Datasets[i].Events, after.Datasets[i].Removed}, []any{want.events, want.removed})
	}
	same(d, "planned", len(d.plan(store.PlanQuery{Dataset: main, Limit: 9})), 3)
}

func prunedTooNear(d *desk) {
	d.acknowledge(d.queueN("a", 2)...)
	d.now = d.now.Add(year)
	if _, err := d.Outbox.Prune(d.ctx, store.Retention{History: d.now.Add(time.Second - store.MinHistory)}, d.now); err == nil {
		d.Error("the history is shorter than it may be")
	}
	same(d, "nothing", d.prune(store.Retention{}), store.Pruned{})
	same(d, "what is younger", d.prune(store.Retention{History: d.now.Add(-year)}), store.Pruned{})
	same(d, "at the limit", d.prune(store.Retention{History: d.now.Add(-store.MinHistory)}).Removed, 2)
}

// prunedUpToAHeld removes nothing behind an event about which nobody knows, until somebody does.
func prunedUpToAHeld(d *desk) {
	old := d.queueN("a", 6)
	d.acknowledge(old[0], old[1])
	held := d.begin(old[2]).Number
	d.settle(store.Settlement{Batch: held, Verdict: store.VerdictHeld, MaybeSent: true})
	unknown := d.begin(old[3], old[4]).Number
	d.settle(store.Settlement{Batch: unknown, Verdict: store.VerdictUnknown, MaybeSent: true})
	d.acknowledge(old[5])
	r := d.later()
	same(d, "up to the held one", d.prune(r), store.Pruned{Removed: 2, Batches: 1, Stays: old[2]})
	_, err := d.Outbox.Resolve(d.ctx, held, true, decision(event.ReasonResolvedSent), d.now)
	d.must(err)
	same(d, "up to the one of unknown fate", d.prune(r), store.Pruned{Removed: 1, Batches: 1, Stays: old[3]})
	// One leaves the batch because it is too old, and stays for as long as the batch is open.
	_, err = d.Outbox.Conclude(d.ctx, store.Settlement{Batch: unknown, Verdict: store.VerdictExpired}, d.now)
	d.must(err)
	same(d, "the rest", d.prune(r), store.Pruned{Removed: 3, Files: 1, Batches: 2})
}

// prunedPartly removes a part of a block, and goes on in it.
func prunedPartly(d *desk) {
	d.acknowledge(d.queueN("a", 7)...)
	r := d.later()
	young := d.queueN("b", 5)
	same(d, "pruned", d.prune(r), store.Pruned{Removed: 7, Files: 1, Batches: 1})
	d.sound()
	d.acknowledge(young[1:3]...)
	d.withdraw(young[0])
	d.reopen()
	d.queueN("c", 3)
	same(d, "events", len(d.events(store.Filter{})), 8)
	r = d.later()
	same(d, "those that wait", d.prune(r), store.Pruned{Removed: 3, Batches: 1, Stays: young[3]})
	same(d, "expired", d.expire(main, d.now, 100), 5)
	same(d, "the rest", d.prune(r), store.Pruned{Removed: 5, Files: 2})
	d.sound()
	same(d, "the next number", d.queueN("d", 1)[0], 16)
}

// prunedBlocks removes all that there is up to the end of a block, and then from its middle.
func prunedBlocks(d *desk) {
	for i := range 2 {
		n := 500 + 400*i // up to 500, then up to 1400
		d.acknowledge(d.queueN(fmt.Sprint("x", i, "-"), n)...)
		r := d.later()
		same(d, "pruned", d.prune(r), store.Pruned{Removed: uint64(n), Files: 1, Batches: 1})
		d.sound()
	}
	same(d, "the next number", d.queueN("y", 200)[199], 1600)
	same(d, "counts", d.counts().Datasets[0].Events, map[store.State]uint64{store.StatePending: 200})
}

// prunedReplaced removes an event and leaves the one that took its place.
func prunedReplaced(d *desk) {
	old := d.queue(d.row("a", content(1)))
	r := d.later()
	d.now = d.now.Add(-year)
	f := d.open("b.csv")
	d.add(f.Number, record(d.row("a", content(2), replacing)))
	d.now = d.now.Add(year)
	same(d, "pruned", d.prune(r), store.Pruned{Removed: 1, Files: 1, Stays: 0})
	d.sound()
	e := d.event(old[0] + 1)
	same(d, "the event in its place", []any{e.Replaces, e.ReplacedBy, e.State}, []any{0, 0, store.StatePending})
	byID, err := d.Outbox.EventsByID(d.ctx, "a")
	d.must(err)
	same(d, "events by its id", len(byID), 1)
}

// prunedApart removes a part of a file and of a batch, which stay and say so.
func prunedApart(d *desk) {
	f := d.open("a.csv")
	d.add(f.Number, record(d.row("a", d.worth("5.00"))), record(d.row("b", d.worth("6.00"))))
	r := d.later()
	d.now = d.now.Add(-year)
	d.add(f.Number, record(d.row("c", d.worth("7.00"))))
	n := d.acknowledge(1, 2, 3)
	split := d.begin(d.queueN("s", 4)...).Number
	d.settle(store.Settlement{Batch: split, Verdict: store.VerdictSplit, Children: []int{2, 2}})
	d.now = d.now.Add(year)
	same(d, "pruned", d.prune(r), store.Pruned{Removed: 2})
	d.sound()
	file, err := d.Outbox.File(d.ctx, f.Number)
	d.must(err)
	b, err := d.Outbox.Batch(d.ctx, n)
	d.must(err)
	same(d, "removed of file and batch", []any{file.Removed, file.Events, b.Removed, b.Events}, []any{2, 3, 2, 3})
	same(d, "in the lists", []any{d.allFiles(store.Filter{File: 1})[0].Removed, d.batches(store.Filter{Batch: n})[0].Removed}, []any{2, 2})
	for _, f := range []store.Filter{{File: f.Number}, {Batch: n}} {
		events := d.events(f)
		same(d, "what is left", []any{len(events), events[0].Seq}, []any{1, 3})
	}
}

// prunedNumbers opens a file and begins a batch after all were removed.
func prunedNumbers(d *desk) {
	d.acknowledge(d.queueN("a", 3)...)
	d.acknowledge(d.queueN("b", 3)...)
	same(d, "pruned", d.prune(d.later()), store.Pruned{Removed: 6, Files: 2, Batches: 2})
	d.reopen()
	c := d.counts()
	same(d, "ever", []uint64{c.Files, c.Batches}, []uint64{2, 2})
	same(d, "events", len(d.events(store.Filter{})), 0)
	seqs := d.queueN("c", 1)
	same(d, "row, file and batch", []uint64{seqs[0], d.event(seqs[0]).File, d.acknowledge(seqs...)}, []uint64{7, 3, 3})
	_, err := d.Outbox.Import(d.ctx, 1, store.Chunk{First: 1, Records: []store.Record{skipped("refund")}}, d.now)
	d.gone("a file that is gone on with", err)
	d.must(d.Outbox.Halt(d.ctx, store.Halt{HaltKey: store.HaltKey{Kind: store.HaltSource, Source: "deals"}, Reason: "r"}, d.now))
	d.gone("halting it", d.Outbox.Halt(d.ctx, store.Halt{HaltKey: store.HaltKey{Kind: store.HaltFile, File: 1}, Reason: "r"}, d.now))
}

// prunedAgain imports the same file again when all of it is forgotten: it is new, and too late.
func prunedAgain(d *desk) {
	rows := []store.NewRow{d.row("a"), d.row("b")}
	again := func() store.ImportResult {
		f, err := d.Outbox.OpenFile(d.ctx, store.NewFile{Name: "a.csv", Source: "deals", SHA256: event.Hash{7}, Mapping: "m"}, d.now)
		d.must(err)
		res := d.add(f.Number, record(rows[0]), record(rows[1]))
		_, err = d.Outbox.CloseFile(d.ctx, f.Number, store.FileEnd{State: store.FileImported}, d.now)
		d.must(err)
		return res
	}
	again()
	d.acknowledge(1, 2)
	same(d, "the fates before", again().Fates, []store.Fate{store.FateDuplicate, store.FateDuplicate})
	same(d, "pruned", d.prune(d.later()), store.Pruned{Removed: 2, Files: 2, Batches: 1})
	same(d, "the fates after", again().Fates, []store.Fate{store.FateExpired, store.FateExpired})
	same(d, "planned", len(d.plan(store.PlanQuery{Dataset: main, Limit: 9})), 0)
}

// prunedRefunds forgets refunds whose orders did not come.
func prunedRefunds(d *desk) {
	f := d.open("a.csv")
	d.add(f.Number, retracts(event.ReasonRefunded, "a", "b", "c"))
	_, err := d.Outbox.CloseFile(d.ctx, f.Number, store.FileEnd{State: store.FileImported}, d.now)
	d.must(err)
	r := d.later()
	g := d.open("b.csv")
	d.add(g.Number, retracts(event.ReasonRefunded, "d"))
	same(d, "pruned", d.prune(r), store.Pruned{Files: 1})
	same(d, "the entry", d.lastEntry().Detail, "3 refunds of orders that did not come")
	h := d.open("c.csv")
	res := d.add(h.Number, record(d.row("a")), record(d.row("d")))
	same(d, "Fates", res.Fates, []store.Fate{store.FateAccepted, store.FateSkipped})
}

// prunedEmptyFiles removes files that brought nothing, one that nobody went on with, and what was halted in them.
func prunedEmptyFiles(d *desk) {
	d.queueN("a", 1)
	cut := d.open("cut off.csv")
	d.add(cut.Number, skipped("refund"), rejected(event.ReasonDateUnreadable, "Date"))
	d.must(d.Outbox.Halt(d.ctx, store.Halt{HaltKey: store.HaltKey{Kind: store.HaltFile, File: cut.Number}, Reason: "r"}, d.now))
	halted := d.open("halted.csv")
	row := d.row("h")
	row.Halt = true
	d.add(halted.Number, record(row))
	d.withdraw(2)
	r := d.later()
	open := d.open("young.csv")
	same(d, "behind one that waits", d.prune(r), store.Pruned{Stays: 1})
	same(d, "expired", d.expire(main, d.now, 9), 1)
	same(d, "up to the one that is being read", d.prune(r), store.Pruned{Removed: 2, Files: 1})
	d.reopen() // as after a crash
	same(d, "pruned", d.prune(r), store.Pruned{Files: 2})
	halts, err := d.Outbox.Halts(d.ctx)
	d.must(err)
	same(d, "halts", len(halts), 0)
	same(d, "the file that is left", d.allFiles(store.Filter{})[0].Number, open.Number)
	d.add(open.Number, record(d.row("n")))
	same(d, "planned", len(d.plan(store.PlanQuery{Dataset: main, Limit: 9})), 1)
}

func prunedCancelled(d *desk) {
	d.acknowledge(d.queueN("a", 2)...)
	r := d.later()
	over, cancel := context.WithCancel(d.ctx)
	cancel()
	if _, err := d.Outbox.Prune(over, r, d.now); !errors.Is(err, context.Canceled) {
		d.Errorf("pruning when it is over: %v", err)
	}
	same(d, "events", len(d.events(store.Filter{})), 2)
}
