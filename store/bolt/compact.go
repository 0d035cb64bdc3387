package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"capibara/store"

	"go.etcd.io/bbolt"
)

// Compaction says how a database is compacted.
type Compaction struct {
	// Temporary is the name of the new file until it is the database, in the same folder. What has the name is removed.
	Temporary string
	// Announce is called when the new file is there, empty, before anything else is done: whoever remembers which file the
	// database is must take the new one for it as well, from here on until Compact returns. It may use the database. nil for
	// nobody.
	Announce func() error
	By       string    // who wants it, for the audit log
	At       time.Time // for the audit log
}

// Compacted is what came of a compaction.
type Compacted struct {
	Swapped bool  // the new file is the database: also with an error, which then is about what came after
	Before  int64 // bytes
	After   int64
}

// compaction is one under way, in steps of which each is on disk before the next begins. Up to swap the old file is the
// database.
type compaction struct {
	*DB
	Compaction
	out   Compacted
	fresh *DB // the new file; nil until it is written
}

// Compact writes all that is in the database into a new file, without the pages that are free and what is left in them, verifies
// that, and puts it in the place of the old one, which is gone then. Reading goes on meanwhile, changing waits. A loss of power
// at any moment leaves one whole database, the old or the new one. It returns once nobody reads the old one any more.
func (d *DB) Compact(ctx context.Context, c Compaction) (Compacted, error) {
	m := &compaction{DB: d, Compaction: c}
	if err := m.run(ctx); err != nil {
		return m.out, fmt.Errorf("compact database %s: %w", d.path, growth(err))
	}
	return m.out, nil
}

func (m *compaction) run(ctx context.Context) (err error) {
	switch {
	case m.readOnly:
		return errors.New("it is open for reading only")
	case filepath.Dir(m.Temporary) != filepath.Dir(m.path) || m.Temporary == m.path:
		return fmt.Errorf("the new file %s would not lie beside it", m.Temporary)
	}
	if !m.compacting.TryLock() {
		return errors.New("it is being compacted already")
	}
	defer m.compacting.Unlock()
	defer func() {
		if !m.out.Swapped {
			err = errors.Join(err, m.clear())
		}
	}()
	if err := m.prepare(); err != nil {
		return err
	}
	m.closing.RLock() // Close waits for the rest
	defer m.closing.RUnlock()
	if m.closed {
		return errClosed
	}
	m.writing.Lock()
	defer m.writing.Unlock()
	if err := m.BrokenBy(); err != nil {
		return err
	}
	for _, step := range m.steps() {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// steps are the steps while nobody changes the database.
func (m *compaction) steps() []func(context.Context) error {
	return []func(context.Context) error{m.write, m.verify, m.swap}
}

// prepare makes the new file and announces it.
func (m *compaction) prepare() error {
	if err := os.Remove(m.Temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(m.Temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil || m.Announce == nil {
		return err
	}
	return m.Announce()
}

// clear removes what a compaction that failed left.
func (m *compaction) clear() (err error) {
	if m.fresh != nil {
		err = m.fresh.Close()
	}
	if rerr := os.Remove(m.Temporary); !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	return err
}

// compactChunk is how many bytes one transaction of a compaction writes.
const compactChunk = 8 << 20

// write writes the new file.
func (m *compaction) write(context.Context) (err error) {
	defer guard(&err)()
	info, err := os.Stat(m.path)
	if err != nil {
		return err
	}
	m.out.Before = info.Size()
	from := m.bolt.Load()
	b, err := bbolt.Open(m.Temporary, 0o600, &bbolt.Options{Timeout: Options{}.timeout(), FreelistType: bbolt.FreelistMapType,
		PageSize: from.Info().PageSize})
	if err != nil {
		return err
	}
	if err := bbolt.Compact(b, from, compactChunk); err != nil {
		return errors.Join(err, b.Close())
	}
	if err := errors.Join(b.Sync(), b.Close()); err != nil {
		return err
	}
	m.fresh, err = Open(m.Temporary, Options{})
	return err
}

// verify reads everything that is in the new file, and notes in it what it is.
func (m *compaction) verify(ctx context.Context) error {
	var want Head
	err := m.view(func(t *txn) (err error) {
		want, err = t.headEntry()
		return err
	})
	if err != nil {
		return err
	}
	if got, err := m.fresh.Head(ctx); err != nil || got != want {
		return errors.Join(errors.New("the new file does not end where the database does"), err)
	}
	problems := 0
	if err := m.fresh.Check(ctx, func(string) { problems++ }); err != nil {
		return err
	}
	if problems > 0 {
		return &DisagreementError{Places: problems}
	}
	detail := fmt.Sprintf("by %s: a file of %d bytes was written anew without free pages", m.By, m.out.Before)
	if err := m.fresh.Note(ctx, "compacted", detail, m.At); err != nil {
		return err
	}
	info, err := os.Stat(m.Temporary)
	if err != nil {
		return err
	}
	m.out.After = info.Size()
	return nil
}

// DisagreementError says that a database does not agree with itself, so that it is left as it is.
type DisagreementError struct{ Places int }

// Error is the sentence.
func (e *DisagreementError) Error() string {
	return fmt.Sprintf("the database does not agree with itself in %d places", e.Places)
}

// Is lets it pass for what it is about.
func (e *DisagreementError) Is(target error) bool { return target == store.ErrCorrupt }

// swap gives the new file the name of the database, and has this process work on it. Both are locked, so that no other process
// works on the old one in between.
func (m *compaction) swap(context.Context) error {
	fresh, err := m.fresh.release()
	if err != nil {
		return err
	}
	old := m.bolt.Load()
	err = m.exchange(old, fresh)
	if !m.out.Swapped {
		return err
	}
	m.changed.Store(true)
	// Whoever reads the old file is waited for: what was taken out is gone when this returns.
	return errors.Join(err, old.Close())
}

// exchange is swap while nobody begins to read.
func (m *compaction) exchange(old, fresh *bbolt.DB) (err error) {
	m.swapping.Lock()
	defer m.swapping.Unlock()
	if runtime.GOOS == "windows" { // it renames no open file
		if err := errors.Join(fresh.Close(), old.Close()); err != nil {
			return errors.Join(err, m.reopen())
		}
	}
	if err := os.Rename(m.Temporary, m.path); err != nil {
		if runtime.GOOS == "windows" {
			return errors.Join(err, m.reopen())
		}
		return errors.Join(err, fresh.Close())
	}
	m.out.Swapped = true
	if runtime.GOOS == "windows" {
		return m.reopen()
	}
	m.bolt.Store(fresh)
	if err := syncDir(filepath.Dir(m.path)); err != nil {
		// A loss of power could bring the old file back, which would not know what happened from here on.
		m.breakOff(err)
		return err
	}
	return nil
}

// reopen opens the file that has the name of the database, which was closed to be replaced.
func (m *compaction) reopen() error {
	b, err := openBolt(m.path, false, Options{}.timeout())
	if err != nil {
		m.breakOff(err)
		return err
	}
	m.bolt.Store(b)
	return nil
}

// release ends the work of a database and hands its open file over.
func (d *DB) release() (*bbolt.DB, error) {
	d.closing.Lock()
	defer d.closing.Unlock()
	if d.closed {
		return nil, errClosed
	}
	d.closed = true
	close(d.journal)
	<-d.stopped
	return d.bolt.Load(), nil
}
