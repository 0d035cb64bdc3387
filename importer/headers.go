package importer

import (
	"fmt"
	"strings"

	"capibara/event"
)

func twice(header, role string) error {
	return refuse("Rename one of the two columns in the export.", "two columns have the header %q, so that it is unclear which one is meant (%s)", header, role)
}

func (b *binding) missing(header, role string) error {
	return b.refuse("Add the column to the export, or correct the mapping.", "the column %q (%s) is missing", header, role)
}

// refuse adds the headers that were found to a sentence.
func (b *binding) refuse(hint, format string, args ...any) error {
	return refuse(hint, "%s; %s", fmt.Sprintf(format, args...), b.describeHeaders())
}

// describeHeaders lists the headers that the mapping or an alias knows, and counts the others: in a file without headers, or
// with members that are named after people, a list would hold somebody's data.
func (b *binding) describeHeaders() string {
	const most = 40
	known, named := newAliases(), b.namedHeaders()
	var names []string
	count, others := 0, 0
	for _, h := range b.headers {
		h = trimSpace(h)
		if h == "" {
			continue
		}
		if dataLike(h) {
			return "the first line looks like a record and not like a line of headers"
		}
		count++
		f := fold(h)
		if _, _, ok := known.find(h); (ok || named[f] || named[unwrap(f)]) && len(names) < most {
			names = append(names, fmt.Sprintf("%q", h))
		} else {
			others++
		}
	}
	switch {
	case count == 0:
		return "the file has no headers"
	case len(names) == 0 && count == 1:
		return "the mapping does not know the one header that it has"
	case len(names) == 0:
		return fmt.Sprintf("the mapping knows none of its %d headers", count)
	case others == 0:
		return "the file has the columns " + strings.Join(names, ", ")
	case others == 1:
		return "the file has the columns " + strings.Join(names, ", ") + " and one other"
	}
	return fmt.Sprintf("the file has the columns %s and %d others", strings.Join(names, ", "), others)
}

// dataLike reports whether a header looks like a value.
func dataLike(s string) bool {
	if event.LooksPersonal(s) || strings.Contains(s, "@") || len(s) > 80 {
		return true
	}
	digits := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			digits++
		}
	}
	return digits > 4 || digits > 0 && digits*2 >= len(s)
}
