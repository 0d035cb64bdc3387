package normalize

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Zip normalises and hashes a postal code (zp). See NormalZip.
func Zip(s, country string) (Hash, bool, Note) {
	var h Hasher
	return h.Zip(s, country)
}

// Lengths of US zip codes in digits.
const (
	zipDigits     = 5
	zipPlus4      = 9
	prefixZeroLen = 3 // of a zip that lost two zeros, possible in Puerto Rico and the Virgin Islands alone
)

// NormalZip returns the form of a postal code that is hashed as zp. Meta: lower case, no spaces, no dash; the first
// five digits for the US; for the UK area, district and sector, of which the documented example is the whole postcode.
// All other punctuation goes too, and digits of any script become ASCII.
//
// country is anything CountryCode knows. In the US and its territories a value of four digits (or eight, of a ZIP+4)
// gets the leading zero back that a spreadsheet took, with the note ZeroRestored; other counts of digits are
// Unusable, since three may be the anonymised start of a zip. Without a country, 12345-6789 is still a US ZIP+4. The
// ".0" of a spreadsheet's number is cut off everywhere.
//
// Meta's SDKs cut every value at its first dash, which takes the end off a Portuguese or Japanese code.
func NormalZip(s, country string) (string, Note) {
	var h Hasher
	n := h.zip(s, country)
	return string(h.out), n
}

func (h *Hasher) zip(s, country string) Note {
	text, note := h.begin(s)
	if note != NoteNone {
		return note
	}
	if before, found := strings.CutSuffix(text, ".0"); found && asciiDigits(before) {
		text = before
	}
	h.keepCode(text)
	where, known := h.place(country)
	switch where {
	case "us", "pr", "vi", "gu", "as", "mp":
		note = h.usZip(where)
	case "":
		if known && zipPlus4Form(text) {
			h.out = h.out[:zipDigits]
		}
		note = h.settle()
	default:
		note = h.settle()
	}
	if len(h.out) > 0 && zeros(h.out) {
		return h.drop(Unusable) // 00000 is a placeholder everywhere
	}
	return note
}

// keepCode leaves the letters and digits of text in h.out, in lower case, digits in ASCII.
func (h *Hasher) keepCode(text string) {
	ascii := true
	for i := 0; i < len(text) && ascii; i++ {
		c := text[i]
		ascii = c < utf8.RuneSelf
		if asciiLetter(c) {
			h.out = append(h.out, c|0x20)
		} else if asciiDigit(c) {
			h.out = append(h.out, c)
		}
	}
	if ascii {
		return
	}
	h.out = h.out[:0]
	for _, r := range text {
		r = narrowASCII(r)
		if value, ok := digitValue(r); ok {
			h.out = append(h.out, '0'+value)
		} else if unicode.IsLetter(r) || unicode.IsMark(r) {
			h.out = utf8.AppendRune(h.out, r)
		}
	}
	h.lowerOut()
}

// usZip brings the digits in h.out to five. Letters mean that the address is not in the US after all: its code
// stays as it is.
func (h *Hasher) usZip(where string) Note {
	if !asciiDigits(string(h.out)) {
		return h.settle()
	}
	switch len(h.out) {
	case zipDigits, zipPlus4:
		h.out = h.out[:zipDigits]
		return NoteNone
	case zipDigits - 1, zipPlus4 - 1:
		h.restoreZeros(1)
		return ZeroRestored
	case prefixZeroLen:
		if where == "pr" || where == "vi" {
			h.restoreZeros(2)
			return ZeroRestored
		}
	}
	return h.drop(Unusable)
}

func (h *Hasher) restoreZeros(n int) {
	var zip [zipDigits]byte
	for i := range n {
		zip[i] = '0'
	}
	copy(zip[n:], h.out)
	h.out = append(h.out[:0], zip[:]...)
}

// zipPlus4Form reports that text, spaces aside, is written 12345-6789. No other country writes its codes so, except
// Saudi Arabia, which tells by its country.
func zipPlus4Form(text string) bool {
	head, tail, found := strings.Cut(text, "-")
	head, tail = strings.Trim(head, " "), strings.Trim(tail, " ")
	return found && len(head) == zipDigits && len(tail) == zipPlus4-zipDigits && asciiDigits(head) && asciiDigits(tail)
}
