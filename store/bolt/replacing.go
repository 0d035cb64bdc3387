package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"

	"capibara/event"
	"capibara/store"
)

// replaceable reports whether a row may take the place of the event that is there: of one that waits when it disagrees with
// it, of one that was withdrawn when it corrects it.
func (in *importing) replaceable(a *arrival) (bool, error) {
	b, at, err := in.cell(a.existing.seq)
	if errors.Is(err, store.ErrCorrupt) {
		return false, nil // as with a damaged row below
	}
	if err != nil {
		return false, err
	}
	c, now := b.cells[at], in.now.Unix()
	a.withdrawn = c.state == store.StateWithdrawn && c.flags&flagReplaced == 0
	disagrees := a.Replace && a.existing.fingerprint != a.Fingerprint && c.state == store.StatePending && b.deadlines[at] > now
	if a.Deadline <= now || !disagrees && !a.withdrawn {
		return false, nil
	}
	r, err := in.row(a.existing.seq)
	if errors.Is(err, store.ErrCorrupt) {
		return false, nil // what it was cannot be told any more, so it stays for somebody to look at
	}
	if err != nil || r.file == in.file.Number {
		return false, err
	}
	byPerson := false
	if a.withdrawn {
		corrects, reason, err := in.corrects(a, &r)
		if !corrects || err != nil {
			return false, err
		}
		byPerson = reason == event.ReasonWithdrawn
	}
	// Another source that numbers its records in the same way means another conversion.
	if f, err := in.txn.file(r.file); err != nil || f.Source != in.file.Source {
		return false, err
	}
	first, err := in.firstTime()
	if err != nil {
		return false, err
	}
	// What a person withdrew is corrected by a file that was dropped too early as well: it came after the event, and its record
	// was no correction for the only reason that the event still waited.
	return first == 0 || byPerson && first > r.file, nil
}

// again reports whether the same file was imported before, read in the same way.
func (in *importing) again() (bool, error) {
	first, err := in.firstTime()
	return first != 0, err
}

// firstTime is importedFirst, asked once.
func (in *importing) firstTime() (uint64, error) {
	if in.first == nil {
		n, err := in.importedFirst()
		if err != nil {
			return 0, err
		}
		in.first = &n
	}
	return *in.first, nil
}

// corrects reports whether a row says anything else than the event that was withdrawn, and why that was. That a deal qualifies again is news by
// itself; what was refunded stays so. A record of the file that took the event back does not bring it back: which of the two
// came first in it would decide.
func (in *importing) corrects(a *arrival, r *row) (bool, event.Reason, error) {
	last, err := in.lastDecision(a.existing.seq)
	if errors.Is(err, store.ErrCorrupt) {
		return false, "", nil // why it was withdrawn cannot be told any more
	}
	if err != nil || last.By == fileAuthor(in.file.Number) {
		return false, last.Reason, err
	}
	switch last.Reason {
	case event.ReasonWithdrawn:
		return a.existing.fingerprint != a.Fingerprint || !r.same(a.Payload), last.Reason, nil
	case event.ReasonNoLongerQualified:
		return true, last.Reason, nil
	}
	return false, last.Reason, nil
}

// same reports whether a payload is that of a row, as far as one can tell whose row was pruned.
func (r *row) same(payload []byte) bool {
	if r.emptied == store.NotEmptied {
		return bytes.Equal(r.payload, payload)
	}
	var e event.Event
	return e.DecodeBinary(payload) == nil && e.Sum() == r.sum
}

// importedFirst is the first file that had the same bytes, and was read with the same source and mapping; 0 for none before
// this one.
func (in *importing) importedFirst() (uint64, error) {
	prefix := in.file.SHA256[:]
	c := in.bucket(fileSHABucket).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		if len(k) != len(prefix)+8 {
			return 0, damaged(fileSHABucket, k)
		}
		n := binary.BigEndian.Uint64(k[len(prefix):])
		if n >= in.file.Number {
			break
		}
		f, err := in.txn.file(n)
		if err != nil {
			return 0, err
		}
		if f.Source == in.file.Source && f.mapping == in.file.mapping && f.Counts.Records > 0 {
			return n, nil
		}
	}
	return 0, nil
}

