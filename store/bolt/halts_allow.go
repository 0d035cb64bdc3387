package bolt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"capibara/store"
)

// Allow lets go what k names, and counts the pending events that nothing else halts.
func (d *DB) Allow(ctx context.Context, k store.HaltKey, by string, now time.Time) (n uint64, err error) {
	err = d.change(ctx, func(t *txn) error {
		if by == "" {
			return errors.New("nobody is named who allowed it")
		}
		if t.halt(k) == nil {
			return store.ErrNotFound
		}
		before, err := t.countAllHalted()
		if err != nil {
			return err
		}
		if err := t.letGo(k); err != nil {
			return err
		}
		after, err := t.countAllHalted()
		if err != nil {
			return err
		}
		n = before - after
		return t.audit(now, "allowed", fmt.Sprintf("%s, %d events that wait: by %s", named(k), n, by))
	})
	if err != nil {
		return 0, fmt.Errorf("allow %s: %w", named(k), err)
	}
	return n, nil
}

// countAllHalted counts the pending events that are halted.
func (t *txn) countAllHalted() (n uint64, err error) {
	halted, err := t.halted()
	if err != nil {
		return 0, err
	}
	err = t.eachPending(func(b *block, dataset uint16) { n += halted.count(b, dataset) })
	return n, err
}

// letGo takes out the halt k, and with it those of single events in it.
func (t *txn) letGo(k store.HaltKey) error {
	gone := []store.HaltKey{k}
	err := t.halts(func(h haltRecord) error {
		if h.Kind != store.HaltEvents || h.HaltKey == k {
			return nil
		}
		in := k.Kind == store.HaltFile && h.File == k.File
		if k.Kind == store.HaltSource {
			f, err := t.file(h.File)
			if err != nil && !errors.Is(err, store.ErrCorrupt) {
				return err
			}
			in = err == nil && f.Source == k.Source
		}
		if in {
			gone = append(gone, h.HaltKey)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range gone {
		if err := t.delete(haltsBucket, appendHaltKey(nil, k)); err != nil {
			return err
		}
		if k.Kind == store.HaltEvents {
			if err := t.letGoSoFar(k.File); err != nil {
				return err
			}
		}
	}
	return t.haltsChanged()
}

// letGoSoFar lets the single events go that a file brought so far, when it is still being imported: those that are to come are
// halted anew, and with them all that still say of themselves that they are.
func (t *txn) letGoSoFar(file uint64) error {
	f, err := t.file(file)
	if errors.Is(err, store.ErrCorrupt) {
		return nil // nothing more comes in
	}
	if err != nil || f.State != store.FileImporting {
		return err
	}
	w, err := t.removed()
	if err != nil {
		return err
	}
	for _, x := range f.extents {
		for seq := max(x.first, w.row); seq < x.first+x.count; seq++ {
			b, at, err := t.cell(seq)
			if errors.Is(err, store.ErrCorrupt) {
				continue // never sent
			}
			if err != nil {
				return err
			}
			if c := b.cells[at]; c.flags&flagHalted != 0 {
				c.flags &^= flagHalted
				t.set(b, at, c)
			}
		}
	}
	return nil
}
