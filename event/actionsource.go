package event

import (
	"fmt"
	"slices"
	"strings"
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
	folded := foldName(s)
	if folded == "instore" {
		return SourcePhysicalStore, nil
	}
	all := ActionSources()
	at := slices.IndexFunc(all, func(a ActionSource) bool { return foldName(string(a)) == folded })
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

// foldName makes spellings of one name equal: lower case, without spaces, dashes and underscores.
func foldName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ' || r == '-' || r == '_' || r == '\t' || r == '\u00a0':
			return -1
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
