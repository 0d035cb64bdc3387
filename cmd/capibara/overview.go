package main

import (
	"context"
	"strings"

	"capibara/audit"

	"github.com/goccy/go-yaml"
)

// Overview tells how things stand and how they went lately.
func (l *local) Overview(ctx context.Context) (audit.Overview, error) {
	return l.reader().Overview(ctx)
}

// Find looks for what somebody typed into a box. That a person was looked for is kept in the audit log, as Events keeps it.
func (l *local) Find(ctx context.Context, typed string) (audit.Found, error) {
	f, err := l.reader().Find(ctx, typed)
	if err == nil {
		f.Events.Unrecorded = l.lookedUp(ctx, f.PersonKinds())
	}
	return f, err
}

// Rules are the sources in force.
func (l *local) Rules(ctx context.Context) (audit.Rules, error) { return l.reader().Rules(ctx) }

// rules are the sources in force. Making them ready takes longer than many a page, and a process has one configuration.
func (l *local) rules() []audit.SourceRule {
	l.ruled.Do(func() { l.inForce = l.config.rules() })
	return l.inForce
}

// keepDaybook counts what an overview shows, until the process ends.
func (l *local) keepDaybook(ctx context.Context) {
	l.daybook.Keep(ctx, func(err error) {
		l.log.Warn().Err(err).Msg("what became of events lately cannot be counted; the overview lacks it")
	})
}

// rules are the sources as the configuration has them. While one is not in order there are none: what is in order is another
// configuration then.
func (c *config) rules() []audit.SourceRule {
	all, err := c.compileForLook()
	if err != nil {
		return nil
	}
	alias := map[string]string{}
	for name, id := range c.lookDefaults().Datasets {
		if old, ok := alias[id]; !ok || name < old {
			alias[id] = name
		}
	}
	rules := make([]audit.SourceRule, 0, len(all))
	for _, m := range all {
		r := audit.SourceRule{Name: m.Name(), Files: m.Files(), Datasets: []string{}, Mapping: mappingText(m.Effective())}
		for _, id := range m.Datasets() {
			if name := alias[id]; name != "" { // people go to none
				r.Datasets = append(r.Datasets, name)
			}
		}
		rules = append(rules, r)
	}
	return rules
}

// mappingText is a mapping, which is kept as JSON, as people read it; as it is when it is no JSON, as an early version may have kept
// it.
func mappingText(mapping string) string {
	var source yaml.MapSlice // which keeps the order of the keys
	if err := yaml.Unmarshal([]byte(mapping), &source); err != nil || !strings.HasPrefix(mapping, "{") {
		return mapping
	}
	text, err := yaml.MarshalWithOptions(source, yaml.IndentSequence(true))
	if err != nil {
		return mapping
	}
	return string(text)
}
