package store

import (
	"time"

	"capibara/event"
)

// Row is an event in the outbox, as the uploader needs it.
type Row struct {
	Seq       uint64 // its number; unique and ascending in order of import
	Dataset   string
	EventID   string
	EventName string
	EventTime int64 // Unix seconds
	NotBefore int64 // Unix seconds
	Deadline  int64 // Unix seconds
	Source    string
	Payload   []byte // event.Event.DecodeBinary reads it; the caller owns it
	// Halted says, of a row of an open batch, that it would not be planned any more; see Halting.
	Halted bool
}

// PlanQuery asks for rows to send.
type PlanQuery struct {
	Dataset string
	Now     time.Time
	Limit   int
	// Skip names rows that the caller has planned already and not begun yet.
	Skip map[uint64]bool
}

// Intent is a batch about to be sent for the first time.
type Intent struct {
	Dataset    string
	Rows       []uint64   // sequence numbers in the order of the body's data
	BodySHA256 event.Hash // of the request's data array, as sent
}

// Batch is a set of events sent together, with every attempt to send it.
type Batch struct {
	Number  uint64     `json:"batch"`
	Parent  uint64     `json:"parent,omitempty"` // the batch that was split; 0 for one that was planned
	Dataset string     `json:"dataset"`
	State   BatchState `json:"state"`
	Events  int        `json:"events"`
	Removed int        `json:"removed,omitempty"` // of them those that the retention removed
	Seqs    []uint64   `json:"-"`                 // in the order of the body's data
	// FirstMaybeAt is when an attempt may have arrived for the first time; children inherit it. The zero time says that
	// nothing of it was ever possibly sent.
	FirstMaybeAt time.Time `json:"first_maybe_at,omitzero"`
	// MaybeAttempts counts the attempts that may have arrived, those of its parents included.
	MaybeAttempts int       `json:"maybe_attempts"`
	NextTry       time.Time `json:"next_try,omitzero"` // of an unknown batch: not before this
	CreatedAt     time.Time `json:"created_at"`
	Attempts      []Attempt `json:"attempts"`
	Children      []uint64  `json:"children,omitempty"`
	// Resolution is a person's word about its fate; nil when nobody had to give one.
	Resolution *Resolution `json:"resolution,omitempty"`
	// Proofs are of its bodies, one each, once events of it were emptied.
	Proofs []Proof `json:"-"`
	// Gone are the sums of events of it that were removed while others stayed, which the proofs are of as well.
	Gone []RowSum `json:"-"`
}

// Attempt is one HTTP try of a batch.
type Attempt struct {
	N              int        `json:"n"` // counted from 1
	StartedAt      time.Time  `json:"started_at"`
	EndedAt        time.Time  `json:"ended_at,omitzero"` // zero while it is under way, or when the process died
	BodySHA256     event.Hash `json:"-"`
	Events         int        `json:"events"`
	End            string     `json:"end"` // capi.End as text; "" while under way, "lost" when the process died meanwhile
	HTTPStatus     int        `json:"http_status,omitempty"`
	EventsReceived int        `json:"events_received"`
	Code           int        `json:"code,omitempty"`
	Subcode        int        `json:"subcode,omitempty"`
	FBTraceID      string     `json:"fbtrace_id,omitempty"`
	Messages       []string   `json:"messages,omitempty"` // Meta's own messages, bounded
	Error          string     `json:"error,omitempty"`    // what went wrong, without token or personal data
}

// EndLost is the end of an attempt whose process died before it knew.
const EndLost = "lost"

// Verdict is what follows from an attempt for the rows of its batch.
type Verdict uint8

// The verdicts.
const (
	// VerdictAcknowledged: the batch and its rows become acknowledged.
	VerdictAcknowledged Verdict = 1
	// VerdictReleased: the attempt did not arrive and none before it may have; the rows are pending again.
	VerdictReleased Verdict = 2
	// VerdictRejected: a batch of one; the row becomes rejected with Settlement.Reason.
	VerdictRejected Verdict = 3
	// VerdictSplit: the rows go on in children, BatchReady, cut as Settlement.Children says.
	VerdictSplit Verdict = 4
	// VerdictUnknown: the attempt may have arrived; the batch waits in BatchUnknown until Settlement.NextTry. When
	// Settlement.MaybeSent is false this attempt did not arrive but an earlier one may have: nothing is counted.
	VerdictUnknown Verdict = 5
	// VerdictHeld: the fate stays unknown and it is too late to try again; the rows become held.
	VerdictHeld Verdict = 6
	// VerdictReady: this attempt definitely did not arrive, nor did any before it, but the batch stays together as
	// BatchReady: it is a child in a bisection that goes on later.
	VerdictReady Verdict = 7
	// VerdictExpired: every row's deadline passed while the batch was open; they become expired (possibly sent when
	// FirstMaybeAt is set).
	VerdictExpired Verdict = 8
)

// Settlement is the end of an attempt.
type Settlement struct {
	Batch   uint64
	Verdict Verdict
	// Attempt fills in the last attempt; its N, StartedAt, BodySHA256 and Events stay as Begin or Retry wrote them.
	// Conclude ignores it.
	Attempt Attempt
	// MaybeSent says that this attempt may have arrived: it sets FirstMaybeAt to the attempt's start if it is not set,
	// and counts.
	MaybeSent bool
	NextTry   time.Time // with VerdictUnknown
	// Children are the sizes of the children, in order; they add up to the batch. With VerdictSplit.
	Children []int
	// Apart are the indexes, ascending, of the events that Children cut last, behind all others: what Meta points at is set
	// apart, and the rest stays together. Empty keeps the order.
	Apart []int
	// Reason of a rejected event, with Code and Subcode in Attempt.
	Reason event.Reason
}

// CircuitState says whether a dataset is being sent to.
type CircuitState uint8

// The states of a circuit. The numbers are stored: never renumber them.
const (
	CircuitClosed CircuitState = 0 // sending
	CircuitOpen   CircuitState = 1 // not sending until Until, or until a probe passes
)

func (s CircuitState) String() string {
	if s == CircuitOpen {
		return "open"
	}
	return "closed"
}

// MarshalText writes the state's name.
func (s CircuitState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Circuit stops a dataset whose requests cannot succeed for now. It burns nothing: rows stay pending.
type Circuit struct {
	Dataset string       `json:"dataset"`
	State   CircuitState `json:"state"`
	Class   string       `json:"class,omitempty"`  // capi.Class as text, or "unknown_fate", "unreachable", "clock_skew"
	Reason  string       `json:"reason,omitempty"` // a sentence
	Code    int          `json:"code,omitempty"`
	Subcode int          `json:"subcode,omitempty"`
	Since   time.Time    `json:"since,omitzero"`
	Until   time.Time    `json:"until,omitzero"` // try again from here; a probe comes first unless Class is throttle
	// Failures counts consecutive failures, for the backoff.
	Failures int `json:"failures,omitempty"`
	// TokenSum tells whether the token or its app secret changed since: the first 8 bytes, in hex, of the SHA-256 of the
	// token with the proof of the secret behind it, if there is one; "" when the token is not at fault. It cannot be turned
	// back into a token.
	TokenSum string `json:"-"`
}

// Run is one run of a schedule.
type Run struct {
	ScheduledAt time.Time `json:"scheduled_at,omitzero"` // when it was due; zero for a run by hand
	StartedAt   time.Time `json:"started_at,omitzero"`
	EndedAt     time.Time `json:"ended_at,omitzero"` // zero when it was cut off
	Summary     string    `json:"summary,omitempty"` // a sentence
}
