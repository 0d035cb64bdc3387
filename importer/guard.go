package importer

import (
	"strings"
	"unicode/utf8"
)

// Spreadsheets take a cell that begins with = + - @ or a white space for a formula: they would run what somebody typed
// into a web form, and make a sum of a telephone number. So a rejects file in CSV puts an apostrophe before such a cell, and
// reading a rejects file takes it away again. The two are exact opposites for every text:
//
//	text          guarded       why
//	+31 6 1234    '+31 6 1234   a formula to a spreadsheet
//	'+31 6 1234   ''+31 6 1234  would be taken for a guarded one
//	''            '''           likewise
//	'Aemilia      'Aemilia      nothing that reads it back takes anything away
//
// A workbook holds text that no spreadsheet takes for a formula. There only the last kind that needs it, what would be
// taken for guarded, gets its apostrophe. So one rule reads both back, and also a workbook that somebody saved as CSV.

// guard returns a cell as CSV of rejects holds it.
func guard(text string) string {
	if formula(text) || guarded(text) {
		return "'" + text
	}
	return text
}

// guardText returns a cell as a workbook of rejects holds it.
func guardText(text string) string {
	if guarded(text) {
		return "'" + text
	}
	return text
}

// unguard returns what guard and guardText were given.
func unguard(text string) string {
	if guarded(text) {
		return text[1:]
	}
	return text
}

// formula reports whether a spreadsheet may take a text for a formula. The wide forms are what keyboards of East Asia type.
func formula(text string) bool {
	if text == "" {
		return false
	}
	first, _ := utf8.DecodeRuneInString(text)
	return strings.ContainsRune("=+-@\t\r\n＝＋－＠", first)
}

// guarded reports whether a text is one that reading a rejects file takes an apostrophe from.
func guarded(text string) bool {
	return len(text) > 1 && text[0] == '\'' && (text[1] == '\'' || formula(text[1:]))
}
