package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"

	"capibara/store"
)

// What bbolt writes at the start of its two header pages, in the byte order of the machine.
const (
	boltMagic      = 0xED0CDAED
	boltVersion    = 2
	pageHead       = 16 // page number (8), kind (2), elements (2), further pages (4)
	headerSize     = 56 // what the checksum of a header covers
	noFreelist     = math.MaxUint64
	freelistKind   = 0x10
	headerPages    = 2
	smallestPage   = 1024
	largestPage    = smallestPage << 14
	maxDepth       = 64
	manyFreePages  = 0xFFFF // the count is in the first element then
	pageNumberSize = 8
)

// header is one of the two header pages of a bbolt file.
type header struct {
	pageSize             int64
	root, freelist, high uint64 // high is the first page number that was never used
	transaction          uint64
}

// readHeader reads the header page at offset; an error when there is no whole and valid one.
func readHeader(f io.ReaderAt, offset int64) (header, error) {
	var page [pageHead + headerSize + 8]byte
	if _, err := f.ReadAt(page[:], offset); err != nil {
		return header{}, err
	}
	b, order := page[pageHead:], binary.NativeEndian
	sum := fnv.New64a()
	_, _ = sum.Write(b[:headerSize])
	if order.Uint32(b) != boltMagic || order.Uint32(b[4:]) != boltVersion || order.Uint64(b[headerSize:]) != sum.Sum64() {
		return header{}, errors.New("a header page is damaged")
	}
	h := header{pageSize: int64(order.Uint32(b[8:])), root: order.Uint64(b[16:]), freelist: order.Uint64(b[32:]),
		high: order.Uint64(b[40:]), transaction: order.Uint64(b[48:])}
	if h.pageSize < smallestPage || h.pageSize > largestPage || h.high > math.MaxInt64/uint64(h.pageSize) {
		return header{}, errors.New("a header page is damaged")
	}
	return h, nil
}

// readHeaders returns the valid header pages, one or two.
func readHeaders(f io.ReaderAt) ([]header, error) {
	var valid []header
	first, err := readHeader(f, 0)
	if err == nil {
		valid = append(valid, first)
	}
	for size := int64(smallestPage); size <= largestPage; size *= 2 {
		if h, err := readHeader(f, size); err == nil && h.pageSize == size && (len(valid) == 0 || first.pageSize == size) {
			valid = append(valid, h)
			break
		}
	}
	if len(valid) == 0 {
		return nil, fmt.Errorf("%w: neither of its header pages can be read", store.ErrCorrupt)
	}
	return valid, nil
}

// current is the header of the last transaction, which bbolt works with.
func current(valid []header) header {
	if len(valid) == 2 && valid[1].transaction > valid[0].transaction {
		return valid[1]
	}
	return valid[0]
}

// inspectClosed looks at a database that no process writes to: that it is as long as it says and, before bbolt scans it
// for free pages, that every page is sound.
func inspectClosed(path string, readOnly bool) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	valid, err := readHeaders(f)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	h := current(valid)
	if int64(h.high)*h.pageSize > info.Size() {
		return fmt.Errorf("%w: it is cut off: %d bytes of %d are there", store.ErrCorrupt, info.Size(), int64(h.high)*h.pageSize)
	}
	if readOnly {
		return nil
	}
	p := &pages{f: f, header: h}
	if h.freelist == noFreelist {
		return p.walk()
	}
	_, err = p.free()
	return err
}

// pages verifies the page structure of a bbolt file. It reads the file and not the memory map, where a damaged page
// number is a fault, and follows no number that it has not looked at.
type pages struct {
	f io.ReaderAt
	header
	seen []bool // by page number
}

func (p *pages) corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", store.ErrCorrupt, fmt.Sprintf(format, args...))
}

// page reads a page with those that continue it.
func (p *pages) page(n uint64) (b []byte, kind uint16, elements int, err error) {
	if n < headerPages || n >= p.high {
		return nil, 0, 0, p.corrupt("page %d is out of range", n)
	}
	var head [pageHead]byte
	if _, err := p.f.ReadAt(head[:], int64(n)*p.pageSize); err != nil {
		return nil, 0, 0, p.corrupt("page %d: %v", n, err)
	}
	order := binary.NativeEndian
	further := uint64(order.Uint32(head[12:]))
	if order.Uint64(head[:]) != n || n+further >= p.high {
		return nil, 0, 0, p.corrupt("page %d is damaged", n)
	}
	b = make([]byte, int64(further+1)*p.pageSize)
	if _, err := p.f.ReadAt(b, int64(n)*p.pageSize); err != nil {
		return nil, 0, 0, p.corrupt("page %d: %v", n, err)
	}
	return b, order.Uint16(head[8:]), int(order.Uint16(head[10:])), nil
}

// free reads the list of free pages, which must be ascending.
func (p *pages) free() ([]uint64, error) {
	b, kind, n, err := p.page(p.freelist)
	if err != nil {
		return nil, err
	}
	b = b[pageHead:]
	order := binary.NativeEndian
	if n == manyFreePages {
		if n = int(min(order.Uint64(b), uint64(len(b)))); n < manyFreePages {
			return nil, p.corrupt("the list of free pages is damaged")
		}
		b = b[pageNumberSize:]
	}
	if kind != freelistKind || n*pageNumberSize > len(b) {
		return nil, p.corrupt("the list of free pages is damaged")
	}
	free := make([]uint64, n)
	for i := range free {
		free[i] = order.Uint64(b[i*pageNumberSize:])
		if free[i] < headerPages || free[i] >= p.high || i > 0 && free[i] <= free[i-1] {
			return nil, p.corrupt("the list of free pages is damaged")
		}
	}
	return free, nil
}

// walk verifies every page that the tree reaches, and that the tree reaches none that is free.
func (p *pages) walk() error {
	p.seen = make([]bool, p.high)
	if err := p.tree(p.root, true, nil, nil, 0); err != nil {
		return err
	}
	if p.freelist == noFreelist {
		return nil
	}
	free, err := p.free()
	if err != nil {
		return err
	}
	for _, n := range free {
		if p.seen[n] {
			return p.corrupt("page %d is listed as free and in use", n)
		}
	}
	return nil
}
