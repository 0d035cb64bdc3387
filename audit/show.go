package audit

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/capi"
)

// EventStory is the whole life of one event, from its line in a file to Meta's answer.
type EventStory struct {
	Event
	Explanation  string          `json:"explanation"` // sentences: what the state and its reason mean, and what to do
	FBTraceID    string          `json:"fbtrace_id"`  // of Meta's refusal, for its support; "" when Meta did not refuse it
	ActionSource string          `json:"action_source"`
	NotBefore    *time.Time      `json:"not_before"` // null when it may be sent at once
	Source       string          `json:"source"`
	Record       uint64          `json:"record"` // number in the file
	FileSHA256   string          `json:"file_sha256"`
	ArchivedAs   string          `json:"archived_as"` // the file, relative to the home
	Mapping      string          `json:"mapping"`     // what its record was read with, as it was then
	MappingText  string          `json:"-"`           // the same as people read it
	Warnings     []ReasonText    `json:"warnings"`
	Sent         json.RawMessage `json:"sent"` // the JSON as it is or would be sent; identifiers are hashes
	// Emptied says that the event's content was taken out, so that Sent is null; SentSHA256 is of the JSON that it made before.
	Emptied    store.Emptied `json:"emptied,omitempty"`
	SentSHA256 string        `json:"sent_sha256,omitempty"`
	Batches    []Batch       `json:"batches"` // every batch that carried it, the first one first
	Conflicts  []Conflict    `json:"conflicts"`
	Replaces   *Origin       `json:"replaces,omitempty"`    // where the event came from whose place it took
	ReplacedBy *Origin       `json:"replaced_by,omitempty"` // where the one came from that took its place
	Decisions  []Decision    `json:"decisions,omitempty"`   // what people and records decided about it, the first one first
	// Relied says that an attempt before the one that Meta acknowledged may have arrived too, under the same event_id.
	Relied bool `json:"relied,omitempty"`
}

// Decision is what a person, or a record of a later file, decided about an event.
type Decision struct {
	At     *time.Time `json:"at"`
	By     string     `json:"by"`
	Reason string     `json:"reason"`
	Note   string     `json:"note,omitempty"`
	Audit  uint64     `json:"audit"` // number of the entry in the audit log
}

// Origin is where an event came from.
type Origin struct {
	File       uint64     `json:"file"`
	Line       uint64     `json:"line"`
	ImportedAt *time.Time `json:"imported_at"`
}

// ReasonText is a reason with its sentence.
type ReasonText struct {
	Reason   string `json:"reason"`
	Sentence string `json:"sentence"`
	Fix      string `json:"fix,omitempty"`
}

// Conflict is a later record that disagreed.
type Conflict struct {
	File   uint64     `json:"file"`
	Line   uint64     `json:"line"`
	Record uint64     `json:"record"`
	Source string     `json:"source"` // that read the file
	At     *time.Time `json:"at"`
	Kind   string     `json:"kind"` // changed, no_longer_qualified or refunded
	// Value and Currency are what the record says it is worth, or what was given back; absent when that is not known, or all
	// of it was.
	Value     string     `json:"value,omitempty"`
	Currency  string     `json:"currency,omitempty"`
	EventTime *time.Time `json:"event_time,omitempty"`
}

// ShowEvent tells the story of every event with this event_id, in whichever dataset and under whichever event_name.
// store.ErrNotFound when there is none.
func (r *Reader) ShowEvent(ctx context.Context, id string) ([]EventStory, error) {
	entries, err := r.store.EventsByID(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("looking for event %s: %w", id, err)
	}
	if len(entries) == 0 {
		return nil, r.notThere(ctx, id)
	}
	stories := make([]EventStory, 0, len(entries))
	for _, e := range entries {
		s, err := r.story(ctx, e)
		if err != nil {
			return nil, err
		}
		stories = append(stories, s)
	}
	return stories, nil
}

