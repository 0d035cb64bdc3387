package bolt

import (
	"bytes"
	"math"

	"go.etcd.io/bbolt"
)

// Event ids are hashes, so a chunk of new ones is spread over the whole index, and bbolt would rewrite every page of it:
// with a million events that is most of what an import costs, in time and in memory. So new ids go to ids_new, which is
// small, and every import moves one stretch of ids_new, a neighbourhood of keys, on to ids. Each of the two transfers
// touches a fraction of the pages. The stretches follow one another through all keys and then begin again.

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

// addKnown makes new events known, whose entries are sorted by key and not sealed, total with them.
func (t *txn) addKnown(entries []idEntry, total uint64) error {
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
	waiting += uint64(len(entries))
	if room := roomFor(total); waiting > room {
		if position, err = t.moveIDs(position, int(waiting-room)); err != nil {
			return err
		}
		waiting = room
	}
	return t.put(metaBucket, []byte(idsMoved), append(appendUint(unsealed(10+len(position)), waiting), position...))
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

// moveIDs moves the n entries behind position from ids_new to ids, and returns the new position.
func (t *txn) moveIDs(position []byte, n int) ([]byte, error) {
	entries := make([]idEntry, 0, n)
	c := t.bucket(idsNewBucket).Cursor()
	k, v := c.Seek(position)
	for len(entries) < n {
		if k == nil {
			if k, v = c.First(); k == nil {
				break
			}
		}
		// What bbolt hands out is valid until the next change only.
		both := append(append(make([]byte, 0, len(k)+len(v)), k...), v...)
		entries = append(entries, idEntry{both[:len(k):len(k)], both[len(k):]})
		k, v = c.Next()
	}
	from := t.bucket(idsNewBucket)
	for _, e := range entries {
		if err := from.Delete(e.key); err != nil {
			return nil, err
		}
	}
	if len(entries) == 0 {
		return nil, nil
	}
	// The key just moved is gone, so that seeking it finds the one behind it.
	return entries[len(entries)-1].key, putAll(t.bucket(idsBucket), entries)
}

func putAll(b *bbolt.Bucket, entries []idEntry) error {
	for _, e := range entries {
		if err := b.Put(e.key, e.value); err != nil {
			return err
		}
	}
	return nil
}
