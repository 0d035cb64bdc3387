package importer

import (
	"maps"
	"strings"

	"capibara/importer/normalize"
)

// watch is what somebody wants to know of the cells that a mapper reads, beyond what becomes of them. It lives as long as
// a preview, and never leaves this process. Every worker has one of its own.
type watch struct {
	raw     func(cells []string, kinds []cellKind) // takes a record in place of the mapping; nil maps it
	hashed  map[int]uint64                         // cells of identifiers that were hashed before, by slot
	plain   map[int]uint64                         // others, by slot
	stages  map[stage]uint64                       // values that no rule covers
	crowded bool                                   // there are too many of them to be stages
}

// stage is a value of a column that decides about events.
type stage struct{ column, value string }

// maxStages is how many different values of a stage are told apart: a column that has more holds no stages.
const maxStages = 40

func newWatch() *watch {
	return &watch{hashed: map[int]uint64{}, plain: map[int]uint64{}, stages: map[stage]uint64{}}
}

// identifier notes whether the cell of a hashed identifier was hashed before.
func (w *watch) identifier(slot int, cell string) {
	if c := normalize.Clean(cell); normalize.IsMissing(c) {
		return
	} else if isHash(c) {
		w.hashed[slot]++
		return
	}
	w.plain[slot]++
}

// noRule notes a value that no rule covers.
func (w *watch) noRule(column, value string) {
	s := stage{column, normalize.Clean(value)}
	if _, known := w.stages[s]; !known && len(w.stages) >= maxStages {
		w.crowded = true
		return
	}
	w.stages[stage{strings.Clone(s.column), strings.Clone(s.value)}]++
}

// add takes in what another worker noted.
func (w *watch) add(o *watch) {
	for slot, n := range o.hashed {
		w.hashed[slot] += n
	}
	for slot, n := range o.plain {
		w.plain[slot] += n
	}
	for s, n := range maps.All(o.stages) {
		w.stages[s] += n
	}
	w.crowded = w.crowded || o.crowded || len(w.stages) > maxStages
}

// isHash reports whether a text is a SHA-256 in hex.
func isHash(s string) bool {
	if len(s) != 64 {
		return false
	}
	for i := range len(s) {
		if c := s[i] | 0x20; (c < 'a' || c > 'f') && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}
