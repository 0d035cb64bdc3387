package main

import (
	"fmt"
	"strings"

	"capibara/importer"
)

// printMatching says what the columns of a file were taken for when the source does not say it itself: nobody has to
// believe what was understood without being told.
func (a *app) printMatching(m *importer.Matching) {
	if !m.ByItself() {
		return
	}
	a.line("  Columns, as they were understood:")
	var headers []string
	members := map[string][]string{}
	for _, x := range m.Matched {
		if members[x.Header] == nil {
			headers = append(headers, x.Header)
		}
		members[x.Header] = append(members[x.Header], x.Member)
	}
	wide := 0
	for _, h := range headers {
		wide = max(wide, len([]rune(printable(h))))
	}
	for _, h := range headers {
		a.line("    %-*s  %s", min(wide, 44), printable(h), printable(strings.Join(members[h], "; ")))
	}
	if unused := m.Unused; len(unused) > 0 || m.Others > 0 {
		text := printable(strings.Join(quotedAll(unused), ", "))
		switch {
		case len(unused) == 0:
			text = counted(m.Others, "column", "columns")
		case m.Others > 0:
			text += fmt.Sprintf(" and %d more", m.Others)
		}
		a.line("    not used, and not sent: %s", text)
	}
	if len(m.Missing) > 0 {
		a.line("    no column for: %s", strings.Join(m.Missing, ", "))
	}
	for _, l := range m.LeftOut {
		a.line("    %s is left out: the file has no column %q", printable(l.EventName), l.Column)
	}
}

func quotedAll(names []string) []string {
	var all []string
	for _, n := range names {
		all = append(all, fmt.Sprintf("%q", n))
	}
	return all
}
