package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Clean returns s as text that can be compared: valid UTF-8 in composed form (NFC), without byte order marks,
// zero-width and other invisible characters (Unicode's format and control characters), with every kind of space
// (no-break, ideographic, tab, line break) as a plain one, and without spaces around it.
//
// A byte that is not UTF-8 becomes U+FFFD instead of vanishing: "Val\xe9ry" without its é would be another name. The
// functions of this package refuse a value with U+FFFD in it as Garbled.
//
// The ids of records are cleaned by it too, and event_ids are derived from those: what Clean makes of a text must never
// change. A rule for identifiers alone belongs into Hasher.begin.
func Clean(s string) string {
	if printable(s) {
		return strings.Trim(s, " ")
	}
	return cleanUnicode(s)
}

// printable reports that s is ASCII without control characters.
func printable(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

func cleanUnicode(s string) string {
	visible := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r) || unicode.In(r, unicode.Zs, unicode.Zl, unicode.Zp):
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Cc):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, string(utf8.RuneError)))
	return strings.Trim(norm.NFC.String(visible), " ")
}

// cleanIdentifier is Clean and takes off what is no part of an identifier: characters that nobody sees although Unicode
// counts them as letters or marks, and what a spreadsheet puts around a text so that it stays one. It also tells whether
// s was printable ASCII.
func cleanIdentifier(s string) (text string, ascii bool) {
	if printable(s) {
		return unwrap(strings.Trim(s, " ")), true
	}
	text = cleanUnicode(s)
	if seen := strings.Map(withoutUnseen, text); len(seen) != len(text) {
		text = strings.Trim(norm.NFC.String(seen), " ")
	}
	return unwrap(text), false
}

// withoutUnseen drops variation selectors (❤️ is a heart and one of them, 葛󠄀 a Han letter and one), the fillers of
// Hangul, with which people write a blank name where a form wants one, and the inherent vowels of Khmer.
func withoutUnseen(r rune) rune {
	switch {
	case r < 0x115F:
	case r <= 0x1160, r == 0x3164, r == 0xFFA0, r == 0x17B4, r == 0x17B5, 0x180B <= r && r <= 0x180F,
		0xFE00 <= r && r <= 0xFE0F, 0xE0100 <= r && r <= 0xE01EF:
		return -1
	}
	return r
}

// unwrap takes off ="0012" and '0012, by which spreadsheets keep a number a text.
func unwrap(text string) string {
	for len(text) > 1 {
		switch {
		case text[0] == '\'':
			text = strings.TrimLeft(text[1:], " ")
		case len(text) > len(`=""`) && text[:2] == `="` && text[len(text)-1] == '"':
			text = strings.Trim(text[2:len(text)-1], " ")
		default:
			return text
		}
	}
	return text
}

// longestMissing is the length of the longest word for "nothing", "(not specified)".
const longestMissing = 15

// IsMissing reports that s stands for "no value": it is empty, a placeholder such as null, N/A, none or unknown, a
// spreadsheet's error, or nothing but dashes, dots, question marks, slashes, asterisks and underscores.
//
// "NA" is not missing, because it is Namibia and a surname; nor is "nan" unless it is written NaN, because Nan is a
// first name.
func IsMissing(s string) bool { return missingWord(Clean(s)) }

func missingWord(text string) bool {
	if text == "" {
		return true
	}
	if len(text) > longestMissing {
		return onlyMarks(text)
	}
	var buf [longestMissing]byte
	word := buf[:copy(buf[:], text)]
	lowerASCII(word)
	switch string(word) {
	case "null", "(null)", "<null>", "[null]", `\n`, "nil", "<nil>", "undefined", "none", "(none)", "<none>",
		"n/a", "n.a.", "n.a", "#n/a", "(blank)", "(empty)", "unknown", "(unknown)", "<unknown>",
		"not available", "not applicable", "not specified", "(not specified)", "not provided", "not set", "(not set)",
		"#null!", "#ref!", "#value!", "#name?", "#div/0!", "#num!":
		return true
	}
	return text == "NaN" || onlyMarks(text)
}

func onlyMarks(text string) bool {
	for _, r := range text {
		switch r {
		case '-', '–', '—', '−', '.', '…', '?', '/', '*', '_', ' ':
		default:
			return false
		}
	}
	return true
}

// narrow writes the full-width forms in the text at hand in ASCII.
func (h *Hasher) narrow(text string) string {
	if h.ascii {
		return text
	}
	return strings.Map(narrowASCII, text)
}

// narrowASCII maps the full-width forms that East Asian keyboards give (ａ, ＠) to ASCII.
func narrowASCII(r rune) rune {
	const first, last, distance = 0xFF01, 0xFF5E, 0xFF01 - '!'
	if first <= r && r <= last {
		return r - distance
	}
	return r
}

// kind is a set of character classes that a key keeps.
type kind uint8

const (
	letters kind = 1 << iota // letters and the marks that belong to them, not those that enclose them
	numbers                  // digits, superscripts, Roman numerals
)

func (k kind) has(r rune) bool {
	return k&letters != 0 && (unicode.IsLetter(r) || unicode.In(r, unicode.Mn, unicode.Mc)) || k&numbers != 0 && unicode.IsNumber(r)
}

// keep leaves in h.out the characters of text that k names, in lower case. They are taken out first and lowercased
// then, as Meta's pixel does, which decides the form of a Greek sigma that ends up inside the word.
func (h *Hasher) keep(text string, k kind) {
	for i := range len(text) {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z':
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case asciiDigit(c):
			if k&numbers == 0 {
				continue
			}
		case c >= utf8.RuneSelf:
			h.keepUnicode(text, k)
			return
		default:
			continue
		}
		h.out = append(h.out, c)
	}
}

func (h *Hasher) keepUnicode(text string, k kind) {
	h.out = h.out[:0]
	for _, r := range text {
		if k.has(r) {
			h.out = utf8.AppendRune(h.out, r)
		}
	}
	h.lowerOut()
}

// hasLetter reports that a reader would see a letter; marks alone are none.
func hasLetter(b []byte) bool {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if unicode.IsLetter(r) {
			return true
		}
		b = b[size:]
	}
	return false
}

// digitValue returns the value of a decimal digit of any script. Unicode encodes each script's ten together, in
// order, and its table of them holds whole tens.
func digitValue(r rune) (byte, bool) {
	if r < utf8.RuneSelf {
		return byte(r) - '0', asciiDigit(byte(r))
	}
	for _, span := range unicode.Nd.R16 {
		if rune(span.Lo) <= r && r <= rune(span.Hi) {
			return byte((r - rune(span.Lo)) % 10), true
		}
	}
	for _, span := range unicode.Nd.R32 {
		if rune(span.Lo) <= r && r <= rune(span.Hi) {
			return byte((r - rune(span.Lo)) % 10), true
		}
	}
	return 0, false
}

func asciiLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func asciiDigit(c byte) bool { return '0' <= c && c <= '9' }

func asciiDigits(s string) bool {
	for i := range len(s) {
		if !asciiDigit(s[i]) {
			return false
		}
	}
	return true
}
