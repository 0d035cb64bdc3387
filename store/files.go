package store

import (
	"time"

	"capibara/event"
)

// NewFile is what is known about a file before its first record is read.
type NewFile struct {
	Name    string     // base name as it was dropped
	Source  string     // name of the configured source
	SHA256  event.Hash // of the file's bytes
	Size    int64      // bytes
	Mapping string     // the effective mapping as YAML or JSON: what every record was read with
	// HaltUntilClosed keeps the file's events from being sent until CloseFile, whose FileEnd.Halt decides what then: what
	// a file adds up to is known only at its end. An import that is cut off leaves them halted.
	HaltUntilClosed bool
}

// File is one import of one file.
type File struct {
	Number     uint64     `json:"file"`
	Name       string     `json:"name"`
	Source     string     `json:"source"`
	SHA256     event.Hash `json:"-"`
	Size       int64      `json:"size"`
	Mapping    string     `json:"-"`
	State      FileState  `json:"state"`
	Reason     string     `json:"reason,omitempty"` // why it was refused: a sentence
	Counts     FileCounts `json:"counts"`           // of the records done so far
	StartedAt  time.Time  `json:"started_at"`
	EndedAt    time.Time  `json:"ended_at,omitzero"`
	ArchivedAs string     `json:"archived_as,omitempty"`  // path relative to the home, "" while it is not archived
	Rejects    string     `json:"rejects_path,omitempty"` // path of the rejects file relative to the home, "" without rejects
	Receipt    string     `json:"receipt_path,omitempty"` // path of the page for whoever dropped it, relative to the home; "" for none
	// ArchivedSHA256 is of the file in the archive when people who were erased were taken out of it; zero when it lies there as it
	// came. Whoever imports that one again imports this file again.
	ArchivedSHA256 event.Hash `json:"-"`
	Mends          uint64     `json:"mends,omitempty"`   // number of the file whose rejected records these are, mended; 0 for none
	Events         uint64     `json:"events,omitempty"`  // events that it brought in as pending; 0 for a file that a version before this count read
	Sums           []Sum      `json:"sums,omitempty"`    // what those events are worth
	Removed        uint64     `json:"removed,omitempty"` // events of it, of any fate, that the retention removed
}

// FileCounts counts the records of a file by fate; Records is always the sum of the others.
type FileCounts struct {
	Records   uint64 `json:"records"`
	Accepted  uint64 `json:"accepted"`
	Duplicate uint64 `json:"duplicate"`
	Conflict  uint64 `json:"conflict"`
	Expired   uint64 `json:"expired"`
	Skipped   uint64 `json:"skipped"`
	Rejected  uint64 `json:"rejected"`
}

// Add counts n records with the fate f.
func (c *FileCounts) Add(f Fate, n uint64) {
	c.Records += n
	switch f {
	case FateAccepted:
		c.Accepted += n
	case FateDuplicate:
		c.Duplicate += n
	case FateConflict:
		c.Conflict += n
	case FateExpired:
		c.Expired += n
	case FateSkipped:
		c.Skipped += n
	case FateRejected:
		c.Rejected += n
	}
}

// Chunk is a run of consecutive records of one file.
type Chunk struct {
	First   uint64   // number of the first record, counted from 1
	Records []Record // in order
}

// Record is what the importer made of one record: rows, or a reason why there are none.
type Record struct {
	Line uint64   // where it starts in the file: the physical line, or the record number where lines mean nothing
	Rows []NewRow // the events that it yields; empty when Fate is FateSkipped or FateRejected
	// Person is what a record of people yields in place of rows; nil for any other record.
	Person *NewPerson
	// Fate is FateSkipped or FateRejected when there are neither rows nor a person, else 0: the store then finds it out.
	Fate      Fate
	Reason    event.Reason // why it was skipped or rejected
	Column    string       // the column at fault, "" when none is
	RecordKey string       // the values of the source's record_key columns joined with " · ", "" when unknown
	// Retractions are the events that the record says are no more, with rows or without. They apply once all rows of the chunk
	// are in.
	Retractions []Retraction
}

