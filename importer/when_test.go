package importer

import (
	"testing"
	"time"

	"capibara/event"
)

func amsterdam(t testing.TB, formats ...string) *clock {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{zone: zone, dateOnly: 12 * time.Hour}
	for _, f := range formats {
		l, err := compileLayout(f)
		if err != nil {
			t.Fatal(err)
		}
		c.layouts = append(c.layouts, l)
	}
	return c
}

func TestClockParse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		formats  []string
		want     string // RFC 3339 in UTC
		warning  event.Reason
		reason   event.Reason
	}{
		{name: "Z", in: "2026-11-17T10:00:00Z", want: "2026-11-17T10:00:00Z"},
		{name: "offset", in: "2026-11-17T10:00:00+02:00", want: "2026-11-17T08:00:00Z"},
		{name: "offset without colon", in: "2026-11-17T10:00:00-0530", want: "2026-11-17T15:30:00Z"},
		{name: "offset of hours", in: "2026-11-17 10:00:00+02", want: "2026-11-17T08:00:00Z"},
		{name: "offset behind a space", in: "2026-11-17 10:00:00 +0000", want: "2026-11-17T10:00:00Z"},
		{name: "fraction", in: "2026-11-17T10:00:00.123456Z", want: "2026-11-17T10:00:00Z"},
		{name: "winter", in: "2026-11-17 10:00:00", want: "2026-11-17T09:00:00Z"},
		{name: "summer", in: "2026-07-17T10:00", want: "2026-07-17T08:00:00Z"},
		{name: "date alone", in: "2026-11-17", want: "2026-11-17T11:00:00Z", warning: event.ReasonDateOnly},
		{name: "date with slashes, year first", in: "2026/11/17", want: "2026-11-17T11:00:00Z", warning: event.ReasonDateOnly},
		{name: "basic", in: "20261117T100000Z", want: "2026-11-17T10:00:00Z"},
		{name: "basic date", in: "20261117", want: "2026-11-17T11:00:00Z", warning: event.ReasonDateOnly},
		{name: "seconds", in: "1794909600", want: "2026-11-17T10:00:00Z"},
		{name: "milliseconds", in: "1794909600123", want: "2026-11-17T10:00:00Z"},
		{name: "seconds with fraction", in: "1794909600.5", want: "2026-11-17T10:00:00Z"},
		{name: "month as a word", in: "17 Nov 2026", want: "2026-11-17T11:00:00Z", warning: event.ReasonDateOnly},
		{name: "month as a word, American", in: "November 17, 2026", want: "2026-11-17T11:00:00Z", warning: event.ReasonDateOnly},
		{name: "twice in autumn is the first", in: "2026-10-25 02:30", want: "2026-10-25T00:30:00Z", warning: event.ReasonClockChange},
		{name: "skipped in spring is an hour later", in: "2026-03-29 02:30", want: "2026-03-29T01:30:00Z", warning: event.ReasonClockChange},
		{name: "before the change", in: "2026-03-29 01:59", want: "2026-03-29T00:59:00Z"},
		{name: "after the change", in: "2026-03-29 03:00", want: "2026-03-29T01:00:00Z"},
		{name: "stated order", in: "03/04/2026", formats: []string{"DD/MM/YYYY"}, want: "2026-04-03T10:00:00Z", warning: event.ReasonDateOnly},
		{name: "stated order, short", in: "3/4/2026", formats: []string{"MM/DD/YYYY"}, want: "2026-03-04T11:00:00Z", warning: event.ReasonDateOnly},
		{name: "stated with time", in: "17.11.2026 14:05", formats: []string{"DD.MM.YYYY HH:mm"}, want: "2026-11-17T13:05:00Z"},
		{name: "stated with am and pm", in: "11/17/2026 2:05 PM", formats: []string{"MM/DD/YYYY h:mm A"}, want: "2026-11-17T13:05:00Z"},
		{name: "second of several", in: "17-11-26", formats: []string{"DD/MM/YYYY", "DD-MM-YY"}, want: "2026-11-17T11:00:00Z", warning: event.ReasonDateOnly},
		{name: "ISO beside a stated order", in: "2026-11-17T10:00:00Z", formats: []string{"DD/MM/YYYY"}, want: "2026-11-17T10:00:00Z"},
		{name: "stated and not a day", in: "31/02/2026", formats: []string{"DD/MM/YYYY"}, reason: event.ReasonDateUnreadable},
		{name: "stated in another order", in: "11/30/2026", formats: []string{"DD/MM/YYYY"}, reason: event.ReasonDateUnreadable},
		{name: "slashes, and what is stated has no order of its own", in: "03/04/2026", formats: []string{"excel", "YYYY-MM-DD HH:mm"}, reason: event.ReasonDateAmbiguous},
		{name: "slashes", in: "03/04/2026", reason: event.ReasonDateAmbiguous},
		{name: "slashes although only one order fits", in: "25/12/2026", reason: event.ReasonDateAmbiguous},
		{name: "dots with time", in: "3.4.2026 10:00", reason: event.ReasonDateAmbiguous},
		{name: "no such day", in: "2026-02-30", reason: event.ReasonDateUnreadable},
		{name: "no such hour", in: "2026-02-20 24:00", reason: event.ReasonDateUnreadable},
		{name: "leap second", in: "2016-12-31T23:59:60Z", reason: event.ReasonDateUnreadable},
		{name: "word", in: "yesterday", reason: event.ReasonDateUnreadable},
		{name: "Salesforce", in: "11/28/2026, 1:05 PM", formats: []string{"M/D/YYYY, h:mm A"}, want: "2026-11-28T12:05:00Z"},
		{name: "Salesforce with a narrow blank", in: "11/28/2026, 1:05\u202fPM", formats: []string{"MM/DD/YYYY, h:mm A"}, want: "2026-11-28T12:05:00Z"},
		{name: "small letters", in: "11/28/2026 1:05 pm", formats: []string{"MM/DD/YYYY h:mm A"}, want: "2026-11-28T12:05:00Z"},
		{name: "small letters stated", in: "11/28/2026 1:05 PM", formats: []string{"MM/DD/YYYY h:mm a"}, want: "2026-11-28T12:05:00Z"},
		{name: "letters with points", in: "11/28/2026 11:05 a.m.", formats: []string{"MM/DD/YYYY h:mm A"}, want: "2026-11-28T10:05:00Z"},
		{name: "noon", in: "11/28/2026 12:05 PM", formats: []string{"MM/DD/YYYY h:mm A"}, want: "2026-11-28T11:05:00Z"},
		{name: "after midnight", in: "11/28/2026 12:05 AM", formats: []string{"MM/DD/YYYY h:mm A"}, want: "2026-11-27T23:05:00Z"},
		{name: "month by name, stated", in: "28-Nov-26", formats: []string{"DD-MMM-YY"}, want: "2026-11-28T11:00:00Z", warning: event.ReasonDateOnly},
		{name: "month in full, stated", in: "28 November 2026 13:05", formats: []string{"D MMMM YYYY HH:mm"}, want: "2026-11-28T12:05:00Z"},
		{name: "month as a word with time", in: "Nov 28, 2026, 1:05 PM", want: "2026-11-28T12:05:00Z"},
		{name: "Shopify", in: "2026-11-28 13:05:00 -0500", want: "2026-11-28T18:05:00Z"},
		{name: "HubSpot", in: "2026-11-28 13:05", want: "2026-11-28T12:05:00Z"},
		{name: "spreadsheet's date", in: "46354", formats: []string{"excel"}, want: "2026-11-28T11:00:00Z", warning: event.ReasonDateOnly},
		{name: "spreadsheet's date and time", in: "46354.5451388889", formats: []string{"excel"}, want: "2026-11-28T12:05:00Z"},
		{name: "spreadsheet's date and time with a comma", in: "46354,5451388889", formats: []string{"Excel"}, want: "2026-11-28T12:05:00Z"},
		{name: "spreadsheet's last second", in: "46354.999999", formats: []string{"excel"}, want: "2026-11-28T23:00:00Z"},
		{name: "spreadsheet's day that never was", in: "60", formats: []string{"excel"}, reason: event.ReasonDateUnreadable},
		{name: "spreadsheet's day before it", in: "59", formats: []string{"excel"}, want: "1900-02-28T11:40:28Z", warning: event.ReasonDateOnly},
		{name: "Unix seconds beside a spreadsheet's numbers", in: "1794909600", formats: []string{"excel"}, want: "2026-11-17T10:00:00Z"},
		{name: "compact date beside a spreadsheet's numbers", in: "20261117", formats: []string{"excel"}, want: "2026-11-17T11:00:00Z", warning: event.ReasonDateOnly},
		{name: "spreadsheet number", in: "45965.5", reason: event.ReasonDateUnreadable},
		{name: "minutes without marks", in: "202611221530", reason: event.ReasonDateUnreadable},
		{name: "seconds without marks", in: "20261122153000", reason: event.ReasonDateUnreadable},
		{name: "nine digits", in: "179490960", reason: event.ReasonDateUnreadable},
		{name: "twelve digits", in: "179490960012", reason: event.ReasonDateUnreadable},
		{name: "twelve digits with decimals", in: "179490960012.5", reason: event.ReasonDateUnreadable},
		{name: "eleven digits", in: "17949096001", reason: event.ReasonDateUnreadable},
		{name: "microseconds", in: "1794909600123456", reason: event.ReasonDateUnreadable},
		{name: "rest behind the offset", in: "2026-11-17T10:00:00Z!", reason: event.ReasonDateUnreadable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, reason := amsterdam(t, tt.formats...).parse(tt.in)
			got := ""
			if reason == "" {
				got = m.at.UTC().Truncate(time.Second).Format(time.RFC3339)
			}
			if got != tt.want || m.warning != tt.warning || reason != tt.reason {
				t.Errorf("%q is %q (%s) %s, want %q (%s) %s", tt.in, got, m.warning, reason, tt.want, tt.warning, tt.reason)
			}
		})
	}
}

