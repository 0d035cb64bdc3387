package audit

import (
	"context"
	"fmt"
	"strings"
	"time"

	"capibara/store"
)

// Status is how things stand.
type Status struct {
	OK          bool            `json:"ok"`      // nobody has to do anything
	Summary     string          `json:"summary"` // one or more sentences
	Events      StateCounts     `json:"events"`
	Expiring24h uint64          `json:"expiring_24h"` // pending events whose deadline comes within 24 hours
	NextUpload  *time.Time      `json:"next_upload"`  // null when nothing is scheduled
	LastUpload  *time.Time      `json:"last_upload"`  // null before the first
	Datasets    []DatasetStatus `json:"datasets"`
	Waiting     []WaitingFile   `json:"waiting,omitempty"` // files in the inbox that no source takes; only from a running process
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
	State  string     `json:"state"`  // closed: sending; open: not sending
	Reason string     `json:"reason"` // a sentence, "" when closed
	Until  *time.Time `json:"until"`  // when it is tried again
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
	s := Status{Datasets: []DatasetStatus{}}
	pending := map[string]uint64{}
	for _, d := range counts.Datasets {
		s.Events.add(d.Events)
		s.Expiring24h += d.Expiring
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
	last, err := r.store.LastRun(ctx, UploadSchedule)
	if err != nil {
		return Status{}, fmt.Errorf("reading the last upload: %w", err)
	}
	s.LastUpload = r.instant(last.StartedAt)
	if r.next != nil {
		s.NextUpload = r.instant(r.next(now))
	}
	problems := s.problems(pending)
	s.OK = len(problems) == 0
	s.Summary = strings.Join(append(problems, s.outlook()), " ")
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
		out.Circuit.Reason, out.Circuit.Until = c.Reason, r.instant(c.Until)
	}
	return out, nil
}

// problems are the sentences that make somebody do something. strangers are pending events of datasets that the
// configuration no longer names.
func (s *Status) problems(strangers map[string]uint64) []string {
	var out []string
	for _, d := range s.Datasets {
		switch {
		case d.Circuit.State == store.CircuitOpen.String():
			out = append(out, fmt.Sprintf("Dataset %s is stopped: %s", d.Alias, sentence(d.Circuit.Reason)))
		case !d.Live && d.Pending > 0:
			out = append(out, fmt.Sprintf("%s for dataset %s, which is not live yet: run 'capibara go-live %s'.",
				wait(d.Pending), d.Alias, d.Alias))
		}
	}
	for id, n := range strangers {
		if n > 0 {
			out = append(out, fmt.Sprintf("%s for dataset %s, which the configuration does not name.", wait(n), id))
		}
	}
	if s.Events.Held > 0 {
		out = append(out, fmt.Sprintf("The fate of %s is unknown: the connection broke after sending, and it is too late to ask again. See 'capibara history events --state held'.",
			count(s.Events.Held, "event", "events")))
	}
	if s.Expiring24h > 0 && s.NextUpload == nil && s.LastUpload == nil {
		out = append(out, fmt.Sprintf("%s within 24 hours and nothing was uploaded yet: run 'capibara upload'.", expire(s.Expiring24h)))
	}
	return out
}

// outlook is the sentence for a good day.
func (s *Status) outlook() string {
	text := "Nothing waits to be sent."
	if s.Events.Pending > 0 {
		text = wait(s.Events.Pending) + " to be sent."
	}
	if s.Expiring24h > 0 {
		text += " " + expire(s.Expiring24h) + " within 24 hours."
	}
	if s.NextUpload != nil {
		text += " Next upload " + s.NextUpload.Format("Mon 2 Jan 15:04") + "."
	}
	return text
}

func wait(n uint64) string {
	if n == 1 {
		return "1 event waits"
	}
	return fmt.Sprintf("%d events wait", n)
}

func expire(n uint64) string {
	if n == 1 {
		return "1 event expires"
	}
	return fmt.Sprintf("%d events expire", n)
}

func count(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
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
