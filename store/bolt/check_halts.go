package bolt

import "capibara/store"

// worthOf verifies what a file brought in. A file that an older version read, wholly or in part, counted fewer or none.
func (c *checker) worthOf(f *fileRecord) {
	var worth store.Totals
	err := worth.AddSums(f.Sums)
	var events uint64
	for _, s := range f.Sums {
		events = max(events, s.Events)
	}
	whole := c.low.removedOf(f) == 0
	if err != nil || whole && f.Events > c.inTime[f.Number] || events > f.Events {
		c.problem("file %d: it brought in %d events, and says that %d were accepted and %d had an amount", f.Number, c.inTime[f.Number],
			f.Events, events)
	}
}

// allHalts verifies that what is halted exists. An older schema knows no halts.
func (c *checker) allHalts() error {
	if c.bucket(haltsBucket) == nil {
		return nil
	}
	files, err := c.lastFile()
	if err != nil {
		return c.damage(err)
	}
	return c.each(haltsBucket, func(key, _ []byte) error {
		h, ok := decodeHalt(key, c.bucket(haltsBucket).Get(key))
		if !ok {
			return damaged(haltsBucket, key)
		}
		switch {
		case h.Kind == store.HaltSource && h.Ends > files, h.Kind != store.HaltSource && (h.File > files || h.File < c.low.file):
			c.problem("halts: %s is halted up to a file that is not there", named(h.HaltKey))
		case h.Kind == store.HaltEvents && c.haltedOf[h.File] == 0:
			// Those that came in so may have been removed.
			if f, err := c.file(h.File); err != nil || c.low.removedOf(f) == 0 {
				c.problem("halts: single events of file %d are halted, and none came in so", h.File)
			}
		}
		return nil
	})
}
