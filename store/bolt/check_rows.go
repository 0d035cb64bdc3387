package bolt

import (
	"encoding/binary"

	"capibara/store"
)

// allRows verifies every row against its block, its file and the index of ids.
func (c *checker) allRows() error {
	last, err := c.lastRow()
	if err != nil {
		return c.damage(err)
	}
	if err := c.allBlocks(last); err != nil {
		return err
	}
	var b *block
	var key []byte
	err = c.numbered(rowsBucket, c.low.row, last, func(seq uint64, body []byte) error {
		r, ok := decodeRow(body)
		if !ok || seq == 0 || seq > last {
			return damaged(rowsBucket, numberKey(seq))
		}
		if b == nil || b.n != blockOf(seq) {
			if b, err = c.block(blockOf(seq)); err != nil {
				return err
			}
		}
		c.rowInBlock(seq, &r, b)
		key = appendIDKey(key[:0], r.eventID, r.dataset, r.name)
		if err := c.rowInIDs(seq, key, b, &r); err != nil {
			return err
		}
		if at := int(seq - firstSeq(b.n)); at < len(b.cells) {
			if err := c.emptiedRow(seq, &r, b.cells[at]); err != nil {
				return err
			}
		}
		c.dueRow(seq, &r)
		return c.rowInFile(seq, &r)
	})
	if err != nil {
		return err
	}
	return c.afterRows(last)
}

// rowInIDs verifies that a row is found by its event_id, or under a key of its own when another one replaced it.
func (c *checker) rowInIDs(seq uint64, key []byte, b *block, r *row) error {
	k, found, err := c.known(key)
	if err != nil {
		return err
	}
	if at := int(seq - firstSeq(b.n)); at < len(b.cells) && b.cells[at].flags&flagReplaced != 0 {
		if !found || k.seq <= seq {
			c.problem("ids: event %d was replaced, and no later one is found by its event_id", seq)
		}
		if k, found, err = c.known(appendReplacedKey(nil, key, seq)); err != nil {
			return err
		}
	}
	if !found || k.seq != seq {
		c.problem("ids: event %d is not found by its event_id", seq)
	} else if r.emptied == store.EmptiedErased && k.fingerprint != 0 {
		c.problem("ids: event %d was erased, and the fingerprint of what it said is there", seq)
	}
	return nil
}

// afterRows verifies what the rows were counted for.
func (c *checker) afterRows(last uint64) error {
	var ids uint64
	for _, b := range []bucket{idsBucket, idsNewBucket} {
		if err := c.each(b, func([]byte, []byte) error { ids++; return nil }); err != nil {
			return err
		}
	}
	if there := last - (c.low.row - 1); ids != there {
		c.problem("ids: %d entries are there, %d should be", ids, there)
	}
	files, err := c.lastFile()
	if err != nil {
		return c.damage(err)
	}
	for n := c.low.file; n <= files; n++ {
		f, err := c.file(n)
		if err != nil {
			continue // reported when the files were read
		}
		var rows uint64
		for _, x := range f.extents {
			rows += x.count
		}
		if rows -= c.low.removedOf(f); rows != c.rowsOf[n] {
			c.problem("file %d: it names %d events as its own, and %d name it", n, rows, c.rowsOf[n])
		}
		c.worthOf(f)
	}
	return nil
}

func (c *checker) rowInBlock(seq uint64, r *row, b *block) {
	at := int(seq - firstSeq(b.n))
	if at >= len(b.cells) {
		c.problem("blocks: event %d has no state", seq)
		return
	}
	cl := b.cells[at]
	due := b.deadlines[at]
	if cl.dataset != r.dataset || due < r.deadline || due > r.deadline && cl.flags&flagDecided == 0 || (cl.flags&flagWaits != 0) != (r.notBefore != 0) ||
		r.eventTime < b.minTime || r.eventTime > b.maxTime {
		c.problem("blocks: what is noted of event %d disagrees with its record", seq)
	}
	if cl.flags&flagLate == 0 {
		c.inTime[r.file]++
	}
	if cl.flags&flagHalted != 0 {
		c.haltedOf[r.file]++
	}
}

