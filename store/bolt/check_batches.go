package bolt

import (
	"encoding/binary"
	"slices"

	"capibara/store"
)

// allBatches verifies the batches against the cells of their rows.
func (c *checker) allBatches() error {
	last, err := c.lastBatch()
	if err != nil {
		return c.damage(err)
	}
	c.batchStates = make([]store.BatchState, last+1)
	var open, listed uint64
	err = c.numbered(batchesBucket, c.low.batch, last, func(n uint64, body []byte) error {
		b, ok := decodeBatch(n, body)
		if !ok || n > last {
			return damaged(batchesBucket, numberKey(n))
		}
		c.batchStates[n] = b.State
		if b.State.Open() {
			open++
			key := appendKey(datasetKey(b.dataset), n)
			if v, err := c.get(openBucket, key); v == nil {
				c.problem("open: batch %d is missing", n)
				if err != nil {
					return err
				}
			}
		}
		if b.State == store.BatchSplit {
			if err := c.children(b); err != nil {
				return err
			}
		}
		c.resolvedBatch(b)
		return c.rowsOfBatch(b)
	})
	if err != nil {
		return err
	}
	err = c.each(openBucket, func(key, _ []byte) error {
		if len(key) != 10 {
			return damaged(openBucket, key)
		}
		listed++
		return nil
	})
	if open != listed {
		c.problem("open: %d batches are listed, %d are open", listed, open)
	}
	return err
}

// rowsOfBatch compares the cells of a batch with its state. Those of a released or split batch went on elsewhere.
func (c *checker) rowsOfBatch(b *batchRecord) error {
	var want store.State
	switch b.State {
	case store.BatchReady, store.BatchSending, store.BatchUnknown:
		want = store.StateInFlight
	case store.BatchAcknowledged:
		want = store.StateAcknowledged
	case store.BatchRejected:
		want = store.StateRejected
	case store.BatchHeld:
		want = store.StateHeld
	case store.BatchExpired:
		want = store.StateExpired
	case store.BatchSplit, store.BatchReleased:
		return nil
	default:
		c.problem("batch %d is in the unknown state %d", b.Number, b.State)
		return nil
	}
	for _, seq := range c.there(b.Seqs) {
		blk, at, err := c.cell(seq)
		if err != nil {
			return err
		}
		if cl := blk.cells[at]; (cl.state != want || uint64(cl.batch) != b.Number) && !b.letGo(cl) {
			c.problem("batch %d is %s, and its event %d is %s with batch %d", b.Number, b.State, seq, cl.state, cl.batch)
		}
	}
	for _, seq := range c.there(b.dropped) {
		blk, at, err := c.cell(seq)
		if err != nil {
			return err
		}
		if cl := blk.cells[at]; cl.state != store.StateExpired && cl.flags&flagDecided == 0 {
			c.problem("event %d expired in batch %d and is %s", seq, b.Number, cl.state)
		}
	}
	return nil
}

// there are those of the rows that were not removed.
func (c *checker) there(seqs []uint64) []uint64 {
	return slices.DeleteFunc(slices.Clone(seqs), func(seq uint64) bool { return seq < c.low.row })
}

// letGo reports whether a row may have gone on elsewhere after its batch ended: somebody requeued it, which nobody can when
// it may have arrived.
func (b *batchRecord) letGo(c cell) bool {
	return c.flags&flagDecided != 0 && b.FirstMaybeAt.IsZero() && (b.State == store.BatchRejected || b.State == store.BatchExpired)
}

// children verifies that the rows of a split batch are those of its children.
func (c *checker) children(b *batchRecord) error {
	inherited := map[uint64]bool{}
	for _, n := range b.Children {
		child, err := c.batch(n)
		if err != nil {
			return err
		}
		if child.Parent != b.Number {
			c.problem("batch %d is a child of batch %d and says it is one of batch %d", n, b.Number, child.Parent)
		}
		for _, seqs := range [][]uint64{child.Seqs, child.dropped} {
			for _, seq := range seqs {
				inherited[seq] = true
			}
		}
	}
	missing := len(inherited) != len(b.Seqs)
	for _, seq := range b.Seqs {
		missing = missing || !inherited[seq]
	}
	if missing {
		c.problem("batch %d was split, and its children do not hold its events", b.Number)
	}
	return nil
}

// indexes verifies what is derived from the cells.
func (c *checker) indexes() error {
	var pendings uint64
	err := c.each(pendingBucket, func(key, _ []byte) error {
		if len(key) != pendingKeySize {
			return damaged(pendingBucket, key)
		}
		pendings++
		return nil
	})
	if err != nil {
		return err
	}
	if pendings != c.pendings {
		c.problem("pending: %d entries are there, %d should be", pendings, c.pendings)
	}
	counted, err := c.eventCounts()
	if err != nil {
		return c.damage(err)
	}
	for k, n := range c.tally {
		if counted[k.dataset][k.state] != n {
			c.problem("counts: dataset %d has %d %s events, and %d are counted", k.dataset, n, k.state, counted[k.dataset][k.state])
		}
	}
	var removed uint64
	for dataset, states := range counted {
		for s, n := range states {
			if s&countRemoved != 0 {
				removed += n
			} else if c.tally[countKey{dataset, s}] == 0 {
				c.problem("counts: dataset %d has no %s event, and %d are counted", dataset, s, n)
			}
		}
	}
	if removed != c.low.row-1 {
		c.problem("counts: %d events are counted as removed, and the first that is there is event %d", removed, c.low.row)
	}
	return c.exceptions()
}

// exceptions verifies the refusals and conflicts: as many as the cells say.
func (c *checker) exceptions() error {
	var refused, rejected, disagreed, last uint64
	err := c.each(refusalsBucket, func(key, _ []byte) error {
		if len(key) != 8 {
			return damaged(refusalsBucket, key)
		}
		refused++
		_, err := c.refusal(binary.BigEndian.Uint64(key))
		return err
	})
	if err != nil {
		return err
	}
	for k, n := range c.tally {
		if k.state == store.StateRejected {
			rejected += n
		}
	}
	if refused != rejected {
		c.problem("refusals: %d are stored, and %d events are rejected", refused, rejected)
	}
	err = c.each(conflictsBucket, func(key, body []byte) error {
		one, ok := decodeConflict(key, body)
		if !ok {
			return damaged(conflictsBucket, key)
		}
		if one.Seq != last {
			disagreed++
		}
		last = one.Seq
		return nil
	})
	if disagreed != c.conflicted {
		c.problem("conflicts: records disagreed with %d events, and %d events say so", disagreed, c.conflicted)
	}
	return err
}
