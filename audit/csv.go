package audit

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// CSV writes a list page by page, for spreadsheets: no cell becomes a formula there.
type CSV[T any] struct {
	w       *csv.Writer
	columns []Column[T]
	begun   bool
}

// NewCSV returns a CSV that writes to w, the names of the columns first.
func NewCSV[T any](w io.Writer, columns []Column[T]) *CSV[T] {
	return &CSV[T]{w: csv.NewWriter(w), columns: columns}
}

// Write writes a page of a list; one without entries is good for the names of the columns.
func (c *CSV[T]) Write(entries []T) error {
	row := make([]string, len(c.columns))
	if !c.begun {
		for i, column := range c.columns {
			row[i] = column.Name
		}
		if err := c.w.Write(row); err != nil {
			return err
		}
		c.begun = true
	}
	for _, e := range entries {
		for i, column := range c.columns {
			row[i] = HarmlessCell(column.Whole(e))
		}
		if err := c.w.Write(row); err != nil {
			return err
		}
	}
	c.w.Flush()
	return c.w.Error()
}

// HarmlessCell keeps a spreadsheet from taking a cell for a formula: ids and record keys come from other people's files.
func HarmlessCell(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		if _, err := strconv.ParseFloat(cell, 64); err != nil {
			return "'" + cell
		}
	}
	return cell
}
