package audit

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"capibara/store"
)

// ShownText is a text without what must not reach a page: control characters, and marks that turn the direction of writing.
func ShownText(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// ShownNumber is a number with its thousands set apart.
func ShownNumber(n uint64) string { return thinly(strconv.FormatUint(n, 10)) }

// ShownWorth is what events are worth, such as "EUR 1 250.00 · USD 3.00", with the thousands set apart; "none" without an amount.
func ShownWorth(sums []store.Sum) string {
	var parts []string
	for _, s := range sums {
		sign, whole := "", s.Value
		if rest, ok := strings.CutPrefix(whole, "-"); ok {
			sign, whole = "−", rest
		}
		whole, frac, _ := strings.Cut(whole, ".")
		parts = append(parts, strings.TrimSpace(ShownText(s.Currency)+" "+sign+thinly(whole)+"."+frac))
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, " · ")
}

// thinly sets groups of digits apart in a way that no country takes for a decimal mark.
func thinly(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:]
	}
	return digits
}
