package bolt

import (
	"context"
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// Resolve ends a batch of unknown fate on a person's word. It changes the state of a batch, and so goes through the journal
// as the other changes of batches do.
func (d *DB) Resolve(ctx context.Context, n uint64, sent bool, by store.Decision, now time.Time) (store.Batch, error) {
	reason := event.ReasonResolvedNotSent
	if sent {
		reason = event.ReasonResolvedSent
	}
	if err := by.Check(reason); err != nil {
		return store.Batch{}, fmt.Errorf("resolve batch %d: %w", n, err)
	}
	batch, err := d.journalled(ctx, func(t *txn) (func() (store.Batch, error), error) {
		b, err := t.resolvable(n)
		if err != nil {
			return nil, err
		}
		return func() (store.Batch, error) { return t.resolve(b, sent, by, now) }, nil
	})
	if err != nil {
		return store.Batch{}, fmt.Errorf("resolve batch %d: %w", n, err)
	}
	return batch, nil
}

// resolvable reads a batch whose fate is unknown, and verifies that its rows wait with it.
func (t *txn) resolvable(n uint64) (*batchRecord, error) {
	b, err := t.batch(n)
	if err != nil {
		return nil, err
	}
	want := store.StateHeld
	switch b.State {
	case store.BatchUnknown:
		want = store.StateInFlight
	case store.BatchHeld:
	default:
		return nil, fmt.Errorf("%w: the batch is %s", store.ErrStale, b.State)
	}
	return b, t.allAre(b, want)
}

// resolve carries a person's word out. It takes the place of what was possible: a row that was sent did not rely on
// Meta to drop a copy of it, and one that was not is as if nobody had tried.
func (t *txn) resolve(b *batchRecord, sent bool, by store.Decision, now time.Time) (store.Batch, error) {
	w, err := t.deciding(by.By, by.Reason, by.Note, now)
	if err != nil {
		return store.Batch{}, err
	}
	state, did := store.StatePending, "not sent"
	b.State, b.NextTry = store.BatchReleased, time.Time{}
	if sent {
		state, did = store.StateAcknowledged, "sent"
		b.State = store.BatchAcknowledged
	}
	b.Resolution = &store.Resolution{At: stored(now), By: by.By, Sent: sent, Note: by.Note}
	for _, seq := range b.Seqs {
		blk, at, err := t.cell(seq)
		if err != nil {
			return store.Batch{}, err
		}
		c := blk.cells[at]
		c.state, c.flags = state, c.flags&^flagPossiblySent
		if err := w.change(blk, at, c); err != nil {
			return store.Batch{}, err
		}
	}
	if err := t.putBatch(b); err != nil {
		return store.Batch{}, err
	}
	if err := w.log("resolved", fmt.Sprintf("in batch %d of unknown fate were declared %s", b.Number, did)); err != nil || sent {
		return b.Batch, err
	}
	return b.Batch, t.retractReleased(b.Seqs, now)
}

// appendResolution stores a person's word behind a batch's other members; nothing when there is none.
func appendResolution(v []byte, r *store.Resolution) []byte {
	if r == nil {
		return v
	}
	sent := byte(0)
	if r.Sent {
		sent = 1
	}
	return appendText(append(appendText(appendTime(v, r.At), r.By), sent), r.Note)
}

// resolution reads what appendResolution wrote, if it wrote anything.
func (d *decoder) resolution() *store.Resolution {
	if d.bad || len(d.b) == 0 {
		return nil
	}
	r := store.Resolution{At: d.time(), By: d.text(), Sent: d.byte() == 1, Note: d.text()}
	if r == (store.Resolution{}) && len(d.b) > 0 {
		return nil
	}
	return &r
}

// resolvedBatch verifies that a batch that a person resolved ended as the person said. One of unknown fate has no other way
// to be released.
func (c *checker) resolvedBatch(b *batchRecord) {
	r := b.Resolution
	switch {
	case r == nil && b.State == store.BatchReleased && !b.FirstMaybeAt.IsZero():
		c.problem("batch %d was released, and may have arrived", b.Number)
	case r != nil && (r.By == "" || r.Sent != (b.State == store.BatchAcknowledged) || !r.Sent && b.State != store.BatchReleased):
		c.problem("batch %d is %s, and %q said that it was sent: %t", b.Number, b.State, r.By, r.Sent)
	}
}
