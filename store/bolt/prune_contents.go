package bolt

import (
	"errors"
	"slices"

	"capibara/store"
)

// blockRows is a set of rows of one block, one bit each.
type blockRows [(blockSize + 7) / 8]byte

func (s *blockRows) has(at int) bool { return s[at/8]&(1<<(at%8)) != 0 }
func (s *blockRows) add(at int)      { s[at/8] |= 1 << (at % 8) }
func (s *blockRows) take(at int)     { s[at/8] &^= 1 << (at % 8) }

// unfinished are the rows of a block that could not be emptied when they were due, because something may still become of them.
func (t *txn) unfinished(n uint64) (s blockRows, err error) {
	key := numberKey(n)
	body, err := t.get(unfinishedBucket, key)
	if body == nil || err != nil {
		return s, err
	}
	if len(body) != len(s) {
		return s, damaged(unfinishedBucket, key)
	}
	return blockRows(body), nil
}

func (t *txn) setUnfinished(n uint64, s *blockRows) error {
	if *s == (blockRows{}) {
		return t.delete(unfinishedBucket, numberKey(n))
	}
	return t.put(unfinishedBucket, numberKey(n), append(unsealed(len(s)), s[:]...))
}

// contents empties rows that are due: those that were not finished when they were looked at before, and those that nobody
// looked at yet. So no row is looked at twice but those that wait, and one that waits for ever holds no other up.
func (p *pruning) contents() error {
	due, err := p.again()
	if err != nil {
		return err
	}
	found, err := p.onwards()
	if err != nil {
		return err
	}
	changed, err := p.empty(append(due, found...), store.EmptiedPruned, p.now)
	if err != nil {
		return err
	}
	if p.out.Emptied = uint64(len(changed)); p.out.Emptied > 0 {
		p.say("the contents of %d events between %d and %d, imported before %s", len(changed), slices.Min(changed), slices.Max(changed), day(p.r.Payload))
	}
	return nil
}

// again finds the rows, among those that were not finished before, that are now.
func (p *pruning) again() (due []uint64, err error) {
	changed := map[uint64]blockRows{}
	c := p.bucket(unfinishedBucket).Cursor()
	for k, _ := c.First(); k != nil && p.budget > 0; k, _ = c.Next() {
		d := decoder{b: k}
		n := d.fixed()
		s, err := p.unfinished(n)
		if err != nil {
			return nil, err
		}
		_, kept := p.txn.blocks[n]
		before := s
		for at := range blockSize {
			if !s.has(at) {
				continue
			}
			seq := firstSeq(n) + uint64(at)
			if seq < p.to.row {
				s.take(at)
				continue
			}
			ready, err := p.ready(seq)
			if err != nil {
				return nil, err
			}
			if ready {
				s.take(at)
				due = append(due, seq)
				p.budget--
			}
		}
		if !kept {
			delete(p.txn.blocks, n) // there may be very many
		}
		if s != before {
			changed[n] = s
		}
	}
	for n, s := range changed {
		p.more = true
		if err := p.setUnfinished(n, &s); err != nil {
			return nil, err
		}
	}
	return due, nil
}

// onwards finds the rows that are due among those that nobody looked at yet, and notes which of them are not finished.
func (p *pruning) onwards() (due []uint64, err error) {
	last, err := p.lastRow()
	if err != nil {
		return nil, err
	}
	first := max(p.to.whole, p.to.row)
	noted := map[uint64]blockRows{}
	seq := first
	for ; seq <= last && p.budget > 0; seq++ {
		r, err := p.row(seq)
		if errors.Is(err, store.ErrCorrupt) {
			p.budget--
			continue // Check names it
		}
		if err != nil {
			return nil, err
		}
		if !r.importedAt.Before(p.r.Payload) {
			break
		}
		p.budget--
		if r.emptied != store.NotEmptied {
			continue
		}
		ready, err := p.ready(seq)
		if err != nil {
			return nil, err
		}
		if ready {
			due = append(due, seq)
			continue
		}
		n := blockOf(seq)
		s, found := noted[n]
		if !found {
			if s, err = p.unfinished(n); err != nil {
				return nil, err
			}
		}
		s.add(int(seq - firstSeq(n)))
		noted[n] = s
	}
	for n, s := range noted {
		if err := p.setUnfinished(n, &s); err != nil {
			return nil, err
		}
	}
	p.to.whole = seq
	p.more = p.more || seq > first
	return due, nil
}

// ready reports whether nothing can become of a row any more, and it can be read. One whose state is damaged is not.
func (p *pruning) ready(seq uint64) (bool, error) {
	b, at, err := p.cell(seq)
	if err == nil {
		_, err = p.row(seq)
	}
	if errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrRemoved) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	final, err := p.final(b.cells[at])
	if errors.Is(err, store.ErrCorrupt) {
		return false, nil
	}
	return final, err
}
