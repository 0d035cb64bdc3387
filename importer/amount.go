package importer

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/bojanz/currency"

	"capibara/event"
)

// amount is a sum of money as a cell tells it.
type amount struct {
	value event.Money
	// currency is the ISO 4217 code that stood beside the number, "" when there was none or a sign that several
	// currencies share.
	currency string
	// shared is a sign that several currencies share, such as $; "" otherwise.
	shared string
}

// parseAmount reads an amount as people and spreadsheets write it: 1234.50, 1.234,50, 1 234,50, 1'234.50, (12.00), € 5, 9.92E+5.
// decimal is the decimal mark of the source; 0 accepts only what has one meaning. known is the currency that is stated
// elsewhere, "" when none is: in one without decimals 1,234 can only be thousands. The reason is "" when it could be
// read.
func parseAmount(s string, decimal byte, known string) (amount, event.Reason) {
	var room [64]byte
	digits, a, negative, ok := strip(room[:0], s)
	if !ok {
		return amount{}, event.ReasonNumberUnreadable
	}
	if a.currency != "" {
		known = a.currency
	}
	var plain []byte
	var reason event.Reason
	if at := bytes.IndexByte(digits, 'E'); at < 0 {
		plain, reason = settleMarks(digits, decimal, known)
	} else {
		plain, reason = scientific(digits, at, decimal)
	}
	if reason != "" {
		return amount{}, reason
	}
	m, err := event.ParseMoney(string(plain))
	if err != nil {
		return amount{}, event.ReasonNumberUnreadable
	}
	if negative && m.Sign() != 0 {
		m, err = event.ParseMoney("-" + string(plain))
	}
	a.value = m
	if err != nil {
		return amount{}, event.ReasonNumberUnreadable
	}
	return a, ""
}

// strip takes sign, brackets, currency and white space off and leaves digits and marks, appended to dst.
func strip(dst []byte, s string) (digits []byte, a amount, negative, ok bool) {
	s = trimSpace(s)
	if inner, opened := strings.CutPrefix(s, "("); opened {
		var closed bool
		if s, closed = strings.CutSuffix(inner, ")"); !closed {
			return nil, amount{}, false, false
		}
		negative, s = true, trimSpace(s)
	}
	signs := 0
	for {
		before := len(s)
		for _, minus := range [...]string{"-", "\u2212", "\u2013"} {
			if rest, cut := strings.CutPrefix(s, minus); cut {
				s, negative, signs = trimSpace(rest), true, signs+1
			} else if rest, cut := strings.CutSuffix(s, minus); cut {
				s, negative, signs = trimSpace(rest), true, signs+1
			}
		}
		if rest, cut := strings.CutPrefix(s, "+"); cut {
			s, signs = trimSpace(rest), signs+1
		}
		if a.currency == "" && a.shared == "" {
			s, a = cutCurrency(s)
		}
		if len(s) == before || signs > 1 {
			break
		}
	}
	if s == "" || len(s) > 64 || signs > 1 {
		return nil, amount{}, false, false
	}
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9', r == '.', r == ',':
			dst = append(dst, byte(r))
		case (r == 'E' || r == 'e') && i > 0:
			dst = append(dst, 'E')
		case (r == '+' || r == '-') && i > 0 && dst[len(dst)-1] == 'E':
			dst = append(dst, byte(r))
		case r == '\'' || r == '\u2019':
			dst = append(dst, '\'')
		case space(r):
			dst = append(dst, ' ')
		default:
			return nil, amount{}, false, false
		}
		if i == 0 && (r < '0' || r > '9') && r != '.' && r != ',' {
			return nil, amount{}, false, false
		}
	}
	return dst, a, negative, true
}

// scientific writes out a number in scientific notation: 9.92E+5 is 992000. at is the place of the E. The only mark before it
// must be one of decimals; without one (1E+05) a column that was too narrow has cost too many digits.
func scientific(s []byte, at int, decimal byte) ([]byte, event.Reason) {
	whole, exponent := s[:at], s[at+1:]
	mark := bytes.IndexAny(whole, ".,")
	if mark != 1 || !onlyDigits(string(whole[:1])) || !onlyDigits(string(whole[2:])) || decimal != 0 && whole[1] != decimal ||
		!onlyDigits(strings.TrimLeft(string(exponent), "+-")) || len(exponent) > 4 {
		return nil, event.ReasonNumberUnreadable
	}
	text := strings.Replace(string(s), ",", ".", 1)
	out := withoutExponent(text)
	if out == text {
		return nil, event.ReasonNumberUnreadable
	}
	return []byte(out), ""
}

func space(r rune) bool {
	return r == ' ' || r == '\t' || r == '\u00a0' || r == '\u202f' || r == '\u2009' || r == '\u2007'
}

func trimSpace(s string) string {
	if s == "" || s[0] > ' ' && s[0] < utf8.RuneSelf && s[len(s)-1] > ' ' && s[len(s)-1] < utf8.RuneSelf {
		return s
	}
	return strings.TrimFunc(s, func(r rune) bool { return space(r) || r == '\r' || r == '\n' || r == '\ufeff' })
}

