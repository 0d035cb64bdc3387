package main

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"capibara/event"
	"capibara/importer"
)

// columns lets a person change what the columns are taken for.
func (d *dialogue) columns(p *importer.Proposal) error {
	d.a.line("\nPress Enter when that is right, or type the number of a column to change it.")
	for {
		text, err := d.line("Column to change", "none")
		if err != nil {
			return err
		}
		if text == "none" {
			return nil
		}
		all := p.Columns()
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > len(all) {
			d.a.line("  Please type a number from 1 to %d, or press Enter.", len(all))
			continue
		}
		if err := d.column(p, all[n-1].Header); err != nil {
			return err
		}
		d.a.printColumns(p)
	}
}

// column asks what one column is.
func (d *dialogue) column(p *importer.Proposal, header string) error {
	d.a.line("What is %q? Type one of", printable(header))
	d.a.line("  email phone first_name last_name city zip state country date_of_birth")
	d.a.line("  external_id lead_id event_time value currency order_id record_key")
	d.a.line("  custom_data.NAME, to send it under a name of yours, or - for nothing.")
	_, err := d.valid("It is (Enter leaves it as it is)", "", func(text string) string {
		if text == "" {
			return ""
		}
		before := p.Source
		err := p.Unmap(header)
		if text != "-" {
			if p.Refresh() == nil {
				err = p.Map(header, strings.ToLower(text))
			}
		}
		if err == nil {
			err = p.Settle()
		}
		if err != nil {
			p.Source = before
			return wrong(errors.Join(err, p.Refresh()))
		}
		return ""
	})
	return err
}

// open asks what the file does not tell.
func (d *dialogue) open(c *config, p *importer.Proposal) error {
	if aliases := c.aliases(); len(aliases) > 1 && !p.People() {
		n, err := d.choose("\nWhich dataset do these conversions go to?", aliases, "", 1)
		if err != nil {
			return err
		}
		p.Source.Dataset.Alias = aliases[n-1]
	}
	for _, l := range p.LeftOut() {
		d.a.line("\nThe event %s is left out: the file has no column %q.", l.EventName, l.Column)
	}
	if !p.HasValue() && p.Source.Preset == "" && len(p.AmountColumns()) > 0 {
		if err := d.value(p); err != nil {
			return err
		}
	}
	for asked := map[importer.Lack]bool{}; ; {
		lacks := p.Lacks()
		next := slices.IndexFunc(lacks, func(l importer.Lack) bool { return !asked[l] })
		if next < 0 {
			return nil
		}
		asked[lacks[next]] = true
		if err := d.lack(p, lacks[next]); err != nil {
			return err
		}
		if err := p.Settle(); err != nil {
			return err
		}
	}
}

// lack asks for one thing.
func (d *dialogue) lack(p *importer.Proposal, l importer.Lack) error {
	switch l {
	case importer.LackEvent:
		return d.event(p)
	case importer.LackTime:
		columns := p.TimeColumns()
		if len(columns) == 0 {
			return failed("add a column with the date of the sale, or of the stage, to the export", "no column of the file holds dates, so that nobody can tell when a conversion happened")
		}
		n, err := d.choose("\nWhich column says when the conversion happened, and not when it was entered?", columns, "", 0)
		if err != nil {
			return err
		}
		return p.Map(columns[n-1], "event_time")
	case importer.LackKey:
		return d.key(p)
	case importer.LackAction:
		return d.action(p)
	case importer.LackPerson:
		return failed(p.Person(), "no column of the file tells who the customer is, so that Meta could match nobody")
	case importer.LackCurrency:
		text, err := d.valid("\nIn which currency are the amounts? Three letters, such as EUR", "", func(text string) string {
			return wrong(p.Try(func(s *importer.Source) { s.Currency = strings.ToUpper(text) }))
		})
		p.Source.Currency = strings.ToUpper(text)
		return err
	case importer.LackDecimal:
		n, err := d.choose("\nHow are the amounts written? The file does not prove it.", []string{"1,234.56 (a point before the cents)", "1.234,56 (a comma before the cents)"}, "", 0)
		p.Source.Decimal = []string{"", ".", ","}[n]
		return err
	case importer.LackDateOrder:
		n, err := d.choose("\nHow are the dates written? The file does not prove it.", []string{"day first: 31/12/2026", "month first: 12/31/2026"}, "", 0)
		if err == nil {
			p.StateOrder(n == 1)
		}
		return err
	case importer.LackCountry:
		text, err := d.valid("\nCountry of telephone numbers without country code, such as NL (Enter for none)", "", func(text string) string {
			return wrong(p.Try(func(s *importer.Source) { s.Country = strings.ToUpper(text) }))
		})
		p.Source.Country = strings.ToUpper(text)
		return err
	}
	return nil
}

