package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
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

// BatchStory is a batch with the events in it.
type BatchStory struct {
	Batch
	List []Event `json:"list"`
}

// FileStory is an import with the fates of its records.
type FileStory struct {
	File
	Mapping  string       `json:"mapping"`          // what the records were read with
	MendedBy []uint64     `json:"mended_by"`        // the files that brought rejected records of it back, the first one first
	People   bool         `json:"people,omitempty"` // the records are people, of whom nothing is sent
	Reasons  []FateReason `json:"reasons"`          // of the expired, skipped and rejected records
	Rejects  []Reject     `json:"rejects"`          // the first hundred
}

// FateReason counts the records that met one fate for one reason.
type FateReason struct {
	Fate     string `json:"fate"`
	Reason   string `json:"reason"`
	Sentence string `json:"sentence"`
	Records  uint64 `json:"records"`
	First    uint64 `json:"first_record"`
}

// Reject is one rejected record; its values are in the rejects file and nowhere else.
type Reject struct {
	Record    uint64 `json:"record"`
	Line      uint64 `json:"line"`
	Column    string `json:"column"`
	RecordKey string `json:"record_key"`
	ReasonText
}

// maxRejectsShown bounds what one page shows; the rejects file has them all.
const maxRejectsShown = 100

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
	batches, err := collect(ctx, store.Filter{Seq: e.Seq}, r.store.Batches, r.batch)
	if err != nil {
		return s, err
	}
	slices.SortFunc(batches.Items, func(a, b Batch) int { return int(a.Batch) - int(b.Batch) })
	s.Batches = batches.Items
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

// ShowBatch tells the story of one batch. store.ErrNotFound when there is none.
func (r *Reader) ShowBatch(ctx context.Context, n uint64) (BatchStory, error) {
	b, err := r.store.Batch(ctx, n)
	if err != nil {
		return BatchStory{}, looked("batch", n, err)
	}
	events, err := collect(ctx, store.Filter{Batch: n, Limit: max(len(b.Seqs), 1)}, r.store.Events, r.event)
	if err != nil {
		return BatchStory{}, err
	}
	return BatchStory{Batch: r.batch(b), List: events.Items}, nil
}

// ofPeople reports whether a file was read by a source whose records are people.
func ofPeople(mapping string) bool {
	var source struct {
		Kind string `json:"kind"`
	}
	// A mapping of another form, as an older version may have stored it, knows no kinds.
	return json.Unmarshal([]byte(mapping), &source) == nil && source.Kind == "people"
}

// ShowFile tells the story of one import. store.ErrNotFound when there is none.
func (r *Reader) ShowFile(ctx context.Context, n uint64) (FileStory, error) {
	f, err := r.store.File(ctx, n)
	if err != nil {
		return FileStory{}, looked("file", n, err)
	}
	s := FileStory{File: r.file(f), Mapping: f.Mapping, People: ofPeople(f.Mapping), MendedBy: []uint64{}, Reasons: []FateReason{}, Rejects: []Reject{}}
	at := map[FateReason]int{}
	err = r.store.FateRuns(ctx, n, func(run store.FateRun) bool {
		if run.Fate == store.FateExpired {
			run.Reason = event.ReasonTooOld
		}
		if run.Reason == "" {
			return true
		}
		key := FateReason{Fate: run.Fate.String(), Reason: string(run.Reason), Sentence: run.Reason.Sentence()}
		i, ok := at[key]
		if !ok {
			i = len(s.Reasons)
			at[key] = i
			key.First = run.First
			s.Reasons = append(s.Reasons, key)
		}
		s.Reasons[i].Records += run.Count
		return true
	})
	if err != nil {
		return s, fmt.Errorf("reading the fates of file %d: %w", n, err)
	}
	if f.Counts.Rejected > 0 {
		later, err := collect(ctx, store.Filter{Mends: n, Limit: maxRejectsShown}, r.store.Files, func(f store.File) uint64 { return f.Number })
		if err != nil {
			return s, err
		}
		slices.Reverse(later.Items)
		s.MendedBy = later.Items
	}
	err = r.store.Rejects(ctx, n, func(rej store.Reject) bool {
		s.Rejects = append(s.Rejects, Reject{Record: rej.Record, Line: rej.Line, Column: rej.Column, RecordKey: rej.RecordKey,
			ReasonText: ReasonText{Reason: string(rej.Reason), Sentence: rej.Reason.Sentence(), Fix: rej.Reason.Fix()}})
		return len(s.Rejects) < maxRejectsShown
	})
	if err != nil {
		return s, fmt.Errorf("reading the rejects of file %d: %w", n, err)
	}
	return s, nil
}
