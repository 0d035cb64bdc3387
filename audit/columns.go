package audit

import (
	"strconv"
	"time"

	"capibara/store"
)

// Column is one column of a list.
type Column[T any] struct {
	Name  string // as CSV's header
	Value func(T) string
	Exact func(T) string // what programs get instead; nil for the same
	Hide  bool           // too much for a table; CSV has it
	Rare  bool           // a table has it when an entry does
	Right bool           // a number
}

// Whole is the cell as programs and spreadsheets have it.
func (c Column[T]) Whole(entry T) string {
	if c.Exact != nil {
		return c.Exact(entry)
	}
	return c.Value(entry)
}

// EventColumns are the columns of a list of events.
func EventColumns() []Column[Event] {
	return []Column[Event]{
		{Name: "event_id", Value: func(e Event) string { return e.EventID }},
		{Name: "event_name", Value: func(e Event) string { return e.EventName }},
		{Name: "state", Value: func(e Event) string { return e.State }},
		{Name: "reason", Value: func(e Event) string { return e.Reason }},
		{Name: "event_time", Value: func(e Event) string { return Moment(e.EventTime) },
			Exact: func(e Event) string { return Instant(e.EventTime) }},
		{Name: "dataset", Value: func(e Event) string { return e.Dataset }, Hide: true},
		{Name: "deadline", Value: func(e Event) string { return Instant(e.Deadline) }, Hide: true},
		{Name: "imported_at", Value: func(e Event) string { return Instant(e.ImportedAt) }, Hide: true},
		{Name: "file", Value: func(e Event) string { return Number(e.File) }, Right: true},
		{Name: "file_name", Value: func(e Event) string { return e.FileName }, Hide: true},
		{Name: "line", Value: func(e Event) string { return Number(e.Line) }, Right: true},
		{Name: "record_key", Value: func(e Event) string { return e.RecordKey }},
		{Name: "batch", Value: func(e Event) string { return Number(e.Batch) }, Right: true},
	}
}

// BatchColumns are the columns of a list of batches.
func BatchColumns() []Column[Batch] {
	last := func(b Batch) Attempt {
		if len(b.Attempts) == 0 {
			return Attempt{}
		}
		return b.Attempts[len(b.Attempts)-1]
	}
	return []Column[Batch]{
		{Name: "batch", Value: func(b Batch) string { return Number(b.Batch) }, Right: true},
		{Name: "parent", Value: func(b Batch) string { return Number(b.Parent) }, Right: true},
		{Name: "dataset", Value: func(b Batch) string { return b.Dataset }},
		{Name: "state", Value: func(b Batch) string { return b.State }},
		{Name: "events", Value: func(b Batch) string { return strconv.Itoa(b.Events) }, Right: true},
		{Name: "created_at", Value: func(b Batch) string { return Moment(b.CreatedAt) },
			Exact: func(b Batch) string { return Instant(b.CreatedAt) }},
		{Name: "attempts", Value: func(b Batch) string { return strconv.Itoa(len(b.Attempts)) }, Right: true},
		{Name: "last_end", Value: func(b Batch) string { return last(b).End }},
		{Name: "http_status", Value: func(b Batch) string { return Number(uint64(last(b).HTTPStatus)) }, Right: true},
		{Name: "code", Value: func(b Batch) string { return Number(uint64(last(b).Code)) }, Hide: true},
		{Name: "subcode", Value: func(b Batch) string { return Number(uint64(last(b).Subcode)) }, Hide: true},
		{Name: "fbtrace_id", Value: func(b Batch) string { return last(b).FBTraceID }},
		{Name: "body_sha256", Value: func(b Batch) string { return b.BodySHA256 }, Hide: true},
		{Name: "next_try", Rare: true, Value: func(b Batch) string { return Moment(b.NextTry) },
			Exact: func(b Batch) string { return Instant(b.NextTry) }},
	}
}

// FileColumns are the columns of a list of files.
func FileColumns() []Column[File] {
	count := func(name string, of func(store.FileCounts) uint64) Column[File] {
		return Column[File]{Name: name, Value: func(f File) string { return strconv.FormatUint(of(f.Counts), 10) }, Right: true}
	}
	return []Column[File]{
		{Name: "file", Value: func(f File) string { return Number(f.File) }, Right: true},
		{Name: "name", Value: func(f File) string { return f.Name }},
		{Name: "source", Value: func(f File) string { return f.Source }},
		{Name: "state", Value: func(f File) string { return f.State }},
		count("records", func(c store.FileCounts) uint64 { return c.Records }),
		count("accepted", func(c store.FileCounts) uint64 { return c.Accepted }),
		count("duplicate", func(c store.FileCounts) uint64 { return c.Duplicate }),
		count("conflict", func(c store.FileCounts) uint64 { return c.Conflict }),
		count("expired", func(c store.FileCounts) uint64 { return c.Expired }),
		count("skipped", func(c store.FileCounts) uint64 { return c.Skipped }),
		count("rejected", func(c store.FileCounts) uint64 { return c.Rejected }),
		{Name: "started_at", Value: func(f File) string { return Moment(f.StartedAt) },
			Exact: func(f File) string { return Instant(f.StartedAt) }},
		{Name: "mends", Rare: true, Value: func(f File) string { return Number(f.Mends) }, Right: true},
		{Name: "reason", Value: func(f File) string { return f.Reason }, Hide: true},
		{Name: "size", Value: func(f File) string { return strconv.FormatInt(f.Size, 10) }, Hide: true},
		{Name: "sha256", Value: func(f File) string { return f.SHA256 }, Hide: true},
		{Name: "archived_as", Value: func(f File) string { return f.ArchivedAs }, Hide: true},
		{Name: "rejects_path", Value: func(f File) string { return f.Rejects }, Hide: true},
		{Name: "receipt_path", Value: func(f File) string { return f.Receipt }, Hide: true},
	}
}

// Moment is an instant as people read it, "" when there is none.
func Moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format("2006-01-02 15:04:05 -07:00")
}

// Instant is an instant as programs read it, "" when there is none.
func Instant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

// Number is a number, "" for 0: an empty cell says that there is none.
func Number(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}
