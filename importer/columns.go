package importer

import (
	"slices"
	"strings"
)

// find returns the columns under a header, wherever case, spaces and punctuation do not matter.
func (b *binding) find(header string) []int {
	want := fold(header)
	var exact, wrapped []int
	for i, h := range b.headers {
		switch got := fold(h); {
		case got == want && want != "":
			exact = append(exact, i)
		case want != "" && unwrap(got) == want:
			wrapped = append(wrapped, i)
		}
	}
	if exact == nil {
		return wrapped
	}
	return exact
}

// exact leaves of several columns those whose header is the same to the letter, if there are any.
func (b *binding) exact(columns []int, header string) []int {
	if len(columns) < 2 {
		return columns
	}
	same := slices.DeleteFunc(slices.Clone(columns), func(c int) bool { return b.headers[c] != header })
	if len(same) == 0 {
		return columns
	}
	return same
}

// unwrap cuts off the member under which HubSpot and others put what matters.
func unwrap(folded string) string {
	for _, prefix := range []string{"properties", "fields", "attributes"} {
		if rest, ok := strings.CutPrefix(folded, prefix); ok {
			return rest
		}
	}
	return folded
}

// one finds the only column under a header.
func (b *binding) one(header, role string, open bool) (int, error) {
	found := b.exact(b.find(header), header)
	switch {
	case len(found) > 1:
		return -1, twice(header, role)
	case len(found) == 1:
		return b.slot(found[0]), nil
	case open:
		return b.slotNamed(header), nil
	}
	return -1, b.missing(header, role)
}

// slot gives a column of the file its place in a row.
func (b *binding) slot(column int) int {
	if b.slotOf[column] < 0 {
		b.slotOf[column] = b.newSlot(b.headers[column])
	}
	return b.slotOf[column]
}

func (b *binding) newSlot(header string) int {
	b.slots = append(b.slots, header)
	if b.literal[header] == 0 {
		b.literal[header] = len(b.slots)
	}
	if f := fold(header); b.folded[f] == 0 {
		b.folded[f] = len(b.slots)
	}
	return len(b.slots) - 1
}

// slotNamed gives a member that no record had so far its place in a row.
func (b *binding) slotNamed(header string) int {
	if at := b.folded[fold(header)]; at > 0 {
		return at - 1
	}
	slot := b.newSlot(header)
	b.absent[slot] = len(b.headers) > 0
	return slot
}

// likeness is how near the path of a JSON member is to the one that a slot was made for, nearest first.
type likeness uint8

const (
	sameName  likeness = iota // to the letter
	alikeName                 // but for case, spaces and punctuation
	innerName                 // the same below properties, fields or attributes
)

// member finds the place of a JSON member, by its dotted path; -1 when it is not needed. What lies deeper fills a slot only
// when no record had the member itself: the id among a record's fields is another one than the record's.
func (b *binding) member(path string) (slot int, like likeness) {
	if at := b.literal[path]; at > 0 {
		return at - 1, sameName
	}
	f := fold(path)
	if at := b.folded[f]; at > 0 {
		return at - 1, alikeName
	}
	if at := b.folded[unwrap(f)]; at > 0 && (b.absent[at-1] || len(b.headers) == 0) {
		return at - 1, innerName
	}
	return -1, innerName
}
