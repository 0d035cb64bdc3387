package normalize

import (
	"strings"
	"time"
)

// firstBirthYear is the first year that Meta's documentation allows.
const firstBirthYear = 1900

// basicDate is the layout of Meta's YYYYMMDD.
const basicDate = "20060102"

// Birth normalises and hashes a date of birth (db). See NormalBirth.
func Birth(s, layout string, today time.Time) (Hash, bool, Note) {
	var h Hasher
	return h.Birth(s, layout, today)
}

// NormalBirth returns a date of birth as YYYYMMDD, Meta's form for db. It must be a day of the calendar from 1900 to
// today, by the date of today in its own location.
//
// YYYYMMDD and YYYY-MM-DD, also with a time behind it, are always understood; the time is cut off, not converted,
// since a birthday has no time zone. Any other form needs its Go time layout; "" is none. A value is read by the
// layout first. With a two-digit year (06) a date that would be after today is one of the century before. MySQL's
// 0000-00-00 is Missing.
//
// Meta's SDKs take the parts of a date apart and check none of them against the calendar.
func NormalBirth(s, layout string, today time.Time) (string, Note) {
	var h Hasher
	n := h.birth(s, layout, today)
	return string(h.out), n
}

func (h *Hasher) birth(s, layout string, today time.Time) Note {
	text, note := h.begin(s)
	if note != NoteNone {
		return note
	}
	if !h.ascii {
		text = foldDigits(h.narrow(text))
	}
	if layout != "" {
		if day, err := time.Parse(layout, text); err == nil {
			if !strings.Contains(layout, "2006") && after(day, today) {
				day = day.AddDate(-100, 0, 0)
			}
			if h.appendBirth(day, today) {
				return NoteNone
			}
		}
	}
	date, form := isoDate(text)
	if date == "00000000" || date == "0000-00-00" {
		return h.drop(Missing)
	}
	day, err := time.Parse(form, date)
	if err != nil || !h.appendBirth(day, today) {
		return h.drop(Unusable)
	}
	return NoteNone
}

func (h *Hasher) appendBirth(day, today time.Time) bool {
	if day.Year() < firstBirthYear || after(day, today) {
		return false
	}
	h.out = day.AppendFormat(h.out[:0], basicDate)
	return true
}

// after compares calendar days, each in its own location.
func after(day, today time.Time) bool {
	y, m, d := today.Date()
	return time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC).
		After(time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
}

// isoDate returns the date in text, without a time behind it, and its layout: YYYY-MM-DD or else YYYYMMDD.
func isoDate(text string) (date, layout string) {
	const extended = "2006-01-02"
	if len(text) >= len(extended) && text[4] == '-' && timeSuffix(text[len(extended):]) {
		return text[:len(extended)], extended
	}
	return text, basicDate
}

// timeSuffix reports that s is nothing or looks like a time of day after a date.
func timeSuffix(s string) bool {
	if s == "" {
		return true
	}
	if len(s) < len("T00:00") || s[0] != 'T' && s[0] != 't' && s[0] != ' ' || !asciiDigit(s[1]) {
		return false
	}
	return strings.Trim(s[1:], "0123456789:.,+- ZzAPMapmUTCutc") == ""
}

// foldDigits writes the digits of every script in ASCII.
func foldDigits(text string) string {
	return strings.Map(func(r rune) rune {
		if value, ok := digitValue(r); ok {
			return rune('0' + value)
		}
		return r
	}, text)
}
