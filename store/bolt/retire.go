package bolt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"capibara/store"
)

// retiredMark is the key in meta of where the ledger went. A ledger that is at work has no such key.
const retiredMark = "retired"

// Retirement says where a ledger went that does no work any more.
type Retirement struct {
	To string // the folder that is its home now
	By string // who moved it
	At time.Time
}

// Retire ends the work of this ledger for good: the one in the home to goes on. It adds an audit entry. ErrStale when it is
// retired already.
func (d *DB) Retire(ctx context.Context, to, by string, now time.Time) error {
	err := d.change(ctx, func(t *txn) error {
		if r, err := t.retirement(); err != nil {
			return err
		} else if r.To != "" {
			return fmt.Errorf("%w: it went to %s", store.ErrStale, r.To)
		}
		if to == "" || by == "" {
			return errors.New("nobody is named who does it, or no place")
		}
		v := appendTime(appendText(appendText(unsealed(24+len(to)+len(by)), to), by), now)
		if err := t.put(metaBucket, []byte(retiredMark), v); err != nil {
			return err
		}
		return t.audit(now, "retired", fmt.Sprintf("moved to %s by %s; this ledger sends nothing from now on", to, by))
	})
	if err != nil {
		return fmt.Errorf("retire the ledger: %w", err)
	}
	return nil
}

// Retired returns where the ledger went; the zero Retirement when it is at work.
func (d *DB) Retired(ctx context.Context) (r Retirement, err error) {
	err = d.read(ctx, func(t *txn) error {
		r, err = t.retirement()
		return err
	})
	if err != nil {
		return r, fmt.Errorf("read where the ledger went: %w", err)
	}
	return r, nil
}

func (t *txn) retirement() (Retirement, error) {
	body, err := t.get(metaBucket, []byte(retiredMark))
	if body == nil || err != nil {
		return Retirement{}, err
	}
	d := decoder{b: body}
	r := Retirement{To: d.text(), By: d.text(), At: d.time()}
	if !d.done() || r.To == "" {
		return Retirement{}, damaged(metaBucket, []byte(retiredMark))
	}
	return r, nil
}

// Adopt records that a person, named by, decided that this ledger is the one that goes on, and why that is in doubt no more.
// One that was retired is at work again, and so is one that was restored. It adds an audit entry.
func (d *DB) Adopt(ctx context.Context, by, detail string, now time.Time) error {
	err := d.change(ctx, func(t *txn) error {
		if by == "" {
			return errors.New("nobody is named who decided it")
		}
		for _, mark := range []string{retiredMark, restoredMark} {
			if err := t.delete(metaBucket, []byte(mark)); err != nil {
				return err
			}
		}
		return t.audit(now, "adopted", fmt.Sprintf("by %s: %s", by, detail))
	})
	if err != nil {
		return fmt.Errorf("adopt the ledger: %w", err)
	}
	return nil
}

// Arrive records that the ledger came from another home. It adds an audit entry.
func (d *DB) Arrive(ctx context.Context, from, by string, now time.Time) error {
	err := d.change(ctx, func(t *txn) error {
		return t.audit(now, "moved", fmt.Sprintf("moved here from %s by %s", from, by))
	})
	if err != nil {
		return fmt.Errorf("record where the ledger came from: %w", err)
	}
	return nil
}
