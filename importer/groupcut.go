package importer

import (
	"slices"
	"strings"

	"capibara/event"
	"capibara/importer/normalize"
)

// maxGroupLines is how many lines a record may have. One with more, or with more than maxRecord bytes, is too large: it is
// rejected without its text, so that nobody mends a part of it.
const maxGroupLines = 1000

// lineGroup is a record of several lines.
type lineGroup struct {
	lines []span
	fault fault // what is wrong with them together; a line that is wrong by itself is found when it is read
}

// groupCutter makes one record of the lines of a CSV file that follow one another and have one record key, also where they lie in
// different blocks. Empty lines and footers among them are records of their own, behind it. A damaged line belongs to the record
// whose key it has, and to the one whose lines stand on both sides of it. What belongs to a record is never left out of
// it in silence: a line whose key cannot be read makes the records beside it doubtful.
type groupCutter struct {
	dialect
	lines   cutter
	width   int    // cells of the header
	key     []int  // columns of record_key
	column  string // header of the first of them
	telling []int  // columns that tell who and when: a line of sums has none of them
	own     []bool // columns of ours in a file that began as rejects; nil elsewhere
	// closed is told of every record that has a key: its line, and whether all its lines are damaged. Nil for nobody.
	closed func(key string, line uint64, damaged bool)

	b     *block // being filled
	kept  string // text of what is not closed yet
	open  *openGroup
	limbo []limboLine // damaged, behind open; what comes next decides where they belong
	aside []span      // no rows at all, behind open
	bytes int         // of limbo and aside
	torn  []limboLine // the damaged lines since the last one in order, the last few of them
	cells []string
}

// openGroup is a record that the next line may belong to.
type openGroup struct {
	key     string
	line    uint64 // where it starts
	lines   []span
	bytes   int
	fault   fault
	whole   bool // it has a line that is not damaged
	tooMany bool
}

func (g *groupCutter) next(b *block) (bool, error) {
	var raw block
	more, err := g.lines.next(&raw)
	if err != nil {
		return false, err
	}
	shift := int32(len(g.kept))
	b.text, b.bytes = raw.text, raw.bytes
	if shift > 0 {
		b.text = g.kept + raw.text
	}
	g.b = b
	for _, s := range raw.spans {
		s.start, s.end = s.start+shift, s.end+shift
		g.line(s)
	}
	if !more {
		g.close("")
		return false, nil
	}
	g.keep()
	return true, nil
}

// keep takes the text of what is not closed along to the next block.
func (g *groupCutter) keep() {
	from := int32(len(g.b.text))
	g.each(func(s *span) { from = min(from, s.start) })
	g.kept = g.b.text[from:]
	g.each(func(s *span) { s.start, s.end = s.start-from, s.end-from })
}

// each calls f for every line that is not closed and whose text is kept.
func (g *groupCutter) each(f func(*span)) {
	if g.open != nil {
		for i := range g.open.lines {
			f(&g.open.lines[i])
		}
	}
	for i := range g.limbo {
		f(&g.limbo[i].span)
	}
	for i := range g.aside {
		f(&g.aside[i])
	}
}

// line finds out where a line belongs.
func (g *groupCutter) line(s span) {
	record := g.b.text[s.start:s.end]
	n := g.read(record)
	f := noRow(record, s.flag, g.delimiter)
	if f.none() {
		f = g.widthFault(record, n, g.width, s.flag)
	}
	keyless := false
	switch {
	case f.none() && (g.sums() || emptyBut(g.cells, g.own)), f.reason.Severity() == event.Skip && !f.none():
		g.setAside(s)
		return
	case f.none():
		key := g.keyAt(n, 0)
		if key != "" {
			g.good(s, key)
			return
		}
		if g.open == nil && len(g.limbo) == 0 || len(g.aside) > 0 && g.fewCells() {
			g.setAside(s)
			return
		}
		if len(g.limbo) == 0 {
			g.open.add(s)
			g.open.fault = fault{event.ReasonRecordKeyMissing, g.column}
			return
		}
		keyless = true
	}
	l := limboLine{span: s, keyless: keyless}
	if !keyless {
		g.readKeys(&l, record, n)
		if g.torn = append(g.torn, l); len(g.torn) > maxTorn {
			g.torn = g.torn[1:]
		}
	}
	if g.open != nil && l.has(g.open.key) {
		g.absorb()
		g.open.add(s)
		return
	}
	g.limbo = append(g.limbo, l)
	g.bound(s)
}

