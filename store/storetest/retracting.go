package storetest

import (
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// retracting tries what records say about events that they do not yield.
func retracting() map[string]func(*desk) {
	return map[string]func(*desk){
		"an event no longer qualifies":   unqualified,
		"an order is refunded":           refunded,
		"what was sent is listed":        retractedLate,
		"a refund of a part":             refundedInPart,
		"a refund before its order":      refundedBefore,
		"a refund in the order's chunk":  refundedAtOnce,
		"a refund of what was withdrawn": refundedTwice,
		"requeued after a refund":        refundedRequeued,
		"a file again retracts nothing":  retractedAgain,
		"events of another source":       retractedElsewhere,
		"what no importer may retract":   badRetractions,
		"what conflicts say":             conflictWhole,
		"what was on its way":            retractedOnItsWay,
		"a refund of what is not sent":   refundedUnsent,
	}
}

func (d *desk) money(s string) event.Money {
	d.Helper()
	m, err := event.ParseMoney(s)
	d.must(err)
	return m
}

// worth gives a row a value in euros.
func (d *desk) worth(s string) func(*store.NewRow, *event.Event) {
	return func(r *store.NewRow, e *event.Event) {
		e.Custom.Value, e.Custom.Currency = d.money(s), "EUR"
		r.Value, r.Currency = e.Custom.Value, e.Custom.Currency
	}
}

// retracts is a record that takes the Purchases with these ids back and yields nothing.
func retracts(reason event.Reason, ids ...string) store.Record {
	r := store.Record{Fate: store.FateSkipped, Reason: event.ReasonRefund}
	for _, id := range ids {
		r.Retractions = append(r.Retractions, store.Retraction{Dataset: main, EventID: id, EventName: "Purchase", Reason: reason})
	}
	return r
}

// refunds is a record that gives an amount in a currency back.
func (d *desk) refunds(id, amount, currency string) store.Record {
	d.Helper()
	r := retracts(event.ReasonRefunded, id)
	r.Retractions[0].Refund, r.Retractions[0].Currency = d.money(amount), currency
	return r
}

// state tells what became of an event and of what disagrees with it.
func (d *desk) state(seq uint64) string {
	d.Helper()
	e := d.event(seq)
	s := fmt.Sprint(e.State, " ", e.Reason)
	all, err := d.Outbox.Conflicts(d.ctx, seq)
	d.must(err)
	for _, c := range all {
		s += " " + c.Kind.String() + c.Value.String() + c.Currency
	}
	return s
}

func unqualified(d *desk) {
	seqs := d.queue(d.row("a"), d.row("b"), d.row("c"))
	d.now = d.now.Add(time.Minute)
	f := d.open("b.csv")
	res := d.add(f.Number, record(d.row("new")), retracts(event.ReasonNoLongerQualified, "b", "gone"), retracts(event.ReasonNoLongerQualified, "a", "b"))
	same(d, "Fates", res.Fates, []store.Fate{store.FateAccepted, store.FateSkipped, store.FateSkipped})
	same(d, "Retracted", res.Retracted, []store.Retracted{
		{Seq: seqs[1], FirstFile: 1, FirstLine: 3, Line: 3, Reason: event.ReasonNoLongerQualified},
		{Seq: seqs[0], FirstFile: 1, FirstLine: 2, Line: 4, Reason: event.ReasonNoLongerQualified}})
	same(d, "Conflicts, TakenBack", []any{len(res.Conflicts), len(res.TakenBack)}, []any{0, 0})
	same(d, "a", d.state(seqs[0]), "withdrawn no_longer_qualified")
	same(d, "c", d.state(seqs[2]), "pending ")
	same(d, "the log", d.kinds(), "created file_opened file_closed file_opened withdrawn")
	entry := d.lastEntry()
	same(d, "the entry", entry.Detail, "2 events of dataset "+main+" were withdrawn as no_longer_qualified by file 2")
	same(d, "the decision", d.decisions(seqs[0]), []store.DecisionEntry{{At: d.now, By: "file 2", Reason: event.ReasonNoLongerQualified, Audit: entry.N}})
	same(d, "the reason of the record", d.runs(f.Number)[1].Reason, event.ReasonRefund)

	// It qualifies again, the same as before: in another file that is news, in the same one nobody could tell which came last.
	same(d, "in the same file", d.add(f.Number, record(d.row("a", at(d.event(seqs[0]).ImportedAt.Add(-time.Minute))))).Fates, []store.Fate{store.FateDuplicate})
	again := d.row("a", at(d.event(seqs[0]).ImportedAt.Add(-time.Minute)))
	same(d, "the same content", string(again.Payload), string(d.event(seqs[0]).Payload))
	res = d.add(d.open("c.csv").Number, record(again))
	same(d, "qualified again", []any{res.Fates, len(res.Replaced)}, []any{[]store.Fate{store.FateAccepted}, 1})
	same(d, "the one before", d.event(seqs[0]).Reason, event.ReasonNoLongerQualified)
	res = d.add(d.open("d.csv").Number, retracts(event.ReasonNoLongerQualified, "a"))
	same(d, "and lost again", len(res.Retracted), 1)
}

func refunded(d *desk) {
	seqs := d.queue(d.row("a", d.worth("20")), d.row("b", d.worth("20")), d.row("c", d.worth("20")))
	res := d.add(d.open("b.csv").Number, retracts(event.ReasonRefunded, "a"), d.refunds("b", "20.00", "EUR"), d.refunds("c", "25", "EUR"))
	same(d, "Retracted", len(res.Retracted), 3)
	for _, seq := range seqs {
		same(d, "the event", d.state(seq), "withdrawn refunded")
	}
	// What was refunded stays so, whatever the next export says of the order.
	res = d.add(d.open("c.csv").Number, record(d.row("a", d.worth("20"))), record(d.row("b", d.worth("20"), value("mended"))), record(d.row("c", content(9))))
	same(d, "the orders again", []any{res.Fates, res.Withdrawn, res.Events}, []any{[]store.Fate{store.FateDuplicate, store.FateDuplicate, store.FateConflict}, 2, 0})
	same(d, "changed", len(d.events(store.Filter{Changed: true})), 0)
}

func retractedLate(d *desk) {
	seqs := d.queueN("e", 8)
	d.settle(store.Settlement{Batch: d.begin(seqs[0]).Number, Verdict: store.VerdictAcknowledged})
	d.begin(seqs[1])
	d.settle(store.Settlement{Batch: d.begin(seqs[2]).Number, Verdict: store.VerdictHeld, MaybeSent: true})
	d.settle(store.Settlement{Batch: d.begin(seqs[3]).Number, Verdict: store.VerdictRejected, MaybeSent: true, Reason: event.ReasonRejectedByMeta})
	d.settle(store.Settlement{Batch: d.begin(seqs[4]).Number, Verdict: store.VerdictRejected, Reason: event.ReasonRejectedByMeta})
	d.settle(store.Settlement{Batch: d.begin(seqs[5]).Number, Verdict: store.VerdictReleased})
	b := d.begin(seqs[6])
	d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictUnknown, MaybeSent: true})
	f := d.open("b.csv")
	want := map[int]string{0: "acknowledged ", 1: "in_flight ", 2: "held fate_unknown", 3: "rejected rejected_by_meta", 6: "in_flight "}
	for i, reason := range []event.Reason{event.ReasonNoLongerQualified, event.ReasonRefunded, event.ReasonRefunded} {
		res := d.add(f.Number, retracts(reason, "e0", "e1", "e2", "e3", "e4", "e6", "e0"))
		same(d, "Conflicts", len(res.Conflicts), []int{5, 5, 0}[i])
		same(d, "Retracted", len(res.Retracted), 0)
		if i == 2 {
			break
		}
		c := res.Conflicts[0]
		same(d, "the conflict", []any{c.Seq, c.FirstFile, c.FirstLine, c.FirstSource, c.File, c.Source, c.Line, c.Record, c.Kind, c.Value.Present(), c.EventTime, c.At},
			[]any{seqs[0], 1, 2, "deals", 2, "deals", i + 2, i + 1, []store.ConflictKind{store.ConflictUnqualified, store.ConflictRefunded}[i], false, 0, d.now})
	}
	for i, state := range want {
		same(d, fmt.Sprint("event ", i), d.state(seqs[i]), state+" no_longer_qualified refunded")
	}
	same(d, "what Meta refused", d.state(seqs[4]), "rejected rejected_by_meta")
	same(d, "what was not retracted", d.state(seqs[7]), "pending ")
	var changed []uint64
	for _, e := range d.events(store.Filter{Changed: true}) {
		changed = append(changed, e.Seq)
	}
	same(d, "changed", changed, []uint64{seqs[6], seqs[3], seqs[2], seqs[1], seqs[0]})
	same(d, "changed and acknowledged", len(d.events(store.Filter{Changed: true, State: store.StateAcknowledged})), 1)
	// What was released is taken back by the next file that says so.
	same(d, "what was released", len(d.add(f.Number, retracts(event.ReasonRefunded, "e5")).Retracted), 1)
}

