package importer

import (
	"slices"

	"capibara/event"
)

// EventKind is what is known of the events that a source yields under one event_name before a file is seen.
type EventKind struct {
	EventName       string             // "" when a column names the event
	ActionSource    event.ActionSource // "" when a column tells
	LeadEventSource string             // "" for none
	Currency        string             // "" when a column tells, or none is known
}

// EventKinds returns the kinds of events that the source can yield for a dataset, named by Meta's id, in the order in which
// the source names them; nil for a source of people, and for one whose records go elsewhere.
func (m *Mapping) EventKinds(dataset string) []EventKind {
	if m.People() || !slices.Contains(m.Datasets(), dataset) {
		return nil
	}
	var kinds []EventKind
	seen := map[string]bool{}
	for i := range m.rules {
		name := m.rules[i].name
		if seen[name] {
			continue
		}
		seen[name] = true
		kinds = append(kinds, EventKind{EventName: name, ActionSource: m.action, LeadEventSource: m.source.LeadEventSource, Currency: m.source.Currency})
	}
	return kinds
}
