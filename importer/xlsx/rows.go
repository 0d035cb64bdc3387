package xlsx

import (
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"
)

// Kind says what a cell holds.
type Kind uint8

// The kinds of cells. A date is a text in the form of ISO 8601, and so is an error of a formula, such as #N/A.
const (
	Text Kind = iota
	Number
	Boolean
)

// Cell is what one cell says. A number is written with its digits and a point; one of more than 15 digits before the point is
// in scientific notation (1.23456789012346E+16), because a spreadsheet has not kept the others. A Boolean is true or false.
type Cell struct {
	Kind Kind
	Text string
}

// Row is one row of a sheet.
type Row struct {
	Number int    // as a person sees it, from 1
	Hidden bool   // by hand or by a filter
	Large  bool   // it has more than MaxRowText bytes of text; Cells are not there
	Cells  []Cell // from column A on; none that is empty at the end
}

// Merged are cells of several rows that were made one: only the first holds a value.
type Merged struct {
	Ref         string // such as A5:A9
	First, Last int    // rows
}

// Rows reads the rows of one sheet in their order. Rows without any value are left out.
type Rows struct {
	book    *Book
	content io.ReadCloser
	m       *markup
	hides   bool // rows are hidden where they do not say otherwise
	inside  bool
	over    bool
	last    int // number of the row before
	text    bytes.Buffer
	merged  []Merged
}

// Rows begins to read a sheet of the file that the book was opened from.
func (b *Book) Rows(r io.ReaderAt, size int64, s Sheet) (*Rows, error) {
	a, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	content, err := a.open(s.part, maxPart)
	if err != nil {
		return nil, err
	}
	return &Rows{book: b, content: content, m: newMarkup(s.part, content)}, nil
}

// Close gives back what reading took.
func (r *Rows) Close() error { return r.content.Close() }

// Merged are the stretches over several rows, which a sheet names at its end: they are known when Next has said io.EOF.
func (r *Rows) Merged() []Merged { return r.merged }

// Next reads the next row that has a value. The error is io.EOF at the end of the sheet.
func (r *Rows) Next(row *Row) error {
	for !r.over {
		t, err := r.m.next()
		if err == io.EOF {
			r.over = true
			break
		}
		if err != nil {
			return err
		}
		switch e := t.(type) {
		case xml.StartElement:
			switch {
			case e.Name.Local == "sheetFormatPr":
				r.hides = yes(attribute(e, "zeroHeight"))
			case e.Name.Local == "sheetData":
				r.inside = true
			case e.Name.Local == "mergeCell":
				if err := r.merge(attribute(e, "ref")); err != nil {
					return err
				}
			case r.inside && e.Name.Local == "row":
				if err := r.row(e, row); err != nil {
					return err
				}
				if len(row.Cells) > 0 || row.Large {
					return nil
				}
			}
		case xml.EndElement:
			if e.Name.Local == "sheetData" {
				r.inside = false
			}
		}
	}
	return io.EOF
}

func (r *Rows) row(e xml.StartElement, row *Row) error {
	row.Number, row.Hidden, row.Large, row.Cells = r.last+1, r.hides, false, row.Cells[:0]
	for _, a := range e.Attr {
		switch a.Name.Local {
		case "r":
			n, err := strconv.Atoi(a.Value)
			if err != nil || n <= r.last {
				return refuse(saveAgain, "the rows of the workbook are not in their order after row %d", r.last)
			}
			row.Number = n
		case "hidden":
			row.Hidden = yes(a.Value)
		}
	}
	if row.Number > MaxRows {
		return refuse(saveAsCSV, "the sheet has more than %d rows", MaxRows)
	}
	r.last = row.Number
	column, size := 0, 0
	err := r.m.each(func(e xml.StartElement) error {
		if e.Name.Local != "c" {
			return r.m.skip()
		}
		at := column
		if ref := attribute(e, "r"); ref != "" {
			var ok bool
			if at, ok = columnOf(ref); !ok {
				return refuse(saveAgain, "row %d of the workbook names a cell that cannot be", row.Number)
			}
		}
		column = at + 1
		if column > MaxColumns {
			return refuse(saveAsCSV, "row %d has more than %d columns", row.Number, MaxColumns)
		}
		cell, err := r.cell(e, at, row.Number)
		if err != nil || cell.Text == "" {
			return err
		}
		if size += len(cell.Text); size > MaxRowText {
			row.Large, row.Cells = true, row.Cells[:0]
			return nil
		}
		for len(row.Cells) <= at {
			row.Cells = append(row.Cells, Cell{})
		}
		row.Cells[at] = cell
		return nil
	})
	return err
}

