package importer

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"capibara/event"
)

// admission is what a source says about which of its records become events, and about those as a whole.
type admission struct {
	keep, ignore []screen
	consent      *condition            // nil when consent is not asked for; without values the usual words count
	choice       *choice               // nil when all events go to one dataset
	holdBack     time.Duration         // 0 for at once
	processing   *event.DataProcessing // of records that do not state their own; shared, never changed
	replace      bool                  // a record that changed replaces its event while that is pending
	refunds      []screen              // what makes a record a refund
	limits       bounds                // what is beyond them waits for a person
	// refundHeaders are those of refund_of and refund_amount.
	refundHeaders []string
	withdraw      bool // what a record yields no longer, or gives the money back for, is taken back
}

// screen tells records apart by the value of a column.
type screen struct {
	condition
	// optional passes the rule over in a file that lacks the column. A rule that the source itself states never is: a
	// column that was renamed would let everything through.
	optional bool
	others   []string // what else the preset calls the column
}

// choice is the column that says which dataset a record belongs to.
type choice struct {
	header string
	ids    map[string]string // value, folded by foldValue → Meta's dataset id
}

// all are the ids by value, nil without a choice.
func (c *choice) all() map[string]string {
	if c == nil {
		return nil
	}
	return c.ids
}

// headers are the columns by which a record is admitted.
func (a *admission) headers() []string {
	var all []string
	for _, s := range slices.Concat(a.keep, a.ignore, a.refunds) {
		all = append(append(all, s.header), s.others...)
	}
	if a.consent != nil {
		all = append(all, a.consent.header)
	}
	if a.choice != nil {
		all = append(all, a.choice.header)
	}
	return append(all, a.refundHeaders...)
}

// compileRecords checks the rules that hold for a record as a whole.
func (m *Mapping) compileRecords(s *Source, _ Defaults) error {
	for _, step := range []func(*Source) error{m.compileScreens, m.compileConsent, m.compileHoldBack, m.compileProcessing, m.compileUnmapped, m.compileRetractions, m.compileLimits} {
		if err := step(s); err != nil {
			return err
		}
	}
	switch s.OnConflict {
	case "", "report":
	case "update":
		if s.Identity == "content" {
			return fmt.Errorf("on_conflict: update needs records that keep their id when they change, and with identity: content they do not; name a record_key")
		}
		m.replace = true
	default:
		return fmt.Errorf("on_conflict: %q is neither report nor update", s.OnConflict)
	}
	return nil
}

func (m *Mapping) compileScreens(s *Source) (err error) {
	if m.keep, err = screens("keep", s.Keep); err != nil {
		return err
	}
	if m.ignore, err = screens("ignore", s.Ignore); err != nil {
		return err
	}
	m.inherited.soften(m.keep, func(s *Source) map[string]Names { return s.Keep })
	if m.refunds, err = screens("refunds", s.Refunds); err != nil {
		return err
	}
	m.inherited.soften(m.ignore, func(s *Source) map[string]Names { return s.Ignore })
	m.inherited.soften(m.refunds, func(s *Source) map[string]Names { return s.Refunds })
	for _, i := range m.ignore {
		for _, k := range m.keep {
			for _, v := range slices.Sorted(maps.Keys(i.values)) {
				if fold(i.header) == fold(k.header) && k.values[v] {
					return fmt.Errorf("ignore: the value %q of %s stands under keep too; leave it out of one of them", v, i.header)
				}
			}
		}
	}
	return nil
}

func screens(key string, rules map[string]Names) ([]screen, error) {
	var all []screen
	for _, header := range slices.Sorted(maps.Keys(rules)) {
		if strings.TrimSpace(header) == "" {
			return nil, fmt.Errorf("%s: a header is empty; write it like %s: {Status: [paid]}", key, key)
		}
		if slices.ContainsFunc(all, func(o screen) bool { return fold(o.header) == fold(header) }) {
			return nil, fmt.Errorf("%s: %s is there twice in two spellings; put all its values into one list", key, header)
		}
		c := newCondition(header, rules[header])
		if len(c.values) == 0 {
			return nil, fmt.Errorf("%s: %s has no values; list those that count, and write \"\" for a blank cell", key, header)
		}
		all = append(all, screen{condition: c})
	}
	return all, nil
}

func newCondition(header string, values Names) condition {
	c := condition{header: header, values: map[string]bool{}}
	for _, v := range values {
		c.values[foldValue(v)] = true
	}
	return c
}

func (m *Mapping) compileConsent(s *Source) error {
	if s.Consent == nil {
		return nil
	}
	column, values := s.Consent.Column, s.Consent.Values
	if strings.TrimSpace(column) == "" {
		return fmt.Errorf("consent: column is missing; write it like consent: {column: Opt-in, values: [yes]}")
	}
	c := newCondition(column, values)
	if c.values[""] {
		return fmt.Errorf("consent: a blank cell is no consent; take the empty text out of values")
	}
	m.consent = &c
	return nil
}

// lastCall is how long before its deadline an event is held back no longer, so that a nightly upload still takes it.
const lastCall = 24 * time.Hour

func (m *Mapping) compileHoldBack(s *Source) error {
	m.holdBack = time.Duration(s.HoldBack)
	most := m.window.Length - m.window.Margin - lastCall
	switch {
	case m.holdBack <= max(most, 0):
		return nil
	case most <= 0:
		return fmt.Errorf("hold_back: the window of %s leaves no time to hold anything back; leave hold_back out", Duration(m.window.Length))
	}
	return fmt.Errorf("hold_back: %s leaves less than a day to send an event within its window of %s; write at most %s",
		s.HoldBack, Duration(m.window.Length), Duration(most))
}

func (m *Mapping) compileProcessing(s *Source) error {
	p := s.Processing
	if p == nil {
		return nil
	}
	const form = "data_processing_options: write {options: [LDU], country: 1, state: 1000}, or {options: []} for no restriction"
	limited := len(p.Options) == 1 && strings.EqualFold(p.Options[0], "LDU")
	switch {
	case p.Options == nil, len(p.Options) > 0 && !limited:
		return fmt.Errorf("%s; LDU is the only option that Meta knows", form)
	case !limited && (p.Country != 0 || p.State != 0):
		return fmt.Errorf("%s; country and state belong to LDU", form)
	case p.Country == 0 && p.State == 0:
	case p.Country != 1 || p.State < 1000 || p.State > 1013:
		return fmt.Errorf("%s; country and state go together: 1 with a state from 1000 to 1013, or leave both out", form)
	}
	m.processing = &event.DataProcessing{LDU: limited, Country: p.Country, State: p.State}
	return nil
}

func (m *Mapping) compileChoice(c DatasetChoice, d Defaults, known []string) error {
	if strings.TrimSpace(c.Column) == "" || len(c.Values) == 0 {
		return fmt.Errorf("dataset: column or values is missing; write it like dataset: {column: Brand, values: {Acme: main}}")
	}
	m.choice = &choice{header: c.Column, ids: map[string]string{}}
	for _, value := range slices.Sorted(maps.Keys(c.Values)) {
		id, v := d.Datasets[c.Values[value]], foldValue(value)
		if id == "" {
			return fmt.Errorf("dataset: the value %q goes to %q, which is not one of the datasets of the configuration (%s)",
				value, c.Values[value], strings.Join(known, ", "))
		}
		if other, twice := m.choice.ids[v]; twice && other != id {
			return fmt.Errorf("dataset: the value %q is there twice in two spellings and goes to two datasets; keep one", value)
		}
		m.choice.ids[v] = id
	}
	return nil
}