// TestLocalAgainstTime holds every quarter of an hour of two years against package time, which reads a wall clock
// right wherever there is one right reading.
func TestLocalAgainstTime(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		c := &clock{zone: zone}
		end := time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
		for wall := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC); wall.Before(end); wall = wall.Add(15 * time.Minute) {
			got := c.local(wall, false)
			y, mo, d := wall.Date()
			want := time.Date(y, mo, d, wall.Hour(), wall.Minute(), 0, 0, zone)
			if got.warning == "" && !got.at.Equal(want) {
				t.Fatalf("%s in %s is %s, want %s", wall, name, got.at, want)
			}
			back := got.at.In(zone)
			if same := back.Hour() == wall.Hour() && back.Minute() == wall.Minute(); !same && got.warning == "" {
				t.Fatalf("%s in %s became %s without a warning", wall, name, back)
			}
		}
	}
}

func TestCompileLayout(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"YYYY-MM-DD": "2006-1-2", "DD/MM/YYYY": "2/1/2006", "YYYYMMDD": "20060102", "DD.MM.YY HH:mm:ss": "2.1.06 15:04:05",
		"YYYY-MM-DDTHH:mm:ssZ": "2006-1-02T15:04:05Z07:00", "D MMM YYYY": "2 Jan 2006",
	} {
		if l, err := compileLayout(in); err != nil || l.text != want {
			t.Errorf("%s is %q, %v; want %q", in, l.text, err, want)
		}
	}
	for _, bad := range []string{"", "DD/MM", "dd/mm/yyyy", "DD/MM/YYYY at", "DD/DD/YYYY/MM", "DD/MM/YYYY hh:mm", "DD/MM/YYYY h:mm:ss", "2006-01-02", "%d/%m/%Y"} {
		if l, err := compileLayout(bad); err == nil {
			t.Errorf("%q was understood as %q", bad, l.text)
		}
	}
}

