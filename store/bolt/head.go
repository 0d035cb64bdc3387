package bolt

import (
	"context"
	"errors"
	"fmt"

	"capibara/store"
)

// witnessedMark is the key in meta that says that something outside of the database remembers how far it came.
const witnessedMark = "witnessed"

// Head is how far a ledger has come. A copy of the ledger that stood still has a head that is before it.
type Head struct {
	Entry   store.AuditEntry // the last one of the audit log
	Batches uint64           // number of the last batch: an intent to send adds no audit entry
}

// Head returns how far the ledger has come. All of it is on disk: bbolt shows a change to readers a moment before it is
// synced, so that a database that may be written is asked in the place of a change, and not beside one.
func (d *DB) Head(ctx context.Context) (h Head, err error) {
	look := func(t *txn) (err error) {
		h, err = t.headEntry()
		return err
	}
	if d.readOnly {
		err = d.read(ctx, look)
	} else {
		err = d.change(ctx, func(t *txn) error {
			if err := look(t); err != nil {
				return err
			}
			return errNothingToCommit
		})
	}
	if err != nil && !errors.Is(err, errNothingToCommit) {
		return Head{}, fmt.Errorf("read how far the ledger has come: %w", err)
	}
	return h, nil
}

func (t *txn) headEntry() (h Head, err error) {
	n, _, err := t.head()
	if err != nil {
		return h, err
	}
	if h.Batches, err = t.lastBatch(); err != nil {
		return h, err
	}
	h.Entry, err = t.auditEntry(n)
	return h, err
}

// AuditEntry returns one entry of the audit log. ErrNotFound, ErrCorrupt.
func (d *DB) AuditEntry(ctx context.Context, n uint64) (e store.AuditEntry, err error) {
	err = d.read(ctx, func(t *txn) error {
		e, err = t.auditEntry(n)
		return err
	})
	if err != nil {
		return store.AuditEntry{}, fmt.Errorf("read an entry of the audit log: %w", err)
	}
	return e, nil
}

func (t *txn) auditEntry(n uint64) (store.AuditEntry, error) {
	body, err := t.get(auditBucket, numberKey(n))
	if err != nil {
		return store.AuditEntry{}, err
	}
	if body == nil {
		return store.AuditEntry{}, fmt.Errorf("audit entry %d: %w", n, store.ErrNotFound)
	}
	e, ok := decodeAudit(body)
	if !ok {
		return store.AuditEntry{}, damaged(auditBucket, numberKey(n))
	}
	return e, nil
}

// Witnessed reports whether something outside of the database was ever made to remember how far it came.
func (d *DB) Witnessed(ctx context.Context) (yes bool, err error) {
	err = d.read(ctx, func(t *txn) error {
		n, err := t.metaUint(witnessedMark)
		yes = n > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("read whether the ledger has a witness: %w", err)
	}
	return yes, nil
}

// SetWitnessed keeps that something outside of the database remembers how far it came, so that its absence is noticed.
func (d *DB) SetWitnessed(ctx context.Context) error {
	if yes, err := d.Witnessed(ctx); yes || err != nil {
		return err
	}
	if err := d.change(ctx, func(t *txn) error { return t.setMetaUint(witnessedMark, 1) }); err != nil {
		return fmt.Errorf("keep that the ledger has a witness: %w", err)
	}
	return nil
}
