package importer

import (
	"strings"

	"capibara/event"
	"capibara/importer/normalize"
)

// keyText is what a cell says that identifies something, without what programs put around it on the way: invisible
// characters and no-break spaces, ="0012" and '0012 by which spreadsheets keep a number a text, and the decimal of 1001.0,
// as a whole column of numbers gets when one of its cells is empty. Two exports of one record that differed in nothing else
// would be two conversions.
func keyText(cell string) string {
	s := normalize.Clean(cell)
	if inner, ok := strings.CutPrefix(s, `="`); ok {
		if inner, ok = strings.CutSuffix(inner, `"`); ok {
			s = strings.Trim(inner, " ")
		}
	}
	if len(s) > 1 && s[0] == '\'' {
		s = strings.Trim(s[1:], " ")
	}
	if whole, ok := strings.CutSuffix(s, ".0"); ok && onlyDigits(whole) {
		s = whole
	}
	return s
}

func onlyDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// keyCell is the value of a field that identifies something; "" when there is none.
func (m *mapper) keyCell(f field) string {
	slot := m.fields[f]
	if slot < 0 || m.cells[slot] == "" {
		return ""
	}
	if s := keyText(m.cells[slot]); !normalize.IsMissing(s) {
		return event.CanonicalKey(s)
	}
	return ""
}
