package importer

import "strings"

// shapeOf takes a date apart whose order of day and month must be known: 18/11/2026, 18.11.26 14:05.
func shapeOf(s string) (shape dateShape, first, second int, ok bool) {
	s = trimSpace(s)
	take := func(most int) (string, bool) {
		n := 0
		for n < len(s) && n < most && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		digits := s[:n]
		s = s[n:]
		return digits, n > 0
	}
	one, ok1 := take(2)
	if !ok1 || s == "" || !strings.ContainsRune("/.-", rune(s[0])) {
		return shape, 0, 0, false
	}
	shape.mark, s = s[:1], s[1:]
	two, ok2 := take(2)
	if !ok2 || !strings.HasPrefix(s, shape.mark) {
		return shape, 0, 0, false
	}
	s = s[1:]
	year, ok3 := take(4)
	if shape.year = len(year); !ok3 || shape.year != 2 && shape.year != 4 {
		return shape, 0, 0, false
	}
	if shape.clock, ok = clockOf(s); !ok {
		return shape, 0, 0, false
	}
	first, _ = number(one)
	second, _ = number(two)
	return shape, first, second, first > 0 && second > 0
}

// clockOf is how the time of day after a date is written; "" for none.
func clockOf(s string) (format string, ok bool) {
	if s == "" {
		return "", true
	}
	rest := strings.TrimLeft(s, ", T")
	lead := s[:len(s)-len(rest)]
	if lead == "" {
		return "", false
	}
	half := ""
	if upper := strings.ToUpper(rest); strings.HasSuffix(upper, "AM") || strings.HasSuffix(upper, "PM") {
		half = " A"
		if strings.HasSuffix(rest, "m") {
			half = " a"
		}
		without := strings.TrimRight(rest[:len(rest)-2], " ")
		if len(without) == len(rest)-2 {
			half = half[1:]
		}
		rest = without
	}
	parts := strings.Split(rest, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return "", false
	}
	for i, p := range parts {
		if _, digits := number(p); !digits || len(p) > 2 || i > 0 && len(p) != 2 {
			return "", false
		}
	}
	hours := "HH"
	if half != "" {
		hours = "hh"
	}
	format = lead + hours + ":mm"
	if len(parts) == 3 {
		format += ":ss"
	}
	return format + half, true
}

// format writes the shape as it stands under date_formats.
func (d dateShape) format(dayFirst bool) string {
	year := strings.Repeat("Y", d.year)
	if dayFirst {
		return "DD" + d.mark + "MM" + d.mark + year + d.clock
	}
	return "MM" + d.mark + "DD" + d.mark + year + d.clock
}
