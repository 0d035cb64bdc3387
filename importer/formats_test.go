package importer

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"capibara/event"
	"capibara/store"
)

func packed(t testing.TB, text ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, member := range text {
		w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		if err == nil {
			_, err = io.WriteString(w, member)
		}
		if err != nil || w.Close() != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func TestPackedBombIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	path := h.write(t, "till.csv.gz", packed(t, "Receipt,Date,Email,Amount\n"+strings.Repeat(strings.Repeat(" ", 1<<10)+"\n", 70<<10)))
	_, err := h.Import(t.Context(), Input{Path: path})
	var no *RefusedError
	if !errors.As(err, &no) || !strings.Contains(no.Reason, "more than 250 times its size") {
		t.Errorf("%v", err)
	}
}

func TestPackedFilesKeepTheirNames(t *testing.T) {
	t.Parallel()
	m := compiled(t, till)
	for name, want := range map[string]bool{"till.csv": true, "Till 1.CSV.GZ": true, "till.gz": false, "till.json.gz": false, ".csv.gz": false} {
		if m.Matches(name) != want {
			t.Errorf("%s: %t", name, !want)
		}
	}
	h := newHouse(t, m)
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv.gz", packed(t, string(tillFile(10)), "R,2026-11-18T10:00:00Z,p@example.com,1\n")), Archive: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := "archive/2026/11/23/till.1.csv.gz"; r.File.ArchivedAs != want || r.File.Counts.Records != 11 {
		t.Errorf("%d records, archived as %s, want %s", r.File.Counts.Records, r.File.ArchivedAs, want)
	}
}