// TestContradictingLayouts tells lists of formats that can read one text as two days from those that cannot.
func TestContradictingLayouts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"DD/MM/YYYY", "MM/DD/YYYY", true},
		{"DD/MM/YY", "YY/MM/DD", true},
		{"D.M.YYYY HH:mm", "MM.DD.YYYY HH:mm", true},
		{"DD/MM/YYYY hh:mm A", "MM/DD/YYYY h:mm A", true},
		{"YYYY-DD-MM", "YYYY-MM-DD", true},
		{"DD/MM/YYYY", "DD-MM-YYYY", false},
		{"DD/MM/YYYY", "D/M/YYYY", false},
		{"DD/MM/YYYY", "MM-DD-YYYY", false},
		{"DD/MM/YYYY", "MM/DD/YYYY HH:mm", false},
		{"DD/MM/YYYY HH:mm", "MM/DD/YYYY hh:mm A", false},
		{"DD/MM/YYYY", "YYYY/MM/DD", false},
		{"DD/MM/YYYY", "DD/MM/YY", false},
		{"DD/MM/YYYY", "D MMM YYYY", false},
	} {
		layouts := amsterdam(t, tt.a, tt.b).layouts
		if layouts[0].contradicts(layouts[1]) != tt.want || layouts[1].contradicts(layouts[0]) != tt.want {
			t.Errorf("%s contradicts %s: %t", tt.a, tt.b, !tt.want)
		}
	}
}

