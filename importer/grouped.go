package importer

import (
	"slices"
	"strings"

	"capibara/importer/normalize"
)

// groupWatch looks for the marks of a report whose records are grouped: such a report says the value that a group has in
// common only on its first line, so that the other lines would be read without it.
type groupWatch struct {
	times    []int // columns with the time of an event: a line that fills none of them is no record
	records  int
	leading  int    // records whose first cell is filled
	pending  uint64 // line of a subtotal or of the heading of a group, 0 for none, below which no record came so far
	between  uint64 // the first one below which one came
	subtotal uint64 // line of the first subtotal
}

// watchGroups begins to watch a file.
func (b *binding) watchGroups() *groupWatch {
	g := &groupWatch{}
	for column, slot := range b.slotOf {
		if slot >= 0 && slices.ContainsFunc(b.events, func(r boundRule) bool { return r.time == slot }) {
			g.times = append(g.times, column)
		}
	}
	return g
}

func (g *groupWatch) add(cells []string, line uint64) {
	filled, sub, heading, record := 0, false, false, false
	for i, c := range cells {
		if normalize.IsMissing(c) {
			continue
		}
		filled++
		record = record || slices.Contains(g.times, i) && !subtotalWord(c) && !totalWord(c)
		sub = sub || i < 4 && subtotalWord(c)
		heading = filled == 1 && groupHeading(c)
	}
	switch {
	case sub && !record, heading:
		if g.pending = line; sub && g.subtotal == 0 {
			g.subtotal = line
		}
	case record:
		g.records++
		if !normalize.IsMissing(cells[0]) {
			g.leading++
		}
		if g.pending != 0 && g.between == 0 {
			g.between = g.pending
		}
	}
}

// grouped refuses the report when its records are grouped. Sums below the last record are no groups.
func (g *groupWatch) grouped() error {
	at := g.between
	if at == 0 && g.subtotal != 0 && g.records > 1 && g.leading*2 <= g.records {
		at = g.subtotal
	}
	if at == 0 {
		return nil
	}
	return refuse("Export the report again with Details Only as .xlsx or .csv.",
		"the report is grouped: line %d is a subtotal or the heading of a group, and what a group has in common does not stand on every line", at)
}

// subtotalWord reports whether a cell is what stands before the sum of a group.
func subtotalWord(cell string) bool {
	if len(cell) < len("subtotal") || len(cell) > 40 {
		return false
	}
	switch f := fold(cell); f {
	case "zwischensumme", "soustotal", "subtotaal", "subtotale", "teilsumme", "tussentotaal", "totalparcial":
		return true
	default:
		return strings.HasPrefix(f, "subtotal") && len(f) <= len("subtotals")
	}
}

// groupHeading reports whether the only cell of a line is the heading of a group: Closed Won (12 records).
func groupHeading(cell string) bool {
	rest, ok := strings.CutSuffix(strings.TrimSpace(cell), ")")
	at := strings.LastIndexByte(rest, '(')
	if !ok || at < 0 {
		return false
	}
	count, word, _ := strings.Cut(rest[at+1:], " ")
	_, digits := number(strings.ReplaceAll(count, ",", ""))
	return digits && (word == "record" || word == "records")
}
