package importer

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"capibara/event"
	"capibara/store"
)

// mend imports a file with rejects and returns it with the text of its rejects file.
func (h house) mend(t *testing.T, name string, data []byte) (store.File, string) {
	t.Helper()
	r, err := h.Import(t.Context(), Input{Path: h.write(t, name, data)})
	if err != nil {
		t.Fatal(err)
	}
	rejects, err := os.ReadFile(filepath.Join(h.home, r.File.Rejects))
	if err != nil {
		t.Fatal(err)
	}
	return r.File, string(rejects)
}

func TestMendedRejectsAreLinked(t *testing.T) {
	t.Parallel()
	head := "Receipt,Date,Email,Amount,capibara_line,capibara_reason,capibara_fix,capibara_file\n"
	row := func(n int, file string) string {
		return fmt.Sprintf("N%d,2026-11-20T10:00:00Z,p%d@example.com,5,2,why,fix,%s\n", n, n, file)
	}
	for name, c := range map[string]struct {
		text string
		want uint64
	}{
		"all agree":                  {head + row(1, "1") + row(2, "1"), 1},
		"one was added by hand":      {head + row(1, "1") + row(2, ""), 1},
		"they disagree":              {head + row(1, "1") + row(2, "2"), 0},
		"no number":                  {head + row(1, "one"), 0},
		"a file that there is not":   {head + row(1, "99"), 0},
		"a file without rejects":     {head + row(1, "2"), 0},
		"itself":                     {head + row(1, "3"), 0},
		"nothing":                    {head + row(1, ""), 0},
		"too large":                  {head + row(1, "99999999999999999999999"), 0},
		"a number with white space":  {head + row(1, " 1 "), 1},
		"a column of another name":   {strings.Replace(head, "capibara_file", "file", 1) + row(1, "1"), 0},
		"written as people write it": {strings.Replace(head, "capibara_file", "Capibara File", 1) + row(1, "1"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, compiled(t, till))
			h.mend(t, "till.csv", tillFile(100))
			if _, err := h.Import(t.Context(), Input{Path: h.write(t, "till 2.csv", []byte("Receipt,Date,Email,Amount\nX,2026-11-20T10:00:00Z,x@example.com,5\n"))}); err != nil {
				t.Fatal(err)
			}
			r, err := h.Import(t.Context(), Input{Path: h.write(t, "till mended.csv", []byte(c.text))})
			if err != nil {
				t.Fatal(err)
			}
			if r.File.Mends != c.want || r.File.Counts.Rejected != 0 {
				t.Errorf("it mends file %d, want %d; %+v", r.File.Mends, c.want, r.File.Counts)
			}
			h.checked(t)
		})
	}
}

// What is mended badly is rejected again, with the same columns and the number of the file that came last.
func TestRejectsOfRejects(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till+"country: NL\ncolumns: {phone: Phone}\ncustom_data: {note: Note}\n"))
	_, first := h.mend(t, "till.csv", []byte("Receipt,Date,Email,Phone,Amount,Note\n"+
		"R1,2026-11-20T10:00:00Z,a@example.com,+31 6 12345678,lots,'=x\nR2,2026-11-20T10:00:00Z,b@example.com,0612345679,lots,-\n"))
	half := strings.Replace(first, "lots", "7.25", 1)
	second, again := h.mend(t, "till.1.rejects.csv", []byte(half))
	if second.Mends != 1 || second.Counts != (store.FileCounts{Records: 2, Accepted: 1, Rejected: 1}) {
		t.Errorf("got %+v", second)
	}
	if n := strings.Count(again, "capibara_line"); n != 1 {
		t.Errorf("the header names capibara_line %d times:\n%s", n, again)
	}
	third, err := h.Import(t.Context(), Input{Path: h.write(t, "till.2.rejects.csv", []byte(strings.Replace(again, "lots", "8", 1)))})
	if err != nil {
		t.Fatal(err)
	}
	if third.File.Mends != 2 || third.File.Counts != (store.FileCounts{Records: 1, Accepted: 1}) {
		t.Errorf("got %+v", third.File)
	}
	page, err := h.db.Events(t.Context(), store.Filter{File: 2})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%d events, %v", len(page.Items), err)
	}
	var e event.Event
	if err := e.DecodeBinary(page.Items[0].Payload); err != nil {
		t.Fatal(err)
	}
	if sent := string(e.AppendJSON(nil)); !strings.Contains(sent, `"note":"'=x"`) || !strings.Contains(sent, `"ph"`) {
		t.Errorf("what was guarded became another thing: %s", sent)
	}
	h.checked(t)
}

