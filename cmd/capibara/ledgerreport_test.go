package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/audit"
	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// knownReport is the report of a small ledger: two sources, two currencies, one event of each kind.
func knownReport(t *testing.T) audit.Report {
	t.Helper()
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	db, err := bolt.Create(filepath.Join(t.TempDir(), "capibara.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	row := func(id, amount, currency string, ago time.Duration) store.Record {
		value, err := event.ParseMoney(amount)
		if err != nil {
			t.Fatal(err)
		}
		e := event.Event{Name: "Purchase", ID: id, Time: noon.Add(-ago).Unix(), ActionSource: event.SourcePhysicalStore,
			Custom: event.CustomData{Value: value, Currency: currency}}
		return store.Record{Line: 2, RecordKey: id, Rows: []store.NewRow{{Dataset: "1234567890", EventID: id, EventName: "Purchase", EventTime: e.Time,
			Deadline: e.Time + 7*24*3600, Fingerprint: e.Fingerprint(), Payload: e.AppendBinary(nil), Value: value, Currency: currency}}}
	}
	for i, f := range []struct {
		name, source string
		records      []store.Record
	}{
		{"tills.csv", "tills", []store.Record{row("t1", "10.10", "EUR", time.Hour), row("t2", "0.20", "EUR", time.Hour), row("t3", "99999999999999.99", "USD", time.Hour),
			row("t4", "7", "EUR", 8*24*time.Hour), {Line: 6, Fate: store.FateSkipped, Reason: event.ReasonStageNotMapped}}},
		{"=deals.csv", "deals", []store.Record{row("d1", "1250.50", "GBP", time.Hour), {Line: 3, Fate: store.FateRejected, Reason: event.ReasonDateUnreadable}}},
		{"tills-again.csv", "tills", []store.Record{row("t1", "9.10", "EUR", time.Hour), row("t2", "0.20", "EUR", time.Hour)}},
	} {
		if i == 2 {
			rows, err := db.Plan(t.Context(), store.PlanQuery{Dataset: "1234567890", Now: noon, Limit: 2})
			if err != nil {
				t.Fatal(err)
			}
			b, err := db.Begin(t.Context(), store.Intent{Dataset: "1234567890", Rows: []uint64{rows[0].Seq, rows[1].Seq}}, noon)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Settle(t.Context(), store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged}, noon); err != nil {
				t.Fatal(err)
			}
		}
		file, err := db.OpenFile(t.Context(), store.NewFile{Name: f.name, Source: f.source, SHA256: event.Hash{byte(i)}}, noon)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Import(t.Context(), file.Number, store.Chunk{First: 1, Records: f.records}, noon); err != nil {
			t.Fatal(err)
		}
		if _, err := db.CloseFile(t.Context(), file.Number, store.FileEnd{State: store.FileImported}, noon); err != nil {
			t.Fatal(err)
		}
	}
	p, err := audit.New(audit.Config{Store: db, Now: func() time.Time { return noon }}).Report(t.Context(), audit.ReportQuery{Month: "2026-11"}, func(uint64, uint64) {})
	if err != nil {
		t.Fatal(err)
	}
	if !p.OK {
		t.Fatalf("it does not add up: %+v", p.Problems)
	}
	return p
}