// NewRow is one event on its way into the outbox.
type NewRow struct {
	Dataset     string         // Meta's dataset id
	EventID     string         // event_id
	EventName   string         // event_name
	EventTime   int64          // event_time, Unix seconds
	NotBefore   int64          // not sent before this instant, Unix seconds; 0 for at once
	Deadline    int64          // not sent from this instant on, Unix seconds
	Fingerprint uint64         // of the members that make a conflict when they differ: event.Event.Fingerprint
	Warnings    []event.Reason // what was mended or dropped; counted and shown, never a reason to refuse
	Payload     []byte         // event.Event.AppendBinary; the store keeps a reference until Import returns
	// Replace puts this row in the place of the event that is there with another fingerprint, when nothing of that one was
	// ever sent or can have been, and both it and this row may still be sent; see Importing.Import. It is a conflict else.
	Replace  bool
	Value    event.Money // what it is worth; absent for none
	Currency string
	// Halt keeps this event from being sent until somebody allows it; see HaltEvents.
	Halt bool
}

// NewPerson is what a record of people says about one person, for the records of other files that refer to that person.
// It is accepted when the person is new or something about them is, and a duplicate when all of it is known.
type NewPerson struct {
	Key         event.Hash // of the people's source and the person's id there, which is not stored
	Identifiers []byte     // event.UserData.AppendBinary; the store keeps a reference until Import returns
}

// ImportResult is what became of a chunk.
type ImportResult struct {
	Done      uint64     // the file's record number after the chunk
	Fates     []Fate     // one for every record of the chunk
	Events    uint64     // events that entered the outbox as pending; one record may yield several
	Accepted  []bool     // for every row of the chunk in order (record by record): whether it entered the outbox as pending
	Conflicts []Conflict // those not reported before with the same content
	Replaced  []Replaced // events whose place a row of the chunk took, in the order of its records
	// Withdrawn counts the rows of the chunk that are duplicates of an event that was withdrawn: they bring nothing back.
	Withdrawn uint64
	Retracted []Retracted // pending events that records of the chunk took back, in the order of these
	// TakenBack says of records that carried rows, by their index in the chunk, why they are FateSkipped: what they bring was
	// taken back before they came, or by a record of the same chunk, and arrived as StateWithdrawn.
	TakenBack map[int]event.Reason
}

// Replaced is a withdrawn event whose place another row took: it was pending until then, and its record changed; or it had
// been withdrawn before, and a record corrects it.
type Replaced struct {
	Seq       uint64 // the row that was withdrawn
	FirstFile uint64 // where that row came from
	FirstLine uint64 //
	By        uint64 // the row in its place
	Withdrawn bool   // it had been withdrawn before; else it was pending until then
	Line      uint64 // where the record that changed is
}

// Conflict is a record that disagrees with an event that is in the outbox already: with another event_time, value, currency,
// order_id or item_number, or because it retracts what was sent, or may have been, or a part of it. The first content wins.
type Conflict struct {
	Seq         uint64    // the row that was there first
	FirstFile   uint64    // where that row came from
	FirstLine   uint64    //
	FirstSource string    // that read it; "" when its file cannot be told
	File        uint64    // where the record that disagrees is
	Source      string    // that read it
	Line        uint64    //
	Record      uint64    //
	Fingerprint uint64    // of the content that disagrees
	At          time.Time // when it was seen first
	Kind        ConflictKind
	// Value and Currency are what the record says that the event is worth, of ConflictRefunded what was given back; absent
	// for the whole, and for a conflict that a version before schema 3 found. EventTime is Unix seconds, 0 of a retraction.
	Value     event.Money
	Currency  string
	EventTime int64
}

// FileEnd is how an import ends.
type FileEnd struct {
	State      FileState // FileImported or FileRefused
	Reason     string    // a sentence, when refused
	ArchivedAs string    // path relative to the home
	// ArchivedSHA256 is of the file in the archive when it is not the one that came; see File.
	ArchivedSHA256 event.Hash
	Rejects        string // path relative to the home, "" without rejects
	Receipt        string // path relative to the home, "" without one
	Mends          uint64 // number of the earlier file whose rejected records these are, 0 for none
	// Halt is why the file's events are not sent until somebody allows it, a sentence; "" lets those go that
	// NewFile.HaltUntilClosed kept.
	Halt string
}

// Reject is one rejected record of a file. It holds no value of the record: the rejects file does.
type Reject struct {
	Record    uint64
	Line      uint64
	Reason    event.Reason
	Column    string
	RecordKey string
}

// FateRun is a run of consecutive records with one fate and reason.
type FateRun struct {
	First  uint64 // number of its first record
	Count  uint64
	Fate   Fate
	Reason event.Reason // of skipped and rejected records
}
