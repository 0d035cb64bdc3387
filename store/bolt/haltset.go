package bolt

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
	"sync/atomic"

	"capibara/store"
)

// haltSet tells which rows are halted without reading them: the extents of the files that a halt concerns. It is worked out
// once for every version of what is halted, however many transactions ask.
type haltSet struct {
	version uint64
	spans   []haltSpan // ascending, no two in common
}

// haltSpan is a run of rows of one file.
type haltSpan struct {
	extent
	file             uint64
	source           string // when bySource
	bySource, byFile bool   // all its rows
	single           bool   // those with flagHalted
}

// haltCache is the halt set that was worked out last.
type haltCache = atomic.Pointer[haltSet]

// haltsVersion is the key in meta of a number that grows whenever other rows are halted than before: with a halt that is made or
// ended, and with a row of a file that is halted.
const haltsVersion = "halts"

func (t *txn) haltsChanged() error {
	n, err := t.metaUint(haltsVersion)
	if err != nil {
		return err
	}
	t.haltedRows = nil
	return t.setMetaUint(haltsVersion, n+1)
}

// halted returns which rows are halted, as this transaction sees it.
func (t *txn) halted() (*haltSet, error) {
	if t.haltedRows != nil {
		return t.haltedRows, nil
	}
	version, err := t.metaUint(haltsVersion)
	if err != nil {
		return nil, err
	}
	if t.haltCache != nil {
		if known := t.haltCache.Load(); known != nil && known.version == version {
			t.haltedRows = known
			return known, nil
		}
	}
	set := &haltSet{version: version}
	if version > 0 {
		if err := t.workOut(set); err != nil {
			return nil, err
		}
	}
	// What a write transaction sees may never be committed.
	if t.haltCache != nil && !t.tx.Writable() {
		t.haltCache.Store(set)
	}
	t.haltedRows = set
	return set, nil
}

func (t *txn) workOut(set *haltSet) error {
	sources := map[string]haltRecord{}
	files := map[uint64]*haltSpan{}
	of := func(n uint64) *haltSpan {
		if files[n] == nil {
			files[n] = &haltSpan{file: n}
		}
		return files[n]
	}
	err := t.halts(func(h haltRecord) error {
		switch h.Kind {
		case store.HaltSource:
			sources[h.Source] = h
		case store.HaltFile:
			of(h.File).byFile = true
		case store.HaltEvents:
			of(h.File).single = true
		}
		return nil
	})
	if err != nil {
		return err
	}
	if len(sources) > 0 {
		c := t.bucket(filesBucket).Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			body, ok := unseal(k, v)
			if !ok || len(k) != 8 {
				continue // Plan leaves out what comes from a file that cannot be told
			}
			if f, ok := decodeFile(binary.BigEndian.Uint64(k), body); ok {
				if h, halted := sources[f.Source]; halted && h.concerns(f.Number) {
					s := of(f.Number)
					s.bySource, s.source = true, f.Source
				}
			}
		}
	}
	for n, s := range files {
		f, err := t.file(n)
		if errors.Is(err, store.ErrCorrupt) {
			continue
		}
		if err != nil {
			return err
		}
		for _, x := range f.extents {
			one := *s
			one.extent = x
			set.spans = append(set.spans, one)
		}
	}
	slices.SortFunc(set.spans, func(a, b haltSpan) int { return cmp.Compare(a.first, b.first) })
	return nil
}

// from is the index of the first span that ends behind seq.
func (s *haltSet) from(seq uint64) int {
	at, _ := slices.BinarySearchFunc(s.spans, seq, func(x haltSpan, seq uint64) int {
		if x.first+x.count <= seq {
			return -1
		}
		return 1
	})
	return at
}

// has reports whether a pending row with these flags is halted.
func (s *haltSet) has(seq uint64, flags uint8) bool {
	at := s.from(seq)
	return at < len(s.spans) && s.spans[at].first <= seq && s.spans[at].halts(flags)
}

func (x *haltSpan) halts(flags uint8) bool {
	return x.bySource || x.byFile || x.single && flags&flagHalted != 0
}

// covers reports whether every row of the block that an entry of the pending index counts is halted, as far as that can be told
// without the block. A block that is not full is never covered.
func (s *haltSet) covers(p pendingCount, block uint64) bool {
	var flags uint8
	if p.halted == p.rows {
		flags = flagHalted
	}
	next, end := firstSeq(block), firstSeq(block+1)
	for at := s.from(next); at < len(s.spans) && next < end; at++ {
		x := &s.spans[at]
		if x.first > next || !x.halts(flags) {
			return false
		}
		next = x.first + x.count
	}
	return next >= end
}

// each calls halted for every pending row of the dataset in the block that is halted.
func (s *haltSet) each(b *block, dataset uint16, halted func(x *haltSpan, c cell)) {
	at := s.from(firstSeq(b.n))
	for i, c := range b.cells {
		seq := firstSeq(b.n) + uint64(i)
		for at < len(s.spans) && s.spans[at].first+s.spans[at].count <= seq {
			at++
		}
		if at == len(s.spans) {
			return
		}
		x := &s.spans[at]
		if x.first <= seq && c.state == store.StatePending && c.dataset == dataset && x.halts(c.flags) {
			halted(x, c)
		}
	}
}

// count counts the pending rows of the dataset in the block that are halted.
func (s *haltSet) count(b *block, dataset uint16) (n uint64) {
	s.each(b, dataset, func(*haltSpan, cell) { n++ })
	return n
}