// TestLedgerReportForms holds a report in every form to golden files.
func TestLedgerReportForms(t *testing.T) {
	t.Parallel()
	p := knownReport(t)
	for _, form := range []string{asTable, asJSON, asCSV, asXLSX, asHTML} {
		var got bytes.Buffer
		a := &app{output: form, stderr: t.Output()}
		if err := a.writeLedgerReport(&got, p); err != nil {
			t.Fatal(err)
		}
		name := "report." + map[string]string{asTable: "txt", asXLSX: "xlsx.txt"}[form]
		if strings.HasSuffix(name, ".") {
			name += form
		}
		text := got.String()
		if form == asXLSX {
			text = sheetsOf(t, &got)
		}
		path := filepath.Join("testdata", "golden", name)
		if *update {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), text); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// sheetsOf is a workbook as text: its sheets, and their cells with their types.
func sheetsOf(t *testing.T, r *bytes.Buffer) string {
	t.Helper()
	book, err := excelize.OpenReader(r)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	var out strings.Builder
	for _, sheet := range book.GetSheetList() {
		fmt.Fprintf(&out, "== %s\n", sheet)
		rows, err := book.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatal(err)
		}
		for y, row := range rows {
			for x, text := range row {
				at, err := excelize.CoordinatesToCellName(x+1, y+1)
				if err != nil {
					t.Fatal(err)
				}
				kind, err := book.GetCellType(sheet, at)
				if err != nil {
					t.Fatal(err)
				}
				if formula, err := book.GetCellFormula(sheet, at); err != nil || formula != "" {
					t.Errorf("%s!%s is the formula %q, %v", sheet, at, formula, err)
				}
				if text != "" && (kind == excelize.CellTypeNumber || kind == excelize.CellTypeUnset) {
					text = "#" + text
				}
				row[x] = text
			}
			fmt.Fprintln(&out, strings.Join(row, " | "))
		}
	}
	return out.String()
}

func TestLedgerReportThatDoesNotAddUp(t *testing.T) {
	t.Parallel()
	p := audit.Report{By: audit.ByImportTime, Problems: []audit.ReportProblem{{File: 3, What: "skipped", Counted: "2", Found: "1", Sentence: "file 3: 2 records are counted as skipped, and the list of its records has 1"}}}
	err := reportOutcome(p)
	if exitCode(err) != exitFailed || !strings.Contains(err.Error(), "file 3: 2 records are counted as skipped") || hintOf(err) == "" {
		t.Errorf("the error is %v, with code %d", err, exitCode(err))
	}
	for range 20 {
		p.Problems = append(p.Problems, p.Problems[0])
	}
	if err := reportOutcome(p); !strings.Contains(err.Error(), "and 11 more, which the report lists") {
		t.Errorf("a long list is told as %v", err)
	}
	p.OK = true
	if err := reportOutcome(p); err != nil {
		t.Error(err)
	}
}

// TestAnswerIntoAFile is there whole or not at all.
func TestAnswerIntoAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "november.csv")
	a := &app{output: asCSV, stderr: t.Output()}
	p := audit.Report{By: audit.ByImportTime, Records: &store.FileCounts{}}
	write := func(form string) error {
		a.output = form
		return a.into(path, func(w io.Writer) error { return a.writeLedgerReport(w, p) })
	}
	if err := write(asCSV); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(before, []byte("section,")) {
		t.Fatalf("%q, %v", before, err)
	}
	broken := errors.New("no more room")
	if err := a.into(path, func(w io.Writer) error {
		_, _ = w.Write([]byte("half of it"))
		return broken
	}); !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("half an answer is in its place: %q, %v", after, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := a.into(dir, func(io.Writer) error { return nil }); exitCode(err) != exitFailed {
		t.Errorf("into a folder: %v", err)
	}
}

// TestWorkbookGoesOnInTheNextSheet when a list is longer than a sheet.
func TestWorkbookGoesOnInTheNextSheet(t *testing.T) {
	t.Parallel()
	b, err := newWorkbook()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	b.most = 3
	if err := b.sheet("Events", "event_id"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"1", "=2+3", "\x02", "4", "5"} {
		if err := b.add(id); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := b.write(&out); err != nil {
		t.Fatal(err)
	}
	const want = "== Events\nevent_id\n1\n=2+3\n== Events 2\nevent_id\n·\n4\n== Events 3\nevent_id\n5\n"
	if got := sheetsOf(t, &out); got != want {
		t.Errorf("the workbook is\n%s\nwant\n%s", got, want)
	}
}
