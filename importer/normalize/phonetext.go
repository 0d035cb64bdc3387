package normalize

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// writtenPhone is a phone number as a person wrote it, read but not yet understood.
type writtenPhone struct {
	digits        []byte // ASCII, without the plus and the extension; shares the Hasher's memory
	international bool   // a plus came first
	word          string // what stands before the number and may be a country, "" if nothing does
	trunkZero     int    // where in digits the 0 of a "(0)" stands, -1 without one
}

// withoutTrunkZero returns the digits without the 0 that was written as (0); nil without one.
func (w writtenPhone) withoutTrunkZero() []byte {
	if w.trunkZero < 0 {
		return nil
	}
	return slices.Delete(slices.Clone(w.digits), w.trunkZero, w.trunkZero+1)
}

// Counts of digits by which one number is told from two.
const (
	maxDialled    = 24 // more is no number at all
	wholeDialled  = 8  // as many with a 0 before them may be a number
	wholeNumber   = 7  // as many before a comma or a second plus are a number
	shortNumber   = 4  // as many before an extension may be one, on an island
	longArea      = 8  // calling and area code together, at most, before a slash
	shortAreaCode = 6  // the same of a national number without trunk prefix
)

// readPhone takes the digits out of text, and false if there is something in it that it cannot account for: a letter
// or sign that may be a digit, or a separator that may divide two numbers.
func (h *Hasher) readPhone(text string) (writtenPhone, bool) {
	w := writtenPhone{digits: h.digits[:0], trunkZero: -1}
	text = withoutFraction(h.narrow(text))
	start := strings.IndexFunc(text, func(r rune) bool {
		_, digit := digitValue(r)
		return digit || r == '+'
	})
	if start < 0 {
		return w, false
	}
	if lead := strings.Trim(text[:start], leadMarks); lead != "" {
		if !phoneLabel(lead) {
			w.word = lead
		}
	}
	// The bracket of "(0)" and of "(+44)" belongs to the number, not to the word.
	ok := w.read(text[start:])
	h.digits = w.digits
	return w, ok
}

// leadMarks holds what may stand between a word and the number.
const leadMarks = " ()[]:;.,-–—/='\"`☎☏✆📞📱"

// groupMarks holds what may stand between the groups of one number.
const groupMarks = " ()[].-–—'"

func (w *writtenPhone) read(text string) bool {
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		if value, digit := digitValue(r); digit {
			if len(w.digits) == maxDialled {
				return false
			}
			w.digits = append(w.digits, '0'+value)
			i += size
			continue
		}
		switch {
		case r == '(' && strings.HasPrefix(text[i:], "(0)") && w.trunkZero < 0 && len(w.digits) > 0:
			w.trunkZero = len(w.digits)
		case r == '+':
			if len(w.digits) > 0 {
				return len(w.digits) >= wholeNumber
			}
			w.international = true
		case r == '#':
			return len(w.digits) >= shortNumber
		case r == ',' || r == ';' || r == '|' || r == '&':
			return len(w.digits) >= wholeNumber
		case r == '/' || r == '\\':
			if whole, ok := w.slash(text[i+size:]); whole || !ok {
				return ok
			}
		case phoneSeparator(r): // before the letters, one of which is Japan's long dash
		case unicode.IsLetter(r):
			return len(w.digits) >= shortNumber && phoneEnding(text[i:])
		default:
			return false
		}
		i += size
		if len(w.digits) >= wholeNumber && w.another(text[i:], wholeDialled) {
			return false
		}
	}
	return true
}

// another reports that what follows a separator may be a second number: it begins with a 0, which groups within a number
// seldom do, and has so many digits or more. Two numbers that are taken for one would be somebody else's.
func (w *writtenPhone) another(rest string, atLeast int) bool {
	if rest == "" || '1' <= rest[0] && rest[0] <= '9' {
		return false
	}
	if rest = strings.TrimLeft(rest, groupMarks); rest == "" {
		return false
	}
	before := len(w.digits)
	if w.digits[0] == '0' && w.digits[1] == '0' {
		before -= 2
	}
	rest = foldDigits(rest)
	if before < wholeNumber || rest[0] != '0' {
		return false
	}
	count := 0
	for i := 0; i < len(rest) && (asciiDigit(rest[i]) || strings.IndexByte(groupMarks, rest[i]) >= 0); i++ {
		if asciiDigit(rest[i]) {
			count++
		}
	}
	return count >= atLeast
}

// slash judges a slash between digits: the number is whole before it and another follows, or it divides the area code
// from the rest (ok), or nobody can tell.
func (w *writtenPhone) slash(rest string) (whole, ok bool) {
	before := len(w.digits)
	marked := w.international
	if before > 2 && w.digits[0] == '0' {
		marked = true
		if w.digits[1] == '0' {
			before -= 2
		}
	}
	switch {
	case strings.Trim(rest, leadMarks) == "":
		return true, true
	case before > longArea, len(w.digits) >= wholeNumber && w.another(rest, shortAreaCode):
		return true, true
	case marked || before <= shortAreaCode:
		return false, true
	}
	return false, false
}

func phoneSeparator(r rune) bool {
	switch r {
	case ' ', '(', ')', '[', ']', '.', '_', '\'', '"', '=', ':', '~', '·', '−', 'ー':
		return true
	}
	return unicode.Is(unicode.Pd, r)
}

// phoneLabel reports that the words before a number only say that it is one.
func phoneLabel(lead string) bool {
	switch strings.Trim(strings.ToLower(lead), leadMarks) {
	case "tel", "tél", "telephone", "téléphone", "telefon", "telefono", "teléfono", "telefone", "telefoon", "phone", "phone number",
		"phone no", "mobile", "mobil", "mobiel", "mob", "mobile phone", "móvil", "movil", "celular", "cel", "cell",
		"cellphone", "cell phone", "gsm", "handy", "portable", "home", "work", "office", "business", "direct", "main",
		"fon", "m", "t", "p", "c", "h", "w", "whatsapp", "电话", "電話", "电话号码", "携帯", "전화", "тел", "телефон", "моб":
		return true
	}
	return false
}

// phoneEnding reports that what follows the digits, beginning with a letter, is an extension with its number or a
// label, and holds no digit of the number itself.
func phoneEnding(text string) bool {
	end := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })
	word, rest := text, ""
	if end >= 0 {
		word, rest = text[:end], strings.Trim(text[end:], leadMarks+"#")
	}
	switch strings.ToLower(word) {
	case "x", "ext", "extn", "extension", "xt", "int", "interno", "interne", "extensión", "anexo", "ramal", "extensão", "poste",
		"toestel", "tst", "durchwahl", "dw", "nst", "nebenstelle", "klappe", "kl", "klapka", "linka", "wew", "dahili", "lokal",
		"доб", "добавочный", "вн", "внутр", "εσωτ", "שלוחה", "تحويلة", "内线", "內線", "内線", "分机", "內", "내선":
		return strings.Trim(foldDigits(rest), "0123456789 -.") == ""
	}
	return rest == "" && phoneLabel(word)
}

// withoutFraction cuts off the ".0" with which spreadsheets write a number that they took for an amount.
func withoutFraction(text string) string {
	before, found := strings.CutSuffix(text, ".0")
	if found && len(before) >= wholeNumber && asciiDigits(strings.TrimPrefix(before, "+")) {
		return before
	}
	return text
}
