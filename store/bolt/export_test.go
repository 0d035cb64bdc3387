package bolt

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"capibara/event"
	"capibara/store"

	"go.etcd.io/bbolt"
)

// PutSchema makes the database one of another version.
func PutSchema(tx *bbolt.Tx, version uint64) error { return newTxn(tx).setMetaUint("schema", version) }

// SetPruneAtOnce bounds what one transaction of the retention takes out.
func (d *DB) SetPruneAtOnce(n int) { d.pruneAtOnce = n }

// CountIDs counts the entries of the two indexes of ids.
func (d *DB) CountIDs() (young, old int, err error) {
	err = d.view(func(t *txn) error {
		young, old = t.bucket(idsNewBucket).Stats().KeyN, t.bucket(idsBucket).Stats().KeyN
		return nil
	})
	return young, old, err
}

// Faulty is a DB with one fault that the tests must find: they prove nothing when they do not.
type Faulty struct {
	*DB
	Fault string
}

// The faults.
const (
	BlindSettle = "settle-without-looking"   // a batch is settled whatever its state
	ApartImport = "record-number-afterwards" // rows are committed before the file's record number
	NoSync      = "no-sync"                  // nothing is synced
)

// OpenFaulty opens a database with a fault.
func OpenFaulty(d *DB, fault string) *Faulty {
	d.bolt.Load().NoSync = fault == NoSync
	return &Faulty{d, fault}
}

// Settle is Settle without its compare, when that is the fault.
func (f *Faulty) Settle(ctx context.Context, s store.Settlement, now time.Time) (store.Batch, error) {
	if f.Fault != BlindSettle {
		return f.DB.Settle(ctx, s, now)
	}
	return f.journalled(ctx, func(t *txn) (func() (store.Batch, error), error) {
		b, err := t.batch(s.Batch)
		if err != nil {
			return nil, err
		}
		b.end(s, now)
		return func() (store.Batch, error) { return t.conclude(b, s, now, "batch_settled") }, nil
	})
}

// Import is Import in two transactions, when that is the fault.
func (f *Faulty) Import(ctx context.Context, file uint64, c store.Chunk, now time.Time) (out store.ImportResult, err error) {
	if f.Fault != ApartImport {
		return f.DB.Import(ctx, file, c, now)
	}
	var after []byte
	err = f.change(ctx, func(t *txn) error {
		before, err := t.file(file)
		if err != nil {
			return err
		}
		was := before.encode()
		in := &importing{txn: t, chunk: c, now: now}
		if err := in.run(file); err != nil {
			return err
		}
		out, after = in.out, in.file.encode()
		return t.put(filesBucket, numberKey(file), was)
	})
	if err != nil {
		return out, err
	}
	time.Sleep(time.Millisecond) // so that a kill finds it here
	return out, f.change(ctx, func(t *txn) error { return t.put(filesBucket, numberKey(file), after) })
}

// BreakOff makes the database take no more changes, as a header page does that was written and cannot be synced.
func (d *DB) BreakOff(err error) { d.breakOff(err) }

// CutAudit takes the entries behind last out of the audit log, and the trace of them.
func CutAudit(audit, meta *bbolt.Bucket, last uint64) error {
	var errs error
	for n := last + 1; audit.Get(numberKey(n)) != nil; n++ {
		errs = errors.Join(errs, audit.Delete(numberKey(n)))
	}
	return errors.Join(errs, headTo(meta, last, sha256.Sum256(audit.Get(numberKey(last))[sumSize:])))
}

// ForgeAudit changes an entry, and every hash behind it, so that the log agrees with itself.
func ForgeAudit(audit, meta *bbolt.Bucket, entry uint64) error {
	var previous event.Hash
	n := uint64(1)
	for ; audit.Get(numberKey(n)) != nil; n++ {
		e, ok := decodeAudit(audit.Get(numberKey(n))[sumSize:])
		if !ok {
			return errors.New("an entry cannot be read")
		}
		if n == entry {
			e.Detail += ", or not"
		}
		v := append(appendUint(unsealed(64), n), previous[:]...)
		v = appendText(appendText(appendTime(v, e.At), e.Kind), e.Detail)
		seal(numberKey(n), v)
		previous = sha256.Sum256(v[sumSize:])
		if err := audit.Put(numberKey(n), v); err != nil {
			return err
		}
	}
	return headTo(meta, n-1, previous)
}

func headTo(meta *bbolt.Bucket, n uint64, hash event.Hash) error {
	v := append(appendUint(unsealed(42), n), hash[:]...)
	seal([]byte(auditHead), v)
	return meta.Put([]byte(auditHead), v)
}

// CarriedBefore asks it of a batch with these rows, and with those that left it.
func CarriedBefore(state store.BatchState, seqs, dropped []uint64, seq uint64) bool {
	b := &batchRecord{Batch: store.Batch{State: state, Seqs: seqs, Parent: 300, CreatedAt: time.Unix(1_800_000_000, 0)}, dropped: dropped}
	return carriedBefore(b.encode()[sumSize:], func(row uint64) bool { return row == seq })
}
