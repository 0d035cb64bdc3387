package storetest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
)

// erasing tries what is taken out at a person's request.
func erasing() map[string]func(*desk) {
	return map[string]func(*desk){
		"erase":                                erase,
		"an erased event in any other state":   eraseStates,
		"an erased event comes again":          erasedAgain,
		"what is erased is retracted":          erasedRetracted,
		"erased events stay as they are":       erasedStays,
		"the proof of a batch":                 eraseProof,
		"the proof of a batch that was split":  eraseSplit,
		"what left a batch is erased":          eraseDropped,
		"a batch that its events do not make":  eraseUnproven,
		"people are forgotten":                 forget,
		"suppressed":                           suppressed,
		"erasing what is not there, by nobody": eraseWrong,
	}
}

func (d *desk) erase(seqs ...uint64) store.Decided {
	d.Helper()
	out, err := d.Outbox.Erase(d.ctx, seqs, decision(event.ReasonErased), d.now)
	d.must(err)
	return out
}

// mail gives a row an e-mail address, a click id and something that was bought.
func mail(hash byte) func(*store.NewRow, *event.Event) {
	return func(_ *store.NewRow, e *event.Event) {
		e.User.AddHash(event.Email, bytes32(hash))
		e.User.SetPlain(event.FBC, "fb.1.1600000000000.click") // too old, so that it is not sent
		e.Custom.ContentName = "a book about " + e.ID
	}
}

func bytes32(b byte) event.Hash { return event.Hash(bytes.Repeat([]byte{b}, 32)) }

// sums are those of the events that rows make.
func (d *desk) sums(seqs ...uint64) (sums []event.Hash) {
	d.Helper()
	for _, seq := range seqs {
		var e event.Event
		d.must(e.DecodeBinary(d.event(seq).Payload))
		sums = append(sums, e.Sum())
	}
	return sums
}

// send begins a batch with the body that the rows make now.
func (d *desk) send(seqs ...uint64) store.Batch {
	d.Helper()
	b, err := d.Outbox.Begin(d.ctx, store.Intent{Dataset: main, Rows: seqs, BodySHA256: d.body(seqs...)}, d.now)
	d.must(err)
	return b
}

func (d *desk) body(seqs ...uint64) event.Hash {
	d.Helper()
	data := []byte("[")
	for i, seq := range seqs {
		var e event.Event
		d.must(e.DecodeBinary(d.event(seq).Payload))
		e.DropOldClick(d.now)
		if i > 0 {
			data = append(data, ',')
		}
		data = e.AppendJSON(data)
	}
	return sha256.Sum256(append(data, ']'))
}

func (d *desk) batch(n uint64) store.Batch {
	d.Helper()
	b, err := d.Outbox.Batch(d.ctx, n)
	d.must(err)
	return b
}

func erase(d *desk) {
	seqs := d.queue(d.row("a", mail(1), d.worth("12.50")), d.row("b", mail(2)), d.row("c", mail(3), in(other)))
	sum := d.sums(seqs[0])[0]
	d.now = d.now.Add(time.Minute)
	same(d, "the decision", d.erase(seqs[0], seqs[2], seqs[0]), store.Decided{Changed: 2})
	same(d, "the log", d.kinds(), "created file_opened file_closed erased")
	same(d, "the entry", d.lastEntry().Detail, "1 events of dataset "+main+", 1 events of dataset "+other+" were erased by anna: the till was wrong")
	d.reopen()
	e := d.event(seqs[0])
	same(d, "the event", []any{e.State, e.Reason, e.Emptied, e.Sum, e.RecordKey, e.EventID, e.Decided, e.Line},
		[]any{store.StateErased, event.ReasonErased, store.EmptiedErased, sum, "", "a", true, 2})
	want := event.Event{Name: "Purchase", ID: "a", Time: e.EventTime, ActionSource: "physical_store"}
	want.Custom.Value, want.Custom.Currency = d.money("12.50"), "EUR"
	if !bytes.Equal(e.Payload, want.AppendBinary(nil)) {
		d.Errorf("%x is kept of the event, want %x", e.Payload, want.AppendBinary(nil))
	}
	for name, f := range map[string]store.Filter{"person": {Person: []event.HashedValue{{Key: event.Email, Hash: bytes32(1)}}}, "order": {OrderID: "order-a"},
		"record key": {RecordKey: "K-a"}} {
		same(d, "found by its "+name, len(d.events(f)), 0)
	}
	same(d, "found by its id", len(d.events(store.Filter{EventID: "a"})), 1)
	same(d, "erased", len(d.events(store.Filter{State: store.StateErased})), 2)
	same(d, "planned", len(d.plan(store.PlanQuery{Dataset: main, Limit: 9})), 1)
	same(d, "its decision", d.decisions(seqs[0]), []store.DecisionEntry{{At: d.now, By: "anna", Reason: event.ReasonErased, Note: "the till was wrong", Audit: 4}})
	same(d, "again", d.erase(seqs...), store.Decided{Changed: 1})
	same(d, "a third time", d.erase(seqs...), store.Decided{})
	same(d, "its decisions", len(d.decisions(seqs[0])), 1)
	d.now = d.now.Add(30 * 24 * time.Hour)
	same(d, "expired", d.expire(main, d.now, 100), 0)
}

