package bolt

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
)

// anchored is the kind of the entry that the audit log takes in before the first event of a body is emptied.
const anchored = "anchored"

// appendProofs stores the proofs of a batch behind its other members.
func appendProofs(v []byte, proofs []store.Proof) []byte {
	v = appendUint(v, uint64(len(proofs)))
	for i := range proofs {
		p := &proofs[i]
		v = appendUint(append(v, p.Body[:]...), uint64(p.Events))
		v = appendUint(append(v, p.Sums[:]...), p.Audit)
	}
	return v
}

// proofs reads what appendProofs wrote, if it wrote anything.
func (d *decoder) proofs() (proofs []store.Proof) {
	if d.bad || len(d.b) == 0 {
		return nil
	}
	for range d.count() {
		proofs = append(proofs, store.Proof{Body: d.hash(), Events: int(d.uint()), Sums: d.hash(), Audit: d.uint()})
	}
	return proofs
}

// anchor keeps the proofs of the bodies that carried any of the rows, whose content is about to go; of a body whose proof is
// kept already it keeps none. A body that its events do not make any more holds nothing up: that is kept instead.
func (t *txn) anchor(seqs []uint64, now time.Time) error {
	going := make(map[uint64]bool, len(seqs))
	for _, seq := range seqs {
		going[seq] = true
	}
	batches, err := t.carriers(going)
	if err != nil {
		return err
	}
	for _, b := range batches {
		if err := t.anchorBatch(b, going, now); err != nil {
			return err
		}
	}
	return nil
}

// carriers are the batches that carried any of the rows. One that is damaged proves nothing, and Check names it.
func (t *txn) carriers(rows map[uint64]bool) (batches []*batchRecord, err error) {
	now := map[uint64]bool{} // the batches that the rows are, or were last, in
	for seq := range rows {
		b, at, err := t.cell(seq)
		if err != nil {
			return nil, err
		}
		now[uint64(b.cells[at].batch)] = true
	}
	last := slices.Max(slices.AppendSeq([]uint64{0}, maps.Keys(now))) // a row is in no batch behind its last one
	if last == 0 {
		return nil, nil
	}
	is := func(seq uint64) bool { return rows[seq] }
	c := t.bucket(batchesBucket).Cursor()
	for k, v := c.First(); len(k) == 8 && binary.BigEndian.Uint64(k) <= last; k, v = c.Next() {
		body, ok := unseal(k, v)
		if !ok {
			continue
		}
		n := binary.BigEndian.Uint64(k)
		if !now[n] && !carriedBefore(body, is) {
			continue // most are ruled out as they are stored: a ledger has tens of thousands
		}
		b, ok := decodeBatch(n, body)
		if !ok || !slices.ContainsFunc(b.Seqs, is) && !slices.ContainsFunc(b.dropped, is) {
			continue
		}
		if b.Dataset, err = t.datasetText(b.dataset); err != nil {
			return nil, err
		}
		batches = append(batches, b)
	}
	return batches, nil
}

// anchorBatch keeps the proofs of those bodies of a batch that carried any of the rows.
func (t *txn) anchorBatch(b *batchRecord, going map[uint64]bool, now time.Time) error {
	entry, _, err := t.head()
	if err != nil {
		return err
	}
	known := len(b.Proofs)
	for i := range b.Attempts {
		a := &b.Attempts[i]
		if a.BodySHA256 == (event.Hash{}) || b.proof(a.BodySHA256) != nil {
			continue // nothing was sent, or it is proved
		}
		rows, ok := b.rowsOf(a.Events)
		if ok && !slices.ContainsFunc(rows, func(seq uint64) bool { return going[seq] }) {
			continue
		}
		p := store.Proof{Body: a.BodySHA256, Events: a.Events, Audit: entry + 1}
		if ok {
			if p.Sums, err = t.prove(b, a, rows); err != nil {
				return err
			}
		}
		b.Proofs = append(b.Proofs, p)
	}
	if len(b.Proofs) == known {
		return nil
	}
	if err := t.audit(now, anchored, b.anchorDetail(b.Proofs[known:])); err != nil {
		return err
	}
	return t.putBatch(b)
}

