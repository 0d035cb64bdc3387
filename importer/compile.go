package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/bojanz/currency"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

	"capibara/event"
	"capibara/importer/normalize"
)

// Defaults is what a source takes from the rest of the configuration.
type Defaults struct {
	Datasets map[string]string // alias → Meta's dataset id
	TimeZone *time.Location    // nil is UTC
	Window   event.Window      // the zero value is event.DefaultWindow
	People   []string          // names of the sources of kind people
}

// Mapping is a source that was found to be in order. It is immutable: several workers may use it at once.
type Mapping struct {
	source    Source     // with what its preset adds
	inherited *Inherited // what that is; nil without a preset
	effective string     // the source with its defaults, as JSON: what every record was read with
	dataset   string     // Meta's dataset id; "" when a column tells
	clock     clock
	timeOfDay string         // header of the column with the time of day, when event_time is in two; "" for none
	folders   *time.Location // the zone whose days name folders
	window    event.Window
	birth     string // layout of a date of birth beside ISO, "" for none
	decimal   byte   // 0 when it is not stated
	delimiter byte   // 0 finds out
	encoding  encoding.Encoding
	action    event.ActionSource // "" when a column tells
	country   string             // lower case alpha-2, "" for none
	hashID    bool
	sums      bool     // the amounts of a record's lines add up
	joined    []string // sources of kind people that records refer to
	targets   []mapped
	rules     []rule
	staged    bool // the rules are those of event_name by values: a record is at one stage, which it moves on from
	admission
}

// mapped is one entry of columns or custom_data: headers that fill a target. Those of a preset are alternatives, none of
// which has to be there.
type mapped struct {
	target  target
	headers []string
	preset  bool
}

// rule is one event that a record may yield.
type rule struct {
	name      string // event_name; "" takes the event_name column
	when      []condition
	eventTime string // header, "" for the source's
	value     string // header, "" for the source's
	preset    bool   // it falls away in a file without its headers
}

// condition holds when the cell under header is one of values, folded by foldValue.
type condition struct {
	header string
	values map[string]bool
}

// Name is the source's name.
func (m *Mapping) Name() string { return m.source.Name }

// Datasets are the Meta ids of the datasets that the events go to: one, or those among which a column chooses.
func (m *Mapping) Datasets() []string {
	if m.choice == nil {
		return []string{m.dataset}
	}
	return slices.Compact(slices.Sorted(maps.Values(m.choice.ids)))
}

// Effective is all that holds for the source, with what its preset adds and with the defaults, as JSON: what a file that it reads
// is recorded with.
func (m *Mapping) Effective() string { return m.effective }

// Matches reports whether a file of that base name belongs to the source.
func (m *Mapping) Matches(name string) bool {
	name = strings.ToLower(name)
	unpacked := unpackedName(name) // deals.csv.gz is what *deals*.csv takes
	return slices.ContainsFunc(m.source.Files, func(glob string) bool {
		glob = strings.ToLower(glob)
		ok, err := path.Match(glob, name)
		if !ok && err == nil {
			ok, err = path.Match(glob, unpacked)
		}
		if !ok && err == nil && strings.HasSuffix(glob, ".gz") {
			ok, err = path.Match(strings.TrimSuffix(glob, ".gz"), name) // what was rejected comes back unpacked
		}
		return ok && err == nil
	})
}

// Compile checks everything that can be wrong with a source before a file is seen. The error is a sentence that names
// the key.
func (s *Source) Compile(d Defaults) (*Mapping, error) {
	whole, inherited, err := s.Effective()
	if err != nil {
		return nil, fmt.Errorf("source %q: %w", s.Name, err)
	}
	s = &whole
	m := &Mapping{source: whole, inherited: inherited, hashID: s.ExternalID.Hash == nil || *s.ExternalID.Hash}
	for _, step := range []func(*Source, Defaults) error{
		m.compileFile, m.compileTimes, m.compilePeople, m.compileDataset, m.compileConstants, m.compileColumns, m.compileEvents,
		m.compileWindow, m.compileRecords, m.compileGroups, m.compileJoin,
	} {
		if err := step(s, d); err != nil {
			return nil, fmt.Errorf("source %q: %w", s.Name, err)
		}
	}
	text, err := json.Marshal(struct {
		Source
		DatasetID  string            `json:"dataset_id"`
		Zone       string            `json:"zone"`
		Length     string            `json:"window_length"`
		Margin     string            `json:"window_margin"`
		DatasetIDs map[string]string `json:"dataset_ids,omitempty"`
		Joined     []string          `json:"joined_sources,omitempty"`
		Inherited  *Inherited        `json:"from_preset,omitempty"`
	}{*s, m.dataset, m.clock.zone.String(), m.window.Length.String(), m.window.Margin.String(), m.choice.all(), m.joined, inherited})
	if err != nil {
		return nil, fmt.Errorf("source %q: write the effective mapping: %w", s.Name, err)
	}
	m.effective = string(text)
	return m, nil
}