func TestCorrectedWholeFile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	h.mend(t, "till.csv", tillFile(100))
	whole := strings.ReplaceAll(string(tillFile(100)), "lots", "7.25")
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", []byte(whole))})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(store.FileCounts{Records: 100, Accepted: 4, Duplicate: 76, Skipped: 20}, r.File.Counts); d != "" || r.File.Mends != 0 {
		t.Errorf("mends %d, -want +got:\n%s", r.File.Mends, d)
	}
}

func TestMendedJSONIsLinked(t *testing.T) {
	t.Parallel()
	source := strings.Replace(till, "*till*.csv", "*till*.json", 1)
	h := newHouse(t, compiled(t, source))
	f, rejects := h.mend(t, "till.json", []byte(`[{"Receipt":"R1","Date":"2026-11-20T10:00:00Z","Email":"a@example.com","Amount":"lots"},
		{"Receipt":"R2","Date":"2026-11-20T10:00:00Z","Email":"b@example.com","Amount":"lots"}]`))
	if f.Rejects != "rejected/2026/11/23/till.1.rejects.jsonl" {
		t.Errorf("rejects in %q", f.Rejects)
	}
	second, again := h.mend(t, "till.1.rejects.jsonl", []byte(strings.Replace(rejects, "lots", "5", 1)))
	if second.Mends != 1 || second.Source != "till" || second.Counts != (store.FileCounts{Records: 2, Accepted: 1, Rejected: 1}) {
		t.Errorf("got %+v", second)
	}
	if n := strings.Count(again, "capibara_line"); n != 1 || !jsontext.Value(again).IsValid() {
		t.Errorf("the second rejects: %s", again)
	}
}

