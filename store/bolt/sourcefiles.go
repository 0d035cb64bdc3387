package bolt

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync"

	"capibara/store"
)

// sourceCache remembers the rows of the files of each source, so that a list that goes on page by page does not read every file
// for every page. It is shared by the read transactions of a database. A file that is not closed is read again.
type sourceCache struct {
	mu    sync.Mutex
	upTo  uint64 // the last file that was read
	open  []uint64
	files map[string][]sourceFile
}

// sourceFile is a closed file: it gets no more rows.
type sourceFile struct {
	n       uint64
	extents []extent
}

// ofSource are the rows of a source's files, the greatest first.
func (s *search) ofSource() ([]extent, error) {
	ranges, err := s.sources.ranges(s.txn, s.f.Source)
	slices.SortFunc(ranges, func(a, b extent) int { return cmp.Compare(b.first, a.first) })
	return ranges, err
}

// ranges are the rows of the source's files that a transaction sees. It may see less than is remembered: a file that was removed is
// none, and rows that it does not have are in no block.
func (c *sourceCache) ranges(t *txn, source string) ([]extent, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files == nil {
		c.files = map[string][]sourceFile{}
	}
	var ranges []extent
	var open []uint64 // in place of c.open; one that this transaction does not see stays
	for i, n := range c.open {
		key := numberKey(n)
		v := t.bucket(filesBucket).Get(key)
		f, err := storedFile(key, v)
		if err != nil && v != nil {
			c.open = append(open, c.open[i:]...)
			return nil, err
		}
		if v == nil || !c.take(f) {
			open = append(open, n)
		}
		if v != nil && f.State == store.FileImporting && f.Source == source {
			ranges = append(ranges, f.extents...)
		}
	}
	c.open = open
	cur := t.bucket(filesBucket).Cursor()
	for k, v := cur.Seek(numberKey(c.upTo + 1)); k != nil; k, v = cur.Next() {
		f, err := storedFile(k, v)
		if err != nil {
			return nil, err
		}
		if !c.take(f) {
			c.open = append(c.open, f.Number)
			if f.Source == source {
				ranges = append(ranges, f.extents...)
			}
		}
		c.upTo = f.Number
	}
	for _, f := range c.files[source] {
		if t.bucket(filesBucket).Get(numberKey(f.n)) != nil {
			ranges = append(ranges, f.extents...)
		}
	}
	return ranges, nil
}

// take remembers a file that is closed; false for another.
func (c *sourceCache) take(f *fileRecord) bool {
	if f.State == store.FileImporting {
		return false
	}
	c.files[f.Source] = append(c.files[f.Source], sourceFile{f.Number, f.extents})
	return true
}

// storedFile decodes a file.
func storedFile(k, v []byte) (*fileRecord, error) {
	body, ok := unseal(k, v)
	if !ok || len(k) != 8 {
		return nil, damaged(filesBucket, k)
	}
	f, ok := decodeFile(binary.BigEndian.Uint64(k), body)
	if !ok {
		return nil, damaged(filesBucket, k)
	}
	return f, nil
}
