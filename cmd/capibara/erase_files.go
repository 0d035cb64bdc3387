package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"capibara/event"
	"capibara/importer"
	"capibara/store"
)

// heldFile is a file of the home that may hold a person in the clear.
type heldFile struct {
	path   string
	of     importer.Origin
	number uint64 // of an archived file; 0 for any other
}

// heldFiles are the files of a home that are scrubbed, and those that are left: they wait to be imported, and what is erased is
// taken out of them then.
type heldFiles struct {
	kept, waiting []heldFile
	leftovers     []string // of imports that were cut off
}

// heldFiles lists them. places are where in which file events stand that are erased.
func (l *local) heldFiles(ctx context.Context, im *importer.Importer, mappings []*importer.Mapping, places map[uint64][]importer.Place) (h heldFiles, err error) {
	known, err := l.knownFiles(ctx, mappings, places)
	if err != nil {
		return h, err
	}
	f := l.config.Folders
	for _, root := range []string{f.Archive, f.Rejected, f.Receipts} {
		err := eachFile(root, func(path string) {
			if importer.Leftover(filepath.Base(path)) {
				h.leftovers = append(h.leftovers, path)
				return
			}
			h.kept = append(h.kept, heldFile{path, known.origin(im, l.config.fromHome(path)), known.archived[l.config.fromHome(path)]})
		})
		if err != nil {
			return h, err
		}
	}
	id, err := l.db.ID(ctx)
	if err != nil {
		return h, err
	}
	err = eachFile(f.Inbox, func(path string) {
		if inside(f.Receipts, path) {
			return // they were listed
		}
		one := heldFile{path: path}
		folder := importer.InboxFolder(f.Inbox, path)
		if folder == "." {
			folder = ""
		}
		one.of.Mapping, _ = im.Find(ctx, folder, filepath.Base(path)) // of no source: looked at cell by cell
		switch claimed, mine := importer.Claimed(path, id); {
		case filepath.Base(path) == ".lock":
		case !claimed:
			h.waiting = append(h.waiting, one)
		case !mine, known.unfinished(path):
			h.waiting = append(h.waiting, one) // half of it is imported, and is known by its hash
		default:
			h.kept = append(h.kept, one)
		}
	})
	return h, err
}

// eachFile calls f for every regular file below a folder, which may be missing.
func eachFile(root string, f func(path string)) error {
	behind := real(root) // a folder may be a link to another disk
	return filepath.WalkDir(behind, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return fmt.Errorf("looking for files that hold the person: %w", err)
		case d.Type().IsRegular():
			f(root + strings.TrimPrefix(path, behind))
		}
		return nil
	})
}

// knownFiles is what the ledger knows of the files in the home.
type knownFiles struct {
	origins   map[string]importer.Origin // by path in the home
	archived  map[string]uint64          // numbers of files by their path in the home
	importing map[event.Hash]bool
}

func (l *local) knownFiles(ctx context.Context, mappings []*importer.Mapping, places map[uint64][]importer.Place) (knownFiles, error) {
	k := knownFiles{origins: map[string]importer.Origin{}, archived: map[string]uint64{}, importing: map[event.Hash]bool{}}
	for f := (store.Filter{Limit: 1000}); ; {
		page, err := l.db.Files(ctx, f)
		if err != nil {
			return k, err
		}
		for _, file := range page.Items {
			k.add(file, mappings, places[file.Number])
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return k, nil
		}
	}
}

func (k knownFiles) add(file store.File, mappings []*importer.Mapping, places []importer.Place) {
	of := importer.Origin{}
	if i := slices.IndexFunc(mappings, func(m *importer.Mapping) bool { return m.Name() == file.Source }); i >= 0 {
		of.Mapping = mappings[i]
	}
	if file.Rejects != "" {
		k.origins[withoutEnding(file.Rejects)] = of
	}
	if of.Places = places; file.ArchivedAs != "" {
		k.origins[file.ArchivedAs], k.archived[file.ArchivedAs] = of, file.Number
	}
	if file.State == store.FileImporting && file.Counts.Records > 0 {
		k.importing[file.SHA256] = true
	}
}

// fromHome is the path of a file as the ledger knows it, which may lead out of the home.
func (c *config) fromHome(path string) string {
	rel, err := filepath.Rel(c.Home, path)
	if err != nil { // on another disk of Windows
		return filepath.ToSlash(path)
	}
	return filepath.ToSlash(rel)
}

// withoutEnding is the path of a rejects file that it has in common with the workbook beside it.
func withoutEnding(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) }

// origin is what is known of a file by its path in the home.
func (k knownFiles) origin(im *importer.Importer, path string) importer.Origin {
	if of, ok := k.origins[path]; ok {
		return of
	}
	if of, ok := k.origins[withoutEnding(path)]; ok {
		return of
	}
	m, _ := im.Match(filepath.Base(path))
	return importer.Origin{Mapping: m}
}

// unfinished reports whether records of a file are in the ledger and others are not yet.
func (k knownFiles) unfinished(path string) bool {
	if len(k.importing) == 0 {
		return false
	}
	sum, err := sumOf(path)
	return err != nil || k.importing[sum]
}

// scrub takes people out of the files of the home.
func (h heldFiles) scrub(ctx context.Context, s *importer.Scrubber, tell func(progress)) (held []importer.Held, err error) {
	for _, path := range h.leftovers {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return held, fmt.Errorf("removing what an import left behind: %w", err)
		}
	}
	return eachHeld(ctx, h.kept, s.Scrub, tell)
}

// forgetRejects has the ledger lose the record keys of rejected records that are about to be scrubbed.
func (e *eraser) forgetRejects(h heldFiles) {
	for i := range h.kept {
		n := h.kept[i].number
		if n == 0 {
			continue
		}
		h.kept[i].of.Forget = func(ctx context.Context, lines []uint64) error {
			keys, err := e.db.ForgetRejects(ctx, n, lines, e.erasing(e.order.By), e.now())
			e.keys += keys
			return err
		}
	}
}

// noteScrubbed has the ledger know archived files by what they hold now: else an older file that is imported again would be taken for
// news. Those that were scrubbed by an erasure that was cut off are looked at as well.
func (e *eraser) noteScrubbed(ctx context.Context, h heldFiles, held []importer.Held) error {
	for _, f := range h.kept {
		if f.number == 0 || !e.owed && !slices.ContainsFunc(held, func(one importer.Held) bool { return one.Path == e.config.fromHome(f.path) }) {
			continue
		}
		sum, err := sumOf(f.path)
		if errors.Is(err, fs.ErrNotExist) { // it went as a whole
			continue
		}
		if err == nil {
			err = e.db.Scrubbed(ctx, f.number, sum, e.now())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// eachHeld calls look for every file and returns those that hold something.
func eachHeld(ctx context.Context, files []heldFile, look func(context.Context, string, importer.Origin) (importer.Held, error),
	tell func(progress)) (held []importer.Held, err error) {
	held = []importer.Held{}
	for i, f := range files {
		one, err := look(ctx, f.path, f.of)
		switch {
		case errors.Is(err, fs.ErrNotExist): // it was pruned, or imported
			continue
		case err != nil:
			return held, err
		}
		if !one.Nothing() {
			held = append(held, one)
		}
		tell(progress{Done: int64(i + 1), Total: int64(len(files)), Count: int64(i + 1)})
	}
	return held, nil
}
