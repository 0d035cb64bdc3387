package event

import "strings"

// DestroyedID reports whether value is what a spreadsheet leaves of an id: a number in scientific notation
// (9.92E+15), a column that was too narrow (#####), the error of a formula (#N/A, #REF!), or a long number whose digits
// after the fifteenth have become zeros. Only what is clear counts: a number must have 20 digits or more, or 16 and end
// in ten zeros, because shorter ones end in zeros by themselves.
func DestroyedID(value string) bool {
	t := trimKey(value)
	switch {
	case t == "":
		return false
	case t[0] == '#':
		return spreadsheetError(t)
	case digits(t) == len(t):
		return roundedNumber(t)
	}
	return scientific(t)
}

func spreadsheetError(s string) bool {
	switch s {
	case "#N/A", "#NV", "#N/B", "#N/D", "#N/V", "#GETTING_DATA": // not available, in several languages
		return true
	}
	body := s[1:]
	if strings.Trim(body, "#") == "" {
		return len(body) >= 2
	}
	end := body[len(body)-1]
	return (end == '!' || end == '?') && body == strings.ToUpper(body)
}

// roundedNumber looks for the 15 digits that a spreadsheet keeps.
func roundedNumber(s string) bool {
	zeros := len(s) - len(strings.TrimRight(s, "0"))
	if len(s) < 16 || s[0] == '0' || zeros < len(s)-15 {
		return false
	}
	// 1000000000000000 is where somebody's numbering begins.
	return len(s) >= 20 || zeros >= 10 && zeros < len(s)-1
}

// scientific looks for 9.92E+15, 1,23457E+11 and 5E+20. Without a sign of its exponent a value needs a decimal mark:
// 12E45 is a fine article number.
func scientific(s string) bool {
	s = strings.TrimLeft(s, "+-")
	whole := digits(s)
	rest := s[whole:]
	mark := rest != "" && (rest[0] == '.' || rest[0] == ',')
	if mark {
		n := digits(rest[1:])
		mark, rest = n > 0, rest[1+n:]
	}
	if whole == 0 || rest == "" || rest[0] != 'E' && rest[0] != 'e' {
		return false
	}
	rest = rest[1:]
	plus := strings.HasPrefix(rest, "+")
	if plus || strings.HasPrefix(rest, "-") {
		rest = rest[1:]
	}
	return rest != "" && digits(rest) == len(rest) && (plus || mark)
}
