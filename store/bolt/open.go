package bolt

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"capibara/store"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// schema is the version of the layout that this program writes; see migrate.go for what it reads.
const schema = 4

// Options says how a database is opened.
type Options struct {
	// ReadOnly opens for reading alone: several processes may do so at once, while none writes. Methods that change
	// something then fail.
	ReadOnly bool
	// Timeout is how long to wait for another process to let go of the database; 0 means one second.
	Timeout time.Duration
	// Now is written into the first audit entry by Create; the zero time means the clock's.
	Now time.Time
}

func (o Options) timeout() time.Duration {
	if o.Timeout == 0 {
		return time.Second
	}
	return o.Timeout
}

// Create makes a new, empty database and opens it. The file appears under its name only when it is whole and on disk.
// The error wraps fs.ErrExist when path is taken.
func Create(path string, o Options) (*DB, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("create database %s: %w", path, fs.ErrExist)
	}
	temporary, err := writeEmpty(path, o)
	if err != nil {
		return nil, fmt.Errorf("create database %s: %w", path, err)
	}
	if err := publish(temporary, path); err != nil {
		return nil, fmt.Errorf("create database %s: %w", path, errors.Join(err, os.Remove(temporary)))
	}
	return Open(path, o)
}

// writeEmpty writes an empty database beside path, closes it and returns its temporary name.
func writeEmpty(path string, o Options) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".capibara-*.new")
	if err != nil {
		return "", err
	}
	name = f.Name()
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(name))
		}
	}()
	if err := f.Close(); err != nil {
		return name, err
	}
	b, err := bbolt.Open(name, 0o600, &bbolt.Options{Timeout: o.timeout(), FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return name, err
	}
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	if err := b.Update(func(tx *bbolt.Tx) error { return initialise(newTxn(tx), now) }); err != nil {
		return name, errors.Join(growth(err), b.Close())
	}
	if err := b.Sync(); err != nil {
		return name, errors.Join(err, b.Close())
	}
	return name, b.Close()
}

// initialise makes the buckets of an empty database.
func initialise(t *txn, now time.Time) error {
	for _, b := range slices.Concat(buckets(), buckets3(), buckets4()) {
		if _, err := t.tx.CreateBucket([]byte(b)); err != nil {
			return fmt.Errorf("create bucket %s: %w", b, err)
		}
	}
	if err := t.setMetaUint("schema", schema); err != nil {
		return err
	}
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return fmt.Errorf("choose the database's id: %w", err)
	}
	if err := t.put(metaBucket, []byte("id"), append(unsealed(len(id)), id[:]...)); err != nil {
		return err
	}
	if err := t.put(metaBucket, []byte("created"), appendTime(unsealed(10), now)); err != nil {
		return err
	}
	return t.audit(now, "created", fmt.Sprintf("database %x", id))
}

