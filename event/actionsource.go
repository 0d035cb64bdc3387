package event

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// ActionSource is action_source: where a conversion took place. Meta requires it for every event.
//
// Source: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/server-event#action-source
type ActionSource string

// Meta's action sources. A sale over the counter is physical_store, a stage of a CRM is system_generated.
const (
	SourceEmail             ActionSource = "email"
	SourceWebsite           ActionSource = "website"
	SourceApp               ActionSource = "app"
	SourcePhoneCall         ActionSource = "phone_call"
	SourceChat              ActionSource = "chat"
	SourcePhysicalStore     ActionSource = "physical_store"
	SourceSystemGenerated   ActionSource = "system_generated"
	SourceBusinessMessaging ActionSource = "business_messaging"
	SourceOther             ActionSource = "other"
)

// ActionSources returns every action source, in Meta's order.
func ActionSources() []ActionSource {
	return []ActionSource{SourceEmail, SourceWebsite, SourceApp, SourcePhoneCall, SourceChat, SourcePhysicalStore,
		SourceSystemGenerated, SourceBusinessMessaging, SourceOther}
}

// ParseActionSource reads an action source as a person writes it: case, spaces, dashes and underscores do not matter,
// and in_store, which older guides use and Meta refuses, is physical_store. The error lists what is allowed.
func ParseActionSource(s string) (ActionSource, error) {
	if sameName(s, "in_store") {
		return SourcePhysicalStore, nil
	}
	all := ActionSources()
	at := slices.IndexFunc(all, func(a ActionSource) bool { return sameName(s, string(a)) })
	if at >= 0 {
		return all[at], nil
	}
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = string(a)
	}
	return "", fmt.Errorf("action source %q is none of %s", s, strings.Join(names, ", "))
}

// known reports whether Meta defines a. It does not allocate.
func (a ActionSource) known() bool {
	switch a {
	case SourceEmail, SourceWebsite, SourceApp, SourcePhoneCall, SourceChat, SourcePhysicalStore, SourceSystemGenerated,
		SourceBusinessMessaging, SourceOther:
		return true
	}
	return false
}

// sameName reports whether two spellings are of one name: case, spaces, dashes and underscores do not matter.
func sameName(a, b string) bool {
	for {
		x, n := nextOfName(a)
		y, m := nextOfName(b)
		if x != y {
			return false
		}
		if n == 0 {
			return m == 0
		}
		a, b = a[n:], b[m:]
	}
}

// nextOfName is the next character that counts, in lower case, and how many bytes of s it takes; 0 at the end.
func nextOfName(s string) (r rune, n int) {
	for i, c := range s {
		switch {
		case c == ' ' || c == '-' || c == '_' || c == '\t' || c == '\u00a0':
			continue
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A', i + 1
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		return c, i + size
	}
	return 0, 0
}
