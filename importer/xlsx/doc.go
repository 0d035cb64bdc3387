// Package xlsx reads the cells of a workbook (.xlsx, .xlsm) row by row, as they were stored and not as they are shown. A
// number keeps every digit that a spreadsheet has of it, a cell with the format of a date becomes that date, and a formula
// counts with the result that it had when the workbook was saved.
//
// A workbook comes from anywhere, so that everything is bounded: texts that cells share take at most [MaxSharedText] bytes
// and [MaxSharedTexts] entries of memory, a row [MaxRowText], a single piece of XML a megabyte; a part of the workbook that
// unpacks to more than [MaxRatio] times its size is refused once it is over 64 MiB. Nothing is written anywhere. What is wrong with a
// workbook is a [*Refusal].
package xlsx

import (
	"errors"
	"fmt"
	"io/fs"
)

// The bounds of what is read.
const (
	MaxRows        = 1 << 20   // that a sheet has in Excel
	MaxColumns     = 1 << 14   // likewise
	MaxRowText     = 1 << 20   // bytes of text in one row; those of a larger one are left out
	MaxSharedText  = 128 << 20 // bytes of the texts that cells share
	MaxSharedTexts = 4 << 20   // how many of them
	MaxRatio       = 250       // how many times its packed size a part may have, from 64 MiB on
	MaxMerged      = 100_000   // merged stretches of cells

	maxPart    = 16 << 30 // bytes of the cells of one sheet
	maxSmall   = 32 << 20 // bytes of any other part than sheets and texts
	maxToken   = 1 << 20  // bytes of a piece of XML
	maxDepth   = 100      // elements within elements
	maxSheets  = 10_000
	maxStyles  = 1 << 16
	freeToGrow = 64 << 20 // bytes that a part may have whatever its packed size is
)

// Refusal says in sentences what is wrong with a workbook and what to do about it.
type Refusal struct{ Reason, Hint string }

func (r *Refusal) Error() string { return r.Reason }

func refuse(hint, format string, args ...any) error {
	return &Refusal{Reason: fmt.Sprintf(format, args...), Hint: hint}
}

const (
	saveAgain = "Open it in Excel or LibreOffice, save it again as .xlsx, and drop that file."
	saveAsCSV = "Save the sheet as CSV (UTF-8) and drop that file."
)

// damaged makes a refusal of what a library found, unless the disk or this package has said what is wrong.
func damaged(part string, err error) error {
	var no *Refusal
	var disk *fs.PathError
	if errors.As(err, &no) || errors.As(err, &disk) {
		return err
	}
	return refuse(saveAgain, "the workbook is damaged or not whole: its part %q cannot be read", part)
}
