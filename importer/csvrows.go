package importer

import (
	"fmt"
	"strings"

	"github.com/gocarina/gocsv"

	"capibara/event"
	"capibara/store"
)

// gocsvRows is how many records gocsv is given at once.
const gocsvRows = 1000

// row is a record as gocsv hands it over: the text of every column that the mapping needs, by slot. It has no typed
// members, because gocsv would keep a row that it cannot convert as zeros.
type row struct {
	Cells []string `csv:"cells"` // gocsv refuses a type without a tag
}

// UnmarshalCSVWithFields takes one cell. The header is one of canonicalHeaders: it begins with the number of its slot and the
// number of all slots, so that finding the place costs no search.
func (r *row) UnmarshalCSVWithFields(header, text string) error {
	if r.Cells == nil {
		r.Cells = make([]string, int(header[2])<<7|int(header[3]))
	}
	r.Cells[int(header[0])<<7|int(header[1])] = text
	return nil
}

// maxSlots is how many columns of a file a mapping can use.
const maxSlots = 1 << 14

// canonicalHeaders are the headers that gocsv sees in place of the file's own.
func canonicalHeaders(slots []string) []string {
	headers := make([]string, len(slots))
	for i := range slots {
		headers[i] = string([]byte{byte(i >> 7), byte(i & 127), byte(len(slots) >> 7), byte(len(slots) & 127)}) + fold(slots[i])
	}
	return headers
}

// csvRows gives gocsv records that are known to be in order: every one has exactly as many cells as there are headers.
// It is gocsv's CSVReader.
type csvRows [][]string

// Read is there for gocsv's interface; gocsv takes everything at once.
func (r csvRows) Read() ([]string, error) { return r[0], nil }

// ReadAll returns the header and the records.
func (r csvRows) ReadAll() ([][]string, error) { return r, nil }

// csvWorker makes events of blocks of CSV.
type csvWorker struct {
	*mapper
	dialect
	canonical []string
	rows      csvRows
	at        []int // record of the block that each of rows is
	cells     []string
	own       []bool     // columns of ours in a file that began as rejects; nil elsewhere
	types     []cellKind // of cells, in a workbook; nil in CSV, which has text only
}

func newCSVWorker(m *mapper, s sheet) *csvWorker {
	return &csvWorker{mapper: m, dialect: s.dialect, own: ownAmong(s), canonical: canonicalHeaders(m.slots)}
}

// work fills b.out. Records that are no rows get their fate here, all others go through gocsv in their order.
func (w *csvWorker) work(b *block) error {
	b.out.records = make([]store.Record, 0, len(b.spans))
	b.out.rows = make([]store.NewRow, 0, len(b.spans)*len(w.events))
	b.out.sums = make([]rowSum, 0, len(b.spans)*len(w.events))
	for from := 0; from < len(b.spans); from += gocsvRows {
		if err := w.chunk(b, from, min(from+gocsvRows, len(b.spans))); err != nil {
			return err
		}
	}
	return nil
}

func (w *csvWorker) chunk(b *block, from, to int) error {
	width := len(w.slots)
	w.at = w.at[:0]
	w.begin(to - from)
	faults := map[int]fault{}
	for i := from; i < to; i++ {
		cells := w.cells[len(w.at)*width : (len(w.at)+1)*width : (len(w.at)+1)*width]
		w.wipe(cells, len(w.at))
		if f := w.split(b.record(i), b.spans[i].flag, cells); !f.none() {
			faults[i] = f
			continue
		}
		w.typed(b.record(i), w.kindsOf(len(w.at)))
		w.rows = append(w.rows, cells)
		w.at = append(w.at, i)
	}
	rows, err := w.decode()
	if err != nil {
		return err
	}
	if err := w.meetAll(rows); err != nil {
		return err
	}
	next := 0
	for i := from; i < to; i++ {
		if f, bad := faults[i]; bad {
			b.out.records = append(b.out.records, withoutRows(b.spans[i].line, f))
			continue
		}
		first, _, _ := nextCell(b.record(i), w.delimiter)
		w.totals = totalWord(first) || footerWord(first)
		w.record(rows[next].Cells, w.kindsOf(next), b.spans[i].line, &b.out)
		next++
	}
	return nil
}

// begin makes room for so many lines.
func (w *csvWorker) begin(lines int) {
	w.rows = append(w.rows[:0], w.canonical)
	need := lines * len(w.slots)
	if cap(w.cells) < need {
		w.cells = make([]string, need)
	}
	if w.book {
		w.types = make([]cellKind, need)
	}
}

// wipe takes out of a line's cells, and of their kinds, what a line that was dropped left there: a row of a workbook may end
// before its last column, and fills the cells that it has. In CSV every line fills them all.
func (w *csvWorker) wipe(cells []string, line int) {
	if w.book {
		clear(cells)
		clear(w.kindsOf(line))
	}
}

