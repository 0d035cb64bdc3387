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
	return c.compileWith(d)
}

func (c *config) compileWith(d importer.Defaults) ([]*importer.Mapping, error) {
	d.People = c.people()
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

// people are the names of the sources of kind people.
func (c *config) people() []string {
	var names []string
	for i := range c.Sources {
		if c.Sources[i].IsPeople() {
			names = append(names, c.Sources[i].Name)
		}
	}
	return names
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

// noSource tells somebody whose file nobody takes what it looks like, which names would be taken, and what to do.
func (c *config) noSource(file string, r reader) error {
	name := filepath.Base(file)
	looks := ""
	switch {
	case r.like != "":
		looks = fmt.Sprintf("; its columns are those of source %s", r.like)
	case r.preset != "" && r.preset != "generic":
		looks = fmt.Sprintf("; it looks like an export that preset %s reads", r.preset)
	}
	if all, err := c.compileForLook(); err == nil && r.like == "" {
		if pattern, m := importer.NearestPattern(all, name); m != nil {
			looks += fmt.Sprintf("; its name comes nearest to %s of source %s", pattern, m.Name())
		}
	}
	if len(c.Sources) == 0 {
		return failed(fmt.Sprintf("`capibara map %s` asks what each column means and writes a source into %s", quotedArg(file), cmp.Or(c.path, configName)),
			"no source is configured, so that nothing of %s was stored%s", name, looks)
	}
	hint := fmt.Sprintf("say which source reads it with --source NAME, or let `capibara map %s` write one for it", quotedArg(file))
	if r.like != "" {
		hint = fmt.Sprintf("`capibara import %s --source %s` reads it (--source NAME), or rename it; `capibara map %s` writes a source of its own for it",
			quotedArg(file), r.like, quotedArg(file))
	}
	var b strings.Builder
	for _, s := range c.Sources {
		fmt.Fprintf(&b, "\n  %-16s %s", s.Name, strings.Join(s.Files, "  "))
	}
	return failed(hint, "no source takes a file named %s, so that nothing of it was stored%s; the sources and the names they take are%s", name, looks, b.String())
}

// quotedArg is an argument as it is typed in a shell.
func quotedArg(s string) string {
	switch {
	case strings.ContainsAny(s, "'\"$`\\!*?"):
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	case strings.ContainsAny(s, " ()&;"):
		return `"` + s + `"`
	}
	return s
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

// columnOf tells which column of a source a member of its events is read from. Sources that are not in order tell nothing.
func (c *config) columnOf() func(source, member string) string {
	all, err := c.compile()
	if err != nil {
		return nil
	}
	return func(source, member string) string {
		for _, m := range all {
			if m.Name() == source {
				return m.ColumnOf(member)
			}
		}
		return ""
	}
}
