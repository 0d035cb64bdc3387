package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strconv"

	"capibara/audit"
)

// listing writes a list: one page, or page by page all of it, of which no more than a page is in memory. Pages go by number
// from the newest down, so that what is imported meanwhile neither shows up nor moves anything.
type listing[T any] struct {
	a          *app
	w          io.Writer
	what       string // such as events
	columns    []audit.Column[T]
	ask        asker[T]
	everything bool
	// besides are the rejected records of a page as entries of the list; nil when it has none.
	besides func(audit.RejectedRecord) T
}

// rows takes in the pages of a list; end follows the last one.
type rows[T any] struct {
	page  func([]T) error
	end   func() error
	close func() error
}

func (l *listing[T]) write(ctx context.Context, h house, q audit.Query) (err error) {
	if l.everything {
		q.Limit = audit.MaxPage
	}
	m := l.a.newMeter("history", l.what)
	defer m.end()
	next := l.teller(m)
	page, err := l.ask(h, ctx, q, next())
	if err != nil {
		return err
	}
	if page.Unrecorded != "" {
		l.a.note("that a person was looked for is not in the audit log: %s", page.Unrecorded)
	}
	if l.w == l.a.stdout && isTerminal(l.a.terminal()) {
		m.end() // a bar would stand between the lines
	}
	if l.a.output == asTable || l.a.output == asJSON {
		m.end()
		return l.single(q, page)
	}
	out, err := l.begin()
	if err != nil {
		return err
	}
	defer func() {
		if cerr := out.close(); err == nil {
			err = cerr
		}
	}()
	var records []T
	if l.besides != nil {
		for _, r := range page.Records {
			records = append(records, l.besides(r))
		}
	}
	for {
		if err := out.page(page.Items); err != nil {
			return err
		}
		if !l.everything || page.Next == nil {
			if err := out.page(records); err != nil {
				return err
			}
			return out.end()
		}
		q.Cursor = *page.Next
		if page, err = l.ask(h, ctx, q, next()); err != nil {
			return err
		}
	}
}

// teller returns what makes, for every page, a teller that goes on counting where the page before ended.
func (l *listing[T]) teller(m *meter) func() func(progress) {
	var before, last int64
	return func() func(progress) {
		before += last
		last = 0
		from := before
		return func(p progress) {
			last = p.Count
			m.tell(progress{Done: from + p.Done, Total: max(p.Total, from+p.Done), Count: from + p.Count})
		}
	}
}

// single writes one page for people, or as one value of JSON.
func (l *listing[T]) single(q audit.Query, page audit.List[T]) error {
	if l.a.output == asJSON {
		return writeJSON(l.w, page)
	}
	shown := *l.a
	if l.w != l.a.stdout {
		shown.stdout = l.w
	}
	if len(page.Items) == 0 {
		shown.line("There are no %s that match.", l.what)
		if (q.RecordKey != "" || q.OrderID != "") && len(page.Records) == 0 && q.Cursor == "" {
			shown.line("A record that was skipped, because it is in another stage or names nobody, leaves no trace by its key: it is counted in\nits file, as `capibara history files` and `capibara show file` tell. What was erased is found by its event_id alone.")
		}
	} else if err := writeList(&shown, l.columns, page.Items); err != nil {
		return err
	}
	if page.Next != nil {
		shown.line("\nThere is more: add --cursor %s, or --limit for longer pages.", *page.Next)
	}
	if len(page.Records) == 0 {
		return nil
	}
	shown.line("\nRejected, so that no event came of it:")
	return writeList(&shown, rejectedColumns(), page.Records)
}

func rejectedColumns() []audit.Column[audit.RejectedRecord] {
	return []audit.Column[audit.RejectedRecord]{
		{Name: "file", Value: func(r audit.RejectedRecord) string { return audit.Number(r.File) }, Right: true},
		{Name: "name", Value: func(r audit.RejectedRecord) string { return r.FileName }},
		{Name: "line", Value: func(r audit.RejectedRecord) string { return audit.Number(r.Line) }, Right: true},
		{Name: "record_key", Value: func(r audit.RejectedRecord) string { return r.RecordKey }},
		{Name: "imported_at", Value: func(r audit.RejectedRecord) string { return audit.Moment(r.ImportedAt) }},
		{Name: "column", Value: func(r audit.RejectedRecord) string { return r.Column }},
		{Name: "reason", Value: func(r audit.RejectedRecord) string { return r.Sentence }},
	}
}

func (l *listing[T]) begin() (rows[T], error) {
	switch l.a.output {
	case asCSV:
		return l.csv()
	case asXLSX:
		return l.book()
	}
	e := json.NewEncoder(l.w)
	e.SetEscapeHTML(false)
	return rows[T]{page: func(entries []T) error {
		for _, entry := range entries {
			if err := e.Encode(entry); err != nil {
				return err
			}
		}
		return nil
	}, end: func() error { return nil }, close: func() error { return nil }}, nil
}

func (l *listing[T]) csv() (rows[T], error) {
	out := audit.NewCSV(l.w, l.columns)
	none := func() error { return nil }
	return rows[T]{page: out.Write, end: none, close: none}, out.Write(nil)
}

func (l *listing[T]) book() (rows[T], error) {
	b, err := newWorkbook()
	if err != nil {
		return rows[T]{}, err
	}
	name := string(l.what[0]-'a'+'A') + l.what[1:]
	if err := b.sheet(name, cells(l.columns, func(c audit.Column[T]) string { return c.Name })...); err != nil {
		return rows[T]{}, errors.Join(err, b.Close())
	}
	return rows[T]{page: func(entries []T) error {
		for _, e := range entries {
			row := make([]any, len(l.columns))
			for i, c := range l.columns {
				row[i] = c.Whole(e)
				if n, err := strconv.ParseUint(c.Whole(e), 10, 53); c.Right && err == nil {
					row[i] = n
				}
			}
			if err := b.add(row...); err != nil {
				return err
			}
		}
		return nil
	}, end: func() error { return b.write(l.w) }, close: b.Close}, nil
}
