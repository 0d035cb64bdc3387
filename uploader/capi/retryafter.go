package capi

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter bounds what an answer may ask for: a broken header must not silence a dataset until its events expire.
const MaxRetryAfter = 24 * time.Hour

// retryAfter returns how long an answer asks to wait, 0 when it does not say. Retry-After holds for any refusal. The
// usage headers come with good answers too, and ask for nothing unless the request was throttled:
// X-Business-Use-Case-Usage gives estimated_time_to_regain_access in minutes, for each business or dataset several uses,
// of which the longest counts (see Usage); X-Ad-Account-Usage gives reset_time_duration in seconds; X-App-Usage has no
// such time (https://developers.facebook.com/docs/graph-api/overview/rate-limiting).
func retryAfter(header http.Header, now time.Time, throttled bool) time.Duration {
	wait := plainRetryAfter(header.Get("Retry-After"), now)
	if throttled {
		wait = max(wait, usageOf(header).Regain)
		if wait == 0 {
			wait = max(usageReset(header.Values("X-Ad-Account-Usage")), usageReset(header.Values("X-App-Usage")))
		}
	}
	return wait
}

func plainRetryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		return units(seconds, time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(at.Sub(now), 0), MaxRetryAfter)
	}
	return 0
}

func usageReset(values []string) time.Duration {
	var longest time.Duration
	for _, value := range values {
		members, _ := object([]byte(value))
		longest = max(longest, units(number(members["reset_time_duration"]), time.Second))
	}
	return longest
}

func number(raw json.RawMessage) float64 {
	var f float64
	if len(raw) == 0 || json.Unmarshal(raw, &f) != nil {
		return 0
	}
	return f
}

func units(count float64, unit time.Duration) time.Duration {
	if math.IsNaN(count) || count <= 0 {
		return 0
	}
	if count >= float64(MaxRetryAfter/unit) {
		return MaxRetryAfter
	}
	return time.Duration(count * float64(unit))
}
