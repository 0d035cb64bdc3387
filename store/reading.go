package store

import (
	"time"

	"capibara/event"
)

// Filter narrows a history; the zero value of a field does not narrow. Not every field makes sense for every list:
// Events honours all of them but FBTraceID, Batches honours Dataset, BatchState, Since, Until, Batch, Seq and FBTraceID; Files
// honours File, Since, Until, FileName, Mends and Source.
type Filter struct {
	Since, Until time.Time // events: event_time; batches: creation; files: start. Since inclusive, Until exclusive
	EventID      string
	EventName    string
	Dataset      string
	RecordKey    string // exact, or one of its columns
	OrderID      string
	Key          string // what is a RecordKey or an OrderID
	State        State
	BatchState   BatchState
	File         uint64
	FileName     string // base name, exact
	Source       string // name of the source that read it
	Mends        uint64 // files: those that bring mended records of this file
	Batch        uint64 // events: those that were ever in this batch or in a batch it was split into
	Seq          uint64 // batches: those that carried this row, oldest first among them last
	FBTraceID    string // batches: those of which an answer had this fbtrace_id
	// Person finds the events that carry any of these hashed identifiers.
	Person []event.HashedValue
	// PersonPlain finds the events that carry any of these unhashed identifiers.
	PersonPlain []event.PlainValue
	// Changed finds the events with which a record disagreed, in any state but StateWithdrawn.
	Changed bool
	Cursor  string // Page.Next of the page before
	Limit   int    // entries a page; 0 means 100
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T
	Next  string // "" at the end
	// Looked counts the events that were looked at to find those of the page; those that a summary rules out are not among
	// them. Events alone fills it in.
	Looked uint64
}

// EventEntry is an event with its whole story.
type EventEntry struct {
	Seq       uint64
	Dataset   string
	EventID   string
	EventName string
	EventTime int64 // Unix seconds
	NotBefore int64 // Unix seconds, 0 for none
	Deadline  int64 // Unix seconds
	State     State
	Reason    event.Reason // why it is rejected, expired, held, withdrawn or erased; "" otherwise
	// PossiblySent says of an event that is expired, held or rejected that an attempt may have arrived, and of an acknowledged
	// one that an attempt before may have: Meta may have it twice, and it relied on Meta to tell by its event_id.
	PossiblySent  bool
	Late          bool // it was past its deadline when it was imported, and nobody requeued it since
	Decided       bool // a person or a record decided something about it; see Deciding.Decisions
	ImportedAt    time.Time
	File          uint64
	FileName      string
	Source        string
	Record        uint64 // number in the file, from 1
	Line          uint64
	RecordKey     string
	Batch         uint64 // the batch that it is or was last in; 0 before
	Warnings      []event.Reason
	Conflicts     int    // records that disagreed with it since
	Replaces      uint64 // the row whose place it took; 0 for none
	ReplacedBy    uint64 // the row that took its place; 0 for none
	RejectCode    int    // Meta's code, when rejected
	RejectSubcode int    // Meta's subcode, when rejected
	Payload       []byte // event.Event.DecodeBinary reads it; of an emptied event it holds what was kept
	// Emptied says that the event's content was taken out, and Sum is the SHA-256 of the JSON that it made then.
	Emptied Emptied
	Sum     event.Hash
	// Damaged says that the stored event fails its checksum: only Seq, Dataset, Deadline, State, Batch, PossiblySent and
	// Late are known.
	Damaged bool
	Halted  string // why it is not sent until somebody allows it, a sentence; "" when it is not halted, or not pending
}

// RejectEntry is a rejected record with the file that it is of.
type RejectEntry struct {
	Reject
	File       uint64
	FileName   string
	Source     string
	ImportedAt time.Time // when the import of the file began
}

// FileEvents is what became of the events that a file brought.
type FileEvents struct {
	States  map[State]uint64 // those that came too late are expired
	Late    uint64           // past their deadline when they were imported, and not requeued since
	Damaged uint64           // whose state cannot be read; they are in no other count
	Batches []FileBatch      // that carried them last, by number
	// TookBack counts the events, of whichever file, that records of this one took back.
	TookBack uint64
}

// FileBatch is how many events of a file a batch carried last.
type FileBatch struct {
	Batch  uint64 `json:"batch"`
	Events uint64 `json:"events"`
}

// Counts tells how many events there are.
type Counts struct {
	Datasets []DatasetCounts // sorted by dataset
	Files    uint64          // files ever opened
	Batches  uint64          // batches ever begun or split off
	Removed  Removed         // what the retention took of all that
}

// DatasetCounts counts the events of one dataset by state.
type DatasetCounts struct {
	Dataset  string
	Events   map[State]uint64
	Removed  map[State]uint64 // those that the retention removed, by the state that they were in; not among Events
	Expiring uint64           // pending events whose deadline comes before the horizon
	Open     uint64           // open batches
	// Relied counts the acknowledged events that an earlier attempt may have brought already.
	Relied uint64
}

// AuditEntry is one entry of the ledger's own log. Each holds the hash of the one before: an entry that was changed or
// taken out breaks the chain.
type AuditEntry struct {
	N  uint64    `json:"n"`
	At time.Time `json:"at"`
	// Kind is file_opened, file_closed, replaced, batch_settled, batch_concluded, expired, recovered, circuit, go_live, bound,
	// created, withdrawn, requeued, resolved, erased, anchored, suppressed, erasure, scrubbed, halted, allowed, held, retired,
	// adopted, moved, test, trial, pruned, backup, restored, compacted, configured, looked_up, upload_asked, token_set,
	// page_token_made, page_token_revoked or head.
	Kind     string     `json:"kind"`
	Detail   string     `json:"detail"`
	Previous event.Hash `json:"-"` // SHA-256 of the previous entry as stored
	Hash     event.Hash `json:"-"` // SHA-256 of this entry as stored
}
