package importer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"capibara/event"
	"capibara/store"
)

// rejectsFiles are the files that hold what a person can mend.
type rejectsFiles struct {
	path     string // "" when nothing is rejected
	workbook string // the same as a workbook; "" when there is none
	without  string // why there is no workbook beside a CSV, as a sentence
}

// writeRejects writes what a person can mend beside the reasons why, in the form of the file itself so that it can be
// dropped in again: it reads the file once more for the records that the database says are rejected. Beside a CSV stands
// the same as a workbook, because a spreadsheet that opens CSV destroys telephone numbers, ids and accents. The same call
// after a crash writes the same files.
func (p *pass) writeRejects(ctx context.Context) (rejectsFiles, error) {
	if p.file.Counts.Rejected == 0 {
		return rejectsFiles{}, nil
	}
	stem, ext := splitName(p.file.Name)
	if ext = unpackedName(strings.ToLower(ext)); p.format != "csv" {
		ext = ".jsonl"
	} else if p.in.book != nil || slices.Contains([]string{"", ".json", ".jsonl", ".xlsx", ".xls", ".xlsm"}, ext) {
		ext = ".csv" // it is CSV whatever the file's name, and the workbook has a name of its own
	}
	base := filepath.Join(p.im.c.Folders.Rejected, day(p.mapping, p.file), stem+"."+strconv.FormatUint(p.file.Number, 10)+".rejects")
	files := rejectsFiles{path: base + ext}
	if p.format != "csv" {
		return files, p.im.writeWhole(files.path, func(w io.Writer) error { return p.jsonRejects(ctx, w) })
	}
	if err := p.im.makeFolder(filepath.Dir(base)); err != nil {
		return files, err
	}
	book, err := newRejectsBook(filepath.Dir(base), p.mapping.source.Sheet, p.rejectColumns())
	if err != nil {
		return files, err
	}
	err = p.im.writeWhole(files.path, func(w io.Writer) error { return p.csvRejects(ctx, w, book) })
	if files.without = book.without; err == nil && files.without == "" {
		files.workbook = base + ".xlsx"
		err = p.im.writeWhole(files.workbook, book.write)
	}
	return files, errors.Join(err, book.close())
}

// errRejectGone says that the file no longer holds a record that the database knows.
var errRejectGone = errors.New("the file no longer holds a record that was rejected")

// eachReject calls yield with the text of every rejected record, in their order.
func (p *pass) eachReject(ctx context.Context, yield func(text string, flag spanFlag, r store.Reject) error) error {
	cut, closer, err := p.cutter()
	if err != nil {
		return err
	}
	defer closer.Close()
	var b *block
	next, more := uint64(1), true
	var failed error
	err = p.im.c.Store.Rejects(ctx, p.file.Number, func(r store.Reject) bool {
		for b == nil || r.Record >= b.first+uint64(len(b.spans)) {
			if !more {
				failed = errRejectGone
				return false
			}
			b = &block{first: next}
			if more, failed = cut.next(b); failed != nil {
				return false
			}
			next += uint64(len(b.spans))
		}
		at := int(r.Record - b.first)
		failed = eachLine(b, at, r, func(text string, flag spanFlag, r store.Reject) error {
			return yield(p.rejected(text, flag), flag, r)
		})
		return failed == nil
	})
	return errors.Join(err, failed)
}

// eachLine calls yield for all lines of a record, the good ones too: mended and dropped in again, they are the whole record.
func eachLine(b *block, at int, r store.Reject, yield func(text string, flag spanFlag, r store.Reject) error) error {
	for _, line := range b.lines(at) {
		of := r
		if b.spans[at].group > 0 {
			of.Line = line.line
		}
		if err := yield(b.slice(line), line.flag, of); err != nil {
			return err
		}
	}
	return nil
}

// rejectRow is a rejected record as a rejects file shows it. The cells are as they were in the record.
type rejectRow struct {
	cells []string // one for every column but our own; those that the record lacks are empty
	own   []string // what stands under our own columns
	extra []string // cells beyond the columns; they come last, so that the columns stay where they belong
}

