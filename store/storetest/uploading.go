package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
)

// uploading tries what moves rows from pending to acknowledged.
func uploading() map[string]func(*desk) {
	return map[string]func(*desk){
		"plan":                           plan,
		"plan within a block":            planOrder,
		"begin":                          begin,
		"begin of what is not pending":   beginStale,
		"verdicts of an attempt":         verdicts,
		"settling twice":                 settleTwice,
		"an attempt is kept":             attemptKept,
		"an unknown batch is sent again": retry,
		"a row expires in a batch":       retryDrop,
		"a retry that came late":         retryStale,
		"children inherit":               splitInherits,
		"children that do not add up":    splitWrong,
		"children set apart":             splitApart,
		"conclude":                       conclude,
		"expire":                         expire,
		"recover":                        recovered,
		"open batches":                   openBatches,
		"two begin the same":             race,
		"many at once":                   manyAtOnce,
		"circuit":                        circuit,
		"going live":                     goLive,
		"bound to an endpoint":           bound,
		"bound by many at once":          boundAtOnce,
		"a note in the audit log":        noted,
		"runs of a schedule":             runs,
		"a context that is over":         contextOver,
	}
}

func (d *desk) plan(q store.PlanQuery) []store.Row {
	d.Helper()
	if q.Now.IsZero() {
		q.Now = d.now
	}
	rows, err := d.Outbox.Plan(d.ctx, q)
	d.must(err)
	return rows
}

func plan(d *desk) {
	waits := notBefore(d.now.Add(time.Hour))
	seqs := d.queue(d.row("a"), d.row("wait", waits), d.row("short", until(d.now.Add(time.Minute))), d.row("b", in(other)),
		d.row("c", named("deal_closed")))
	planned := func(q store.PlanQuery) []uint64 {
		got := []uint64{}
		for _, r := range d.plan(q) {
			got = append(got, r.Seq)
		}
		return got
	}
	a, wait, short, b, c := seqs[0], seqs[1], seqs[2], seqs[3], seqs[4]
	same(d, "the plan", planned(store.PlanQuery{Dataset: main, Limit: 10}), []uint64{short, a, c})
	same(d, "two of it", planned(store.PlanQuery{Dataset: main, Limit: 2}), []uint64{short, a})
	same(d, "none of it", planned(store.PlanQuery{Dataset: main}), []uint64{})
	same(d, "the rest", planned(store.PlanQuery{Dataset: main, Limit: 10, Skip: map[uint64]bool{short: true, a: true}}), []uint64{c})
	same(d, "the other dataset's", planned(store.PlanQuery{Dataset: other, Limit: 10}), []uint64{b})
	same(d, "an unknown dataset's", planned(store.PlanQuery{Dataset: "55", Limit: 10}), []uint64{})
	same(d, "an hour later", planned(store.PlanQuery{Dataset: main, Limit: 10, Now: d.now.Add(time.Hour)}), []uint64{a, wait, c})
	same(d, "a second before", planned(store.PlanQuery{Dataset: main, Limit: 10, Now: d.now.Add(time.Hour - time.Second)}), []uint64{a, c})
	want := d.row("c", named("deal_closed"))
	row := d.plan(store.PlanQuery{Dataset: main, Limit: 10})[2]
	same(d, "the row", row, store.Row{Seq: c, Dataset: main, EventID: "c", EventName: "deal_closed", EventTime: want.EventTime,
		Deadline: want.Deadline, Source: "deals", Payload: want.Payload})
}

func planOrder(d *desk) {
	var rows []store.NewRow
	for i := range 120 {
		rows = append(rows, d.row(fmt.Sprint(i), until(d.now.Add(time.Duration(1+i*37%120)*time.Minute))))
	}
	d.queue(rows...)
	got := d.plan(store.PlanQuery{Dataset: main, Limit: 200})
	if len(got) != 120 || !slices.IsSortedFunc(got, func(a, b store.Row) int { return int(a.Deadline - b.Deadline) }) {
		d.Errorf("%d rows are planned, not in order of their deadlines", len(got))
	}
}

