package importer

import (
	"strings"

	"capibara/event"
	"capibara/importer/normalize"
)

// limboLine is a damaged line. key and other are what its record key may be, read from its first cell on and from its
// last cell back; "" when that is not known.
type limboLine struct {
	span
	key, other string
	keyless    bool   // it is in order, but for its key
	text       string // without what separates cells
}

func (l *limboLine) has(key string) bool { return key != "" && (l.key == key || l.other == key) }

// touches reports whether the line may be one of the record with that key, or hold one of its lines: cells and lines run
// into one another where a delimiter or a line break is missing.
func (l *limboLine) touches(key string) bool {
	if l.keyless {
		return false
	}
	if l.key == "" {
		return true
	}
	for part := range strings.SplitSeq(key, "\x00") {
		if len(part) == 18 {
			part = part[:15] // as a Salesforce report writes it
		}
		if !strings.Contains(l.text, part) {
			return false
		}
	}
	return true
}

// maxTorn is how many damaged lines in front of a record are asked whether they hold a line of it.
const maxTorn = 8

// readKeys finds out what the record key of a damaged line may be.
func (g *groupCutter) readKeys(l *limboLine, record string, n int) {
	if l.flag&spanTooLarge != 0 {
		return
	}
	sure := n
	switch {
	case l.flag&spanStrayQuote != 0:
		sure = g.trusted(record, n)
	case n < g.width:
		sure = n - 1 // a line break may have cut the last cell
	}
	l.key = g.keyAt(sure, 0)
	if l.flag&spanStrayQuote == 0 {
		l.other = g.keyAt(n, n-g.width)
	}
	l.key, l.other = strings.Clone(l.key), strings.Clone(l.other)
	l.text = strings.NewReplacer(string(rune(g.delimiter)), "", `"`, "").Replace(record)
}

// fewCells reports whether a line says hardly anything, as one with sums below an empty line.
func (g *groupCutter) fewCells() bool {
	filled := 0
	for _, cell := range g.cells {
		if !normalize.IsMissing(cell) {
			filled++
		}
	}
	return filled <= 3
}

// read takes a line apart into g.cells.
func (g *groupCutter) read(record string) int {
	g.cells = g.cells[:0]
	for more := true; more; {
		var text string
		text, record, more = nextCell(record, g.delimiter)
		g.cells = append(g.cells, text)
	}
	return len(g.cells)
}

// trusted is how many of the n cells of a line stand in front of its stray quotation mark, and so are what they seem.
func (g *groupCutter) trusted(record string, n int) int {
	for i := range n {
		text, rest, more := nextCell(record, g.delimiter)
		length := len(record) - len(rest)
		if more {
			length--
		}
		if record != "" && record[0] == '"' && length != len(text)+strings.Count(text, `"`)+2 {
			return i
		}
		record = rest
	}
	return n
}

// keyAt is the record key among the first n of g.cells when every column of the header stands shift cells further on than it
// should; "" when a part of it is missing.
func (g *groupCutter) keyAt(n, shift int) string {
	key := ""
	for i, column := range g.key {
		at := column + shift
		if at < 0 || at >= n {
			return ""
		}
		part := keyText(g.cells[at])
		if normalize.IsMissing(part) {
			return ""
		}
		if part = event.CanonicalKey(part); i == 0 {
			key = part
		} else {
			key += "\x00" + part
		}
	}
	return key
}
