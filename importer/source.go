package importer

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Source is a configured kind of file: which files it is, how they are written, and what their columns mean.
type Source struct {
	Name  string   `yaml:"name" json:"name"`
	Files []string `yaml:"files" json:"files,omitempty"` // globs on the base name, without case

	// Kind is "" for records that are conversions, and people for contacts or leads: of those the hashed identifiers are
	// kept under the source's name and the record_key, for sources that join them. They yield no events, and so need no
	// dataset, event_name, event_time or action_source. A source that is given another name has to read its export again.
	Kind string `yaml:"kind" json:"kind,omitempty"`

	Preset string `yaml:"preset" json:"preset,omitempty"` // what the export of a product looks like; the keys below win

	Format       string   `yaml:"format" json:"format,omitempty"`                 // csv, xlsx, json or jsonl; "" finds out. Which of csv and xlsx it is the file itself says
	Sheet        string   `yaml:"sheet" json:"sheet,omitempty"`                   // of a workbook; "" is the first that is not hidden
	Delimiter    string   `yaml:"delimiter" json:"delimiter,omitempty"`           // one character or "tab"; "" finds out
	Encoding     string   `yaml:"encoding" json:"encoding,omitempty"`             // such as windows-1252; "" is UTF-8, or UTF-16 by its mark
	Records      string   `yaml:"records" json:"records,omitempty"`               // dotted path to the list of records in a JSON object
	TimeZone     string   `yaml:"time_zone" json:"time_zone,omitempty"`           // IANA name for times without an offset
	DateFormats  []string `yaml:"date_formats" json:"date_formats,omitempty"`     // written YYYY MM DD HH mm ss, as in DD/MM/YYYY; excel is a spreadsheet's number of a date
	DateOnlyTime string   `yaml:"date_only_time" json:"date_only_time,omitempty"` // HH:MM for a date without a time; "" is 12:00
	Decimal      string   `yaml:"decimal" json:"decimal,omitempty"`               // . or , ; "" accepts only what cannot be misread

	Dataset         DatasetChoice `yaml:"dataset" json:"dataset"`                               // alias of a dataset, or the column that chooses among several
	RecordKey       []string      `yaml:"record_key" json:"record_key,omitempty"`               // headers that together identify a record
	GroupBy         GroupBy       `yaml:"group_by" json:"group_by,omitzero"`                    // record_key: lines with one record_key are one record
	Join            Join          `yaml:"join" json:"join,omitzero"`                            // header of the ids of people that a source of kind people reads
	Identity        string        `yaml:"identity" json:"identity,omitempty"`                   // "" or content; then a mended or better read identifier makes another record
	ActionSource    string        `yaml:"action_source" json:"action_source,omitempty"`         // one for all records
	LeadEventSource string        `yaml:"lead_event_source" json:"lead_event_source,omitempty"` // name of the CRM; sets event_source crm
	Currency        string        `yaml:"currency" json:"currency,omitempty"`                   // ISO 4217, one for all records
	Country         string        `yaml:"country" json:"country,omitempty"`                     // ISO 3166-1 alpha-2, for phones and postal codes without one

	Columns    map[string]Names  `yaml:"columns" json:"columns,omitempty"`         // Meta's or plain name → header, or up to three; event_time may be [Date, Time]; [] for no column, whatever its header
	EventName  EventName         `yaml:"event_name" json:"event_name,omitzero"`    // short form of Events
	Events     []EventRule       `yaml:"events" json:"events,omitempty"`           // the events that a record may yield
	CustomData map[string]string `yaml:"custom_data" json:"custom_data,omitempty"` // property → header
	Window     Duration          `yaml:"window" json:"window,omitempty"`           // 0 takes the default
	ExternalID ExternalID        `yaml:"external_id" json:"external_id,omitzero"`

	Keep       map[string]Names   `yaml:"keep" json:"keep,omitempty"`                                       // header → values; records with another one are skipped
	Ignore     map[string]Names   `yaml:"ignore" json:"ignore,omitempty"`                                   // header → values; records with one of them are skipped
	HoldBack   Duration           `yaml:"hold_back" json:"hold_back,omitempty"`                             // not sent before event_time + HoldBack; see notBefore
	Consent    *Consent           `yaml:"consent" json:"consent,omitempty"`                                 // records without it are skipped
	OptOut     bool               `yaml:"opt_out" json:"opt_out,omitempty"`                                 // for records whose own column does not tell
	Processing *ProcessingOptions `yaml:"data_processing_options" json:"data_processing_options,omitempty"` // likewise
	Unmapped   []string           `yaml:"unmapped" json:"unmapped,omitempty"`                               // headers sent as custom_data under a name that follows from them
	OnConflict string             `yaml:"on_conflict" json:"on_conflict,omitempty"`                         // "" and report keep what came first; update replaces it while it is pending

	OnNoLongerQualified string           `yaml:"on_no_longer_qualified" json:"on_no_longer_qualified,omitempty"` // "" and keep, or withdraw: an event that waits and that its record yields no longer is taken back
	Refunds             map[string]Names `yaml:"refunds" json:"refunds,omitempty"`                               // header → values; a record with one of them is a refund, whatever the sign of its amount
	RefundOf            []string         `yaml:"refund_of" json:"refund_of,omitempty"`                           // headers of a refund's columns that hold the record_key of what is refunded, in its order; none: the record's own
	RefundAmount        string           `yaml:"refund_amount" json:"refund_amount,omitempty"`                   // header of what a refund of refunds gave back; "": a negative amount, else all of it

	Limits Limits `yaml:"limits" json:"limits,omitzero"` // what is beyond them is not sent before a person allows it
}

