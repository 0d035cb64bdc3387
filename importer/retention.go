package importer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Prune deletes the archived and rejected files of every day that lies more than keep before now, and returns how many
// it deleted. They hold raw personal data, and what became of their records is in the outbox. Only what lies in a folder
// of a day, as an import makes it (YYYY/MM/DD), is looked at: whatever else somebody keeps there stays. The receipts of
// imports that began so long ago go with them. What cannot be deleted is named in the error and keeps nothing else from
// being deleted.
func (im *Importer) Prune(ctx context.Context, keep time.Duration) (int, error) {
	last := im.c.Now().Add(-keep)
	deleted := 0
	var errs []error
	for _, root := range []string{im.c.Folders.Archive, im.c.Folders.Rejected} {
		days, err := filepath.Glob(filepath.Join(quoteGlob(root), "[0-9][0-9][0-9][0-9]", "[0-9][0-9]", "[0-9][0-9]"))
		if err != nil {
			return deleted, fmt.Errorf("look for old files in %s: %w", root, err)
		}
		for _, dir := range days {
			if ctx.Err() != nil {
				return deleted, context.Cause(ctx)
			}
			if !dayBefore(root, dir, last) || !within(root, dir) {
				continue
			}
			n, err := pruneDay(root, dir)
			deleted += n
			errs = append(errs, err)
		}
	}
	n, err := im.c.Receipts.prune(last)
	return deleted + n, errors.Join(append(errs, err)...)
}

// dayBefore reports whether the whole day of a folder lies before an instant, in every time zone there is.
func dayBefore(root, dir string, last time.Time) bool {
	rel, err := filepath.Rel(root, dir)
	if err != nil {
		return false
	}
	day, err := time.Parse("2006/01/02", filepath.ToSlash(rel))
	return err == nil && day.Add(36*time.Hour).Before(last)
}

// within reports whether a folder of a day and those above it, up to the root, are folders and no links: what a link leads
// to is somebody else's.
func within(root, dir string) bool {
	for ; dir != root; dir = filepath.Dir(dir) {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

// pruneDay deletes the files of a day, and the folders of day, month and year when they are empty then.
func pruneDay(root, dir string) (int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, fmt.Errorf("read the folder %s: %w", dir, err)
	}
	deleted := 0
	var errs []error
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue // no import put it there
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("delete an old file: %w", err))
			continue
		}
		deleted++
	}
	for ; dir != root; dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			break // something is left in it
		}
	}
	return deleted, errors.Join(errs...)
}

// quoteGlob makes a path stand for itself in a pattern.
func quoteGlob(path string) string {
	var b []rune
	for _, r := range path {
		switch r {
		case '*', '?', '[', '\\':
			if r != '\\' || filepath.Separator != '\\' {
				b = append(b, '\\')
			}
		}
		b = append(b, r)
	}
	return string(b)
}
