package store

import "fmt"

// State is the state of an event. The numbers are stored: never renumber them.
type State uint8

// The states of an event.
//
//	pending ──► in_flight ──► acknowledged
//	   │  ▲         │  └────► rejected
//	   │  └─────────┘ released: definitely not sent
//	   ├──► expired      ├──► held (fate unknown, too late to ask again)
//	   ├──► withdrawn    └──► expired (possibly sent)
//	   └──► erased
const (
	StatePending      State = 1 // waits to be sent
	StateInFlight     State = 2 // belongs to an open batch
	StateAcknowledged State = 3 // Meta said that it received it; never sent again
	StateRejected     State = 4 // Meta refused this event by itself
	StateExpired      State = 5 // its deadline passed before it was acknowledged
	StateHeld         State = 6 // it may have arrived, and it is too late to send it again safely
	StateWithdrawn    State = 7 // taken back before it was sent: by a person, or because a record that changed replaced it
	StateErased       State = 8 // its content was erased on request
)

// States returns every state in the order in which people read them.
func States() []State {
	return []State{StatePending, StateInFlight, StateAcknowledged, StateRejected, StateExpired, StateHeld, StateWithdrawn,
		StateErased}
}

func (s State) String() string {
	switch s {
	case StatePending:
		return "pending"
	case StateInFlight:
		return "in_flight"
	case StateAcknowledged:
		return "acknowledged"
	case StateRejected:
		return "rejected"
	case StateExpired:
		return "expired"
	case StateHeld:
		return "held"
	case StateWithdrawn:
		return "withdrawn"
	case StateErased:
		return "erased"
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// MarshalText writes the state's name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseState reads a state's name.
func ParseState(name string) (State, error) {
	for _, s := range States() {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%q is no state of an event; the states are %v", name, States())
}

// BatchState is the state of a batch. The numbers are stored: never renumber them.
type BatchState uint8

// The states of a batch.
//
//	ready ─► sending ─┬─► acknowledged
//	                  ├─► split (its rows go on in two children)
//	                  ├─► rejected (a batch of one)
//	                  ├─► released (its rows are pending again)
//	                  └─► unknown ─► sending | held
const (
	BatchReady        BatchState = 1 // a child of a split, not sent yet
	BatchSending      BatchState = 2 // an attempt is journalled and may be under way
	BatchAcknowledged BatchState = 3
	BatchSplit        BatchState = 4
	BatchRejected     BatchState = 5
	BatchReleased     BatchState = 6
	BatchUnknown      BatchState = 7 // an attempt may have arrived; it is sent again only as itself
	BatchHeld         BatchState = 8
	BatchExpired      BatchState = 9 // every row of it expired while its fate was unknown
)

// BatchStates returns every state of a batch.
func BatchStates() []BatchState {
	return []BatchState{BatchReady, BatchSending, BatchAcknowledged, BatchSplit, BatchRejected, BatchReleased, BatchUnknown,
		BatchHeld, BatchExpired}
}

func (s BatchState) String() string {
	switch s {
	case BatchReady:
		return "ready"
	case BatchSending:
		return "sending"
	case BatchAcknowledged:
		return "acknowledged"
	case BatchSplit:
		return "split"
	case BatchRejected:
		return "rejected"
	case BatchReleased:
		return "released"
	case BatchUnknown:
		return "unknown"
	case BatchHeld:
		return "held"
	case BatchExpired:
		return "expired"
	}
	return fmt.Sprintf("batch_state(%d)", uint8(s))
}

// Open reports whether the batch still awaits an end.
func (s BatchState) Open() bool { return s == BatchReady || s == BatchSending || s == BatchUnknown }

// MarshalText writes the state's name.
func (s BatchState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// ParseBatchState reads the name of a batch's state.
func ParseBatchState(name string) (BatchState, error) {
	for _, s := range BatchStates() {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%q is no state of a batch; the states are %v", name, BatchStates())
}

// Fate is what became of a record of a file. The fates of a file's records add up to its records. The numbers are
// stored: never renumber them.
type Fate uint8

// The fates of a record.
const (
	FateAccepted  Fate = 1 // at least one of its events entered the outbox
	FateDuplicate Fate = 2 // all its events were there already, with the same content
	FateConflict  Fate = 3 // an event was there already, with another time, value, currency, order or item
	FateExpired   Fate = 4 // it arrived after its deadline; kept and findable, never sent
	FateSkipped   Fate = 5 // nothing to send and nothing to mend, such as an anonymous sale, or an order that was refunded before it came
	FateRejected  Fate = 6 // a person can mend it
)

// Fates returns every fate.
func Fates() []Fate {
	return []Fate{FateAccepted, FateDuplicate, FateConflict, FateExpired, FateSkipped, FateRejected}
}

func (f Fate) String() string {
	switch f {
	case FateAccepted:
		return "accepted"
	case FateDuplicate:
		return "duplicate"
	case FateConflict:
		return "conflict"
	case FateExpired:
		return "expired"
	case FateSkipped:
		return "skipped"
	case FateRejected:
		return "rejected"
	}
	return fmt.Sprintf("fate(%d)", uint8(f))
}

// MarshalText writes the fate's name.
func (f Fate) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// FileState is the state of an import. The numbers are stored: never renumber them.
type FileState uint8

// The states of a file.
const (
	FileImporting FileState = 1 // under way, or interrupted: the same file goes on where it stopped
	FileImported  FileState = 2
	FileRefused   FileState = 3 // wrong as a whole: nothing of it was queued
)

func (s FileState) String() string {
	switch s {
	case FileImporting:
		return "importing"
	case FileImported:
		return "imported"
	case FileRefused:
		return "refused"
	}
	return fmt.Sprintf("file_state(%d)", uint8(s))
}

// MarshalText writes the state's name.
func (s FileState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