// retractedOnItsWay takes events back whose batch then turns out not to have been sent.
func retractedOnItsWay(d *desk) {
	for name, end := range map[string]func(store.Batch){
		"released": func(b store.Batch) { d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictReleased}) },
		"resolved": func(b store.Batch) {
			d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictHeld, MaybeSent: true})
			d.resolve(b.Number, false)
		},
	} {
		id := func(s string) string { return name + " " + s }
		seqs := d.queue(d.row(id("a")), d.row(id("b")), d.row(id("part"), d.worth("20")), d.row(id("other")), d.row(id("word")))
		d.add(d.open(name+" before.csv").Number, retracts(event.ReasonNoLongerQualified, id("word")))
		d.requeue(0, seqs[4])
		b := d.begin(seqs...)
		f := d.open(name + ".csv")
		d.add(f.Number, retracts(event.ReasonNoLongerQualified, id("a"), id("word")), retracts(event.ReasonRefunded, id("b")), d.refunds(id("part"), "5", "EUR"))
		end(b)
		d.states(store.StateWithdrawn, seqs[0], seqs[1])
		d.states(store.StatePending, seqs[2], seqs[3], seqs[4]) // a person's word outlasts the export
		same(d, "why", []event.Reason{d.event(seqs[0]).Reason, d.event(seqs[1]).Reason}, []event.Reason{event.ReasonNoLongerQualified, event.ReasonRefunded})
		by := d.decisions(seqs[0])
		same(d, "who took it back", by[len(by)-1].By, fmt.Sprint("file ", f.Number))
	}
}

