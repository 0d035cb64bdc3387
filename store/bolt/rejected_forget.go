package bolt

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// ForgetRejects takes the record keys out of the rejected records of a file that begin on these lines, in pages, each with its audit
// entry.
func (d *DB) ForgetRejects(ctx context.Context, file uint64, lines []uint64, by store.Decision, now time.Time) (forgotten uint64, err error) {
	if err := by.Check(event.ReasonErased); err != nil {
		return 0, fmt.Errorf("forget rejected records of file %d: %w", file, err)
	}
	of := make(map[uint64]bool, len(lines))
	for _, n := range lines {
		of[n] = true
	}
	for start := numberKey(file); start != nil && len(of) > 0; {
		keys, next, err := d.rejectsToForget(ctx, start, file, of)
		if err == nil && len(keys) > 0 {
			err = d.change(ctx, func(t *txn) error { return t.forgetRejects(file, keys, by, now) })
		}
		if err != nil {
			return forgotten, fmt.Errorf("forget rejected records of file %d: %w", file, err)
		}
		forgotten, start = forgotten+uint64(len(keys)), next
	}
	return forgotten, nil
}

// rejectsToForget reads a page of the rejected records of a file from the key start on; next is nil behind the last. What is damaged
// is for Check to name.
func (d *DB) rejectsToForget(ctx context.Context, start []byte, file uint64, lines map[uint64]bool) (keys [][]byte, next []byte, err error) {
	err = d.read(ctx, func(t *txn) error {
		began, read := time.Now(), 0
		c := t.bucket(rejectsBucket).Cursor()
		for k, v := c.Seek(start); bytes.HasPrefix(k, numberKey(file)); k, v = c.Next() {
			if len(keys) == pageRows || read > 0 && read%64 == 0 && time.Since(began) > pageTime {
				next = bytes.Clone(k)
				return nil
			}
			read++
			body, ok := unseal(k, v)
			if r, whole := decodeRawReject(body); ok && whole && r.key != "" && lines[r.line] {
				keys = append(keys, bytes.Clone(k))
			}
		}
		return nil
	})
	return keys, next, err
}

// forgetRejects takes the record keys out of rejected records.
func (t *txn) forgetRejects(file uint64, keys [][]byte, by store.Decision, now time.Time) error {
	for _, k := range keys {
		body, err := t.get(rejectsBucket, k)
		if err != nil {
			return err
		}
		r, ok := decodeRawReject(body)
		if !ok {
			return damaged(rejectsBucket, k)
		}
		r.key = ""
		if err := t.put(rejectsBucket, k, r.encode()); err != nil {
			return err
		}
	}
	e := store.DecisionEntry{By: by.By, Note: by.Note}
	return t.audit(now, "erased", fmt.Sprintf("the record keys of %d rejected records of file %d were taken out", len(keys), file)+e.Signature())
}

// rawReject is what is stored of a rejected record.
type rawReject struct {
	line, reason uint64 // reason by its number
	column, key  string
}

func (r *rawReject) encode() []byte {
	v := appendUint(appendUint(unsealed(20+len(r.column)+len(r.key)), r.line), r.reason)
	return appendText(appendText(v, r.column), r.key)
}

func decodeRawReject(b []byte) (rawReject, bool) {
	d := decoder{b: b}
	r := rawReject{line: d.uint(), reason: d.uint(), column: d.text(), key: d.text()}
	return r, d.done()
}