// kindsOf are the kinds of a line's cells, by its place among the lines that gocsv reads; nil in CSV.
func (w *csvWorker) kindsOf(line int) []cellKind {
	if w.types == nil {
		return nil
	}
	width := len(w.slots)
	return w.types[line*width : (line+1)*width]
}

// decode lets gocsv read what is in rows.
func (w *csvWorker) decode() ([]row, error) {
	lines := len(w.rows) - 1
	var rows []row
	if lines > 0 {
		if err := gocsv.UnmarshalCSV(w.rows, &rows); err != nil {
			return nil, fmt.Errorf("decode records of CSV: %w", err)
		}
	}
	if len(rows) != lines {
		return nil, fmt.Errorf("decode records of CSV: %d went in and %d came out", lines, len(rows))
	}
	return rows, nil
}

// withoutRows is a record that yields no event.
func withoutRows(line uint64, f fault) store.Record {
	rec := store.Record{Line: line, Fate: store.FateRejected, Reason: f.reason, Column: f.column}
	if f.reason.Severity() == event.Skip {
		rec.Fate = store.FateSkipped
	}
	return rec
}

// split puts the cells that are needed into their slots, unless the record is none.
func (w *csvWorker) split(record string, flag spanFlag, slots []string) fault {
	if f := noRow(record, flag, w.delimiter); !f.none() {
		return f
	}
	if w.own != nil && emptyBut(allCells(record, w.delimiter), w.own) {
		return fault{reason: event.ReasonBlankLine}
	}
	rest, more, n := record, true, 0
	for more {
		var text string
		if text, rest, more = nextCell(rest, w.delimiter); n < len(w.slotOf) {
			if slot := w.slotOf[n]; slot >= 0 {
				if w.guarded {
					text = unguard(text)
				}
				slots[slot] = text
			}
		}
		n++
	}
	return w.widthFault(record, n, len(w.headers), flag)
}

// noRow says why a record is none, whatever its cells are.
func noRow(record string, flag spanFlag, delimiter byte) fault {
	switch {
	case flag&spanTitle != 0 && record != "":
		return fault{reason: event.ReasonFooterLine}
	case flag&spanTooLarge != 0:
		return fault{reason: event.ReasonRecordTooLarge}
	case flag&spanStrayQuote != 0:
		return fault{reason: event.ReasonQuoteUnclosed}
	case record == "" || blank(record, delimiter):
		return fault{reason: event.ReasonBlankLine}
	}
	return fault{}
}

// widthFault says why a record of so many cells is none below a header of width cells. A row of a workbook ends with its last
// cell that holds anything.
func (d dialect) widthFault(record string, cells, width int, flag spanFlag) fault {
	switch {
	case cells == width, d.book && cells > 1:
		return fault{}
	case footer(record, d.delimiter, cells, width, flag):
		return fault{reason: event.ReasonFooterLine}
	case d.book:
		return fault{}
	}
	return fault{reason: event.ReasonRaggedRow}
}

// typed tells the kinds of a row's cells by how they are written: texts alone are in quotation marks. In CSV it does nothing.
func (w *csvWorker) typed(record string, kinds []cellKind) {
	if kinds == nil {
		return
	}
	for n, more := 0, true; more && n < len(w.slotOf); n++ {
		quoted := record != "" && record[0] == '"'
		var text string
		text, record, more = nextCell(record, w.delimiter)
		if slot := w.slotOf[n]; slot >= 0 && !quoted && text != "" {
			kinds[slot] = kindNumber
			if text == "true" || text == "false" {
				kinds[slot] = kindBoolean
			}
		}
	}
}

// blank reports whether there is nothing in a record but white space, delimiters and quotation marks: nor is there in one that
// was scrubbed.
func blank(record string, delimiter byte) bool {
	for i := range len(record) {
		if c := record[i]; c != delimiter && strings.IndexByte(" \t\r\n\"", c) < 0 {
			return false
		}
	}
	return true
}

// nextCell takes the first cell off a record.
func nextCell(record string, delimiter byte) (text, rest string, more bool) {
	if record == "" || record[0] != '"' {
		at := strings.IndexByte(record, delimiter)
		if at < 0 {
			return record, "", false
		}
		return record[:at], record[at+1:], true
	}
	doubled := false
	for at := 1; ; {
		i := strings.IndexByte(record[at:], '"')
		if i < 0 {
			return record[1:], "", false
		}
		at += i + 1
		if at < len(record) && record[at] == '"' {
			doubled = true
			at++
			continue
		}
		text = record[1 : at-1]
		if doubled {
			text = strings.ReplaceAll(text, `""`, `"`)
		}
		for at < len(record) && record[at] != delimiter {
			at++
		}
		if at == len(record) {
			return text, "", false
		}
		return text, record[at+1:], true
	}
}