// refundedUnsent refunds events that are not going to be sent: nobody requeues them by oversight.
func refundedUnsent(d *desk) {
	seqs := d.queue(d.row("refused", d.worth("20")), d.row("late", until(d.now)), d.row("part", d.worth("20")), d.row("withdrawn"))
	for _, seq := range []uint64{seqs[0], seqs[2]} {
		d.settle(store.Settlement{Batch: d.begin(seq).Number, Verdict: store.VerdictRejected, Reason: event.ReasonRejectedByMeta})
	}
	d.withdraw(seqs[3])
	res := d.add(d.open("b.csv").Number, retracts(event.ReasonRefunded, "refused", "late", "withdrawn"), d.refunds("part", "5", "EUR"))
	same(d, "Retracted, Conflicts", []any{len(res.Retracted), len(res.Conflicts)}, []any{0, 0})
	same(d, "requeued", d.requeue(d.now.Add(time.Hour).Unix(), seqs...), store.Decided{Changed: 1, Left: 3})
	d.states(store.StatePending, seqs[2])
	d.states(store.StateRejected, seqs[0])
}

func refundedInPart(d *desk) {
	seqs := d.queue(d.row("part", d.worth("20")), d.row("dollars", d.worth("20")), d.row("no value"), d.row("sent", d.worth("20")))
	d.settle(store.Settlement{Batch: d.begin(seqs[3]).Number, Verdict: store.VerdictAcknowledged})
	f := d.open("b.csv")
	add := func() store.ImportResult {
		return d.add(f.Number, d.refunds("part", "19.99", "EUR"), d.refunds("dollars", "20", "USD"), d.refunds("no value", "20", "EUR"), d.refunds("sent", "5", "EUR"))
	}
	res := add()
	same(d, "Retracted, Conflicts", []any{len(res.Retracted), len(res.Conflicts)}, []any{0, 4})
	same(d, "again", len(add().Conflicts), 0)
	same(d, "another amount", len(d.add(f.Number, d.refunds("sent", "6", "EUR")).Conflicts), 1)
	same(d, "in part", d.state(seqs[0]), "pending  refunded19.99EUR")
	same(d, "in another currency", d.state(seqs[1]), "pending  refunded20USD")
	same(d, "of what has no value", d.state(seqs[2]), "pending  refunded20EUR")
	same(d, "changed", len(d.events(store.Filter{Changed: true})), 4)
	same(d, "the rest", len(d.add(f.Number, d.refunds("part", "20", "EUR")).Retracted), 1)
	same(d, "changed, without what is withdrawn", len(d.events(store.Filter{Changed: true})), 3)
}

