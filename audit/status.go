package audit

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"capibara/store"
)

// Status is how things stand.
type Status struct {
	OK          bool        `json:"ok"`      // nobody has to do anything
	Summary     string      `json:"summary"` // one or more sentences
	Events      StateCounts `json:"events"`
	Expiring24h uint64      `json:"expiring_24h"` // pending events whose deadline comes within 24 hours
	// ExpiringSums is what those are worth, by currency.
	ExpiringSums []store.Sum     `json:"expiring_sums"`
	Halts        []HaltStatus    `json:"halts"`       // what waits until somebody allows it
	Unknown      uint64          `json:"unknown"`     // events in batches of unknown fate, of those in flight
	NextTry      *time.Time      `json:"next_try"`    // when the first of these batches is sent again at the earliest; null for none
	Expired7d    uint64          `json:"expired_7d"`  // events that expired here in the last 7 days; those imported too late do not count
	Window7d     uint64          `json:"window_7d"`   // of them sales in a store that "window: 62d" would have kept
	Rejected7d   uint64          `json:"rejected_7d"` // events that were refused one by one in the last 7 days
	Relied       uint64          `json:"relied"`      // acknowledged events that an attempt before may have brought too, under the same event_id
	NextUpload   *time.Time      `json:"next_upload"` // null when nothing is scheduled
	LastUpload   *time.Time      `json:"last_upload"` // null before the first
	Datasets     []DatasetStatus `json:"datasets"`
	// Unnamed counts pending events by Meta's id of a dataset that the configuration no longer names.
	Unnamed map[string]uint64 `json:"unnamed,omitempty"`
	// Ledger says why nothing is sent before somebody decides about the ledger as a whole; null when nothing is wrong.
	Ledger *LedgerStatus `json:"ledger,omitempty"`
	// Erased says why people who were erased cannot be told any more, so that a file brings them back; null when they can.
	Erased  *LedgerStatus `json:"erased,omitempty"`
	Graph   GraphStatus   `json:"graph"`
	Waiting []WaitingFile `json:"waiting,omitempty"` // files in the inbox that no source takes; only from a running process

	// LastSummary is what came of the last upload, in a sentence or two; "" before the first, and while it is under way.
	LastSummary string       `json:"last_upload_summary"`
	Page        string       `json:"page,omitempty"` // where a running process serves the page
	Bound       *BoundStatus `json:"bound"`          // what requests go to; null before the first of them that carried events
}

// LedgerStatus says why nothing of this ledger is sent: it may not be the one that sent last.
type LedgerStatus struct {
	State    string `json:"state"`    // older, diverged, another_database, copied, witness_missing, witness_unreadable, replaced, retired or moving; key_lost
	Sentence string `json:"sentence"` // without its full stop
	Fix      string `json:"fix"`      // what a person does
}

// StateCounts counts events by state.
type StateCounts struct {
	Pending      uint64 `json:"pending"`
	InFlight     uint64 `json:"in_flight"`
	Acknowledged uint64 `json:"acknowledged"`
	Rejected     uint64 `json:"rejected"`
	Expired      uint64 `json:"expired"`
	Held         uint64 `json:"held"`
	Withdrawn    uint64 `json:"withdrawn"`
	Erased       uint64 `json:"erased"`
}

// DatasetStatus is how one dataset stands.
type DatasetStatus struct {
	Alias   string        `json:"alias"`
	ID      string        `json:"id"`
	Live    bool          `json:"live"`
	Pending uint64        `json:"pending"`
	Circuit CircuitStatus `json:"circuit"`
}

// CircuitStatus says whether a dataset is being sent to.
type CircuitStatus struct {
	State   string     `json:"state"`             // closed: sending; open: not sending
	Reason  string     `json:"reason"`            // one or more sentences, "" when closed
	Class   string     `json:"class,omitempty"`   // the kind of trouble, which `capibara explain` explains
	Code    int        `json:"code,omitempty"`    // Meta's
	Subcode int        `json:"subcode,omitempty"` // Meta's
	Since   *time.Time `json:"since"`             // when it was opened
	Until   *time.Time `json:"until"`             // when it is tried again
}

// GraphStatus is how the version of Meta's Graph API stands that requests speak.
type GraphStatus struct {
	Version string `json:"version"`
	Ended   bool   `json:"ended"`             // Meta has ended it
	Note    string `json:"note,omitempty"`    // sentences, when it ends soon or has ended
	Warning string `json:"warning,omitempty"` // what Meta said about it in its last answer to the running process
}

// BoundStatus says what the requests of this ledger go to, from the first one on.
type BoundStatus struct {
	Endpoint store.Endpoint `json:"endpoint"` // meta, or rehearsal: a stand-in on this machine
	Since    *time.Time     `json:"since"`
}

