package importer

import (
	"slices"
	"time"

	"capibara/event"
)

// clock reads the times of one source. It is immutable.
type clock struct {
	zone     *time.Location
	layouts  []layout
	dateOnly time.Duration // time of day for a date without one
}

// layout is one of date_formats as package time writes it.
type layout struct {
	text     string
	dateOnly bool
	zoned    bool
	excel    bool // a spreadsheet's number of a date
}

// moment is what a cell says about time.
type moment struct {
	at      time.Time
	warning event.Reason // date_only or clock_change; "" for none
}

// parse reads a time in one of the source's formats, in ISO 8601 or in Unix seconds or milliseconds. A date whose order
// of day and month is not stated is not guessed at.
func (c *clock) parse(s string) (moment, event.Reason) {
	s = trimSpace(s)
	at, reason := c.read(s)
	if reason != "" {
		if plain := plainClock(s); plain != s {
			return c.read(plain)
		}
	}
	return at, reason
}

// read reads a time that is written plainly.
func (c *clock) read(s string) (moment, event.Reason) {
	for i := range c.layouts {
		if c.layouts[i].excel {
			if t, dateOnly, ok := serial(s); ok {
				return c.local(t, dateOnly), ""
			}
			continue
		}
		if t, err := time.Parse(c.layouts[i].text, s); err == nil {
			if t.Year() < 1900 || t.Year() > 9999 {
				return moment{}, event.ReasonDateUnreadable
			}
			if c.layouts[i].zoned {
				return moment{at: t}, ""
			}
			return c.local(t, c.layouts[i].dateOnly), ""
		}
	}
	if t, ok := unixTime(s); ok {
		return moment{at: t}, ""
	}
	if t, kind := isoTime(s); kind != isoNone {
		if kind == isoOffset {
			return moment{at: t}, ""
		}
		return c.local(t, kind == isoDate), ""
	}
	for _, l := range wordLayouts() {
		if t, err := time.Parse(l.text, s); err == nil && t.Year() >= 1900 {
			return c.local(t, l.dateOnly), ""
		}
	}
	if partedDate(s) && !c.ordered() {
		return moment{}, event.ReasonDateAmbiguous
	}
	return moment{}, event.ReasonDateUnreadable
}

// ordered reports whether the source states the order of day and month: a date that does not fit it is wrong, and there
// are no two ways to read it.
func (c *clock) ordered() bool {
	march := time.Date(2026, time.March, 4, 0, 0, 0, 0, time.UTC)
	return slices.ContainsFunc(c.layouts, func(l layout) bool { return !l.excel && partedDate(march.Format(l.text)) })
}

// local places a wall-clock reading, given as if it were UTC, in the source's zone. A reading that happens twice when
// clocks go back is the first of the two; one that is skipped when they go forward is read by the clock before the
// change, so that 02:30 becomes 03:30. Both carry a warning.
func (c *clock) local(wall time.Time, dateOnly bool) moment {
	var m moment
	if dateOnly {
		wall, m.warning = wall.Add(c.dateOnly), event.ReasonDateOnly
	}
	if c.zone == time.UTC {
		m.at = wall
		return m
	}
	u, nanos := wall.Unix(), int64(wall.Nanosecond())
	before, after := c.offset(u-86400), c.offset(u+86400)
	first, second := u-before, u-after
	okFirst, okSecond := c.offset(first) == before, c.offset(second) == after
	switch {
	case before == after && okFirst:
	case okFirst && okSecond, !okFirst && !okSecond:
		m.warning = event.ReasonClockChange
	case okSecond:
		first = second
	}
	m.at = time.Unix(first, nanos).UTC()
	return m
}

func (c *clock) offset(unix int64) int64 {
	_, seconds := time.Unix(unix, 0).In(c.zone).Zone()
	return int64(seconds)
}

// wordLayouts are dates whose month is a word, so that nobody can misread them.
func wordLayouts() [13]layout {
	return [13]layout{
		{text: "2 Jan 2006", dateOnly: true}, {text: "2-Jan-2006", dateOnly: true}, {text: "Jan 2, 2006", dateOnly: true},
		{text: "2 January 2006", dateOnly: true}, {text: "January 2, 2006", dateOnly: true},
		{text: "2 Jan 2006 15:04:05"}, {text: "2-Jan-2006 15:04:05"}, {text: "Jan 2, 2006 15:04:05"},
		{text: "2 Jan 2006 15:04"}, {text: "2-Jan-2006 15:04"}, {text: "Jan 2, 2006, 3:04 PM"}, {text: "Jan 2, 2006 3:04 PM"},
		{text: "Jan 2, 2006, 3:04:05 PM"},
	}
}

// partedDate reports whether s begins like a date in an order that only its writer knows: 03/04/2026, 3.4.26.
func partedDate(s string) bool {
	parts, digits := 0, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			if digits++; digits > 4 {
				return false
			}
		case (c == '/' || c == '.' || c == '-') && digits > 0 && (digits < 4 || parts > 0):
			parts, digits = parts+1, 0
		default:
			return parts == 2 && digits > 0
		}
	}
	return parts == 2 && digits > 0
}
