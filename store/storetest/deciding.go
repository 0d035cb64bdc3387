package storetest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"capibara/event"
	"capibara/store"
)

// deciding tries what people decide about events that are in the outbox.
func deciding() map[string]func(*desk) {
	return map[string]func(*desk){
		"withdraw":                                withdraw,
		"nothing but what waits is withdrawn":     withdrawStale,
		"a decision of nobody":                    decisionWrong,
		"requeue":                                 requeue,
		"what is never requeued":                  requeueNever,
		"a requeued event expires again":          requeueExpires,
		"requeued events beside those of a batch": requeueDropped,
		"resolve":                                 resolve,
		"resolve of what is not of unknown fate":  resolveStale,
		"resolve of a part":                       resolvePart,
		"resolve leaves what expired":             resolveDropped,
		"relied on Meta":                          relied,
		"a record corrects what was withdrawn":    corrected,
		"what no record brings back":              uncorrected,
	}
}

func decision(r event.Reason) store.Decision {
	return store.Decision{By: "anna", Reason: r, Note: "the till was wrong"}
}

func (d *desk) withdraw(seqs ...uint64) store.Decided {
	d.Helper()
	out, err := d.Outbox.Withdraw(d.ctx, seqs, decision(event.ReasonWithdrawn), d.now)
	d.must(err)
	return out
}

// requeue requeues rows until a new deadline; 0 leaves the one that they have.
func (d *desk) requeue(deadline int64, seqs ...uint64) store.Decided {
	d.Helper()
	rows := make([]store.Requeued, 0, len(seqs))
	for _, seq := range seqs {
		rows = append(rows, store.Requeued{Seq: seq, Deadline: deadline})
	}
	out, err := d.Outbox.Requeue(d.ctx, rows, decision(event.ReasonRequeued), d.now)
	d.must(err)
	return out
}

func (d *desk) resolve(batch uint64, sent bool) store.Batch {
	d.Helper()
	reason := event.ReasonResolvedNotSent
	if sent {
		reason = event.ReasonResolvedSent
	}
	b, err := d.Outbox.Resolve(d.ctx, batch, sent, decision(reason), d.now)
	d.must(err)
	return b
}

func (d *desk) decisions(seq uint64) []store.DecisionEntry {
	d.Helper()
	all, err := d.Outbox.Decisions(d.ctx, seq)
	d.must(err)
	return all
}

// lastEntry is the detail of the last entry of the audit log.
func (d *desk) lastEntry() (last store.AuditEntry) {
	d.Helper()
	d.must(d.Outbox.Audit(d.ctx, 1, func(e store.AuditEntry) bool { last = e; return true }))
	return last
}

func withdraw(d *desk) {
	seqs := d.queue(d.row("a"), d.row("b"), d.row("c", in(other)), d.row("d"))
	d.now = d.now.Add(time.Minute)
	same(d, "the decision", d.withdraw(seqs[0], seqs[2], seqs[3]), store.Decided{Changed: 3})
	entry := d.lastEntry()
	same(d, "the log", d.kinds(), "created file_opened file_closed withdrawn")
	same(d, "the entry", entry.Detail, "2 events of dataset "+main+", 1 events of dataset "+other+" were withdrawn by anna: the till was wrong")
	want := []store.DecisionEntry{{At: d.now, By: "anna", Reason: event.ReasonWithdrawn, Note: "the till was wrong", Audit: entry.N}}
	e := d.event(seqs[0])
	same(d, "the event", []any{e.State, e.Reason, e.Decided, e.PossiblySent, e.ReplacedBy}, []any{store.StateWithdrawn, event.ReasonWithdrawn, true, false, 0})
	d.reopen()
	same(d, "the decisions", d.decisions(seqs[0]), want)
	same(d, "those about another event", len(d.decisions(seqs[1])), 0)
	if _, err := d.Outbox.Decisions(d.ctx, 99); !errors.Is(err, store.ErrNotFound) {
		d.Errorf("the decisions about an event that is not there: %v", err)
	}
	same(d, "withdrawn", len(d.events(store.Filter{State: store.StateWithdrawn})), 3)
	same(d, "planned", len(d.plan(store.PlanQuery{Dataset: main, Limit: 9})), 1)
	if _, err := d.Outbox.Begin(d.ctx, store.Intent{Dataset: main, Rows: seqs[:1]}, d.now); !errors.Is(err, store.ErrStale) {
		d.Errorf("a withdrawn event is sent: %v", err)
	}
	d.now = d.now.Add(30 * 24 * time.Hour)
	same(d, "expired", d.expire(main, d.now, 100), 1)
	d.states(store.StateWithdrawn, seqs[0], seqs[2], seqs[3])
}

