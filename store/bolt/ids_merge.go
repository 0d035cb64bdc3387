package bolt

import (
	"bytes"
	"context"
	"fmt"
	"math"

	"go.etcd.io/bbolt"
)

// Event ids are hashes, so a chunk of new ones is spread over the whole index, and bbolt would rewrite every page of it:
// with a million events that is most of what an import costs, in time and in memory. So new ids go to ids_new, which is
// small, and before an import one stretch of ids_new, a neighbourhood of keys, moves on to ids. Each of the two transfers
// touches a fraction of the pages, and being two transactions they need the memory for one at a time. The stretches
// follow one another through all keys and then begin again.

// idEntry is one entry of ids on its way in: its key and its sealed value.
type idEntry struct{ key, value []byte }

// idsMoved is the key in meta of how far the stretches have come and how many entries ids_new has.
const idsMoved = "ids_new"

// evenChunk is the size of a chunk for which the two transfers are balanced.
const evenChunk = 20_000

// roomFor is how many entries ids_new should have when there are total events: then adding a chunk to it and moving a
// stretch of the same size out of it touch about as many pages.
func roomFor(total uint64) uint64 {
	return max(evenChunk, uint64(math.Sqrt(evenChunk*float64(total))))
}

// addKnown makes new events known, whose entries are sorted by key and not sealed.
func (t *txn) addKnown(entries []idEntry) error {
	if len(entries) == 0 {
		return nil
	}
	for _, e := range entries {
		seal(e.key, e.value)
	}
	waiting, position, err := t.idsWaiting()
	if err != nil {
		return err
	}
	if last, _ := t.bucket(idsBucket).Cursor().Last(); waiting == 0 && bytes.Compare(last, entries[0].key) < 0 {
		return putAll(t.appending(idsBucket), entries) // ids that ascend need no detour
	}
	if err := putAll(t.bucket(idsNewBucket), entries); err != nil {
		return err
	}
	return t.setIDsWaiting(waiting+uint64(len(entries)), position)
}

// makeRoom moves ids on when ids_new has become an eighth larger than it should be.
func (d *DB) makeRoom(ctx context.Context) error {
	var due int
	err := d.read(ctx, func(t *txn) error {
		last, err := t.lastRow()
		if err != nil {
			return err
		}
		w, err := t.removed()
		if err != nil {
			return err
		}
		waiting, _, err := t.idsWaiting()
		if room := roomFor(last - (w.row - 1)); waiting > room+room/8 {
			due = int(waiting - room)
		}
		return err
	})
	if due == 0 || err != nil {
		return err
	}
	return d.change(ctx, func(t *txn) error { return t.moveIDs(due) })
}

func (t *txn) idsWaiting() (n uint64, position []byte, err error) {
	body, err := t.get(metaBucket, []byte(idsMoved))
	if body == nil || err != nil {
		return 0, nil, err
	}
	d := decoder{b: body}
	n, position = d.uint(), bytes.Clone(d.b)
	if d.bad {
		return 0, nil, damaged(metaBucket, []byte(idsMoved))
	}
	return n, position, nil
}

func (t *txn) setIDsWaiting(n uint64, position []byte) error {
	return t.put(metaBucket, []byte(idsMoved), append(appendUint(unsealed(10+len(position)), n), position...))
}

// moveIDs moves n entries, those behind the position and then those at the beginning, from ids_new to ids.
func (t *txn) moveIDs(n int) error {
	waiting, position, err := t.idsWaiting()
	if err != nil {
		return err
	}
	n = min(n, int(waiting))
	entries := make([]idEntry, 0, n)
	c := t.bucket(idsNewBucket).Cursor()
	k, v := c.Seek(position)
	for len(entries) < n {
		if k == nil {
			if k, v = c.First(); k == nil {
				return damaged(metaBucket, []byte(idsMoved))
			}
		}
		// What bbolt hands out is valid until the next change only.
		both := append(append(make([]byte, 0, len(k)+len(v)), k...), v...)
		entries = append(entries, idEntry{both[:len(k):len(k)], both[len(k):]})
		k, v = c.Next()
	}
	if n == 0 {
		return nil
	}
	for _, e := range entries {
		if err := t.delete(idsNewBucket, e.key); err != nil {
			return err
		}
	}
	if err := putAll(t.bucket(idsBucket), entries); err != nil {
		return err
	}
	// The key moved last is gone: seeking it finds the one behind it.
	return t.setIDsWaiting(waiting-uint64(n), entries[n-1].key)
}

func putAll(b *bbolt.Bucket, entries []idEntry) error {
	for _, e := range entries {
		if err := b.Put(e.key, e.value); err != nil {
			return fmt.Errorf("write ids: %w", err)
		}
	}
	return nil
}
