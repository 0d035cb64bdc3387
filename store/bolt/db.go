package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"capibara/store"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// DB is an open database. It implements store.Outbox.
type DB struct {
	path     string
	readOnly bool
	// bolt is the open file. A compaction puts another in its place; see handle.
	bolt    atomic.Pointer[bbolt.DB]
	changed atomic.Bool // something was committed since the database was opened
	// brokenBy is why a commit failed in a way after which the state in memory cannot be trusted; nil while none did.
	brokenBy atomic.Pointer[error]
	broken   chan struct{} // closed with it
	halts    haltCache
	// importing holds the numbers of the files that were opened since the database was, and not closed: whoever reads them may go on.
	importing sync.Map
	// pruneAtOnce takes the place of prunedAtOnce when it is greater than 0.
	pruneAtOnce int

	writing    sync.Mutex   // held by the one change that is under way, and by a compaction
	swapping   sync.RWMutex // held for writing while a compaction puts another file in the place of the open one
	closing    sync.RWMutex // held for writing by Close alone, for reading by what must not meet it
	compacting sync.Mutex   // held by a compaction
	closed     bool
	journal    chan *change
	stopped    chan struct{} // closed when the journal goroutine has ended
}

var _ store.Outbox = (*DB)(nil)

var errClosed = errors.New("the database is closed")

// guard turns a panic and a memory fault of the calling goroutine into an ErrCorrupt in *err: bbolt works on a memory
// map and trusts it. Use it as `defer guard(&err)()`.
func guard(err *error) func() {
	faults := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(faults)
		if r := recover(); r != nil {
			*err = fmt.Errorf("%w: reading it failed: %v", store.ErrCorrupt, r)
		}
	}
}

// view runs fn in a read transaction.
func (d *DB) view(fn func(*txn) error) (err error) {
	defer guard(&err)()
	tx, err := d.begin()
	if err != nil {
		return err
	}
	return d.viewIn(tx, fn)
}

// viewIn runs fn in a read transaction, and ends it.
func (d *DB) viewIn(tx *bbolt.Tx, fn func(*txn) error) (err error) {
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	t := newTxn(tx)
	t.haltCache = &d.halts
	return fn(t)
}

// begin begins a read transaction on the file that is open now.
func (d *DB) begin() (*bbolt.Tx, error) {
	for {
		open := d.bolt.Load()
		tx, err := open.Begin(false)
		if errors.Is(err, bbolterrors.ErrDatabaseNotOpen) && d.handle() != open {
			continue // a compaction closed it meanwhile
		}
		if err != nil {
			return nil, closedOr(err)
		}
		return tx, nil
	}
}

// handle is the open file, never one that is about to be replaced.
func (d *DB) handle() *bbolt.DB {
	d.swapping.RLock()
	defer d.swapping.RUnlock()
	return d.bolt.Load()
}

// update runs fn in a write transaction and commits it. When fn fails nothing of it stays.
func (d *DB) update(fn func(*txn) error) (err error) {
	defer guard(&err)()
	if err := d.BrokenBy(); err != nil {
		return err
	}
	// bbolt lets one writer in at a time as well, but the next one before a failed commit was looked at.
	d.writing.Lock()
	defer d.writing.Unlock()
	tx, err := d.bolt.Load().Begin(true)
	if err != nil {
		return closedOr(err)
	}
	committing, id := false, tx.ID()
	defer func() {
		if r := recover(); r != nil {
			if committing {
				d.breakOff(fmt.Errorf("%w: %v", store.ErrCorrupt, r))
			}
			// Unlike the rollback of bbolt's own Update this one reads no page, so it cannot fail on a damaged one.
			_ = tx.Rollback()
			panic(r)
		}
	}()
	t := newTxn(tx)
	t.haltCache = &d.halts
	if err := fn(t); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := t.flush(); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	committing = true
	if err := tx.Commit(); err != nil {
		// A full disk leaves bbolt as it was. Only when the header page was written and not synced does memory show a
		// change that the disk may not hold.
		if d.shows(id) {
			d.breakOff(err)
		}
		return fmt.Errorf("commit: %w", growth(err))
	}
	d.changed.Store(true)
	return nil
}

// growthError is an error of bbolt that it tells in words alone, with the system's error that the words end in.
type growthError struct {
	error
	errno syscall.Errno
}

// Unwrap returns the system's error.
func (e growthError) Unwrap() error { return e.errno }

// growth finds the system's error in the words in which bbolt says that its file cannot grow.
func growth(err error) error {
	var known syscall.Errno
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO, syscall.EFBIG} {
		if !errors.As(err, &known) && strings.HasSuffix(err.Error(), ": "+errno.Error()) {
			return growthError{err, errno}
		}
	}
	return err
}

// breakOff lets no further change through.
func (d *DB) breakOff(err error) {
	if d.brokenBy.CompareAndSwap(nil, &err) {
		close(d.broken)
	}
}

// Broken is closed when a change failed so that nobody knows whether the disk holds it. Nothing is changed after that until
// the database is opened again, which shows what the disk holds.
func (d *DB) Broken() <-chan struct{} { return d.broken }

// BrokenBy says why, and wraps what the system said; nil while nothing of the kind has happened.
func (d *DB) BrokenBy() error {
	why := d.brokenBy.Load()
	if why == nil {
		return nil
	}
	return fmt.Errorf("an earlier change failed halfway, and nothing more is written until the program is started again: %w", *why)
}

// shows reports whether readers see the transaction with this id; when in doubt they do.
func (d *DB) shows(id int) bool {
	tx, err := d.bolt.Load().Begin(false)
	if err != nil {
		return true
	}
	seen := tx.ID()
	return tx.Rollback() != nil || seen >= id
}

func closedOr(err error) error {
	if errors.Is(err, bbolterrors.ErrDatabaseNotOpen) {
		return errClosed
	}
	return err
}

// change runs fn in a write transaction of its own, unless ctx is over already. Once begun it is carried through.
func (d *DB) change(ctx context.Context, fn func(*txn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return d.update(fn)
}

// read runs fn in a read transaction, unless ctx is over.
func (d *DB) read(ctx context.Context, fn func(*txn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return d.view(fn)
}

// Close waits for changes under way, writes the list of free pages, so that the next opening need not look for them,
// and releases the file. Closing again does nothing.
func (d *DB) Close() error {
	d.closing.Lock()
	defer d.closing.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	if !d.readOnly {
		close(d.journal)
		<-d.stopped
	}
	var err error
	if d.changed.Load() && d.BrokenBy() == nil {
		err = d.writeFreelist()
	}
	if err = errors.Join(err, d.bolt.Load().Close()); err != nil {
		return fmt.Errorf("close database %s: %w", d.path, err)
	}
	return nil
}

func (d *DB) writeFreelist() (err error) {
	d.bolt.Load().NoFreelistSync = false
	return d.update(func(*txn) error { return nil })
}
