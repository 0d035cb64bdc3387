package bolt

import (
	"time"

	"capibara/event"
	"capibara/store"
)

// empty takes the content out of rows, none of which may be sent any more, and returns those that it changed. Before that it
// keeps the proofs of the bodies that carried them. A row that is empty already stays so, but what was pruned can be erased. A
// row that is damaged is an error: look at it before.
func (t *txn) empty(seqs []uint64, why store.Emptied, now time.Time) (changed []uint64, err error) {
	if err := t.anchor(seqs, now); err != nil {
		return nil, err
	}
	for _, seq := range seqs {
		did, err := t.emptyRow(seq, why)
		if err != nil {
			return nil, err
		}
		if did {
			changed = append(changed, seq)
		}
	}
	return changed, nil
}

// emptyRow takes the content out of a row, the proofs of whose bodies are kept.
func (t *txn) emptyRow(seq uint64, why store.Emptied) (bool, error) {
	r, err := t.row(seq)
	if err != nil || r.emptied == why || r.emptied == store.EmptiedErased {
		return false, err
	}
	if r.emptied == store.NotEmptied {
		var e event.Event
		if e.DecodeBinary(r.payload) == nil {
			r.sum = e.Sum()
			e.Empty()
		} else { // a form that this version cannot read: what it was worth goes with the rest
			e = event.Event{Time: r.eventTime, ID: r.eventID}
			if e.Name, err = t.text(eventName, r.name); err != nil {
				return false, err
			}
		}
		r.payload = e.AppendBinary(nil)
	}
	r.emptied = why
	if why == store.EmptiedErased {
		r.recordKey = ""
		if err := t.forgetFingerprint(seq, &r); err != nil {
			return false, err
		}
	}
	v := appendRow(make([]byte, 0, rowOverhead+len(r.eventID)+len(r.recordKey)+5*len(r.warnings)+len(r.sum)+len(r.payload)), &r)
	return true, t.put(rowsBucket, numberKey(seq), v)
}

// forgetFingerprint takes out of the index of ids what tells whether a record disagrees with an event: the order can be guessed
// from it. An entry that is damaged or missing is for Check to name.
func (t *txn) forgetFingerprint(seq uint64, r *row) error {
	key := appendIDKey(nil, r.eventID, r.dataset, r.name)
	for _, k := range [2][]byte{key, appendReplacedKey(nil, key, seq)} {
		for _, b := range [2]bucket{idsNewBucket, idsBucket} {
			body, ok := unseal(k, t.bucket(b).Get(k))
			if found, whole := decodeKnown(body); !ok || !whole || found.seq != seq {
				continue
			}
			if err := t.put(b, k, appendKnown(nil, known{seq: seq})); err != nil {
				return err
			}
		}
	}
	return nil
}
