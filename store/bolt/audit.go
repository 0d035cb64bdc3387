package bolt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// auditHead is the key in meta of the last entry's number and hash: without it a cut-off end would not show.
const auditHead = "audit"

// head returns the number and hash of the last audit entry, zeros before the first.
func (t *txn) head() (n uint64, hash event.Hash, err error) {
	body, err := t.get(metaBucket, []byte(auditHead))
	if body == nil || err != nil {
		return 0, hash, err
	}
	d := decoder{b: body}
	n, hash = d.uint(), d.hash()
	if !d.done() {
		return 0, hash, damaged(metaBucket, []byte(auditHead))
	}
	return n, hash, nil
}

// audit adds an entry to the chain, in the transaction of what it records.
func (t *txn) audit(at time.Time, kind, detail string) error {
	n, previous, err := t.head()
	if err != nil {
		return err
	}
	n++
	v := append(appendUint(unsealed(64+len(detail)), n), previous[:]...)
	v = appendText(appendText(appendTime(v, at), kind), detail)
	t.appending(auditBucket)
	if err := t.put(auditBucket, numberKey(n), v); err != nil {
		return err
	}
	hash := sha256.Sum256(v[sumSize:])
	return t.put(metaBucket, []byte(auditHead), append(appendUint(unsealed(42), n), hash[:]...))
}

// Note adds an entry to the audit log.
func (d *DB) Note(ctx context.Context, kind, detail string, now time.Time) error {
	err := d.change(ctx, func(t *txn) error {
		if kind == "" || detail == "" {
			return errors.New("it says nothing")
		}
		return t.audit(now, kind, detail)
	})
	if err != nil {
		return fmt.Errorf("add %q to the audit log: %w", kind, err)
	}
	return nil
}

// decodeAudit reads an entry and computes its hash.
func decodeAudit(b []byte) (store.AuditEntry, bool) {
	d := decoder{b: b}
	e := store.AuditEntry{N: d.uint(), Previous: d.hash(), At: d.time(), Kind: d.text(), Detail: d.text(),
		Hash: sha256.Sum256(b)}
	return e, d.done()
}

// Audit calls yield for the audit entries from number from on.
func (d *DB) Audit(ctx context.Context, from uint64, yield func(store.AuditEntry) bool) error {
	err := scan(ctx, d, auditBucket, nil, numberKey(from), func(_ *txn, _, body []byte) (store.AuditEntry, bool, error) {
		e, ok := decodeAudit(body)
		return e, ok, nil
	}, yield)
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	return nil
}

// pageRows and pageTime bound one read transaction: a long one keeps every page that is replaced meanwhile.
const (
	pageRows = 5000
	pageTime = 50 * time.Millisecond
)

// scan decodes the entries of b that start with prefix, from the key start on, and yields them outside of any
// transaction, so that a slow reader holds nothing up.
func scan[T any](ctx context.Context, d *DB, b bucket, prefix, start []byte,
	decode func(t *txn, key, body []byte) (T, bool, error), yield func(T) bool) error {
	for start != nil {
		var page []T
		err := d.read(ctx, func(t *txn) error {
			page = page[:0]
			c := t.bucket(b).Cursor()
			k, v := c.Seek(start)
			for ; k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
				if len(page) == pageRows {
					start = bytes.Clone(k)
					return nil
				}
				body, ok := unseal(k, v)
				if !ok {
					return damaged(b, k)
				}
				one, ok, err := decode(t, k, body)
				if err != nil {
					return err
				}
				if !ok {
					return damaged(b, k)
				}
				page = append(page, one)
			}
			start = nil
			return nil
		})
		if err != nil {
			return err
		}
		for _, one := range page {
			if !yield(one) {
				return nil
			}
		}
	}
	return nil
}
