package capi

import (
	"encoding/json"
	"math"
	"net/http"
	"time"
)

// Usage is how much of Meta's limits is used up, as an answer told by X-Business-Use-Case-Usage and X-App-Usage. Both give
// call_count, total_cputime and total_time in percent of what a rolling hour allows; the former for each business or
// dataset and kind of use, with estimated_time_to_regain_access in minutes. The fullest of all counts: which of them a
// request is held to is not documented. The zero Usage says that the answer told nothing.
type Usage struct {
	Percent float64       // 100: Meta refuses from now on; it may be more
	Regain  time.Duration // how long until there is access again, 0 when there is
}

// mostPercent bounds a header that is broken.
const mostPercent = 1000

// usageOf reads the usage headers of an answer. What it cannot read counts for nothing.
func usageOf(header http.Header) Usage {
	var u Usage
	for _, value := range header.Values("X-Business-Use-Case-Usage") {
		owners, _ := object([]byte(value))
		for _, raw := range owners {
			var uses []json.RawMessage
			if json.Unmarshal(raw, &uses) != nil {
				continue
			}
			for _, use := range uses {
				members, _ := object(use)
				u.add(members)
				u.Regain = max(u.Regain, units(number(members["estimated_time_to_regain_access"]), time.Minute))
			}
		}
	}
	for _, value := range header.Values("X-App-Usage") {
		members, _ := object([]byte(value))
		u.add(members)
	}
	return u
}

func (u *Usage) add(members map[string]json.RawMessage) {
	for _, name := range []string{"call_count", "total_cputime", "total_time"} {
		if p := number(members[name]); !math.IsNaN(p) {
			u.Percent = max(u.Percent, min(p, mostPercent))
		}
	}
}