func withdrawStale(d *desk) {
	seqs := d.queueN("e", 6)
	d.begin(seqs[0])
	d.settle(store.Settlement{Batch: d.begin(seqs[1]).Number, Verdict: store.VerdictAcknowledged})
	d.settle(store.Settlement{Batch: d.begin(seqs[2]).Number, Verdict: store.VerdictRejected, Reason: event.ReasonRejectedByMeta})
	d.settle(store.Settlement{Batch: d.begin(seqs[3]).Number, Verdict: store.VerdictHeld, MaybeSent: true})
	d.settle(store.Settlement{Batch: d.begin(seqs[4]).Number, Verdict: store.VerdictReleased})
	before := d.kinds()
	same(d, "what was sent", d.withdraw(seqs[:4]...), store.Decided{Left: 4})
	same(d, "the log after nothing", d.kinds(), before)
	same(d, "what was released, and one twice", d.withdraw(seqs[4], seqs[5], seqs[5]), store.Decided{Changed: 2, Left: 1})
	same(d, "again", d.withdraw(seqs[4], seqs[5]), store.Decided{Left: 2})
	same(d, "decisions about one that was named twice", len(d.decisions(seqs[5])), 1)
	if _, err := d.Outbox.Withdraw(d.ctx, []uint64{seqs[0], 99}, decision(event.ReasonWithdrawn), d.now); !errors.Is(err, store.ErrNotFound) {
		d.Errorf("withdrawing an event that is not there: %v", err)
	}
}

func decisionWrong(d *desk) {
	seqs := d.queueN("e", 1)
	b := d.unknown("u", 1)
	for name, by := range map[string]store.Decision{
		"nobody":         {Reason: event.ReasonWithdrawn},
		"another reason": {By: "anna", Reason: event.ReasonReplaced},
		"a long note":    {By: "anna", Reason: event.ReasonWithdrawn, Note: strings.Repeat("x", store.MaxNote+1)},
	} {
		if _, err := d.Outbox.Withdraw(d.ctx, seqs, by, d.now); err == nil {
			d.Errorf("%s withdraws", name)
		}
		if _, err := d.Outbox.Requeue(d.ctx, []store.Requeued{{Seq: seqs[0]}}, by, d.now); err == nil {
			d.Errorf("%s requeues", name)
		}
		for _, sent := range []bool{true, false} {
			if _, err := d.Outbox.Resolve(d.ctx, b.Number, sent, by, d.now); err == nil {
				d.Errorf("%s resolves", name)
			}
		}
	}
	if _, err := d.Outbox.Resolve(d.ctx, b.Number, true, decision(event.ReasonResolvedNotSent), d.now); err == nil {
		d.Error("a batch is resolved as sent because it was not sent")
	}
	d.states(store.StatePending, seqs...)
	d.states(store.StateInFlight, b.Seqs...)
}

func requeue(d *desk) {
	soon := d.now.Add(time.Minute)
	seqs := d.queue(d.row("rejected"), d.row("expired", until(soon)), d.row("late", until(d.now)), d.row("withdrawn"))
	d.settle(store.Settlement{Batch: d.begin(seqs[0]).Number, Verdict: store.VerdictRejected, Reason: event.ReasonRejectedByMeta,
		Attempt: store.Attempt{Code: 100, Subcode: 2804003, Messages: []string{"no"}}})
	d.withdraw(seqs[3])
	d.now = soon
	same(d, "expired", d.expire(main, d.now, 100), 1)
	same(d, "with the deadlines that they have", d.requeue(0, seqs...), store.Decided{Changed: 2, Left: 2})
	d.states(store.StatePending, seqs[0], seqs[3])
	deadline := d.now.Add(time.Hour).Unix()
	same(d, "with later ones", d.requeue(deadline, seqs[1], seqs[2]), store.Decided{Changed: 2})
	d.reopen()
	for i, want := range []int64{d.row("x").Deadline - 60, deadline, deadline, d.row("x").Deadline - 60} {
		e := d.event(seqs[i])
		same(d, e.EventID, []any{e.State, e.Reason, e.RejectCode, e.Late, e.Deadline, e.Decided}, []any{store.StatePending, "", 0, false, want, true})
	}
	same(d, "the log", d.kinds(), "created file_opened file_closed batch_settled withdrawn expired requeued requeued")
	same(d, "the decisions", len(d.decisions(seqs[3])), 2)
	var planned []string
	for _, r := range d.plan(store.PlanQuery{Dataset: main, Limit: 9}) {
		planned = append(planned, fmt.Sprint(r.EventID, r.Deadline == deadline))
	}
	same(d, "planned", planned, []string{"expiredtrue", "latetrue", "rejectedfalse", "withdrawnfalse"})
	b := d.begin(seqs...)
	rows, err := d.Outbox.BatchRows(d.ctx, b.Number)
	d.must(err)
	same(d, "the deadline of a row that is sent", rows[1].Deadline, deadline)
	d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged})
	d.states(store.StateAcknowledged, seqs...)
	// What Meta said at first is still there to be read.
	batches := d.batches(store.Filter{Seq: seqs[0]})
	same(d, "the batches of the rejected one", []any{len(batches), batches[1].State, batches[1].Attempts[0].Code}, []any{2, store.BatchRejected, 100})
}

