package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"capibara/event"
	"capibara/store"
)

// List is one page of a list.
type List[T any] struct {
	Items []T     `json:"items"`
	Next  *string `json:"next"` // the cursor of the next page, null at the end
	// Unrecorded says why the audit log does not hold that a person was looked for; absent when it does, or nobody was.
	Unrecorded string `json:"unrecorded,omitempty"`
}

// Event is one event in a history.
type Event struct {
	EventID    string     `json:"event_id"`
	EventName  string     `json:"event_name"`
	Dataset    string     `json:"dataset"`
	State      string     `json:"state"`
	Reason     string     `json:"reason"` // why it is not what its owner hoped for; "" when there is nothing to say
	EventTime  *time.Time `json:"event_time"`
	Deadline   *time.Time `json:"deadline"`
	ImportedAt *time.Time `json:"imported_at"`
	File       uint64     `json:"file"`
	FileName   string     `json:"file_name"`
	Line       uint64     `json:"line"`
	RecordKey  string     `json:"record_key"`
	Batch      uint64     `json:"batch"`            // 0 when it was never in one
	Halted     string     `json:"halted,omitempty"` // why a pending event waits until somebody allows it, a sentence
}

// Batch is one batch in a history.
type Batch struct {
	Batch      uint64     `json:"batch"`
	Parent     uint64     `json:"parent"` // the batch that was split; 0 for none
	Dataset    string     `json:"dataset"`
	State      string     `json:"state"`
	Events     int        `json:"events"`
	Removed    int        `json:"removed,omitempty"` // of them those that the retention removed
	BodySHA256 string     `json:"body_sha256"`       // of the data that was sent last, as hex
	CreatedAt  *time.Time `json:"created_at"`
	NextTry    *time.Time `json:"next_try"` // when a batch of unknown fate is sent again at the earliest; null for others
	Children   []uint64   `json:"children"`
	Attempts   []Attempt  `json:"attempts"`
	// Resolution is a person's word about its fate; absent when nobody had to give one.
	Resolution *Resolution `json:"resolution,omitempty"`
}

// Resolution is a person's word about a batch of unknown fate.
type Resolution struct {
	At   *time.Time `json:"at"`
	By   string     `json:"by"`
	Sent bool       `json:"sent"`
	Note string     `json:"note,omitempty"`
}

// Attempt is one HTTP try of a batch.
type Attempt struct {
	N              int        `json:"n"`
	StartedAt      *time.Time `json:"started_at"`
	EndedAt        *time.Time `json:"ended_at"`
	End            string     `json:"end"`
	HTTPStatus     int        `json:"http_status"`
	EventsReceived int        `json:"events_received"`
	Code           int        `json:"code"`
	Subcode        int        `json:"subcode"`
	FBTraceID      string     `json:"fbtrace_id"`
	Messages       []string   `json:"messages,omitempty"`
	Error          string     `json:"error,omitempty"`
}

// File is one import in a history.
type File struct {
	File       uint64           `json:"file"`
	Name       string           `json:"name"`
	Source     string           `json:"source"`
	State      string           `json:"state"`
	Reason     string           `json:"reason,omitempty"`
	SHA256     string           `json:"sha256"`
	Size       int64            `json:"size"`
	Counts     store.FileCounts `json:"counts"`
	Removed    uint64           `json:"removed,omitempty"` // events of it that the retention removed
	StartedAt  *time.Time       `json:"started_at"`
	EndedAt    *time.Time       `json:"ended_at"`
	ArchivedAs string           `json:"archived_as"`
	Rejects    string           `json:"rejects_path"`
	Receipt    string           `json:"receipt_path"` // the page for whoever dropped it; "" when there is none
	Mends      uint64           `json:"mends"`        // the file whose rejected records it brings back; 0 for none
}

// Filter makes a query of events ready for the outbox. Its errors are those of Events.
func (r *Reader) Filter(ctx context.Context, q Query) (store.Filter, error) {
	f, err := r.filter(ctx, q, false)
	if err != nil {
		return f, err
	}
	switch {
	case f.FileName != "":
		f.File, err = r.fileNamed(ctx, f.FileName)
		f.FileName = ""
	case f.File != 0:
		if _, err = r.store.File(ctx, f.File); err != nil {
			err = looked("file", f.File, err)
		}
	}
	if err != nil || f.Source == "" {
		return f, err
	}
	files, err := collect(ctx, store.Filter{Source: f.Source, Limit: 1}, r.store.Files, r.file)
	if err == nil && len(files.Items) == 0 {
		err = missing(fmt.Sprintf("no file was read by a source named %q", f.Source))
	}
	return f, err
}