// rejectColumns are the headers of the file but for our own, which a file that began as a rejects file has already.
func (p *pass) rejectColumns() []string {
	var headers []string
	for _, h := range p.sheet.headers {
		if ownColumn(h) == "" {
			headers = append(headers, h)
		}
	}
	return headers
}

func (p *pass) rejectRow(text string, r store.Reject) rejectRow {
	cells := allCells(text, p.sheet.delimiter)
	if p.in.book != nil {
		numbersAsText(text, cells, p.mapping.decimal, p.bound.ofAmount)
	}
	if p.sheet.guarded {
		for i := range cells {
			cells[i] = unguard(cells[i])
		}
	}
	width := len(p.sheet.headers)
	reason := reasonText(r)
	if r.Reason == event.ReasonRaggedRow && len(cells) != width {
		reason = fmt.Sprintf("%s It has %d cells, and the header has %d.", reason, len(cells), width)
	}
	row := rejectRow{own: p.ownCells(r, reason), extra: cells[min(width, len(cells)):]}
	for i, h := range p.sheet.headers {
		switch {
		case ownColumn(h) != "":
		case i < len(cells):
			row.cells = append(row.cells, cells[i])
		default:
			row.cells = append(row.cells, "")
		}
	}
	return row
}

// numbersAsText writes the numbers among the cells of a workbook's row so that they mean the same as text, which is all that
// the rejects hold: 1.234 with a comma where that is the source's decimal mark, and as 1.2340 where the source states none.
// Other numbers, such as those of ids, stay as they are. amount tells which columns hold amounts.
func numbersAsText(row string, cells []string, decimal byte, amount func(column int) bool) {
	for i := range cells {
		bare := row != "" && row[0] != '"'
		_, row, _ = nextCell(row, ',')
		at := strings.IndexByte(cells[i], '.')
		switch {
		case !bare || at < 0 || !amount(i):
		case decimal == ',':
			cells[i] = strings.Replace(cells[i], ".", ",", 1)
		case decimal == 0 && len(cells[i])-at == 4:
			cells[i] += "0"
		}
	}
}

// ownCells are the values of ownColumns.
func (p *pass) ownCells(r store.Reject, reason string) []string {
	return []string{strconv.FormatUint(r.Line, 10), reason, r.Reason.Fix(), strconv.FormatUint(p.file.Number, 10)}
}

// reasonText is the reason's code and sentence, with the column at fault.
func reasonText(r store.Reject) string {
	text := string(r.Reason) + ": " + r.Reason.Sentence()
	if r.Column != "" {
		text = strings.TrimSuffix(text, ".") + " (" + r.Column + ")."
	}
	return text
}

// csvRejects writes the rejects in the form of the file, beginning with the mark by which spreadsheets know UTF-8, and fills
// the workbook with the same.
func (p *pass) csvRejects(ctx context.Context, w io.Writer, book *rejectsBook) error {
	out := bufio.NewWriter(w)
	out.WriteString("\ufeff")
	p.writeRow(out, rejectRow{cells: p.rejectColumns(), own: ownColumns()})
	err := p.eachReject(ctx, func(text string, _ spanFlag, r store.Reject) error {
		row := p.rejectRow(text, r)
		p.writeRow(out, row)
		return book.add(row)
	})
	return errors.Join(err, out.Flush())
}

// written is the delimiter of the rejects: that of the file, unless it was a workbook and the source states one.
func (p *pass) written() byte {
	if p.in.book != nil && p.mapping.delimiter != 0 {
		return p.mapping.delimiter
	}
	return p.sheet.delimiter
}

func (p *pass) writeRow(out *bufio.Writer, row rejectRow) {
	first := true
	for _, cells := range [][]string{row.cells, row.own, row.extra} {
		for _, text := range cells {
			if !first {
				out.WriteByte(p.written())
			}
			first = false
			p.writeCell(out, guard(text))
		}
	}
	out.WriteString("\r\n")
}

func (p *pass) writeCell(out *bufio.Writer, text string) {
	if !strings.ContainsAny(text, "\"\r\n"+string(rune(p.written()))) && strings.TrimSpace(text) == text {
		out.WriteString(text)
		return
	}
	out.WriteByte('"')
	out.WriteString(strings.ReplaceAll(text, `"`, `""`))
	out.WriteByte('"')
}
