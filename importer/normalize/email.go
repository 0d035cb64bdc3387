package normalize

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of an address, from RFC 5321, section 4.5.3.1, in bytes.
const (
	maxLocal   = 64
	maxDomain  = 255
	maxLabel   = 63
	minTopName = 2
)

// Email normalises and hashes an e-mail address (em). See NormalEmail; a worker with many values uses a Hasher.
func Email(s string) (Hash, bool, Note) {
	var h Hasher
	return h.Email(s)
}

// NormalEmail returns the form of an e-mail address that is hashed as em. Meta: trim, convert to lower case.
// A value that does not look like an address is Unusable. Dots and plus tags stay, as Meta asks for no more.
//
// Beyond Meta's rule the address is taken out of "Name <address>" and "mailto:address", and quotes or separators
// around it fall away: they never belong to an address. Unlike Meta's Python SDK, which knows [a-z0-9_.+-] alone,
// all characters of RFC 5322 and letters of any script (RFC 6531) are accepted. Two addresses in one value are
// Unusable; quoted local parts and address literals are too.
func NormalEmail(s string) (string, Note) {
	var h Hasher
	n := h.email(s)
	return string(h.out), n
}

func (h *Hasher) email(s string) Note {
	text, note := h.begin(s)
	if note != NoteNone {
		return note
	}
	h.out = append(h.out, bareAddress(text)...)
	if !lowerASCII(h.out) {
		h.out = append(h.out[:0], bareAddress(h.narrow(string(h.out)))...)
		h.lowerOut()
	}
	if !looksLikeAddress(h.out) {
		return h.drop(Unusable)
	}
	return NoteNone
}

// wrapping holds what people and programs write around an address.
const wrapping = " \"'`<>()[],;:"

func bareAddress(text string) string {
	if open := strings.LastIndexByte(text, '<'); open >= 0 {
		if length := strings.IndexByte(text[open:], '>'); length > 0 {
			text = text[open+1 : open+length]
		}
	}
	text = strings.Trim(text, wrapping)
	const scheme = "mailto:"
	if len(text) > len(scheme) && strings.EqualFold(text[:len(scheme)], scheme) {
		text = strings.Trim(text[len(scheme):], wrapping)
	}
	return strings.TrimRight(text, ".")
}

func looksLikeAddress(addr []byte) bool {
	local, domain, ok := bytes.Cut(addr, []byte("@"))
	if !ok || len(local) == 0 || len(local) > maxLocal || len(domain) > maxDomain {
		return false
	}
	for i, c := range local {
		if c >= utf8.RuneSelf {
			return wordsOnly(local[i:], "!#$%&'*+-/=?^_`{|}~.") && looksLikeDomain(domain)
		}
		if !localByte(c) {
			return false
		}
	}
	return looksLikeDomain(domain)
}

func localByte(c byte) bool {
	if 'a' <= c && c <= 'z' || asciiDigit(c) {
		return true
	}
	switch c {
	case '!', '#', '$', '%', '&', '\'', '*', '+', '-', '/', '=', '?', '^', '_', '`', '{', '|', '}', '~', '.':
		return true
	}
	return false
}

func looksLikeDomain(domain []byte) bool {
	names := 0
	for {
		name, rest, more := bytes.Cut(domain, []byte("."))
		if !looksLikeName(name) {
			return false
		}
		names++
		if !more {
			return names > 1 && utf8.RuneCount(name) >= minTopName && !asciiDigits(string(name))
		}
		domain = rest
	}
}

func looksLikeName(name []byte) bool {
	if len(name) == 0 || len(name) > maxLabel || name[0] == '-' || name[len(name)-1] == '-' {
		return false
	}
	return wordsOnly(name, "-")
}

// wordsOnly reports that b holds nothing but letters, marks, numbers and the given ASCII characters.
func wordsOnly(b []byte, others string) bool {
	for len(b) > 0 {
		c := b[0]
		if c < utf8.RuneSelf {
			if !asciiLetter(c) && !asciiDigit(c) && strings.IndexByte(others, c) < 0 {
				return false
			}
			b = b[1:]
			continue
		}
		r, size := utf8.DecodeRune(b)
		if !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r) {
			return false
		}
		b = b[size:]
	}
	return true
}
