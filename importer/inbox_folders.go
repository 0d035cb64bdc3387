package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A folder in the inbox whose name is a source's, without case, gives its files to that source whatever they are named. It is
// worked off as an inbox of its own, with its own folder of claims: so it may lie on another file system than the inbox, a
// file that was claimed before a crash is still known to be the source's, and trouble with one folder holds up no other.

// look opens the inbox and the folders of sources in it, and lists the files to deal with in the order in which they are
// dealt with. Those that failed before come last, so that they cannot keep the others waiting; people come before records
// that may join them. The error is that of the inbox itself.
func (s *sweep) look(ctx context.Context) ([]found, error) {
	b := s.inbox
	root, err := openClaims(b.c.Dir, b.c.Owner)
	if err != nil {
		return nil, err
	}
	s.places = append(s.places, root)
	claimed, dropped, err := root.files(b.c.Dir)
	if err != nil {
		return nil, err
	}
	kept := make([]found, 0, len(dropped))
	for _, f := range dropped {
		switch {
		case !f.info.IsDir():
			kept = append(kept, f)
		case b.isReceipts(f):
		default:
			if _, ok := b.c.Importer.InFolder(f.name); !ok {
				kept = append(kept, f)
				continue
			}
			mine, theirs, err := s.lookInto(f)
			if err != nil {
				s.trouble(f, err)
				continue
			}
			claimed, kept = append(claimed, mine...), append(kept, theirs...)
		}
	}
	slices.SortFunc(claimed, older)
	slices.SortFunc(kept, older)
	files := slices.Concat(claimed, kept)
	for i := range files {
		// A file that no source takes is told of later.
		if m, err := b.c.Importer.Find(ctx, files[i].from.folder, files[i].name); err == nil {
			files[i].people, files[i].joins = m.People(), m.Joins()
		}
	}
	slices.SortStableFunc(files, func(x, y found) int {
		return cmp.Or(cmp.Compare(b.failed[x.path].delay, b.failed[y.path].delay), peopleFirst(x.people, y.people))
	})
	return files, nil
}

// lookInto lists the files of a source's folder. In one that is empty nothing is made.
func (s *sweep) lookInto(folder found) (claimed, dropped []found, err error) {
	entries, err := listFolder(folder.path, func(name string) bool { return temporaryName(name) && name != claimedFolder })
	if err != nil {
		return nil, nil, fmt.Errorf("read the folder %s: %w", folder.shown(), cause(err))
	}
	if len(entries) == 0 {
		return nil, nil, nil
	}
	place, err := openClaims(folder.path, s.inbox.c.Owner)
	if err != nil {
		return nil, nil, err
	}
	place.folder = folder.name
	s.places = append(s.places, place)
	return place.files(folder.path)
}

// files lists what is claimed and what lies in the folder.
func (c *claims) files(dir string) (claimed, dropped []found, err error) {
	if claimed, err = c.list(); err != nil {
		return nil, nil, err
	}
	if dropped, err = listFolder(dir, temporaryName); err != nil {
		return nil, nil, fmt.Errorf("read the inbox folder %s: %w", dir, err)
	}
	for i := range dropped {
		dropped[i].from = c
	}
	return claimed, dropped, nil
}

// trouble tells of a folder that cannot be worked off, while all others are.
func (s *sweep) trouble(folder found, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		return // it has just been removed
	}
	s.present[folder.path] = true
	s.tell(folder, "The folder "+folder.shown()+" cannot be worked off: "+err.Error()+".")
}

// isReceipts reports whether an entry of the inbox is the folder of receipts.
func (b *Inbox) isReceipts(f found) bool {
	if b.c.Receipts == "" {
		return false
	}
	if f.path == filepath.Clean(b.c.Receipts) {
		return true
	}
	info, err := os.Stat(b.c.Receipts) // also under another spelling
	return err == nil && os.SameFile(info, f.info)
}

// wrongFolder says why a folder is not worked off.
func (b *Inbox) wrongFolder(f found) string {
	names := b.c.Importer.sourceNames()
	switch {
	case f.from.folder != "":
		return "is a folder in the folder of a source; drop the files into " + printable(f.from.folder) + " themselves."
	case len(names) == 0:
		return "is a folder; drop the files themselves."
	}
	for i := range names {
		names[i] = printable(names[i])
	}
	return "is a folder that has the name of no source; drop the files themselves, or name it after one of the sources: " + strings.Join(names, ", ") + "."
}

// close gives the locks of all folders up.
func (s *sweep) close() {
	for _, place := range s.places {
		place.close()
	}
}