// proof is the proof of a body; nil while there is none.
func (b *batchRecord) proof(body event.Hash) *store.Proof {
	if i := slices.IndexFunc(b.Proofs, func(p store.Proof) bool { return p.Body == body }); i >= 0 {
		return &b.Proofs[i]
	}
	return nil
}

// rowsOf are the rows of the attempts with so many events: those that are in the batch, and those that left it last. Their
// order is that of the body when none left it.
func (b *batchRecord) rowsOf(events int) ([]uint64, bool) {
	left := events - len(b.Seqs)
	if left < 0 || left > len(b.dropped) {
		return nil, false
	}
	return slices.Concat(b.dropped[len(b.dropped)-left:], b.Seqs), true
}

// prove makes the body of an attempt again from its rows and returns what its events' sums add up to; zero when they do not
// make it.
func (t *txn) prove(b *batchRecord, a *store.Attempt, rows []uint64) (over event.Hash, err error) {
	if len(rows) > len(b.Seqs) {
		if err := t.inBodyOrder(rows, b.Seqs); err != nil {
			return over, err
		}
	}
	payloads, sums := make([][]byte, len(rows)), make([]rowSum, len(rows))
	var e event.Event
	for i, seq := range rows {
		r, err := t.row(seq)
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return over, err
		}
		if err != nil || r.emptied != store.NotEmptied || e.DecodeBinary(r.payload) != nil {
			return over, nil
		}
		payloads[i], sums[i] = r.payload, rowSum{seq, e.Sum()}
	}
	if _, err := store.DataOf(payloads, a, b.FirstMaybeAt); err != nil {
		return over, nil
	}
	return sumOver(sums), nil
}

// rowSum is the sum of a row's event.
type rowSum struct {
	seq uint64
	sum event.Hash
}

// sumOver is what the sums of rows add up to in a proof.
func sumOver(rows []rowSum) event.Hash {
	slices.SortFunc(rows, func(a, b rowSum) int { return cmp.Compare(a.seq, b.seq) })
	sums := make([]event.Hash, len(rows))
	for i := range rows {
		sums[i] = rows[i].sum
	}
	return store.SumOver(sums)
}

// inBodyOrder brings rows, of which those that are not in seqs left the batch after the attempt, into the order in which they
// were planned: by block as the blocks come up in seqs, and by deadline within one. Rows of a block of which none
// stayed come first, because their deadlines did.
func (t *txn) inBodyOrder(rows, seqs []uint64) error {
	place := map[uint64]int{} // by block, from 1
	for _, seq := range seqs {
		if n := blockOf(seq); place[n] == 0 {
			place[n] = len(place) + 1
		}
	}
	deadlines := make(map[uint64]int64, len(rows))
	for _, seq := range rows {
		b, at, err := t.cell(seq)
		if err != nil {
			return err
		}
		deadlines[seq] = b.deadlines[at]
	}
	slices.SortStableFunc(rows, func(a, b uint64) int {
		return cmp.Or(cmp.Compare(place[blockOf(a)], place[blockOf(b)]), cmp.Compare(deadlines[a], deadlines[b]), cmp.Compare(a, b))
	})
	return nil
}

// anchorDetail says in the audit log what proofs say.
func (b *batchRecord) anchorDetail(proofs []store.Proof) string {
	s := fmt.Sprintf("batch %d of dataset %s, before events of it are emptied", b.Number, b.Dataset)
	for i := range proofs {
		p := &proofs[i]
		s += fmt.Sprintf("; body %x of %d events, ", p.Body, p.Events)
		if p.Proves() {
			s += fmt.Sprintf("sums %x", p.Sums)
		} else {
			s += "which they do not make any more"
		}
	}
	return s
}