func (m *Mapping) compileFile(s *Source, _ Defaults) error {
	if s.Name == "" {
		return fmt.Errorf("name is missing; give the source a name")
	}
	for _, glob := range s.Files {
		if _, err := path.Match(glob, "x"); err != nil || strings.ContainsAny(glob, "/\\") {
			return fmt.Errorf("files: %q is no pattern for a file name; write it like *deals*.csv", glob)
		}
	}
	if err := compileFormat(s); err != nil {
		return err
	}
	switch {
	case s.Delimiter == "":
	case s.Delimiter == "tab" || s.Delimiter == `\t`:
		m.delimiter = '\t'
	case len(s.Delimiter) == 1 && s.Delimiter[0] < 0x7f && !letterByte(s.Delimiter[0]) && !strings.Contains("\"\r\n 0123456789", s.Delimiter):
		m.delimiter = s.Delimiter[0]
	default:
		return fmt.Errorf("delimiter: %q is not a single character such as , ; | or the word tab", s.Delimiter)
	}
	if s.Encoding != "" {
		enc, err := encodingOf(s.Encoding)
		if err != nil {
			return fmt.Errorf("encoding: %q is not known; examples are utf-8, utf-16le, windows-1252, iso-8859-15, shift_jis", s.Encoding)
		}
		if name, err := htmlindex.Name(enc); err != nil || name != "utf-8" {
			m.encoding = enc
		}
	}
	return nil
}

func (m *Mapping) compileTimes(s *Source, d Defaults) error {
	m.folders = d.TimeZone
	if m.folders == nil {
		m.folders = time.UTC
	}
	m.clock = clock{zone: m.folders, dateOnly: 12 * time.Hour}
	if s.TimeZone != "" {
		zone, err := time.LoadLocation(s.TimeZone)
		if err != nil || zone == time.Local {
			return fmt.Errorf("time_zone: %q is not known; use a name such as Europe/Amsterdam", s.TimeZone)
		}
		m.clock.zone = zone
	}
	for _, f := range s.DateFormats {
		l, err := compileLayout(f)
		if err != nil {
			return fmt.Errorf("date_formats: %w", err)
		}
		if i := slices.IndexFunc(m.clock.layouts, l.contradicts); i >= 0 {
			return fmt.Errorf("date_formats: %q and %q read the same date as different days; keep the one that the files are written in", s.DateFormats[i], f)
		}
		m.clock.layouts = append(m.clock.layouts, l)
		if l.dateOnly && m.birth == "" {
			m.birth = l.text
		}
	}
	if s.DateOnlyTime != "" {
		t, err := time.Parse("15:04", s.DateOnlyTime)
		if err != nil {
			return fmt.Errorf("date_only_time: %q is no time of day; write it like \"12:00\"", s.DateOnlyTime)
		}
		m.clock.dateOnly = time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	}
	return nil
}

func (m *Mapping) compileDataset(s *Source, d Defaults) error {
	if m.People() {
		return nil
	}
	known := slices.Sorted(maps.Keys(d.Datasets))
	if s.Dataset.byColumn() {
		return m.compileChoice(s.Dataset, d, known)
	}
	if s.Dataset.Alias == "" && len(known) == 1 {
		m.dataset = d.Datasets[known[0]]
		return nil
	}
	id, ok := d.Datasets[s.Dataset.Alias]
	if ok && id == "" {
		return fmt.Errorf("dataset: %q has no id yet; write it into the configuration under datasets", s.Dataset.Alias)
	}
	if !ok {
		return fmt.Errorf("dataset: %q is not one of the datasets of the configuration (%s)", s.Dataset.Alias, strings.Join(known, ", "))
	}
	m.dataset = id
	return nil
}

