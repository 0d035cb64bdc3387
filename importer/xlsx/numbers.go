package xlsx

import (
	"strconv"
	"strings"
)

// kept is how many digits of a number a spreadsheet keeps.
const kept = 15

// decimal writes a number with the digits that a spreadsheet has of it: binary noise behind the fifteenth is none. One with
// more digits than that before its point is no longer what somebody typed and stays in scientific notation.
func decimal(value float64) string {
	text := strconv.FormatFloat(value, 'e', -1, 64)
	if digits := strings.IndexByte(text, 'e') - strings.Count(text, "-") - strings.Count(text, "."); digits > kept {
		value, _ = strconv.ParseFloat(strconv.FormatFloat(value, 'e', kept-1, 64), 64)
	}
	switch size := max(value, -value); {
	case size == 0:
		return "0"
	case size >= 1e15, size < 1e-15:
		return strconv.FormatFloat(value, 'E', -1, 64)
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}

// unescape turns _x000D_ into the character that XML could not hold. What no text should hold is left out.
func unescape(s string) string {
	if !strings.Contains(s, "_x") {
		return s
	}
	var b strings.Builder
	for {
		at := strings.Index(s, "_x")
		if at < 0 || len(s) < at+7 {
			b.WriteString(s)
			return b.String()
		}
		code, err := strconv.ParseUint(s[at+2:at+6], 16, 16)
		if err != nil || s[at+6] != '_' {
			b.WriteString(s[:at+2])
			s = s[at+2:]
			continue
		}
		b.WriteString(s[:at])
		if code >= ' ' || code == '\t' || code == '\n' || code == '\r' {
			b.WriteRune(rune(code))
		}
		s = s[at+7:]
	}
}