// columnOf is the column, from 0, that a reference such as AB12 names.
func columnOf(ref string) (int, bool) {
	n, i := 0, 0
	for ; i < len(ref) && i < 4; i++ {
		c := ref[i] &^ 0x20
		if c < 'A' || c > 'Z' {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	return n - 1, i > 0 && i < 4
}

// columnName is the reverse: A for 0.
func columnName(at int) string {
	var name []byte
	for at++; at > 0; at = (at - 1) / 26 {
		name = append([]byte{byte('A' + (at-1)%26)}, name...)
	}
	return string(name)
}

// cell reads one cell.
func (r *Rows) cell(e xml.StartElement, column, row int) (Cell, error) {
	var formula, stored, inline bool
	r.text.Reset()
	err := r.m.each(func(inner xml.StartElement) error {
		switch inner.Name.Local {
		case "f":
			formula = true
		case "v":
			stored = true
			return r.m.text(&r.text)
		case "is":
			inline = true
			return r.m.phrase(&r.text)
		}
		return r.m.skip()
	})
	if err != nil {
		return Cell{}, err
	}
	kind := attribute(e, "t")
	if formula && (!stored || r.text.Len() == 0 && kind != "str") {
		return Cell{}, refuse("Open the workbook in Excel, let it calculate, save it, and drop that file.",
			"the cell %s%d holds a formula without its result, because the program that wrote the workbook did not calculate it", columnName(column), row)
	}
	text := r.text.String()
	switch {
	case text == "" && kind != "s":
		return Cell{}, nil
	case kind == "s":
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if text == "" {
			return Cell{}, nil
		}
		if err != nil || n < 0 || n >= len(r.book.texts) {
			return Cell{}, refuse(saveAgain, "the workbook is damaged: the cell %s%d names a text that is not there", columnName(column), row)
		}
		return Cell{Text: r.book.texts[n]}, nil
	case kind == "str" || kind == "inlineStr" || inline:
		return Cell{Text: unescape(text)}, nil
	case kind == "b":
		return Cell{Kind: Boolean, Text: strconv.FormatBool(yes(strings.TrimSpace(text)))}, nil
	case kind == "e", kind == "d":
		return Cell{Text: text}, nil
	}
	return r.book.number(text, attribute(e, "s")), nil
}

// number reads a number in the style by which it is shown.
func (b *Book) number(text, style string) Cell {
	value, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return Cell{Text: text}
	}
	if n, err := strconv.Atoi(style); err == nil && n >= 0 && n < len(b.formats) && b.formats[n] != plain {
		if date, ok := b.date(value, b.formats[n]); ok {
			return Cell{Text: date}
		}
	}
	return Cell{Kind: Number, Text: decimal(value)}
}

// merge keeps a stretch of merged cells that spans several rows.
func (r *Rows) merge(ref string) error {
	first, last, both := strings.Cut(ref, ":")
	m := Merged{Ref: ref, First: rowOf(first), Last: rowOf(last)}
	if !both || m.First >= m.Last || len(ref) > 30 {
		return nil
	}
	if len(r.merged) == MaxMerged {
		return refuse(saveAsCSV, "the sheet has more than %d merged cells", MaxMerged)
	}
	r.merged = append(r.merged, m)
	return nil
}

func rowOf(ref string) int {
	n, _ := strconv.Atoi(strings.TrimLeft(ref, "$ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
	return n
}
