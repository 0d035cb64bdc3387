package importer

import "encoding/json"

// DatasetChoice says which dataset the events of a record go to: always the same one, or by the value of a column.
type DatasetChoice struct {
	Alias  string
	Column string
	Values map[string]string // value → alias
}

// UnmarshalYAML reads "main" or {column: Brand, values: {Acme: main, Zeta: other}}.
func (d *DatasetChoice) UnmarshalYAML(unmarshal func(any) error) error {
	var alias string
	if err := unmarshal(&alias); err == nil {
		*d = DatasetChoice{Alias: alias}
		return nil
	}
	var by byColumn
	if err := unmarshal(&by); err != nil {
		return err
	}
	*d = DatasetChoice{Column: by.Column, Values: by.Values}
	return nil
}

// MarshalYAML writes the form that UnmarshalYAML reads.
func (d DatasetChoice) MarshalYAML() (any, error) { return d.form(), nil }

// MarshalJSON writes the form that UnmarshalYAML reads.
func (d DatasetChoice) MarshalJSON() ([]byte, error) { return json.Marshal(d.form()) }

func (d DatasetChoice) form() any {
	if d.byColumn() {
		return byColumn{d.Column, d.Values}
	}
	return d.Alias
}

// byColumn reports whether a column was to choose.
func (d DatasetChoice) byColumn() bool { return d.Column != "" || len(d.Values) > 0 }

type byColumn struct {
	Column string            `yaml:"column" json:"column"`
	Values map[string]string `yaml:"values" json:"values"`
}

// Consent names the column that tells whether a person agreed that the conversion is sent.
type Consent struct {
	Column string `json:"column,omitempty"`
	Values Names  `json:"values,omitempty"` // that mean yes; none: the usual words for yes and no
}

// UnmarshalYAML reads "Opt-in" or {column: Opt-in, values: [yes]}.
func (c *Consent) UnmarshalYAML(unmarshal func(any) error) error {
	var column string
	if err := unmarshal(&column); err == nil {
		*c = Consent{Column: column}
		return nil
	}
	var at struct {
		Column string `yaml:"column"`
		Values Names  `yaml:"values"`
	}
	if err := unmarshal(&at); err != nil {
		return err
	}
	*c = Consent{Column: at.Column, Values: at.Values}
	return nil
}

// MarshalYAML writes the form that UnmarshalYAML reads.
func (c Consent) MarshalYAML() (any, error) {
	if len(c.Values) == 0 {
		return c.Column, nil
	}
	return map[string]any{"column": c.Column, "values": []string(c.Values)}, nil
}

// ProcessingOptions is data_processing_options with its country and state, as the Conversions API has it.
type ProcessingOptions struct {
	Options []string `yaml:"options" json:"options"` // [LDU], or [] for no restriction
	Country int      `yaml:"country" json:"country,omitempty"`
	State   int      `yaml:"state" json:"state,omitempty"`
}

// MarshalYAML writes options even when the list is empty, which says something.
func (p ProcessingOptions) MarshalYAML() (any, error) {
	all := map[string]any{"options": p.Options}
	if p.Country != 0 || p.State != 0 {
		all["country"], all["state"] = p.Country, p.State
	}
	return all, nil
}
