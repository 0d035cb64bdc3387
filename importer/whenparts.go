package importer

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"capibara/event"
	"capibara/importer/normalize"
	"capibara/importer/xlsx"
)

// join reads a date and a time of day that stand in two columns: as one text with a blank between them, or each by itself.
// Without a time of day it is a date alone. ofDay says that what cannot be read is the time of day.
func (c *clock) join(date, clock string) (at moment, reason event.Reason, ofDay bool) {
	date, clock = trimSpace(date), trimSpace(clock)
	// A spreadsheet may show a time of day with a date before it, and a date with its midnight.
	if day, rest, both := strings.Cut(clock, " "); both {
		if _, kind := isoTime(day); kind == isoDate {
			clock = rest
		}
	}
	date = strings.TrimSuffix(date, " 00:00:00")
	if normalize.IsMissing(clock) {
		at, reason = c.parse(date)
		return at, reason, false
	}
	if at, reason := c.parse(date + " " + clock); reason == "" {
		return at, "", false
	}
	day, reason := c.day(date)
	since, ok := timeOfDay(clock)
	switch {
	case reason != "" && !ok && c.withMidnight(date):
		return moment{}, event.ReasonTimeUnreadable, true
	case reason != "":
		return moment{}, reason, false
	case !ok:
		return moment{}, event.ReasonTimeUnreadable, true
	}
	return c.local(day.Add(since), false), "", false
}

// withMidnight reports whether a date is in order by itself, where the layouts have a time of day behind it.
func (c *clock) withMidnight(date string) bool {
	return slices.ContainsFunc([]string{"00:00:00", "00:00", "12:00:00 AM", "12:00 AM"}, func(midnight string) bool {
		_, reason := c.parse(date + " " + midnight)
		return reason == ""
	})
}

// day reads a date without a time, as midnight on a clock without a zone.
func (c *clock) day(s string) (time.Time, event.Reason) {
	bare := clock{zone: time.UTC, layouts: c.layouts}
	at, reason := bare.parse(s)
	if reason == "" && at.warning != event.ReasonDateOnly {
		reason = event.ReasonDateUnreadable // it has a time of its own
	}
	return at.at, reason
}

// timeOfDay reads 13:05, 13:05:09, 1:05 PM.
func timeOfDay(s string) (time.Duration, bool) {
	s = plainClock(s)
	for _, l := range [...]string{"15:04:05", "15:04", "3:04:05 PM", "3:04 PM", "3:04:05PM", "3:04PM"} {
		if t, err := time.Parse(l, s); err == nil {
			return t.Sub(t.Truncate(24 * time.Hour)), true
		}
	}
	return 0, false
}

// plainClock writes a time with plain blanks and with AM or PM in capitals: browsers put a narrow no-break space before PM,
// and many a program writes pm or p.m.
func plainClock(s string) string {
	for _, r := range [...][2]string{{"\u202f", " "}, {"\u00a0", " "}, {"\u2009", " "}, {"a.m.", "AM"}, {"p.m.", "PM"}} {
		s = strings.ReplaceAll(s, r[0], r[1])
	}
	if n := len(s) - 2; n > 0 && (s[n:] == "am" || s[n:] == "pm") {
		s = s[:n] + strings.ToUpper(s[n:])
	}
	return s
}

// serial reads the number by which a spreadsheet keeps a date, day 1 being 1 January 1900.
func serial(s string) (t time.Time, dateOnly, ok bool) {
	whole, frac, dot := strings.Cut(strings.Replace(s, ",", ".", 1), ".")
	if len(whole) > 7 || !onlyDigits(whole) || dot && !onlyDigits(frac) {
		return time.Time{}, false, false
	}
	n, err := strconv.ParseFloat(whole+"."+frac, 64)
	if err != nil {
		return time.Time{}, false, false
	}
	t, ok = xlsx.Date(n)
	return t, strings.Trim(frac, "0") == "", ok
}