// key asks what identifies a record.
func (d *dialogue) key(p *importer.Proposal) error {
	columns := p.KeyColumns()
	if len(columns) > 0 {
		d.a.line("\nWhich column identifies a record, as the number of a deal or a receipt does?")
		for i, c := range columns {
			d.a.line("  %2d  %s", i+1, printable(c))
		}
		d.a.line("   0  none of them")
		var chosen []string
		_, err := d.valid("Number, or several with commas, such as 1,3 for store and receipt", "", func(text string) string {
			chosen = nil
			for part := range strings.SplitSeq(text, ",") {
				n, err := strconv.Atoi(strings.TrimSpace(part))
				if err != nil || n < 0 || n > len(columns) {
					return fmt.Sprintf("Please type numbers from 0 to %d.", len(columns))
				}
				if n > 0 {
					chosen = append(chosen, columns[n-1])
				}
			}
			return ""
		})
		if err != nil {
			return err
		}
		if len(chosen) > 0 {
			p.Source.RecordKey = chosen
			return nil
		}
	}
	d.a.line("\nWithout an id a record is known by all that it holds: once something in it is\ncorrected, it counts as another conversion.")
	ok, err := d.yes("Go on like that? Better add the id to the export")
	if err != nil {
		return err
	}
	if !ok {
		return failed("add the column that identifies a record to the export, and run the command again", "%w", errUnanswered)
	}
	p.Source.Identity = "content"
	return nil
}

// action asks where the conversions took place.
func (d *dialogue) action(p *importer.Proposal) error {
	sources := []event.ActionSource{event.SourcePhysicalStore, event.SourceSystemGenerated, event.SourcePhoneCall, event.SourceEmail, event.SourceChat, event.SourceOther}
	n, err := d.choose("\nWhere did these conversions take place?", []string{"in a store, at a till", "in a CRM: stages of leads and deals", "on the telephone", "by e-mail", "in a chat", "somewhere else"}, "", 0)
	if err != nil {
		return err
	}
	p.Source.ActionSource = string(sources[n-1])
	if sources[n-1] == event.SourceSystemGenerated && p.Source.LeadEventSource == "" {
		p.Source.LeadEventSource, err = d.valid("\nWhat is the CRM called? Meta needs its name to recognise a stage", "CRM", func(string) string { return "" })
	}
	return err
}

// value asks which column is the amount.
func (d *dialogue) value(p *importer.Proposal) error {
	columns := p.AmountColumns()
	n, err := d.choose("\nWhich column is the amount? Not one that was converted, expected or weighted.", columns, "none of them", -1)
	if err != nil || n == 0 {
		return err
	}
	if err := p.Map(columns[n-1], "value"); err != nil {
		return err
	}
	return p.Settle()
}

// names asks for the name of the source and for the files that it takes.
func (d *dialogue) names(c *config, p *importer.Proposal) error {
	name, err := d.valid("\nName of the source", p.Source.Name, func(text string) string {
		if c.hasSource(text) {
			return fmt.Sprintf("There is a source named %q already.", text)
		}
		return ""
	})
	if err != nil {
		return err
	}
	p.Source.Name = name
	patterns, err := d.valid("Names of such files, with * for what changes from file to file", strings.Join(p.Source.Files, ", "), func(text string) string {
		all := listed(text)
		for _, pattern := range all {
			if _, err := path.Match(pattern, "x"); err != nil || strings.ContainsAny(pattern, `/\`) {
				return "Please write them like *deals*.csv, *deals*.xlsx."
			}
		}
		if !slices.ContainsFunc(all, p.Takes) {
			return fmt.Sprintf("That does not fit %s itself.", printable(p.Sight.Name))
		}
		return ""
	})
	p.Source.Files = listed(patterns)
	return err
}

// listed takes an answer with commas apart.
func listed(text string) importer.Names {
	var all importer.Names
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// openPoints says in sentences what is still open.
func openPoints(c *config, p *importer.Proposal) []string {
	var open []string
	if aliases := c.aliases(); p.Source.Dataset.Alias == "" && !p.People() {
		open = append(open, "dataset: which of "+strings.Join(aliases, ", "))
	}
	for _, l := range p.Lacks() {
		switch l {
		case importer.LackEvent:
			open = append(open, "event_name or events: which event a record is, such as Purchase")
		case importer.LackTime:
			open = append(open, "columns.event_time: which column says when it happened")
		case importer.LackKey:
			open = append(open, "record_key: which column identifies a record")
		case importer.LackAction:
			open = append(open, "action_source: where it happened, such as physical_store or system_generated")
		case importer.LackPerson:
			open = append(open, "columns: who the customer is. "+p.Person())
		case importer.LackCurrency:
			open = append(open, "currency: of the amounts, such as EUR")
		case importer.LackDecimal:
			open = append(open, "decimal: whether 1.234 is a thousand")
		case importer.LackDateOrder:
			open = append(open, "date_formats: whether the day or the month comes first")
		}
	}
	return open
}