func (c *checker) rowInFile(seq uint64, r *row) error {
	c.rowsOf[r.file]++
	f, err := c.file(r.file)
	if err != nil {
		return err
	}
	if !f.has(seq) {
		c.problem("event %d is from file %d, which does not name it", seq, r.file)
	}
	if r.record == 0 || r.record > f.Counts.Records {
		c.problem("event %d is from record %d of file %d, which has %d", seq, r.record, r.file, f.Counts.Records)
	}
	return nil
}

// allBlocks counts the events by state and compares the blocks with the pending index.
func (c *checker) allBlocks(last uint64) error {
	// A block is there for as long as a row of it is, or the next row belongs to it.
	blocks := blockOf(c.low.row)
	rows, first := blocks*blockSize, blocks
	err := c.each(blocksBucket, func(key, body []byte) error {
		d := decoder{b: key}
		n := d.fixed()
		if !d.done() || n != blocks || len(body) < 2 {
			return damaged(blocksBucket, key)
		}
		blocks++
		b, err := c.block(n)
		if err != nil {
			return err
		}
		if rows%blockSize != 0 {
			c.problem("blocks: block %d follows one that is not full", n)
		}
		rows += uint64(len(b.cells))
		if binary.BigEndian.Uint16(body) != b.states() {
			c.problem("blocks: the summary of block %d is wrong", n)
		}
		if err := c.cells(b); err != nil {
			return err
		}
		return c.pendingOf(b)
	})
	if err != nil {
		return err
	}
	if c.replaced != c.replacing {
		c.problem("blocks: %d events were replaced, and %d took the place of one", c.replaced, c.replacing)
	}
	if rows != last {
		c.problem("blocks: %d events have a state, %d should have", rows, last)
	}
	var deadlines uint64
	err = c.each(deadlinesBucket, func([]byte, []byte) error { deadlines++; return nil })
	if deadlines != blocks-first {
		c.problem("deadlines: %d entries are there, %d should be", deadlines, blocks-first)
	}
	return err
}

func (c *checker) cells(b *block) error {
	for i, cl := range b.cells {
		seq := firstSeq(b.n) + uint64(i)
		if seq < c.low.row {
			if cl != (cell{}) {
				c.problem("event %d was removed, and has a state", seq)
			}
			continue
		}
		c.tally[countKey{cl.dataset, cl.state}]++
		if cl.relied() {
			c.tally[countKey{cl.dataset, countRelied}]++
		}
		decided := cl.flags&flagDecided != 0
		if decided {
			if err := c.damage(c.decidedCell(seq, cl)); err != nil {
				return err
			}
		}
		if cl.flags&flagConflicts != 0 {
			c.conflicted++
		}
		if cl.flags&flagReplaced != 0 {
			c.replaced++
		}
		if cl.flags&flagReplaces != 0 {
			c.replacing++
		}
		var of store.BatchState
		if int(cl.batch) < len(c.batchStates) {
			of = c.batchStates[cl.batch]
		}
		ok := true
		switch cl.state {
		case store.StateInFlight:
			ok = of.Open()
		case store.StateAcknowledged:
			ok = of == store.BatchAcknowledged
		case store.StateRejected:
			ok = of == store.BatchRejected
		case store.StateHeld:
			ok = of == store.BatchHeld
		case store.StatePending:
			ok = cl.batch == 0 || of == store.BatchReleased || decided
		case store.StateExpired:
		case store.StateErased:
			ok = decided
		case store.StateWithdrawn:
			ok = cl.flags&flagReplaced != 0 || decided
		default:
			ok = false
		}
		if cl.flags&flagReplaced != 0 && cl.state != store.StateWithdrawn {
			c.problem("event %d was replaced, and is %s", seq, cl.state)
		}
		if !ok {
			c.problem("event %d is %s, and its batch %d is %s", seq, cl.state, cl.batch, of)
		}
	}
	return nil
}

func (c *checker) pendingOf(b *block) error {
	for _, p := range b.pending() {
		c.pendings++
		body, err := c.get(pendingBucket, appendPendingKey(nil, b.n, p))
		if err != nil {
			return err
		}
		if listed, ok := decodePending(body); !ok || listed.rows != p.rows || listed.halted != p.halted {
			c.problem("pending: block %d has %d pending events of dataset %d, %d of them halted, and %d and %d are listed", b.n, p.rows,
				p.dataset, p.halted, listed.rows, listed.halted)
		}
	}
	return nil
}
