package bolt

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"capibara/event"
	"capibara/store"
)

// Copy is a copy of a database that was written and looked at.
type Copy struct {
	Head   Head       // how far the ledger had come at its moment
	Size   int64      // in bytes
	SHA256 event.Hash // of the whole file
}

// CopyTo writes a copy of the database as it is at one moment to path, which must not exist, and has it on disk when it
// returns. Work on the database goes on meanwhile.
func (d *DB) CopyTo(ctx context.Context, path string) error {
	_, err := d.copyTo(ctx, path)
	return err
}

func (d *DB) copyTo(ctx context.Context, path string) (c Copy, err error) {
	err = d.read(ctx, func(t *txn) (err error) {
		if c.Head, err = t.headEntry(); err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		defer func() {
			if err = errors.Join(err, f.Close()); err != nil {
				err = errors.Join(err, os.Remove(path))
			}
		}()
		sum := sha256.New()
		if c.Size, err = t.tx.WriteTo(contextWriter{ctx, io.MultiWriter(f, sum)}); err != nil {
			return growth(err)
		}
		c.SHA256 = event.Hash(sum.Sum(nil))
		return f.Sync()
	})
	if err != nil {
		return Copy{}, fmt.Errorf("copy database %s: %w", d.path, err)
	}
	return c, nil
}

// contextWriter stops writing when its context is done.
type contextWriter struct {
	ctx context.Context
	w   io.Writer
}

// Write writes on while the context lasts.
func (c contextWriter) Write(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.w.Write(p)
}

// Backup writes a copy of the database as it is at one moment. It is written to temporary, read back, opened, and gets its
// name only then; path must not exist, and is never written over. Work on the database goes on meanwhile. The error wraps
// fs.ErrExist when path is taken.
func (d *DB) Backup(ctx context.Context, temporary, path string) (c Copy, err error) {
	if err := os.Remove(temporary); err != nil && !errors.Is(err, os.ErrNotExist) {
		return c, fmt.Errorf("back the database up: %w", err)
	}
	if c, err = d.copyTo(ctx, temporary); err != nil {
		return c, err
	}
	if err = verifyCopy(ctx, temporary, c); err == nil {
		err = publish(temporary, path)
	}
	if err != nil {
		if rerr := os.Remove(temporary); !errors.Is(rerr, os.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
		return Copy{}, fmt.Errorf("back the database up: %w", err)
	}
	return c, nil
}

// verifyCopy reads a copy back: it must hold the bytes that were written, open as a database, and end in the same entry of
// the audit log.
func verifyCopy(ctx context.Context, path string, want Copy) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("reading the copy back: %w", err)
	}
	if event.Hash(sum.Sum(nil)) != want.SHA256 {
		return fmt.Errorf("%w: the copy does not hold what was written", store.ErrCorrupt)
	}
	copied, err := Open(path, Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	if head, err := copied.Head(ctx); err != nil || head != want.Head {
		return errors.Join(fmt.Errorf("%w: the copy does not end where the database does", store.ErrCorrupt), err)
	}
	return nil
}