// sums reports whether the line at hand begins as sums do and tells of nobody: an article may be called Total.
func (g *groupCutter) sums() bool {
	if len(g.cells) == 0 || !totalWord(g.cells[0]) {
		return false
	}
	return !slices.ContainsFunc(g.telling, func(at int) bool {
		return at < len(g.cells) && !totalWord(g.cells[at]) && !normalize.IsMissing(g.cells[at])
	})
}

// good adds a line that is in order to its record.
func (g *groupCutter) good(s span, key string) {
	if g.open != nil && g.open.key == key {
		g.absorb()
	} else {
		g.close(key)
		g.open = &openGroup{key: strings.Clone(key), line: s.line}
		if len(g.limbo) > 0 {
			g.open.line = g.limbo[0].line
		}
		if slices.ContainsFunc(g.torn, func(l limboLine) bool { return l.touches(key) }) {
			g.open.fault = fault{reason: event.ReasonLineBesideDamaged}
		}
		g.absorb()
	}
	g.open.add(s)
	g.open.whole = true
	g.torn = g.torn[:0]
}

// absorb makes the lines in limbo lines of the open record.
func (g *groupCutter) absorb() {
	for i := range g.limbo {
		g.open.add(g.limbo[i].span)
		if g.limbo[i].keyless {
			g.open.fault = fault{event.ReasonRecordKeyMissing, g.column}
		}
	}
	g.limbo, g.bytes = g.limbo[:0], 0
}

func (o *openGroup) add(s span) {
	o.bytes += int(s.end - s.start)
	if o.tooMany = o.tooMany || len(o.lines) == maxGroupLines || o.bytes > maxRecord; o.tooMany {
		o.lines = nil
		return
	}
	o.lines = append(o.lines, s)
}

func (g *groupCutter) setAside(s span) {
	g.aside = append(g.aside, s)
	if g.open == nil && len(g.limbo) == 0 {
		g.close("")
		return
	}
	g.bound(s)
}

// bound closes everything before what waits for the next line of a record becomes too much: hundreds of empty lines follow the last
// record of many a spreadsheet.
func (g *groupCutter) bound(s span) {
	if g.bytes += int(s.end - s.start); g.bytes > maxRecord || len(g.limbo)+len(g.aside) > maxGroupLines {
		g.close("")
	}
}

// close ends the open record and everything behind it, but for the damaged lines from the first on that has the key that
// comes next: what stands between two lines of a record belongs to it.
func (g *groupCutter) close(next string) {
	ended := len(g.limbo)
	if at := slices.IndexFunc(g.limbo, func(l limboLine) bool { return l.has(next) }); at >= 0 {
		ended = at
	}
	for i := range g.limbo[:ended] {
		if l := &g.limbo[i]; g.open != nil && g.open.fault.none() && (l.keyless || l.touches(g.open.key)) {
			g.open.fault = fault{reason: event.ReasonLineBesideDamaged}
		}
	}
	if g.open != nil {
		g.emit(g.open)
		g.open = nil
	}
	for i := 0; i < ended; {
		o := &openGroup{key: g.limbo[i].key, line: g.limbo[i].line}
		for ; i < ended && g.limbo[i].key == o.key && (o.key != "" || len(o.lines) == 0); i++ {
			o.add(g.limbo[i].span)
			if g.limbo[i].keyless {
				o.fault = fault{event.ReasonRecordKeyMissing, g.column}
			}
		}
		g.emit(o)
	}
	g.limbo = append(g.limbo[:0], g.limbo[ended:]...)
	g.b.spans = append(g.b.spans, g.aside...)
	g.aside, g.bytes = g.aside[:0], 0
}

// emit makes a record of a group. One good line is a record as in any other file.
func (g *groupCutter) emit(o *openGroup) {
	if g.closed != nil && o.key != "" {
		g.closed(o.key, o.line, !o.whole)
	}
	switch {
	case o.tooMany:
		g.b.spans = append(g.b.spans, span{line: o.line, flag: spanTooLarge})
	case len(o.lines) == 1 && o.fault.none():
		g.b.spans = append(g.b.spans, o.lines[0])
	default:
		g.b.groups = append(g.b.groups, lineGroup{o.lines, o.fault})
		first := o.lines[0]
		first.group, first.line = int32(len(g.b.groups)), o.line
		g.b.spans = append(g.b.spans, first)
	}
}
