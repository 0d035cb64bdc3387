// Package store is the contract of the outbox: what a backend promises to the importer that fills it, to the uploader
// that empties it and to the auditor who reads it, years later. It holds no backend; store/bolt is one, store/storetest
// is the suite that every backend passes.
//
// Three rules hold for every method. A change is either wholly there after a crash or not at all, and it is on disk when
// the method returns without an error. A change of state is a compare-and-set: when the rows or the batch are not in the
// state that the caller saw, the method returns [ErrStale] and changes nothing. And nothing personal is stored in the
// clear: events arrive with their identifiers hashed.
package store

import (
	"context"
	"errors"
	"time"

	"capibara/event"
)

// The errors that callers tell apart with errors.Is. A backend wraps them with what it was doing and to what.
var (
	// ErrLocked says that another process has the database open.
	ErrLocked = errors.New("the database is in use by another process")
	// ErrNotFound says that there is no such event, batch, file or database.
	ErrNotFound = errors.New("not found")
	// ErrSchema says that the database was written by a newer version of this program.
	ErrSchema = errors.New("the database was written by a newer version")
	// ErrStale says that something changed since the caller looked; nothing was done. Look again.
	ErrStale = errors.New("changed since it was read")
	// ErrRemoved says that there was such an event, batch or file, and that the retention removed it. It is an ErrNotFound too.
	ErrRemoved error = removedError{}
	// ErrCorrupt says that a stored record fails its checksum or cannot be read. It is never sent.
	ErrCorrupt = errors.New("damaged record in the database")
)

// removedError is the type of ErrRemoved.
type removedError struct{}

// Error says so.
func (removedError) Error() string { return "removed, because it was older than the retention says" }

// Is reports whether target is ErrNotFound: who asks for no more than that need not tell the two apart.
func (removedError) Is(target error) bool { return target == ErrNotFound }

// Outbox is the embedded ledger of everything that was imported and sent. Its methods may be called from several
// goroutines at once. Instants are passed in by the caller, so that tests own the clock; they are stored with a
// resolution of one millisecond.
type Outbox interface {
	Importing
	Uploading
	Reading
	Deciding
	Halting
	Erasing
	Pruning
	// Close waits for changes under way and releases the database.
	Close() error
}

// Importing is what turns a file into rows.
type Importing interface {
	// OpenFile registers a file or finds the one to go on with: when a file with the same SHA256, Source and Mapping is
	// still FileImporting, it is returned with the number of records already done; else a new file with the next number.
	// A file that was imported before gets a new number: its records are then counted as duplicates.
	OpenFile(ctx context.Context, f NewFile, now time.Time) (File, error)
	// Import commits a chunk of consecutive records: rows, people, fates and the file's record number, in one transaction. The
	// chunk must start at the record after the last one done, else ErrStale. It returns what became of each record that
	// carried rows.
	//
	// A row with Replace whose event is there with another fingerprint takes its place when four things hold: that event is
	// pending; its deadline and the row's are after now; it came from another file of the same Source; and no file with the
	// same SHA256, Source and Mapping was imported before, because importing a file again must change nothing. The event that was there becomes
	// StateWithdrawn with the reason replaced, the row is accepted under a number of its own, and an audit entry tells how
	// many. In every other case the row is a conflict: what was sent, refused or too late never comes back this way.
	//
	// A row whose event was withdrawn, and not replaced, takes its place without asking for it when it corrects that event:
	// its payload differs from that of one that a person withdrew, or it is of one that no longer qualified, whatever it
	// says. The row's deadline must be after now, and its file must be of the same Source, not that of the event, not the one
	// that took it back, and none that was imported before, because an old file corrects nothing; but what a person withdrew
	// may be corrected by one that was imported for the first time after the event's own. Else it is a duplicate, counted in
	// ImportResult.Withdrawn, or a conflict. One that was refunded stays withdrawn.
	//
	// Retractions apply once the rows of the chunk are in, in the order of the records; see Retraction. An event that was
	// requeued after it was withdrawn for the same reason is not withdrawn again: it is listed as changed.
	Import(ctx context.Context, file uint64, c Chunk, now time.Time) (ImportResult, error)
	// People returns the identifiers of the people with these keys, a few thousand at most, in the order of the keys and as
	// of one moment; nil for a key that nobody has, or whose entry is damaged: the person's next record mends it. Of several
	// records of one person the last counts.
	People(ctx context.Context, keys []event.Hash) ([][]byte, error)
	// CloseFile ends an import: state FileImported or FileRefused with its reason, and where the file went. It adds an
	// audit entry. A closed file takes no more chunks.
	CloseFile(ctx context.Context, file uint64, end FileEnd, now time.Time) (File, error)
	// Rejects calls yield for every rejected record of a file, in order of record number, until yield returns false.
	Rejects(ctx context.Context, file uint64, yield func(Reject) bool) error
	// File is as in Reading.
	File(ctx context.Context, n uint64) (File, error)
	// Files is as in Reading.
	Files(ctx context.Context, f Filter) (Page[File], error)
	// FateRuns is as in Reading.
	FateRuns(ctx context.Context, file uint64, yield func(FateRun) bool) error
	// Events is as in Reading.
	Events(ctx context.Context, f Filter) (Page[EventEntry], error)
}

