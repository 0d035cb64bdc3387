package importer

import (
	"slices"
	"strings"
)

// idWatch looks at the ids of a column for what a spreadsheet does to all of them: it keeps fifteen digits and fills up with
// zeros. A single id that ends in a zero says nothing; a column of long ids none of which ends otherwise does.
type idWatch struct {
	header string
	column int
	zeros  map[string]bool // ids of more than fifteen digits, with nothing but zeros behind the fifteenth
	sound  bool            // one of that length ends otherwise
}

// fewestLong is how many different long ids say something: one in ten ends in a zero by itself, so that this many do once in a
// thousand million files.
const fewestLong = 9

// watchIDs begins to watch the columns of a file that identify something.
func (b *binding) watchIDs() []*idWatch {
	slots := slices.Clone(b.key)
	for _, f := range []field{fieldEventID, fieldOrderID} {
		if slot := b.fields[f]; slot >= 0 && !slices.Contains(slots, slot) {
			slots = append(slots, slot)
		}
	}
	var all []*idWatch
	for column, slot := range b.slotOf {
		if slot >= 0 && slices.Contains(slots, slot) {
			all = append(all, &idWatch{header: b.headers[column], column: column, zeros: map[string]bool{}})
		}
	}
	return all
}

func (w *idWatch) add(cells []string) {
	if w.column >= len(cells) {
		return
	}
	id := keyText(cells[w.column])
	if len(id) <= 15 || !onlyDigits(id) || id[0] == '0' {
		return
	}
	if strings.Trim(id[15:], "0") != "" {
		w.sound = true
	} else if len(w.zeros) < fewestLong {
		w.zeros[id] = true
	}
}

func (w *idWatch) rounded() error {
	if w.sound || len(w.zeros) < fewestLong {
		return nil
	}
	return refuse("Export the file again without opening it in a spreadsheet, or format the column as text before the spreadsheet reads it.",
		"the spreadsheet destroyed the ids in the column %q: all that have more than 15 digits have nothing but zeros behind the fifteenth", w.header)
}
