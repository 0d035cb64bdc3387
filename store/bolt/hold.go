package bolt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"capibara/store"
)

// Hold moves pending rows of the dataset to StateHeld as possibly sent, because another ledger may have sent them: at most
// limit rows in one transaction, with an audit entry that gives the reason why. They belong to a batch of their own from then
// on, which is BatchHeld without an attempt, so that it may be said of them later what became of them. It returns how many;
// call it until it returns 0.
func (d *DB) Hold(ctx context.Context, dataset, why string, now time.Time, limit int) (n int, err error) {
	err = d.change(ctx, func(t *txn) error {
		number, ok, err := t.dataset(dataset)
		if n = 0; !ok || err != nil {
			return err
		}
		seqs, err := t.pendingRows(number, limit)
		if n = len(seqs); n == 0 || err != nil {
			return err
		}
		b := &batchRecord{dataset: number, Batch: store.Batch{Dataset: dataset, State: store.BatchHeld, Seqs: seqs, FirstMaybeAt: stored(now)}}
		if err := t.addBatch(b, now); err != nil {
			return err
		}
		if err := t.assign(seqs, store.StateHeld, b.Number, flagPossiblySent); err != nil {
			return err
		}
		return t.audit(now, "held", fmt.Sprintf("%d pending events of dataset %s in batch %d: %s", n, dataset, b.Number, why))
	})
	if err != nil {
		return 0, fmt.Errorf("hold events of dataset %s: %w", dataset, err)
	}
	return n, nil
}

// pendingRows returns pending rows of a dataset in ascending order, whatever their deadline: at most limit of them.
func (t *txn) pendingRows(dataset uint16, limit int) ([]uint64, error) {
	blocks, err := t.pendingBefore(dataset, math.MaxInt64)
	if err != nil {
		return nil, err
	}
	var seqs []uint64
	for _, at := range blocks {
		b, err := t.block(at)
		if errors.Is(err, store.ErrCorrupt) {
			continue // as in Plan, which never sends what is in it
		}
		if err != nil {
			return nil, err
		}
		for i, c := range b.cells {
			if len(seqs) < limit && c.state == store.StatePending && c.dataset == dataset {
				seqs = append(seqs, firstSeq(b.n)+uint64(i))
			}
		}
		if len(seqs) == limit {
			break
		}
	}
	slices.Sort(seqs)
	return seqs, nil
}

// heldElsewhere reports whether a held row is so because another ledger may have sent it: its batch had no attempt here, nor
// had one that it was split from. A batch that cannot be read does not hide the row.
func (t *txn) heldElsewhere(c cell) bool {
	b, err := t.batch(uint64(c.batch))
	return err == nil && len(b.Attempts) == 0 && b.Parent == 0
}
