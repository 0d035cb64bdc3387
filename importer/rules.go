package importer

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"capibara/event"
)

func (m *Mapping) compileEvents(s *Source, _ Defaults) error {
	short := s.EventName.Name != "" || s.EventName.Column != ""
	switch {
	case short && len(s.Events) > 0:
		return fmt.Errorf("event_name and events exclude each other; keep events when a record can yield several")
	case s.EventName.Name != "":
		return m.addRule(rule{name: s.EventName.Name}, nil)
	case s.EventName.Column != "" && len(s.EventName.Values) == 0:
		headers, fromPreset := []string{s.EventName.Column}, m.inherited.events()
		if fromPreset {
			headers = m.inherited.alternatives(headers...)
		}
		m.targets = append(m.targets, mapped{target{field: fieldEventName}, headers, fromPreset})
		m.rules = []rule{{}}
		return nil
	case s.EventName.Column != "":
		m.staged = true
		return m.compileValues(s.EventName)
	}
	for i := range s.Events {
		r := &s.Events[i]
		if err := m.addRule(rule{name: r.Name, eventTime: r.EventTime, value: r.Value}, r.When); err != nil {
			return err
		}
	}
	if len(m.rules) == 0 {
		m.rules = []rule{{}}
	}
	return nil
}

// compileValues makes one rule of every event name that the values of a column stand for.
func (m *Mapping) compileValues(n EventName) error {
	byName := map[string]Names{}
	for _, value := range slices.Sorted(maps.Keys(n.Values)) {
		byName[n.Values[value]] = append(byName[n.Values[value]], value)
	}
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if err := m.addRule(rule{name: name}, map[string]Names{n.Column: byName[name]}); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mapping) addRule(r rule, when map[string]Names) error {
	r.name, _ = event.MendName(r.name)
	probe := event.Event{Name: r.name}
	for _, p := range probe.Validate(time.Unix(0, 0)) {
		if p.Member == "event_name" && p.Severity() == event.Reject {
			return fmt.Errorf("events: %q: %s", r.name, p.Sentence())
		}
	}
	for _, header := range slices.Sorted(maps.Keys(when)) {
		c := newCondition(header, when[header])
		if header == "" || len(c.values) == 0 {
			return fmt.Errorf("events: %s: when needs a header and the values that count", r.name)
		}
		r.when = append(r.when, c)
	}
	r.preset = m.inherited.events()
	m.rules = append(m.rules, r)
	return nil
}
