package capi

import "time"

// DefaultVersion is the Graph API version that is spoken unless the configuration names another; released 2026-07-29.
const DefaultVersion = "v26.0"

// EndOfLife returns the day on which Meta ends a Graph API version, where it has said so
// (https://developers.facebook.com/docs/graph-api/changelog/versions). Warn from 90 days before it.
func EndOfLife(version string) (time.Time, bool) {
	switch version {
	case "v21.0":
		return day(2027, time.January, 21), true
	case "v22.0":
		return day(2027, time.May, 20), true
	case "v23.0":
		return day(2027, time.October, 8), true
	case "v24.0":
		return day(2028, time.February, 18), true
	case "v25.0":
		return day(2028, time.July, 29), true
	}
	return time.Time{}, false
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}
