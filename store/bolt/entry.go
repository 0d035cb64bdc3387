package bolt

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"capibara/event"
	"capibara/store"
)

// Event returns one event by its row number. ErrNotFound, ErrCorrupt.
func (d *DB) Event(ctx context.Context, seq uint64) (e store.EventEntry, err error) {
	err = d.read(ctx, func(t *txn) error {
		b, at, err := t.cell(seq)
		if err != nil {
			return err
		}
		r, err := t.row(seq)
		if err != nil {
			return err
		}
		e, err = t.entry(seq, b.cells[at], &r)
		return err
	})
	if err != nil {
		return store.EventEntry{}, fmt.Errorf("read event %d: %w", seq, err)
	}
	return e, nil
}

// EventsByID returns the events with this event_id in every dataset and under every event_name, the newest import
// first.
func (d *DB) EventsByID(ctx context.Context, id string) ([]store.EventEntry, error) {
	var entries []store.EventEntry
	err := d.read(ctx, func(t *txn) error {
		seqs, err := t.seqsOf(id)
		if err != nil {
			return err
		}
		slices.SortFunc(seqs, func(a, b uint64) int { return cmp.Compare(b, a) })
		for _, seq := range seqs {
			b, at, err := t.cell(seq)
			if err != nil {
				return err
			}
			e, err := t.entryOrDamaged(seq, b, at)
			if err != nil {
				return err
			}
			entries = append(entries, e)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find events by event_id: %w", err)
	}
	return entries, nil
}

// entry tells the whole story of an event.
func (t *txn) entry(seq uint64, c cell, r *row) (store.EventEntry, error) {
	e := store.EventEntry{Seq: seq, EventID: r.eventID, EventTime: r.eventTime, NotBefore: r.notBefore, Deadline: r.deadline,
		State: c.state, PossiblySent: c.flags&flagPossiblySent != 0, Late: c.flags&flagLate != 0, Decided: c.flags&flagDecided != 0, ImportedAt: r.importedAt,
		File: r.file, Record: r.record, Line: r.line, RecordKey: r.recordKey, Batch: uint64(c.batch),
		Payload: bytes.Clone(r.payload), Emptied: r.emptied, Sum: r.sum}
	f, err := t.file(r.file)
	if err != nil {
		return e, err
	}
	e.FileName, e.Source, e.Halted = f.Name, f.Source, t.haltOf(c, f)
	if e.Dataset, err = t.datasetText(r.dataset); err != nil {
		return e, err
	}
	if e.EventName, err = t.text(eventName, r.name); err != nil {
		return e, err
	}
	if e.Deadline, err = t.deadline(seq, c, r); err != nil {
		return e, err
	}
	if e.Warnings, err = t.reasons(r.warnings); err != nil {
		return e, err
	}
	if c.flags&flagConflicts != 0 {
		conflicts, err := t.conflicts(seq)
		if err != nil {
			return e, err
		}
		e.Conflicts = len(conflicts)
	}
	if err := t.relate(&e, c.flags, r); err != nil {
		return e, err
	}
	if err := t.explain(&e); err != nil || e.State != store.StateHeld {
		return e, err
	}
	if t.heldElsewhere(c) {
		e.Reason = event.ReasonSentElsewhere
	}
	return e, nil
}

// explain fills in why an event is in a state that was not wanted.
func (t *txn) explain(e *store.EventEntry) error {
	switch {
	case e.State == store.StateRejected:
		r, err := t.refusal(e.Seq)
		if err != nil {
			return err
		}
		e.Reason, e.RejectCode, e.RejectSubcode = r.reason, r.code, r.subcode
	case e.State == store.StateExpired && e.Late:
		e.Reason = event.ReasonTooOld
	case e.State == store.StateExpired && e.PossiblySent:
		e.Reason = event.ReasonExpiredPossiblySent
	case e.State == store.StateExpired:
		e.Reason = event.ReasonExpiredWaiting
	case e.State == store.StateHeld:
		e.Reason = event.ReasonFateUnknown
	case e.State == store.StateErased:
		e.Reason = event.ReasonErased
	case e.State == store.StateWithdrawn:
		last, err := t.lastChange(e.Seq)
		if err != nil {
			return err
		}
		if e.Reason = last.Reason; !takesBack(e.Reason) {
			e.Reason = event.ReasonReplaced
		}
	}
	return nil
}

// entryOrDamaged is the entry of an event, or, when its record is damaged, what its block knows of it: one damaged
// record must not hide itself or the others from an auditor.
func (t *txn) entryOrDamaged(seq uint64, b *block, at int) (store.EventEntry, error) {
	c := b.cells[at]
	r, err := t.row(seq)
	if err == nil {
		return t.entry(seq, c, &r)
	}
	if !errors.Is(err, store.ErrCorrupt) {
		return store.EventEntry{}, err
	}
	dataset, err := t.datasetText(c.dataset)
	return store.EventEntry{Seq: seq, Dataset: dataset, Deadline: b.deadlines[at], State: c.state, Batch: uint64(c.batch),
		PossiblySent: c.flags&flagPossiblySent != 0, Late: c.flags&flagLate != 0, Decided: c.flags&flagDecided != 0, Damaged: true}, err
}