// Events returns a page of events, the newest import first. The error is a *UsageError when a filter cannot be read, and
// store.ErrNotFound when it names a dataset, a file or a batch that does not exist: an empty page would pass for an answer.
func (r *Reader) Events(ctx context.Context, q Query) (List[Event], error) {
	return r.Search(ctx, q, nil)
}

// Search is Events for a search that may take long. tell, which may be nil, hears how many events were looked at, and how many
// there are in all datasets.
func (r *Reader) Search(ctx context.Context, q Query, tell func(looked, of uint64)) (List[Event], error) {
	f, err := r.Filter(ctx, q)
	if err != nil || tell == nil {
		if err != nil {
			return List[Event]{}, err
		}
		return collect(ctx, f, r.store.Events, r.event)
	}
	counts, err := r.store.Counts(ctx, time.Time{})
	if err != nil {
		return List[Event]{}, fmt.Errorf("counting the events: %w", err)
	}
	var all, looked uint64
	for _, d := range counts.Datasets {
		for _, n := range d.Events {
			all += n
		}
	}
	read := func(ctx context.Context, f store.Filter) (store.Page[store.EventEntry], error) {
		page, err := r.store.Events(ctx, f)
		looked += page.Looked
		tell(looked, max(all, looked))
		return page, err
	}
	return collect(ctx, f, read, r.event)
}

// fileNamed is the number of the file with this base name: there may be several, and the newest is the one meant.
func (r *Reader) fileNamed(ctx context.Context, name string) (uint64, error) {
	files, err := collect(ctx, store.Filter{FileName: name, Limit: 1}, r.store.Files, r.file)
	if err != nil {
		return 0, err
	}
	if len(files.Items) == 0 {
		return 0, missing(fmt.Sprintf("no file named %q was imported", name))
	}
	return files.Items[0].File, nil
}

// Batches returns a page of batches, newest first. Its errors are those of Events.
func (r *Reader) Batches(ctx context.Context, q Query) (List[Batch], error) {
	f, err := r.filter(ctx, q, true)
	if err != nil {
		return List[Batch]{}, err
	}
	if f.Batch != 0 {
		if _, err := r.store.Batch(ctx, f.Batch); err != nil {
			return List[Batch]{}, looked("batch", f.Batch, err)
		}
	}
	return collect(ctx, f, r.store.Batches, r.batch)
}

// Files returns a page of files, newest first. Its errors are those of Events.
func (r *Reader) Files(ctx context.Context, q Query) (List[File], error) {
	f, err := r.filter(ctx, q, false)
	if err != nil {
		return List[File]{}, err
	}
	if f.FileName != "" {
		if _, err := r.fileNamed(ctx, f.FileName); err != nil {
			return List[File]{}, err
		}
	}
	if f.File != 0 {
		if _, err := r.store.File(ctx, f.File); err != nil {
			return List[File]{}, looked("file", f.File, err)
		}
	}
	return collect(ctx, f, r.store.Files, r.file)
}

// missing is a sentence about what is not there, store.ErrNotFound to whoever asks what kind of error it is.
type missing string

// Error is the sentence.
func (m missing) Error() string { return string(m) }

// Is reports whether target is store.ErrNotFound.
func (m missing) Is(target error) bool { return target == store.ErrNotFound }

// looked is the error of looking for a file or a batch by its number.
func looked(what string, n uint64, err error) error {
	if errors.Is(err, store.ErrRemoved) {
		return missing(fmt.Sprintf("%s %d was removed, because it was older than retention.history says", what, n))
	}
	if errors.Is(err, store.ErrNotFound) {
		return missing(fmt.Sprintf("there is no %s %d", what, n))
	}
	return fmt.Errorf("looking for %s %d: %w", what, n, err)
}

