package store

import (
	"context"
	"fmt"
	"time"

	"capibara/event"
)

// Erasing takes out of the ledger what tells of people, at a person's request, and keeps what proves what was done with it.
//
// What is taken out of an event is its content: an emptied event keeps its dataset, event_id, event_name, action_source,
// times, deadline, state, where it came from, what it was worth, and the SHA-256 of the JSON that its content made, but no
// identifier, no order and nothing else of its custom data. Before the first event of a batch is emptied, the audit log takes
// in the SHA-256 over those of all its events, beside the body's, which agree then: so the rest of the batch can be proved ever
// after.
type Erasing interface {
	// Erase empties events on request. A pending event becomes StateErased and is never sent; one in any other state keeps
	// its state, so that the sums of a month do not change. Its record_key goes as well, and no later record of the same
	// event brings it back or disagrees with it: it is a duplicate. Rows of a batch whose fate is not known (in_flight or held)
	// stay as they are and are counted in Decided.Left: what may be sent again must be the same, and what a person may
	// resolve as not sent must be whole. So are rows that are damaged. Erasing again what is erased changes and counts nothing.
	// d.Reason is ReasonErased.
	Erase(ctx context.Context, seqs []uint64, d Decision, now time.Time) (Decided, error)
	// ForgetPeople removes the people that records of other files refer to, of whose identifiers match is true, and returns
	// how many. match gets what event.UserData.DecodeBinary reads, valid inside the call only.
	ForgetPeople(ctx context.Context, match func(identifiers []byte) bool, d Decision, now time.Time) (uint64, error)
	// ForgetRejects takes the record keys out of the rejected records of a file that begin on these lines, and returns of how many.
	ForgetRejects(ctx context.Context, file uint64, lines []uint64, d Decision, now time.Time) (uint64, error)
	// Scrubbed keeps that people were taken out of an archived file, and the SHA-256 that it has since; see File.ArchivedSHA256. It
	// does nothing when that is known.
	Scrubbed(ctx context.Context, file uint64, sum event.Hash, now time.Time) error
	// Suppress keeps keyed sums of identifiers, so that no record brings these people back; see event.Suppression. It adds an
	// audit entry when any of them is new.
	Suppress(ctx context.Context, sums []event.Hash, by string, now time.Time) error
	// Suppressed returns what Suppress kept, sorted.
	Suppressed(ctx context.Context) ([]event.Hash, error)
}

// Pruning takes out of the ledger what is older than it is to be kept.
type Pruning interface {
	// Prune takes out what is older than the retention says, a bounded part of it in one transaction with its audit entry; call it
	// until it returns nothing done. See Retention.
	Prune(ctx context.Context, r Retention, now time.Time) (Pruned, error)
}

// MinHistory is how long events are kept at least: until then a record may be brought again, and would make a second conversion of
// an event whose identity is forgotten.
const MinHistory = 90 * 24 * time.Hour

// Retention says what is old. What is not final (pending, in_flight, held), or damaged, is never pruned.
type Retention struct {
	// Payload empties events that were imported before it; the zero time empties none. Unlike an erased event a pruned one
	// keeps its record_key.
	Payload time.Time
	// History removes events, with their identities, and files and batches of which no event is left, that were imported
	// before it; the zero time removes none. Rows are removed in order of their numbers, up to the first that has to stay.
	// What is kept of refunds whose orders did not come goes with them. It must lie MinHistory or more before now. The audit log stays
	// whole, and so do the people that records of other files refer to.
	History time.Time
}

// Pruned counts what one call of Prune did.
type Pruned struct {
	Emptied uint64 `json:"emptied"` // events whose content was taken out
	Removed uint64 `json:"removed"` // events that were removed
	Files   uint64 `json:"files"`   // files that were removed
	Batches uint64 `json:"batches"` // batches that were removed
	// Stays is the event that is old enough to be removed and has to stay, so that what came after it stays as well; 0 when there is
	// none.
	Stays uint64 `json:"stays,omitempty"`
}

// Nothing reports whether nothing was done.
func (p Pruned) Nothing() bool {
	return p.Emptied == 0 && p.Removed == 0 && p.Files == 0 && p.Batches == 0
}

// Removed tells what the retention has removed so far. Everything is removed in order of its number: what is there has a greater
// number than these counts.
type Removed struct {
	Events  uint64    `json:"events"`
	Files   uint64    `json:"files"`
	Batches uint64    `json:"batches"`
	Newest  time.Time `json:"newest,omitzero"` // when the newest event among them was imported
	At      time.Time `json:"at,omitzero"`     // when something was removed last
}

// Emptied says why an event has no content any more. The numbers are stored: never renumber them.
type Emptied uint8

// The reasons why an event is empty.
const (
	NotEmptied    Emptied = 0
	EmptiedErased Emptied = 1 // on request
	EmptiedPruned Emptied = 2 // it was older than the retention says
)

func (e Emptied) String() string {
	switch e {
	case EmptiedErased:
		return "erased"
	case EmptiedPruned:
		return "pruned"
	}
	return ""
}

// MarshalText writes the reason's name, "" for an event that is whole.
func (e Emptied) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads what MarshalText writes, as who asks a running process does.
func (e *Emptied) UnmarshalText(text []byte) error {
	for _, one := range []Emptied{NotEmptied, EmptiedErased, EmptiedPruned} {
		if one.String() == string(text) {
			*e = one
			return nil
		}
	}
	return fmt.Errorf("no event is emptied as %q", text)
}
