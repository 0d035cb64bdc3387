package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"capibara/event"
)

// Deciding is what people decide about events that are in the outbox already. Each decision is one transaction with its
// entry in the audit log, which names who decided. Callers hand over a few thousand rows at a time; a decision about more of
// them is several, and repeating one that was cut off changes nothing twice.
type Deciding interface {
	// Withdraw takes pending events back: they become StateWithdrawn with d.Reason, and are never sent. Rows in any other
	// state stay as they are and are counted in Decided.Left. A later record of the same event that says anything else than
	// the withdrawn one (its payload differs in any byte) is accepted in its place, as a correction; one that says the same
	// stays a duplicate, so that tomorrow's export does not bring back what somebody took out.
	Withdraw(ctx context.Context, seqs []uint64, d Decision, now time.Time) (Decided, error)
	// Requeue makes events pending again that were rejected, that expired here or came too late, or that a person or a record
	// withdrew. Rows whose attempt may have arrived, that another row replaced, that were refunded since, whose content was taken out, or whose
	// deadline would still be past stay as they are and are counted in Decided.Left.
	Requeue(ctx context.Context, rows []Requeued, d Decision, now time.Time) (Decided, error)
	// Resolve ends a batch whose fate is unknown (BatchHeld or BatchUnknown) on a person's word: its rows that are held or in
	// flight become acknowledged when sent, else pending, and the batch acknowledged or released; Batch.Resolution says
	// that it was a person's word. ErrStale when the batch is in another state.
	Resolve(ctx context.Context, batch uint64, sent bool, d Decision, now time.Time) (Batch, error)
	// Decisions returns what was decided about an event, oldest first.
	Decisions(ctx context.Context, seq uint64) ([]DecisionEntry, error)
}

// Decision says who decides and why.
type Decision struct {
	By     string       // the person; never empty
	Reason event.Reason // ReasonWithdrawn, ReasonRequeued, ReasonResolvedSent, ReasonResolvedNotSent, ReasonErased
	Note   string       // in the person's own words, bounded; "" for none
}

// MaxNote bounds the note of a decision, in bytes.
const MaxNote = 500

// Check refuses a decision of nobody, for another reason than want, or with a note that is too long.
func (d Decision) Check(want event.Reason) error {
	switch {
	case d.By == "":
		return errors.New("nobody is named who decided it")
	case d.Reason != want:
		return fmt.Errorf("the reason is %q, not %q", d.Reason, want)
	case len(d.Note) > MaxNote:
		return fmt.Errorf("the note has %d bytes, more than %d", len(d.Note), MaxNote)
	}
	return nil
}

// Decided counts what a decision changed.
type Decided struct {
	Changed uint64 `json:"changed"`
	Left    uint64 `json:"left"` // rows that it did not apply to, and that stay as they were
}

// Requeued is a row that is to be pending again.
type Requeued struct {
	Seq uint64
	// Deadline is the new deadline in Unix seconds; 0 leaves it as it is. It never becomes earlier.
	Deadline int64
}

// DecisionEntry is a decision about one event, as the ledger keeps it.
type DecisionEntry struct {
	At     time.Time    `json:"at"`
	By     string       `json:"by"` // a person, or "file 12" for a record that took it back
	Reason event.Reason `json:"reason"`
	Note   string       `json:"note,omitempty"`
	Audit  uint64       `json:"audit"` // number of the entry in the audit log
}

// Signature says who decided, and the note, as it ends a sentence of the audit log.
func (e DecisionEntry) Signature() string {
	s := " by " + e.By
	if e.Note != "" {
		s += ": " + e.Note
	}
	return s
}

// Resolution is a person's word about a batch of unknown fate.
type Resolution struct {
	At   time.Time `json:"at"`
	By   string    `json:"by"`
	Sent bool      `json:"sent"`
	Note string    `json:"note,omitempty"`
}

// Retraction is what a record says about an event that it does not yield: the deal no longer qualifies, or the order was
// refunded. Importing carries it out: an event of the same source that is pending is withdrawn; one that was sent, or may have
// been, is listed as changed since, and withdrawn when its batch is released; about one that is not there, or not going to be
// sent, a refund is remembered, so that the order, when it comes later, is withdrawn as it arrives, and not requeued.
type Retraction struct {
	Dataset   string
	EventID   string
	EventName string
	Reason    event.Reason // ReasonNoLongerQualified or ReasonRefunded
	// Refund is the amount that was given back; absent for the whole. A part of the event's value does not withdraw it: the
	// event is listed as changed.
	Refund   event.Money
	Currency string
}

