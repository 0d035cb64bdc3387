package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
)

// decision is one decision under way: what it says of every event that it changes, and how many of each dataset those are.
type decision struct {
	*txn
	entry  store.DecisionEntry
	reason uint64 // number of entry.Reason
	of     map[uint16]int
}

// deciding begins a decision. Its entry in the audit log is the next one.
func (t *txn) deciding(by string, reason event.Reason, note string, now time.Time) (*decision, error) {
	n, _, err := t.head()
	if err != nil {
		return nil, err
	}
	number, err := t.reasonNumber(reason)
	if err != nil {
		return nil, err
	}
	entry := store.DecisionEntry{At: stored(now), By: by, Reason: reason, Note: note, Audit: n + 1}
	return &decision{t, entry, number, map[uint16]int{}}, nil
}

// change puts the event at a place of a block into what c says, and keeps that it was decided.
func (d *decision) change(b *block, at int, c cell) error {
	c.flags |= flagDecided
	d.set(b, at, c)
	d.of[c.dataset]++
	e := &d.entry
	v := appendText(appendTime(unsealed(30+len(e.By)+len(e.Note)), e.At), e.By)
	key := appendKey(numberKey(firstSeq(b.n)+uint64(at)), e.Audit)
	return d.put(decisionsBucket, key, appendText(appendUint(v, d.reason), e.Note))
}

// log adds the entry of the audit log; nothing when nothing was changed.
func (d *decision) log(kind, did string) error {
	if len(d.of) == 0 {
		return nil
	}
	datasets := make([]uint16, 0, len(d.of))
	for n := range d.of {
		datasets = append(datasets, n)
	}
	slices.Sort(datasets)
	detail := ""
	for i, n := range datasets {
		name, err := d.datasetText(n)
		if err != nil {
			return err
		}
		if i > 0 {
			detail += ", "
		}
		detail += fmt.Sprintf("%d events of dataset %s", d.of[n], name)
	}
	return d.audit(d.entry.At, kind, detail+" "+did+d.entry.Signature())
}

// changed is how many events the decision changed.
func (d *decision) changed() (n uint64) {
	for _, of := range d.of {
		n += uint64(of)
	}
	return n
}

// decided reads what was decided about an event, oldest first.
func (t *txn) decided(seq uint64) ([]store.DecisionEntry, error) {
	if t.bucket(decisionsBucket) == nil {
		return nil, nil // an older schema, open to read
	}
	var all []store.DecisionEntry
	prefix := numberKey(seq)
	c := t.bucket(decisionsBucket).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		body, ok := unseal(k, v)
		if !ok {
			return nil, damaged(decisionsBucket, k)
		}
		e, err := t.decodeDecision(k, body)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// lastDecision is what was decided about an event last; the zero entry when nothing was.
func (t *txn) lastDecision(seq uint64) (store.DecisionEntry, error) {
	all, err := t.decided(seq)
	if len(all) == 0 || err != nil {
		return store.DecisionEntry{}, err
	}
	return all[len(all)-1], nil
}

// lastChange is what was decided last about the state of an event: that it was erased changes only that of a pending one.
func (t *txn) lastChange(seq uint64) (store.DecisionEntry, error) {
	all, err := t.decided(seq)
	if err != nil {
		return store.DecisionEntry{}, err
	}
	for _, e := range slices.Backward(all) {
		if e.Reason != event.ReasonErased {
			return e, nil
		}
	}
	return store.DecisionEntry{}, nil
}

func (t *txn) decodeDecision(key, body []byte) (store.DecisionEntry, error) {
	d := decoder{b: body}
	e := store.DecisionEntry{At: d.time(), By: d.text()}
	reason := d.uint()
	e.Note = d.text()
	if len(key) != 16 || !d.done() {
		return e, damaged(decisionsBucket, key)
	}
	e.Audit = binary.BigEndian.Uint64(key[8:])
	text, err := t.text(reasonName, uint32(reason))
	e.Reason = event.Reason(text)
	return e, err
}

// Decisions returns what was decided about an event, oldest first.
func (d *DB) Decisions(ctx context.Context, seq uint64) (all []store.DecisionEntry, err error) {
	err = d.read(ctx, func(t *txn) error {
		if _, _, err := t.cell(seq); err != nil {
			return err
		}
		all, err = t.decided(seq)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the decisions about event %d: %w", seq, err)
	}
	return all, nil
}

// fileAuthor is who decides when a record of a file takes an event back.
func fileAuthor(file uint64) string { return fmt.Sprintf("file %d", file) }

// takesBack reports whether a decision for this reason withdraws an event.
func takesBack(r event.Reason) bool {
	return r == event.ReasonWithdrawn || r == event.ReasonNoLongerQualified || r == event.ReasonRefunded
}

// allDecisions verifies the decisions: those, and only those, that the cells speak of.
func (c *checker) allDecisions() error {
	if c.bucket(decisionsBucket) == nil {
		return nil
	}
	last, _, err := c.head()
	if err != nil {
		return c.damage(err)
	}
	var events, at uint64
	err = c.each(decisionsBucket, func(key, body []byte) error {
		e, err := c.decodeDecision(key, body)
		if err != nil {
			return err
		}
		seq := binary.BigEndian.Uint64(key)
		if seq != at {
			events++
		}
		at = seq
		b, i, err := c.cell(seq)
		if err != nil {
			return err
		}
		if b.cells[i].flags&flagDecided == 0 {
			c.problem("event %d does not say that something was decided about it", seq)
		}
		if e.By == "" || e.Audit == 0 || e.Audit > last {
			c.problem("decisions: one about event %d has no entry in the audit log, or names nobody", seq)
		}
		if e.Reason == event.ReasonErased {
			return c.erasedDecision(seq)
		}
		return nil
	})
	if events != c.decidedOn {
		c.problem("decisions: there are some about %d events, and %d events say so", events, c.decidedOn)
	}
	return err
}

// decidedCell verifies the state of an event about which something was decided. taken says that another took its place.
func (c *checker) decidedCell(seq uint64, cl cell) error {
	c.decidedOn++
	last, err := c.lastChange(seq)
	if err != nil {
		return err
	}
	if cl.state == store.StateErased {
		return nil // its record says the same
	}
	taken := cl.flags&flagReplaced != 0
	if back := takesBack(last.Reason); back && cl.state != store.StateWithdrawn || !back && !taken && cl.state == store.StateWithdrawn {
		c.problem("event %d is %s, and what was decided last is %s", seq, cl.state, last.Reason)
	}
	return nil
}
