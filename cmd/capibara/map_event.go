package main

import (
	"fmt"
	"strings"

	"capibara/importer"
)

// event asks which event a record is: by a column of stages, or one for all records.
func (d *dialogue) event(p *importer.Proposal) error {
	p.Source.Events, p.Source.EventName = nil, importer.EventName{}
	columns := p.StageColumns()
	n := 0
	if len(columns) > 0 {
		var err error
		if n, err = d.choose("\nDoes a column say how far a record has come, such as a stage or a status?", columns, "no, every record is a conversion", -1); err != nil {
			return err
		}
	}
	if n == 0 {
		usual := "Lead"
		if p.HasValue() {
			usual = "Purchase"
		}
		name, err := d.valid("\nWhat is a record? Purchase, Lead, or a name of yours such as deal_closed", usual, d.eventName(p))
		p.Source.EventName = importer.EventName{Name: name}
		return err
	}
	header := columns[n-1]
	for {
		values := map[string]string{}
		d.a.line("\nWhich event is each of these? deal_closed, sql_qualified, Purchase, Lead\nor a name of yours; - for none.")
		for _, v := range p.Sight.Column(header).Values() {
			name, err := d.valid(fmt.Sprintf("  %q (%s)", printable(v.Value), counted(v.Records, "record", "records")), suggested(v.Value), func(text string) string {
				if text == "" || text == "-" {
					return ""
				}
				return d.eventName(p)(text)
			})
			if err != nil {
				return err
			}
			if name != "" && name != "-" {
				values[v.Value] = name
			}
		}
		if len(values) > 0 {
			p.Source.EventName = importer.EventName{Column: header, Values: values}
			return nil
		}
		d.a.line("  At least one of them must be an event.")
	}
}

// suggested is the event that a stage usually is; "-" for none.
func suggested(stage string) string {
	switch s := strings.ToLower(stage); {
	case strings.Contains(s, "lost"), strings.Contains(s, "not "), strings.Contains(s, "un"):
		return "-"
	case strings.Contains(s, "won"):
		return "deal_closed"
	case strings.Contains(s, "qualif"), s == "sql":
		return "sql_qualified"
	}
	return "-"
}

func (d *dialogue) eventName(p *importer.Proposal) func(string) string {
	return func(text string) string {
		if text == "" || text[0] >= '0' && text[0] <= '9' {
			return "Please type a name that begins with a letter."
		}
		return wrong(p.Try(func(s *importer.Source) { s.Events, s.EventName = nil, importer.EventName{Name: text} }))
	}
}
