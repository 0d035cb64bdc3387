package bolt

import "fmt"

// oldestSchema is the oldest layout that can be read. What each version brought:
//
//	1  the first
//	2  the bucket people; a receipt and a mended file behind a file's other members; flags of cells for rows that replace
//	   another or were replaced
//
// All of version 1 means the same in version 2, so reading it needs no change.
const oldestSchema = 1

// migrate brings a database that an older version wrote to the layout of this one, so that the older version, which would
// take what is new for damage, refuses it from then on. From 1 to 2 nothing but the number changes: no copy is made before.
func (d *DB) migrate() error {
	var version uint64
	err := d.view(func(t *txn) (err error) {
		version, err = t.metaUint("schema")
		return err
	})
	if err != nil || version == schema {
		return err
	}
	if err := d.update(func(t *txn) error { return t.setMetaUint("schema", schema) }); err != nil {
		return fmt.Errorf("bring the database from schema %d to %d: %w", version, schema, err)
	}
	return nil
}
