package importer

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"

	"capibara/importer/preset"
)

// Preset is what an export of a well-known product looks like.
type Preset struct {
	Name      string           `yaml:"-"`
	Title     string           `yaml:"title"`
	Person    string           `yaml:"person"` // what to do when no column tells who the customer is
	Recognise recognition      `yaml:"recognise"`
	Headers   map[string]Names `yaml:"headers"`     // header → its names in other languages and in older exports
	Needs     Names            `yaml:"needs"`       // headers that must be there: without them what is no conversion would be sent
	TimeOfDay string           `yaml:"time_of_day"` // header of the time of day, when event_time is a date beside it
	Source    Source           `yaml:"source"`      // a fragment; the headers of a column are alternatives
}

// recognition says by which headers the export of a product is known.
type recognition struct {
	AtLeast int   `yaml:"at_least"` // 0 recognises nothing
	Headers Names `yaml:"headers"`
	Unless  Names `yaml:"unless"` // headers of another export that has the others too
}

// LoadPreset reads a preset. The error names the nearest one.
func LoadPreset(name string) (*Preset, error) {
	text, ok := preset.Text(name)
	if !ok {
		known := preset.Names()
		if near := Nearest(name, known); near != "" {
			return nil, fmt.Errorf("preset: %q is not known; did you mean %s? The presets are %s", name, near, strings.Join(known, ", "))
		}
		return nil, fmt.Errorf("preset: %q is not known; the presets are %s", name, strings.Join(known, ", "))
	}
	p := &Preset{Name: name}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.DisallowUnknownField()).Decode(p); err != nil {
		return nil, fmt.Errorf("preset %s: %w", name, err)
	}
	return p, nil
}