// TestWorkbookOfManyBlocks imports a workbook whose records fill several blocks, with texts that hold line breaks, and holds
// every record's line against its row.
func TestWorkbookOfManyBlocks(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	const rows = 6000
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		values := []any{fmt.Sprintf("R%d", i), "2026-11-18T10:00:00Z", fmt.Sprintf("p%d@example.com", i), 1.5, "a note\nof \"two\" lines " + strings.Repeat("x", 60)}
		if i == 0 {
			values = []any{"Receipt", "Date", "Email", "Amount", "Note"}
		}
		if i%1000 == 500 {
			values[3] = "lots"
		}
		if err := w.SetRow(fmt.Sprintf("A%d", 2*i+1), values); err != nil { // every other row is empty
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, compiled(t, till))
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.xlsx", b.Bytes()), Mapping: compiled(t, till)})
	if err != nil {
		t.Fatal(err)
	}
	if c := r.File.Counts; c.Records != 2*rows-2 || c.Accepted != rows-1-6 || c.Skipped != rows-1 || c.Rejected != 6 {
		t.Errorf("%+v", c)
	}
	err = h.db.Rejects(t.Context(), r.File.Number, func(x store.Reject) bool {
		if x.Line%2000 != 1001 {
			t.Errorf("a reject in line %d", x.Line)
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	rejects, err := os.ReadFile(filepath.Join(h.home, r.File.Rejects))
	if err != nil || bytes.Count(rejects, []byte("a note\nof \"\"two\"\" lines")) != 6 {
		t.Errorf("%v, %d bytes of rejects", err, len(rejects))
	}
	h.checked(t)
}

func TestRowOfTooMuchTextCostsItself(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	values := []any{"R1", "2026-11-18T10:00:00Z", "p1@example.com", 1}
	for range 40 {
		values = append(values, strings.Repeat("\n\"", 15_000))
	}
	for i, row := range [][]any{{"Receipt", "Date", "Email", "Amount"}, values, {"R2", "2026-11-18T10:00:00Z", "p2@example.com", 1}} {
		if err := f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.xlsx", b.Bytes()), Mapping: compiled(t, till)})
	if err != nil {
		t.Fatal(err)
	}
	if c := r.File.Counts; c.Accepted != 1 || c.Rejected != 1 || r.Reasons[0].Reason != event.ReasonRecordTooLarge || r.Reasons[0].FirstLine != 2 {
		t.Errorf("%+v %+v", c, r.Reasons)
	}
}

func TestWindowsPages(t *testing.T) {
	t.Parallel()
	for _, country := range []string{"nl", "de", "fr", "es", "it", "gb", "us", "br", "ch", "se"} {
		if !windows1252(country) || windowsPage(country) != "" {
			t.Errorf("%s does not write Windows-1252", country)
		}
	}
	for country, page := range map[string]string{"pl": "windows-1250", "cz": "windows-1250", "gr": "windows-1253", "tr": "windows-1254", "ru": "windows-1251", "jp": "shift_jis"} {
		if windows1252(country) || windowsPage(country) != page {
			t.Errorf("%s: %s", country, windowsPage(country))
		}
		s := readSource(t, []byte(till+"encoding: "+page+"\n"))
		if _, err := s.Compile(Defaults{Datasets: map[string]string{"main": "1"}}); err != nil {
			t.Errorf("what the hint says is refused: %v", err)
		}
	}
	for _, said := range []string{"macintosh", "ibm850"} {
		s := readSource(t, []byte(till+"encoding: "+said+"\n"))
		if _, err := s.Compile(Defaults{Datasets: map[string]string{"main": "1"}}); err != nil {
			t.Errorf("%v", err)
		}
	}
}

// FuzzTextCheck judges a text the same wherever it is cut.
func FuzzTextCheck(f *testing.F) {
	for _, s := range []string{"a\nZo\xeb\n", "Jos\xc3\xa9\n", "Jos\x82\n", "\xc3\x83\xc2\xa9", "\xf0\x9f\x98", "a\x00", "\x93a\x94\n", "\xe2\x82"} {
		f.Add([]byte(s), uint8(1), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, step uint8, decoded bool) {
		judge := func(step int) string {
			c := newTextCheck("nl")
			c.decoded = decoded
			for at := 0; at < len(text); at += step {
				c.add(text[at:min(at+step, len(text))])
			}
			windows, err := c.end()
			return fmt.Sprint(windows, err != nil)
		}
		if whole, cut := judge(len(text)+1), judge(int(step)+1); whole != cut {
			t.Fatalf("%q: %s at once, %s in steps", text, whole, cut)
		}
	})
}

// FuzzUnpack reads what claims to be compressed: text or a refusal, and never more than the bound.
func FuzzUnpack(f *testing.F) {
	f.Add(packed(f, "a,b\n", "c,d\n"))
	f.Add([]byte(gzipMagic))
	path := filepath.Join(f.TempDir(), "packed")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		var no *refusal
		text, err := unpack(file)
		if err == nil {
			_, err = io.Copy(io.Discard, text)
		}
		if err != nil && !errors.As(err, &no) {
			t.Fatalf("neither text nor a refusal: %v", err)
		}
	})
}

func TestWrongKinds(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]fileKind{
		"Order,Date\n":                           kindUnknown,
		"{\"a\":\"<html>\"}":                     kindUnknown,
		"PK\x03\x04":                             kindZip,
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":       kindOld,
		"%PDF-1.7":                               kindPDF,
		"\ufeff <!DOCTYPE html><body>":           kindPage,
		"\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00": kindPage,
		"<html><form><table>":                    kindPage,
		"<html xmlns:o=\"x\"><table>":            kindTable,
		"<table><tr>":                            kindTable,
		"<meta charset=utf-8><table>":            kindTable,
		"<?xml version=\"1.0\"?><html><table>":   kindTable,
		"<?xml version=\"1.0\"?><data/>":         kindUnknown,
		"\t\x08\t\n":                             kindUnknown,
	} {
		var w wrongKind
		if w.head([]byte(head)); w.kind != want {
			t.Errorf("%q is %d, want %d", head, w.kind, want)
		}
	}
	// The name of what a password protects may be cut by the end of a chunk.
	for at := range len(encryptedStream) {
		w := wrongKind{kind: kindOld}
		w.add([]byte("xxxx" + encryptedStream[:at]))
		w.add([]byte(encryptedStream[at:] + "xxxx"))
		if !w.encrypted {
			t.Fatalf("cut at %d, the password went unnoticed", at)
		}
	}
}

func TestDelimiterByTheLinesBelow(t *testing.T) {
	t.Parallel()
	m := compiled(t, "name: s\ndataset: main\n")
	for text, want := range map[string]byte{
		"Email,x;Email\na@example.com;1\nb@example.com;2\n": ';',
		"Email;x,Email\na@example.com,1\nb@example.com,2\n": ',',
		"a;b|c\n1|2\n3|4\n":                                        '|',
		"sep=|\nEmail,Date|Amount\n":                               '|',
		"SEP=;\r\nEmail,Date;Amount\r\n":                           ';',
		"Email\tDate\tAmount, gross\na@example.com\t1,5\t2,5\n":    '\t',
		"title, of; a report\n\nEmail;Date;Amount\na;2026-1-1;1,5": ';',
	} {
		if got := m.sniffSheet([]byte(text)).delimiter; got != want {
			t.Errorf("%q has %q, want %q", text, got, want)
		}
	}
}