// Retracted is an event that a retraction withdrew.
type Retracted struct {
	Seq       uint64
	FirstFile uint64 // where the event came from
	FirstLine uint64 //
	Line      uint64 // where the record is that took it back
	Reason    event.Reason
}

// Halting keeps events from being sent until a person lets them go. A halted event stays pending, expires like any other,
// and may be withdrawn.
type Halting interface {
	// Halt halts what h names, from now on, and adds an audit entry. Halting again what is halted replaces its reason.
	Halt(ctx context.Context, h Halt, now time.Time) error
	// Halts returns what is halted, sources first, then files, then single events as one entry a file (HaltEvents) with
	// their number, each group in order.
	Halts(ctx context.Context) ([]Halt, error)
	// Allow lets go what k names and adds an audit entry that names who allowed it; it returns how many pending events that
	// lets go. Allowing a source or a file allows the single events in it. ErrNotFound when it is not halted.
	Allow(ctx context.Context, k HaltKey, by string, now time.Time) (uint64, error)
}

// HaltKind is what is halted. The numbers are stored: never renumber them.
type HaltKind uint8

// The kinds of halts.
const (
	// HaltSource halts every pending event of a source and every file of it that is opened later with the same mapping. A
	// file that is opened with another mapping ends it for that file and those after it: somebody mended the mapping. What was
	// halted before stays so.
	HaltSource HaltKind = 1
	// HaltFile halts the events of one file.
	HaltFile HaltKind = 2
	// HaltEvents halts single events of one file: those whose NewRow said so.
	HaltEvents HaltKind = 3
)

// HaltKey names what is halted.
type HaltKey struct {
	Kind   HaltKind `json:"kind"`
	Source string   `json:"source,omitempty"` // of HaltSource
	File   uint64   `json:"file,omitempty"`   // of HaltFile and HaltEvents
}

// Halt is why something is halted.
type Halt struct {
	HaltKey
	Reason string    `json:"reason"` // a sentence
	Since  time.Time `json:"since"`
	Events uint64    `json:"events"` // pending events that it keeps from being sent; filled in by Halts
	// Ends is the number of the first file of the source that a HaltSource does not concern any more, because its mapping
	// was changed; 0 while there is none. Filled in by Halts.
	Ends uint64 `json:"ends_before_file,omitempty"`
	// Importing says of a HaltFile that it lasts until the file is closed and that nobody has to do anything; see
	// NewFile.HaltUntilClosed. Filled in by Halts.
	Importing bool `json:"importing,omitempty"`
}

// Tally counts events and adds up their values.
type Tally struct {
	Events uint64 `json:"events"`
	Sums   []Sum  `json:"sums"` // by currency, in its order; events without an amount are in none
	// PhysicalStore counts those with action_source physical_store whose window is shorter than the 62 days that could apply.
	PhysicalStore uint64 `json:"physical_store"`
	Halted        uint64 `json:"halted,omitempty"`    // of them those that were halted
	CameLate      uint64 `json:"came_late,omitempty"` // of them those that came in less than a day before their deadline
}

// Sum is an exact sum in one currency.
type Sum struct {
	Currency string `json:"currency"`
	Events   uint64 `json:"events"`
	Value    string `json:"value"` // a plain decimal, as event.Sum writes it
}

// ConflictKind says how a record disagrees with an event that is there. The numbers are stored: never renumber them.
type ConflictKind uint8

// The kinds of conflicts.
const (
	ConflictChanged     ConflictKind = 0 // another time, value, currency, order or item
	ConflictUnqualified ConflictKind = 1 // it no longer qualifies
	ConflictRefunded    ConflictKind = 2 // it was refunded, in whole or in part
)

func (k ConflictKind) String() string {
	switch k {
	case ConflictUnqualified:
		return "no_longer_qualified"
	case ConflictRefunded:
		return "refunded"
	case ConflictChanged:
	}
	return "changed"
}

// MarshalText writes the kind's name.
func (k ConflictKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
