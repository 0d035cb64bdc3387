package capi

import (
	"strconv"
	"strings"
	"time"
)

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

// oldestListed is the oldest major version that EndOfLife knows.
const oldestListed = 21

// Outlived reports whether a version is older than every one whose end is still listed. Meta ends them in their order.
func Outlived(version string) bool {
	major, _, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	n, err := strconv.Atoi(major)
	return err == nil && n < oldestListed
}

func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}
