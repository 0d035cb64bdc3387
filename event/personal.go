package event

import (
	"strings"
	"unicode/utf8"
)

// LooksPersonal reports whether a free text holds an e-mail address or a telephone number. It is there to keep personal
// data out of what is sent unhashed, and careful: ids, amounts, dates, UUIDs and article numbers are none, however many
// digits they have. A number is taken for a telephone number only when it is written as one: international with + (or
// with 00 and separators), or with its area code in brackets. The percent escapes of URLs are seen through.
func LooksPersonal(s string) bool {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '@':
			if emailAround(s, i, i+1) {
				return true
			}
		case '%':
			if escaped(s, i, "40") && emailAround(s, i, i+3) || escaped(s, i, "2b") && plusPhone(s, i, i+3) {
				return true
			}
		case '+':
			if plusPhone(s, i, i+1) {
				return true
			}
		case '0':
			if zeroPhone(s, i) {
				return true
			}
		case '(':
			if bracketPhone(s[i+1:]) {
				return true
			}
		}
	}
	return false
}

func escaped(s string, i int, hex string) bool {
	return len(s) >= i+3 && strings.EqualFold(s[i+1:i+3], hex)
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func digit(c byte) bool  { return c >= '0' && c <= '9' }
func word(c byte) bool   { return letter(c) || digit(c) || c == '_' }

// emailAround looks for name@host.tld around an at sign that lies between before and after.
func emailAround(s string, before, after int) bool {
	if before == 0 {
		return false
	}
	if c := s[before-1]; !word(c) && c < utf8.RuneSelf && c != '-' && c != '+' && c != '"' {
		return false
	}
	host := s[after:]
	end, dot := 0, -1
	for end < len(host) && hostByte(host[end]) {
		if host[end] == '.' {
			// Two dots, or one that ends a sentence, end the host.
			if end == 0 || host[end-1] == '.' || end+1 == len(host) || !hostByte(host[end+1]) {
				break
			}
			dot = end
		}
		end++
	}
	if dot < 0 || end-dot-1 < 2 {
		return false
	}
	tld := host[dot+1 : end]
	return hasFoldPrefix(tld, "xn--") || strings.IndexFunc(tld, func(r rune) bool {
		return r < utf8.RuneSelf && !letter(byte(r))
	}) < 0
}

func hostByte(c byte) bool {
	return letter(c) || digit(c) || c == '-' || c == '.' || c >= utf8.RuneSelf
}
