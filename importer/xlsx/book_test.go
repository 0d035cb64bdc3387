package xlsx

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// parts of a small workbook, written by hand. %s are the rows.
func parts(rows string) map[string]string {
	return map[string]string{
		"[Content_Types].xml": `<Types/>`,
		"_rels/.rels":         `<Relationships><Relationship Id="rId1" Type="x/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/workbook.xml":     `<workbook xmlns:r="r"><sheets><sheet name="Deals" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": `<Relationships><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.xml"/>
			<Relationship Id="rId2" Type="x/styles" Target="/xl/styles.xml"/><Relationship Id="rId3" Type="x/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
		"xl/styles.xml": `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\-mm\-dd hh:mm"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>
			<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="164"/><xf numFmtId="21"/><xf numFmtId="10"/></cellXfs></styleSheet>`,
		"xl/sharedStrings.xml": `<sst><si><t>plain</t></si><si><r><t>ri</t></r><rPh><t>no</t></rPh><r><t xml:space="preserve">ch </t></r></si><si><t>a_x000D_
b_x005F_x</t></si></sst>`,
		"xl/worksheets/sheet1.xml": `<worksheet><sheetData>` + rows + `</sheetData></worksheet>`,
	}
}

func pack(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(f, parts[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// read opens a workbook and reads the whole of a sheet.
func read(data []byte, sheet string) ([]Row, []Merged, error) {
	file := bytes.NewReader(data)
	b, err := Open(file, file.Size())
	if err != nil {
		return nil, nil, err
	}
	s, err := b.Find(sheet)
	if err != nil {
		return nil, nil, err
	}
	rows, err := b.Rows(file, file.Size(), s)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	var all []Row
	for {
		var r Row
		if err := rows.Next(&r); err == io.EOF {
			return all, rows.Merged(), nil
		} else if err != nil {
			return all, nil, err
		}
		all = append(all, r)
	}
}

func TestCells(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, cell string
		want       Cell
	}{
		{"shared text", `<c t="s"><v>0</v></c>`, Cell{Text, "plain"}},
		{"rich text without how it is read", `<c t="s"><v>1</v></c>`, Cell{Text, "rich "}},
		{"escapes", `<c t="s"><v>2</v></c>`, Cell{Text, "a\r\nb_x"}},
		{"inline text", `<c t="inlineStr"><is><t>in</t></is></c>`, Cell{Text, "in"}},
		{"inline rich text", `<c t="inlineStr"><is><r><t>i</t></r><r><t>n</t></r></is></c>`, Cell{Text, "in"}},
		{"text of a formula", `<c t="str"><f>A1</f><v>made</v></c>`, Cell{Text, "made"}},
		{"empty text of a formula", `<c t="str"><f>A1</f><v></v></c>`, Cell{}},
		{"number", `<c><v>1234.56</v></c>`, Cell{Number, "1234.56"}},
		{"number of a formula", `<c><f>1+1</f><v>2</v></c>`, Cell{Number, "2"}},
		{"percent is stored as it is", `<c s="4"><v>0.21</v></c>`, Cell{Number, "0.21"}},
		{"noise", `<c><v>1234.5600000000001</v></c>`, Cell{Number, "1234.56"}},
		{"more noise", `<c><v>0.30000000000000004</v></c>`, Cell{Number, "0.3"}},
		{"fifteen digits", `<c><v>123456789012345</v></c>`, Cell{Number, "123456789012345"}},
		{"sixteen digits", `<c><v>1234567890123456</v></c>`, Cell{Number, "1.23456789012346E+15"}},
		{"as Excel stores seventeen", `<c><v>1.23456789012346E+16</v></c>`, Cell{Number, "1.23456789012346E+16"}},
		{"scientific but small", `<c><v>9.92E+5</v></c>`, Cell{Number, "992000"}},
		{"whole with a point", `<c><v>4711.0</v></c>`, Cell{Number, "4711"}},
		{"negative", `<c><v>-0.5</v></c>`, Cell{Number, "-0.5"}},
		{"negative zero", `<c><v>-0</v></c>`, Cell{Number, "0"}},
		{"tiny", `<c><v>1E-300</v></c>`, Cell{Number, "1E-300"}},
		{"no number", `<c><v>abc</v></c>`, Cell{Text, "abc"}},
		{"true", `<c t="b"><v>1</v></c>`, Cell{Boolean, "true"}},
		{"false", `<c t="b"><v>0</v></c>`, Cell{Boolean, "false"}},
		{"error", `<c t="e"><f>1/0</f><v>#DIV/0!</v></c>`, Cell{Text, "#DIV/0!"}},
		{"date", `<c s="1"><v>46354</v></c>`, Cell{Text, "2026-11-28"}},
		{"date that hides its time", `<c s="1"><v>46354.5</v></c>`, Cell{Text, "2026-11-28 12:00:00"}},
		{"date and time", `<c s="2"><v>46354.545138888891</v></c>`, Cell{Text, "2026-11-28 13:05:00"}},
		{"midnight with a time", `<c s="2"><v>46354</v></c>`, Cell{Text, "2026-11-28 00:00:00"}},
		{"just before midnight", `<c s="2"><v>46354.999999</v></c>`, Cell{Text, "2026-11-29 00:00:00"}},
		{"a second before midnight", `<c s="2"><v>46354.999988425923</v></c>`, Cell{Text, "2026-11-28 23:59:59"}},
		{"time alone", `<c s="3"><v>0.545138888888889</v></c>`, Cell{Text, "13:05:00"}},
		{"time that hides its date", `<c s="3"><v>46354.5</v></c>`, Cell{Text, "2026-11-28 12:00:00"}},
		{"before the calendar", `<c s="1"><v>-5</v></c>`, Cell{Number, "-5"}},
		{"the day that never was", `<c s="1"><v>60</v></c>`, Cell{Number, "60"}},
		{"before and behind it", `<c s="1"><v>59</v></c>`, Cell{Text, "1900-02-28"}},
		{"ISO date", `<c t="d"><v>2026-11-28T13:05:00</v></c>`, Cell{Text, "2026-11-28T13:05:00"}},
		{"unknown style", `<c s="99"><v>46354</v></c>`, Cell{Number, "46354"}},
		{"empty", `<c s="1"/>`, Cell{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			rows, _, err := read(pack(t, parts(`<row>`+tt.cell+`<c><v>1</v></c></row>`)), "")
			if err != nil {
				t.Fatal(err)
			}
			if got := rows[0].Cells[0]; got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestRowsKeepTheirPlace(t *testing.T) {
	t.Parallel()
	rows, merged, err := read(pack(t, func() map[string]string {
		p := parts(`<row r="2"><c r="B2"><v>1</v></c><c><v>2</v></c><c r="F2"/></row><row r="3"/><row r="9" hidden="1"><c r="A9"><v>3</v></c></row><row><c><v>4</v></c></row>`)
		p["xl/worksheets/sheet1.xml"] = strings.Replace(p["xl/worksheets/sheet1.xml"], "</sheetData>",
			`</sheetData><mergeCells><mergeCell ref="A1:F1"/><mergeCell ref="A9:A12"/></mergeCells>`, 1)
		return p
	}()), "deals")
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{
		{Number: 2, Cells: []Cell{{}, {Number, "1"}, {Number, "2"}}},
		{Number: 9, Hidden: true, Cells: []Cell{{Number, "3"}}},
		{Number: 10, Cells: []Cell{{Number, "4"}}},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if d := cmp.Diff([]Merged{{"A9:A12", 9, 12}}, merged); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestRowsOfTooMuchText(t *testing.T) {
	t.Parallel()
	cell := `<c t="str"><v>` + strings.Repeat("x", 1<<18) + `</v></c>`
	rows, _, err := read(pack(t, parts(`<row>`+strings.Repeat(cell, 9)+`</row><row>`+cell+`</row>`)), "")
	if err != nil || len(rows) != 2 || !rows[0].Large || len(rows[0].Cells) != 0 || rows[1].Large || len(rows[1].Cells) != 1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	for want, codes := range map[format][]string{
		plain:    {"General", "0.00", "#,##0.00", `"paid "0`, `[Red]0`, `_-* #,##0.00\ _€_-`, "0.00E+00", "0%", "@", `0\d`, `0 "days"`, `[$€-407] #,##0`, `0;"yyyy"`, ""},
		dateOnly: {"yyyy-mm-dd", "d/m/yy", "mmm yyyy", "[$-409]d\\-mmm\\-yy;@", `[$-F800]dddd\,\ mmmm\ dd\,\ yyyy`, `yyyy"年"m"月"d"日"`, "DD.MM.YYYY", "mmmm"},
		withTime: {"h:mm", "hh:mm:ss AM/PM", "[h]:mm:ss", "mm:ss", "m/d/yy h:mm", "yyyy-mm-dd\\ hh:mm:ss.000", "[$-409]h:mm AM/PM;@", "[mm]:ss"},
	} {
		for _, code := range codes {
			if got := formatOf(code); got != want {
				t.Errorf("%q is %d, want %d", code, got, want)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	with := func(name, content string) map[string]string {
		p := parts(`<row><c><v>1</v></c></row>`)
		p[name] = content
		return p
	}
	tests := []struct {
		name  string
		data  []byte
		sheet string
		want  string
	}{
		{"formula that was never calculated", pack(t, parts(`<row r="5"><c r="AB5"><f>A1+1</f></c></row>`)), "", "the cell AB5 holds a formula without its result"},
		{"formula with an empty result", pack(t, parts(`<row><c><f>A1+1</f><v></v></c></row>`)), "", "the cell A1 holds a formula"},
		{"shared text that is not there", pack(t, parts(`<row><c t="s"><v>7</v></c></row>`)), "", "the cell A1 names a text that is not there"},
		{"rows out of order", pack(t, parts(`<row r="5"/><row r="4"/>`)), "", "not in their order after row 5"},
		{"impossible cell", pack(t, parts(`<row><c r="5"/></row>`)), "", "a cell that cannot be"},
		{"too many columns", pack(t, parts(`<row><c r="ZZZ1"/></row>`)), "", "more than 16384 columns"},
		{"too many rows", pack(t, parts(`<row r="1048577"/>`)), "", "more than 1048576 rows"},
		{"nested", pack(t, parts(strings.Repeat("<x>", 200))), "", "nested too deeply"},
		{"one huge piece", pack(t, parts(`<row><c t="str"><v>`+strings.Repeat("x", 3<<20)+`</v></c></row>`)), "", "larger than a cell can be"},
		{"cells truncated", pack(t, with("xl/worksheets/sheet1.xml", `<worksheet><sheetData><row><c><v>1`)), "", `its part "xl/worksheets/sheet1.xml" cannot be read`},
		{"no such sheet", pack(t, parts("")), "Sales", `the workbook has no sheet "Sales"; it has "Deals"`},
		{"all hidden", pack(t, with("xl/workbook.xml", `<workbook xmlns:r="r"><sheets><sheet name="D" state="hidden" r:id="rId1"/></sheets></workbook>`)), "", "every sheet of the workbook is hidden"},
		{"no sheet", pack(t, with("xl/workbook.xml", `<workbook/>`)), "", "no sheet of cells"},
		{"binary workbook", pack(t, with("xl/workbook.bin", "")), "", ".xlsb"},
		{"OpenDocument", pack(t, map[string]string{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": ""}), "", ".ods"},
		{"folder", pack(t, map[string]string{"deals.csv": "a,b"}), "", "not a workbook"},
		{"document", pack(t, with("word/document.xml", "")), "", "not a table"},
		{"Numbers", pack(t, map[string]string{"Index/Document.iwa": ""}), "", "Apple Numbers"},
		{"cut off", pack(t, parts(""))[:900], "", "damaged or not whole"},
		{"nothing", []byte("PK\x03\x04"), "", "damaged or not whole"},
		{"a list of parts that is none", append(bytes.Repeat([]byte{0}, 9<<20), []byte("PK\x05\x06"+strings.Repeat("\x00", 18))...), "", "more parts than a workbook has"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := read(tt.data, tt.sheet)
			var no *Refusal
			if !errors.As(err, &no) {
				t.Fatalf("%v", err)
			}
			if !strings.Contains(no.Reason, tt.want) || no.Hint == "" {
				t.Errorf("%q (%q), want %q", no.Reason, no.Hint, tt.want)
			}
		})
	}
}

// TestBomb unpacks parts of nothing but blanks, of which a few kilobytes are gigabytes.
func TestBomb(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"xl/worksheets/sheet1.xml", "xl/styles.xml"} {
		p := parts("")
		p[part] = "<x>" + strings.Repeat(strings.Repeat(" ", 1000)+"<y/>", 70<<10)
		_, _, err := read(pack(t, p), "")
		var no *Refusal
		if !errors.As(err, &no) || !strings.Contains(no.Reason, "made to fill memory") {
			t.Errorf("%s: %v", part, err)
		}
	}
}

// TestAgainstExcelize holds what is read of a workbook that another library wrote against what was put into it.
func TestAgainstExcelize(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := f.NewSheet("Hidden first")
	check(err)
	check(f.SetSheetVisible("Sheet1", true))
	at := time.Date(2026, 11, 28, 13, 5, 9, 0, time.UTC)
	var want [][]Cell
	for i := range 200 {
		when := at.Add(time.Duration(i) * 86_399 * time.Second)
		values := []any{fmt.Sprintf("text %d <&>\n%d", i, i%3), i * 7919, float64(i) / 8, i%2 == 0, when}
		check(f.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &values))
		want = append(want, []Cell{{Text, values[0].(string)}, {Number, fmt.Sprint(i * 7919)}, {Number, decimal(float64(i) / 8)}, {Boolean, fmt.Sprint(i%2 == 0)},
			{Text, when.Format(time.DateTime)}})
	}
	var b bytes.Buffer
	check(f.Write(&b))
	rows, _, err := read(b.Bytes(), "")
	check(err)
	got := make([][]Cell, len(rows))
	for i := range rows {
		got[i] = rows[i].Cells
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestDate1904(t *testing.T) {
	t.Parallel()
	p := parts(`<row><c s="1"><v>44892</v></c></row>`)
	p["xl/workbook.xml"] = strings.Replace(p["xl/workbook.xml"], "<sheets>", `<workbookPr date1904="1"/><sheets>`, 1)
	rows, _, err := read(pack(t, p), "")
	if err != nil || rows[0].Cells[0].Text != "2026-11-28" {
		t.Errorf("%v %v", rows, err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(pack(f, parts(`<row><c t="s"><v>1</v></c><c s="2"><v>46354.5</v></c></row>`)))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, _, err := read(data, "")
		if err != nil && !errors.As(err, new(*Refusal)) {
			t.Fatalf("neither rows nor a refusal: %v", err)
		}
		for _, r := range rows {
			if r.Number < 1 || r.Number > MaxRows || len(r.Cells) > MaxColumns {
				t.Fatalf("row %d with %d cells", r.Number, len(r.Cells))
			}
		}
	})
}

// FuzzCells fuzzes what no checksum guards.
func FuzzCells(f *testing.F) {
	f.Add(`<row r="1"><c r="A1" t="s" s="1"><f>x</f><v>0</v></c></row>`, "yyyy-mm-dd", 46354.5)
	f.Add(`<row hidden="1"><c t="inlineStr"><is><t>_x000D_</t></is></c></row>`, "[h]:mm", 1e300)
	f.Fuzz(func(t *testing.T, rows, code string, value float64) {
		_, _, err := read(pack(t, parts(rows)), "")
		if err != nil && !errors.As(err, new(*Refusal)) {
			t.Fatalf("neither rows nor a refusal: %v", err)
		}
		b := Book{formats: []format{formatOf(code)}}
		if c := b.number(fmt.Sprint(value), "0"); c.Text == "" {
			t.Fatalf("%v in the format %q is nothing", value, code)
		}
	})
}
