package event

import (
	"strconv"
	"strings"
	"time"
)

// keySet is a set of keys, one bit each.
type keySet uint64

func setOf(keys ...Key) keySet {
	var s keySet
	for _, k := range keys {
		s |= 1 << k
	}
	return s
}

func (u *UserData) keySet() keySet {
	var s keySet
	for i := range u.hashed {
		s |= 1 << u.hashed[i].Key
	}
	for i := range u.plain {
		s |= 1 << u.plain[i].Key
	}
	return s
}

// Usable reports whether the identifiers can single out a person as Meta sees it. They cannot when there are none, or
// nothing beyond one of these sets: city, country, state, postal code, gender and user agent; date of birth and user
// agent; first name and gender; last name and gender. Meta refuses the whole request for such an event (2804050).
//
// Source: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters
func (u *UserData) Usable() bool {
	s := u.keySet()
	for _, weak := range [...]keySet{
		setOf(City, Country, State, Zip, Gender, UserAgent),
		setOf(Birth, UserAgent),
		setOf(FirstName, Gender),
		setOf(LastName, Gender),
	} {
		if s&^weak == 0 {
			return false
		}
	}
	return true
}

// leadID reports whether s is a lead id as Meta gives them: 15 to 17 digits, the first not 0.
func leadID(s string) bool {
	return len(s) >= 15 && len(s) <= 17 && digits(s) == len(s) && s[0] != '0'
}

// maxClickAge is how long Meta uses a click id.
const maxClickAge = 90 * 24 * time.Hour

// CheckFBC reports whether fbc can be sent: fb.<subdomain index>.<click time in milliseconds>.<fbclid>, with a click of
// the last 90 days. If not, the reason is ReasonFBCMalformed, which Meta refuses the whole request for (2804001), or
// ReasonFBCOld. A click id is worth less than its event: leave it out and keep the event.
//
// Source: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/fbp-and-fbc
func CheckFBC(fbc string, now time.Time) (Reason, bool) {
	millis, rest, ok := cutClick(fbc)
	if !ok || strings.IndexFunc(rest, notInClickID) >= 0 {
		return ReasonFBCMalformed, false
	}
	clicked := time.UnixMilli(millis)
	switch {
	case clicked.After(now.Add(MaxAhead)):
		return ReasonFBCMalformed, false
	case clicked.Before(now.Add(-maxClickAge)):
		return ReasonFBCOld, false
	}
	return "", true
}

// CheckFBP reports whether fbp can be sent: fb.<subdomain index>.<time in milliseconds>.<random number>, as the _fbp cookie
// has it. Meta refuses the whole request for another.
func CheckFBP(fbp string) bool {
	_, rest, ok := cutClick(fbp)
	return ok && digits(rest) == len(rest)
}

func notInClickID(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '-' && r != '_' && r != '.'
}

// cutClick cuts what fbc and fbp have in common: fb.<subdomain index>.<milliseconds>.<rest>.
func cutClick(s string) (millis int64, rest string, ok bool) {
	s, ok = strings.CutPrefix(s, "fb.")
	index, s, dot := strings.Cut(s, ".")
	if !ok || !dot || index == "" || len(index) > 2 || digits(index) != len(index) {
		return 0, "", false
	}
	stamp, rest, _ := strings.Cut(s, ".")
	// 13 digits reach from 2001 to 2286; seconds have 10.
	if len(stamp) != 13 || digits(stamp) != len(stamp) || rest == "" {
		return 0, "", false
	}
	millis, err := strconv.ParseInt(stamp, 10, 64)
	return millis, rest, err == nil
}