func refundedBefore(d *desk) {
	first := d.open("refunds.csv")
	res := d.add(first.Number, retracts(event.ReasonRefunded, "whole", "late"), d.refunds("part", "5", "EUR"), d.refunds("part", "4", "EUR"),
		d.refunds("all of it", "5", "EUR"), d.refunds("all of it", "20", "EUR"), retracts(event.ReasonNoLongerQualified, "lost"))
	same(d, "at first", []any{len(res.Retracted), len(res.Conflicts)}, []any{0, 0})
	d.reopen()
	d.add(d.open("refunds again.csv").Number, retracts(event.ReasonRefunded, "whole"))
	d.now = d.now.Add(time.Minute)
	f := d.open("orders.csv")
	res = d.add(f.Number, record(d.row("whole")), record(d.row("part", d.worth("20"))), record(d.row("all of it", d.worth("20"))),
		record(d.row("late", until(d.now))), record(d.row("lost")), record(d.row("whole"), d.row("lost")))
	same(d, "Fates", res.Fates, []store.Fate{store.FateSkipped, store.FateAccepted, store.FateSkipped, store.FateExpired, store.FateAccepted, store.FateDuplicate})
	same(d, "Accepted", res.Accepted, []bool{false, true, false, false, true, false, false})
	same(d, "Events, Retracted", []any{res.Events, len(res.Retracted)}, []any{2, 0})
	same(d, "TakenBack", res.TakenBack, map[int]event.Reason{0: event.ReasonRefunded, 2: event.ReasonRefunded})
	same(d, "why the first was skipped", d.runs(f.Number)[0], store.FateRun{First: 1, Count: 1, Fate: store.FateSkipped, Reason: event.ReasonRefunded})
	c := res.Conflicts[0]
	same(d, "the conflict", []any{c.Seq, c.File, c.Line, c.Record, c.FirstFile, c.Kind, c.Value, c.Currency}, []any{2, first.Number, 3, 2, f.Number, store.ConflictRefunded, "5", "EUR"})
	for seq, want := range map[uint64]string{1: "withdrawn refunded", 2: "pending  refunded5EUR", 3: "withdrawn refunded", 4: "expired too_old", 5: "pending "} {
		same(d, fmt.Sprint("event ", seq), d.state(seq), want)
	}
	same(d, "who took it back", d.decisions(1)[0].By, "file 1")
	same(d, "again", d.add(d.open("more.csv").Number, record(d.row("whole"))).Fates, []store.Fate{store.FateDuplicate})
}

