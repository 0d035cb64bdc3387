package importer

import (
	"net/netip"
	"strings"
	"time"

	"capibara/event"
)

// plainIdentifier is what a cell says for a member of user_data that Meta wants unhashed; "" and true when it says
// nothing, false when it cannot be used.
//
// Case and inner characters stay as they are, since Meta compares these ids and does not normalise them. lead_id loses
// the l: of Meta's own lead downloads and must have 15 to 17 digits that no spreadsheet has rounded; madid must be a UUID
// other than the one of zeros, which telephones give whose owner does not want to be followed; fbc and fbp must have the
// form of Meta's cookies, fbc with a click of the last 90 days.
func plainIdentifier(k event.Key, cell string, now time.Time) (value string, usable bool) {
	if k == event.UserAgent {
		return present(cell), true
	}
	value = present(keyText(cell))
	if value == "" {
		return "", true
	}
	switch k {
	case event.LeadID:
		value = strings.TrimLeft(strings.TrimPrefix(strings.TrimPrefix(value, "l:"), "L:"), " ")
		return value, leadID(value)
	case event.FBC:
		_, ok := event.CheckFBC(value, now)
		return value, ok
	case event.FBP:
		return value, event.CheckFBP(value)
	case event.ClientIP:
		address, err := netip.ParseAddr(value)
		return value, err == nil && address.Zone() == ""
	case event.MADID:
		return value, uuid(value) && strings.Trim(value, "0-") != ""
	case event.ExternalID:
		// One that looks personal goes on, so that the record is refused and says why: the column is mapped by mistake.
		return value, len(value) <= 256 && strings.Trim(value, "0-{}") != ""
	}
	return value, len(value) <= 256 && !event.LooksPersonal(value)
}

// leadID reports whether s is a lead id as Meta gives them.
func leadID(s string) bool {
	return len(s) >= 15 && len(s) <= 17 && onlyDigits(s) && s[0] != '0' && !event.DestroyedID(s)
}

// uuid reports whether s is written 8-4-4-4-12 in hex digits.
func uuid(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case !onlyDigits(s[i:i+1]) && (c|0x20 < 'a' || c|0x20 > 'f'):
			return false
		}
	}
	return true
}