// publish gives the file its name, never over another one, and makes the name durable.
func publish(temporary, path string) error {
	if err := os.Link(temporary, path); err == nil {
		if err := os.Remove(temporary); err != nil {
			return err
		}
	} else if errors.Is(err, fs.ErrExist) {
		return err
	} else if err := os.Rename(temporary, path); err != nil { // no hard links on this file system
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a directory durable. Windows has no such call and needs none.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Open opens the database at path, which must exist. The error wraps store.ErrNotFound when it does not, ErrLocked when
// another process has it, ErrSchema when a newer version wrote it, and ErrCorrupt when it is damaged or no database.
func Open(path string, o Options) (*DB, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("open database %s: %w; run `capibara init` to create it", path, store.ErrNotFound)
	case err != nil:
		return nil, fmt.Errorf("open database: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("open database %s: %w: it is not a regular file", path, store.ErrCorrupt)
	case info.Size() == 0:
		return nil, fmt.Errorf("open database %s: %w: it is empty", path, store.ErrCorrupt)
	}
	d := &DB{path: path, readOnly: o.ReadOnly, broken: make(chan struct{})}
	if err := d.open(o.timeout()); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	if err := d.view(verifySchema); err != nil {
		d.bolt.Load().Close()
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	if d.readOnly {
		return d, nil
	}
	if err := d.migrate(); err != nil {
		d.bolt.Load().Close()
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	d.startJournal()
	return d, nil
}

// open looks at the file before it lets bbolt work on it: bbolt trusts what it reads, scans for free pages in a
// goroutine of its own where no panic can be caught, and takes an empty file for a new database.
func (d *DB) open(timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	b, err := openBolt(d.path, true, timeout)
	if err != nil {
		return err
	}
	if err := inspectClosed(d.path, d.readOnly); err != nil {
		return errors.Join(err, b.Close())
	}
	d.bolt.Store(b)
	if d.readOnly {
		return nil
	}
	if err := b.Close(); err != nil {
		return err
	}
	// A timeout of zero would wait for ever.
	if b, err = openBolt(d.path, false, max(time.Until(deadline), time.Millisecond)); err != nil {
		return err
	}
	d.bolt.Store(b)
	return nil
}

func openBolt(path string, readOnly bool, timeout time.Duration) (b *bbolt.DB, err error) {
	defer guard(&err)()
	var opened *os.File
	o := &bbolt.Options{
		Timeout:         timeout,
		ReadOnly:        readOnly,
		FreelistType:    bbolt.FreelistMapType,
		NoFreelistSync:  true,
		NoStatistics:    true,
		InitialMmapSize: initialMap(),
		OpenFile: func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
			f, err = os.OpenFile(name, flag&^os.O_CREATE, mode)
			opened = f
			return f, err
		},
	}
	b, err = bbolt.Open(path, 0o600, o)
	var inPath *fs.PathError
	switch {
	case err == nil:
		if err := stillNamed(opened, path); err != nil {
			return nil, errors.Join(err, b.Close())
		}
		return b, nil
	case errors.Is(err, bbolterrors.ErrTimeout):
		return nil, store.ErrLocked
	case errors.As(err, &inPath):
		return nil, err
	}
	return nil, fmt.Errorf("%w: %w", store.ErrCorrupt, err)
}

// stillNamed makes sure that an open and locked file is the one that has the name. Whoever waited for the lock while another
// file took its place would work on one that nobody finds again.
func stillNamed(f *os.File, path string) error {
	mine, err := f.Stat()
	if err != nil {
		return err
	}
	there, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(mine, there) {
		return fmt.Errorf("%w: it was replaced just now", store.ErrLocked)
	}
	return nil
}

// initialMap is how much address space the database is mapped into at once. A writer that must enlarge the map waits
// for every reader, so it had better never have to; the pages behind it cost nothing until they exist. Windows would
// enlarge the file with the map, and a 32-bit process has no such space.
func initialMap() int {
	if runtime.GOOS == "windows" || ^uint(0)>>32 == 0 {
		return 0
	}
	var gibibytes uint64 = 16
	return int(gibibytes << 30)
}

func verifySchema(t *txn) error {
	if t.bucket(metaBucket) == nil {
		return fmt.Errorf("%w: it is no database of Capibara", store.ErrCorrupt)
	}
	version, err := t.metaUint("schema")
	if err != nil {
		return err
	}
	if version > schema {
		return fmt.Errorf("%w: its schema is %d, and this version knows %d; use the version that wrote it, or a newer one",
			store.ErrSchema, version, schema)
	}
	if version < oldestSchema {
		return fmt.Errorf("%w: it has no schema number", store.ErrCorrupt)
	}
	want := buckets()
	if version >= 3 {
		want = append(want, buckets3()...)
	}
	if version >= 4 {
		want = append(want, buckets4()...)
	}
	for _, b := range want {
		if t.bucket(b) == nil {
			return fmt.Errorf("%w: the bucket %s is missing", store.ErrCorrupt, b)
		}
	}
	return nil
}

// ID is what tells this database from every other, as 32 hexadecimal digits. A copy of it has the same.
func (d *DB) ID(ctx context.Context) (id string, err error) {
	err = d.read(ctx, func(t *txn) error {
		body, err := t.get(metaBucket, []byte("id"))
		if err == nil && len(body) != 16 {
			err = damaged(metaBucket, []byte("id"))
		}
		id = hex.EncodeToString(body)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("read the database's id: %w", err)
	}
	return id, nil
}