func begin(d *desk) {
	seqs := d.queueN("e", 3)
	b := d.begin(seqs[2], seqs[0])
	want := store.Batch{Number: 1, Dataset: main, State: store.BatchSending, Events: 2, Seqs: []uint64{seqs[2], seqs[0]}, CreatedAt: d.now,
		Attempts: []store.Attempt{{N: 1, StartedAt: d.now, BodySHA256: event.Hash{1}, Events: 2}}}
	same(d, "the batch", b, want)
	d.states(store.StateInFlight, seqs[0], seqs[2])
	d.states(store.StatePending, seqs[1])
	same(d, "the event's batch", d.event(seqs[0]).Batch, 1)
	d.reopen()
	got, err := d.Outbox.Batch(d.ctx, 1)
	d.must(err)
	same(d, "the batch after opening again", got, want)
	same(d, "planned", len(d.plan(store.PlanQuery{Dataset: main, Limit: 9})), 1)
}

func beginStale(d *desk) {
	seqs := d.queue(d.row("pending"), d.row("sending"), d.row("short", until(d.now.Add(time.Minute))),
		d.row("wait", notBefore(d.now.Add(time.Hour))), d.row("other", in(other)))
	d.begin(seqs[1])
	d.now = d.now.Add(time.Minute)
	for name, c := range map[string]struct {
		rows []uint64
		want error
	}{
		"in flight":          {[]uint64{seqs[0], seqs[1]}, store.ErrStale},
		"past its deadline":  {[]uint64{seqs[0], seqs[2]}, store.ErrStale},
		"not before":         {[]uint64{seqs[3], seqs[0]}, store.ErrStale},
		"unknown":            {[]uint64{seqs[0], 99}, store.ErrNotFound},
		"zero":               {[]uint64{0}, store.ErrNotFound},
		"of another dataset": {[]uint64{seqs[0], seqs[4]}, nil},
		"nothing":            {nil, nil},
		"named twice":        {[]uint64{seqs[0], seqs[0]}, nil},
	} {
		_, err := d.Outbox.Begin(d.ctx, store.Intent{Dataset: main, Rows: c.rows}, d.now)
		if err == nil || c.want != nil && !errors.Is(err, c.want) {
			d.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := d.Outbox.Begin(d.ctx, store.Intent{Dataset: "55", Rows: seqs[:1]}, d.now); !errors.Is(err, store.ErrNotFound) {
		d.Errorf("an unknown dataset: %v", err)
	}
	d.states(store.StatePending, seqs[0], seqs[2], seqs[3], seqs[4])
	same(d, "batches", len(d.batches(store.Filter{})), 1)
}

func verdicts(d *desk) {
	none := store.BatchState(0)
	for name, c := range map[string]struct {
		events    int
		verdict   store.Verdict
		maybe     bool
		children  []int
		late      bool
		wantBatch store.BatchState // none: refused
		wantEvent store.State
	}{
		"acknowledged":            {2, store.VerdictAcknowledged, false, nil, false, store.BatchAcknowledged, store.StateAcknowledged},
		"acknowledged, maybe":     {1, store.VerdictAcknowledged, true, nil, false, store.BatchAcknowledged, store.StateAcknowledged},
		"released":                {2, store.VerdictReleased, false, nil, false, store.BatchReleased, store.StatePending},
		"released, maybe":         {2, store.VerdictReleased, true, nil, false, none, 0},
		"rejected":                {1, store.VerdictRejected, false, nil, false, store.BatchRejected, store.StateRejected},
		"rejected, two":           {2, store.VerdictRejected, false, nil, false, none, 0},
		"split":                   {3, store.VerdictSplit, false, []int{1, 2}, false, store.BatchSplit, store.StateInFlight},
		"unknown":                 {2, store.VerdictUnknown, true, nil, false, store.BatchUnknown, store.StateInFlight},
		"unknown, never sent":     {2, store.VerdictUnknown, false, nil, false, none, 0},
		"held":                    {2, store.VerdictHeld, true, nil, false, store.BatchHeld, store.StateHeld},
		"held, never sent":        {2, store.VerdictHeld, false, nil, false, none, 0},
		"ready":                   {2, store.VerdictReady, false, nil, false, store.BatchReady, store.StateInFlight},
		"ready, maybe":            {2, store.VerdictReady, true, nil, false, none, 0},
		"expired":                 {2, store.VerdictExpired, false, nil, true, store.BatchExpired, store.StateExpired},
		"expired, maybe":          {2, store.VerdictExpired, true, nil, true, store.BatchExpired, store.StateExpired},
		"expired before its time": {2, store.VerdictExpired, true, nil, false, none, 0},
		"no verdict":              {2, 0, false, nil, false, none, 0},
	} {
		seqs := d.queueN(name, c.events)
		b := d.begin(seqs...)
		began := d.now
		if c.late {
			d.now = d.now.Add(7 * 24 * time.Hour)
		}
		got, err := d.Outbox.Settle(d.ctx, store.Settlement{Batch: b.Number, Verdict: c.verdict, MaybeSent: c.maybe, Children: c.children,
			NextTry: d.now.Add(time.Minute), Reason: event.ReasonRejectedByMeta, Attempt: store.Attempt{Code: 100, Subcode: 2804003}}, d.now)
		if c.wantBatch == none {
			if err == nil {
				d.Errorf("%s: it is settled as %s", name, got.State)
			}
			d.states(store.StateInFlight, seqs...)
			continue
		}
		if err != nil {
			d.Errorf("%s: %v", name, err)
			continue
		}
		same(d, name+": state", got.State, c.wantBatch)
		d.states(c.wantEvent, seqs...)
		e := d.event(seqs[0])
		same(d, name+": possibly sent", e.PossiblySent, c.maybe && (e.State == store.StateHeld || e.State == store.StateExpired || e.State == store.StateRejected))
		same(d, name+": possibly sent at first", got.FirstMaybeAt.Equal(began), c.maybe)
		same(d, name+": next try", got.NextTry.IsZero(), c.verdict != store.VerdictUnknown)
		if c.wantEvent == store.StateRejected && (e.Reason != event.ReasonRejectedByMeta || e.RejectCode != 100 || e.RejectSubcode != 2804003) {
			d.Errorf("%s: the reason is %q, code %d, subcode %d", name, e.Reason, e.RejectCode, e.RejectSubcode)
		}
	}
}

func settleTwice(d *desk) {
	b := d.begin(d.queueN("e", 2)...)
	s := store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged}
	d.settle(s)
	for _, v := range []store.Verdict{store.VerdictAcknowledged, store.VerdictReleased, store.VerdictSplit} {
		s.Verdict = v
		if _, err := d.Outbox.Settle(d.ctx, s, d.now); !errors.Is(err, store.ErrStale) {
			d.Errorf("settling again with verdict %d: %v, want ErrStale", v, err)
		}
		if _, err := d.Outbox.Conclude(d.ctx, s, d.now); !errors.Is(err, store.ErrStale) {
			d.Errorf("concluding with verdict %d: %v, want ErrStale", v, err)
		}
	}
	if _, err := d.Outbox.Settle(d.ctx, store.Settlement{Batch: 99, Verdict: store.VerdictAcknowledged}, d.now); !errors.Is(err, store.ErrNotFound) {
		d.Errorf("an unknown batch: %v", err)
	}
}

func attemptKept(d *desk) {
	b := d.begin(d.queueN("e", 2)...)
	started := d.now
	d.now = d.now.Add(1500 * time.Millisecond)
	a := store.Attempt{N: 77, StartedAt: time.Unix(1, 0), BodySHA256: event.Hash{9}, Events: 77, EndedAt: d.now, End: "acknowledged",
		HTTPStatus: 200, EventsReceived: 2, Code: -1, Subcode: 7, FBTraceID: "trace", Messages: []string{"m1", "m2"}, Error: "e"}
	got := d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged, Attempt: a})
	a.N, a.StartedAt, a.BodySHA256, a.Events = 1, started, event.Hash{1}, 2
	same(d, "the attempts", got.Attempts, []store.Attempt{a})
	d.reopen()
	stored, err := d.Outbox.Batch(d.ctx, b.Number)
	d.must(err)
	same(d, "the attempts after opening again", stored.Attempts, got.Attempts)
}