// Uploading is what moves rows from pending to acknowledged.
type Uploading interface {
	// Plan returns pending rows of one dataset that may be sent at now (deadline after now, not_before reached, not halted),
	// the earliest deadlines first (exact within a block of the backend, approximate across blocks), at most q.Limit of
	// them. It changes nothing.
	Plan(ctx context.Context, q PlanQuery) ([]Row, error)
	// Begin journals the intent to send: the rows leave pending, a batch is created in state BatchSending with its first
	// attempt, and all of it is on disk before Begin returns. ErrStale when a row is no longer pending, or when it may not
	// be sent at now: its deadline has passed, its not_before has not come, or it is halted. A ctx that ends while Begin, Retry, Settle
	// or Conclude waits does not cut it short: the change may be on disk already, so it returns what really happened.
	Begin(ctx context.Context, in Intent, now time.Time) (Batch, error)
	// Retry journals the intent to send an open batch (BatchReady or BatchUnknown) again: a new attempt, state
	// BatchSending. The rows named in drop leave the batch first: they expired meanwhile (as possibly sent when an
	// earlier attempt may have arrived). ErrStale when the batch is in another state, when a row in drop is not in it or
	// its deadline has not passed, or when the deadline of a row that stays has passed.
	Retry(ctx context.Context, batch uint64, drop []uint64, bodySHA256 event.Hash, now time.Time) (Batch, error)
	// Settle records how the last attempt of a BatchSending ended and what follows from it for its rows; see Verdict.
	Settle(ctx context.Context, s Settlement, now time.Time) (Batch, error)
	// Conclude ends a batch that is not being sent (BatchReady or BatchUnknown): VerdictHeld when its 36 hours are over,
	// VerdictReleased for one that was never possibly sent, VerdictSplit to divide it, VerdictExpired when the deadline
	// of every row has passed (else ErrStale).
	Conclude(ctx context.Context, s Settlement, now time.Time) (Batch, error)
	// Expire moves pending rows of the dataset whose deadline is at or before now to StateExpired, at most limit rows
	// in one transaction, halted ones too, and returns how many with what they were worth; call it until it returns none.
	// It adds an audit entry with the sums.
	Expire(ctx context.Context, dataset string, now time.Time, limit int) (Tally, error)
	// NextDeadline returns the earliest deadline after now of a pending event of the dataset that may be sent before it: it
	// is not halted, and its not_before comes first. It is cheap enough to be asked every minute.
	NextDeadline(ctx context.Context, dataset string, now time.Time) (at time.Time, ok bool, err error)
	// Recover is called once when a process starts: every batch left in BatchSending becomes BatchUnknown, because
	// nobody knows whether its last attempt arrived. It returns those batches.
	Recover(ctx context.Context, now time.Time) ([]Batch, error)
	// OpenBatches returns the batches of a dataset that still await an end (BatchReady, BatchSending, BatchUnknown),
	// oldest first.
	OpenBatches(ctx context.Context, dataset string) ([]Batch, error)
	// BatchRows returns the rows of an open batch, in the order in which they are sent.
	BatchRows(ctx context.Context, batch uint64) ([]Row, error)

	// Circuit returns the circuit of a dataset; a dataset that never failed has a closed one.
	Circuit(ctx context.Context, dataset string) (Circuit, error)
	// SetCircuit replaces the circuit of c.Dataset and adds an audit entry when its state changed.
	SetCircuit(ctx context.Context, c Circuit, now time.Time) error
	// Live reports whether a person has allowed sending to the dataset.
	Live(ctx context.Context, dataset string) (bool, error)
	// GoLive records that a person, named by, allowed sending to the dataset. It adds an audit entry.
	GoLive(ctx context.Context, dataset, by string, now time.Time) error
	// Bind ties the ledger to what its requests go to, and adds an audit entry. Whoever is about to make a request calls
	// it first; when the ledger is bound to the same endpoint already it changes nothing. It returns the binding in force,
	// together with ErrBound when that is the other endpoint.
	Bind(ctx context.Context, to Endpoint, now time.Time) (Binding, error)
	// Bound returns the binding in force; the zero Binding before the first request.
	Bound(ctx context.Context) (Binding, error)
	// Note adds an entry to the audit log about something that a person did and that no other method records, such as a
	// test. kind is a word in snake_case; detail is a sentence without anything personal. Neither may be empty.
	Note(ctx context.Context, kind, detail string, now time.Time) error
	// LastRun returns the last run of a schedule; the zero Run when there was none.
	LastRun(ctx context.Context, schedule string) (Run, error)
	// SetRun records a run of a schedule.
	SetRun(ctx context.Context, schedule string, r Run) error
}

