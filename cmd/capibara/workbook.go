package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// What a workbook takes; Excel sets these.
const (
	maxSheetRows = 1_048_576
	maxCellRunes = 16_000 // a cell takes 32,767 units, of which a character may need two
	exactDigits  = 15     // of a number; a longer one is written as text
)

// workbook is a workbook that is written row by row: no more than a few megabytes of it are in memory. A list that is longer
// than a sheet goes on in the next one.
type workbook struct {
	file  *excelize.File
	bold  int
	rows  *excelize.StreamWriter
	name  string
	head  []any
	wide  []float64
	parts int // sheets of the list that is being written
	row   int
	any   bool // there is a sheet
	most  int  // rows a sheet
}

func newWorkbook() (*workbook, error) {
	b := &workbook{file: excelize.NewFile(), most: maxSheetRows}
	var err error
	if b.bold, err = b.file.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err != nil {
		return nil, errors.Join(fmt.Errorf("begin a workbook: %w", err), b.file.Close())
	}
	if err = b.file.SetDocProps(&excelize.DocProperties{Creator: "Capibara", LastModifiedBy: "Capibara"}); err != nil {
		return nil, errors.Join(fmt.Errorf("begin a workbook: %w", err), b.file.Close())
	}
	return b, nil
}

// sheet begins a list.
func (b *workbook) sheet(name string, header ...string) error {
	b.name, b.parts, b.head, b.wide = name, 0, nil, nil
	for _, h := range header {
		b.head = append(b.head, excelize.Cell{StyleID: b.bold, Value: h})
		b.wide = append(b.wide, min(40, max(12, float64(utf8.RuneCountInString(h))+2)))
	}
	return b.part()
}

// part begins a sheet of the list.
func (b *workbook) part() error {
	if err := b.flush(); err != nil {
		return err
	}
	b.parts++
	name := b.name
	if b.parts > 1 {
		name = fmt.Sprintf("%s %d", b.name, b.parts)
	}
	var err error
	if b.any {
		_, err = b.file.NewSheet(name)
	} else {
		err = b.file.SetSheetName("Sheet1", name)
	}
	if err == nil {
		b.rows, err = b.file.NewStreamWriter(name)
	}
	for i, w := range b.wide {
		if err == nil {
			err = b.rows.SetColWidth(i+1, i+1, w)
		}
	}
	if err == nil {
		err = b.rows.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"})
	}
	if err == nil {
		err = b.rows.SetRow("A1", b.head)
	}
	if err != nil {
		return fmt.Errorf("begin the sheet %s: %w", name, err)
	}
	b.any, b.row = true, 1
	return nil
}

// add writes a row. A text is never taken for a formula, nor an id for a number.
func (b *workbook) add(cells ...any) error {
	if b.row == b.most {
		if err := b.part(); err != nil {
			return err
		}
	}
	b.row++
	for i, c := range cells {
		if text, ok := c.(string); ok {
			cells[i] = cellText(text)
		}
	}
	at, err := excelize.CoordinatesToCellName(1, b.row)
	if err == nil {
		err = b.rows.SetRow(at, cells)
	}
	if err != nil {
		return fmt.Errorf("write the sheet %s: %w", b.name, err)
	}
	return nil
}

func (b *workbook) flush() error {
	if b.rows == nil {
		return nil
	}
	if err := b.rows.Flush(); err != nil {
		return fmt.Errorf("write the sheet %s: %w", b.name, err)
	}
	return nil
}

// write writes the workbook.
func (b *workbook) write(w io.Writer) error {
	if err := b.flush(); err != nil {
		return err
	}
	if err := b.file.Write(w); err != nil {
		return fmt.Errorf("write the workbook: %w", err)
	}
	return nil
}

// Close removes the temporary file that a large workbook needs.
func (b *workbook) Close() error { return b.file.Close() }

// cellText is a text as a cell can hold it; nil for none.
func cellText(s string) any {
	if s == "" {
		return nil
	}
	s = strings.Map(func(r rune) rune {
		if r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, printable(strings.ToValidUTF8(s, string(utf8.RuneError))))
	if runes := []rune(s); len(runes) > maxCellRunes {
		s = string(runes[:maxCellRunes]) + "…"
	}
	return s
}
