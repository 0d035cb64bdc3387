package bolt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"capibara/store"
)

// Hold moves pending rows of the dataset to StateHeld as possibly sent, because another ledger may have sent them: at most
// limit rows in one transaction, with an audit entry that gives the reason why. It returns how many; call it until it
// returns 0.
func (d *DB) Hold(ctx context.Context, dataset, why string, now time.Time, limit int) (n int, err error) {
	err = d.change(ctx, func(t *txn) error {
		n = 0
		number, ok, err := t.dataset(dataset)
		if !ok || err != nil {
			return err
		}
		blocks, err := t.pendingBefore(number, math.MaxInt64)
		if err != nil {
			return err
		}
		for _, at := range blocks {
			b, err := t.block(at)
			if errors.Is(err, store.ErrCorrupt) {
				continue // as in Plan, which never sends what is in it
			}
			if err != nil {
				return err
			}
			for i, c := range b.cells {
				if n < limit && c.state == store.StatePending && c.dataset == number {
					c.state, c.flags = store.StateHeld, c.flags|flagPossiblySent
					t.set(b, i, c)
					n++
				}
			}
			if n == limit {
				break
			}
		}
		if n == 0 {
			return nil
		}
		return t.audit(now, "held", fmt.Sprintf("%d pending events of dataset %s: %s", n, dataset, why))
	})
	if err != nil {
		return 0, fmt.Errorf("hold events of dataset %s: %w", dataset, err)
	}
	return n, nil
}

// heldElsewhere reports whether a held row is so because another ledger may have sent it: no batch here is held with it.
func (t *txn) heldElsewhere(c cell) (bool, error) {
	if c.batch == 0 {
		return true, nil
	}
	b, err := t.batch(uint64(c.batch))
	if err != nil {
		return false, err
	}
	return b.State == store.BatchReleased, nil
}
