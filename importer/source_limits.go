package importer

import "encoding/json"

// Limits bound what a source may bring without somebody looking at it first. What is beyond them is taken and kept from being
// sent until a person allows it. The zero value of a member bounds nothing.
type Limits struct {
	Value  ValueLimit `yaml:"value" json:"value,omitzero"`    // what one event may be worth
	Events float64    `yaml:"events" json:"events,omitempty"` // how many times the usual number of new events a file may bring
	Sum    float64    `yaml:"sum" json:"sum,omitempty"`       // how many times the usual sum they may be worth, by currency
}

// ValueLimit is what one event may be worth, a plain decimal.
type ValueLimit struct {
	Amount     string            // in the currency that the source states
	Currencies map[string]string // code → amount, for a source whose currency a column tells; what is in another one has no limit
}

// UnmarshalYAML reads "50000" or {EUR: "50000", USD: "55000"}.
func (l *ValueLimit) UnmarshalYAML(unmarshal func(any) error) error {
	var amount string
	if err := unmarshal(&amount); err == nil {
		*l = ValueLimit{Amount: amount}
		return nil
	}
	var by map[string]string
	if err := unmarshal(&by); err != nil {
		return err
	}
	*l = ValueLimit{Currencies: by}
	return nil
}

// MarshalYAML writes the form that UnmarshalYAML reads.
func (l ValueLimit) MarshalYAML() (any, error) { return l.form(), nil }

// MarshalJSON writes the form that UnmarshalYAML reads.
func (l ValueLimit) MarshalJSON() ([]byte, error) { return json.Marshal(l.form()) }

// IsZero reports whether nothing is bounded.
func (l ValueLimit) IsZero() bool { return l.Amount == "" && len(l.Currencies) == 0 }

func (l ValueLimit) form() any {
	if len(l.Currencies) > 0 {
		return l.Currencies
	}
	return l.Amount
}