func (m *Mapping) compileConstants(s *Source, _ Defaults) error {
	switch s.Decimal {
	case "":
	case ".", ",":
		m.decimal = s.Decimal[0]
	default:
		return fmt.Errorf("decimal: %q is neither . nor ,", s.Decimal)
	}
	switch {
	case s.Identity != "" && s.Identity != "content":
		return fmt.Errorf("identity: %q is not known; leave it out, or write content", s.Identity)
	case s.Identity == "content" && len(s.RecordKey) > 0:
		return fmt.Errorf("identity: content and record_key exclude each other; keep record_key when the records have an id")
	}
	if s.ActionSource != "" {
		a, err := event.ParseActionSource(s.ActionSource)
		if err != nil {
			return fmt.Errorf("action_source: %w", err)
		}
		m.action = a
	}
	if s.Currency != "" && (!currency.IsValid(s.Currency) || len(s.Currency) != 3) {
		return fmt.Errorf("currency: %q is no currency code in capitals, such as EUR", s.Currency)
	}
	if s.Country != "" {
		code, ok := normalize.CountryCode(s.Country)
		if !ok {
			return fmt.Errorf("country: %q is no country; write its two letters, such as NL", s.Country)
		}
		m.country = code
	}
	return nil
}

func (m *Mapping) compileColumns(s *Source, _ Defaults) error {
	for _, name := range slices.Sorted(maps.Keys(s.Columns)) {
		headers, fromPreset := []string(s.Columns[name]), m.inherited.column(name)
		t, ok := parseTarget(name)
		switch {
		case name == "consent":
			return fmt.Errorf("columns.consent: write `consent: %s` beside columns and not under it", strings.Join(headers, ", "))
		case !ok:
			return fmt.Errorf("columns: %q is no member of an event; use names such as email, phone, event_time, value, order_id or custom_data.my_property", name)
		case s.Columns[name] == nil || slices.Contains(headers, ""):
			return fmt.Errorf("columns.%s: the header is empty", name)
		case t.field == fieldEventTime && len(headers) == 2 && !fromPreset:
			m.targets, m.timeOfDay = append(m.targets, mapped{target: t, headers: headers[:1]}), headers[1]
			continue
		case len(headers) > t.columns() && !fromPreset:
			return fmt.Errorf("columns.%s: at most %d columns can fill it", name, t.columns())
		case slices.ContainsFunc(m.targets, func(o mapped) bool { return o.target == t }):
			return fmt.Errorf("columns.%s: %s is mapped twice", name, t)
		}
		if fromPreset {
			headers = m.inherited.alternatives(headers...)
		}
		m.targets = append(m.targets, mapped{t, headers, fromPreset})
	}
	for _, name := range slices.Sorted(maps.Keys(s.CustomData)) {
		t, ok := parseTarget("custom_data." + strings.TrimPrefix(name, "custom_data."))
		switch {
		case !ok || s.CustomData[name] == "":
			return fmt.Errorf("custom_data.%s: the name or the header is empty", name)
		case event.LooksPersonal(name):
			return fmt.Errorf("custom_data: a name of a property looks like an e-mail address or a phone number")
		case slices.ContainsFunc(m.targets, func(o mapped) bool { return o.target == t }):
			return fmt.Errorf("custom_data.%s is mapped twice", name)
		}
		headers, fromPreset := []string{s.CustomData[name]}, m.inherited.customData(name)
		if fromPreset {
			headers = m.inherited.alternatives(headers...)
		}
		m.targets = append(m.targets, mapped{t, headers, fromPreset})
	}
	if slices.Contains(s.RecordKey, "") {
		return fmt.Errorf("record_key: a header is empty")
	}
	return nil
}

func (m *Mapping) compileWindow(s *Source, d Defaults) error {
	m.window = d.Window
	if m.window == (event.Window{}) {
		m.window = event.DefaultWindow()
	}
	if s.Window != 0 {
		m.window.Length = time.Duration(s.Window)
	}
	source := m.action
	if source == "" {
		source = event.SourcePhysicalStore // a column tells; each record is held to what Meta accepts for its own
	}
	if err := m.window.Check(source); err != nil {
		return fmt.Errorf("window: %w", err)
	}
	return nil
}

// foldValue makes spellings of one stage equal: how much white space is between words, and case, do not matter.
func foldValue(s string) string {
	s = normalize.Clean(s)
	for strings.Contains(s, "  ") {
		s = strings.ReplaceAll(s, "  ", " ")
	}
	return strings.ToLower(s)
}
