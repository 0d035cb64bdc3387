package bolt

import (
	"errors"
	"slices"

	"capibara/event"
	"capibara/store"
)

// keepSums keeps, for the proofs of batches that carry rows on both sides of the cut, what the rows from first on add to them: these
// are about to be removed, and the others can be proved no longer without them.
func (p *pruning) keepSums(first uint64) error {
	going := make(map[uint64]bool, p.to.row-first)
	for seq := first; seq < p.to.row; seq++ {
		going[seq] = true
	}
	batches, err := p.carriers(going)
	if err != nil {
		return err
	}
	for _, b := range batches {
		if p.allGone(b.Seqs) && p.allGone(b.dropped) {
			continue // nothing of it is left to be proved
		}
		if err := p.anchorBatch(b, going, p.now); err != nil {
			return err
		}
		if !slices.ContainsFunc(b.Proofs, func(o store.Proof) bool { return o.Proves() }) {
			continue
		}
		for _, seq := range slices.Concat(b.dropped, b.Seqs) {
			if !going[seq] {
				continue
			}
			sum, err := p.sumOf(seq)
			if err != nil {
				return err
			}
			b.Gone = append(b.Gone, store.RowSum{Seq: seq, Sum: sum})
		}
		if err := p.putBatch(b); err != nil {
			return err
		}
	}
	return nil
}

// sumOf is the sum of a row's event; zero when it cannot be told, so that no proof holds it.
func (t *txn) sumOf(seq uint64) (event.Hash, error) {
	r, err := t.row(seq)
	if errors.Is(err, store.ErrCorrupt) {
		return event.Hash{}, nil
	}
	var e event.Event
	if err != nil || r.emptied != store.NotEmptied || e.DecodeBinary(r.payload) != nil {
		return r.sum, err
	}
	return e.Sum(), nil
}

// appendGone stores the sums of rows that were removed behind the proofs of their batch; nothing when there are none.
func appendGone(v []byte, gone []store.RowSum) []byte {
	if len(gone) == 0 {
		return v
	}
	v = appendUint(v, uint64(len(gone)))
	for i := range gone {
		v = append(appendUint(v, gone[i].Seq), gone[i].Sum[:]...)
	}
	return v
}

// gone reads what appendGone wrote, if it wrote anything.
func (d *decoder) gone() (gone []store.RowSum) {
	if d.bad || len(d.b) == 0 {
		return nil
	}
	for range d.count() {
		gone = append(gone, store.RowSum{Seq: d.uint(), Sum: d.hash()})
	}
	return gone
}

// goneSum is the sum of a row that was removed, as its batch keeps it; false when it does not.
func (b *batchRecord) goneSum(seq uint64) (event.Hash, bool) {
	for i := range b.Gone {
		if b.Gone[i].Seq == seq {
			return b.Gone[i].Sum, true
		}
	}
	return event.Hash{}, false
}
