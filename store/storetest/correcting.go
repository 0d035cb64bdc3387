package storetest

import (
	"time"

	"capibara/event"
	"capibara/store"
)

// value makes a row say something else, with the same fingerprint.
func value(order string) func(*store.NewRow, *event.Event) {
	return func(_ *store.NewRow, e *event.Event) { e.Custom.OrderID = order }
}

// corrected imports records of events that were withdrawn.
func corrected(d *desk) {
	old := d.queue(d.row("same"), d.row("mended"), d.row("changed", content(1)), d.row("late"), d.row("twice"))
	same(d, "withdrawn", d.withdraw(old...), store.Decided{Changed: 5})
	res := d.add(d.open("b.csv").Number, record(d.row("same")), record(d.row("mended", value("another"))), record(d.row("changed", content(2))),
		record(d.row("late", value("another"), until(d.now))), record(d.row("twice"), d.row("twice", value("another"))))
	same(d, "Fates", res.Fates, []store.Fate{store.FateDuplicate, store.FateAccepted, store.FateAccepted, store.FateDuplicate, store.FateAccepted})
	same(d, "Withdrawn, Events, Conflicts", []any{res.Withdrawn, res.Events, len(res.Conflicts)}, []any{3, 3, 0})
	by := old[4] + 1
	same(d, "Replaced", res.Replaced[0], store.Replaced{Seq: old[1], FirstFile: 1, FirstLine: 3, By: by, Withdrawn: true, Line: 3})
	was, is := d.event(old[1]), d.event(by)
	same(d, "the event that was withdrawn", []any{was.State, was.Reason, was.ReplacedBy, was.Decided}, []any{store.StateWithdrawn, event.ReasonWithdrawn, by, true})
	same(d, "the event in its place", []any{is.State, is.Replaces, is.Decided}, []any{store.StatePending, old[1], false})
	same(d, "requeued", d.requeue(0, old...), store.Decided{Changed: 2, Left: 3})
	d.states(store.StatePending, old[0], old[3])
	d.states(store.StateWithdrawn, old[1], old[2], old[4])
	// Withdrawn and corrected again, and again.
	for _, order := range []string{"third", "fourth"} {
		same(d, "withdrawn", d.withdraw(by), store.Decided{Changed: 1})
		res = d.add(d.open("c.csv").Number, record(d.row("mended", value(order))))
		same(d, "Fates of the "+order, res.Fates, []store.Fate{store.FateAccepted})
		found, err := d.Outbox.EventsByID(d.ctx, "mended")
		d.must(err)
		by = found[0].Seq
	}
	same(d, "the history of its id", len(d.events(store.Filter{EventID: "mended"})), 4)
	// One that was requeued and replaced says that it was replaced.
	same(d, "replaced", len(d.add(d.open("d.csv").Number, record(d.row("same", content(9), replacing))).Replaced), 1)
	same(d, "its reason", d.event(old[0]).Reason, event.ReasonReplaced)
}

// close ends the import of a file.
func (d *desk) close(f store.File) {
	d.Helper()
	_, err := d.Outbox.CloseFile(d.ctx, f.Number, store.FileEnd{State: store.FileImported}, d.now)
	d.must(err)
}

