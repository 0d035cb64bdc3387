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
		{Name: "event_time", Value: func(e Event) string { return moment(e.EventTime) },
			Exact: func(e Event) string { return instant(e.EventTime) }},
		{Name: "dataset", Value: func(e Event) string { return e.Dataset }, Hide: true},
		{Name: "deadline", Value: func(e Event) string { return instant(e.Deadline) }, Hide: true},
		{Name: "imported_at", Value: func(e Event) string { return instant(e.ImportedAt) }, Hide: true},
		{Name: "file", Value: func(e Event) string { return number(e.File) }, Right: true},
		{Name: "file_name", Value: func(e Event) string { return e.FileName }, Hide: true},
		{Name: "line", Value: func(e Event) string { return number(e.Line) }, Right: true},
		{Name: "record_key", Value: func(e Event) string { return e.RecordKey }},
		{Name: "batch", Value: func(e Event) string { return number(e.Batch) }, Right: true},
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
		{Name: "batch", Value: func(b Batch) string { return number(b.Batch) }, Right: true},
		{Name: "parent", Value: func(b Batch) string { return number(b.Parent) }, Right: true},
		{Name: "dataset", Value: func(b Batch) string { return b.Dataset }},
		{Name: "state", Value: func(b Batch) string { return b.State }},
		{Name: "events", Value: func(b Batch) string { return strconv.Itoa(b.Events) }, Right: true},
		{Name: "created_at", Value: func(b Batch) string { return moment(b.CreatedAt) },
			Exact: func(b Batch) string { return instant(b.CreatedAt) }},
		{Name: "attempts", Value: func(b Batch) string { return strconv.Itoa(len(b.Attempts)) }, Right: true},
		{Name: "last_end", Value: func(b Batch) string { return last(b).End }},
		{Name: "http_status", Value: func(b Batch) string { return number(uint64(last(b).HTTPStatus)) }, Right: true},
		{Name: "code", Value: func(b Batch) string { return number(uint64(last(b).Code)) }, Hide: true},
		{Name: "subcode", Value: func(b Batch) string { return number(uint64(last(b).Subcode)) }, Hide: true},
		{Name: "fbtrace_id", Value: func(b Batch) string { return last(b).FBTraceID }},
		{Name: "body_sha256", Value: func(b Batch) string { return b.BodySHA256 }, Hide: true},
		{Name: "next_try", Rare: true, Value: func(b Batch) string { return moment(b.NextTry) },
			Exact: func(b Batch) string { return instant(b.NextTry) }},
	}
}

// FileColumns are the columns of a list of files.
func FileColumns() []Column[File] {
	count := func(name string, of func(store.FileCounts) uint64) Column[File] {
		return Column[File]{Name: name, Value: func(f File) string { return strconv.FormatUint(of(f.Counts), 10) }, Right: true}
	}
	return []Column[File]{
		{Name: "file", Value: func(f File) string { return number(f.File) }, Right: true},
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
		{Name: "started_at", Value: func(f File) string { return moment(f.StartedAt) },
			Exact: func(f File) string { return instant(f.StartedAt) }},
		{Name: "mends", Rare: true, Value: func(f File) string { return number(f.Mends) }, Right: true},
		{Name: "reason", Value: func(f File) string { return f.Reason }, Hide: true},
		{Name: "size", Value: func(f File) string { return strconv.FormatInt(f.Size, 10) }, Hide: true},
		{Name: "sha256", Value: func(f File) string { return f.SHA256 }, Hide: true},
		{Name: "archived_as", Value: func(f File) string { return f.ArchivedAs }, Hide: true},
		{Name: "rejects_path", Value: func(f File) string { return f.Rejects }, Hide: true},
		{Name: "receipt_path", Value: func(f File) string { return f.Receipt }, Hide: true},
	}
}

// moment is an instant as people read it, "" when there is none.
func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format("2006-01-02 15:04:05 -07:00")
}

// instant is an instant as programs read it, "" when there is none.
func instant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

// number is a number, "" for 0: an empty cell says that there is none.
func number(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}
