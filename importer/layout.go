package importer

import (
	"fmt"
	"strings"
	"time"
)

// compileLayout turns a format written YYYY MM DD HH mm ss into one of package time. The word excel stands for the number by
// which a spreadsheet keeps a date.
func compileLayout(format string) (layout, error) {
	if strings.EqualFold(format, "excel") {
		return layout{excel: true}, nil
	}
	l := layout{dateOnly: true}
	var b strings.Builder
	twelve := false // hours of a clock that has each of them twice
	rest, seen := format, ""
	for rest != "" {
		token, goes, part := layoutToken(rest)
		switch {
		case token == "" && strings.ContainsRune("TZ", rune(rest[0])):
			token, goes = rest[:1], rest[:1]
			if token == "Z" {
				goes, l.zoned = "Z07:00", true
			}
		case token == "" && (rest[0]|0x20 >= 'a' && rest[0]|0x20 <= 'z' || rest[0] >= '0' && rest[0] <= '9' || rest[0] == '_'):
			return layout{}, fmt.Errorf("date format %q is not understood at %q; write it with YYYY MM DD HH mm ss, as in DD/MM/YYYY HH:mm", format, rest)
		case token == "":
			token, goes = rest[:1], rest[:1]
		}
		if part != 0 {
			if strings.IndexByte(seen, part) >= 0 {
				return layout{}, fmt.Errorf("date format %q names the same part twice", format)
			}
			seen += string(part)
			// Days and months of one digit are read too where the next character tells where they end.
			next := rest[len(token):]
			if goes == "01" && (next == "" || !letterByte(next[0])) && b.Len() == strings.LastIndexAny(b.String(), " /.-")+1 {
				goes = "1"
			}
			if goes == "02" && (next == "" || !letterByte(next[0])) && b.Len() == strings.LastIndexAny(b.String(), " /.-")+1 {
				goes = "2"
			}
			if strings.IndexByte("Hms", part) >= 0 {
				l.dateOnly = false
			}
			twelve = twelve || goes == "3"
		}
		b.WriteString(goes)
		rest = rest[len(token):]
	}
	for _, need := range "YMD" {
		if !strings.ContainsRune(seen, need) {
			return layout{}, fmt.Errorf("date format %q needs a year, a month and a day, as in DD/MM/YYYY", format)
		}
	}
	if twelve && !strings.ContainsRune(seen, 'p') {
		return layout{}, fmt.Errorf("date format %q has hours of a twelve-hour clock without AM or PM; write HH, or add A, as in hh:mm A", format)
	}
	l.text = b.String()
	return l, nil
}

// contradicts reports whether some text is one day in one layout and another day in the other: which comes first in a list
// would decide about the day of a conversion. It writes days with each and reads them with the other.
func (l layout) contradicts(o layout) bool {
	if l.excel || o.excel {
		text := l.text + o.text // that of the other
		_, _, number := serial(time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC).Format(text))
		return number
	}
	for _, pair := range [2][2]string{{l.text, o.text}, {o.text, l.text}} {
		for _, year := range [...]int{2005, 2011, 2026} {
			for day := range 366 {
				for _, hour := range [...]int{3, 12} {
					written := time.Date(year, 1, 1+day, hour, 4, 5, 0, time.UTC)
					read, err := time.Parse(pair[1], written.Format(pair[0]))
					if err == nil && read.Year() >= 1900 && !read.Truncate(24*time.Hour).Equal(written.Truncate(24*time.Hour)) {
						return true
					}
				}
			}
		}
	}
	return false
}

func letterByte(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// layoutToken finds the token that a format begins with, how package time writes it, and which part of a time it is.
func layoutToken(s string) (token, goes string, part byte) {
	for _, t := range [...]struct {
		token, goes string
		part        byte
	}{
		{"YYYY", "2006", 'Y'}, {"YY", "06", 'Y'}, {"MMMM", "January", 'M'}, {"MMM", "Jan", 'M'}, {"MM", "01", 'M'}, {"M", "1", 'M'},
		{"DD", "02", 'D'}, {"D", "2", 'D'}, {"HH", "15", 'H'}, {"H", "15", 'H'}, {"hh", "3", 'H'}, {"h", "3", 'H'},
		{"mm", "04", 'm'}, {"m", "4", 'm'}, {"ss", "05", 's'}, {"s", "5", 's'}, {"A", "PM", 'p'}, {"a", "PM", 'p'},
	} {
		if strings.HasPrefix(s, t.token) {
			return t.token, t.goes, t.part
		}
	}
	return "", "", 0
}