// uncorrected imports records that must not bring back what was withdrawn.
func uncorrected(d *desk) {
	first := d.open("a.csv")
	d.add(first.Number, record(d.row("a", value("first"))), record(d.row("b", value("first"))))
	d.close(first)
	second := d.open("b.csv")
	d.add(second.Number, record(d.row("own", value("first"))))
	same(d, "withdrawn", d.withdraw(1, 2, 3), store.Decided{Changed: 3})

	// The same file again, when what it says differs from what was withdrawn last.
	res := d.add(second.Number, record(d.row("a", value("second"))))
	same(d, "corrected", res.Fates, []store.Fate{store.FateAccepted})
	same(d, "withdrawn", d.withdraw(4), store.Decided{Changed: 1})
	again := store.NewFile{Name: "a.csv", Source: first.Source, SHA256: first.SHA256, Size: first.Size, Mapping: first.Mapping}
	f, err := d.Outbox.OpenFile(d.ctx, again, d.now)
	d.must(err)
	res = d.add(f.Number, record(d.row("a", value("first"))))
	same(d, "the first file again", []any{res.Fates, res.Withdrawn}, []any{[]store.Fate{store.FateDuplicate}, 1})
	// Read in another way it is a correction.
	again.Mapping = "columns: {value: Net}"
	f, err = d.Outbox.OpenFile(d.ctx, again, d.now)
	d.must(err)
	res = d.add(f.Number, record(d.row("a", value("third"))))
	same(d, "the first file, read in another way", res.Fates, []store.Fate{store.FateAccepted})

	// The same file again, which was read in that way when the event still waited: it is newer than what was withdrawn.
	early := store.NewFile{Name: "c.csv", Source: first.Source, SHA256: event.Hash{77}, Size: 7, Mapping: "columns: {email: Mail}"}
	f, err = d.Outbox.OpenFile(d.ctx, early, d.now)
	d.must(err)
	res = d.add(f.Number, record(d.row("a", value("fourth"))))
	same(d, "dropped too early", res.Fates, []store.Fate{store.FateDuplicate})
	d.close(f)
	same(d, "withdrawn after that", d.withdraw(5), store.Decided{Changed: 1})
	f, err = d.Outbox.OpenFile(d.ctx, early, d.now)
	d.must(err)
	res = d.add(f.Number, record(d.row("a", value("fourth"))))
	same(d, "and again after the withdrawal", res.Fates, []store.Fate{store.FateAccepted})
	d.close(f)
	same(d, "withdrawn once more", d.withdraw(6), store.Decided{Changed: 1})
	f, err = d.Outbox.OpenFile(d.ctx, early, d.now)
	d.must(err)
	res = d.add(f.Number, record(d.row("a", value("fifth"))))
	same(d, "a third time", []any{res.Fates, res.Withdrawn}, []any{[]store.Fate{store.FateDuplicate}, 1})

	// What no longer qualifies is not brought back by an old export, however late that came.
	d.add(d.open("d.csv").Number, record(d.row("lost")))
	old := store.NewFile{Name: "e.csv", Source: first.Source, SHA256: event.Hash{78}, Size: 7}
	f, err = d.Outbox.OpenFile(d.ctx, old, d.now)
	d.must(err)
	d.add(f.Number, record(d.row("lost", value("won"))))
	d.close(f)
	same(d, "lost", len(d.add(d.open("f.csv").Number, retracts(event.ReasonNoLongerQualified, "lost")).Retracted), 1)
	f, err = d.Outbox.OpenFile(d.ctx, old, d.now)
	d.must(err)
	res = d.add(f.Number, record(d.row("lost", value("won"))))
	same(d, "an old export", []any{res.Fates, res.Withdrawn}, []any{[]store.Fate{store.FateDuplicate}, 1})

	// The file that the event is from, and another source.
	res = d.add(second.Number, record(d.row("own", value("second"))), record(d.row("own", content(9))))
	same(d, "the event's own file", []any{res.Fates, len(res.Conflicts)}, []any{[]store.Fate{store.FateDuplicate, store.FateConflict}, 1})
	tills, err := d.Outbox.OpenFile(d.ctx, store.NewFile{Name: "t.csv", Source: "tills", SHA256: event.Hash{99}}, d.now)
	d.must(err)
	res = d.add(tills.Number, record(d.row("b", value("second"))))
	same(d, "another source", []any{res.Fates, res.Withdrawn}, []any{[]store.Fate{store.FateDuplicate}, 1})

	// What was sent before it is corrected stays a conflict.
	d.requeue(0, 2)
	d.settle(store.Settlement{Batch: d.begin(2).Number, Verdict: store.VerdictAcknowledged})
	d.now = d.now.Add(time.Minute)
	res = d.add(d.open("c.csv").Number, record(d.row("b", content(9))))
	same(d, "what was sent", res.Fates, []store.Fate{store.FateConflict})
}
