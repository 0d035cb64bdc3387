package sandbox

import (
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Subcodes of code 100, as Meta gives them for an event.
const (
	subMalformedClick = 2804001
	subTooOld         = 2804003
	subFuture         = 2804004
	subNoValue        = 2804009
	subNoCurrency     = 2804010
	subUserParameter  = 2804016
	subParameter      = 2804019
	subLeadID         = 2804036
	subTooLittle      = 2804050
)

const (
	window       = 7 * 24 * time.Hour
	storeWindow  = 62 * 24 * time.Hour // physical_store alone
	aheadAllowed = 60 * time.Second
	maxEventName = 50
	emptyHash    = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
)

var (
	actionSources = []string{"email", "website", "app", "phone_call", "chat", "physical_store", "system_generated",
		"business_messaging", "other"}
	hashedKeys = []string{"em", "ph", "fn", "ln", "db", "ge", "ct", "st", "zp", "country"}
	plainKeys  = []string{"external_id", "client_ip_address", "client_user_agent", "fbc", "fbp", "subscription_id", "fb_login_id",
		"lead_id", "madid", "anon_id", "page_id", "page_scoped_user_id", "ctwa_clid", "ig_account_id", "ig_sid"}
	// tooLittle: whoever is described by a subset of one of these is not described.
	tooLittle = [][]string{{"ct", "country", "st", "zp", "ge", "client_user_agent"}, {"db", "client_user_agent"}, {"fn", "ge"}, {"ln", "ge"}}
	appendix  = regexp.MustCompile(`^\.[0-9A-Za-z_-]{1,16}$`)
	clickForm = regexp.MustCompile(`^fb\.[0-9]+\.[0-9]{13}\.[0-9A-Za-z_-]+$`)
	leadForm  = regexp.MustCompile(`^[0-9]{15,17}$`)
	moneyCode = regexp.MustCompile(`^[A-Za-z]{3}$`)
)

// fault of one event: the subcode and the member that has it.
type eventFault struct {
	subcode int
	member  string
}

// checkEvent returns what is wrong with an event, nil when nothing is. The first wrong thing counts, as with Meta.
func checkEvent(e value, now time.Time) *eventFault {
	if e.kind != object || len(e.members) == 0 {
		return &eventFault{subParameter, "event_name"}
	}
	name := e.member("event_name")
	if name.kind != text || strings.TrimSpace(name.text) == "" || utf8.RuneCountInString(name.text) > maxEventName {
		return &eventFault{subParameter, "event_name"}
	}
	source := e.member("action_source")
	if source.kind != text || !slices.Contains(actionSources, source.text) {
		return &eventFault{subParameter, "action_source"}
	}
	if f := checkTime(e.member("event_time"), source.text, now); f != nil {
		return f
	}
	if f := checkShapes(e, source.text); f != nil {
		return f
	}
	if f := checkUser(e.member("user_data")); f != nil {
		return f
	}
	if source.text == "website" && (!filled(e.member("user_data").member("client_user_agent")) || !filled(e.member("event_source_url"))) {
		return &eventFault{subParameter, "event_source_url"}
	}
	return checkCustom(e.member("custom_data"), name.text)
}

func checkTime(v value, source string, now time.Time) *eventFault {
	if v.kind != number || strings.ContainsAny(string(v.raw), ".eE") {
		return &eventFault{subParameter, "event_time"}
	}
	seconds, err := strconv.ParseInt(string(v.raw), 10, 64)
	if err != nil || seconds > now.Add(aheadAllowed).Unix() {
		return &eventFault{subFuture, "event_time"}
	}
	oldest := window
	if source == "physical_store" {
		oldest = storeWindow
	}
	if seconds < now.Add(-oldest).Unix() {
		return &eventFault{subTooOld, "event_time"}
	}
	return nil
}

// checkShapes checks the members of an event that are not required.
func checkShapes(e value, source string) *eventFault {
	for _, name := range []string{"event_id", "event_source_url", "referrer_url"} {
		if v := e.member(name); v.given() && v.kind != text {
			return &eventFault{subParameter, name}
		}
	}
	if v := e.member("opt_out"); v.given() && v.kind != boolean {
		return &eventFault{subParameter, "opt_out"}
	}
	for _, name := range []string{"custom_data", "original_event_data", "app_data"} {
		if v := e.member(name); v.given() && v.kind != object {
			return &eventFault{subParameter, name}
		}
	}
	if e.member("app_data").given() && source != "app" {
		return &eventFault{subParameter, "app_data"}
	}
	return checkProcessing(e)
}

func checkProcessing(e value) *eventFault {
	bad := &eventFault{subParameter, "data_processing_options"}
	options := e.member("data_processing_options")
	country, state := e.member("data_processing_options_country"), e.member("data_processing_options_state")
	if options.given() {
		if options.kind != list || len(options.items) > 1 || (len(options.items) == 1 && options.items[0].text != "LDU") {
			return bad
		}
	}
	if country.given() != state.given() || (country.given() && !options.given()) {
		return bad
	}
	if !country.given() {
		return nil
	}
	c, errC := strconv.Atoi(string(country.raw))
	s, errS := strconv.Atoi(string(state.raw))
	if errC != nil || errS != nil || c < 0 || c > 1 || (s != 0 && (s < 1000 || s > 1013)) {
		return bad
	}
	return nil
}

func checkUser(user value) *eventFault {
	if user.kind != object {
		return &eventFault{subParameter, "user_data"}
	}
	var keys []string
	for _, m := range user.members {
		if f := checkUserKey(m.name, m.value); f != nil {
			return f
		}
		keys = append(keys, m.name)
	}
	for _, weak := range append([][]string{{}}, tooLittle...) {
		if !slices.ContainsFunc(keys, func(key string) bool { return !slices.Contains(weak, key) }) {
			return &eventFault{subTooLittle, "user_data"}
		}
	}
	return nil
}

func checkUserKey(key string, v value) *eventFault {
	wrong := &eventFault{subUserParameter, key}
	switch {
	case slices.Contains(hashedKeys, key):
		if !each(v, func(s string) bool { return hashed(s) && !strings.HasPrefix(s, emptyHash) }) {
			return wrong
		}
	case !slices.Contains(plainKeys, key):
		return wrong
	case key == "external_id":
		if !each(v, func(s string) bool { return strings.TrimSpace(s) != "" && !strings.HasPrefix(s, emptyHash) }) {
			return wrong
		}
	case key == "lead_id":
		id := v.text
		if v.kind == number {
			id = string(v.raw)
		}
		if !leadForm.MatchString(id) {
			return &eventFault{subLeadID, key}
		}
	case key == "fbc":
		if v.kind != text || !clickForm.MatchString(v.text) {
			return &eventFault{subMalformedClick, key}
		}
	case key == "client_ip_address":
		if _, err := netip.ParseAddr(v.text); err != nil {
			return wrong
		}
	case v.kind != text && v.kind != number || v.kind == text && strings.TrimSpace(v.text) == "":
		return wrong
	}
	return nil
}

// each holds for a text, or for a list of at least one text, when ok does for every one.
func each(v value, ok func(string) bool) bool {
	switch v.kind {
	case text:
		return ok(v.text)
	case list:
		return len(v.items) > 0 && !slices.ContainsFunc(v.items, func(item value) bool { return item.kind != text || !ok(item.text) })
	}
	return false
}

// hashed holds for a SHA-256 in lowercase hexadecimal, also with the appendix that Meta's parameter builder adds.
func hashed(s string) bool {
	if len(s) < 64 {
		return false
	}
	for i := range 64 {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == 64 || appendix.MatchString(s[64:])
}

func filled(v value) bool { return v.kind == text && strings.TrimSpace(v.text) != "" }
