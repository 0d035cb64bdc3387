package importer

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"capibara/store"
)

// TestResumeGroups stops an import of records of several lines between any two of its chunks.
func TestResumeGroups(t *testing.T) {
	t.Parallel()
	data := ordersFile(chunkRecords + 500)
	whole := newHouse(t, compiled(t, orders))
	want, err := whole.Import(t.Context(), Input{Path: whole.write(t, "orders.csv", data)})
	if err != nil {
		t.Fatal(err)
	}
	if want.File.Counts.Accepted == 0 || want.File.Counts.Rejected == 0 || want.File.Counts.Skipped == 0 {
		t.Fatalf("not every kind of record is there: %+v", want.File.Counts)
	}
	wantRejects, err := os.ReadFile(filepath.Join(whole.home, want.File.Rejects))
	if err != nil {
		t.Fatal(err)
	}
	for chunks := range 2 {
		t.Run(fmt.Sprint(chunks), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, compiled(t, orders))
			path := h.write(t, "orders.csv", data)
			h.c.Store = &failing{Importing: h.db, chunks: chunks}
			broken, err := h.Import(t.Context(), Input{Path: path})
			if !errors.Is(err, errPower) {
				t.Fatalf("got %v", err)
			}
			h.c.Store = h.db
			got, err := h.Import(t.Context(), Input{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want.File.Counts, got.File.Counts); d != "" || got.File.Number != 1 || broken.Events+got.Events != want.Events {
				t.Errorf("%d and %d events, want %d; -in one go +resumed:\n%s", broken.Events, got.Events, want.Events, d)
			}
			if rejects, err := os.ReadFile(filepath.Join(h.home, got.File.Rejects)); err != nil || string(rejects) != string(wantRejects) {
				t.Errorf("the rejects file has %d bytes, want %d: %v", len(rejects), len(wantRejects), err)
			}
			h.checked(t)
		})
	}
}

// TestMendedGroupsComeBack mends the damaged lines in the rejects file: all records are there, each with its whole amount.
func TestMendedGroupsComeBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, orders))
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "orders.csv", ordersFile(70))})
	if err != nil || r.File.Counts.Accepted != 66 || r.File.Counts.Rejected != 4 {
		t.Fatalf("%+v, %v", r.File.Counts, err)
	}
	rejects, err := os.ReadFile(filepath.Join(h.home, r.File.Rejects))
	if err != nil {
		t.Fatal(err)
	}
	mended := strings.ReplaceAll(string(rejects), ",too much", "")
	again, err := h.Import(t.Context(), Input{Path: h.write(t, "orders.rejects.csv", []byte(mended))})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(store.FileCounts{Records: 4, Accepted: 4}, again.File.Counts); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	clean := strings.ReplaceAll(string(ordersFile(70)), ",too much", "")
	last, err := h.Import(t.Context(), Input{Path: h.write(t, "orders.clean.csv", []byte(clean))})
	if err != nil || last.File.Counts.Duplicate != 70 {
		t.Errorf("the whole file is not the same: %+v, %v", last.File.Counts, err)
	}
	h.checked(t)
}

func TestGroupByIsHeldToItsWords(t *testing.T) {
	t.Parallel()
	source := strings.Replace(orders, "group_by: {key: record_key, value: sum}\n", "", 1)
	for text, want := range map[string]string{
		source + "group_by: Order\n":                                              `group_by: "Order" is not known`,
		source + "group_by: {key: record_key, value: max}\n":                      `group_by: value "max" is not known`,
		source + "group_by: record_key\nformat: jsonl\n":                          "format is jsonl",
		strings.Replace(orders, "columns: {", "columns: {item_number: Line, ", 1): "has no item_number",
		strings.Replace(orders, "record_key: [Order]\n", "", 1):                   "name the columns under record_key",
	} {
		s := readSource(t, []byte(text))
		_, err := s.Compile(Defaults{Datasets: map[string]string{"main": "1234567890"}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	for _, text := range []string{source + "group_by: record_key\n", orders} {
		s := readSource(t, []byte(text))
		written, err := yaml.Marshal(struct {
			GroupBy GroupBy `yaml:"group_by"`
		}{s.GroupBy})
		if err != nil {
			t.Fatal(err)
		}
		if back := readSource(t, written); back.GroupBy != s.GroupBy {
			t.Errorf("%v is written as %q and read as %v", s.GroupBy, written, back.GroupBy)
		}
	}
}

// TestGroupsApart refuses a file in which the lines of a record stand apart, also when one of them is damaged, and not
// when two damaged lines seem to have one key.
func TestGroupsApart(t *testing.T) {
	t.Parallel()
	const header = "Order,Date,Email,Amount,Sku\n"
	line := func(key string) string { return key + ",2026-11-20,p@example.com,1.00,A\n" }
	for name, test := range map[string]struct{ text, want string }{
		"apart":              {line("R1") + line("R2") + line("R1"), "lines 2 and 4 have the same Order"},
		"two forms of an id": {line("0065g00000ABCde") + line("R2") + line("0065g00000ABCdeAAH"), "lines 2 and 4 have the same Order"},
		"the later damaged":  {line("R1") + line("R2") + "R1,2026-11-20,p@example.com,1.00\n", "lines 2 and 4 have the same Order"},
		"the first damaged":  {"R1,2026-11-20,p@example.com,1.00\n" + line("R2") + line("R1"), "lines 2 and 4 have the same Order"},
		"both damaged":       {"NL,2026-11-20,p@example.com,1.00\n" + line("R2") + "NL,2026-11-20,p@example.com,1.00\n", ""},
		"together":           {line("R1") + line("R1") + line("R2"), ""},
		"an empty line":      {line("R1") + "\n" + line("R1") + line("R2"), ""},
	} {
		h := newHouse(t, compiled(t, orders))
		_, err := h.Import(t.Context(), Input{Path: h.write(t, "orders.csv", []byte(header+test.text))})
		var no *RefusedError
		switch {
		case test.want == "" && err != nil, test.want != "" && !errors.As(err, &no):
			t.Errorf("%s: %v", name, err)
		case test.want != "" && (!strings.Contains(no.Reason, test.want) || !strings.Contains(no.Hint, "Sort the export by Order")):
			t.Errorf("%s: %q, %q", name, no.Reason, no.Hint)
		}
		h.checked(t)
	}
}

// TestGroupsInAWorkbook joins the rows of a sheet. Its numbers are numbers: 1.234 is no thousand there, and a row ends with
// its last cell that holds anything.
func TestGroupsInAWorkbook(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range [][]any{
		{"Receipt", "Date", "Email", "Amount", "Sku"},
		{"R1", "2026-11-20T10:00:00Z", "anna@example.com", 1.234, "A"},
		{"R1", "2026-11-20T10:00:00Z", nil, 2},
		{"R2", "2026-11-20T10:00:00Z", "bert@example.com", 5, "B"},
	} {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.xlsx", b.Bytes()), Mapping: compiled(t, `
name: till
dataset: main
record_key: [Receipt]
action_source: physical_store
event_name: Purchase
currency: EUR
columns: {contents.id: Sku}
group_by: {key: record_key, value: sum}
`)})
	if err != nil {
		t.Fatal(err)
	}
	h.checked(t)
	if c := r.File.Counts; c.Records != 2 || c.Accepted != 2 {
		t.Errorf("%+v %+v", c, r.Reasons)
	}
	if len(r.Sums) != 1 || r.Sums[0].Sum != "8.234" {
		t.Errorf("sums %+v", r.Sums)
	}
}
