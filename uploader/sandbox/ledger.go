package sandbox

import (
	"crypto/sha256"
	"encoding/json"
	"maps"
	"os"
	"time"
)

const (
	keptRequests = 256
	keptEvents   = 10_000
)

// Stats counts what a sandbox saw. Requests that never reached the events edge are not in it.
type Stats struct {
	Requests        int          `json:"requests"`         // to the edge, faults included, probes not
	Probes          int          `json:"probes"`           // requests whose data was [{}]
	Accepted        int          `json:"accepted"`         // events taken, repeats included, whether or not the client learned so
	AcceptedBatches int          `json:"accepted_batches"` // requests taken
	Rejected        int          `json:"rejected"`         // events in requests that were refused by the rules
	RejectedBatches int          `json:"rejected_batches"` // requests that were refused by the rules
	Distinct        int          `json:"distinct"`         // different events taken, by dataset, event_id and event_name
	Duplicates      int          `json:"duplicates"`       // accepted events that had come before
	Changed         int          `json:"changed"`          // duplicates whose JSON was not that of the first
	WithoutID       int          `json:"without_id"`       // accepted events without an event_id, which nothing else counts apart
	Tested          int          `json:"tested"`           // accepted events that came with a test_event_code; Meta counts them too
	Faults          map[Kind]int `json:"faults"`           // how often each fault struck
}

// Seen is an event that was accepted.
type Seen struct {
	Dataset       string          `json:"dataset"`
	EventID       string          `json:"event_id"`
	EventName     string          `json:"event_name"`
	Times         int             `json:"times"`
	Changed       bool            `json:"changed"`                   // it came again with other JSON
	TestEventCode string          `json:"test_event_code,omitempty"` // with which it came last, while it is among the last 10,000 events
	FirstReceived time.Time       `json:"first_received"`
	LastReceived  time.Time       `json:"last_received"`
	Event         json.RawMessage `json:"event,omitempty"` // its last JSON, while it is among the last 10,000 events
}

// Request is what is kept of a request to the edge.
type Request struct {
	At       time.Time
	Dataset  string
	EventIDs []string // of its events in their order, empty for an event without one
	Events   int
	Accepted bool
	Probe    bool
	Fault    Kind   // empty without one
	Status   int    // of the answer, 0 when the connection was cut
	DataHash string // SHA-256 of data as it came, in hexadecimal, when there was one
	Bytes    int    // of the body

	TestEventCode string // empty without one
}

// taken is an accepted event on its way into the ledger.
type taken struct {
	id, name string
	hash     [8]byte
	raw      []byte
}

// ledger remembers accepted events in about 230 bytes each (measured over a million). Its owner locks it.
type ledger struct {
	stats   Stats
	events  map[string]entry // by event_id
	repeats []string         // event ids in the order of their first repetition
	names   intern
	recent  ring[Request]
	bodies  ring[kept]
	file    *os.File
	size    int64 // of the file
}

// entry holds the one event that nearly every event_id has, and the rare others.
type entry struct {
	one      sighting
	others   []sighting
	repeated bool
}

type sighting struct {
	first, last   int64 // Unix seconds
	times         uint32
	dataset, name uint16
	changed       bool
	hash          [8]byte
}

type kept struct {
	dataset, name uint16
	id, testCode  string
	raw           []byte
}

func newLedger() *ledger {
	return &ledger{
		stats:  Stats{Faults: map[Kind]int{}},
		events: map[string]entry{},
		names:  intern{numbers: map[string]uint16{}},
		recent: ring[Request]{size: keptRequests},
		bodies: ring[kept]{size: keptEvents},
	}
}

func (l *ledger) snapshot() Stats {
	s := l.stats
	s.Faults = maps.Clone(s.Faults)
	return s
}

// accept counts a request's events.
func (l *ledger) accept(at time.Time, dataset, testCode string, events []taken) {
	l.stats.AcceptedBatches++
	set := l.names.number(dataset)
	for _, e := range events {
		l.stats.Accepted++
		if testCode != "" {
			l.stats.Tested++
		}
		name := l.names.number(e.name)
		if e.raw != nil {
			l.bodies.add(kept{set, name, e.id, testCode, append([]byte(nil), e.raw...)})
		}
		if e.id == "" {
			l.stats.WithoutID++
			continue
		}
		found := l.events[e.id]
		s := found.sighting(set, name)
		s.times++
		s.last = at.Unix()
		if s.times == 1 {
			s.first, s.hash = at.Unix(), e.hash
			l.stats.Distinct++
		} else {
			l.stats.Duplicates++
			if s.hash != e.hash {
				s.changed = true
				l.stats.Changed++
			}
			if !found.repeated {
				found.repeated = true
				l.repeats = append(l.repeats, e.id)
			}
		}
		l.events[e.id] = found
	}
}

func (e *entry) sighting(dataset, name uint16) *sighting {
	if e.one.times == 0 {
		e.one = sighting{dataset: dataset, name: name}
	}
	if e.one.dataset == dataset && e.one.name == name {
		return &e.one
	}
	for i := range e.others {
		if e.others[i].dataset == dataset && e.others[i].name == name {
			return &e.others[i]
		}
	}
	e.others = append(e.others, sighting{dataset: dataset, name: name})
	return &e.others[len(e.others)-1]
}

// find returns what is known about an event_id; with its JSON only when asked, since that is searched for.
func (l *ledger) find(id string, withJSON bool) []Seen {
	found, ok := l.events[id]
	if !ok {
		return nil
	}
	var all []Seen
	var bodies []kept
	if withJSON {
		bodies = l.bodies.list()
	}
	for _, s := range append([]sighting{found.one}, found.others...) {
		seen := Seen{Dataset: l.names.texts[s.dataset], EventID: id, EventName: l.names.texts[s.name], Times: int(s.times), Changed: s.changed,
			FirstReceived: time.Unix(s.first, 0).UTC(), LastReceived: time.Unix(s.last, 0).UTC()}
		for _, k := range bodies {
			if k.id == id && k.dataset == s.dataset && k.name == s.name {
				seen.Event, seen.TestEventCode = k.raw, k.testCode
			}
		}
		all = append(all, seen)
	}
	return all
}

func shortHash(raw []byte) (h [8]byte) {
	sum := sha256.Sum256(raw)
	copy(h[:], sum[:])
	return h
}

// intern numbers the few different dataset ids and event names. Beyond 65,535 of them all further ones share a number.
type intern struct {
	numbers map[string]uint16
	texts   []string
}

func (in *intern) number(s string) uint16 {
	if n, ok := in.numbers[s]; ok {
		return n
	}
	if len(in.texts) == 1<<16-1 {
		in.texts = append(in.texts, "(more)")
	}
	if len(in.texts) == 1<<16 {
		return 1<<16 - 1
	}
	n := uint16(len(in.texts))
	in.numbers[s], in.texts = n, append(in.texts, s)
	return n
}

// ring keeps the last size elements.
type ring[T any] struct {
	size  int
	items []T
	next  int
}

func (r *ring[T]) add(item T) {
	if len(r.items) < r.size {
		r.items = append(r.items, item)
		return
	}
	r.items[r.next] = item
	r.next = (r.next + 1) % r.size
}

func (r *ring[T]) list() []T {
	return append(append([]T(nil), r.items[r.next:]...), r.items[:r.next]...)
}
