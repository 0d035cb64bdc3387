package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"capibara/importer/xlsx"
)

// workbook is a sheet of a workbook that is read as a table in CSV: one record a row, with commas, texts in quotation marks
// and everything else without. So a row has its number as a line, and a number is told from a text.
type workbook struct {
	book  *xlsx.Book
	sheet xlsx.Sheet

	hidden      int // rows that are not seen
	firstHidden int
	lastHidden  int
	merged      []xlsx.Merged
}

// sheetRatio is how many times the size of its file the text of a sheet may have, from packedFree on: cells may share a text.
const sheetRatio = 1000

// openBook opens a workbook and reads its sheet once.
func (in *input) openBook(ctx context.Context, f *os.File, how reading) error {
	book, err := xlsx.Open(f, in.size)
	if err != nil {
		return refusedBook(err)
	}
	w := &workbook{book: book}
	if w.sheet, err = book.Find(how.sheet); err != nil {
		return refusedBook(err)
	}
	text, err := w.open(f, in.size)
	if err != nil {
		return err
	}
	in.book = w
	in.encoding = nil
	err = chunks(ctx, text, func(chunk []byte, _ bool) { in.length += int64(len(chunk)) })
	if err != nil {
		return err
	}
	if in.length == 0 {
		return errEmpty()
	}
	w.hidden, w.firstHidden, w.lastHidden, w.merged = text.hidden, text.firstHidden, text.lastHidden, text.rows.Merged()
	return nil
}

// refusedBook makes a refusal of one.
func refusedBook(err error) error {
	var no *xlsx.Refusal
	if errors.As(err, &no) {
		return &refusal{reason: no.Reason, hint: no.Hint}
	}
	return err
}

// open begins to read the sheet.
func (w *workbook) open(f *os.File, size int64) (*sheetText, error) {
	rows, err := w.book.Rows(f, size, w.sheet)
	if err != nil {
		return nil, refusedBook(err)
	}
	return &sheetText{rows: rows, line: 1, left: max(packedFree, size*sheetRatio)}, nil
}

// sheetText writes the rows of a sheet as text.
type sheetText struct {
	rows *xlsx.Rows
	row  xlsx.Row
	line int // the row that comes next
	text []byte
	at   int
	left int64

	hidden, firstHidden, lastHidden int
}

// Read reads on.
func (s *sheetText) Read(p []byte) (int, error) {
	for s.at == len(s.text) {
		if err := s.rows.Next(&s.row); err != nil {
			return 0, refusedBook(err)
		}
		s.write()
		if s.left -= int64(len(s.text)); s.left < 0 {
			return 0, refuse("Save the sheet as CSV (UTF-8) and drop that file.", "the sheet holds more than %d times as much text as its file is large", sheetRatio)
		}
	}
	n := copy(p, s.text[s.at:])
	s.at += n
	return n, nil
}

// write writes the row, after the rows without any value before it.
func (s *sheetText) write() {
	s.text, s.at = s.text[:0], 0
	for ; s.line < s.row.Number; s.line++ {
		s.text = append(s.text, '\n')
	}
	s.line++
	if s.row.Hidden {
		if s.hidden++; s.hidden == 1 {
			s.firstHidden = s.row.Number
		}
		s.lastHidden = s.row.Number
	}
	if s.row.Large {
		s.tooLarge()
		return
	}
	start := len(s.text)
	for i, c := range s.row.Cells {
		if i > 0 {
			s.text = append(s.text, ',')
		}
		switch {
		case c.Kind != xlsx.Text:
			s.text = append(s.text, c.Text...)
		case strings.TrimSpace(c.Text) != "":
			s.text = append(s.text, '"')
			s.text = append(s.text, strings.ReplaceAll(c.Text, `"`, `""`)...)
			s.text = append(s.text, '"')
		}
	}
	if len(s.text)-start > maxRecord {
		s.text = s.text[:start]
		s.tooLarge()
		return
	}
	s.text = append(s.text, '\n')
}

// tooLarge writes a line that is cut as a record that is too large, whatever the row holds.
func (s *sheetText) tooLarge() {
	s.text = append(s.text, bytes.Repeat([]byte{'-'}, maxRecord+1)...)
	s.text = append(s.text, '\n')
}

// fits refuses a sheet whose records are not what can be seen: hidden ones, and values that cover several.
func (w *workbook) fits(header uint64) error {
	if w.lastHidden > int(header) {
		row := w.firstHidden
		if row <= int(header) {
			row = w.lastHidden
		}
		what := fmt.Sprintf("row %d of the sheet %q is", row, w.sheet.Name)
		if w.hidden > 1 {
			what = fmt.Sprintf("%d rows of the sheet %q, such as row %d, are", w.hidden, w.sheet.Name, row)
		}
		return refuse("Clear the filter and unhide the rows, or copy the rows that you see to a new sheet and drop that one.",
			"%s hidden or filtered out: the eye excluded them, and this would send them", what)
	}
	for _, m := range w.merged {
		if m.Last > int(header) {
			return refuse("Unmerge the cells and fill in the value of every row, or export the report with Details Only.",
				"the cells %s of the sheet %q are merged, so that only the first of rows %d to %d has their value", m.Ref, w.sheet.Name, m.First, m.Last)
		}
	}
	return nil
}