// succeed makes a row the one that is found under the key of the event that it replaces, in whichever bucket that is.
func (in *importing) succeed(a *arrival) error {
	for _, b := range [2]bucket{idsNewBucket, idsBucket} {
		if body, err := in.get(b, a.key); err != nil {
			return err
		} else if body != nil {
			return in.put(b, a.key, appendKnown(nil, known{a.seq, a.Fingerprint}))
		}
	}
	return damaged(idsBucket, a.key)
}

// replace withdraws the events whose place a row of the chunk took.
func (in *importing) replace() error {
	by := map[string]int{}
	for i := range in.rows {
		a := &in.rows[i]
		if !a.replaces {
			continue
		}
		b, at, err := in.cell(a.existing.seq)
		if err != nil {
			return err
		}
		c := b.cells[at]
		c.state, c.flags = store.StateWithdrawn, c.flags|flagReplaced
		in.set(b, at, c)
		r, err := in.row(a.existing.seq)
		if err != nil {
			return err
		}
		in.out.Replaced = append(in.out.Replaced, store.Replaced{Seq: a.existing.seq, FirstFile: r.file, FirstLine: r.line,
			By: a.seq, Withdrawn: a.withdrawn, Line: in.chunk.Records[a.record].Line})
		by[a.Dataset]++
	}
	for _, dataset := range slices.Sorted(maps.Keys(by)) {
		detail := fmt.Sprintf("%d events of dataset %s were replaced before they were sent by records of file %d", by[dataset], dataset, in.file.Number)
		if err := in.audit(in.now, "replaced", detail); err != nil {
			return err
		}
	}
	return nil
}

// appendReplacedKey is the key of a row that another one replaced, made of the key under which both would be found.
func appendReplacedKey(dst, key []byte, seq uint64) []byte {
	return appendKey(append(dst, key...), seq)
}

// replaced reports whether the entry with that key is one of a replaced row: it ends in the row's own number, which the
// key of another event_id that goes on with a zero byte does not.
func (k known) replaced(key []byte) bool {
	return len(key) > idTail+8 && binary.BigEndian.Uint64(key[len(key)-8:]) == k.seq
}

// succession are the rows that took one another's place, the first one first.
func (t *txn) succession(r *row) ([]uint64, error) {
	key := appendIDKey(nil, r.eventID, r.dataset, r.name)
	var seqs []uint64
	for _, b := range [2]bucket{idsNewBucket, idsBucket} {
		c := t.bucket(b).Cursor()
		for k, v := c.Seek(key); bytes.HasPrefix(k, key); k, v = c.Next() {
			body, ok := unseal(k, v)
			found, whole := decodeKnown(body)
			if !ok || !whole {
				return nil, damaged(b, k)
			}
			if len(k) == len(key) || len(k) == len(key)+8 && found.replaced(k) {
				seqs = append(seqs, found.seq)
			}
		}
	}
	slices.Sort(seqs)
	return seqs, nil
}

// relate fills in which rows came before and after an event in its place.
func (t *txn) relate(e *store.EventEntry, flags uint8, r *row) error {
	if flags&(flagReplaced|flagReplaces) == 0 {
		return nil
	}
	seqs, err := t.succession(r)
	if err != nil {
		return err
	}
	at := slices.Index(seqs, e.Seq)
	if at < 0 {
		return damaged(idsBucket, []byte(r.eventID))
	}
	if flags&flagReplaces != 0 && at > 0 {
		e.Replaces = seqs[at-1]
	}
	if flags&flagReplaced != 0 && at+1 < len(seqs) {
		e.ReplacedBy = seqs[at+1]
	}
	return nil
}
