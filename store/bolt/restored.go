package bolt

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// restoredMark is the key in meta that says that this database was put in the place of another one, and that nobody said yet
// what is to become of what waits in it.
const restoredMark = "restored"

// Restoration says who put a backup in the place of a database.
type Restoration struct {
	By string
	At time.Time
}

// MarkRestored keeps that this database is a backup that is about to take the place of another one: nothing of it may be
// sent before Adopt. It adds an audit entry.
func (d *DB) MarkRestored(ctx context.Context, by, detail string, now time.Time) error {
	err := d.change(ctx, func(t *txn) error {
		if by == "" {
			return errors.New("nobody is named who does it")
		}
		if err := t.put(metaBucket, []byte(restoredMark), appendTime(appendText(unsealed(24+len(by)), by), now)); err != nil {
			return err
		}
		return t.audit(now, "restored", fmt.Sprintf("by %s: %s", by, detail))
	})
	if err != nil {
		return fmt.Errorf("mark the database as restored: %w", err)
	}
	return nil
}

// Restored returns who restored this database; the zero Restoration when nobody did, or when it was adopted since.
func (d *DB) Restored(ctx context.Context) (r Restoration, err error) {
	err = d.read(ctx, func(t *txn) error {
		body, err := t.get(metaBucket, []byte(restoredMark))
		if body == nil || err != nil {
			return err
		}
		read := decoder{b: body}
		r = Restoration{By: read.text(), At: read.time()}
		if !read.done() {
			return damaged(metaBucket, []byte(restoredMark))
		}
		return nil
	})
	if err != nil {
		return Restoration{}, fmt.Errorf("read whether the database was restored: %w", err)
	}
	return r, nil
}
