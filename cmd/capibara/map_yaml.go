package main

import (
	"maps"
	"slices"
	"strings"

	"capibara/importer"

	"github.com/goccy/go-yaml"
)

// sourceYAML writes a source as an entry of the list of sources, with the keys that say something and no others.
func sourceYAML(s *importer.Source) (string, error) {
	var keys yaml.MapSlice
	add := func(key string, value any, says bool) {
		if says {
			keys = append(keys, yaml.MapItem{Key: key, Value: value})
		}
	}
	add("name", s.Name, true)
	add("files", s.Files, true)
	add("preset", s.Preset, s.Preset != "")
	add("encoding", s.Encoding, s.Encoding != "")
	add("dataset", s.Dataset.Alias, s.Dataset.Alias != "")
	add("record_key", s.RecordKey, len(s.RecordKey) > 0)
	add("identity", s.Identity, s.Identity != "")
	add("action_source", s.ActionSource, s.ActionSource != "")
	add("lead_event_source", s.LeadEventSource, s.LeadEventSource != "")
	add("date_formats", s.DateFormats, len(s.DateFormats) > 0)
	add("decimal", s.Decimal, s.Decimal != "")
	add("currency", s.Currency, s.Currency != "")
	add("country", s.Country, s.Country != "")
	var columns yaml.MapSlice
	for _, member := range slices.Sorted(maps.Keys(s.Columns)) {
		headers := s.Columns[member]
		if len(headers) == 1 {
			columns = append(columns, yaml.MapItem{Key: member, Value: headers[0]})
			continue
		}
		columns = append(columns, yaml.MapItem{Key: member, Value: []string(headers)})
	}
	add("columns", columns, len(columns) > 0)
	if n := s.EventName; n.Column != "" {
		var values yaml.MapSlice
		for _, v := range slices.Sorted(maps.Keys(n.Values)) {
			values = append(values, yaml.MapItem{Key: v, Value: n.Values[v]})
		}
		add("event_name", yaml.MapSlice{{Key: "column", Value: n.Column}, {Key: "values", Value: values}}, true)
	} else {
		add("event_name", n.Name, n.Name != "")
	}
	text, err := yaml.MarshalWithOptions(keys, yaml.IndentSequence(true))
	if err != nil {
		return "", err
	}
	return "- " + strings.TrimPrefix(indented(string(text), 2), "  "), nil
}

// indented moves every line of a text to the right.
func indented(text string, by int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			b.WriteString(strings.Repeat(" ", by))
		}
		b.WriteString(line)
	}
	return b.String()
}
