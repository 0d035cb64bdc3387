package bolt

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// oldestSchema is the oldest layout that can be read. What each version brought:
//
//	1  the first
//	2  the bucket people; a receipt and a mended file behind a file's other members; flags of cells for rows that replace
//	   another or were replaced
//	3  the buckets decisions, halts and retracted; what people decide about events; kind and content of a conflict; sums of a
//	   file; a person's word about a batch
//	4  the buckets suppressions and unfinished; rows that were emptied; proofs of a batch; what the retention removed
//
// What an older version wrote means the same in a later one, so that reading it needs no change.
const oldestSchema = 1

// migrate brings a database that an older version wrote to the layout of this one, so that the older version, which would
// take what is new for damage, refuses it from then on. A copy is kept beside it first: with it one can go back, as long as
// nothing was sent since.
func (d *DB) migrate() error {
	var version uint64
	err := d.view(func(t *txn) (err error) {
		version, err = t.metaUint("schema")
		return err
	})
	if err != nil || version == schema {
		return err
	}
	if err := d.keepCopy(copyName(d.path, version)); err != nil {
		return fmt.Errorf("keep a copy of the database of schema %d before it is brought to %d; nothing was changed: %w", version, schema, err)
	}
	err = d.update(func(t *txn) error {
		for _, b := range append(buckets3(), buckets4()...) {
			if _, err := t.tx.CreateBucketIfNotExists([]byte(b)); err != nil {
				return fmt.Errorf("create bucket %s: %w", b, err)
			}
		}
		return t.setMetaUint("schema", schema)
	})
	if err != nil {
		return fmt.Errorf("bring the database from schema %d to %d: %w", version, schema, err)
	}
	return nil
}

// copyName is where the copy of a database lies that an older version wrote.
func copyName(path string, version uint64) string { return fmt.Sprintf("%s.schema%d", path, version) }

// keepCopy writes the database to another file, which appears under its name only when it is whole and on disk. One that
// is there already stays: a migration that was cut off behind it made it.
func (d *DB) keepCopy(name string) (err error) {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	temporary := name + ".new"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temporary))
		}
	}()
	if err := errors.Join(d.bolt.Load().View(func(tx *bbolt.Tx) error { return writeTo(tx, f) }), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, name); err != nil {
		return err
	}
	return syncDir(filepath.Dir(name))
}

func writeTo(tx *bbolt.Tx, w io.Writer) error {
	_, err := tx.WriteTo(w)
	return err
}
