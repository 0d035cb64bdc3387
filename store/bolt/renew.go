package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"capibara/store"
)

// Renew writes all that is in the database into a new file, temporary, without the pages that are free, and goes on with that
// one under the name of the database: what was taken out of the database is then in no page of its file. verify looks at the
// new file before it gets the name, and may add to its audit log; when it fails nothing is changed. Changes wait meanwhile, and
// whoever reads goes on reading; verify must not change
// the database itself, nor ask for its Head. Windows gives no open file another's name: the error comes before anything is changed.
func (d *DB) Renew(ctx context.Context, temporary string, verify func(fresh *DB) error) (err error) {
	if err := errors.Join(ctx.Err(), d.BrokenBy()); err != nil {
		return err
	}
	d.writing.Lock()
	defer d.writing.Unlock()
	if err := os.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := d.CompactTo(ctx, temporary); err != nil {
		return err
	}
	fresh, err := Open(temporary, Options{})
	if err == nil {
		if err = d.endsAs(fresh); err == nil {
			err = verify(fresh)
		}
		if err == nil {
			err = os.Rename(temporary, d.path)
		}
		if err != nil {
			err = errors.Join(err, fresh.Close())
		}
	}
	if err != nil {
		if rerr := os.Remove(temporary); !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
		return err
	}
	close(fresh.journal) // this one goes on with its file
	<-fresh.stopped
	old := d.bolt.Swap(fresh.bolt.Load())
	d.changed.Store(true)
	if err := syncDir(filepath.Dir(d.path)); err != nil {
		// A loss of power could bring the old file back, without what is written from here on.
		d.breakOff(err)
		return fmt.Errorf("make the name of the renewed database durable: %w", err)
	}
	if err := old.Close(); err != nil {
		return fmt.Errorf("let go of the file of the database before: %w", err)
	}
	return nil
}

// endsAs makes sure that another database came as far as this one.
func (d *DB) endsAs(fresh *DB) error {
	var mine, theirs Head
	head := func(h *Head) func(*txn) error {
		return func(t *txn) (err error) {
			*h, err = t.headEntry()
			return err
		}
	}
	if err := errors.Join(d.view(head(&mine)), fresh.view(head(&theirs))); err != nil {
		return err
	}
	if mine != theirs {
		return fmt.Errorf("%w: the new file does not end where the database does", store.ErrCorrupt)
	}
	return nil
}
