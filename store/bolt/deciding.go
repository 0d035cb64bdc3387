package bolt

import (
	"context"
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// Withdraw takes pending events back.
func (d *DB) Withdraw(ctx context.Context, seqs []uint64, by store.Decision, now time.Time) (store.Decided, error) {
	out, err := d.decide(ctx, by, now, event.ReasonWithdrawn, func(w *decision) (left uint64, err error) {
		for _, seq := range seqs {
			b, at, err := w.cell(seq)
			if err != nil {
				return 0, err
			}
			c := b.cells[at]
			if c.state != store.StatePending {
				left++
				continue
			}
			c.state = store.StateWithdrawn
			if err := w.change(b, at, c); err != nil {
				return 0, err
			}
		}
		return left, w.log("withdrawn", "were withdrawn")
	})
	if err != nil {
		return store.Decided{}, fmt.Errorf("withdraw %d events: %w", len(seqs), err)
	}
	return out, nil
}

// Requeue makes events pending again.
func (d *DB) Requeue(ctx context.Context, rows []store.Requeued, by store.Decision, now time.Time) (store.Decided, error) {
	out, err := d.decide(ctx, by, now, event.ReasonRequeued, func(w *decision) (left uint64, err error) {
		for _, r := range rows {
			b, at, err := w.cell(r.Seq)
			if err != nil {
				return 0, err
			}
			deadline := max(r.Deadline, b.deadlines[at])
			if !b.cells[at].requeues() || deadline <= now.Unix() {
				left++
				continue
			}
			if stays, err := w.emptiedOrRefunded(r.Seq); stays || err != nil {
				if err != nil {
					return 0, err
				}
				left++
				continue
			}
			if err := w.requeue(r.Seq, b, at, deadline); err != nil {
				return 0, err
			}
		}
		return left, w.log("requeued", "were requeued")
	})
	if err != nil {
		return store.Decided{}, fmt.Errorf("requeue %d events: %w", len(rows), err)
	}
	return out, nil
}

// emptiedOrRefunded reports whether a row must not be pending again for what is in it: nothing any more, or what was given
// back since.
func (t *txn) emptiedOrRefunded(seq uint64) (bool, error) {
	if r, err := t.row(seq); err == nil && r.emptied != store.NotEmptied {
		return true, nil
	}
	return t.refundedSince(seq)
}

// requeues reports whether a row may become pending again. Never one that may have arrived, or whose place is taken.
func (c cell) requeues() bool {
	if c.flags&(flagPossiblySent|flagReplaced) != 0 {
		return false
	}
	return c.state == store.StateRejected || c.state == store.StateExpired || c.state == store.StateWithdrawn
}

// requeue makes one row pending again. What Meta said of a rejected one stays with its batch.
func (d *decision) requeue(seq uint64, b *block, at int, deadline int64) error {
	c := b.cells[at]
	if c.state == store.StateRejected {
		if err := d.delete(refusalsBucket, numberKey(seq)); err != nil {
			return err
		}
	}
	c.state, c.flags = store.StatePending, c.flags&^flagLate
	if deadline != b.deadlines[at] {
		b.postpone(at, deadline)
	}
	return d.change(b, at, c)
}

// decide carries out a decision in one transaction.
func (d *DB) decide(ctx context.Context, by store.Decision, now time.Time, reason event.Reason,
	carry func(*decision) (left uint64, err error)) (out store.Decided, err error) {
	if err := by.Check(reason); err != nil {
		return out, err
	}
	err = d.change(ctx, func(t *txn) error {
		w, err := t.deciding(by.By, by.Reason, by.Note, now)
		if err != nil {
			return err
		}
		left, err := carry(w)
		out = store.Decided{Changed: w.changed(), Left: left}
		return err
	})
	return out, err
}
