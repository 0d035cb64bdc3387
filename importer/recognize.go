package importer

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"capibara/store"
)

// Match finds the source that a file of that base name belongs to. A rejects file that comes back belongs to the source of
// the name that it was made from: deals.17.rejects.xlsx to the one that takes deals.csv.
func (im *Importer) Match(name string) (*Mapping, bool) {
	if m := im.named(name); m != nil {
		return m, true
	}
	stem, _, ok := rejectsOf(name)
	if !ok {
		return nil, false
	}
	for _, ext := range []string{"", ".csv", ".tsv", ".txt", ".xlsx", ".json", ".jsonl"} {
		if m := im.named(stem + ext); m != nil {
			return m, true
		}
	}
	return nil, false
}

// named is the first source whose patterns fit a name, nil when none do.
func (im *Importer) named(name string) *Mapping {
	for _, m := range im.c.Mappings {
		if m.Matches(name) {
			return m
		}
	}
	return nil
}

// IsRejects reports whether a file has the name of a rejects file, which belongs to the source of its first file.
func IsRejects(name string) bool {
	_, _, ok := rejectsOf(name)
	return ok
}

// Find finds the source that a file belongs to. In the folder of a source every file does, whatever its name; folder is ""
// elsewhere. A rejects file belongs to the source that its first file was read with, when there still is one of that name;
// what is left is a matter of names, as [Importer.Match] says. The error is ErrNoSource when no source takes the file.
func (im *Importer) Find(ctx context.Context, folder, name string) (*Mapping, error) {
	if folder != "" {
		if m, ok := im.InFolder(folder); ok {
			return m, nil
		}
		return nil, fmt.Errorf("%w: %s in %s", ErrNoSource, name, folder)
	}
	if stem, n, ok := rejectsOf(name); ok {
		first, err := im.c.Store.File(ctx, n)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, fmt.Errorf("look up file %d, whose rejects %s may be: %w", n, name, err)
		}
		// The number of another home's file says nothing here.
		if was, _ := splitName(first.Name); err == nil && was == stem {
			if m, ok := im.sourced(first.Source); ok {
				return m, nil
			}
		}
	}
	if m, ok := im.Match(name); ok {
		return m, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrNoSource, name)
}

// InFolder finds the source whose files a folder of the inbox holds: the one of its name, without case.
func (im *Importer) InFolder(folder string) (*Mapping, bool) {
	for _, m := range im.c.Mappings {
		if strings.EqualFold(strings.TrimSpace(folder), m.source.Name) {
			return m, true
		}
	}
	return nil, false
}

// sourceNames are the names of the sources, which the folders of the inbox may have.
func (im *Importer) sourceNames() []string {
	var names []string
	for _, m := range im.c.Mappings {
		names = append(names, m.source.Name)
	}
	return names
}

func (im *Importer) sourced(name string) (*Mapping, bool) {
	for _, m := range im.c.Mappings {
		if m.source.Name == name {
			return m, true
		}
	}
	return nil, false
}

// rejectsName is what rejects files are named, and what people and their programs make of it: "deals.17.rejects (1).csv".
var rejectsName = regexp.MustCompile(`(?is)^(.*)\.([0-9]{1,19})\.rejects(?:[^a-z0-9].*)?\.[a-z0-9]+$`)

// rejectsOf takes the name of a rejects file apart: the stem of the first file's name, and its number.
func rejectsOf(name string) (stem string, number uint64, ok bool) {
	found := rejectsName.FindStringSubmatch(name)
	if found == nil {
		return "", 0, false
	}
	n, err := strconv.ParseUint(found[2], 10, 64)
	return found[1], n, err == nil && n > 0
}