func (r *Reader) story(ctx context.Context, e store.EventEntry) (EventStory, error) {
	s := EventStory{Event: r.event(e), NotBefore: r.unix(e.NotBefore), Source: e.Source, Record: e.Record,
		Relied: e.State == store.StateAcknowledged && e.PossiblySent, Warnings: []ReasonText{}, Batches: []Batch{}, Conflicts: []Conflict{}}
	if e.Decided {
		decisions, err := r.store.Decisions(ctx, e.Seq)
		if err != nil {
			return s, fmt.Errorf("reading what was decided about event %s: %w", e.EventID, err)
		}
		for _, d := range decisions {
			s.Decisions = append(s.Decisions, Decision{At: r.instant(d.At), By: d.By, Reason: string(d.Reason), Note: d.Note, Audit: d.Audit})
		}
	}
	if err := r.provenance(ctx, &s); err != nil {
		return s, err
	}
	s.Explanation = r.explain(e)
	if n := len(s.Decisions); n > 0 && s.Decisions[n-1].Reason == string(event.ReasonResolvedSent) {
		s.Explanation = event.ReasonResolvedSent.Sentence() + " It is never sent again."
	}
	s.Explanation += emptiedBy(e)
	for _, w := range e.Warnings {
		s.Warnings = append(s.Warnings, ReasonText{Reason: string(w), Sentence: w.Sentence()})
	}
	if e.Payload != nil {
		var ev event.Event
		if err := ev.DecodeBinary(e.Payload); err != nil {
			return s, fmt.Errorf("reading event %s as it was stored: %w", e.EventID, err)
		}
		s.ActionSource = string(ev.ActionSource)
		if e.Emptied == store.NotEmptied {
			s.Sent = ev.AppendJSON(nil)
		} else { // what is kept is not what was sent
			s.Emptied, s.SentSHA256 = e.Emptied, fmt.Sprintf("%x", e.Sum)
		}
	}
	var err error
	if s.Batches, err = r.carriedBy(ctx, e); err != nil {
		return s, err
	}
	if e.State == store.StateRejected {
		s.FBTraceID = lastTrace(s.Batches)
	}
	conflicts, err := r.store.Conflicts(ctx, e.Seq)
	if err != nil {
		return s, fmt.Errorf("reading what disagreed with event %s: %w", e.EventID, err)
	}
	for _, c := range conflicts {
		s.Conflicts = append(s.Conflicts, Conflict{File: c.File, Line: c.Line, Record: c.Record, Source: c.Source, At: r.instant(c.At),
			Kind: c.Kind.String(), Value: c.Value.String(), Currency: c.Currency, EventTime: r.unix(c.EventTime)})
	}
	if s.Replaces, err = r.origin(ctx, e.Replaces); err != nil {
		return s, err
	}
	s.ReplacedBy, err = r.origin(ctx, e.ReplacedBy)
	return s, err
}

// carriedBy are the batches that ever carried an event, the first one first. The one that it is or was last in is the newest of
// them, so that those after it need not be looked at.
func (r *Reader) carriedBy(ctx context.Context, e store.EventEntry) ([]Batch, error) {
	if e.Batch == 0 {
		return []Batch{}, nil
	}
	batches, err := collect(ctx, store.Filter{Seq: e.Seq, Cursor: strconv.FormatUint(e.Batch+1, 10), Limit: MaxPage}, r.store.Batches, r.batch)
	slices.Reverse(batches.Items)
	return batches.Items, err
}

// provenance tells what the event's file was and how it was read. Of a file whose entry is damaged there is nothing to tell.
func (r *Reader) provenance(ctx context.Context, s *EventStory) error {
	f, err := r.store.File(ctx, s.File)
	if errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading file %d: %w", s.File, err)
	}
	s.FileSHA256, s.ArchivedAs, s.Mapping, s.MappingText = hex.EncodeToString(f.SHA256[:]), f.ArchivedAs, f.Mapping, r.readable(f.Mapping)
	return nil
}

// origin tells where another event came from; nil for none.
func (r *Reader) origin(ctx context.Context, seq uint64) (*Origin, error) {
	if seq == 0 {
		return nil, nil
	}
	e, err := r.store.Event(ctx, seq)
	if err != nil {
		return nil, fmt.Errorf("reading the event before or after a change: %w", err)
	}
	return &Origin{File: e.File, Line: e.Line, ImportedAt: r.instant(e.ImportedAt)}, nil
}

// lastTrace is the fbtrace_id of the last answer that had one.
func lastTrace(batches []Batch) string {
	for _, b := range slices.Backward(batches) {
		for _, a := range slices.Backward(b.Attempts) {
			if a.FBTraceID != "" {
				return a.FBTraceID
			}
		}
	}
	return ""
}

// explain says what an event's state means for the person who asks.
func (r *Reader) explain(e store.EventEntry) string {
	switch e.State {
	case store.StatePending:
		switch now := r.now().Unix(); {
		case e.Halted != "":
			return "It is not sent until somebody allows it; `capibara status` shows how."
		case e.NotBefore > max(now, e.EventTime):
			return "Its source holds it back (hold_back): the first upload after " + day(r.unix(e.NotBefore)) + " takes it."
		case e.NotBefore > now:
			return "Its time lies in the future: the first upload after it is past takes it."
		}
		return "It waits for the next upload."
	case store.StateInFlight:
		return "It is in a batch that is being sent, or whose fate is not known yet."
	case store.StateAcknowledged:
		if e.PossiblySent {
			return "Meta acknowledged it. An attempt before, whose answer was lost, may have arrived as well; both had the same event_id, by which Meta can tell. It is never sent again."
		}
		return "Meta acknowledged it. It is never sent again."
	case store.StateWithdrawn:
		if e.Reason == "" {
			return "It was taken back before it was sent."
		}
	case store.StateErased:
		return "Its content was erased on request."
	case store.StateRejected:
		if e.RejectCode == 0 {
			break // refused here, and not by Meta
		}
		if entry, ok := capi.Explain(e.RejectCode, e.RejectSubcode); ok {
			return "Meta refused it: " + entry.Meaning() + " " + entry.Person
		}
		return fmt.Sprintf("Meta refused it with code %d, subcode %d, which this version does not know.", e.RejectCode, e.RejectSubcode)
	}
	why := event.Reason(reason(e))
	return why.Sentence() + " " + why.Fix()
}