// collect fills a page. The outbox may return short pages to stay out of an import's way; a person expects a full one.
func collect[S, T any](ctx context.Context, f store.Filter, read func(context.Context, store.Filter) (store.Page[S], error), shape func(S) T) (List[T], error) {
	if f.Limit == 0 {
		f.Limit = 100
	}
	list := List[T]{Items: []T{}}
	for want := f.Limit; ; {
		page, err := read(ctx, f)
		if err != nil {
			return list, fmt.Errorf("reading the history: %w", err)
		}
		for _, s := range page.Items {
			list.Items = append(list.Items, shape(s))
		}
		if page.Next == "" {
			return list, nil
		}
		if len(list.Items) >= want {
			list.Next = &page.Next
			return list, nil
		}
		f.Cursor, f.Limit = page.Next, want-len(list.Items)
		if err := ctx.Err(); err != nil {
			return list, err
		}
	}
}

func (r *Reader) event(e store.EventEntry) Event {
	return Event{EventID: e.EventID, EventName: e.EventName, Dataset: e.Dataset, State: e.State.String(),
		Reason: reason(e), EventTime: r.unix(e.EventTime), Deadline: r.unix(e.Deadline),
		ImportedAt: r.instant(e.ImportedAt), File: e.File, FileName: e.FileName, Line: e.Line, RecordKey: e.RecordKey, Batch: e.Batch,
		Halted: e.Halted}
}

// ReasonOf is the code that explains the state of an event, as the lists show it; "" when the state says it all.
func ReasonOf(e store.EventEntry) string { return reason(e) }

// reason is the code that explains the state; "" when the state says it all.
func reason(e store.EventEntry) string {
	switch {
	case e.State == store.StateExpired && e.Late:
		return string(event.ReasonTooOld)
	case e.State == store.StateExpired && e.PossiblySent:
		return string(event.ReasonExpiredPossiblySent)
	case e.State == store.StateExpired:
		return string(event.ReasonExpiredWaiting)
	case e.State == store.StateHeld && e.Reason == "":
		return string(event.ReasonFateUnknown)
	case e.State == store.StateRejected && e.RejectSubcode != 0:
		return fmt.Sprintf("%s_%d", event.ReasonRejectedByMeta, e.RejectSubcode)
	case e.State == store.StateRejected && e.RejectCode != 0:
		return fmt.Sprintf("%s_%d", event.ReasonRejectedByMeta, e.RejectCode)
	}
	return string(e.Reason)
}

func (r *Reader) batch(b store.Batch) Batch {
	out := Batch{Batch: b.Number, Parent: b.Parent, Dataset: b.Dataset, State: b.State.String(), Events: b.Events, Removed: b.Removed,
		CreatedAt: r.instant(b.CreatedAt), Children: append([]uint64{}, b.Children...), Attempts: []Attempt{}}
	if b.State == store.BatchUnknown {
		out.NextTry = r.instant(b.NextTry)
	}
	if w := b.Resolution; w != nil {
		out.Resolution = &Resolution{At: r.instant(w.At), By: w.By, Sent: w.Sent, Note: w.Note}
	}
	for _, a := range b.Attempts {
		out.BodySHA256 = hex.EncodeToString(a.BodySHA256[:])
		out.Attempts = append(out.Attempts, Attempt{N: a.N, StartedAt: r.instant(a.StartedAt), EndedAt: r.instant(a.EndedAt),
			End: a.End, HTTPStatus: a.HTTPStatus, EventsReceived: a.EventsReceived, Code: a.Code, Subcode: a.Subcode,
			FBTraceID: a.FBTraceID, Messages: a.Messages, Error: a.Error})
	}
	return out
}

func (r *Reader) file(f store.File) File {
	return File{File: f.Number, Name: strings.ToValidUTF8(f.Name, "\uFFFD"), Source: f.Source, State: f.State.String(),
		Reason: f.Reason, SHA256: hex.EncodeToString(f.SHA256[:]), Size: f.Size, Counts: f.Counts, Removed: f.Removed,
		StartedAt: r.instant(f.StartedAt), EndedAt: r.instant(f.EndedAt), ArchivedAs: f.ArchivedAs, Rejects: f.Rejects,
		Receipt: f.Receipt, Mends: f.Mends}
}