func TestWithoutOwn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`:                                 `{}`,
		`{"a":1.50,"b":{"capibara_line":2}}`: `{"a":1.50,"b":{"capibara_line":2}}`,
		`{"capibara_line":2,"a":"\u00e9","capibara_file":3}`: `{"a":"\u00e9"}`,
		`{"a":[1,{"x":2}],"capibara_reason":"r","z":null}`:   `{"a":[1,{"x":2}],"z":null}`,
		`{"capibara_file":1}`:                                `{}`,
	} {
		if got := string(withoutOwn(jsontext.Value(text))); got != want {
			t.Errorf("%s became %s, want %s", text, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	generic := `{name: all, files: ["*"], dataset: main, record_key: [Receipt], action_source: physical_store, event_name: Purchase, currency: EUR}`
	strict := strings.Replace(till, "*till*.csv", "till*.csv", 1)
	h := newHouse(t, compiled(t, strict), compiled(t, `{name: deals, files: ["deals*.csv"], dataset: main, record_key: [Receipt], action_source: physical_store, event_name: Purchase}`))
	h.mend(t, "till.csv", tillFile(100))
	found := func(folder, name string) string {
		m, err := h.Find(t.Context(), folder, name)
		if err != nil {
			if !errors.Is(err, ErrNoSource) {
				t.Error(err)
			}
			return ""
		}
		return m.Name()
	}
	for name, c := range map[string]struct{ folder, name, want string }{
		"its own name":                       {"", "till 2.csv", "till"},
		"the workbook of file 1":             {"", "till.1.rejects.xlsx", "till"},
		"as a browser names a second one":    {"", "till.1.rejects (1).xlsx", "till"},
		"as Windows names a copy":            {"", "till.1.rejects - Copy.csv", "till"},
		"rejects of another home":            {"", "deals.1.rejects.xlsx", "deals"},
		"a file that there is not":           {"", "deals.99.rejects.jsonl", "deals"},
		"a number beyond all":                {"", "deals.99999999999999999999.rejects.csv", "deals"},
		"no source":                          {"", "people.1.rejects.csv", ""},
		"a workbook that is no rejects file": {"", "till.xlsx", ""},
		"a word that only begins so":         {"", "till.1.rejectsfile.xlsx", ""},
		"the folder of a source":             {"Deals", "anything", "deals"},
		"the folder of none":                 {"dealers", "till.csv", ""},
	} {
		if got := found(c.folder, c.name); got != c.want {
			t.Errorf("%s: %q goes to source %q, want %q", name, c.name, got, c.want)
		}
	}
	// The source that file 1 was read with comes before one that takes every name, and the name decides when it is gone.
	h.c.Mappings = append([]*Mapping{compiled(t, generic)}, h.c.Mappings...)
	if got := found("", "till.1.rejects.xlsx"); got != "till" {
		t.Errorf("source %q, and file 1 was read with till", got)
	}
	h.c.Mappings = h.c.Mappings[:1]
	if got := found("", "till.1.rejects.xlsx"); got != "all" {
		t.Errorf("source %q, and all is the only one", got)
	}
}

func TestWorkbookOfRejects(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till+"delimiter: \";\"\n"))
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", []byte("Receipt;Date;Email;Amount;Postcode\n"+
		"0012;2026-11-20T10:00:00Z;zoë@example.com;lots;01234\nR2;2026-11-20T10:00:00Z;b@example.com;+5 euro;;one too many\n"))})
	if err != nil {
		t.Fatal(err)
	}
	if r.RejectsBook != "rejected/2026/11/23/till.1.rejects.xlsx" || r.WithoutBook != "" {
		t.Fatalf("the workbook is %q, %q", r.RejectsBook, r.WithoutBook)
	}
	path := filepath.Join(h.home, r.RejectsBook)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("it is not private: %v %v", info, err)
	}
	book, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	got, err := book.GetRows("Rejects", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(h.home, r.File.Rejects))
	if err != nil {
		t.Fatal(err)
	}
	table := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	table.Comma, table.FieldsPerRecord = ';', -1
	want, err := table.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		for j := range want[i] {
			want[i][j] = unguard(want[i][j])
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("the workbook differs from the CSV:\n%s", d)
	}
	for _, cell := range []string{"A2", "E2", "D3"} {
		kind, err := book.GetCellType("Rejects", cell)
		if err != nil || kind != excelize.CellTypeInlineString {
			t.Errorf("%s is of type %d, %v", cell, kind, err)
		}
	}
	panes, err := book.GetPanes("Rejects")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the header is not frozen: %+v, %v", panes, err)
	}
}

func TestWorkbookGivesUp(t *testing.T) {
	t.Parallel()
	few := rejectRow{cells: []string{"a"}, own: []string{"2", "why", "fix", "1"}}
	for name, c := range map[string]struct {
		headers []string
		row     rejectRow
		spent   func(b *rejectsBook)
		says    string
	}{
		"a control character":   {[]string{"A"}, rejectRow{cells: []string{"a\x01"}}, nil, "characters that a workbook cannot hold"},
		"no character":          {[]string{"A"}, rejectRow{cells: []string{"a\uffff"}}, nil, "characters that a workbook cannot hold"},
		"a long cell":           {[]string{"A"}, rejectRow{cells: []string{strings.Repeat("é", maxBookText)}}, nil, "more text than"},
		"a long cell in UTF-16": {[]string{"A"}, rejectRow{cells: []string{strings.Repeat("😀", maxBookText/2+1)}}, nil, "more text than"},
		"many columns":          {make([]string, maxBookColumns), few, nil, "16384 columns at most"},
		"many cells":            {[]string{"A"}, rejectRow{cells: []string{"a"}, extra: make([]string, maxBookColumns)}, nil, "more cells than"},
		"many rows":             {[]string{"A"}, few, func(b *rejectsBook) { b.row = maxBookRows + 1 }, "more rejected records than"},
		"many cells in all":     {[]string{"A"}, few, func(b *rejectsBook) { b.cells = maxBookCells }, "more rejected records than"},
		"much text in all":      {[]string{"A"}, few, func(b *rejectsBook) { b.bytes = maxBookBytes }, "more rejected records than"},
		"a header of data":      {[]string{"\x02"}, few, nil, "characters that a workbook cannot hold"},
	} {
		b, err := newRejectsBook(t.TempDir(), "", c.headers)
		if err != nil {
			t.Fatal(err)
		}
		if c.spent != nil {
			c.spent(b)
		}
		if err := b.add(c.row); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.without, c.says) {
			t.Errorf("%s: %q", name, b.without)
		}
		if err := b.add(few); err != nil {
			t.Errorf("%s: another record: %v", name, err)
		}
		if err := b.close(); err != nil {
			t.Error(err)
		}
	}
}

// A large workbook needs a temporary file, which holds personal data.
func TestWorkbookLeavesNothingBehind(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", elsewhere)
	b, err := newRejectsBook(dir, "", []string{"Email"})
	if err != nil {
		t.Fatal(err)
	}
	row := rejectRow{cells: []string{strings.Repeat("mary@example.com ", 1500)}, own: []string{"2", "why", "fix", "1"}}
	for range 800 {
		if err := b.add(row); err != nil {
			t.Fatal(err)
		}
	}
	if got := listedAll(t, dir); len(got) != 1 {
		t.Fatalf("%q lies in the folder of the rejects, and the workbook should be too large for the memory set aside", got)
	}
	if info, err := os.Stat(filepath.Join(dir, listedAll(t, dir)[0])); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("it is not private: %v, %v", info, err)
	}
	var file bytes.Buffer
	if err := errors.Join(b.write(&file), b.close()); err != nil {
		t.Fatal(err)
	}
	if got := append(listedAll(t, dir), listedAll(t, elsewhere)...); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}

func listedAll(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A text that was named as a workbook has rejects in CSV and a workbook, and neither takes the place of the other.
func TestRejectsOfATextThatIsNamedAWorkbook(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, strings.Replace(till, "*till*.csv", "*till*.xlsx", 1)+"format: csv\n"))
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.xlsx", tillFile(100))})
	if err != nil {
		t.Fatal(err)
	}
	if r.File.Rejects != "rejected/2026/11/23/till.1.rejects.csv" || r.RejectsBook != "rejected/2026/11/23/till.1.rejects.xlsx" {
		t.Errorf("rejects in %q and %q", r.File.Rejects, r.RejectsBook)
	}
}

// TestNumbersOfAWorkbookComeBack rejects a row of a workbook for its date, mends it in the rejects, and finds the amount that
// the sheet had: 1.234 is a little more than one there, and would be a thousand as text under a decimal comma.
func TestNumbersOfAWorkbookComeBack(t *testing.T) {
	t.Parallel()
	for _, decimal := range []string{"", "decimal: ','", "decimal: '.'"} {
		t.Run(decimal, func(t *testing.T) {
			t.Parallel()
			f := excelize.NewFile()
			defer f.Close()
			rows := [][]any{{"Receipt", "Date", "Email", "Amount"}, {"R1", "one day", "anna@example.com", 1.234}}
			for i := range 10 {
				rows = append(rows, []any{fmt.Sprintf("S%d", i), "2026-11-20T10:00:00Z", "bert@example.com", 20.5})
			}
			for i, row := range rows {
				if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
					t.Fatal(err)
				}
			}
			var b bytes.Buffer
			if err := f.Write(&b); err != nil {
				t.Fatal(err)
			}
			h := newHouse(t)
			m := compiled(t, "name: till\ndataset: main\nrecord_key: [Receipt]\naction_source: physical_store\nevent_name: Purchase\ncurrency: EUR\n"+decimal)
			r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.xlsx", b.Bytes()), Mapping: m})
			if err != nil || r.File.Counts.Rejected != 1 {
				t.Fatalf("%v %+v", err, r.File.Counts)
			}
			for _, path := range []string{r.File.Rejects, r.RejectsBook} {
				data, err := os.ReadFile(filepath.Join(h.home, filepath.FromSlash(path)))
				if err != nil {
					t.Fatal(err)
				}
				if filepath.Ext(path) == ".csv" {
					data = bytes.ReplaceAll(data, []byte("one day"), []byte("2026-11-20T10:00:00Z"))
				} else {
					data = mendedBook(t, data)
				}
				again := newHouse(t)
				r, err := again.Import(t.Context(), Input{Path: again.write(t, filepath.Base(path), data), Mapping: m})
				if err != nil || len(r.Sums) != 1 {
					t.Fatalf("%s: %v %+v %+v", path, err, r.File.Counts, r.Reasons)
				}
				if got, err := event.ParseMoney(r.Sums[0].Sum); err != nil || got.String() != "1.234" {
					t.Errorf("%s: the amount came back as %s", path, r.Sums[0].Sum)
				}
			}
		})
	}
}

// mendedBook corrects the date of the one record in a workbook of rejects.
func mendedBook(t *testing.T, data []byte) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.SetCellValue(bookSheet, "B2", "2026-11-20T10:00:00Z"); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