// Reading is what status, history and the auditor look at.
type Reading interface {
	// Events returns a page of events, the newest import first. A page may hold fewer than limit entries and still have
	// a Next: reading is bounded in time so that it never holds up an import.
	Events(ctx context.Context, f Filter) (Page[EventEntry], error)
	// Batches returns a page of batches, newest first.
	Batches(ctx context.Context, f Filter) (Page[Batch], error)
	// Files returns a page of files, newest first.
	Files(ctx context.Context, f Filter) (Page[File], error)
	// EventsByID returns the events with this event_id in every dataset and under every event_name.
	EventsByID(ctx context.Context, id string) ([]EventEntry, error)
	// Event returns one event by its row number, whole. ErrNotFound.
	Event(ctx context.Context, seq uint64) (EventEntry, error)
	// Batch returns one batch. ErrNotFound.
	Batch(ctx context.Context, n uint64) (Batch, error)
	// File returns one file. ErrNotFound.
	File(ctx context.Context, n uint64) (File, error)
	// Conflicts returns the records that disagreed with the event, oldest first.
	Conflicts(ctx context.Context, seq uint64) ([]Conflict, error)
	// Rejects is as in Importing.
	Rejects(ctx context.Context, file uint64, yield func(Reject) bool) error
	// FateRuns calls yield for the run-length fates of a file's records in order.
	FateRuns(ctx context.Context, file uint64, yield func(FateRun) bool) error
	// Counts returns how many events are in each state, per dataset, and how many pending ones expire before horizon.
	Counts(ctx context.Context, horizon time.Time) (Counts, error)
	// Expiring adds up the pending events of a dataset whose deadline lies after from and not after until, halted ones too.
	// What is damaged counts as an event without an amount. It reads in pages: events that change meanwhile may be in it or
	// not.
	Expiring(ctx context.Context, dataset string, from, until time.Time) (Tally, error)
	// Audit calls yield for the audit entries from number from on.
	Audit(ctx context.Context, from uint64, yield func(AuditEntry) bool) error
	// Check reads everything and verifies that it agrees with itself: checksums, indexes, counts, sums of fates, batches
	// against rows, the audit chain. It calls problem for each finding and returns an error only when it could not read.
	Check(ctx context.Context, problem func(string)) error
}
