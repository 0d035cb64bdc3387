package importer

import "strings"

// Files are the patterns of the names that the source takes.
func (m *Mapping) Files() []string { return m.source.Files }

// SourceLike is the source that a file with these headers could be read with; nil when there is none. Of several the one
// that names most of the columns counts, and none when two are as good.
func SourceLike(all []*Mapping, headers []string) *Mapping {
	var best *Mapping
	most := 0
	for _, m := range all {
		b, err := m.bind(headers, false)
		if err != nil {
			continue
		}
		n := 0
		for _, x := range b.matches {
			if x.By == ByColumns {
				n += 2
			} else {
				n++
			}
		}
		switch {
		case n > most:
			best, most = m, n
		case n == most:
			best = nil
		}
	}
	return best
}

// NearestPattern is the pattern that a file's name comes nearest to, with its source; nil when none is near.
func NearestPattern(all []*Mapping, name string) (pattern string, source *Mapping) {
	name = strings.ToLower(name)
	best := -1
	for _, m := range all {
		for _, glob := range m.source.Files {
			for _, part := range strings.FieldsFunc(strings.ToLower(glob), func(r rune) bool { return strings.ContainsRune("*?[]", r) }) {
				part = strings.Trim(part, "-_. ")
				if len(part) < 4 || strings.HasPrefix(part, ".") {
					continue
				}
				if d := nearestPart(part, name); d <= len(part)/4 && (best < 0 || d < best) {
					best, pattern, source = d, glob, m
				}
			}
		}
	}
	return pattern, source
}

// nearestPart is how far the piece of name that comes nearest to part is from it.
func nearestPart(part, name string) int {
	least := len(part)
	for at := range len(name) {
		for length := max(1, len(part)-1); length <= len(part)+1 && at+length <= len(name); length++ {
			least = min(least, distance(part, name[at:at+length]))
		}
	}
	return least
}
