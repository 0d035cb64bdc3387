package storetest

import (
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

func replaced(d *desk) {
	old := d.queue(d.row("a", content(1)), d.row("b", content(1), notBefore(d.now.Add(time.Hour))), d.row("c", content(1)))
	d.now = d.now.Add(time.Minute)
	f := d.open("b.csv")
	res := d.add(f.Number, record(d.row("a", content(1), replacing)), record(d.row("b", content(2), replacing)), record(d.row("new", replacing)))
	same(d, "Fates", res.Fates, []store.Fate{store.FateDuplicate, store.FateAccepted, store.FateAccepted})
	same(d, "Accepted", res.Accepted, []bool{false, true, true})
	same(d, "Events", res.Events, 2)
	same(d, "Conflicts", len(res.Conflicts), 0)
	by := old[2] + 1
	same(d, "Replaced", res.Replaced, []store.Replaced{{Seq: old[1], FirstFile: 1, FirstLine: 3, By: by, Line: 3}})
	was, is := d.event(old[1]), d.event(by)
	same(d, "the event that was replaced", []any{was.State, was.Reason, was.Replaces, was.ReplacedBy}, []any{store.StateWithdrawn, event.ReasonReplaced, 0, by})
	same(d, "the event in its place", []any{is.State, is.Reason, is.Replaces, is.ReplacedBy, is.NotBefore}, []any{store.StatePending, "", old[1], 0, 0})
	found, err := d.Outbox.EventsByID(d.ctx, "b")
	d.must(err)
	same(d, "events with its id", []uint64{found[0].Seq, found[1].Seq}, []uint64{by, old[1]})
	same(d, "the history of its id", len(d.events(store.Filter{EventID: "b"})), 2)
	same(d, "withdrawn events", len(d.events(store.Filter{State: store.StateWithdrawn})), 1)
	same(d, "counts", d.counts().Datasets[0].Events, map[store.State]uint64{store.StatePending: 4, store.StateWithdrawn: 1})
	same(d, "planned", len(d.plan(store.PlanQuery{Dataset: main, Limit: 9})), 4)
	if _, err := d.Outbox.Begin(d.ctx, store.Intent{Dataset: main, Rows: []uint64{old[1]}}, d.now.Add(2*time.Hour)); err == nil {
		d.Error("an event that was replaced is sent")
	}
	same(d, "the log", d.kinds(), "created file_opened file_closed file_opened replaced")
}

// irreplaceable tries to replace what was sent, may have been, cannot be any more, or was put there by the same file.
func irreplaceable(d *desk) {
	sent := d.queueN("s", 7)
	for i, end := range []store.Settlement{
		{Verdict: store.VerdictAcknowledged}, {Verdict: store.VerdictRejected, Reason: event.ReasonRejectedByMeta},
		{Verdict: store.VerdictUnknown, MaybeSent: true}, {Verdict: store.VerdictHeld, MaybeSent: true},
	} {
		end.Batch = d.begin(sent[i]).Number
		d.settle(end)
	}
	d.begin(sent[4])
	soon := d.now.Add(time.Minute)
	late := d.queue(d.row("expired", until(soon)), d.row("overdue", until(soon.Add(time.Second))))
	same(d, "expired", d.expire(main, soon, 9), 1)
	d.now = soon.Add(time.Second)
	states := func() (all []store.State) {
		for _, seq := range append(sent, late...) {
			all = append(all, d.event(seq).State)
		}
		return all
	}
	before := states()

	f := d.open("b.csv")
	changed := func(id string, change ...func(*store.NewRow, *event.Event)) store.Record {
		return record(d.row(id, append(change, content(99))...))
	}
	d.add(f.Number, record(d.row("own")))
	tills, err := d.Outbox.OpenFile(d.ctx, store.NewFile{Name: "t.csv", Source: "tills", SHA256: event.Hash{99}}, d.now)
	d.must(err)
	strange := d.add(tills.Number, changed("s6", replacing))
	same(d, "the conflict with another source", []string{strange.Conflicts[0].FirstSource, strange.Conflicts[0].Source}, []string{"deals", "tills"})
	conflicts, err := d.Outbox.Conflicts(d.ctx, sent[6])
	d.must(err)
	same(d, "the same, read again", conflicts, strange.Conflicts)
	res := d.add(f.Number, changed("s0", replacing), changed("s1", replacing), changed("s2", replacing), changed("s3", replacing),
		changed("s4", replacing), changed("s5", replacing, until(d.now)), changed("s5"), changed("expired", replacing),
		changed("overdue", replacing), changed("own", replacing))
	same(d, "Replaced", len(res.Replaced), 0)
	same(d, "Conflicts", len(res.Conflicts), 9) // s5 is one content
	for i, fate := range res.Fates {
		same(d, fmt.Sprint("the fate of record ", i+2), fate, store.FateConflict)
	}
	same(d, "states", states(), before)
}

// replacedByItself imports the same bytes again after another file changed what they brought.
func replacedByItself(d *desk) {
	first := d.open("a.csv")
	d.add(first.Number, record(d.row("a", content(1), replacing)))
	_, err := d.Outbox.CloseFile(d.ctx, first.Number, store.FileEnd{State: store.FileImported}, d.now)
	d.must(err)
	same(d, "replaced by another file", len(d.add(d.open("b.csv").Number, record(d.row("a", content(2), replacing))).Replaced), 1)
	again := store.NewFile{Name: "a copy.csv", Source: first.Source, SHA256: first.SHA256, Size: first.Size, Mapping: first.Mapping}
	open := func() store.File {
		f, err := d.Outbox.OpenFile(d.ctx, again, d.now)
		d.must(err)
		return f
	}
	res := d.add(open().Number, record(d.row("a", content(1), replacing)))
	same(d, "Fates when the first file comes again", res.Fates, []store.Fate{store.FateConflict})
	// Read in another way it says something else, and may well be meant to.
	again.Mapping = "columns: {value: Net}"
	res = d.add(open().Number, record(d.row("a", content(3), replacing)))
	same(d, "Fates when it is read in another way", res.Fates, []store.Fate{store.FateAccepted})
}

func replacedInChunk(d *desk) {
	old := d.queue(d.row("a", content(1)), d.row("b", content(1)))
	f := d.open("b.csv")
	res := d.add(f.Number,
		record(d.row("a", content(2), replacing)), record(d.row("a", content(3), replacing)), record(d.row("a", content(2), replacing)),
		record(d.row("b", content(1), replacing)), record(d.row("b", content(4), replacing)), record(d.row("b", content(1), replacing)))
	same(d, "Fates", res.Fates, []store.Fate{store.FateAccepted, store.FateConflict, store.FateDuplicate,
		store.FateDuplicate, store.FateAccepted, store.FateConflict})
	same(d, "Replaced", []uint64{res.Replaced[0].Seq, res.Replaced[1].Seq}, old)
	same(d, "Conflicts", []uint64{res.Conflicts[0].Seq, res.Conflicts[1].Seq}, []uint64{old[1] + 1, old[1] + 2})
}

// replacedInARow replaces an event again and again, also after it was in a batch that was released, with ids between
// which nothing but a zero byte makes the difference.
func replacedInARow(d *desk) {
	ids := []string{"a", "a\x00", "a\x00b", "a\x00bbbbbb\x00"}
	var rows []store.NewRow
	for _, id := range ids {
		rows = append(rows, d.row(id, content(1)))
	}
	seqs := d.queue(rows...)
	d.settle(store.Settlement{Batch: d.begin(seqs...).Number, Verdict: store.VerdictReleased})
	for round := range uint64(3) {
		records := make([]store.Record, 0, len(ids))
		for _, id := range ids {
			records = append(records, record(d.row(id, content(round+2), replacing)))
		}
		same(d, "replaced", len(d.add(d.open("again.csv").Number, records...).Replaced), len(ids))
	}
	for i, id := range ids {
		found, err := d.Outbox.EventsByID(d.ctx, id)
		d.must(err)
		same(d, fmt.Sprintf("events with the id %q", id), len(found), 4)
		for j, e := range found {
			want := store.StateWithdrawn
			if j == 0 {
				want = store.StatePending
			}
			same(d, fmt.Sprintf("event %d of %q", j, id), []any{e.EventID, e.State}, []any{id, want})
		}
		same(d, "the first", found[3].Seq, seqs[i])
		same(d, "what took its place", d.event(found[2].Seq).Replaces, seqs[i])
	}
}
