package importer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/xuri/excelize/v2"

	"capibara/event"
	"capibara/store"
)

// What holds where several features meet: lines that are joined, workbooks, rejects that come back.

const tillOf = `
name: till
dataset: main
record_key: [Receipt]
action_source: physical_store
event_name: Purchase
currency: EUR
`

// failingPeople fails to register files of people while fail says so.
type failingPeople struct {
	store.Importing
	fail *bool
}

func (s failingPeople) OpenFile(ctx context.Context, f store.NewFile, now time.Time) (store.File, error) {
	if f.Source == "contacts" && *s.fail {
		return store.File{}, errors.New("no space left on device")
	}
	return s.Importing.OpenFile(ctx, f, now)
}

func TestDealsWaitForPeopleWhoseImportFailed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, joining(t, contacts), joining(t, deals))
	fail := true
	h.c.Store = failingPeople{h.db, &fail}
	inbox := filepath.Join(h.home, "inbox")
	h.c.Folders.Inbox = inbox
	if err := os.Mkdir(inbox, 0o700); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	for name, text := range map[string]string{"contacts.csv": contactsFile, "deals.csv": dealsFile} {
		path := filepath.Join(inbox, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	b, err := NewInbox(InboxConfig{Importer: h.Importer, Dir: inbox, Log: zerolog.Nop(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // while it has failed, and while it waits to be tried again
		reports, err := b.Sweep(t.Context())
		if err == nil || len(reports) != 0 || !strings.Contains(strings.Join(b.Waiting(), "\n"), "deals.csv waits for the people in contacts.csv") {
			t.Fatalf("%v, %d reports, waiting: %q", err, len(reports), b.Waiting())
		}
	}
	fail, now = false, now.Add(time.Hour)
	var names []string
	for range 2 {
		reports, err := b.Sweep(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range reports {
			names = append(names, r.File.Name)
		}
	}
	if fmt.Sprint(names) != "[contacts.csv deals.csv]" {
		t.Errorf("imported %v", names)
	}
}

// spreadsheet is a workbook with one sheet.
func spreadsheet(t *testing.T, sheet string, rows ...[]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// took imports a file that must not be refused.
func (h house) took(t *testing.T, m *Mapping, name string, data []byte) Report {
	t.Helper()
	r, err := h.Import(t.Context(), Input{Path: h.write(t, name, data), Mapping: m})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// rejectsOfFile is a file that a report names.
func (h house) rejectsOfFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(h.home, filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestDroppedRowLeavesNothingToTheNext(t *testing.T) {
	t.Parallel()
	head := []any{"Receipt", "Date", "Amount", "Email", "Phone"}
	large := []any{"R1", "2026-11-20", 1.5, "anna@example.com", nil}
	for i := range 40 {
		head = append(head, fmt.Sprintf("N%d", i))
		large = append(large, strings.Repeat("n", 32_000))
	}
	rows := [][]any{head, {"R1", "2026-11-20", 1.5, "anna@example.com", "+31612345678"}, large, {"R1", "2026-11-20", 1.5, "anna@example.com"},
		{"R2", "2026-11-20", 5, "bert@example.com"}}
	m := compiled(t, tillOf+"group_by: {key: record_key, value: sum}")
	h := newHouse(t)
	r := h.took(t, m, "till.xlsx", spreadsheet(t, "S", rows...))
	alone := newHouse(t)
	want := alone.took(t, m, "till.xlsx", spreadsheet(t, "S", head, rows[4]))
	if got, want := h.sent(t, r.File.Number), alone.sent(t, want.File.Number); len(got) != 1 || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestArticleCalledTotalBelongsToItsRecord(t *testing.T) {
	t.Parallel()
	m := compiled(t, tillOf+"group_by: {key: record_key, value: sum}")
	r := newHouse(t).took(t, m, "till.csv", []byte(`Item,Receipt,Date,Email,Amount
Shoes,R1,2026-11-20,a@example.com,10.00
Total,R1,2026-11-20,a@example.com,5.00
Socks,R1,2026-11-20,a@example.com,2.00
Total,R2,2026-11-20,a@example.com,5.00
Socks,R2,2026-11-20,a@example.com,2.00
Total,,,,24.00
`))
	if c := r.File.Counts; c.Accepted != 2 || c.Skipped != 1 || c.Records != 3 || r.Sums[0].Sum != "24.00" {
		t.Errorf("%+v %+v", c, r.Sums)
	}
}

func TestNumbersOfIDsComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	for _, decimal := range []string{"", "decimal: ','"} {
		m := compiled(t, tillOf+decimal)
		h := newHouse(t)
		head := []any{"Receipt", "Date", "Email", "Amount"}
		r := h.took(t, m, "till.xlsx", spreadsheet(t, "S", head, []any{2026.001, "2026-11-20", "anna@example.com", "x"}))
		h.took(t, m, "till.rejects.csv", bytes.Replace(h.rejectsOfFile(t, r.File.Rejects), []byte(",x,"), []byte(",7,"), 1))
		r = h.took(t, m, "whole.xlsx", spreadsheet(t, "S", head, []any{2026.001, "2026-11-20", "anna@example.com", 7}))
		if c := r.File.Counts; c.Duplicate != 1 {
			t.Errorf("%q: the corrected whole file: %+v", decimal, c)
		}
	}
}

func TestNobodyIsSentOnAnothersConsent(t *testing.T) {
	t.Parallel()
	m := compiled(t, tillOf+"group_by: record_key\nconsent: Opt-in")
	h := newHouse(t)
	r := h.took(t, m, "till.csv", []byte(`Receipt,Date,Email,Amount,Opt-in
R1,2026-11-20,anna@example.com,10.00,
R1,2026-11-20,bert@example.com,10.00,yes
R2,2026-11-20,bert@example.com,10.00,yes
R2,2026-11-20,anna@example.com,10.00,no
R3,2026-11-20,anna@example.com,10.00,no
`))
	if c := r.File.Counts; c.Accepted != 2 || c.Skipped != 1 {
		t.Fatalf("%+v %+v", c, r.Reasons)
	}
	for _, e := range events(t, h) {
		if !e.User.HasHash(event.Email, sha256.Sum256([]byte("bert@example.com"))) || e.User.HasHash(event.Email, sha256.Sum256([]byte("anna@example.com"))) {
			t.Errorf("%s", e.AppendJSON(nil))
		}
	}
}

func TestRejectsOfANamedSheetComeBack(t *testing.T) {
	t.Parallel()
	m := compiled(t, tillOf+"sheet: Orders\ndelimiter: ';'")
	h := newHouse(t)
	rows := [][]any{{"Receipt", "Date", "Email", "Amount"}, {"R1", "2026-11-20", "anna@example.com", "x"}}
	for i := range 30 {
		rows = append(rows, []any{fmt.Sprintf("S%d", i), "2026-11-20", "bert@example.com", 5.5})
	}
	r := h.took(t, m, "till.xlsx", spreadsheet(t, "Orders", rows...))
	for _, path := range []string{r.File.Rejects, r.RejectsBook} {
		again := newHouse(t).took(t, m, filepath.Base(path), h.rejectsOfFile(t, path))
		if c := again.File.Counts; c.Records != 1 || c.Rejected != 1 || again.Reasons[0].Reason != event.ReasonNumberUnreadable {
			t.Errorf("%s: %+v %+v", path, c, again.Reasons)
		}
	}
}

func TestPartlyMendedRejectsAreTaken(t *testing.T) {
	t.Parallel()
	m := compiled(t, tillOf)
	h := newHouse(t)
	var b strings.Builder
	b.WriteString("Receipt,Date,Email,Amount\n")
	for i := range 300 {
		fmt.Fprintf(&b, "R%d,2026-11-20,p%d@example.com,%s\n", i, i, map[bool]string{true: "x", false: "10.00"}[i >= 275])
	}
	r := h.took(t, m, "till.csv", []byte(b.String()))
	r = h.took(t, m, "till.rejects.csv", bytes.Replace(h.rejectsOfFile(t, r.File.Rejects), []byte(",x,"), []byte(",10.00,"), 20))
	if c := r.File.Counts; c.Accepted != 20 || c.Rejected != 5 {
		t.Errorf("%+v", c)
	}
}

func TestPlaceOfALargeRecordSpoilsNoOther(t *testing.T) {
	t.Parallel()
	for _, groups := range []string{"", "group_by: {key: record_key, value: sum}"} {
		m := compiled(t, tillOf+groups)
		h := newHouse(t)
		r := h.took(t, m, "till.csv", []byte("Receipt,Date,Email,Amount\nR1,2026-11-20,a@example.com,x\nR2,2026-11-20,b@example.com,"+strings.Repeat("z", 1_100_000)+"\n"))
		r = h.took(t, m, "till.rejects.csv", bytes.Replace(h.rejectsOfFile(t, r.File.Rejects), []byte(",x,"), []byte(",10.00,"), 1))
		if c := r.File.Counts; c.Accepted != 1 || c.Skipped != 1 || c.Rejected != 0 {
			t.Errorf("%q: %+v %+v", groups, c, r.Reasons)
		}
	}
}