func circuit(d *desk) {
	read := func(dataset string) store.Circuit {
		c, err := d.Outbox.Circuit(d.ctx, dataset)
		d.must(err)
		return c
	}
	same(d, "the circuit of a dataset that never failed", read(main), store.Circuit{Dataset: main})
	c := store.Circuit{Dataset: main, State: store.CircuitOpen, Class: "throttle", Reason: "Meta asks to wait.", Code: 80004, Subcode: 1,
		Since: d.now, Until: d.now.Add(time.Hour), Failures: 3, TokenSum: "0011223344556677"}
	d.must(d.Outbox.SetCircuit(d.ctx, c, d.now))
	c.Failures = 4
	d.must(d.Outbox.SetCircuit(d.ctx, c, d.now))
	d.reopen()
	same(d, "the circuit", read(main), c)
	same(d, "another dataset's", read(other), store.Circuit{Dataset: other})
	c = store.Circuit{Dataset: main}
	d.must(d.Outbox.SetCircuit(d.ctx, c, d.now))
	same(d, "the closed circuit", read(main), c)
	same(d, "the audit log", d.kinds(), "created circuit circuit")
	if err := d.Outbox.SetCircuit(d.ctx, store.Circuit{}, d.now); err == nil {
		d.Error("a circuit without a dataset is set")
	}
}

