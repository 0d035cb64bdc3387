package bolt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
)

// Begin journals the intent to send. Besides rows that left pending it answers ErrStale for rows that may not be sent
// at now: whoever planned them long ago plans again.
func (d *DB) Begin(ctx context.Context, in store.Intent, now time.Time) (store.Batch, error) {
	batch, err := d.journalled(ctx, func(t *txn) (func() (store.Batch, error), error) {
		dataset, err := t.beginnable(in, now)
		if err != nil {
			return nil, err
		}
		return func() (store.Batch, error) {
			b := &batchRecord{dataset: dataset, Batch: store.Batch{Dataset: in.Dataset, State: store.BatchSending,
				Seqs: slices.Clone(in.Rows)}}
			b.begin(in.BodySHA256, now)
			if err := t.addBatch(b, now); err != nil {
				return store.Batch{}, err
			}
			return b.Batch, t.assign(b.Seqs, store.StateInFlight, b.Number, 0)
		}, nil
	})
	if err != nil {
		return store.Batch{}, fmt.Errorf("begin a batch of %d events for dataset %s: %w", len(in.Rows), in.Dataset, err)
	}
	return batch, nil
}

// begin adds an attempt that starts at now.
func (b *batchRecord) begin(body event.Hash, now time.Time) {
	b.State, b.NextTry = store.BatchSending, time.Time{}
	b.Attempts = append(b.Attempts, store.Attempt{N: len(b.Attempts) + 1, StartedAt: stored(now), BodySHA256: body,
		Events: len(b.Seqs)})
}

func (t *txn) beginnable(in store.Intent, now time.Time) (uint16, error) {
	if len(in.Rows) == 0 {
		return 0, errors.New("there is nothing to send")
	}
	dataset, ok, err := t.dataset(in.Dataset)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, fmt.Errorf("dataset %s: %w", in.Dataset, store.ErrNotFound)
	}
	halted, err := t.halted()
	if err != nil {
		return 0, err
	}
	seen := make(map[uint64]bool, len(in.Rows))
	for _, seq := range in.Rows {
		if seen[seq] {
			return 0, fmt.Errorf("event %d is named twice", seq)
		}
		seen[seq] = true
		b, at, err := t.cell(seq)
		if err != nil {
			return 0, err
		}
		c := b.cells[at]
		switch {
		case c.dataset != dataset:
			return 0, fmt.Errorf("event %d belongs to another dataset", seq)
		case c.state != store.StatePending:
			return 0, fmt.Errorf("%w: event %d is %s", store.ErrStale, seq, c.state)
		case b.deadlines[at] <= now.Unix():
			return 0, fmt.Errorf("%w: the deadline of event %d has passed", store.ErrStale, seq)
		case halted.has(seq, c.flags):
			return 0, fmt.Errorf("%w: event %d is halted", store.ErrStale, seq)
		case c.flags&flagWaits != 0:
			r, err := t.row(seq)
			if err != nil {
				return 0, err
			}
			if r.notBefore > now.Unix() {
				return 0, fmt.Errorf("%w: event %d must not be sent yet", store.ErrStale, seq)
			}
		}
	}
	return dataset, nil
}

// Retry journals the intent to send an open batch again. A row that may not be sent any more must be in drop, and no
// other one: else ErrStale.
func (d *DB) Retry(ctx context.Context, n uint64, drop []uint64, body event.Hash, now time.Time) (store.Batch, error) {
	batch, err := d.journalled(ctx, func(t *txn) (func() (store.Batch, error), error) {
		b, err := t.retriable(n, drop, now)
		if err != nil {
			return nil, err
		}
		return func() (store.Batch, error) {
			if err := t.assign(drop, store.StateExpired, n, b.sentFlag()); err != nil {
				return store.Batch{}, err
			}
			b.dropped = append(b.dropped, drop...)
			b.Seqs = slices.DeleteFunc(b.Seqs, func(seq uint64) bool { return slices.Contains(drop, seq) })
			b.begin(body, now)
			if len(drop) > 0 {
				detail := fmt.Sprintf("%d events of batch %d expired while it was open", len(drop), n)
				if err := t.audit(now, "expired", detail); err != nil {
					return store.Batch{}, err
				}
			}
			return b.Batch, t.putBatch(b)
		}, nil
	})
	if err != nil {
		return store.Batch{}, fmt.Errorf("send batch %d again: %w", n, err)
	}
	return batch, nil
}

// sentFlag marks rows that leave the batch after an attempt that may have arrived.
func (b *batchRecord) sentFlag() uint8 {
	if b.FirstMaybeAt.IsZero() {
		return 0
	}
	return flagPossiblySent
}

func (t *txn) retriable(n uint64, drop []uint64, now time.Time) (*batchRecord, error) {
	b, err := t.batch(n)
	if err != nil {
		return nil, err
	}
	if b.State != store.BatchReady && b.State != store.BatchUnknown {
		return nil, fmt.Errorf("%w: the batch is %s", store.ErrStale, b.State)
	}
	if err := t.holds(b); err != nil {
		return nil, err
	}
	dropped := make(map[uint64]bool, len(drop))
	for _, seq := range drop {
		if dropped[seq] || !slices.Contains(b.Seqs, seq) {
			return nil, fmt.Errorf("%w: event %d is not in the batch", store.ErrStale, seq)
		}
		dropped[seq] = true
	}
	if len(drop) == len(b.Seqs) {
		return nil, errors.New("no event is left in it; conclude it as expired")
	}
	for _, seq := range b.Seqs {
		blk, at, err := t.cell(seq)
		if err != nil {
			return nil, err
		}
		if expired := blk.deadlines[at] <= now.Unix(); expired != dropped[seq] {
			return nil, fmt.Errorf("%w: event %d was looked at before or after its deadline", store.ErrStale, seq)
		}
	}
	return b, nil
}