func requeueNever(d *desk) {
	pending := d.queueN("p", 1)
	sending := d.begin(d.queueN("s", 1)...).Seqs
	acknowledged := d.settle(store.Settlement{Batch: d.begin(d.queueN("a", 1)...).Number, Verdict: store.VerdictAcknowledged}).Seqs
	held := d.settle(store.Settlement{Batch: d.begin(d.queueN("h", 1)...).Number, Verdict: store.VerdictHeld, MaybeSent: true}).Seqs
	rejected := d.settle(store.Settlement{Batch: d.begin(d.queueN("r", 1)...).Number, Verdict: store.VerdictRejected,
		Reason: event.ReasonRejectedByMeta, MaybeSent: true}).Seqs
	late := d.queue(d.row("late", until(d.now)))
	replaced := d.queue(d.row("old", content(1)))
	d.add(d.open("b.csv").Number, record(d.row("old", content(2), replacing)))
	b := d.unknown("expired", 1)
	d.now = d.now.Add(7 * 24 * time.Hour)
	_, err := d.Outbox.Conclude(d.ctx, store.Settlement{Batch: b.Number, Verdict: store.VerdictExpired}, d.now)
	d.must(err)
	before := d.kinds()
	for name, seqs := range map[string][]uint64{"pending": pending, "being sent": sending, "acknowledged": acknowledged, "held": held,
		"rejected, possibly sent": rejected, "replaced": replaced, "expired, possibly sent": b.Seqs} {
		state := d.event(seqs[0]).State
		same(d, name, d.requeue(d.now.Add(time.Hour).Unix(), seqs...), store.Decided{Left: 1})
		d.states(state, seqs...)
	}
	same(d, "one whose new deadline is past", d.requeue(d.now.Unix(), late...), store.Decided{Left: 1})
	same(d, "the log", d.kinds(), before)
	if _, err := d.Outbox.Requeue(d.ctx, []store.Requeued{{Seq: 99}}, decision(event.ReasonRequeued), d.now); !errors.Is(err, store.ErrNotFound) {
		d.Errorf("requeueing an event that is not there: %v", err)
	}
}

func requeueExpires(d *desk) {
	seqs := d.queue(d.row("late", until(d.now)), d.row("other"))
	deadline := d.now.Add(time.Hour)
	d.requeue(deadline.Unix(), seqs[0])
	d.withdraw(seqs[0])
	d.requeue(d.now.Unix()+1, seqs[0]) // never earlier
	same(d, "its deadline", d.event(seqs[0]).Deadline, deadline.Unix())
	d.now = deadline.Add(-time.Second)
	same(d, "expired", d.expire(main, d.now, 100), 0)
	d.now = deadline
	same(d, "expired", d.expire(main, d.now, 100), 1)
	e := d.event(seqs[0])
	same(d, "the event", []any{e.State, e.Reason, e.Late}, []any{store.StateExpired, event.ReasonExpiredWaiting, false})
	var reasons []event.Reason
	for _, x := range d.decisions(seqs[0]) {
		reasons = append(reasons, x.Reason)
	}
	same(d, "its decisions", reasons, []event.Reason{event.ReasonRequeued, event.ReasonWithdrawn, event.ReasonRequeued})
}

