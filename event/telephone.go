package event

import "strings"

// plusPhone looks for an international number behind a plus sign that lies between before and after.
func plusPhone(s string, before, after int) bool {
	if before > 0 && (word(s[before-1]) || s[before-1] == '+') {
		return false // an offset from UTC, a sum, base64
	}
	s = strings.TrimPrefix(s[after:], "(")
	if s == "" || s[0] < '1' || s[0] > '9' {
		return false
	}
	return scanNumber(s).telephone(0)
}

// zeroPhone looks for 00, a country code of its own and the rest: 0031 6 1234 5678. Without separators it may as well
// be an article number or an order number with zeros in front.
func zeroPhone(s string, i int) bool {
	if i+2 >= len(s) || s[i+1] != '0' || i > 0 && strings.IndexByte(" \t\r\n(:;,=\"'<|", s[i-1]) < 0 {
		return false
	}
	n := scanNumber(s[i+2:])
	return n.groups >= 2 && countryCode(n.first) && n.telephone(0)
}

// bracketPhone looks behind an opening bracket for (020) 7946 0958 and for (650) 555-1212.
func bracketPhone(s string) bool {
	area := digits(s)
	if area < 2 || area > 6 || area == len(s) || s[area] != ')' {
		return false
	}
	n := scanNumber(s[area+1:])
	if s[0] == '0' {
		return area+n.digits <= 13 && n.telephone(area)
	}
	return area == 3 && s[0] >= '2' && n.groups == 2 && len(n.first) == 3 && n.last == 4 && n.telephone(area)
}

// maxTelephone is how many digits E.164 allows.
const maxTelephone = 15

// number is what scanNumber found: groups of digits as telephone numbers are written, and amounts too.
type number struct {
	digits  int
	groups  int
	first   string // the first group
	last    int    // the length of the last one
	dots    int    // how many groups are separated by a dot
	lastDot bool   // the last group is
	triples bool   // every group but the first has three digits
	bounded bool   // what follows does not belong to it
}

// telephone reports whether n, with more digits before it, has the length and form of a telephone number and is no
// amount: neither 12345678.90 nor 12.345.678, nor a fraction such as 1.2345678.
func (n number) telephone(before int) bool {
	all := before + n.digits
	switch {
	case !n.bounded || all < 8 || all > maxTelephone:
		return false
	case n.lastDot && n.dots == 1 && n.last <= 2:
		return false
	case n.groups == 2 && n.dots == 1 && (len(n.first) > 3 || all < 10):
		return false
	case n.groups > 2 && n.triples && all < 10:
		return false
	}
	return true
}

// scanNumber reads digits and what separates them in telephone numbers.
func scanNumber(s string) number {
	n := number{triples: true}
	at := gap(s)
	for {
		size := digits(s[at:])
		if size == 0 {
			break
		}
		if n.groups++; n.groups == 1 {
			n.first = s[at : at+size]
		} else if size != 3 {
			n.triples = false
		}
		n.digits, n.last = n.digits+size, size
		at += size
		wide := gap(s[at:])
		// A longer one is no telephone number, and reading on would make a text of zeros cost its length squared.
		if n.digits > maxTelephone || wide == 0 || digits(s[at+wide:]) == 0 {
			break
		}
		if n.lastDot = s[at:at+wide] == "."; n.lastDot {
			n.dots++
		}
		at += wide
	}
	n.bounded = ends(s[at:])
	return n
}

// ends reports whether a number can end before s: not within a word or before decimals, but before an extension.
func ends(s string) bool {
	switch {
	case s == "":
		return true
	case s[0] == ',':
		n := digits(s[1:])
		return n == 0 || n > 2
	case word(s[0]):
		return hasFoldPrefix(s, "ext") || s[0]|0x20 == 'x' && len(s) > 1 && digit(s[1])
	}
	return true
}

// gap is the width of the separators, three at most, that s begins with.
func gap(s string) int {
	at := 0
	for range 3 {
		n := separator(s[at:])
		if n == 0 {
			break
		}
		at += n
	}
	return at
}

func separator(s string) int {
	if s == "" {
		return 0
	}
	switch s[0] {
	case ' ', '-', '.', '/', '(', ')':
		return 1
	case '%':
		if strings.HasPrefix(s, "%20") {
			return len("%20")
		}
	case 0xc2, 0xe2: // the first bytes of what follows
		for _, wide := range [...]string{"\u00a0", "\u2009", "\u202f", "\u2010", "\u2011", "\u2012", "\u2013"} {
			if strings.HasPrefix(s, wide) {
				return len(wide)
			}
		}
	}
	return 0
}

// countryCode reports whether s is a country calling code that is in use.
func countryCode(s string) bool {
	switch len(s) {
	case 1:
		return s == "1" || s == "7"
	case 2:
		return pairs(s, "2027303132333436394041434445464748495152535455565758606162636465668182848690919293949598")
	case 3:
		return pairs(s[:2], "2122232425262935373842505967686980858788969799")
	}
	return false
}

// pairs reports whether list, read two characters at a time, has s.
func pairs(s, list string) bool {
	for ; list != ""; list = list[2:] {
		if list[:2] == s {
			return true
		}
	}
	return false
}
