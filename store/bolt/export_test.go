package bolt

import "go.etcd.io/bbolt"

// PutSchema makes the database one of another version.
func PutSchema(tx *bbolt.Tx, version uint64) error { return newTxn(tx).setMetaUint("schema", version) }

// CountIDs counts the entries of the two indexes of ids.
func (d *DB) CountIDs() (young, old int, err error) {
	err = d.view(func(t *txn) error {
		young, old = t.bucket(idsNewBucket).Stats().KeyN, t.bucket(idsBucket).Stats().KeyN
		return nil
	})
	return young, old, err
}
