package main

import (
	"cmp"
	"fmt"
	"strings"

	"capibara/audit"
	"capibara/importer"
)

// printSight shows the columns of a file, the form of their values, and what each is taken for.
func (a *app) printSight(s *importer.Sight, p *importer.Proposal) {
	a.line("%s: %s, %s looked at.", printable(s.Name), counted(len(s.Columns), "column", "columns"), counted(s.Records, "record", "records"))
	switch {
	case p.Source.Preset != "" && s.Preset != nil && s.Preset.Name == p.Source.Preset:
		a.line("It looks like preset %s: %s.", p.Source.Preset, s.Preset.Title)
	case p.Source.Preset != "":
		a.line("It is read with preset %s.", p.Source.Preset)
	default:
		a.line("It looks like the export of no product that is known.")
	}
	if s.Encoding != "" {
		a.line("It is not UTF-8 and is read as %s; state another encoding if accents come out wrong.", s.Encoding)
	}
	a.line("")
	a.printColumns(p)
}

// printColumns is a table that fits a narrow terminal too: a person types the numbers that stand in it.
func (a *app) printColumns(p *importer.Proposal) {
	type entry struct {
		n int
		c importer.ColumnProposal
	}
	var all []entry
	for i, c := range p.Columns() {
		all = append(all, entry{i + 1, c})
	}
	records := max(p.Sight.Records, 1)
	header, form, use, masks := 32, 44, 44, 3
	if w := width(a.terminal()); w > 0 && w < 150 {
		// The number, how many are filled and why take what is left.
		room := max(w-22, 40)
		header, form, use, masks = room*3/10, room*3/10, room*4/10, 1
	}
	writeTable(a, []audit.Column[entry]{
		{Name: "no", Value: func(e entry) string { return fmt.Sprint(e.n) }, Right: true},
		{Name: "column", Value: func(e entry) string { return shortened(e.c.Header, header) }},
		{Name: "form", Value: func(e entry) string {
			return shortened(strings.Join(e.c.Masks[:min(masks, len(e.c.Masks))], " | "), form)
		}},
		{Name: "filled", Value: func(e entry) string { return fmt.Sprintf("%d%%", e.c.Filled*100/records) }, Right: true},
		{Name: "taken_for", Value: func(e entry) string { return shortened(cmp.Or(strings.Join(e.c.Members, "; "), "-"), use) }},
		{Name: "by", Value: func(e entry) string { return by(e.c.By) }},
	}, all)
	a.line("\n- is not used and not sent. Please check what was taken by its look. The form of")
	a.line("a value has a for letters and 9 for digits; values themselves are not shown.")
}

// by says in a word why a column is taken for what it is.
func by(by string) string {
	switch by {
	case importer.ByAlias:
		return "name"
	case importer.ByValues:
		return "look"
	case importer.ByPerson:
		return "you"
	}
	return by
}

func shortened(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}

// printSource prints the source as it stands in a configuration.
func (a *app) printSource(p *importer.Proposal) {
	text, err := sourceYAML(&p.Source)
	if err != nil {
		return // it was written from values that can all be written
	}
	a.line("\nsources:\n%s", strings.TrimRight(indented(text, 2), "\n"))
}
