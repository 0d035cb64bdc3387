package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"capibara/store"
)

// oldRow is a row that is about to be removed.
type oldRow struct {
	seq uint64
	key []byte // its own in ids
	in  bucket // ids or ids_new
}

// rows removes old rows with all that is kept of them, up to the first that has to stay.
func (p *pruning) rows() error {
	old, err := p.oldRows()
	if len(old) == 0 || err != nil {
		return err
	}
	first := p.to.row
	p.to.row += uint64(len(old))
	if err := p.keepSums(first); err != nil {
		return err
	}
	if err := p.forgetIDs(old); err != nil {
		return err
	}
	end := numberKey(p.to.row)
	for _, b := range []bucket{rowsBucket, refusalsBucket, conflictsBucket, decisionsBucket} {
		if _, err := p.deleteBefore(b, end, -1); err != nil {
			return err
		}
	}
	for seq := first; seq < p.to.row; seq++ {
		b, err := p.block(blockOf(seq))
		if err != nil {
			return err
		}
		p.clear(b, int(seq-firstSeq(b.n)))
	}
	// A block goes with its last row, and not before: the next row may belong to it.
	for n := blockOf(first); n < blockOf(p.to.row); n++ {
		delete(p.txn.blocks, n)
		for _, b := range []bucket{blocksBucket, deadlinesBucket} {
			if err := p.delete(b, numberKey(n)); err != nil {
				return err
			}
		}
	}
	p.out.Removed = p.to.row - first
	p.say("events %d to %d, imported up to %s and older than %s", first, p.to.row-1, day(p.to.newest), day(p.r.History))
	return nil
}

// oldRows finds the rows that go.
func (p *pruning) oldRows() (old []oldRow, err error) {
	last, err := p.lastRow()
	if err != nil {
		return nil, err
	}
	for seq := p.to.row; seq <= last && p.budget > 0; seq++ {
		one, ok, err := p.mayGo(seq)
		// One that is damaged stays for somebody to look at: nobody can tell what else is kept of it.
		if errors.Is(err, store.ErrCorrupt) {
			p.out.Stays = seq
			return old, nil
		}
		if !ok || err != nil {
			return old, err
		}
		old = append(old, one)
		p.budget--
	}
	return old, nil
}

// mayGo reports whether a row is old, and nothing keeps it.
func (p *pruning) mayGo(seq uint64) (one oldRow, ok bool, err error) {
	r, err := p.row(seq)
	if err != nil || !r.importedAt.Before(p.r.History) {
		return one, false, err
	}
	b, at, err := p.cell(seq)
	if err != nil {
		return one, false, err
	}
	c := b.cells[at]
	if final, err := p.final(c); err != nil || !final {
		p.out.Stays = seq
		return one, false, err
	}
	one = oldRow{seq: seq, key: appendIDKey(nil, r.eventID, r.dataset, r.name)}
	if c.flags&flagReplaced != 0 {
		one.key = appendReplacedKey(nil, one.key, seq)
	}
	if one.in, err = p.bucketOf(one.key, seq); err != nil {
		return one, false, err
	}
	if c.flags&flagReplaced != 0 {
		if err := p.orphan(seq, &r); err != nil {
			return one, false, err
		}
	}
	if r.importedAt.After(p.to.newest) {
		p.to.newest = r.importedAt
	}
	return one, true, nil
}

// final reports whether nothing can become of an event any more by itself. One that expired and left its batch waits for the
// end of that: what became of the others says whether it may have arrived.
func (p *pruning) final(c cell) (bool, error) {
	switch c.state {
	case store.StateAcknowledged, store.StateRejected, store.StateWithdrawn, store.StateErased:
		return true, nil
	case store.StateExpired:
		if c.batch == 0 || p.ended[c.batch] {
			return true, nil
		}
		b, err := p.batch(uint64(c.batch))
		if err != nil || b.State.Open() {
			return false, err
		}
		p.ended[c.batch] = true
		return true, nil
	}
	return false, nil
}

// orphan lets the row that took the place of this one stand for itself.
func (p *pruning) orphan(seq uint64, r *row) error {
	seqs, err := p.succession(r)
	if err != nil {
		return err
	}
	at := slices.Index(seqs, seq)
	if at < 0 || at+1 == len(seqs) {
		return damaged(idsBucket, []byte(r.eventID))
	}
	b, i, err := p.cell(seqs[at+1])
	if err != nil {
		return err
	}
	c := b.cells[i]
	c.flags &^= flagReplaces
	p.set(b, i, c)
	return nil
}

// forgetIDs takes the identities of rows out of ids, in order of their keys: bbolt is several times faster that way.
func (p *pruning) forgetIDs(old []oldRow) error {
	slices.SortFunc(old, func(a, b oldRow) int { return bytes.Compare(a.key, b.key) })
	waiting, position, err := p.idsWaiting()
	if err != nil {
		return err
	}
	young := waiting
	for i := range old {
		if old[i].in == idsNewBucket {
			young--
		}
		if err := p.delete(old[i].in, old[i].key); err != nil {
			return err
		}
	}
	if young == waiting {
		return nil
	}
	return p.setIDsWaiting(young, position)
}

// bucketOf is where the entry of a row stands, by its key in ids.
func (t *txn) bucketOf(key []byte, seq uint64) (bucket, error) {
	for _, b := range [2]bucket{idsNewBucket, idsBucket} {
		body, err := t.get(b, key)
		if err != nil {
			return b, err
		}
		if body == nil {
			continue
		}
		if k, ok := decodeKnown(body); ok && k.seq == seq {
			return b, nil
		}
		return b, damaged(b, key)
	}
	return idsBucket, fmt.Errorf("%w: event %d is not found by its event_id", store.ErrCorrupt, seq)
}

// clear takes a row out of its block, and counts it as removed.
func (t *txn) clear(b *block, at int) {
	old := b.cells[at]
	t.count(old.dataset, old.state, -1)
	if old.relied() {
		t.count(old.dataset, countRelied, -1)
	}
	t.count(old.dataset, old.state|countRemoved, 1)
	b.cells[at], b.changed = cell{}, true
}

// deleteBefore takes out the entries whose keys come before end, at most limit of them when it is not negative, and returns how
// many.
func (t *txn) deleteBefore(b bucket, end []byte, limit int) (int, error) {
	var keys [][]byte
	c := t.bucket(b).Cursor()
	for k, _ := c.First(); k != nil && bytes.Compare(k, end) < 0 && len(keys) != limit; k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k)) // what bbolt hands out is valid until the next change only
	}
	for _, k := range keys {
		if err := t.delete(b, k); err != nil {
			return 0, err
		}
	}
	return len(keys), nil
}
