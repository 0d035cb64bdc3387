package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"capibara/event"
	"capibara/importer"
)

// reader is how a file is looked at that need not fit the configuration.
type reader struct {
	path     string
	mapping  *importer.Mapping
	source   string   // of the configuration; "" when the file fits none
	preset   string   // in place of a source
	like     string   // source whose columns the file has, although it does not fit its name
	assumed  []string // what nothing says, and what was assumed for the look alone
	sentence string   // what the file fits, for people

	erased *event.Suppression // whom an import would keep out; nil for nobody
}

// reader chooses how to read a file: with the source that is named or that its name fits, else with the preset that is named
// or that it looks like. No dataset need have its id, and no configuration need be there.
func (a *app) reader(ctx context.Context, c *config, path, source, preset string) (reader, error) {
	r := reader{path: path}
	if f, err := c.readErased(); err != nil {
		return r, err
	} else if f != nil {
		r.erased = f.suppression()
	}
	all, err := c.compileForLook()
	if err != nil {
		return r, err
	}
	name := filepath.Base(path)
	for _, m := range all {
		if preset == "" && (m.Name() == source || source == "" && m.Matches(name)) {
			r.mapping, r.source = m, m.Name()
			r.sentence = fmt.Sprintf("read with source %s", m.Name())
			return r, nil
		}
	}
	if source != "" {
		return r, misused("the sources are "+c.sourceNames(), "no source is named %q", source)
	}
	return a.presetReader(ctx, c, r, preset)
}

// presetReader reads the file with a preset and with what the look of its values proves.
func (a *app) presetReader(ctx context.Context, c *config, r reader, preset string) (reader, error) {
	sight, err := importer.Look(ctx, r.path, "")
	if err != nil {
		return r, err
	}
	choice := preset
	if choice == "" && sight.Preset == nil {
		choice = "generic"
	}
	p, err := importer.Propose(sight, choice)
	if err != nil {
		return r, misused("leave --preset out to have it found out", "%w", err)
	}
	if err := p.Know(c.people()); err != nil {
		return r, failed("", "%w", err)
	}
	if r.assumed, err = p.Assume(); err != nil {
		return r, err
	}
	r.preset = p.Source.Preset
	s := p.Source
	s.Dataset = importer.DatasetChoice{}
	if aliases := c.aliases(); len(aliases) > 0 && !p.People() {
		s.Dataset = importer.DatasetChoice{Alias: aliases[0]}
	}
	if r.mapping, err = s.Compile(c.lookDefaults()); err != nil {
		return r, failed("", "%w", err)
	}
	switch {
	case preset != "":
		r.sentence = "read with preset " + preset
	case sight.Preset != nil:
		r.sentence = fmt.Sprintf("fits no source by its name; it looks like preset %s (%s)", r.preset, sight.Preset.Title)
	default:
		r.sentence = "fits no source by its name, and looks like no product's export; read by the usual names of columns"
	}
	if like := c.sourceLike(sight.Headers()); preset == "" && like != nil {
		r.like = like.Name()
		r.sentence += fmt.Sprintf("; its columns are those of source %s, which takes files named %s", like.Name(), strings.Join(like.Files(), ", "))
	}
	return r, nil
}

// takes reports whether a source takes a file of that name. While a source is not in order nobody can tell: the import itself
// says what is wrong.
func (c *config) takes(name string) bool {
	all, err := c.compileForLook()
	return err != nil || importer.IsRejects(name) || slices.ContainsFunc(all, func(m *importer.Mapping) bool { return m.Matches(name) })
}

// lookDefaults is what sources take from the configuration for a look: a dataset that has no id yet gets one that stands in
// for it.
func (c *config) lookDefaults() importer.Defaults {
	d := importer.Defaults{Datasets: map[string]string{}, TimeZone: c.zone, Window: c.window(), People: c.people()}
	for i, alias := range c.aliases() {
		d.Datasets[alias] = string(c.Datasets[alias].ID)
		if d.Datasets[alias] == "" {
			d.Datasets[alias] = fmt.Sprint(i + 1)
		}
	}
	if len(d.Datasets) == 0 {
		d.Datasets["main"] = "1"
	}
	return d
}

// compileForLook makes the sources ready for a look.
func (c *config) compileForLook() ([]*importer.Mapping, error) {
	return c.compileWith(c.lookDefaults())
}

// sourceLike is the source whose columns a file with these headers has; nil when there is none.
func (c *config) sourceLike(headers []string) *importer.Mapping {
	all, err := c.compileForLook()
	if err != nil {
		return nil
	}
	return importer.SourceLike(all, headers)
}
