package importer

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"capibara/event"
	"capibara/store"
)

func TestGuard(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{ // in CSV, in a workbook
		"":                 {"", ""},
		"Anna":             {"Anna", "Anna"},
		"12.50":            {"12.50", "12.50"},
		"+31 6 1234 5678":  {"'+31 6 1234 5678", "+31 6 1234 5678"},
		"-12.50":           {"'-12.50", "-12.50"},
		"@anna":            {"'@anna", "@anna"},
		"=cmd|'/c calc'!A": {"'=cmd|'/c calc'!A", "=cmd|'/c calc'!A"},
		`="0012"`:          {`'="0012"`, `="0012"`},
		"\tx":              {"'\tx", "\tx"},
		"\rx":              {"'\rx", "\rx"},
		"\n=1":             {"'\n=1", "\n=1"},
		"＝1+1":             {"'＝1+1", "＝1+1"},
		" =1":              {" =1", " =1"},
		"'":                {"'", "'"},
		"''":               {"'''", "'''"},
		"'s-Gravenhage":    {"'s-Gravenhage", "'s-Gravenhage"},
		"'+31":             {"''+31", "''+31"},
		"''+31":            {"'''+31", "'''+31"},
		"’=1":              {"’=1", "’=1"},
	} {
		if got := [2]string{guard(text), guardText(text)}; got != want {
			t.Errorf("%q is guarded as %q, want %q", text, got, want)
		}
		for _, held := range want {
			if got := unguard(held); got != text {
				t.Errorf("%q is read back as %q, want %q", held, got, text)
			}
		}
	}
}

// anyCell draws what may stand in a cell: often the beginning of a formula, an apostrophe or a mark of CSV.
func anyCell() *rapid.Generator[string] {
	odd := rapid.SampledFrom([]string{"'", "''", "=", "+", "-", "@", "\t", "\r", "\n", "\r\n", `"`, `""`, ",", ";", " ", "\u00a0", "+31 6", "é", "＝", "_x0041_", "\ufeff", "a"})
	return rapid.OneOf(
		rapid.Map(rapid.SliceOfN(odd, 0, 5), func(s []string) string { return strings.Join(s, "") }),
		rapid.Map(rapid.String(), func(s string) string { return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "") }))
}

// rejected is a pass over a file of these columns, one of whose records is rejected.
func rejected(headers []string) *pass {
	return &pass{format: "csv", in: &input{}, mapping: &Mapping{}, file: store.File{Number: 17, Name: "deals.csv"},
		sheet: sheet{dialect: dialect{delimiter: ',', newline: '\n', columns: len(headers)}, headers: headers, line: 1}}
}

// quoted is a record whose cells can be any texts.
func csvCell(cells []string) string {
	for i := range cells {
		cells[i] = `"` + strings.ReplaceAll(cells[i], `"`, `""`) + `"`
	}
	return strings.Join(cells, ",")
}

func TestRejectsRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(anyCell(), 3, 3).Draw(t, "cells")
		header := rapid.SampledFrom([]string{"Phone", "=Phone", "'Phone", "'=Phone"}).Draw(t, "header")
		headers := []string{"Order", header, "Note"}
		p := rejected(headers)
		why := store.Reject{Record: 1, Line: 2, Reason: event.ReasonDateUnreadable, Column: header}
		text := csvCell(append([]string{}, cells...))
		// Twice: a file of rejects that is not mended well has rejects of its own.
		for range 2 {
			row := p.rejectRow(text, why)
			if d := cmp.Diff(cells, row.cells); d != "" {
				t.Fatalf("the record as it was:\n%s", d)
			}
			var file bytes.Buffer
			out := bufio.NewWriter(&file)
			p.writeRow(out, rejectRow{cells: p.rejectColumns(), own: ownColumns()})
			p.writeRow(out, row)
			if err := out.Flush(); err != nil {
				t.Fatal(err)
			}
			m := &Mapping{targets: []mapped{{headers: []string{"Order"}}}}
			found := m.sniffSheet(file.Bytes())
			if d := cmp.Diff(append([]string{"Order", header, "Note"}, ownColumns()...), found.headers); d != "" || !found.guarded {
				t.Fatalf("the headers:\n%s", d)
			}
			cut := csvCutter{dialect: found.dialect, window: newWindow(bytes.NewReader(file.Bytes())), header: found.line}
			var b block
			if _, err := cut.next(&b); err != nil || len(b.spans) != 1 || b.spans[0].flag != 0 {
				t.Fatalf("cut into %+v, %v", b.spans, err)
			}
			text = b.record(0)
			p.sheet = found
		}
	})
}

func TestWorkbookRoundTrip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.SliceOfN(anyCell(), 2, 2).Draw(t, "cells")
		b, err := newRejectsBook(dir, "", []string{"Order", "Phone"})
		if err != nil {
			t.Fatal(err)
		}
		own := []string{"2", "why", "fix", "17"}
		if err := b.add(rejectRow{cells: cells, own: own}); err != nil {
			t.Fatal(err)
		}
		if b.without != "" {
			if !strings.ContainsFunc(cells[0]+cells[1], func(r rune) bool { return r < ' ' || r > 0xfffd }) {
				t.Fatalf("no workbook: %s", b.without)
			}
			return
		}
		var file bytes.Buffer
		if err := b.write(&file); err != nil {
			t.Fatal(err)
		}
		if err := b.close(); err != nil {
			t.Fatal(err)
		}
		read, err := excelize.OpenReader(&file)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := read.GetRows(bookSheet)
		if err != nil || len(rows) != 2 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		for i, text := range rows[1] {
			rows[1][i] = unguard(text)
		}
		if d := cmp.Diff([][]string{append([]string{"Order", "Phone"}, ownColumns()...), append(append([]string{}, cells...), own...)}, rows); d != "" {
			t.Fatalf("-want +got:\n%s", d)
		}
	})
}
