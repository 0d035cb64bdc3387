package importer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"capibara/event"
)

// Wanted says whose records a scrubber looks for.
type Wanted struct {
	// People holds sums of their identifiers, and of the event_ids of events that are about them.
	People *event.Suppression
	// Typed are their e-mail addresses and telephone numbers in the clear, which are looked for in running text as well.
	Typed []string
}

// Origin is what the ledger knows about a file that is scrubbed.
type Origin struct {
	Mapping *Mapping // its records were read with it; nil when nobody knows
	Places  []Place  // of records that are wanted, whatever they hold
	// Forget is called with the lines that are about to be blanked, before nobody can tell any more which they are; nil calls nobody.
	Forget func(ctx context.Context, lines []uint64) error
}

// Place is where a record stands in its file, as the ledger says.
type Place struct{ Record, Line uint64 }

// Held is what a file holds about somebody.
type Held struct {
	Path    string   `json:"file"`
	Records int      `json:"records"`
	Lines   []uint64 `json:"lines"` // where they stand, of the first ones
	// Whole says why nothing of the file can stay when the person is scrubbed out of it; "" when the other records stay.
	Whole string `json:"whole,omitempty"`
}

// Nothing reports whether the file holds nothing about anybody who is wanted.
func (h Held) Nothing() bool { return h.Records == 0 && h.Whole == "" }

// maxHeldLines bounds the lines that are named of one file.
const maxHeldLines = 100

// Scrubber takes records out of files on disk: what they say is blanked, and they stay as blank records, so that the number
// of every other record, and of its line, is what the ledger says.
type Scrubber struct {
	im      *Importer
	w       Wanted
	match   *matcher
	typed   *needles
	anybody *Mapping // for files of no source
}

// Scrubber returns one. It keeps no file open.
func (im *Importer) Scrubber(w Wanted) (*Scrubber, error) {
	anybody, err := everyHeader()
	if err != nil {
		return nil, err
	}
	return &Scrubber{im: im, w: w, match: newMatcher(w.People, im.countries()), typed: newNeedles(w.Typed), anybody: anybody}, nil
}

// countries are those of the sources: a telephone number without one is read by each.
func (im *Importer) countries() []string {
	all := []string{""}
	for _, m := range im.c.Mappings {
		if !slices.Contains(all, m.country) {
			all = append(all, m.country)
		}
	}
	return all
}

// Look tells what a file holds. It changes nothing.
func (s *Scrubber) Look(ctx context.Context, path string, of Origin) (Held, error) {
	e, err := s.examine(ctx, path, of)
	if err != nil {
		return Held{}, fmt.Errorf("look into %s: %w", s.im.relative(path), err)
	}
	return e.held, nil
}

// Scrub blanks the records in a file, or deletes a file that cannot be scrubbed by record. The file is replaced as a whole:
// cut off at any moment there is the old one or the new one. It tells what the file held.
func (s *Scrubber) Scrub(ctx context.Context, path string, of Origin) (Held, error) {
	e, err := s.examine(ctx, path, of)
	if err == nil && of.Forget != nil && len(e.regions) > 0 {
		lines := make([]uint64, len(e.regions))
		for i, r := range e.regions {
			lines[i] = r.line
		}
		err = of.Forget(ctx, lines)
	}
	switch {
	case err != nil:
	case e.held.Whole != "":
		if err = os.Remove(path); err == nil {
			err = syncDir(filepath.Dir(path))
		}
	case e.held.Records > 0:
		err = s.im.replace(path, func(f *os.File) error { return e.rewrite(ctx, f, nil) })
	}
	if err != nil {
		return Held{}, fmt.Errorf("scrub %s: %w", s.im.relative(path), err)
	}
	return e.held, nil
}

// replace writes a file anew under another name and puts it in the place of the old one, with its permissions.
func (im *Importer) replace(path string, write func(*os.File) error) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	a := im.accessOf(path)
	if err = a.grant(temporary, a.file); err == nil {
		err = f.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = write(f)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return syncDir(filepath.Dir(path))
}

// Leftover reports whether a file is one that an import or a scrub was writing when it was cut off. Nobody needs it, and it may
// hold what the file held.
func Leftover(name string) bool {
	return strings.HasPrefix(name, ".") && strings.HasSuffix(name, ".tmp")
}
