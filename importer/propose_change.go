package importer

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"capibara/event"
)

// Map makes a column fill a member, which is written as under columns, or identify the record when it is record_key.
func (p *Proposal) Map(header, member string) error {
	if member == "record_key" {
		p.Source.RecordKey = append(slices.Clone(p.Source.RecordKey), header)
		p.Source.Identity = ""
		p.How[header] = ByPerson
		return nil
	}
	t, ok := parseTarget(member)
	if !ok {
		return fmt.Errorf("%q is no member of an event; write email, phone, first_name, last_name, city, zip, country, external_id, lead_id, "+
			"event_time, value, currency, order_id, record_key or custom_data.NAME", member)
	}
	name := t.plainName()
	headers := Names{header}
	if t.columns() > 1 {
		headers = append(p.filling(name), header)
		headers = headers[max(0, len(headers)-t.columns()):]
	}
	p.set(name, headers)
	p.How[header] = ByPerson
	return nil
}

// Try says what would be wrong with the source after a change; the source itself is left as it is.
func (p *Proposal) Try(change func(*Source)) error {
	tried := *p
	change(&tried.Source)
	if _, err := tried.Compile(); err != nil {
		if inner := errors.Unwrap(err); inner != nil {
			err = inner
		}
		return err
	}
	return nil
}

// Unmap takes a column out of everything that it fills. It says when rules of events need the column.
func (p *Proposal) Unmap(header string) error {
	for _, m := range p.bound.matches {
		if fold(m.Header) != fold(header) {
			continue
		}
		t, ok := parseTarget(m.Member)
		switch {
		case m.Member == "record_key":
			return fmt.Errorf("the column %q identifies the record; name another one as record_key first", header)
		case !ok:
			return fmt.Errorf("the column %q decides about events (%s); the events of the source are changed in the configuration", header, m.Member)
		}
		name := t.plainName()
		p.set(name, slices.DeleteFunc(p.filling(name), func(h string) bool { return fold(h) == fold(header) }))
	}
	delete(p.How, header)
	return nil
}

// filling are the columns that fill a member now.
func (p *Proposal) filling(member string) Names {
	headers := Names{}
	for _, m := range p.bound.matches {
		if m.Member == member && !slices.Contains(headers, m.Header) {
			headers = append(headers, m.Header)
		}
	}
	return headers
}

func (p *Proposal) set(member string, headers Names) {
	columns := maps.Clone(p.Source.Columns)
	if columns == nil {
		columns = map[string]Names{}
	}
	columns[member] = headers
	p.Source.Columns = columns
}

// Assume fills in, for a look alone, what nobody has said, and returns what it filled in as sentences. What cannot be filled
// in (a time, a person) stays as it is.
func (p *Proposal) Assume() ([]string, error) {
	var said []string
	for _, lack := range p.Lacks() {
		switch s := &p.Source; lack {
		case LackEvent:
			s.Events, s.EventName = nil, EventName{Name: "Lead"}
			if p.bound.fields[fieldValue] >= 0 {
				s.EventName.Name = "Purchase"
			}
			said = append(said, "every record is the event "+s.EventName.Name)
		case LackKey:
			if w := p.whole(); p.People() || w.GroupBy.Key != "" {
				continue // these are nothing without the key: a look says which column is missing
			}
			s.Identity = "content"
			said = append(said, "a record is told from another by everything that it holds, because no column identifies it")
		case LackAction:
			s.ActionSource = string(event.SourcePhysicalStore)
			said = append(said, "it happened in a store (action_source physical_store)")
		}
	}
	return said, p.Refresh()
}