// requeueDropped requeues rows that left a batch that goes on.
func requeueDropped(d *desk) {
	seqs := d.queue(d.row("a"), d.row("b", until(d.now.Add(time.Minute))), d.row("c", until(d.now.Add(2*time.Minute))))
	b := d.begin(seqs...)
	d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictReady})
	d.now = d.now.Add(time.Minute)
	_, err := d.Outbox.Retry(d.ctx, b.Number, seqs[1:2], event.Hash{2}, d.now)
	d.must(err)
	same(d, "requeued while its batch is sent", d.requeue(d.now.Add(time.Hour).Unix(), seqs[1]), store.Decided{Changed: 1})
	d.sound()
	d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictUnknown, MaybeSent: true})
	d.sound()
	d.now = d.now.Add(time.Minute)
	_, err = d.Outbox.Retry(d.ctx, b.Number, seqs[2:], event.Hash{2}, d.now)
	d.must(err)
	same(d, "requeued when it may have arrived", d.requeue(d.now.Add(time.Hour).Unix(), seqs[2]), store.Decided{Left: 1})
	d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged})
	d.sound()
	d.settle(store.Settlement{Batch: d.begin(seqs[1]).Number, Verdict: store.VerdictHeld, MaybeSent: true})
}

func resolve(d *desk) {
	for name, c := range map[string]struct {
		held, sent bool
		batch      store.BatchState
		event      store.State
	}{
		"held, sent":        {true, true, store.BatchAcknowledged, store.StateAcknowledged},
		"held, not sent":    {true, false, store.BatchReleased, store.StatePending},
		"unknown, sent":     {false, true, store.BatchAcknowledged, store.StateAcknowledged},
		"unknown, not sent": {false, false, store.BatchReleased, store.StatePending},
	} {
		b := d.unknown(name, 2)
		if c.held {
			_, err := d.Outbox.Conclude(d.ctx, store.Settlement{Batch: b.Number, Verdict: store.VerdictHeld}, d.now)
			d.must(err)
		}
		d.now = d.now.Add(time.Hour)
		got := d.resolve(b.Number, c.sent)
		d.reopen()
		again, err := d.Outbox.Batch(d.ctx, b.Number)
		d.must(err)
		want := store.Resolution{At: d.now, By: "anna", Sent: c.sent, Note: "the till was wrong"}
		for _, b := range []store.Batch{got, again} {
			same(d, name, []any{b.State, b.NextTry.IsZero(), *b.Resolution, len(b.Attempts)}, []any{c.batch, true, want, 1})
		}
		e := d.event(b.Seqs[0])
		same(d, name+": the event", []any{e.State, e.Reason, e.PossiblySent, e.Decided}, []any{c.event, "", false, true})
		same(d, name+": its decisions", d.decisions(b.Seqs[1]), []store.DecisionEntry{{At: d.now, By: "anna", Note: want.Note,
			Reason: map[bool]event.Reason{true: event.ReasonResolvedSent, false: event.ReasonResolvedNotSent}[c.sent], Audit: d.lastEntry().N}})
		words := map[bool]string{true: "sent", false: "not sent"}[c.sent]
		same(d, name+": the entry", d.lastEntry().Detail, fmt.Sprintf("2 events of dataset %s in batch %d of unknown fate were declared %s by anna: the till was wrong", main, b.Number, words))
		open, err := d.Outbox.OpenBatches(d.ctx, main)
		d.must(err)
		same(d, name+": open batches", len(open), 0)
	}
	// What was not sent goes its way again.
	rows := d.plan(store.PlanQuery{Dataset: main, Limit: 9})
	same(d, "planned", len(rows), 4)
	d.settle(store.Settlement{Batch: d.begin(rows[0].Seq, rows[2].Seq).Number, Verdict: store.VerdictAcknowledged})
	same(d, "withdrawn", d.withdraw(rows[1].Seq), store.Decided{Changed: 1})
	same(d, "relied on Meta", d.counts().Datasets[0].Relied, 0)
}

