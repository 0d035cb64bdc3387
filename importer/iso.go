package importer

import (
	"strings"
	"time"
)

// unixTime reads 10 digits as seconds and 13 as milliseconds, which covers 2001 to 2286. Any other number of digits is
// more likely a date and a time without marks: 202611221530 would be a day of 1976. Decimals are
// cut off.
func unixTime(s string) (time.Time, bool) {
	whole, frac, dot := strings.Cut(s, ".")
	n, ok := number(whole)
	if !ok || dot && (frac == "" || len(frac) > 9) {
		return time.Time{}, false
	}
	if _, ok := number(frac); dot && !ok {
		return time.Time{}, false
	}
	switch len(whole) {
	case 10:
		return time.Unix(int64(n), 0).UTC(), whole[0] != '0'
	case 13:
		return time.UnixMilli(int64(n)).UTC(), whole[0] != '0'
	}
	return time.Time{}, false
}

// number reads a few ASCII digits.
func number(s string) (int, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

type isoKind uint8

const (
	isoNone   isoKind = iota
	isoDate           // a date alone
	isoWall           // date and time without an offset
	isoOffset         // date, time and offset
)

// isoTime reads YYYY-MM-DD, YYYY/MM/DD or YYYYMMDD with, if it goes on, a T or a space, HH:MM, HH:MM:SS or HHMMSS,
// decimals, and Z or an offset.
func isoTime(s string) (time.Time, isoKind) {
	var year, month, day int
	var ok [3]bool
	switch {
	case len(s) >= 10 && (s[4] == '-' || s[4] == '/') && s[7] == s[4]:
		year, ok[0] = number(s[:4])
		month, ok[1] = number(s[5:7])
		day, ok[2] = number(s[8:10])
		s = s[10:]
	case len(s) >= 8:
		year, ok[0] = number(s[:4])
		month, ok[1] = number(s[4:6])
		day, ok[2] = number(s[6:8])
		s = s[8:]
	}
	if !ok[0] || !ok[1] || !ok[2] || year < 1900 || !calendarDay(year, month, day) {
		return time.Time{}, isoNone
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if s == "" {
		return date, isoDate
	}
	if s[0] != 'T' && s[0] != 't' && s[0] != ' ' {
		return time.Time{}, isoNone
	}
	ofDay, rest, good := isoClock(s[1:])
	if !good {
		return time.Time{}, isoNone
	}
	t := date.Add(ofDay)
	if rest == "" {
		return t, isoWall
	}
	offset, good := isoZone(strings.TrimPrefix(rest, " "))
	if !good {
		return time.Time{}, isoNone
	}
	return t.Add(-offset), isoOffset
}

func calendarDay(year, month, day int) bool {
	if month < 1 || month > 12 || day < 1 || day > 31 {
		return false
	}
	return day <= 28 || day <= time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

func isoClock(s string) (ofDay time.Duration, rest string, ok bool) {
	if len(s) < 4 {
		return 0, "", false
	}
	colon := 0
	if s[2] == ':' {
		colon = 1
	}
	if len(s) < 4+colon {
		return 0, "", false
	}
	hour, okHour := number(s[:2])
	minute, okMinute := number(s[2+colon : 4+colon])
	s = s[4+colon:]
	second := 0
	if okSecond := true; len(s) >= 2+colon && (colon == 0 && s[0] >= '0' && s[0] <= '9' || colon == 1 && s[0] == ':') {
		if second, okSecond = number(s[colon : 2+colon]); !okSecond {
			return 0, "", false
		}
		s = s[2+colon:]
		if len(s) > 1 && (s[0] == '.' || s[0] == ',') {
			digits := 1
			for digits < len(s) && s[digits] >= '0' && s[digits] <= '9' {
				digits++
			}
			if digits == 1 {
				return 0, "", false
			}
			s = s[digits:]
		}
	}
	// A leap second has no Unix time of its own.
	if !okHour || !okMinute || hour > 23 || minute > 59 || second > 59 {
		return 0, "", false
	}
	return time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second, s, true
}

func isoZone(s string) (time.Duration, bool) {
	switch s {
	case "Z", "z", "UTC", "GMT":
		return 0, true
	case "":
		return 0, false
	}
	sign := time.Duration(1)
	switch s[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	digits := s[1:]
	if len(digits) == 5 && digits[2] == ':' {
		digits = digits[:2] + digits[3:]
	}
	if len(digits) == 2 {
		digits += "00"
	}
	n, ok := number(digits)
	if !ok || len(digits) != 4 || n/100 > 14 || n%100 > 59 {
		return 0, false
	}
	return sign * (time.Duration(n/100)*time.Hour + time.Duration(n%100)*time.Minute), true
}
