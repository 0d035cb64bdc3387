package main

import (
	"fmt"
	"strings"

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
		a.line("It looks like no product's export; its columns are known by their usual names and by the look of their values.")
	}
	if s.Encoding != "" {
		a.line("It is not written in UTF-8; it is read as %s. If accents come out wrong, state another encoding.", s.Encoding)
	}
	a.line("")
	a.printColumns(p)
}

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
	writeList(a, []column[entry]{
		{name: "no", value: func(e entry) string { return fmt.Sprint(e.n) }, right: true},
		{name: "column", value: func(e entry) string { return shortened(e.c.Header, 32) }},
		{name: "form_of_its_values", value: func(e entry) string { return shortened(strings.Join(e.c.Masks, " | "), 44) }},
		{name: "filled", value: func(e entry) string { return fmt.Sprintf("%d %%", e.c.Filled*100/records) }, right: true},
		{name: "taken_for", value: func(e entry) string {
			if len(e.c.Members) == 0 {
				return "- (not used, not sent)"
			}
			return strings.Join(e.c.Members, "; ")
		}},
		{name: "because", value: func(e entry) string { return because(e.c.By) }},
	}, all)
}

// because says how sure a proposal is.
func because(by string) string {
	switch by {
	case importer.ByPreset:
		return "the preset says so (sure)"
	case importer.ByAlias:
		return "its name (likely)"
	case importer.ByValues:
		return "the look of its values (please check)"
	case importer.ByPerson:
		return "you said so"
	}
	return ""
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
