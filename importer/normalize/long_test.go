package normalize

import (
	"strings"
	"testing"
)

// TestLongValues gives every key long texts that lead far into its rule. A rule whose work grew with the square of the
// length would take minutes.
func TestLongValues(t *testing.T) {
	t.Parallel()
	const size = 64 << 10
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	values := map[string]string{
		"letters":              fill("a"),
		"digits":               fill("7"),
		"zeros":                fill("0"),
		"hex digits":           fill("0a"),
		"spaces":               fill(" "),
		"letters and spaces":   fill("a "),
		"digits and spaces":    "+43 1234567" + fill(" 0"),
		"digits and dashes":    "06-1234567" + fill("-0"),
		"slashes":              "0301234" + fill("/"),
		"apostrophes":          fill("'"),
		"formulas":             fill(`="`) + fill(`"`),
		"angle brackets":       fill("<") + fill(">"),
		"at signs":             fill("@"),
		"labels":               "mary@" + fill("a."),
		"local part":           fill("a") + "@example.com",
		"line breaks":          fill("\n"),
		"lines":                fill("1\n"),
		"combining marks":      "e" + fill("\u0301"),
		"marks out of order":   "a" + fill("\u0301\u0323"),
		"hangul jamo":          fill("\u110c\u1165\u11bc"),
		"final sigmas":         fill("Σ"),
		"sigmas and stops":     fill("Σ."),
		"dotted capital i":     fill("İ"),
		"zero-width":           fill("\u200b"),
		"variation selectors":  "❤" + fill("\ufe0f"),
		"hangul fillers":       fill("\u3164"),
		"invalid bytes":        fill("\xff"),
		"full-width":           fill("１"),
		"han":                  fill("王"),
		"words of a country":   fill("the of and "),
		"brackets":             fill("("),
		"dashes":               fill("-"),
		"question marks":       fill("?"),
		"words for nothing":    fill("null"),
		"a date and its time":  "1997-02-16T" + fill("0"),
		"labels of telephones": fill("tel. "),
	}
	var h Hasher
	for name, value := range values {
		for _, k := range keys() {
			note := k.normal(&h, value)
			if (note.Dropped() || note == Missing) != (len(h.out) == 0) {
				t.Errorf("%s: the normal form of %s has %d bytes and the note %v", name, k.name, len(h.out), note)
			}
			for _, r := range string(h.out) {
				if !k.alphabet(r) {
					t.Errorf("%s: the normal form of %s holds %q", name, k.name, r)
					break
				}
			}
		}
	}
}