// everyState makes an event of every state, with its number.
func (d *desk) everyState() map[store.State]uint64 {
	d.Helper()
	seqs := d.queue(d.row("pending", mail(1)), d.row("in_flight", mail(1)), d.row("acknowledged", mail(1)), d.row("rejected", mail(1)),
		d.row("expired", mail(1), until(d.now.Add(time.Minute))), d.row("held", mail(1)), d.row("withdrawn", mail(1)))
	d.send(seqs[1])
	d.settle(store.Settlement{Batch: d.send(seqs[2]).Number, Verdict: store.VerdictAcknowledged})
	d.settle(store.Settlement{Batch: d.send(seqs[3]).Number, Verdict: store.VerdictRejected, Reason: event.ReasonRejectedByMeta})
	d.settle(store.Settlement{Batch: d.send(seqs[5]).Number, Verdict: store.VerdictHeld, MaybeSent: true})
	d.withdraw(seqs[6])
	d.now = d.now.Add(time.Minute)
	same(d, "expired", d.expire(main, d.now, 100), 1)
	of := map[store.State]uint64{}
	for _, seq := range seqs {
		of[d.event(seq).State] = seq
	}
	return of
}

func eraseStates(d *desk) {
	of := d.everyState()
	reasons := map[store.State]event.Reason{}
	var all []uint64
	for s, seq := range of {
		reasons[s] = d.event(seq).Reason
		all = append(all, seq)
	}
	same(d, "the decision", d.erase(all...), store.Decided{Changed: 5, Left: 2})
	same(d, "again", d.erase(all...), store.Decided{Left: 2})
	for s, seq := range of {
		e := d.event(seq)
		switch s {
		case store.StatePending:
			same(d, "a pending event", []any{e.State, e.Reason, e.Emptied}, []any{store.StateErased, event.ReasonErased, store.EmptiedErased})
		case store.StateInFlight, store.StateHeld:
			same(d, fmt.Sprint("one that is ", s), []any{e.State, e.Emptied, e.RecordKey}, []any{s, store.NotEmptied, "K-" + s.String() + " · S1"})
		default:
			same(d, fmt.Sprint("one that is ", s), []any{e.State, e.Reason, e.Emptied, e.RecordKey}, []any{s, reasons[s], store.EmptiedErased, ""})
		}
	}
	same(d, "requeued", d.requeue(d.now.Add(time.Hour).Unix(), all...), store.Decided{Left: 7})
	same(d, "withdrawn", d.withdraw(all...), store.Decided{Left: 7})
	d.states(store.StateHeld, of[store.StateHeld])
	b := d.resolve(d.event(of[store.StateHeld]).Batch, false)
	same(d, "erased once it was resolved", d.erase(b.Seqs...), store.Decided{Changed: 1})
	d.states(store.StateErased, b.Seqs...)
	d.settle(store.Settlement{Batch: d.event(of[store.StateInFlight]).Batch, Verdict: store.VerdictReleased})
	same(d, "erased once it was released", d.erase(of[store.StateInFlight]), store.Decided{Changed: 1})
}