// settleMarks turns digits with marks into a plain decimal with a point.
func settleMarks(s []byte, decimal byte, known string) ([]byte, event.Reason) {
	var points, commas, others, lastPoint, lastComma int
	for i, c := range s {
		switch c {
		case '.':
			points, lastPoint = points+1, i
		case ',':
			commas, lastComma = commas+1, i
		case '\'', ' ':
			others++
		}
	}
	if points+commas+others == 0 {
		return s, ""
	}
	if decimal == 0 {
		switch {
		case points > 0 && commas > 0:
			decimal = ','
			if lastPoint > lastComma {
				decimal = '.'
			}
		case points+commas == 0:
			decimal = '.' // it has only blanks or apostrophes
		case points > 1:
			decimal = ','
		case commas > 1:
			decimal = '.'
		default:
			var reason event.Reason
			if decimal, reason = singleMark(s, max(lastPoint, lastComma), others > 0, known); reason != "" {
				return nil, reason
			}
		}
	} else if at := bytes.IndexByte(s, decimal); at >= 0 && points+commas+others == 1 && groupLike(s, at) && withoutDecimals(known) {
		// In a currency without decimals the mark must be one of thousands, and the source says that it is not.
		return nil, event.ReasonNumberAmbiguous
	}
	return group(s, decimal)
}

// singleMark decides what the one mark at position at means when the source does not say.
func singleMark(s []byte, at int, grouped bool, known string) (decimal byte, reason event.Reason) {
	mark, other := s[at], byte('.')
	if mark == '.' {
		other = ','
	}
	if grouped || !groupLike(s, at) {
		return mark, ""
	}
	if withoutDecimals(known) {
		return other, ""
	}
	return 0, event.ReasonNumberAmbiguous
}

// groupLike reports whether what stands around the mark at a position could be thousands.
func groupLike(s []byte, at int) bool {
	return len(s)-at-1 == 3 && at > 0 && at <= 3 && s[0] != '0'
}

func withoutDecimals(code string) bool {
	n, ok := currency.GetDigits(code)
	return ok && n == 0
}

// group takes the marks between groups of digits out and checks that they stand where they belong: in front of every
// three digits, or two (in India) before the last three. No number that is grouped begins with a zero: 0.500 is never 500.
func group(s []byte, decimal byte) ([]byte, event.Reason) {
	if s[0] == decimal {
		s = append([]byte{'0'}, s...)
	}
	out := s[:0]
	var mark byte
	run, frac := 0, false
	for _, c := range s {
		switch {
		case c >= '0' && c <= '9':
			run++
			out = append(out, c)
			continue
		case frac:
			return nil, event.ReasonNumberUnreadable
		case c == decimal:
			if mark != 0 && run != 3 {
				return nil, event.ReasonNumberUnreadable
			}
			frac = true
			out = append(out, '.')
		case mark != 0 && (c != mark || run != 3 && run != 2), mark == 0 && (run == 0 || run > 3 || out[0] == '0'):
			return nil, event.ReasonNumberUnreadable
		default:
			mark = c
		}
		run = 0
	}
	if !frac && mark != 0 && run != 3 {
		return nil, event.ReasonNumberUnreadable
	}
	return out, ""
}

// cutCurrency takes one currency sign or code off either end.
func cutCurrency(s string) (string, amount) {
	if s == "" || s[0] >= '0' && s[0] <= '9' && s[len(s)-1] >= '0' && s[len(s)-1] <= '9' {
		return s, amount{}
	}
	for _, c := range currencySigns() {
		rest, cut := strings.CutPrefix(s, c.sign)
		if !cut {
			rest, cut = strings.CutSuffix(s, c.sign)
		}
		if !cut {
			continue
		}
		if c.code == "" {
			return trimSpace(rest), amount{shared: c.sign}
		}
		return trimSpace(rest), amount{currency: c.code}
	}
	if code, ok := currencyCode(s, 0); ok {
		return trimSpace(s[3:]), amount{currency: code}
	}
	if code, ok := currencyCode(s, len(s)-3); ok {
		return trimSpace(s[:len(s)-3]), amount{currency: code}
	}
	return s, amount{}
}

func currencyCode(s string, at int) (string, bool) {
	if len(s) < 4 {
		return "", false
	}
	code := strings.ToUpper(s[at : at+3])
	next := s[3]
	if at > 0 {
		next = s[at-1]
	}
	if next|0x20 >= 'a' && next|0x20 <= 'z' || !currency.IsValid(code) {
		return "", false
	}
	return code, true
}

// currencySigns lists signs, longer ones before those they end in; no code for a sign that several currencies share.
func currencySigns() [22]struct{ sign, code string } {
	return [22]struct{ sign, code string }{
		{"US$", "USD"}, {"A$", "AUD"}, {"C$", "CAD"}, {"NZ$", "NZD"}, {"HK$", "HKD"}, {"S$", "SGD"}, {"R$", "BRL"},
		{"$", ""}, {"€", "EUR"}, {"£", "GBP"}, {"¥", ""}, {"₹", "INR"}, {"₩", "KRW"}, {"₺", "TRY"}, {"₽", "RUB"},
		{"₴", "UAH"}, {"₪", "ILS"}, {"₫", "VND"}, {"zł", "PLN"}, {"Kč", "CZK"}, {"kr.", ""}, {"kr", ""},
	}
}

// sharedBy reports whether a currency is written with a sign that several share.
func sharedBy(sign, code string) bool {
	switch sign {
	case "$":
		return strings.Contains("USD AUD CAD NZD HKD SGD MXN ARS CLP COP TWD BBD BSD BZD BMD BND FJD GYD JMD KYD LRD NAD SBD SRD TTD UYU XCD", code)
	case "¥":
		return code == "JPY" || code == "CNY"
	}
	return strings.Contains("SEK NOK DKK ISK", code)
}