func FuzzClockParse(f *testing.F) {
	for _, s := range []string{"2026-11-17T10:00:00Z", "20261117T1000", "1794909600.5", "3/4/2026", "17 Nov 2026", "2026-10-25 02:30", ""} {
		f.Add(s)
	}
	c := amsterdam(f, "DD/MM/YYYY", "DD.MM.YY HH:mm")
	f.Fuzz(func(t *testing.T, s string) {
		m, reason := c.parse(s)
		if reason != "" {
			if !m.at.IsZero() {
				t.Fatalf("%q is both %s and %s", s, m.at, reason)
			}
			return
		}
		again, reason := c.parse(m.at.UTC().Format(time.RFC3339Nano))
		if reason != "" || !again.at.Truncate(time.Second).Equal(m.at.Truncate(time.Second)) {
			t.Fatalf("%q is %s, which reads as %s %s", s, m.at, again.at, reason)
		}
	})
}

func TestClockJoin(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, date, clock string
		formats           []string
		want              string
		warning           event.Reason
		reason            event.Reason
	}{
		{name: "Square", date: "11/28/26", clock: "13:05:00", formats: []string{"MM/DD/YY"}, want: "2026-11-28T12:05:00Z"},
		{name: "stated as one", date: "11/28/26", clock: "13:05:00", formats: []string{"MM/DD/YY HH:mm:ss"}, want: "2026-11-28T12:05:00Z"},
		{name: "ISO", date: "2026-11-28", clock: "13:05", want: "2026-11-28T12:05:00Z"},
		{name: "with an offset", date: "2026-11-28", clock: "13:05:00-05:00", want: "2026-11-28T18:05:00Z"},
		{name: "twelve hours", date: "11/28/26", clock: "1:05 pm", formats: []string{"MM/DD/YY"}, want: "2026-11-28T12:05:00Z"},
		{name: "cells of a workbook", date: "2026-11-28 00:00:00", clock: "2026-11-28 13:05:00", want: "2026-11-28T12:05:00Z"},
		{name: "spreadsheet's date", date: "46354", clock: "13:05", formats: []string{"excel"}, want: "2026-11-28T12:05:00Z"},
		{name: "no time", date: "2026-11-28", clock: " ", want: "2026-11-28T11:00:00Z", warning: event.ReasonDateOnly},
		{name: "twice in autumn", date: "25/10/2026", clock: "02:30", formats: []string{"DD/MM/YYYY"}, want: "2026-10-25T00:30:00Z", warning: event.ReasonClockChange},
		{name: "no order", date: "03/04/2026", clock: "13:05", reason: event.ReasonDateAmbiguous},
		{name: "no clock", date: "2026-11-28", clock: "lunch", reason: event.ReasonTimeUnreadable},
		{name: "no clock after a date that is stated with one", date: "11/28/26", clock: "lunch", formats: []string{"MM/DD/YY HH:mm:ss"}, reason: event.ReasonTimeUnreadable},
		{name: "neither", date: "soon", clock: "lunch", reason: event.ReasonDateUnreadable},
		{name: "two times", date: "2026-11-28 10:00:00", clock: "13:05", reason: event.ReasonDateUnreadable},
		{name: "no date", date: "soon", clock: "13:05", reason: event.ReasonDateUnreadable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m, reason, ofDay := amsterdam(t, tt.formats...).join(tt.date, tt.clock)
			if ofDay != (tt.reason == event.ReasonTimeUnreadable) || reason != tt.reason || m.warning != tt.warning || reason == "" && m.at.UTC().Format(time.RFC3339) != tt.want {
				t.Errorf("%s %s %s, want %s %s %s", m.at.UTC(), m.warning, reason, tt.want, tt.warning, tt.reason)
			}
		})
	}
}
