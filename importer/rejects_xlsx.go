package importer

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// The bounds of a workbook of rejects. Excel sets the first three. A workbook that is larger opens on no desktop, and
// writing it would hold up the import.
const (
	maxBookRows    = 1_048_575 // below the header
	maxBookColumns = 16_384
	maxBookText    = 32_767 // UTF-16 units in a cell
	maxBookCells   = 4_000_000
	maxBookBytes   = 64 << 20 // of text in all cells
)

// rejectsBook is the rejects of a file as a spreadsheet opens them: every cell is text, so that nothing that a person does not
// touch changes. It gives up, with a sentence, when a record does not fit into a workbook; the CSV holds them all.
//
// A large one passes through a temporary file, which holds personal data. It is made in the folder of the rejects, private as
// everything there; one that a crash leaves behind is deleted with its day as retention says.
type rejectsBook struct {
	without string // why there is no workbook
	sheet   string // its name

	file         *excelize.File
	rows         *excelize.StreamWriter
	data, ours   int // styles
	row          int
	cells, bytes int
}

func newRejectsBook(dir, sheet string, headers []string) (*rejectsBook, error) {
	b := &rejectsBook{sheet: cmp.Or(sheet, bookSheet), file: excelize.NewFile(excelize.Options{TmpDir: dir})}
	if err := b.begin(headers); err != nil {
		return nil, fmt.Errorf("begin the workbook of rejects: %w", errors.Join(err, b.close()))
	}
	return b, nil
}

// bookSheet is the name of the sheet, unless the source names the one that it reads: it could not read the rejects else.
const bookSheet = "Rejects"

// begin sets up the sheet: widths, a header that stays in sight, and our own columns in a colour of their own.
func (b *rejectsBook) begin(headers []string) error {
	ours := ownColumns()
	all := len(headers) + len(ours)
	if all > maxBookColumns {
		b.without = fmt.Sprintf("A workbook has %d columns at most, so that the rejected records are there as CSV alone.", maxBookColumns)
		return nil
	}
	if err := b.file.SetDocProps(&excelize.DocProperties{Creator: "Capibara", LastModifiedBy: "Capibara"}); err != nil {
		return err
	}
	if err := b.file.SetSheetName("Sheet1", b.sheet); err != nil {
		return err
	}
	styles, err := b.styles()
	if err != nil {
		return err
	}
	if b.rows, err = b.file.NewStreamWriter(b.sheet); err != nil {
		return err
	}
	widths := map[string]float64{columnLine: 14, columnReason: 60, columnFix: 60, columnFile: 14}
	var head []any
	for i, h := range append(headers[:len(headers):len(headers)], ours...) {
		width, style, title := min(40, max(14, 2+float64(utf8.RuneCountInString(h)))), b.data, styles[0]
		if i >= len(headers) {
			width, style, title = widths[h], b.ours, styles[1]
		}
		// A cell that is empty is text too once somebody writes in it.
		if err := errors.Join(b.rows.SetColStyle(i+1, i+1, style), b.rows.SetColWidth(i+1, i+1, width)); err != nil {
			return err
		}
		head = append(head, excelize.Cell{StyleID: title, Value: guardText(h)})
		b.fits(h)
	}
	if err := b.rows.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	b.row = 1
	return b.rows.SetRow("A1", head)
}

// styles makes the styles of cells, and returns those of the header over the record's columns and over our own.
func (b *rejectsBook) styles() (titles [2]int, err error) {
	const text = 49 // the number format of text
	style := func(s excelize.Style) int {
		if err != nil {
			return 0
		}
		s.NumFmt = text
		var id int
		id, err = b.file.NewStyle(&s)
		return id
	}
	fill := func(color string) excelize.Fill {
		return excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{color}}
	}
	top := &excelize.Alignment{Vertical: "top"}
	b.data = style(excelize.Style{Alignment: top})
	b.ours = style(excelize.Style{Fill: fill("FFF4D6"), Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	titles[0] = style(excelize.Style{Font: &excelize.Font{Bold: true}, Fill: fill("E7ECEA"), Alignment: top})
	titles[1] = style(excelize.Style{Font: &excelize.Font{Bold: true}, Fill: fill("F2C84B"), Alignment: top})
	return titles, err
}

// add appends a record, unless the workbook has given up.
func (b *rejectsBook) add(row rejectRow) error {
	if b.without != "" {
		return nil
	}
	var cells []any
	for _, text := range row.cells {
		cells = append(cells, b.cell(text, b.data))
	}
	for _, text := range row.own {
		cells = append(cells, b.cell(text, b.ours))
	}
	for _, text := range row.extra {
		cells = append(cells, b.cell(text, b.data))
	}
	b.row++
	b.cells += len(cells)
	switch {
	case b.without != "":
		return nil
	case len(cells) > maxBookColumns:
		b.without = fmt.Sprintf("A record has more cells than the %d that a workbook takes, so that the rejected records are there as CSV alone.", maxBookColumns)
		return nil
	case b.row > maxBookRows+1, b.cells > maxBookCells, b.bytes > maxBookBytes:
		b.without = "There are more rejected records than a workbook can well hold, so that they are there as CSV alone."
		return nil
	}
	at, err := excelize.CoordinatesToCellName(1, b.row)
	if err != nil {
		return fmt.Errorf("write the workbook of rejects: %w", err)
	}
	if err := b.rows.SetRow(at, cells); err != nil {
		return fmt.Errorf("write the workbook of rejects: %w", err)
	}
	return nil
}

// cell is a text as a cell; nothing for an empty one, whose column is text already.
func (b *rejectsBook) cell(text string, style int) any {
	if text == "" {
		return nil
	}
	b.fits(text)
	return excelize.Cell{StyleID: style, Value: guardText(text)}
}

// fits gives up when a workbook cannot hold a text as it is.
func (b *rejectsBook) fits(text string) {
	b.bytes += len(text)
	units := 1 // the apostrophe that it may get
	for _, r := range text {
		switch {
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0xfffe, r == 0xffff:
			b.without = "A cell holds characters that a workbook cannot hold, so that the rejected records are there as CSV alone."
			return
		case r > 0xffff:
			units++
		}
		units++
	}
	if units > maxBookText {
		b.without = fmt.Sprintf("A cell holds more text than the %d characters that a workbook takes, so that the rejected records are there as CSV alone.", maxBookText)
	}
}

// write writes the workbook.
func (b *rejectsBook) write(w io.Writer) error {
	if err := b.rows.Flush(); err != nil {
		return err
	}
	return b.file.Write(w)
}

// close removes the temporary file that a large workbook needs.
func (b *rejectsBook) close() error { return b.file.Close() }
