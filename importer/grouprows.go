package importer

import (
	"capibara/store"
)

// groupWorker makes events of blocks of CSV whose records may have several lines.
type groupWorker struct{ *csvWorker }

// work fills b.out.
func (w groupWorker) work(b *block) error {
	b.out.records = make([]store.Record, 0, len(b.spans))
	b.out.rows = make([]store.NewRow, 0, len(b.spans)*len(w.events))
	b.out.sums = make([]rowSum, 0, len(b.spans)*len(w.events))
	for from := 0; from < len(b.spans); {
		to, lines := from, 0
		for to < len(b.spans) && (lines == 0 || lines+len(b.lines(to)) <= gocsvRows) {
			lines += len(b.lines(to))
			to++
		}
		if err := w.chunk(b, from, to, lines); err != nil {
			return err
		}
		from = to
	}
	return nil
}

// chunk reads the records from up to to, which have so many lines together.
func (w groupWorker) chunk(b *block, from, to, lines int) error {
	w.begin(lines)
	faults := map[int]fault{}
	for i := from; i < to; i++ {
		if f := w.take(b, i); !f.none() {
			faults[i] = f
		}
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
		of := b.lines(i)
		first, _, _ := nextCell(b.slice(of[0]), w.delimiter)
		w.totals = totalWord(first) || footerWord(first)
		if len(of) == 1 {
			w.record(rows[next].Cells, w.kindsOf(next), b.spans[i].line, &b.out)
		} else {
			w.gather(rows, next, len(of))
			w.group(b.spans[i].line, &b.out)
		}
		next += len(of)
	}
	return nil
}

// gather puts the lines of one record, count of rows from the place first on, where the mapper takes them from.
func (w groupWorker) gather(rows []row, first, count int) {
	w.lines = w.lines[:0]
	for i := first; i < first+count; i++ {
		w.lines = append(w.lines, lineCells{rows[i].Cells, w.kindsOf(i)})
	}
}

// take adds the lines of a record to those that gocsv reads. One that is damaged costs them all: without it the record
// might lack a part of its amount.
func (w groupWorker) take(b *block, i int) fault {
	before, width := len(w.rows), len(w.slots)
	if group := b.spans[i].group; group > 0 && !b.groups[group-1].fault.none() {
		return b.groups[group-1].fault
	}
	for _, s := range b.lines(i) {
		at := (len(w.rows) - 1) * width
		cells := w.cells[at : at+width : at+width]
		w.wipe(cells, len(w.rows)-1)
		if f := w.split(b.slice(s), s.flag, cells); !f.none() {
			w.rows = w.rows[:before]
			return f
		}
		w.typed(b.slice(s), w.kindsOf(len(w.rows)-1))
		w.rows = append(w.rows, cells)
	}
	return fault{}
}
