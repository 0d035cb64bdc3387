package sampledata

import (
	"time"
)

// dateForm is a way to write a date, as the time package spells it. All of them are ten bytes long, so that moving a
// date never changes the size of a file.
type dateForm string

const (
	yearFirst     dateForm = "2006-01-02"
	dayFirstSlash dateForm = "02/01/2006"
	dayFirstDash  dateForm = "02-01-2006"
)

// nearAnchor tells the dates of an export from dates of birth: a date is moved when it lies within so many days of the
// anchor.
const nearAnchor = 120

// daysBetween counts the calendar days from a's date to b's date. Midnights in UTC are always 24 hours apart, those of
// a place that changes its clocks are not.
func daysBetween(a, b time.Time) int {
	day := func(t time.Time) time.Time {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	}
	return int(day(b).Sub(day(a)) / (24 * time.Hour))
}

// moveDates returns a copy of data in which every date of that form near the anchor is moved by days.
func moveDates(data []byte, form dateForm, days int) []byte {
	moved := append([]byte(nil), data...)
	size := len(form)
	for at := 0; at+size <= len(moved); at++ {
		if !form.fits(moved[at:at+size]) || digitBefore(moved, at) || digitAt(moved, at+size) {
			continue
		}
		date, err := time.Parse(string(form), string(moved[at:at+size]))
		if away := daysBetween(Anchor(), date); err != nil || away > nearAnchor || away < -nearAnchor {
			continue
		}
		copy(moved[at:], date.AddDate(0, 0, days).Format(string(form)))
		at += size - 1
	}
	return moved
}

// fits reports whether text has digits and marks where the form has them.
func (f dateForm) fits(text []byte) bool {
	for i := range len(f) {
		if isDigit(f[i]) != isDigit(text[i]) || !isDigit(f[i]) && f[i] != text[i] {
			return false
		}
	}
	return true
}

func digitBefore(b []byte, at int) bool { return at > 0 && isDigit(b[at-1]) }

func digitAt(b []byte, at int) bool { return at < len(b) && isDigit(b[at]) }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
