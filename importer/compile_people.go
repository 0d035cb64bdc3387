package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// People reports whether the source's records are people, which yield no events.
func (m *Mapping) People() bool { return m.source.Kind == kindPeople }

// Joins reports whether the source's records refer to people.
func (m *Mapping) Joins() bool { return m.source.Join.Column != "" }

// IsPeople reports whether the source is of kind people, by itself or by its preset, before it is known to be in order.
func (s *Source) IsPeople() bool {
	if s.Kind == "" && s.Preset != "" {
		p, err := LoadPreset(s.Preset)
		return err == nil && p.Source.Kind == kindPeople
	}
	return s.Kind == kindPeople
}

// compilePeople checks kind, and what a source of people may say.
func (m *Mapping) compilePeople(s *Source, _ Defaults) error {
	if s.Kind == "" {
		return nil
	}
	if s.Kind != kindPeople {
		return fmt.Errorf("kind: %q is not known; leave it out, or write people for an export of contacts or leads that other sources join", s.Kind)
	}
	if key := aboutEvents(s); key != "" {
		return fmt.Errorf("%s: a source of kind people yields no events; remove %s", key, key)
	}
	if len(s.RecordKey) != 1 || s.RecordKey[0] == "" {
		return fmt.Errorf("record_key: a source of kind people needs the one column by which other files refer to a person, such as [Contact ID]")
	}
	for _, name := range slices.Sorted(maps.Keys(s.Columns)) {
		if t, ok := parseTarget(name); ok && t.key == 0 {
			return fmt.Errorf("columns.%s: a source of kind people yields no events; remove it and keep the identifiers, such as email, phone and lead_id", name)
		}
	}
	return nil
}

// aboutEvents is the first key of the source, in alphabetical order, that says something about events; "" when none does.
func aboutEvents(s *Source) string {
	text, err := json.Marshal(s)
	if err != nil {
		return ""
	}
	var keys map[string]any
	if err := json.Unmarshal(text, &keys); err != nil {
		return ""
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if keys[key] != "" && !aboutPeople(key) {
			return key
		}
	}
	return ""
}

// aboutPeople reports whether a key makes sense where records are people. A key that is not named here is refused there:
// it would do nothing.
func aboutPeople(key string) bool {
	switch key {
	case "name", "files", "kind", "preset", "format", "sheet", "delimiter", "encoding", "records", "time_zone", "date_formats", "record_key", "country",
		"columns", "external_id":
		return true
	}
	return false
}

// compileJoin checks join, and finds the sources that it looks people up in.
func (m *Mapping) compileJoin(s *Source, d Defaults) error {
	switch {
	case s.Join == (Join{}):
		return nil
	case len(d.People) == 0 && m.inherited.join():
		// The preset offers to join, and there is nobody to be found.
		s.Join, m.source.Join, m.inherited.Source.Join = Join{}, Join{}, Join{}
		return nil
	case s.Join.Column == "":
		return fmt.Errorf("join: the column is missing; name the one that holds the person's id, such as Contact ID")
	case s.Identity == "content":
		return fmt.Errorf("join: with identity: content a person whose address changes would make a second conversion; name the columns that identify a record under record_key instead")
	case len(d.People) == 0:
		return fmt.Errorf("join: no source is of kind people; add one that reads the export of the contacts")
	case s.Join.Source == "":
		m.joined = d.People
	case !slices.Contains(d.People, s.Join.Source):
		return fmt.Errorf("join: %q is no source of kind people (%s)", s.Join.Source, strings.Join(d.People, ", "))
	default:
		m.joined = []string{s.Join.Source}
	}
	return nil
}