// Sentence says it to people, without a full stop; without a binding too.
func (b *BoundStatus) Sentence() string {
	switch {
	case b == nil:
		return "nobody yet: what the first upload goes to is kept"
	case b.Endpoint == store.EndpointRehearsal:
		return "a stand-in on this machine, since " + b.Since.Format("2 January 2006") + ": a rehearsal, and nothing of it goes to Meta"
	}
	return "Meta, since " + b.Since.Format("2 January 2006")
}

// WaitingFile is a file in the inbox that stays where it is.
type WaitingFile struct {
	Name   string `json:"name"`
	Reason string `json:"reason"` // a sentence
}

// Status tells how things stand.
func (r *Reader) Status(ctx context.Context) (Status, error) {
	now := r.now()
	counts, err := r.store.Counts(ctx, now.Add(24*time.Hour))
	if err != nil {
		return Status{}, fmt.Errorf("counting the events: %w", err)
	}
	s := Status{Datasets: []DatasetStatus{}, Graph: r.graph, Ledger: r.ledger, Erased: r.lost}
	pending := map[string]uint64{}
	for _, d := range counts.Datasets {
		s.Events.add(d.Events)
		s.Expiring24h += d.Expiring
		s.Relied += d.Relied
		pending[d.Dataset] = d.Events[store.StatePending]
	}
	for _, d := range r.datasets {
		ds, err := r.dataset(ctx, d, pending[d.ID])
		if err != nil {
			return Status{}, err
		}
		s.Datasets = append(s.Datasets, ds)
		delete(pending, d.ID)
	}
	if s.ExpiringSums, err = r.expiringSums(ctx, counts, now); err != nil {
		return Status{}, err
	}
	if s.Halts, err = r.halts(ctx); err != nil {
		return Status{}, err
	}
	last, err := r.store.LastRun(ctx, UploadSchedule)
	if err != nil {
		return Status{}, fmt.Errorf("reading the last upload: %w", err)
	}
	s.LastUpload, s.LastSummary = r.instant(last.StartedAt), last.Summary
	bound, err := r.store.Bound(ctx)
	if err != nil {
		return Status{}, fmt.Errorf("reading what the ledger is bound to: %w", err)
	}
	if bound.Endpoint != "" {
		s.Bound = &BoundStatus{bound.Endpoint, r.instant(bound.Since)}
	}
	if r.next != nil {
		s.NextUpload = r.instant(r.next(now))
	}
	seen, err := r.look(ctx, counts, now)
	if err != nil {
		return Status{}, err
	}
	s.Unknown, s.NextTry = seen.unknown, r.instant(seen.nextTry)
	s.Expired7d, s.Window7d, s.Rejected7d = seen.expired, seen.wider, seen.rejected
	maps.DeleteFunc(pending, func(_ string, n uint64) bool { return n == 0 })
	s.Unnamed = pending
	problems := r.problems(&s, seen)
	s.OK = len(problems) == 0
	s.Summary = strings.Join(append(problems, s.outlook(seen)...), " ")
	return s, nil
}

func (r *Reader) dataset(ctx context.Context, d Dataset, pending uint64) (DatasetStatus, error) {
	live, err := r.store.Live(ctx, d.ID)
	if err != nil {
		return DatasetStatus{}, fmt.Errorf("reading whether dataset %s is live: %w", d.Alias, err)
	}
	c, err := r.store.Circuit(ctx, d.ID)
	if err != nil {
		return DatasetStatus{}, fmt.Errorf("reading the circuit of dataset %s: %w", d.Alias, err)
	}
	out := DatasetStatus{Alias: d.Alias, ID: d.ID, Live: live || d.Live, Pending: pending,
		Circuit: CircuitStatus{State: c.State.String()}}
	if c.State == store.CircuitOpen {
		out.Circuit.Reason, out.Circuit.Since, out.Circuit.Until = stopReason(c), r.instant(c.Since), r.instant(c.Until)
		out.Circuit.Class, out.Circuit.Code, out.Circuit.Subcode = c.Class, c.Code, c.Subcode
	}
	return out, nil
}

func (c *StateCounts) add(by map[store.State]uint64) {
	c.Pending += by[store.StatePending]
	c.InFlight += by[store.StateInFlight]
	c.Acknowledged += by[store.StateAcknowledged]
	c.Rejected += by[store.StateRejected]
	c.Expired += by[store.StateExpired]
	c.Held += by[store.StateHeld]
	c.Withdrawn += by[store.StateWithdrawn]
	c.Erased += by[store.StateErased]
}
