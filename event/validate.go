package event

import (
	"crypto/sha256"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"
)

// maxName is the longest event name, in characters, that Meta accepts.
const maxName = 50

// maxEventID bounds an event_id in bytes. Meta states no bound; a longer text is a column mapped by mistake, and a
// ledger is keyed by it.
const maxEventID = 256

// firstMillis is 5138-11-16: no event_time in seconds is that late, and every one in milliseconds since 1973 is.
const firstMillis = 100_000_000_000

// Validate returns everything that is wrong with the event at the time now, in a fixed order; nil when nothing is.
// [Problem.Severity] tells what Meta would refuse (Reject), what nobody can mend (Skip: no usable identifier) and what is
// only worth knowing (Warn). One refused event costs the whole request it travels in, so this is as strict as Meta is
// known to be. The age is not looked at, except that an event may not lie further ahead than [MaxAhead]: a row
// has a deadline (see [Window.Deadline]), which is checked at every attempt.
func (e *Event) Validate(now time.Time) []Problem {
	var f findings
	e.validateName(&f)
	e.validateTime(&f, now)
	e.validateID(&f)
	e.validateSource(&f)
	e.validateOptions(&f)
	e.User.validate(&f, now)
	e.Custom.validate(&f, e)
	return f.problems
}

// findings collects problems; an event without any allocates nothing.
type findings struct {
	problems []Problem
}

func (f *findings) add(r Reason, member, detail string) {
	f.problems = append(f.problems, Problem{Reason: r, Member: member, Detail: detail})
}

// text checks a text that is sent as it is.
func (f *findings) text(member, s string) {
	switch {
	case s == "":
	case !utf8.ValidString(s):
		f.add(ReasonInvalidBytes, member, "")
	case LooksPersonal(s):
		f.add(ReasonPersonalData, member, "")
	}
}

func (e *Event) validateName(f *findings) {
	f.text("event_name", e.Name)
	switch {
	case strings.TrimSpace(e.Name) == "":
		f.add(ReasonEventNameMissing, "event_name", "")
	case utf8.RuneCountInString(e.Name) > maxName:
		f.add(ReasonEventNameLong, "event_name", "")
	case !IsStandard(e.Name) && !plainName(e.Name):
		f.add(ReasonEventNameStyle, "event_name", "")
	}
}