// refundedAtOnce has the order and its refund in one chunk, in both orders, and in two chunks of one file.
func refundedAtOnce(d *desk) {
	f := d.open("a.csv")
	res := d.add(f.Number, record(d.row("a")), retracts(event.ReasonRefunded, "a"), retracts(event.ReasonNoLongerQualified, "b"), record(d.row("b")), record(d.row("c")))
	same(d, "Fates", res.Fates, []store.Fate{store.FateSkipped, store.FateSkipped, store.FateSkipped, store.FateSkipped, store.FateAccepted})
	same(d, "TakenBack", res.TakenBack, map[int]event.Reason{0: event.ReasonRefunded, 3: event.ReasonNoLongerQualified})
	same(d, "Events, Retracted", []any{res.Events, len(res.Retracted)}, []any{1, 0})
	res = d.add(f.Number, retracts(event.ReasonRefunded, "c", "d"))
	same(d, "Retracted in the next chunk", len(res.Retracted), 1)
	same(d, "the order of an earlier refund", d.add(f.Number, record(d.row("d"))).Fates, []store.Fate{store.FateSkipped})
	same(d, "counts", d.counts().Datasets[0].Events, map[store.State]uint64{store.StateWithdrawn: 4})
	file, err := d.Outbox.File(d.ctx, f.Number)
	d.must(err)
	same(d, "the file", file.Counts, store.FileCounts{Records: 7, Accepted: 1, Skipped: 6})
}

// refundedTwice refunds what a person withdrew: no correction may bring it back.
func refundedTwice(d *desk) {
	seqs := d.queue(d.row("a"), d.row("b"))
	d.withdraw(seqs...)
	res := d.add(d.open("b.csv").Number, retracts(event.ReasonRefunded, "a"))
	same(d, "Retracted, Conflicts", []any{len(res.Retracted), len(res.Conflicts)}, []any{0, 0})
	same(d, "its reason", d.state(seqs[0]), "withdrawn withdrawn")
	res = d.add(d.open("c.csv").Number, record(d.row("a", value("mended"))), record(d.row("b", value("mended"))))
	same(d, "corrections", []any{res.Fates, res.Events}, []any{[]store.Fate{store.FateSkipped, store.FateAccepted}, 1})
	same(d, "in its place", d.state(seqs[1]+1), "withdrawn refunded")
	same(d, "refunded again", len(d.add(d.open("d.csv").Number, retracts(event.ReasonRefunded, "a")).Retracted), 0)
}

func refundedRequeued(d *desk) {
	seqs := d.queue(d.row("a"))
	d.add(d.open("b.csv").Number, retracts(event.ReasonRefunded, "a"))
	same(d, "requeued", d.requeue(0, seqs...), store.Decided{Changed: 1})
	res := d.add(d.open("c.csv").Number, retracts(event.ReasonRefunded, "a"))
	same(d, "Retracted, Conflicts", []any{len(res.Retracted), len(res.Conflicts)}, []any{0, 1})
	same(d, "the event", d.state(seqs[0]), "pending  refunded")
	same(d, "for another reason", len(d.add(d.open("d.csv").Number, retracts(event.ReasonNoLongerQualified, "a")).Retracted), 1)
}

