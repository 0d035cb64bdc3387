package bolt_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// decideSome withdraws, requeues, takes back, resolves and erases some of what waits, and prints each after the call that did it.
func decideSome(ctx context.Context, db store.Outbox, round uint64, now time.Time) error {
	rows, err := db.Plan(ctx, store.PlanQuery{Dataset: "123", Now: now, Limit: 60})
	if err != nil || len(rows) < 60 {
		return err
	}
	var seqs []uint64
	for _, r := range rows {
		seqs = append(seqs, r.Seq)
	}
	by := func(r event.Reason) store.Decision { return store.Decision{By: "anna", Reason: r, Note: "wrong"} }
	if _, err := db.Withdraw(ctx, seqs[:20], by(event.ReasonWithdrawn), now); err != nil {
		return err
	}
	fmt.Println("withdrawn", seqs[0], 0)
	back := []store.Requeued{{Seq: seqs[10], Deadline: now.Unix() + 5000}, {Seq: seqs[11]}}
	if _, err := db.Requeue(ctx, back, by(event.ReasonRequeued), now); err != nil {
		return err
	}
	fmt.Println("requeued", seqs[10], now.Unix()+5000)
	if err := retractSome(ctx, db, rows[20:40], round, now); err != nil {
		return err
	}
	for sent, reason := range map[bool]event.Reason{true: event.ReasonResolvedSent, false: event.ReasonResolvedNotSent} {
		from := 40
		if sent {
			from = 50
		}
		b, err := db.Begin(ctx, store.Intent{Dataset: "123", Rows: seqs[from : from+10]}, now)
		if err != nil {
			return err
		}
		fmt.Println("begun", b.Number)
		if _, err := db.Settle(ctx, store.Settlement{Batch: b.Number, Verdict: store.VerdictUnknown, MaybeSent: true}, now); err != nil {
			return err
		}
		if b, err = db.Resolve(ctx, b.Number, sent, by(reason), now); err != nil {
			return err
		}
		fmt.Println("resolved", b.Number, uint8(b.State))
	}
	// One that was withdrawn, one that is pending again, and one that was sent.
	for _, at := range []int{12, 41, 51} {
		if _, err := db.Erase(ctx, seqs[at:at+1], by(event.ReasonErased), now); err != nil {
			return err
		}
		fmt.Println("erased", seqs[at], 0)
	}
	return nil
}

// retractSome imports a file that takes events back, and refunds some that are not there.
func retractSome(ctx context.Context, db store.Outbox, rows []store.Row, round uint64, now time.Time) error {
	f, err := db.OpenFile(ctx, store.NewFile{Name: "lost", Source: "deals", SHA256: event.Hash{byte(round), byte(round >> 8), 2}}, now)
	if err != nil {
		return err
	}
	rec := store.Record{Fate: store.FateSkipped, Reason: event.ReasonRefund}
	for i, r := range rows {
		for _, id := range []string{r.EventID, fmt.Sprint("not there ", round, i)} {
			rec.Retractions = append(rec.Retractions, store.Retraction{Dataset: "123", EventID: id, EventName: "Purchase", Reason: event.ReasonRefunded})
		}
	}
	res, err := db.Import(ctx, f.Number, store.Chunk{First: 1, Records: []store.Record{rec}}, now)
	if err != nil {
		return err
	}
	if len(res.Retracted) != len(rows) {
		return fmt.Errorf("of %d events %d were taken back", len(rows), len(res.Retracted))
	}
	fmt.Println("retracted", rows[0].Seq, f.Number)
	return nil
}

// verifyDecided finds a decision that was said to be done.
func verifyDecided(t *testing.T, db *bolt.DB, what string, n, detail uint64) {
	t.Helper()
	if what == "resolved" {
		b, err := db.Batch(t.Context(), n)
		if err != nil || b.Resolution == nil || uint64(b.State) != detail {
			t.Errorf("batch %d was resolved, and is %+v, %v", n, b, err)
		}
		return
	}
	e, err := db.Event(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	decisions, err := db.Decisions(t.Context(), n)
	if err != nil || len(decisions) == 0 {
		t.Fatalf("event %d was %s, and nothing was decided about it: %v", n, what, err)
	}
	last := decisions[len(decisions)-1]
	ok := e.State == store.StateWithdrawn && last.By == "anna"
	switch what {
	case "erased":
		ok = e.State != store.StatePending && e.Emptied == store.EmptiedErased && e.RecordKey == "" && last.Reason == event.ReasonErased
	case "requeued":
		ok = e.State != store.StateWithdrawn && len(decisions) > 1 && e.Deadline == int64(detail)
	case "retracted":
		ok = e.State == store.StateWithdrawn && e.Reason == event.ReasonRefunded && last.By == fmt.Sprint("file ", detail)
	}
	if !ok {
		t.Errorf("event %d was %s, and is %s with the deadline %d: %+v", n, what, e.State, e.Deadline, last)
	}
}