// ExternalID says how external_id is sent.
type ExternalID struct {
	Hash *bool `yaml:"hash" json:"hash,omitempty"` // nil is true
}

// EventRule is one event that a record may yield.
type EventRule struct {
	Name      string           `yaml:"name" json:"name"`                       // event_name
	When      map[string]Names `yaml:"when" json:"when,omitempty"`             // header → values, all of which must hold; none always holds
	EventTime string           `yaml:"event_time" json:"event_time,omitempty"` // header; "" takes the source's event_time
	Value     string           `yaml:"value" json:"value,omitempty"`           // header; "" takes the source's value
}

// EventName names the event of a record: either one name for all of them, or by the value of a column.
type EventName struct {
	Name   string            `json:"name,omitempty"`
	Column string            `json:"column,omitempty"`
	Values map[string]string `json:"values,omitempty"` // value → event_name; empty: the value is the name
}

// UnmarshalYAML reads "deal_closed" or {column: Stage, values: {"Closed Won": deal_closed}}.
func (n *EventName) UnmarshalYAML(unmarshal func(any) error) error {
	var name string
	if err := unmarshal(&name); err == nil {
		*n = EventName{Name: name}
		return nil
	}
	var by struct {
		Column string            `yaml:"column"`
		Values map[string]string `yaml:"values"`
	}
	if err := unmarshal(&by); err != nil {
		return err
	}
	*n = EventName{Column: by.Column, Values: by.Values}
	return nil
}

// MarshalYAML writes the form that UnmarshalYAML reads.
func (n EventName) MarshalYAML() (any, error) {
	if n.Column == "" {
		return n.Name, nil
	}
	return map[string]any{"column": n.Column, "values": n.Values}, nil
}

// Names is one name or a list of them.
type Names []string

// UnmarshalYAML reads a string or a list of strings.
func (n *Names) UnmarshalYAML(unmarshal func(any) error) error {
	var one string
	if err := unmarshal(&one); err == nil {
		*n = Names{one}
		return nil
	}
	var list []string
	if err := unmarshal(&list); err != nil {
		return err
	}
	*n = list
	return nil
}

// Duration is a length of time that is written with the units y d h m s, as in 7d or 1d12h.
type Duration time.Duration

// UnmarshalYAML reads a length of time.
func (d *Duration) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if err := unmarshal(&text); err != nil {
		return err
	}
	v, err := ParseDuration(text)
	if err != nil {
		return err
	}
	*d = Duration(v)
	return nil
}

// MarshalYAML writes the form that UnmarshalYAML reads.
func (d Duration) MarshalYAML() (any, error) { return d.String(), nil }

// String writes whole years of 365 days, days, hours, minutes and seconds, as in 1d12h.
func (d Duration) String() string {
	if d == 0 {
		return "0s"
	}
	var b strings.Builder
	rest := time.Duration(d)
	for _, u := range durationUnits() {
		if n := rest / u.length; n > 0 {
			b.WriteString(strconv.FormatInt(int64(n), 10))
			b.WriteByte(u.letter)
			rest -= n * u.length
		}
	}
	return b.String()
}

type durationUnit struct {
	letter byte
	length time.Duration
}

// durationUnits are the units from the longest on. A year is one of 365 days.
func durationUnits() [5]durationUnit {
	return [5]durationUnit{{'y', 365 * 24 * time.Hour}, {'d', 24 * time.Hour}, {'h', time.Hour}, {'m', time.Minute}, {'s', time.Second}}
}

// ParseDuration reads a length of time such as 7d, 36h or 1d12h30m.
func ParseDuration(s string) (time.Duration, error) {
	var total time.Duration
	rest := strings.TrimSpace(s)
	for _, u := range durationUnits() {
		number, after, found := strings.Cut(rest, string(u.letter))
		if !found {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 20)
		if err != nil || time.Duration(n) > (math.MaxInt64-total)/u.length {
			return 0, durationError(s)
		}
		total += time.Duration(n) * u.length
		rest = after
	}
	if rest != "" || strings.TrimSpace(s) == "" {
		return 0, durationError(s)
	}
	return total, nil
}

func durationError(s string) error {
	return fmt.Errorf("%q is no length of time; write it with the units y d h m s, as in 7d or 36h", s)
}
