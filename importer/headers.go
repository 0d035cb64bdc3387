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
	return refuse(hint, "%s; %s", fmt.Sprintf(format, args...), describeHeaders(b.headers))
}

// describeHeaders lists headers, unless they look like a record of a file without headers: a list would then hold
// somebody's data.
func describeHeaders(headers []string) string {
	const most = 40
	var names []string
	for _, h := range headers {
		h = trimSpace(h)
		if h == "" {
			continue
		}
		if dataLike(h) {
			return "the first line looks like a record and not like a line of headers"
		}
		if len(names) < most {
			names = append(names, fmt.Sprintf("%q", h))
		}
	}
	switch {
	case len(names) == 0:
		return "the file has no headers"
	case len(headers) > most:
		return fmt.Sprintf("the first %d of its %d columns are %s", most, len(headers), strings.Join(names, ", "))
	}
	return "the file has the columns " + strings.Join(names, ", ")
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