// plainName is the stricter rule for custom names that is advice, not law.
func plainName(s string) bool {
	if len(s) > 40 || s[0] >= '0' && s[0] <= '9' || strings.HasPrefix(s, "fb_") || strings.HasPrefix(s, "facebook_") {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

func (e *Event) validateTime(f *findings, now time.Time) {
	switch at := now.Unix(); {
	case e.Time <= 0:
		f.add(ReasonEventTimeMissing, "event_time", "")
	case e.Time >= firstMillis:
		f.add(ReasonEventTimeMilliseconds, "event_time", "")
	case e.Time > at+int64(MaxAhead/time.Second):
		f.add(ReasonEventTimeFuture, "event_time", "")
	case e.Time > at:
		f.add(ReasonFutureWaits, "event_time", "")
	}
}

func (e *Event) validateID(f *findings) {
	f.text("event_id", e.ID)
	switch {
	case e.ID == "":
		f.add(ReasonEventIDMissing, "event_id", "")
	case len(e.ID) > maxEventID || strings.ContainsFunc(e.ID, control):
		f.add(ReasonEventIDMalformed, "event_id", "")
	case DestroyedID(e.ID):
		f.add(ReasonRecordKeyDestroyed, "event_id", "")
	}
}

func control(r rune) bool { return r < ' ' || r == 0x7f }

func (e *Event) validateSource(f *findings) {
	switch {
	case e.ActionSource == "":
		f.add(ReasonActionSourceMissing, "action_source", "")
	case !e.ActionSource.known():
		f.add(ReasonActionSourceUnknown, "action_source", "")
	}
	if e.ActionSource == SourceWebsite {
		if e.SourceURL == "" {
			f.add(ReasonSourceURLMissing, "event_source_url", "")
		}
		if !e.User.Has(UserAgent) {
			f.add(ReasonUserAgentMissing, "user_data.client_user_agent", "")
		}
	}
	f.url("event_source_url", e.SourceURL)
	f.url("referrer_url", e.ReferrerURL)
}

func (f *findings) url(member, s string) {
	f.text(member, s)
	if s != "" && !hasFoldPrefix(s, "https://") && !hasFoldPrefix(s, "http://") {
		f.add(ReasonURLMalformed, member, "")
	}
}

func hasFoldPrefix(s, prefix string) bool {
	return len(s) > len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

func (e *Event) validateOptions(f *findings) {
	if p := e.Processing; p != nil {
		together := p.Country == 0 && p.State == 0 || p.Country == 1 && p.State >= 1000 && p.State <= 1013
		switch {
		case !together:
			f.add(ReasonDataProcessingMalformed, "data_processing_options", "")
		case p.LDU && p.State == 0 && !e.User.Has(ClientIP):
			f.add(ReasonDataProcessingNoState, "data_processing_options", "")
		}
	}
	if o := e.Original; o != nil {
		f.text("original_event_data.event_name", o.Name)
		f.text("original_event_data.order_id", o.OrderID)
		f.text("original_event_data.event_id", o.ID)
		if o.Name == "" || o.Time < 0 || o.Time >= firstMillis || o.Time == 0 && o.OrderID == "" && o.ID == "" {
			f.add(ReasonOriginalEventMalformed, "original_event_data", "")
		}
	}
	switch app := e.ActionSource == SourceApp; {
	case e.AppData == nil && app:
		f.add(ReasonAppDataMissing, "app_data", "")
	case e.AppData == nil:
	case !app:
		f.add(ReasonAppDataMisplaced, "app_data", "")
	case !jsonObject(e.AppData):
		f.add(ReasonAppDataMalformed, "app_data", "")
	default:
		f.text("app_data", string(e.AppData))
	}
}

func (u *UserData) validate(f *findings, now time.Time) {
	switch {
	case len(u.hashed)+len(u.plain) == 0:
		f.add(ReasonIdentifierMissing, "user_data", "")
	case !u.Usable():
		f.add(ReasonIdentifierWeak, "user_data", "")
	}
	for i := range u.hashed {
		if u.hashed[i].Hash[0] == hashOfNothing0 && u.hashed[i].Hash == sha256.Sum256(nil) {
			f.add(ReasonHashOfNothing, u.hashed[i].Key.member(), "")
		}
	}
	for i := range u.plain {
		u.plain[i].validate(f, now)
	}
}

// hashOfNothing0 is the first byte of the hash of an empty text, which spares 255 hashes of 256 the comparison.
const hashOfNothing0 = 0xe3

func (v PlainValue) validate(f *findings, now time.Time) {
	switch v.Key {
	case LeadID:
		if !leadID(v.Value) {
			f.add(ReasonLeadIDMalformed, "user_data.lead_id", "")
		}
	case FBC:
		if r, ok := CheckFBC(v.Value, now); !ok {
			f.add(r, "user_data.fbc", "")
		}
	case FBP:
		if !CheckFBP(v.Value) {
			f.add(ReasonFBPMalformed, "user_data.fbp", "")
		}
	case ClientIP:
		if a, err := netip.ParseAddr(v.Value); err != nil || a.Zone() != "" {
			f.add(ReasonIPMalformed, "user_data.client_ip_address", "")
		}
	case UserAgent:
		// Crawlers put the address of their operator here, so that only its encoding is looked at.
		if !utf8.ValidString(v.Value) {
			f.add(ReasonInvalidBytes, "user_data.client_user_agent", "")
		}
	default:
		f.text(v.Key.member(), v.Value)
	}
}

// member is the path of k in an event.
func (k Key) member() string { return "user_data." + k.String() }