// allPresets are the presets in the order of their names, read once: to know a file by its headers, all are asked. They are only
// looked at.
var allPresets = sync.OnceValues(func() ([]*Preset, error) {
	var all []*Preset
	for _, name := range preset.Names() {
		p, err := LoadPreset(name)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
})

// names are a header and what else it is called.
func (p *Preset) names(header string) []string {
	return append([]string{header}, p.Headers[header]...)
}

// Inherited is what a source takes from its preset, and nothing that it says itself.
type Inherited struct {
	Source    Source           `json:"keys"`
	Headers   map[string]Names `json:"headers"`
	Needs     Names            `json:"needs,omitempty"`
	TimeOfDay string           `json:"time_of_day,omitempty"`
	person    string           // what to do when no column tells who the customer is
}

// Effective returns the source with what its preset adds, and that addition; nil without a preset. What the source says
// itself wins: a single value replaces the preset's, the entries of columns, custom_data and other mappings are merged by
// name, and events, event_name, record_key and identity are taken from one side alone.
func (s *Source) Effective() (Source, *Inherited, error) {
	if s.Preset == "" {
		return *s, nil, nil
	}
	p, err := LoadPreset(s.Preset)
	if err != nil {
		return Source{}, nil, err
	}
	from := &p.Source
	if len(s.Events) > 0 || s.EventName.Name != "" || s.EventName.Column != "" {
		from.Events, from.EventName = nil, EventName{}
	}
	if len(s.RecordKey) > 0 || s.Identity != "" {
		from.RecordKey, from.Identity = nil, ""
	}
	if s.Identity != "" {
		from.Join = Join{} // a person whose address changes would make another conversion
	}
	own := s.ownTargets()
	if own[target{field: fieldEventTime}] {
		p.TimeOfDay = "" // it belongs to the date that the preset names
	}
	maps.DeleteFunc(from.Columns, func(name string, _ Names) bool {
		t, ok := parseTarget(name)
		return ok && own[t]
	})
	maps.DeleteFunc(from.CustomData, func(name, _ string) bool {
		t, ok := parseTarget("custom_data." + strings.TrimPrefix(name, "custom_data."))
		return ok && own[t]
	})
	// A source that says itself which values of a column it keeps takes what the preset calls a refund for none.
	for _, side := range [4][2]map[string]Names{{s.Keep, from.Keep}, {s.Ignore, from.Ignore}, {s.Refunds, from.Refunds}, {s.Keep, from.Refunds}} {
		maps.DeleteFunc(side[1], func(header string, _ Names) bool {
			return slices.ContainsFunc(slices.Collect(maps.Keys(side[0])), func(own string) bool { return fold(own) == fold(header) })
		})
	}
	whole, added := *s, Source{}
	into, part, given := reflect.ValueOf(&whole).Elem(), reflect.ValueOf(&added).Elem(), reflect.ValueOf(from).Elem()
	for i := range given.NumField() {
		inherit(into.Field(i), part.Field(i), given.Field(i))
	}
	return whole, &Inherited{Source: added, Headers: p.Headers, Needs: p.Needs, TimeOfDay: p.TimeOfDay, person: p.Person}, nil
}

// inherit fills what is empty in into from given, and notes it in part.
func inherit(into, part, given reflect.Value) {
	switch {
	case given.IsZero():
	case given.Kind() == reflect.Map:
		merged, taken := reflect.MakeMap(given.Type()), reflect.MakeMap(given.Type())
		for _, key := range given.MapKeys() {
			if into.IsNil() || !into.MapIndex(key).IsValid() {
				merged.SetMapIndex(key, given.MapIndex(key))
				taken.SetMapIndex(key, given.MapIndex(key))
			}
		}
		for _, key := range into.MapKeys() {
			merged.SetMapIndex(key, into.MapIndex(key))
		}
		into.Set(merged)
		if taken.Len() > 0 {
			part.Set(taken)
		}
	case into.IsZero():
		into.Set(given)
		part.Set(given)
	}
}

// ownTargets are the members that the source itself names a column for. Two names of one member are one.
func (s *Source) ownTargets() map[target]bool {
	own := map[target]bool{}
	for name := range s.Columns {
		if t, ok := parseTarget(name); ok {
			own[t] = true
		}
	}
	for name := range s.CustomData {
		if t, ok := parseTarget("custom_data." + strings.TrimPrefix(name, "custom_data.")); ok {
			own[t] = true
		}
	}
	return own
}

// alternatives are the headers that stand for one which the preset names: itself, then what else it is called.
func (in *Inherited) alternatives(headers ...string) []string {
	var all []string
	for _, h := range headers {
		all = append(all, h)
		if in != nil {
			all = append(all, in.Headers[h]...)
		}
	}
	return all
}

// column reports whether the preset, and not the source itself, names the headers of an entry of columns.
func (in *Inherited) column(name string) bool {
	if in == nil {
		return false
	}
	_, ok := in.Source.Columns[name]
	return ok
}

// customData is column for an entry of custom_data.
func (in *Inherited) customData(name string) bool {
	if in == nil {
		return false
	}
	_, ok := in.Source.CustomData[name]
	return ok
}

// events reports whether the rules come from the preset.
func (in *Inherited) events() bool {
	return in != nil && (len(in.Source.Events) > 0 || in.Source.EventName.Name != "" || in.Source.EventName.Column != "")
}

// recordKey reports whether the record key comes from the preset.
func (in *Inherited) recordKey() bool { return in != nil && len(in.Source.RecordKey) > 0 }

// join reports whether the column of join comes from the preset.
func (in *Inherited) join() bool { return in != nil && in.Source.Join.Column != "" }

// furtherHeaders are those of needs and of the time of day, with their other names.
func (in *Inherited) furtherHeaders() []string {
	if in == nil {
		return nil
	}
	return in.alternatives(append(slices.Clone(in.Needs), in.TimeOfDay)...)
}

// PresetNames returns the names of all presets.
func PresetNames() []string { return preset.Names() }

// RecognisePreset returns the preset whose export has these headers; nil when none is sure.
func RecognisePreset(headers []string) *Preset {
	there := map[string]bool{}
	for _, h := range headers {
		there[fold(h)] = true
	}
	var best *Preset
	most := 0
	all, err := allPresets()
	if err != nil {
		return nil
	}
	for _, p := range all {
		has := func(h string) bool {
			return slices.ContainsFunc(p.names(h), func(name string) bool { return there[fold(name)] })
		}
		if p.Recognise.AtLeast == 0 || slices.ContainsFunc(p.Recognise.Unless, has) {
			continue
		}
		n := 0
		for _, h := range p.Recognise.Headers {
			if has(h) {
				n++
			}
		}
		if n >= p.Recognise.AtLeast && n > most {
			best, most = p, n
		}
	}
	if best == nil {
		return nil
	}
	own, err := LoadPreset(best.Name) // the caller's own, to change as it likes
	if err != nil {
		return nil
	}
	return own
}

// soften marks the rules about records that come from the preset: a file may lack their columns.
func (in *Inherited) soften(rules []screen, of func(*Source) map[string]Names) {
	if in == nil {
		return
	}
	for i := range rules {
		if _, ok := of(&in.Source)[rules[i].header]; ok {
			rules[i].optional, rules[i].others = true, in.Headers[rules[i].header]
		}
	}
}