func resolveStale(d *desk) {
	unknown := d.unknown("u", 1)
	_, err := d.Outbox.Retry(d.ctx, unknown.Number, nil, event.Hash{2}, d.now)
	d.must(err)
	ready := d.begin(d.queueN("ready", 1)...).Number
	d.settle(store.Settlement{Batch: ready, Verdict: store.VerdictReady})
	for name, n := range map[string]uint64{
		"being sent again": unknown.Number,
		"being sent":       d.begin(d.queueN("s", 1)...).Number,
		"ready":            ready,
		"acknowledged":     d.settle(store.Settlement{Batch: d.begin(d.queueN("a", 1)...).Number, Verdict: store.VerdictAcknowledged}).Number,
		"released":         d.settle(store.Settlement{Batch: d.begin(d.queueN("r", 1)...).Number, Verdict: store.VerdictReleased}).Number,
		"resolved":         d.resolve(d.unknown("twice", 1).Number, false).Number,
	} {
		for sent, reason := range map[bool]event.Reason{true: event.ReasonResolvedSent, false: event.ReasonResolvedNotSent} {
			if _, err := d.Outbox.Resolve(d.ctx, n, sent, decision(reason), d.now); !errors.Is(err, store.ErrStale) {
				d.Errorf("resolving a batch that is %s: %v, want ErrStale", name, err)
			}
		}
	}
	if _, err := d.Outbox.Resolve(d.ctx, 99, true, decision(event.ReasonResolvedSent), d.now); !errors.Is(err, store.ErrNotFound) {
		d.Errorf("resolving a batch that is not there: %v", err)
	}
}

// resolvePart resolves parts of a batch that was split.
func resolvePart(d *desk) {
	b := d.begin(d.queueN("e", 4)...)
	b = d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictSplit, Children: []int{1, 1, 2}})
	for _, n := range b.Children[:2] {
		_, err := d.Outbox.Retry(d.ctx, n, nil, event.Hash{2}, d.now)
		d.must(err)
		d.settle(store.Settlement{Batch: n, Verdict: store.VerdictUnknown, MaybeSent: true})
	}
	d.resolve(b.Children[0], true)
	d.resolve(b.Children[1], false)
	d.states(store.StateAcknowledged, b.Seqs[0])
	d.states(store.StatePending, b.Seqs[1])
	d.states(store.StateInFlight, b.Seqs[2:]...)
	_, err := d.Outbox.Conclude(d.ctx, store.Settlement{Batch: b.Children[2], Verdict: store.VerdictReleased}, d.now)
	d.must(err)
}

func resolveDropped(d *desk) {
	seqs := d.queue(d.row("a"), d.row("b", until(d.now.Add(time.Minute))))
	b := d.begin(seqs...)
	d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictUnknown, MaybeSent: true})
	d.now = d.now.Add(time.Minute)
	_, err := d.Outbox.Retry(d.ctx, b.Number, seqs[1:], event.Hash{2}, d.now)
	d.must(err)
	d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictUnknown, MaybeSent: true})
	d.resolve(b.Number, false)
	d.states(store.StatePending, seqs[0])
	e := d.event(seqs[1])
	same(d, "the row that left", []any{e.State, e.PossiblySent, e.Reason, e.Decided}, []any{store.StateExpired, true, event.ReasonExpiredPossiblySent, false})
}

func relied(d *desk) {
	again := func(n uint64, s store.Settlement) {
		_, err := d.Outbox.Retry(d.ctx, n, nil, event.Hash{2}, d.now)
		d.must(err)
		s.Batch = n
		d.settle(s)
	}
	first := d.settle(store.Settlement{Batch: d.begin(d.queueN("first", 2)...).Number, Verdict: store.VerdictAcknowledged, MaybeSent: true})
	second := d.unknown("second", 3)
	again(second.Number, store.Settlement{Verdict: store.VerdictAcknowledged})
	third := d.unknown("third", 1)
	again(third.Number, store.Settlement{Verdict: store.VerdictAcknowledged, MaybeSent: true})
	parts := d.unknown("parts", 2)
	_, err := d.Outbox.Conclude(d.ctx, store.Settlement{Batch: parts.Number, Verdict: store.VerdictSplit, Children: []int{1, 1}}, d.now)
	d.must(err)
	for _, n := range []uint64{parts.Number + 1, parts.Number + 2} {
		again(n, store.Settlement{Verdict: store.VerdictAcknowledged})
	}
	for seqs, want := range map[*store.Batch]bool{&first: false, &second: true, &third: true, &parts: true} {
		for _, seq := range seqs.Seqs {
			e := d.event(seq)
			same(d, e.EventID, []any{e.State, e.PossiblySent}, []any{store.StateAcknowledged, want})
		}
	}
	same(d, "counted", d.counts().Datasets[0].Relied, 6)
	same(d, "states", d.counts().Datasets[0].Events, map[store.State]uint64{store.StateAcknowledged: 8})
}
