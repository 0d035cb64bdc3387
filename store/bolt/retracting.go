package bolt

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
)

// retraction is one of a chunk on its way in.
type retraction struct {
	*store.Retraction
	record int // index in the chunk
	key    []byte
	seq    uint64 // the event that it withdraws
	row    row    // of the event, when it is there
}

// checkRetractions refuses what no importer may hand over.
func checkRetractions(r *store.Record) error {
	for i := range r.Retractions {
		switch x := &r.Retractions[i]; {
		case r.Person != nil:
			return errors.New("a person retracts an event")
		case x.Dataset == "" || x.EventName == "" || x.EventID == "" || len(x.EventID) > maxEventID:
			return fmt.Errorf("it retracts an event with the dataset %q, the event_name %q and an event_id of %d bytes", x.Dataset, x.EventName, len(x.EventID))
		case x.Reason != event.ReasonRefunded && (x.Reason != event.ReasonNoLongerQualified || x.Refund.Present()), x.Refund.Present() && x.Refund.Sign() <= 0:
			return fmt.Errorf("it retracts an event because of %q with a refund of %q", x.Reason, x.Refund)
		}
	}
	return nil
}

// retract carries out what the records of a chunk take back, once its rows are in.
func (in *importing) retract() error {
	if err := in.refundArrivals(); err != nil {
		return err
	}
	found, err := in.takes()
	if err != nil {
		return err
	}
	for _, reason := range []event.Reason{event.ReasonNoLongerQualified, event.ReasonRefunded} {
		var seqs []uint64
		for _, r := range found {
			if r.Reason == reason {
				seqs = append(seqs, r.seq)
			}
		}
		if err := in.takeBack(in.file.Number, reason, seqs, in.now); err != nil {
			return err
		}
	}
	for _, r := range found {
		if a := in.arrived(r.seq); a != nil {
			a.taken = r.Reason // it never was pending
			continue
		}
		in.out.Retracted = append(in.out.Retracted, store.Retracted{Seq: r.seq, FirstFile: r.row.file, FirstLine: r.row.line,
			Line: in.chunk.Records[r.record].Line, Reason: r.Reason})
	}
	return nil
}

// takes returns the retractions of the chunk that withdraw an event, one of each event. Importing a file again takes nothing
// back: what a later file brought since would go.
func (in *importing) takes() ([]*retraction, error) {
	var found []*retraction
	taken := map[uint64]bool{}
	for i := range in.chunk.Records {
		for j := range in.chunk.Records[i].Retractions {
			if again, err := in.again(); again || err != nil {
				return nil, err
			}
			r := &retraction{Retraction: &in.chunk.Records[i].Retractions[j], record: i}
			seq, err := in.take(r)
			if err != nil {
				return nil, err
			}
			if seq != 0 && !taken[seq] {
				taken[seq] = true
				r.seq = seq
				found = append(found, r)
			}
		}
	}
	return found, nil
}

// arrived is the row of the chunk with that number; nil when it was there before.
func (in *importing) arrived(seq uint64) *arrival {
	if in.added == nil {
		in.added = map[uint64]*arrival{}
		for i := range in.rows {
			if a := &in.rows[i]; a.seq != 0 {
				in.added[a.seq] = a
			}
		}
	}
	return in.added[seq]
}

// takeBack withdraws events, as the records of a file say.
func (t *txn) takeBack(file uint64, reason event.Reason, seqs []uint64, now time.Time) error {
	if len(seqs) == 0 {
		return nil
	}
	d, err := t.deciding(fileAuthor(file), reason, "", now)
	if err != nil {
		return err
	}
	for _, seq := range seqs {
		b, at, err := t.cell(seq)
		if err != nil {
			return err
		}
		c := b.cells[at]
		c.state = store.StateWithdrawn
		if err := d.change(b, at, c); err != nil {
			return err
		}
	}
	return d.log("withdrawn", fmt.Sprintf("were withdrawn as %s", reason))
}

// retractReleased withdraws, of the rows that are pending again, those that a record took back while they were on their way.
// One of which that cannot be told stays as it is.
func (t *txn) retractReleased(seqs []uint64, now time.Time) error {
	type author struct {
		file   uint64
		reason event.Reason
	}
	var authors []author
	taken := map[author][]uint64{}
	for _, seq := range seqs {
		by, err := t.takenOnItsWay(seq)
		if err != nil && !errors.Is(err, store.ErrCorrupt) {
			return err
		}
		if err != nil || by == nil {
			continue
		}
		a := author{by.File, event.ReasonNoLongerQualified}
		if by.Kind == store.ConflictRefunded {
			a.reason = event.ReasonRefunded
		}
		if taken[a] == nil {
			authors = append(authors, a)
		}
		taken[a] = append(taken[a], seq)
	}
	for _, a := range authors {
		if err := t.takeBack(a.file, a.reason, taken[a], now); err != nil {
			return err
		}
	}
	return nil
}

