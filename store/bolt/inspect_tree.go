package bolt

import (
	"bytes"
	"encoding/binary"
)

// The kinds of pages in a tree, and the length of what a leaf says of a bucket: its first page (8), a sequence (8).
const (
	branchKind     = 0x01
	leafKind       = 0x02
	bucketFlag     = 0x01
	bucketHead     = 16
	pageElement    = 16
	insideTheValue = 0 // the first page of a bucket so small that it lies in the leaf
)

// element is one entry of a page: a branch has a child, a leaf a value.
type element struct {
	key, value []byte
	child      uint64
	flags      uint32
}

// tree verifies the page n and what is below it: every key at least from and, unless it is nil, less than to. At the
// top are buckets and nothing else, elsewhere values and nothing else.
func (p *pages) tree(n uint64, top bool, from, to []byte, depth int) error {
	b, kind, count, err := p.page(n)
	if err != nil {
		return err
	}
	for i := range uint64(len(b)) / uint64(p.pageSize) {
		if p.seen[n+i] {
			return p.corrupt("page %d is used twice", n+i)
		}
		p.seen[n+i] = true
	}
	if depth > maxDepth || kind != branchKind && kind != leafKind {
		return p.corrupt("page %d does not belong where it is", n)
	}
	elements, ok := parsePage(b, kind, count)
	if !ok || !ordered(elements, from, to) || kind == branchKind && count == 0 {
		return p.corrupt("page %d is damaged", n)
	}
	for i, e := range elements {
		switch {
		case kind == branchKind:
			next := to
			if i+1 < len(elements) {
				next = elements[i+1].key
			}
			err = p.tree(e.child, top, e.key, next, depth+1)
		case top:
			err = p.bucket(n, e, depth)
		case e.flags != 0:
			err = p.corrupt("page %d is damaged", n)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *pages) bucket(n uint64, e element, depth int) error {
	if e.flags != bucketFlag || len(e.value) < bucketHead {
		return p.corrupt("page %d is damaged", n)
	}
	if root := binary.NativeEndian.Uint64(e.value); root != insideTheValue {
		return p.tree(root, false, nil, nil, depth+1)
	}
	inner := e.value[bucketHead:]
	if len(inner) < pageHead || binary.NativeEndian.Uint16(inner[8:]) != leafKind {
		return p.corrupt("page %d is damaged", n)
	}
	elements, ok := parsePage(inner, leafKind, int(binary.NativeEndian.Uint16(inner[10:])))
	if !ok || !ordered(elements, nil, nil) {
		return p.corrupt("page %d is damaged", n)
	}
	for _, e := range elements {
		if e.flags != 0 {
			return p.corrupt("page %d is damaged", n)
		}
	}
	return nil
}

// parsePage reads the elements of a page. bbolt writes keys and values one behind the other without gaps, in the order
// of the elements: so a damaged count, offset or length always shows.
func parsePage(b []byte, kind uint16, count int) ([]element, bool) {
	order := binary.NativeEndian
	next := pageHead + count*pageElement
	if len(b) < next {
		return nil, false
	}
	elements := make([]element, count)
	for i := range elements {
		at := pageHead + i*pageElement
		head := b[at : at+pageElement]
		e := &elements[i]
		var offset, keySize, valueSize uint32
		if kind == branchKind {
			offset, keySize, e.child = order.Uint32(head), order.Uint32(head[4:]), order.Uint64(head[8:])
		} else {
			e.flags, offset = order.Uint32(head), order.Uint32(head[4:])
			keySize, valueSize = order.Uint32(head[8:]), order.Uint32(head[12:])
		}
		size := uint64(keySize) + uint64(valueSize)
		if int64(at)+int64(offset) != int64(next) || uint64(len(b)-next) < size {
			return nil, false
		}
		e.key, e.value = b[next:next+int(keySize)], b[next+int(keySize):next+int(size)]
		next += int(size)
	}
	return elements, true
}

func ordered(elements []element, from, to []byte) bool {
	for i := range elements {
		k := elements[i].key
		if len(k) == 0 || bytes.Compare(k, from) < 0 || to != nil && bytes.Compare(k, to) >= 0 ||
			i > 0 && bytes.Compare(elements[i-1].key, k) >= 0 {
			return false
		}
	}
	return true
}
