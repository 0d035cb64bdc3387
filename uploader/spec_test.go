package uploader

import (
	"strings"
	"testing"
	"time"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestSpecTimes(t *testing.T) {
	t.Parallel()
	const form = "2006-01-02 15:04 MST"
	for _, c := range []struct {
		name, spec, zone, after string
		want                    []string
	}{
		{"every night", "0 2 * * *", "Europe/Amsterdam", "2026-11-23T17:00:00Z",
			[]string{"2026-11-24 02:00 CET", "2026-11-25 02:00 CET"}},
		{"spring: the hour that is left out comes an hour later", "30 2 * * *", "Europe/Amsterdam", "2027-03-27T12:00:00Z",
			[]string{"2027-03-28 03:30 CEST", "2027-03-29 02:30 CEST"}},
		{"spring, at the jump", "0 2 * * *", "Europe/Amsterdam", "2027-03-27T12:00:00Z",
			[]string{"2027-03-28 03:00 CEST", "2027-03-29 02:00 CEST"}},
		{"autumn: the hour that comes twice counts once", "30 2 * * *", "Europe/Amsterdam", "2027-10-30T12:00:00Z",
			[]string{"2027-10-31 02:30 CEST", "2027-11-01 02:30 CET"}},
		{"autumn in New York", "30 1 * * *", "America/New_York", "2026-10-31T12:00:00Z",
			[]string{"2026-11-01 01:30 EDT", "2026-11-02 01:30 EST"}},
		{"spring in New York", "30 2 * * *", "America/New_York", "2027-03-13T12:00:00Z",
			[]string{"2027-03-14 03:30 EDT", "2027-03-15 02:30 EDT"}},
		{"spring: two times that fall together happen once", "30 2,3 * * *", "Europe/Amsterdam", "2027-03-27T12:00:00Z",
			[]string{"2027-03-28 03:30 CEST", "2027-03-29 02:30 CEST", "2027-03-29 03:30 CEST"}},
		{"a midnight that is left out", "0 0 * * *", "America/Santiago", "2027-09-04T12:00:00Z",
			[]string{"2027-09-05 01:00 -03", "2027-09-06 00:00 -03"}},
		{"every hour goes by the sun", "0 * * * *", "Europe/Amsterdam", "2027-10-30T23:30:00Z",
			[]string{"2027-10-31 02:00 CEST", "2027-10-31 02:00 CET", "2027-10-31 03:00 CET"}},
		{"every quarter of an hour, in spring", "*/15 * * * *", "Europe/Amsterdam", "2027-03-28T00:40:00Z",
			[]string{"2027-03-28 01:45 CET", "2027-03-28 03:00 CEST"}},
		{"half an hour's change", "15 2 * * *", "Australia/Lord_Howe", "2027-10-02T10:00:00Z",
			[]string{"2027-10-03 02:45 +11", "2027-10-04 02:15 +11"}},
		{"a zone of its own", "TZ=Asia/Tokyo 0 2 * * *", "Europe/Amsterdam", "2026-11-23T12:00:00Z",
			[]string{"2026-11-24 02:00 JST"}},
		{"a leap day", "0 0 29 2 *", "UTC", "2026-11-23T12:00:00Z", []string{"2028-02-29 00:00 UTC"}},
		{"every day", "@daily", "Europe/Amsterdam", "2026-11-23T12:00:00Z", []string{"2026-11-24 00:00 CET"}},
		{"an interval", "@every 90m", "UTC", "2026-11-23T12:00:00Z", []string{"2026-11-23 13:30 UTC", "2026-11-23 15:00 UTC"}},
		{"a weekday by name", "0 9 * * MON-FRI", "UTC", "2026-11-27T12:00:00Z", []string{"2026-11-30 09:00 UTC"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			spec, err := parseSpec(c.spec, zone(t, c.zone))
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.Parse(time.RFC3339, c.after)
			if err != nil {
				t.Fatal(err)
			}
			in := zone(t, c.zone)
			if strings.HasPrefix(c.spec, "TZ=") {
				in = zone(t, "Asia/Tokyo")
			}
			for _, want := range c.want {
				at = spec.Next(at)
				if got := at.In(in).Format(form); got != want {
					t.Fatalf("got %s, want %s", got, want)
				}
			}
		})
	}
}

// Over three years, and in every zone that changes its clocks oddly, a daily time happens once a day and never twice.
func TestADailyTimeHappensOnceADay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca",
		"Asia/Kolkata", "Asia/Gaza", "Pacific/Apia"} {
		for _, text := range []string{"0 0 * * *", "30 0 * * *", "30 1 * * *", "0 2 * * *", "15 2 * * *", "30 2 * * *", "0 3 * * *", "59 23 * * *"} {
			spec, err := parseSpec(text, zone(t, name))
			if err != nil {
				t.Fatal(err)
			}
			at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
			for range 3 * 365 {
				next := spec.Next(at)
				if gap := next.Sub(at); at.Year() >= 2026 && at.Hour() != 12 && (gap < 21*time.Hour || gap > 27*time.Hour) {
					t.Fatalf("%s in %s: %s after %s", text, name, gap, at)
				}
				at = next
			}
		}
	}
}

func TestSpecsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, spec, want string }{
		{"nothing", "", "is not a time as cron writes it"},
		{"a zone alone", "TZ=", "does not name a time zone and a time"},
		{"a zone without a time", "TZ=Europe/Amsterdam", "does not name a time zone and a time"},
		{"a zone and a space", "TZ=Europe/Amsterdam ", "does not name a time zone and a time"},
		{"cron's own zone alone", "CRON_TZ=", "does not name a time zone and a time"},
		{"an unknown zone", "TZ=Mars/Olympus 0 2 * * *", "does not name a time zone and a time"},
		{"two zones", "TZ=UTC TZ=UTC 0 2 * * *", "names a time zone twice"},
		{"two zones, the second alone", "TZ=UTC TZ=", "names a time zone twice"},
		{"six fields", "0 0 2 * * *", "is not a time as cron writes it"},
		{"no hour 24", "0 24 * * *", "is not a time as cron writes it"},
		{"words", "every night", "is not a time as cron writes it"},
		{"too often", "@every 1s", "more often than once a minute"},
		{"backwards", "@every -1h", "more often than once a minute"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := parseSpec(c.spec, time.UTC)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func FuzzParseSpec(f *testing.F) {
	for _, s := range []string{"0 2 * * *", "TZ=", "TZ=UTC ", "CRON_TZ=UTC 1 1 1 1 1", "@every 1h", "@daily", "*/5 1-3,4 ? JAN MON", "TZ=UTC TZ=",
		"0 0 30 2 *", "@", "1/0 * * * *", "5-1 * * * *", "\t0 2 * * *"} {
		f.Add(s)
	}
	amsterdam := zone(f, "Europe/Amsterdam")
	after := time.Date(2027, 3, 27, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := parseSpec(text, amsterdam)
		if err != nil {
			return
		}
		if next := spec.Next(after); !next.IsZero() && !next.After(after) {
			t.Errorf("%q happens at %s, which is not after %s", text, next, after)
		}
	})
}
