package uploader

import (
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/capi"
)

// dataStart is where the data array begins in a body; see capi.AppendBody.
const dataStart = len(`{"data":`)

// noBody stands in the journal where the hash of a body would, for an event that is refused here and never sent.
var noBody event.Hash

// builder makes request bodies and keeps its memory for the next one.
type builder struct {
	event event.Event
	lost  event.Event
	// keepClicks says that click ids stay in, however old they are.
	keepClicks bool
	json       []byte // the events one after the other
	ends       []int  // where each ends in json
	parts      [][]byte

	body []byte     // the whole request
	hash event.Hash // of the data array in it
	rows []store.Row
	// refused are the rows that must not be sent, with the reason.
	refused []refusal
	early   []uint64 // rows that lie too far ahead of this machine's clock, which may be wrong
	late    []uint64 // rows past their deadline
}

// refusal is a row that is found wrong before it is sent.
type refusal struct {
	row     store.Row
	problem event.Problem
}

// check says whether a row's event may be sent.
type check bool

const (
	// checked leaves out what Meta would refuse: one such event costs the request it travels in.
	checked check = true
	// unchanged takes the events as they were sent before. An event that was good enough then is part of the bytes that
	// must not change.
	unchanged check = false
)

// build makes a body of the rows that may be sent at now, in their order, up to limit bytes (0: any). The rest of the
// rows is not in rows, refused, early or late.
//
// With unchanged, now is when the bytes may have arrived first: what was left out of them then is left out again.
func (b *builder) build(client *capi.Client, rows []store.Row, now time.Time, limit int, c check) {
	b.json, b.ends, b.rows = b.json[:0], b.ends[:0], b.rows[:0]
	b.refused, b.early, b.late = b.refused[:0], b.early[:0], b.late[:0]
	for _, row := range rows {
		if c == checked && row.Deadline <= now.Unix() {
			b.late = append(b.late, row.Seq)
			continue
		}
		if c == checked && row.NotBefore > now.Unix() {
			b.early = append(b.early, row.Seq)
			continue
		}
		if p, bad := b.wrong(row, now, c); bad {
			if p.Reason == event.ReasonEventTimeFuture {
				b.early = append(b.early, row.Seq)
			} else {
				b.refused = append(b.refused, refusal{row, p})
			}
			continue
		}
		before := len(b.json)
		b.json = b.event.AppendJSON(b.json)
		if limit > 0 && before > 0 && len(b.json)+len(b.ends) > limit-bodyMargin {
			b.json = b.json[:before]
			break
		}
		b.ends = append(b.ends, len(b.json))
		b.rows = append(b.rows, row)
	}
	b.finish(client)
}

// bodyMargin is more than a body holds besides its events, the proof of an app secret included.
const bodyMargin = 256

func (b *builder) finish(client *capi.Client) {
	b.parts = b.parts[:0]
	start := 0
	for _, end := range b.ends {
		b.parts = append(b.parts, b.json[start:end])
		start = end
	}
	b.body = client.Body(b.body[:0], b.parts)
	if len(b.parts) == 0 {
		b.hash = noBody
		return
	}
	length := 2 + len(b.json) + len(b.parts) - 1 // brackets, events, commas
	b.hash = sha256.Sum256(b.body[dataStart : dataStart+length])
}

// wrong reads the row's event into b.event and says what is wrong with it.
func (b *builder) wrong(row store.Row, now time.Time, c check) (event.Problem, bool) {
	if err := b.event.DecodeBinary(row.Payload); err != nil {
		return event.Problem{Reason: event.ReasonPayloadDamaged, Detail: err.Error()}, true
	}
	if !b.keepClicks {
		b.event.DropOldClick(now)
	}
	if c == unchanged {
		return event.Problem{}, false
	}
	for _, p := range b.event.Validate(now) {
		if p.Severity() != event.Warn {
			return p, true
		}
	}
	return event.Problem{}, false
}

// errChanged says that the bytes of a batch would not be those that may have arrived.
var errChanged = errors.New("this version of the program would write other bytes than were sent")

// rebuild makes the body of an open batch again, without the rows that are past their deadline. When an attempt of it
// may have arrived, the bytes must be the same: it returns errChanged when they are not.
func (b *builder) rebuild(client *capi.Client, batch store.Batch, rows []store.Row, now time.Time) error {
	mayHaveArrived := !batch.FirstMaybeAt.IsZero()
	asOf, how := now, checked
	if mayHaveArrived {
		asOf, how = batch.FirstMaybeAt, unchanged
		if !b.same(client, batch, rows) {
			return errChanged
		}
	}
	defer func() { b.keepClicks = false }()
	kept := make([]store.Row, 0, len(rows))
	var late []uint64
	for _, row := range rows {
		if row.Deadline <= now.Unix() {
			late = append(late, row.Seq)
		} else {
			kept = append(kept, row)
		}
	}
	if !mayHaveArrived || len(late) > 0 {
		b.build(client, kept, asOf, 0, how)
	}
	b.late = append(b.late[:0], late...)
	return nil
}

// same builds the bytes of a batch that may have arrived, and reports whether they are those that were sent. Versions that
// sent old click ids left none out.
func (b *builder) same(client *capi.Client, batch store.Batch, rows []store.Row) bool {
	for _, keep := range []bool{false, true} {
		b.keepClicks = keep
		b.build(client, rows, batch.FirstMaybeAt, 0, unchanged)
		n := len(batch.Attempts)
		if len(b.refused) > 0 || n == 0 {
			break
		}
		if sent := batch.Attempts[n-1].BodySHA256; sent == b.hash || sent == noBody {
			return true
		}
	}
	return len(b.refused) == 0 && len(batch.Attempts) == 0
}

// worth adds up those of the rows that are named.
func (b *builder) worth(rows []store.Row, seqs []uint64) store.Tally {
	t := store.Tally{Events: uint64(len(seqs))}
	var sums store.Totals
	for _, row := range rows {
		if !slices.Contains(seqs, row.Seq) {
			continue
		}
		if b.lost.DecodeBinary(row.Payload) == nil {
			sums.Add(b.lost.Custom.Value, b.lost.Custom.Currency)
		}
	}
	t.Sums = sums.Sums()
	return t
}