func erasedAgain(d *desk) {
	seqs := d.queue(d.row("a", mail(1)), d.row("b", mail(1)), d.row("c", mail(1)), d.row("d", mail(1), content(1)), d.row("e", mail(1)))
	d.settle(store.Settlement{Batch: d.send(seqs[1]).Number, Verdict: store.VerdictAcknowledged})
	d.withdraw(seqs[2])
	same(d, "replaced", len(d.add(d.open("n.csv").Number, record(d.row("d", content(2), replacing, mail(1)))).Replaced), 1)
	same(d, "a conflict before", d.add(d.open("o.csv").Number, record(d.row("e", content(50)))).Fates, []store.Fate{store.FateConflict})
	newest := seqs[4] + 1
	same(d, "erased", d.erase(append(seqs, newest)...), store.Decided{Changed: 6})
	res := d.add(d.open("again.csv").Number, record(d.row("a")), record(d.row("a", content(9))), record(d.row("a", content(9), replacing)),
		record(d.row("b", content(9))), record(d.row("c", value("another"))), record(d.row("c", content(9))), record(d.row("d", content(1), replacing)),
		record(d.row("d", content(2)), d.row("d", content(9))), record(d.row("e", content(51))), record(d.row("new")))
	same(d, "Fates", res.Fates, append(slices.Repeat([]store.Fate{store.FateDuplicate}, 9), store.FateAccepted))
	same(d, "Conflicts, Replaced, Withdrawn", []any{len(res.Conflicts), len(res.Replaced), res.Withdrawn}, []any{0, 0, 0})
	d.states(store.StateErased, seqs[0], newest)
	d.states(store.StateWithdrawn, seqs[2], seqs[3])
	same(d, "the reason of the replaced one", d.event(seqs[3]).Reason, event.ReasonReplaced)
	same(d, "what disagreed before", d.event(seqs[4]).Conflicts, 1)
}

func erasedRetracted(d *desk) {
	seqs := d.queue(d.row("pending", mail(1)), d.row("sent", mail(1)), d.row("withdrawn", mail(1)))
	d.settle(store.Settlement{Batch: d.send(seqs[1]).Number, Verdict: store.VerdictAcknowledged})
	d.withdraw(seqs[2])
	d.erase(seqs...)
	res := d.add(d.open("b.csv").Number, retracts(event.ReasonRefunded, "pending", "sent", "withdrawn"), retracts(event.ReasonNoLongerQualified, "pending", "sent"))
	same(d, "Retracted, Conflicts", []any{len(res.Retracted), len(res.Conflicts)}, []any{0, 0})
	for i, want := range []string{"erased erased", "acknowledged ", "withdrawn withdrawn"} {
		same(d, "an erased event", d.state(seqs[i]), want)
	}
}

// erasedStays halts and lets go, expires and sends what is around erased events.
func erasedStays(d *desk) {
	f := d.open("halted.csv")
	d.add(f.Number, record(d.row("a", halted)), record(d.row("b", halted)), record(d.row("c")))
	d.close(f)
	d.halt(store.HaltKey{Kind: store.HaltFile, File: f.Number}, "It looks wrong.")
	same(d, "erased", d.erase(1), store.Decided{Changed: 1})
	d.sound()
	for _, h := range d.halts() {
		same(d, "what a halt keeps", h.Events, map[store.HaltKind]uint64{store.HaltFile: 2, store.HaltEvents: 1}[h.Kind])
	}
	same(d, "let go", d.allow(store.HaltKey{Kind: store.HaltFile, File: f.Number}), 2)
	same(d, "planned", d.planned(main), []uint64{2, 3})
}