// takenOnItsWay is what took all of a pending event back before it was pending; nil when nothing did.
func (t *txn) takenOnItsWay(seq uint64) (*store.Conflict, error) {
	b, at, err := t.cell(seq)
	if err != nil || b.cells[at].state != store.StatePending || b.cells[at].flags&flagConflicts == 0 {
		return nil, err
	}
	all, err := t.conflicts(seq)
	if err != nil {
		return nil, err
	}
	r, err := t.row(seq)
	if err != nil {
		return nil, err
	}
	for i := range all {
		reason := event.ReasonNoLongerQualified
		switch all[i].Kind {
		case store.ConflictChanged:
			continue
		case store.ConflictRefunded:
			reason = event.ReasonRefunded
		case store.ConflictUnqualified:
		}
		if back, err := t.takesAll(seq, &r, &store.Retraction{Reason: reason, Refund: all[i].Value, Currency: all[i].Currency}); back || err != nil {
			return &all[i], err
		}
	}
	return nil, nil
}

// take finds what a retraction is about, and returns the number of a pending event that it withdraws. What it says of any
// other event is kept here: a disagreement with one that was sent, or may have been, a refund of one that may still come or come back.
func (in *importing) take(r *retraction) (uint64, error) {
	dataset, err := in.addDataset(r.Dataset)
	if err != nil {
		return 0, err
	}
	name, err := in.number(eventName, r.EventName, true)
	if err != nil {
		return 0, err
	}
	r.key = appendIDKey(nil, r.EventID, dataset, name)
	k, there, err := in.known(r.key)
	if err != nil {
		return 0, err
	}
	if !there {
		return 0, in.remember(r)
	}
	r.row, err = in.row(k.seq)
	if errors.Is(err, store.ErrCorrupt) {
		return 0, nil // what it was cannot be told any more, so it stays for somebody to look at
	}
	if err != nil || r.row.emptied == store.EmptiedErased {
		return 0, err
	}
	if f, err := in.txn.file(r.row.file); err != nil || f.Source != in.file.Source {
		return 0, err
	}
	b, at, err := in.cell(k.seq)
	if err != nil {
		return 0, err
	}
	switch c := b.cells[at]; c.state {
	case store.StatePending:
		back, err := in.takesAll(k.seq, &r.row, r.Retraction)
		if err != nil || back {
			return k.seq, err
		}
	case store.StateWithdrawn:
		return 0, in.rememberTaken(k.seq, r)
	case store.StateRejected, store.StateExpired:
		if c.flags&flagPossiblySent == 0 {
			return 0, in.rememberTaken(k.seq, r) // it never was sent, and is not going to be, unless somebody requeues it
		}
	case store.StateErased:
		return 0, nil
	}
	return 0, in.disagree(store.Conflict{Seq: k.seq, Kind: kindOf(r.Reason), Fingerprint: retractionPrint(r.Reason, r.Refund, r.Currency),
		File: in.file.Number, Line: in.chunk.Records[r.record].Line, Record: in.chunk.First + uint64(r.record), Value: r.Refund, Currency: r.Currency})
}

// takesAll reports whether a retraction withdraws a pending event: not when it is about a part of its value, or somebody
// requeued the event that was withdrawn for the same reason before. A person's word outlasts tomorrow's export.
func (t *txn) takesAll(seq uint64, of *row, r *store.Retraction) (bool, error) {
	decided, err := t.decided(seq)
	if errors.Is(err, store.ErrCorrupt) {
		return false, nil // what a person said of it cannot be told any more
	}
	if err != nil {
		return false, err
	}
	if slices.ContainsFunc(decided, func(e store.DecisionEntry) bool { return e.Reason == r.Reason }) {
		return false, nil
	}
	return wholeRefund(of, r.Refund, r.Currency), nil
}

// wholeRefund reports whether an amount is all that an event is worth. What cannot be compared is a part: an event is
// withdrawn only when all of it was given back for sure.
func wholeRefund(r *row, refund event.Money, currency string) bool {
	if !refund.Present() {
		return true
	}
	var e event.Event
	if err := e.DecodeBinary(r.payload); err != nil {
		return false
	}
	return e.Custom.Value.Present() && e.Custom.Currency == currency && refund.Cmp(e.Custom.Value) >= 0
}

func kindOf(r event.Reason) store.ConflictKind {
	if r == event.ReasonRefunded {
		return store.ConflictRefunded
	}
	return store.ConflictUnqualified
}

// retractionPrint tells retractions of one event apart, as the fingerprint does its contents.
func retractionPrint(r event.Reason, refund event.Money, currency string) uint64 {
	sum := sha256.Sum256([]byte("retraction\x00" + string(r) + "\x00" + refund.String() + "\x00" + currency))
	return binary.BigEndian.Uint64(sum[:8])
}

// rememberTaken remembers the refund of an event that is not going to be sent for another reason: a record that corrects it, or
// a person who requeues it, would bring it back.
func (in *importing) rememberTaken(seq uint64, r *retraction) error {
	last, err := in.lastDecision(seq)
	if err != nil && !errors.Is(err, store.ErrCorrupt) || last.Reason == event.ReasonRefunded {
		return err
	}
	return in.remember(r)
}
