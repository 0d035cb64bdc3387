package normalize

import (
	"testing"
	"time"
)

func TestBirth(t *testing.T) {
	in := func(layout string, cases []outcome) table {
		return table{"layout " + layout, cases, func(s string) (string, Note) { return NormalBirth(s, layout, testDay) },
			func(s string) (Hash, bool, Note) { return Birth(s, layout, testDay) }}
	}
	checkTables(t, shared(), in("", []outcome{
		{"digits", "19970216", "19970216", NoteNone},
		{"iso", "1997-02-16", "19970216", NoteNone},
		{"iso with t", "1997-02-16T00:00:00.000Z", "19970216", NoteNone},
		{"iso with space", "1997-02-16 00:00:00", "19970216", NoteNone},
		{"iso with offset", "1997-02-16T23:30:00+02:00", "19970216", NoteNone},
		{"iso with am", "1997-02-16 12:00 AM", "19970216", NoteNone},
		{"arabic digits", "١٩٩٧-٠٢-١٦", "19970216", NoteNone},
		{"full-width digits", "１９９７０２１６", "19970216", NoteNone},
		{"leap day", "2000-02-29", "20000229", NoteNone},
		{"first day", "1900-01-01", "19000101", NoteNone},
		{"today", "2026-11-23", "20261123", NoteNone},
		{"tomorrow", "2026-11-24", "", Unusable},
		{"before 1900", "1899-12-31", "", Unusable},
		{"no leap day", "1900-02-29", "", Unusable},
		{"february 30", "1997-02-30", "", Unusable},
		{"month 13", "19971302", "", Unusable},
		{"slash", "02/16/1997", "", Unusable},
		{"dot", "16.02.1997", "", Unusable},
		{"short month", "1997-2-16", "", Unusable},
		{"year alone", "1997", "", Unusable},
		{"words after", "1997-02-16 born", "", Unusable},
		{"words", "February 16, 1997", "", Unusable},
		{"letters", "1997021b", "", Unusable},
		{"mysql zero", "0000-00-00", "", Missing},
		{"mysql zero with time", "0000-00-00 00:00:00", "", Missing},
		{"devanagari digits", "१९९७-०२-१६", "19970216", NoteNone},
		{"thai digits", "๑๙๙๗๐๒๑๖", "19970216", NoteNone},
		{"bengali digits", "১৯৯৭-০২-১৬", "19970216", NoteNone},
		{"full-width with its dash", "１９９７－０２－１６", "19970216", NoteNone},
		{"direction marks", "\u200f1997-02-16\u200f", "19970216", NoteNone},
		{"no-break space around", "\u00a019970216\u00a0", "19970216", NoteNone},
		{"byte order mark", "\ufeff19970216", "19970216", NoteNone},
		{"formula of a spreadsheet", `="19970216"`, "19970216", NoteNone},
		{"apostrophe of a spreadsheet", "'1997-02-16", "19970216", NoteNone},
		{"iso with seconds' fraction and offset", "1997-02-16T00:00:00.123+05:30", "19970216", NoteNone},
		{"japanese", "1997年2月16日", "", Unusable},
		{"korean", "1997년 2월 16일", "", Unusable},
		{"arabic words", "١٦ فبراير ١٩٩٧", "", Unusable},
		{"hijri year", "1417-10-08", "", Unusable},
		{"buddhist year", "2540-02-16", "", Unusable},
		{"dashes of print", "1997–02–16", "", Unusable},
		{"han digits", "一九九七〇二一六", "", Unusable},
		{"serial number of excel", "35477", "", Unusable},
		{"unix time", "856051200", "", Unusable},
		{"nine digits", "199702160", "", Unusable},
		{"day 0", "19970200", "", Unusable},
		{"year 0", "00000216", "", Unusable},
	}), in("1/2/2006", []outcome{
		{"meta's example", "2/16/1997", "19970216", NoteNone},
		{"zeros", "02/06/1997", "19970206", NoteNone},
		{"iso still", "1997-02-16", "19970216", NoteNone},
		{"day first", "16/2/1997", "", Unusable},
		{"future", "2/16/2097", "", Unusable},
		{"full-width", "２／１６／１９９７", "19970216", NoteNone},
		{"arabic digits", "٢/١٦/١٩٩٧", "19970216", NoteNone},
	}), in("02.01.06", []outcome{
		{"last century", "16.02.97", "19970216", NoteNone},
		{"this century", "16.02.05", "20050216", NoteNone},
		{"future is the past", "16.02.45", "19450216", NoteNone},
		{"tomorrow is a century ago", "24.11.26", "19261124", NoteNone},
		{"leap day of the past", "29.02.48", "19480229", NoteNone},
	}), in("02012006", []outcome{
		{"stated", "16021997", "19970216", NoteNone},
		{"layout before iso", "12101990", "19901012", NoteNone},
		{"both can be", "19121912", "19121219", NoteNone},
		{"neither", "45451912", "", Unusable},
		{"iso where the layout cannot be", "19971216", "19971216", NoteNone},
	}))
}

func TestBirthKnowsTodayByItsOwnZone(t *testing.T) {
	t.Parallel()
	kiritimati := time.FixedZone("+14", 14*3600)
	morning := time.Date(2026, time.November, 24, 1, 0, 0, 0, kiritimati)
	if got, note := NormalBirth("2026-11-24", "", morning); got != "20261124" {
		t.Errorf("got %q, %v", got, note)
	}
}