func eraseProof(d *desk) {
	seqs := d.queue(d.row("a", mail(1)), d.row("b", mail(2)), d.row("c", mail(3)), d.row("d", mail(4)))
	sums := d.sums(seqs...)
	sent := []uint64{seqs[2], seqs[0], seqs[1]}
	body := d.body(sent...)
	released := d.settle(store.Settlement{Batch: d.send(sent[:2]...).Number, Verdict: store.VerdictReleased})
	b := d.settle(store.Settlement{Batch: d.send(sent...).Number, Verdict: store.VerdictAcknowledged})
	d.settle(store.Settlement{Batch: d.send(seqs[3]).Number, Verdict: store.VerdictAcknowledged})
	same(d, "the proofs before", len(d.batch(b.Number).Proofs), 0)
	same(d, "erased", d.erase(seqs[1]), store.Decided{Changed: 1})
	want := []store.Proof{{Body: body, Events: 3, Sums: store.SumOver(sums[:3]), Audit: d.lastEntry().N - 1}}
	same(d, "the proofs", d.batch(b.Number).Proofs, want)
	same(d, "those of a batch without it", len(d.batch(released.Number).Proofs)+len(d.batch(b.Number+1).Proofs), 0)
	var entry store.AuditEntry
	d.must(d.Outbox.Audit(d.ctx, want[0].Audit, func(e store.AuditEntry) bool { entry = e; return false }))
	same(d, "the entry", []string{entry.Kind, entry.Detail}, []string{"anchored",
		fmt.Sprintf("batch %d of dataset %s, before events of it are emptied; body %x of 3 events, sums %x", b.Number, main, body, want[0].Sums)})
	d.sound()
	d.reopen()
	same(d, "the sums afterwards", append(d.sums(seqs[0]), d.event(seqs[1]).Sum, d.sums(seqs[2])[0]), sums[:3])
	same(d, "the rest erased", d.erase(seqs[0], seqs[2]), store.Decided{Changed: 2})
	same(d, "the proofs, which stay", d.batch(b.Number).Proofs, want)
	same(d, "the proof of a batch of the rest", d.batch(released.Number).Proofs[0].Proves(), true)
}

func eraseSplit(d *desk) {
	seqs := d.queue(d.row("a", mail(1)), d.row("b", mail(2)), d.row("c", mail(3)))
	b := d.settle(store.Settlement{Batch: d.send(seqs...).Number, Verdict: store.VerdictSplit, MaybeSent: true, Children: []int{2, 1}})
	d.now = d.now.Add(time.Hour)
	_, err := d.Outbox.Retry(d.ctx, b.Children[0], nil, d.body(seqs[:2]...), d.now)
	d.must(err)
	d.settle(store.Settlement{Batch: b.Children[0], Verdict: store.VerdictAcknowledged})
	same(d, "erased", d.erase(seqs...), store.Decided{Changed: 2, Left: 1})
	d.sound()
	for i, n := range []uint64{b.Number, b.Children[0]} {
		p := d.batch(n).Proofs
		same(d, "the proof", []any{len(p), p[0].Proves(), p[0].Events}, []any{1, true, 3 - i})
	}
	same(d, "proofs of a child that goes on", len(d.batch(b.Children[1]).Proofs), 0)
	_, err = d.Outbox.Retry(d.ctx, b.Children[1], nil, d.body(seqs[2]), d.now)
	d.must(err)
	d.settle(store.Settlement{Batch: b.Children[1], Verdict: store.VerdictAcknowledged})
	same(d, "the last one", d.erase(seqs...), store.Decided{Changed: 1})
	same(d, "its proof", d.batch(b.Children[1]).Proofs[0].Proves(), true)
}

func eraseDropped(d *desk) {
	short := d.now.Add(time.Hour)
	seqs := d.queue(d.row("a", mail(1)), d.row("b", mail(2), until(short.Add(time.Minute))), d.row("c", mail(3), until(short)), d.row("d", mail(4)))
	all := []uint64{seqs[2], seqs[1], seqs[0], seqs[3]} // as they are planned
	b := d.settle(store.Settlement{Batch: d.send(all...).Number, Verdict: store.VerdictUnknown, MaybeSent: true})
	d.now = short
	_, err := d.Outbox.Retry(d.ctx, b.Number, all[:1], d.body(all[1:]...), d.now)
	d.must(err)
	d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictUnknown, MaybeSent: true})
	same(d, "erased while its batch is open", d.erase(all...), store.Decided{Changed: 1, Left: 3})
	same(d, "the proofs", len(d.batch(b.Number).Proofs), 1)
	d.sound()
	d.now = d.now.Add(time.Minute)
	_, err = d.Outbox.Retry(d.ctx, b.Number, all[1:2], d.body(all[2:]...), d.now)
	d.must(err)
	d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged})
	same(d, "the rest", d.erase(all...), store.Decided{Changed: 3})
	for i, p := range d.batch(b.Number).Proofs {
		same(d, "a proof", []any{p.Proves(), p.Events}, []any{true, 4 - i})
	}
}

