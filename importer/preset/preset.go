// Package preset holds what the exports of well-known products look like: one YAML file each, which says in a comment
// which export it is and how to make it. It is data alone; package importer reads it, and imports this package and not
// the other way round.
//
// A file has a title, what to do when nobody can be told from it, the headers by which its export is recognised (unless it
// has those of another export), other names that a header has in other languages and in older exports, and a fragment of
// a source. In the fragment a column may name several headers, of which the first that is there counts; none of them
// has to be there but those that stand under needs, without which something else would be sent for a conversion. A list
// under event_time means that too: the column with the time of day beside a date stands under time_of_day. What no preset can
// know is left to the user: name, files, dataset, country, currency, time_zone and the order of day and month.
package preset

import (
	"embed"
	"slices"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Names returns the names of all presets, sorted.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil // an embedded folder can always be read
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	slices.Sort(names)
	return names
}

// Text returns the file of a preset as it was written.
func Text(name string) (text []byte, ok bool) {
	if !slices.Contains(Names(), name) {
		return nil, false
	}
	text, err := files.ReadFile(name + ".yaml")
	return text, err == nil
}
