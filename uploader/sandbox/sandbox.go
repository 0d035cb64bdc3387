package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"
)

// Defaults of a Config.
const (
	DefaultSlowFor = 90 * time.Second
	DefaultMaxBody = 16 << 20
)

// Blame says how a refused request tells which event was wrong.
type Blame string

// The ways to tell. Meta mostly tells nothing.
const (
	BlameNone   Blame = "none"
	BlamePath   Blame = "path"               // $['data'][12] in error_user_msg
	BlameObject Blame = "field_specs_object" // error_data is {"blame_field_specs":[["data","12",…]]}
	BlameString Blame = "field_specs_string" // the same JSON inside a string
)

// Config is how a sandbox behaves. Its zero value takes any token and any dataset and is not hostile.
type Config struct {
	Token          string           // the only token that works; empty: any, but there must be one
	AppSecret      string           // when not empty, every request must carry its appsecret_proof, as an app can demand
	Datasets       []string         // the datasets that exist; empty: every numeric id
	UnknownLeads   []string         // lead_ids of no lead: well formed, so that only Meta can refuse them
	Seed           uint64           // decides all that is left to chance; the same requests in the same order meet the same
	Delay          time.Duration    // before every answer of the edge
	SlowFor        time.Duration    // how long the fault slow takes; DefaultSlowFor when 0
	MaxBody        int              // bytes; a larger request gets HTTP 413; DefaultMaxBody when 0
	Faults         []Fault          // each is tried in this order, for every request
	Blame          Blame            // BlameNone when empty
	VersionWarning string           // X-Ad-Api-Version-Warning on every answer of the edge, when not empty
	Usage          Usage            // how much of the limits the usage headers of every answer tell; see SetUsage
	Keep           string           // a file where every accepted request is noted before it is answered, and read at the start; empty: none
	Exposed        bool             // Serve may listen beyond loopback
	Now            func() time.Time // time.Now when nil
}

// Sandbox stands in for Meta. It is safe for use by several goroutines.
type Sandbox struct {
	config   Config
	conn     net.Conn // what GotConn shows
	mu       sync.Mutex
	requests uint64 // every request to the edge, for the seed
	queue    []Kind
	usage    Usage
	ledger   *ledger
}

// New returns a sandbox, with what Config.Keep remembers. Close it in the end.
func New(config Config) (*Sandbox, error) {
	for _, f := range config.Faults {
		if err := f.check(); err != nil {
			return nil, err
		}
	}
	if config.Blame == "" {
		config.Blame = BlameNone
	}
	if !slices.Contains([]Blame{BlameNone, BlamePath, BlameObject, BlameString}, config.Blame) {
		return nil, fmt.Errorf("%q is not a way to blame; use none, path, field_specs_object or field_specs_string", string(config.Blame))
	}
	for _, dataset := range config.Datasets {
		if !digits(dataset) {
			return nil, fmt.Errorf("the dataset %q must be a number", dataset)
		}
	}
	if config.SlowFor == 0 {
		config.SlowFor = DefaultSlowFor
	}
	if config.MaxBody == 0 {
		config.MaxBody = DefaultMaxBody
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if err := config.Usage.check(); err != nil {
		return nil, err
	}
	if config.Delay < 0 || config.SlowFor < 0 || config.MaxBody < 0 {
		return nil, fmt.Errorf("delays and limits of a sandbox must not be negative")
	}
	ledger := newLedger()
	if err := ledger.open(config.Keep); err != nil {
		return nil, err
	}
	conn, other := net.Pipe()
	_ = other.Close()
	return &Sandbox{config: config, conn: conn, usage: config.Usage, ledger: ledger}, nil
}

// Close closes the file that Config.Keep names.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ledger.close()
}

// Queue makes the next requests to the edge meet these faults, one each, probes included.
func (s *Sandbox) Queue(faults ...Kind) error {
	for _, k := range faults {
		if err := (Fault{k, 1}).check(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, faults...)
	return nil
}

// Stats returns the counts so far.
func (s *Sandbox) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ledger.snapshot()
}

// Count returns how often an event was accepted.
func (s *Sandbox) Count(dataset, eventID, eventName string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, seen := range s.ledger.find(eventID, false) {
		if seen.Dataset == dataset && seen.EventName == eventName {
			return seen.Times
		}
	}
	return 0
}

// Seen returns the accepted events with this event_id: one for each dataset and event_name.
func (s *Sandbox) Seen(eventID string) []Seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ledger.find(eventID, true)
}

// Requests returns the last requests to the edge, at most 256, oldest first.
func (s *Sandbox) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ledger.recent.list()
}

// turn is one request's share of chance.
type turn struct {
	fault  Kind // empty: none
	chance *rand.Rand
}

func (s *Sandbox) nextTurn() turn {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	t := turn{chance: rand.New(rand.NewPCG(s.config.Seed, s.requests))}
	if len(s.queue) > 0 {
		t.fault, s.queue = s.queue[0], s.queue[1:]
		return t
	}
	for _, f := range s.config.Faults {
		if t.chance.Float64() < f.Rate {
			t.fault = f.Kind
			break
		}
	}
	return t
}

func digits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != "" && len(text) <= 32
}
