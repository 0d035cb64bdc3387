package bolt

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"capibara/store"

	"go.etcd.io/bbolt"
)

// blockSize is the number of rows whose states share a block. It is part of the layout.
const blockSize = 500

// cellSize and blockHead are the lengths of a cell, and of what comes before the cells: states present (2), earliest
// and latest event_time (8 each).
const (
	cellSize  = 8
	blockHead = 18
)

// The flags of a cell. They are stored: never renumber them.
const (
	flagPossiblySent uint8 = 1 << 0 // an attempt that held it may have arrived; of an acknowledged one: before the one that did
	flagLate         uint8 = 1 << 1 // past its deadline when it was imported
	flagWaits        uint8 = 1 << 2 // has a not_before
	flagConflicts    uint8 = 1 << 3 // a record disagreed with it
	flagReplaced     uint8 = 1 << 4 // another row took its place; the state is withdrawn
	flagReplaces     uint8 = 1 << 5 // it took the place of another row
	flagHalted       uint8 = 1 << 6 // it came in halted by itself; in force while the halts say so of its file
	flagDecided      uint8 = 1 << 7 // a person or a record decided something about it; see decisions
)

// cell is what happens to a row.
type cell struct {
	state   store.State
	flags   uint8
	dataset uint16
	batch   uint32 // the batch that it is or was last in
}

// block is the cells and deadlines of up to 500 consecutive rows.
type block struct {
	n                uint64
	cells            []cell
	deadlines        []int64
	minTime, maxTime int64 // of event_time
	stored           []pendingCount
	changed          bool
	grown            bool // the deadlines are to be written too
}

// pendingCount is one entry of the pending index: the pending rows of one dataset in one block.
type pendingCount struct {
	dataset  uint16
	earliest int64 // deadline
	rows     uint64
	halted   uint64 // of them with flagHalted
}

// pendingKeySize is the length of a key of the pending index.
const pendingKeySize = 2 + 8 + 8

func blockOf(seq uint64) uint64 { return (seq - 1) / blockSize }

func firstSeq(block uint64) uint64 { return block*blockSize + 1 }

// pending counts the pending rows by dataset.
func (b *block) pending() []pendingCount {
	var counts []pendingCount
	for i, c := range b.cells {
		if c.state != store.StatePending {
			continue
		}
		at := slices.IndexFunc(counts, func(p pendingCount) bool { return p.dataset == c.dataset })
		if at < 0 {
			at = len(counts)
			counts = append(counts, pendingCount{dataset: c.dataset, earliest: math.MaxInt64})
		}
		counts[at].earliest = min(counts[at].earliest, b.deadlines[i])
		counts[at].rows++
		if c.flags&flagHalted != 0 {
			counts[at].halted++
		}
	}
	return counts
}

// encode is the value of the entry in the pending index. What is halted stands behind it only when something is.
func (p pendingCount) encode() []byte {
	v := appendUint(unsealed(6), p.rows)
	if p.halted > 0 {
		v = appendUint(v, p.halted)
	}
	return v
}

func decodePending(body []byte) (p pendingCount, ok bool) {
	d := decoder{b: body}
	p.rows = d.uint()
	if len(d.b) > 0 {
		p.halted = d.uint()
	}
	return p, d.done()
}

// states is the set of states present, one bit each.
func (b *block) states() (set uint16) {
	for _, c := range b.cells {
		set |= 1 << (c.state & 15)
	}
	return set
}

func appendPendingKey(dst []byte, block uint64, p pendingCount) []byte {
	dst = binary.BigEndian.AppendUint16(dst, p.dataset)
	return appendKey(appendInstant(dst, p.earliest), block)
}

func (b *block) encodeCells() []byte {
	v := unsealed(blockHead + cellSize*len(b.cells))
	v = binary.BigEndian.AppendUint16(v, b.states())
	v = binary.BigEndian.AppendUint64(v, uint64(b.minTime))
	v = binary.BigEndian.AppendUint64(v, uint64(b.maxTime))
	for _, c := range b.cells {
		v = append(v, byte(c.state), c.flags, byte(c.dataset>>8), byte(c.dataset))
		v = binary.BigEndian.AppendUint32(v, c.batch)
	}
	return v
}

// decodeHead reads the summary that comes before the cells.
func decodeHead(v []byte) (states uint16, minTime, maxTime int64) {
	return binary.BigEndian.Uint16(v), int64(binary.BigEndian.Uint64(v[2:])), int64(binary.BigEndian.Uint64(v[10:]))
}

// decodeCells reads the cells; false when they are none.
func (b *block) decodeCells(v []byte) bool {
	if len(v) < blockHead || (len(v)-blockHead)%cellSize != 0 || len(v) > blockHead+cellSize*blockSize {
		return false
	}
	_, b.minTime, b.maxTime = decodeHead(v)
	v = v[blockHead:]
	b.cells = make([]cell, 0, blockSize)
	for ; len(v) > 0; v = v[cellSize:] {
		b.cells = append(b.cells, cell{state: store.State(v[0]), flags: v[1], dataset: binary.BigEndian.Uint16(v[2:]),
			batch: binary.BigEndian.Uint32(v[4:])})
	}
	return true
}