func retractedAgain(d *desk) {
	seqs := d.queue(d.row("a"), d.row("b"))
	f := d.open("b.csv")
	d.add(f.Number, retracts(event.ReasonNoLongerQualified, "a"))
	_, err := d.Outbox.CloseFile(d.ctx, f.Number, store.FileEnd{State: store.FileImported}, d.now)
	d.must(err)
	d.add(d.open("c.csv").Number, record(d.row("a")))
	again := store.NewFile{Name: "b.csv", Source: f.Source, SHA256: f.SHA256, Size: f.Size, Mapping: f.Mapping}
	second, err := d.Outbox.OpenFile(d.ctx, again, d.now)
	d.must(err)
	before := d.counts()
	res := d.add(second.Number, retracts(event.ReasonNoLongerQualified, "a"))
	same(d, "Retracted, Conflicts", []any{len(res.Retracted), len(res.Conflicts)}, []any{0, 0})
	same(d, "counts", d.counts().Datasets, before.Datasets)
	d.states(store.StatePending, seqs[1], seqs[1]+1)
}

func retractedElsewhere(d *desk) {
	seqs := d.queue(d.row("a"), d.row("b"), d.row("c", in(other)), d.row("d", named("deal_closed")))
	d.settle(store.Settlement{Batch: d.begin(seqs[1]).Number, Verdict: store.VerdictAcknowledged})
	tills, err := d.Outbox.OpenFile(d.ctx, store.NewFile{Name: "t.csv", Source: "tills", SHA256: event.Hash{99}}, d.now)
	d.must(err)
	res := d.add(tills.Number, retracts(event.ReasonRefunded, "a", "b", "later"))
	same(d, "Retracted, Conflicts", []any{len(res.Retracted), len(res.Conflicts)}, []any{0, 0})
	res = d.add(d.open("b.csv").Number, record(d.row("later")), retracts(event.ReasonNoLongerQualified, "c", "d"))
	same(d, "the order of another source", res.Fates[0], store.FateAccepted)
	same(d, "in another dataset, under another name", len(res.Retracted), 0)
	res = d.add(tills.Number, record(d.row("again", named("x"))), retracts(event.ReasonRefunded, "again"))
	same(d, "its own", res.Fates[0], store.FateAccepted)
}

func badRetractions(d *desk) {
	f := d.open("a.csv")
	good := store.Retraction{Dataset: main, EventID: "a", EventName: "Purchase", Reason: event.ReasonRefunded}
	for name, change := range map[string]func(*store.Retraction){
		"no dataset":    func(r *store.Retraction) { r.Dataset = "" },
		"no id":         func(r *store.Retraction) { r.EventID = "" },
		"no name":       func(r *store.Retraction) { r.EventName = "" },
		"no reason":     func(r *store.Retraction) { r.Reason = "" },
		"another":       func(r *store.Retraction) { r.Reason = event.ReasonWithdrawn },
		"nothing given": func(r *store.Retraction) { r.Refund = d.money("0") },
		"money taken":   func(r *store.Retraction) { r.Refund = d.money("-5") },
		"an amount of no refund": func(r *store.Retraction) {
			r.Reason, r.Refund = event.ReasonNoLongerQualified, d.money("5")
		},
	} {
		bad := good
		change(&bad)
		rec := skipped(event.ReasonRefund)
		rec.Retractions = []store.Retraction{bad}
		if _, err := d.Outbox.Import(d.ctx, f.Number, store.Chunk{First: 1, Records: []store.Record{rec}}, d.now); err == nil {
			d.Errorf("%s: it is imported", name)
		}
	}
	rec := skipped(event.ReasonRefund)
	rec.Retractions = []store.Retraction{good}
	d.add(f.Number, rec)
}

func conflictWhole(d *desk) {
	seqs := d.queue(d.row("a", d.worth("20"), content(1)))
	r := d.row("a", d.worth("25.5"), content(2), at(d.now.Add(-time.Hour)))
	res := d.add(d.open("b.csv").Number, record(r))
	c := res.Conflicts[0]
	same(d, "the conflict", []any{c.Kind, c.Value, c.Currency, c.EventTime}, []any{store.ConflictChanged, "25.5", "EUR", r.EventTime})
	d.reopen()
	all, err := d.Outbox.Conflicts(d.ctx, seqs[0])
	d.must(err)
	same(d, "read again", all, res.Conflicts)
}
