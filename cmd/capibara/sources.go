package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"capibara/importer"
)

// mappings makes the sources ready. Every dataset needs its id first, because an event_id may be derived from it.
func (c *config) mappings() ([]*importer.Mapping, error) {
	if len(c.Datasets) == 0 {
		return nil, c.noDatasets()
	}
	for _, alias := range c.aliases() {
		if err := c.usable(alias); err != nil {
			return nil, err
		}
	}
	return c.compile()
}

// compile finds out whether every source is in order.
func (c *config) compile() ([]*importer.Mapping, error) {
	d := importer.Defaults{Datasets: map[string]string{}, TimeZone: c.zone, Window: c.window()}
	for _, alias := range c.aliases() {
		d.Datasets[alias] = string(c.Datasets[alias].ID)
	}
	for i := range c.Sources {
		if c.Sources[i].IsPeople() {
			d.People = append(d.People, c.Sources[i].Name)
		}
	}
	var all []*importer.Mapping
	names := map[string]bool{}
	for i := range c.Sources {
		m, err := c.Sources[i].Compile(d)
		if err != nil {
			return nil, failed("", "%s: %w", c.path, err)
		}
		if names[m.Name()] {
			return nil, failed("give each a name of its own", "%s: two sources are named %q", c.path, m.Name())
		}
		names[m.Name()] = true
		all = append(all, m)
	}
	return all, nil
}

// peopleFirst puts the files that sources of kind people read before the others, which may join them.
func (c *config) peopleFirst(files []string, source string) []string {
	all, err := c.compile()
	if err != nil || source != "" {
		return files // whoever imports them says what is wrong
	}
	var people, others []string
	for _, file := range files {
		i := slices.IndexFunc(all, func(m *importer.Mapping) bool { return m.Matches(filepath.Base(file)) })
		if i >= 0 && all[i].People() {
			people = append(people, file)
		} else {
			others = append(others, file)
		}
	}
	return append(people, others...)
}

// noSource tells somebody whose file nobody takes which names would be taken.
func (c *config) noSource(name string) error {
	if len(c.Sources) == 0 {
		return failed("add one to "+cmp.Or(c.path, configName)+"; `capibara init` writes a configuration with examples",
			"no source is configured, so nothing says what the columns of %s mean", name)
	}
	var b strings.Builder
	for _, s := range c.Sources {
		fmt.Fprintf(&b, "\n  %-16s %s", s.Name, strings.Join(s.Files, "  "))
	}
	return failed("rename the file, add its name to a source's files, or say which source reads it with --source NAME",
		"no source takes a file named %s; the sources and the names they take are%s", name, b.String())
}

func (c *config) sourceNames() string {
	var names []string
	for _, s := range c.Sources {
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return "none yet: add one to the configuration"
	}
	return strings.Join(names, ", ")
}