func (b *block) encodeDeadlines() []byte {
	v := unsealed(8 * len(b.deadlines))
	for _, at := range b.deadlines {
		v = binary.BigEndian.AppendUint64(v, uint64(at))
	}
	return v
}

func (b *block) decodeDeadlines(v []byte) bool {
	if len(v) != 8*len(b.cells) {
		return false
	}
	b.deadlines = make([]int64, 0, blockSize)
	for ; len(v) > 0; v = v[8:] {
		b.deadlines = append(b.deadlines, int64(binary.BigEndian.Uint64(v)))
	}
	return true
}

// blocksKept is how many blocks a read transaction remembers: a batch has its rows in two or three.
const blocksKept = 8

// block returns block n, an empty one when there is none yet. Within a write transaction it is always the same one.
func (t *txn) block(n uint64) (*block, error) {
	if b := t.blocks[n]; b != nil {
		return b, nil
	}
	b := &block{n: n, minTime: math.MaxInt64, maxTime: math.MinInt64}
	key := numberKey(n)
	body, err := t.get(blocksBucket, key)
	if err != nil {
		return nil, err
	}
	if body != nil {
		if !b.decodeCells(body) {
			return nil, damaged(blocksBucket, key)
		}
		if body, err = t.get(deadlinesBucket, key); err != nil {
			return nil, err
		}
		if !b.decodeDeadlines(body) {
			return nil, damaged(deadlinesBucket, key)
		}
	}
	if t.tx.Writable() {
		b.stored = b.pending()
	} else if len(t.blocks) == blocksKept {
		clear(t.blocks)
	}
	t.blocks[n] = b
	return b, nil
}

// cell returns the block of a row and its place there. ErrNotFound when there is no such row, ErrRemoved when there was.
func (t *txn) cell(seq uint64) (*block, int, error) {
	w, err := t.removed()
	if err != nil {
		return nil, 0, err
	}
	if seq < w.row {
		return nil, 0, absent("event", seq, w.row)
	}
	b, err := t.block(blockOf(seq))
	if err != nil {
		return nil, 0, err
	}
	at := int((seq - 1) % blockSize)
	if at >= len(b.cells) {
		return nil, 0, absent("event", seq, w.row)
	}
	return b, at, nil
}

// set changes a cell and counts it anew.
func (t *txn) set(b *block, at int, c cell) {
	old := b.cells[at]
	if old.state != c.state {
		t.count(old.dataset, old.state, -1)
		t.count(c.dataset, c.state, 1)
	}
	if old.relied() != c.relied() {
		by := int64(1)
		if old.relied() {
			by = -1
		}
		t.count(c.dataset, countRelied, by)
	}
	b.cells[at], b.changed = c, true
}

// relied reports whether an event was acknowledged after an attempt that may have arrived already, so that Meta may have
// it twice under one event_id.
func (c cell) relied() bool {
	return c.state == store.StateAcknowledged && c.flags&flagPossiblySent != 0
}

// postpone gives a row that is requeued a later deadline.
func (b *block) postpone(at int, deadline int64) {
	b.deadlines[at] = deadline
	b.changed, b.grown = true, true
}

// grow adds the cell of a new row, whose number must be the next one.
func (t *txn) grow(seq uint64, c cell, deadline, eventTime int64) error {
	b, err := t.block(blockOf(seq))
	if err != nil {
		return err
	}
	if firstSeq(b.n)+uint64(len(b.cells)) != seq {
		return fmt.Errorf("%w: row %d does not follow the rows that there are", store.ErrCorrupt, seq)
	}
	b.cells, b.deadlines = append(b.cells, c), append(b.deadlines, deadline)
	b.minTime, b.maxTime = min(b.minTime, eventTime), max(b.maxTime, eventTime)
	b.changed, b.grown = true, true
	t.count(c.dataset, c.state, 1)
	return nil
}

func (t *txn) flushBlocks() error {
	if len(t.blocks) == 0 {
		return nil
	}
	t.appending(blocksBucket)
	t.appending(deadlinesBucket)
	for _, b := range t.blocks {
		if !b.changed {
			continue
		}
		if err := t.put(blocksBucket, numberKey(b.n), b.encodeCells()); err != nil {
			return err
		}
		if b.grown {
			if err := t.put(deadlinesBucket, numberKey(b.n), b.encodeDeadlines()); err != nil {
				return err
			}
		}
		if err := t.reindex(b); err != nil {
			return err
		}
		b.changed, b.grown = false, false
	}
	return nil
}

// reindex brings the pending index up to date with a block.
func (t *txn) reindex(b *block) error {
	now := b.pending()
	for _, p := range b.stored {
		if !slices.Contains(now, p) {
			if err := t.delete(pendingBucket, appendPendingKey(nil, b.n, p)); err != nil {
				return err
			}
		}
	}
	for _, p := range now {
		if !slices.Contains(b.stored, p) {
			if err := t.put(pendingBucket, appendPendingKey(nil, b.n, p), p.encode()); err != nil {
				return err
			}
		}
	}
	b.stored = now
	return nil
}

// fullPages is how far the pages of a bucket that only grows at its end are filled.
const fullPages = 0.95

// appending returns a bucket whose keys arrive in order.
func (t *txn) appending(b bucket) *bbolt.Bucket {
	bb := t.bucket(b)
	bb.FillPercent = fullPages
	return bb
}