func goLive(d *desk) {
	live := func(dataset string) bool {
		is, err := d.Outbox.Live(d.ctx, dataset)
		d.must(err)
		return is
	}
	same(d, "live at first", live(main), false)
	if err := d.Outbox.GoLive(d.ctx, main, "", d.now); err == nil {
		d.Error("nobody allowed it")
	}
	d.must(d.Outbox.GoLive(d.ctx, main, "anna", d.now))
	d.reopen()
	same(d, "live", []bool{live(main), live(other)}, []bool{true, false})
	same(d, "the audit log", d.kinds(), "created go_live")
}

func runs(d *desk) {
	read := func(schedule string) store.Run {
		r, err := d.Outbox.LastRun(d.ctx, schedule)
		d.must(err)
		return r
	}
	same(d, "the run of a schedule that never ran", read("upload"), store.Run{})
	r := store.Run{ScheduledAt: d.now, StartedAt: d.now.Add(time.Second), Summary: "Sent 3 events."}
	d.must(d.Outbox.SetRun(d.ctx, "upload", r))
	d.must(d.Outbox.SetRun(d.ctx, "", store.Run{EndedAt: d.now}))
	d.reopen()
	same(d, "the last run", read("upload"), r)
	same(d, "the run without a name", read(""), store.Run{EndedAt: d.now})
}

func contextOver(d *desk) {
	seqs := d.queueN("e", 2)
	ctx, cancel := context.WithCancel(d.ctx)
	cancel()
	b := d.Outbox
	for name, err := range map[string]error{
		"OpenFile":   second(b.OpenFile(ctx, store.NewFile{}, d.now)),
		"Import":     second(b.Import(ctx, 1, store.Chunk{First: 1}, d.now)),
		"CloseFile":  second(b.CloseFile(ctx, 1, store.FileEnd{State: store.FileImported}, d.now)),
		"Plan":       second(b.Plan(ctx, store.PlanQuery{Dataset: main, Limit: 1})),
		"Begin":      second(b.Begin(ctx, store.Intent{Dataset: main, Rows: seqs}, d.now)),
		"Settle":     second(b.Settle(ctx, store.Settlement{Batch: 1}, d.now)),
		"Conclude":   second(b.Conclude(ctx, store.Settlement{Batch: 1}, d.now)),
		"Retry":      second(b.Retry(ctx, 1, nil, event.Hash{}, d.now)),
		"Expire":     second(b.Expire(ctx, main, d.now, 1)),
		"Recover":    second(b.Recover(ctx, d.now)),
		"Events":     second(b.Events(ctx, store.Filter{})),
		"Counts":     second(b.Counts(ctx, d.now)),
		"Bind":       second(b.Bind(ctx, store.EndpointMeta, d.now)),
		"Bound":      second(b.Bound(ctx)),
		"Withdraw":   second(b.Withdraw(ctx, seqs, decision(event.ReasonWithdrawn), d.now)),
		"Requeue":    second(b.Requeue(ctx, nil, decision(event.ReasonRequeued), d.now)),
		"Resolve":    second(b.Resolve(ctx, 1, true, decision(event.ReasonResolvedSent), d.now)),
		"Decisions":  second(b.Decisions(ctx, seqs[0])),
		"Note":       b.Note(ctx, "test", "a test", d.now),
		"SetCircuit": b.SetCircuit(ctx, store.Circuit{Dataset: main}, d.now),
		"Check":      b.Check(ctx, func(string) {}),
		"Audit":      b.Audit(ctx, 1, func(store.AuditEntry) bool { return true }),
	} {
		if !errors.Is(err, context.Canceled) {
			d.Errorf("%s: %v, want the context's error", name, err)
		}
	}
	d.states(store.StatePending, seqs...)
}