func eraseUnproven(d *desk) {
	seqs := d.queue(d.row("a", mail(1)), d.row("b", mail(2)))
	b := d.settle(store.Settlement{Batch: d.begin(seqs...).Number, Verdict: store.VerdictAcknowledged})
	same(d, "erased", d.erase(seqs[0]), store.Decided{Changed: 1})
	p := d.batch(b.Number).Proofs
	same(d, "the proof", p, []store.Proof{{Body: event.Hash{1}, Events: 2, Audit: d.lastEntry().N - 1}})
	d.must(d.Outbox.Audit(d.ctx, p[0].Audit, func(e store.AuditEntry) bool {
		same(d, "the entry", e.Detail, fmt.Sprintf("batch %d of dataset %s, before events of it are emptied; body %x of 2 events, which they do not make any more",
			b.Number, main, event.Hash{1}))
		return false
	}))
}

func forget(d *desk) {
	f := d.open("contacts.csv")
	d.add(f.Number, someone(1, 11), someone(2, 12), someone(3, 11), someone(4, 14))
	d.close(f)
	of := func(email byte) func([]byte) bool {
		return func(identifiers []byte) bool {
			var u event.UserData
			return u.DecodeBinary(identifiers) == nil && u.HasHash(event.Email, event.Hash{email})
		}
	}
	n, err := d.Outbox.ForgetPeople(d.ctx, of(11), decision(event.ReasonErased), d.now)
	d.must(err)
	same(d, "forgotten", n, 2)
	same(d, "the entry", d.lastEntry().Kind+": "+d.lastEntry().Detail, "erased: 2 people that records of other files refer to were removed by anna: the till was wrong")
	before := d.kinds()
	n, err = d.Outbox.ForgetPeople(d.ctx, of(11), decision(event.ReasonErased), d.now)
	d.must(err)
	same(d, "forgotten again", n, 0)
	same(d, "the log", d.kinds(), before)
	d.reopen()
	same(d, "people", d.known(1, 2, 3, 4), []byte{0, 12, 0, 14})
	if _, err := d.Outbox.ForgetPeople(d.ctx, of(12), store.Decision{Reason: event.ReasonErased}, d.now); err == nil {
		d.Error("nobody forgets people")
	}
}

func suppressed(d *desk) {
	list := func() []event.Hash {
		sums, err := d.Outbox.Suppressed(d.ctx)
		d.must(err)
		return sums
	}
	same(d, "suppressed at first", len(list()), 0)
	d.must(d.Outbox.Suppress(d.ctx, []event.Hash{bytes32(7), bytes32(3), bytes32(7)}, "anna", d.now))
	same(d, "the entry", d.lastEntry().Kind+": "+d.lastEntry().Detail,
		"suppressed: 2 identifiers of people who were erased, so that no record brings them back, by anna")
	before := d.kinds()
	d.must(d.Outbox.Suppress(d.ctx, []event.Hash{bytes32(3)}, "anna", d.now))
	d.must(d.Outbox.Suppress(d.ctx, nil, "anna", d.now))
	same(d, "the log", d.kinds(), before)
	d.must(d.Outbox.Suppress(d.ctx, []event.Hash{bytes32(3), bytes32(5)}, "anna", d.now))
	d.reopen()
	same(d, "suppressed", list(), []event.Hash{bytes32(3), bytes32(5), bytes32(7)})
	if err := d.Outbox.Suppress(d.ctx, []event.Hash{bytes32(9)}, "", d.now); err == nil {
		d.Error("nobody suppresses")
	}
}

func eraseWrong(d *desk) {
	seqs := d.queueN("e", 1)
	for name, by := range map[string]store.Decision{"nobody": {Reason: event.ReasonErased}, "another reason": decision(event.ReasonWithdrawn)} {
		if _, err := d.Outbox.Erase(d.ctx, seqs, by, d.now); err == nil {
			d.Errorf("%s erases", name)
		}
	}
	if _, err := d.Outbox.Erase(d.ctx, []uint64{seqs[0], 99}, decision(event.ReasonErased), d.now); err == nil {
		d.Error("an event that is not there is erased")
	}
	same(d, "the event", d.event(seqs[0]).Emptied, store.NotEmptied)
	d.states(store.StatePending, seqs...)
}
