package importer

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"capibara/event"
	"capibara/store"
)

// TestErasedPeopleStayOut imports files that name people who were erased, and holds what is counted, kept and archived.
func TestErasedPeopleStayOut(t *testing.T) {
	t.Parallel()
	const source = `{name: deals, files: ["deals*"], dataset: main, record_key: [Order], action_source: physical_store, event_name: Purchase, country: NL,
on_no_longer_qualified: withdraw, columns: {event_time: Date, value: Total, email: Mail, phone: Tel}, currency: EUR}`
	const people = `{name: contacts, kind: people, files: ["contacts*"], record_key: [Id], columns: {email: Mail, external_id: Id}}`
	byID := strings.Replace(source, "record_key: [Order], ", "", 1)
	byID = strings.Replace(byID, "event_time: Date", "event_id: Order, event_time: Date", 1)
	const head = "Order,Date,Total,Mail,Tel\n"
	const bert = "2,2026-11-20,10,bert@example.com,\n"
	for _, c := range []struct {
		name, file, source, text string
		want                     store.FileCounts
		skipped                  int
		archived                 string // "" when it is the file itself
	}{
		{"nobody", "deals.csv", source, head + bert, store.FileCounts{Records: 1, Accepted: 1}, 0, ""},
		{"a good record", "deals.csv", source, head + bert + "1,2026-11-20,10,Anna@example.com,\n", store.FileCounts{Records: 2, Accepted: 1, Skipped: 1}, 1,
			head + bert + " ,          ,  ,                ,\n"},
		{"one that would be rejected", "deals.csv", source, head + bert + "1,yesterday,10,,0612345678\n", store.FileCounts{Records: 2, Accepted: 1, Skipped: 1}, 1,
			head + bert + " ,         ,  ,,          \n"},
		{"one that nobody can read", "deals.csv", source, head + bert + bert + "1,anna@example.com\n", store.FileCounts{Records: 3, Accepted: 1, Duplicate: 1, Rejected: 1}, 0,
			head + bert + bert + " ,                \n"},
		{"people", "contacts.csv", people, "Id,Mail\nC-17,\nC-2,bert@example.com\nC-3,anna@example.com\n", store.FileCounts{Records: 3, Accepted: 1, Skipped: 2}, 2,
			"Id,Mail\n    ,\nC-2,bert@example.com\n   ,                \n"},
		{"an event by its id", "deals.csv", byID, "Order,Date,Total,Mail,Tel\norder-9,2026-11-20,10,carl@example.com,\n" + bert, store.FileCounts{Records: 2, Accepted: 1, Skipped: 1}, 1,
			"Order,Date,Total,Mail,Tel\n       ,          ,  ,                ,\n" + bert},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := compiled(t, c.source)
			h := newHouse(t, m)
			h.c.Suppressed = func() *event.Suppression { return annas().People }
			path := h.write(t, c.file, []byte(c.text))
			report, err := h.Import(t.Context(), Input{Path: path, Archive: true})
			if err != nil {
				t.Fatal(err)
			}
			if report.File.Counts != c.want {
				t.Errorf("the counts are %+v, want %+v", report.File.Counts, c.want)
			}
			skipped := 0
			for _, r := range report.Reasons {
				if r.Reason == event.ReasonPersonErased && r.Fate == store.FateSkipped {
					skipped = int(r.Count)
				}
			}
			if skipped != c.skipped {
				t.Errorf("%d records were skipped as those of erased people, want %d", skipped, c.skipped)
			}
			want := c.archived
			if want == "" {
				want = c.text
			}
			if got, err := os.ReadFile(filepath.Join(h.home, report.File.ArchivedAs)); err != nil || string(got) != want {
				t.Errorf("the archive has %q, %v; want %q", got, err, want)
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Error("the file is still where it was dropped")
			}
			h.without(t, "anna@example.com", "0612345678")
			h.checked(t)
		})
	}
	t.Run("a workbook is not archived", func(t *testing.T) {
		h := newHouse(t, compiled(t, source))
		h.c.Suppressed = func() *event.Suppression { return annas().People }
		path := h.write(t, "deals.xlsx", spreadsheet(t, "Deals", []any{"Order", "Date", "Total", "Mail", "Tel"},
			[]any{"1", "2026-11-20", 10, "anna@example.com", ""}, []any{"2", "2026-11-20", 10, "bert@example.com", ""}))
		report, err := h.Import(t.Context(), Input{Path: path, Archive: true})
		if err != nil || report.File.ArchivedAs != "" || report.File.Counts.Accepted != 1 || report.File.Counts.Skipped != 1 {
			t.Errorf("%+v, %v", report.File, err)
		}
		h.without(t, "anna@example.com")
		if !strings.Contains(h.log.String(), "not archived") {
			t.Errorf("nothing says so: %s", h.log)
		}
	})
}

// without fails the test when a file of the home holds one of the texts.
func (h house) without(t *testing.T, texts ...string) {
	t.Helper()
	err := filepath.WalkDir(h.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, text := range texts {
			if bytes.Contains(data, []byte(text)) {
				t.Errorf("%s holds %s", path, text)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
