package bolt

import (
	"bytes"
	"errors"
	"slices"

	"capibara/event"
	"capibara/store"
)

// rowSet is a set of row numbers.
type rowSet []uint64

func (s *rowSet) add(seq uint64) {
	if at := int(seq / 64); at >= len(*s) {
		*s = append(*s, make([]uint64, at+1-len(*s))...)
	}
	(*s)[seq/64] |= 1 << (seq % 64)
}

func (s rowSet) has(seq uint64) bool {
	at := seq / 64
	return at < uint64(len(s)) && s[at]&(1<<(seq%64)) != 0
}

// emptiedRow verifies what is left of an emptied row, and that its state is one in which it may be empty.
func (c *checker) emptiedRow(seq uint64, r *row, cl cell) error {
	if r.emptied == store.NotEmptied {
		if cl.state == store.StateErased {
			c.problem("event %d is erased, and its content is there", seq)
		}
		return nil
	}
	c.emptied.add(seq)
	var e event.Event
	if e.DecodeBinary(r.payload) != nil {
		return damaged(rowsBucket, numberKey(seq))
	}
	if e.Empty(); !bytes.Equal(e.AppendBinary(nil), r.payload) || e.ID != r.eventID || e.Time != r.eventTime {
		c.problem("event %d is %s, and holds more than is kept of such an event, or what is kept of another", seq, r.emptied)
	}
	switch cl.state {
	case store.StatePending, store.StateInFlight, store.StateHeld:
		c.problem("event %d is %s, and was %s", seq, cl.state, r.emptied)
	case store.StateErased:
		if r.emptied != store.EmptiedErased {
			c.problem("event %d is erased, and was %s", seq, r.emptied)
		}
	case store.StateAcknowledged, store.StateRejected, store.StateExpired, store.StateWithdrawn:
	}
	if r.emptied != store.EmptiedErased {
		return nil
	}
	if r.recordKey != "" {
		c.problem("event %d was erased, and its record key is there", seq)
	}
	all, err := c.decided(seq)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(all, func(e store.DecisionEntry) bool { return e.Reason == event.ReasonErased }) {
		c.problem("event %d was erased, and nobody decided it", seq)
	}
	return nil
}

// erasedDecision verifies that an event of which a decision says that it was erased is empty. A damaged one was named before.
func (c *checker) erasedDecision(seq uint64) error {
	r, err := c.row(seq)
	if errors.Is(err, store.ErrCorrupt) {
		return nil
	}
	if err == nil && r.emptied != store.EmptiedErased {
		c.problem("event %d was erased, as a decision says, and its content is there", seq)
	}
	return err
}

// allProofs verifies the proofs of every batch against its events, and that none is missing.
func (c *checker) allProofs() error {
	return c.each(batchesBucket, func(key, body []byte) error {
		d := decoder{b: key}
		b, ok := decodeBatch(d.fixed(), body)
		if !ok || !d.done() {
			return nil // it was named before
		}
		for i := range b.Attempts {
			a := &b.Attempts[i]
			rows, _ := b.rowsOf(a.Events)
			if a.BodySHA256 != (event.Hash{}) && b.proof(a.BodySHA256) == nil && slices.ContainsFunc(rows, c.emptied.has) {
				c.problem("batch %d: an event of what attempt %d sent was emptied, and no proof of the rest was kept", b.Number, a.N)
			}
		}
		for i := range b.Proofs {
			if err := c.oneProof(b, &b.Proofs[i]); err != nil {
				return err
			}
		}
		return c.anchors(b)
	})
}

// oneProof verifies a proof from the JSON of the events that are whole and the sums of those that are empty.
func (c *checker) oneProof(b *batchRecord, p *store.Proof) error {
	if !slices.ContainsFunc(b.Attempts, func(a store.Attempt) bool { return a.BodySHA256 == p.Body && a.Events == p.Events }) {
		c.problem("batch %d: a proof is of the body %x, which no attempt sent", b.Number, p.Body)
		return nil
	}
	rows, ok := b.rowsOf(p.Events)
	if !p.Proves() {
		return nil // nothing was proved then, and the audit log says so
	}
	if !ok {
		c.problem("batch %d: a proof is of %d events, and that many were not in it", b.Number, p.Events)
		return nil
	}
	sums := make([]rowSum, len(rows))
	var e event.Event
	if c.low.removedAmong(rows) == len(rows) {
		return nil // nothing is left to be proved
	}
	for i, seq := range rows {
		if seq < c.low.row {
			sum, kept := b.goneSum(seq)
			if !kept {
				c.problem("batch %d: event %d was removed, and what is left of the body %x cannot be proved without its sum", b.Number, seq, p.Body)
				return nil
			}
			sums[i] = rowSum{seq, sum}
			continue
		}
		r, err := c.row(seq)
		if err != nil || r.emptied == store.NotEmptied && e.DecodeBinary(r.payload) != nil {
			if err == nil || errors.Is(err, store.ErrCorrupt) {
				c.problem("batch %d: what is left of the body %x cannot be proved, because event %d is damaged", b.Number, p.Body, seq)
				return nil
			}
			return err
		}
		sums[i] = rowSum{seq, r.sum}
		if r.emptied == store.NotEmptied {
			sums[i].sum = e.Sum()
		}
	}
	if sumOver(sums) != p.Sums {
		c.problem("batch %d: its events, from %d to %d, are not those of the body %x: one of them, or its sum, was changed after events of it were emptied",
			b.Number, slices.Min(rows), slices.Max(rows), p.Body)
	}
	return nil
}

// anchors verifies that the audit log says the same as the proofs of a batch.
func (c *checker) anchors(b *batchRecord) error {
	for from := 0; from < len(b.Proofs); {
		n := b.Proofs[from].Audit
		to := from + 1
		for to < len(b.Proofs) && b.Proofs[to].Audit == n {
			to++
		}
		e, err := c.auditEntry(n)
		if err != nil && !errors.Is(err, store.ErrNotFound) && !errors.Is(err, store.ErrCorrupt) {
			return err
		}
		if b.Dataset, _ = c.datasetText(b.dataset); err != nil || e.Kind != anchored || e.Detail != b.anchorDetail(b.Proofs[from:to]) {
			c.problem("batch %d: entry %d of the audit log does not say what the proofs of its bodies say", b.Number, n)
		}
		from = to
	}
	return nil
}

// allSuppressions verifies the sums of people who were erased.
func (c *checker) allSuppressions() error {
	if c.bucket(suppressionsBucket) == nil {
		return nil
	}
	return c.each(suppressionsBucket, func(key, body []byte) error {
		d := decoder{b: body}
		if d.time(); len(key) != len(event.Hash{}) || !d.done() {
			return damaged(suppressionsBucket, key)
		}
		return nil
	})
}
