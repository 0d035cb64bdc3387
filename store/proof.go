package store

import (
	"crypto/sha256"
	"errors"
	"time"

	"capibara/event"
)

// Proof is what is kept of a body that a batch sent, from when the first of its events is emptied: after that nobody can make
// it again. Before it was written the events made the body, and had the sums.
type Proof struct {
	Body   event.Hash // Attempt.BodySHA256
	Events int        // that were in it
	// Sums is the SHA-256 over the sums of its events (EventEntry.Sum, event.Event.Sum), in order of their row numbers. It is
	// zero when the events did not make the body any more, so that nothing is proved.
	Sums  event.Hash
	Audit uint64 // number of the entry in the audit log that says the same
}

// RowSum is the sum of the event of a row that was removed.
type RowSum struct {
	Seq uint64
	Sum event.Hash
}

// Proves reports whether the events made the body when they were looked at last.
func (p *Proof) Proves() bool { return p.Sums != event.Hash{} }

// ErrNoBody says that the events do not make the body that was sent: one of them is damaged, or another version wrote it.
var ErrNoBody = errors.New("the events do not make the body that was sent")

// DataOf makes the data array of an attempt again from the stored events, in the order in which they were sent. A click id that
// Meta no longer uses was left out by the clock of the first attempt, and earlier versions left none out: so it depends on
// the attempt, and on firstMaybeAt of its batch, which of the ways gives the bytes of the journal. With ErrNoBody none does,
// and data is the last that was tried; nil when an event cannot be read.
func DataOf(payloads [][]byte, a *Attempt, firstMaybeAt time.Time) (data []byte, err error) {
	var e event.Event
	for _, asOf := range []time.Time{a.StartedAt, firstMaybeAt, {}} {
		data = append(data[:0], '[')
		for i, p := range payloads {
			if e.DecodeBinary(p) != nil {
				return nil, ErrNoBody
			}
			if !asOf.IsZero() {
				e.DropOldClick(asOf)
			}
			if i > 0 {
				data = append(data, ',')
			}
			data = e.AppendJSON(data)
		}
		data = append(data, ']')
		if sha256.Sum256(data) == a.BodySHA256 {
			return data, nil
		}
	}
	return data, ErrNoBody
}

// SumOver is the SHA-256 over sums, one behind the other.
func SumOver(sums []event.Hash) (over event.Hash) {
	h := sha256.New()
	for i := range sums {
		h.Write(sums[i][:])
	}
	h.Sum(over[:0])
	return over
}
