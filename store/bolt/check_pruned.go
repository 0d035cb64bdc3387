package bolt

import "capibara/store"

// allUnfinished reads which rows the retention is to look at again.
func (c *checker) allUnfinished() error {
	if c.bucket(unfinishedBucket) == nil {
		return nil // an older schema
	}
	return c.each(unfinishedBucket, func(key, body []byte) error {
		d := decoder{b: key}
		n := d.fixed()
		if !d.done() || len(body) != len(blockRows{}) || firstSeq(n) >= c.low.whole {
			return damaged(unfinishedBucket, key)
		}
		s := blockRows(body)
		for at := range blockSize {
			if s.has(at) {
				c.unfinished.add(firstSeq(n) + uint64(at))
			}
		}
		return nil
	})
}

// dueRow verifies that a row that the retention looked at is empty, or is to be looked at again.
func (c *checker) dueRow(seq uint64, r *row) {
	if r.emptied == store.NotEmptied && seq < c.low.whole && !c.unfinished.has(seq) {
		c.problem("event %d is older than contents are kept, and its content is there", seq)
	}
}
