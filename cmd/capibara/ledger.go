package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"capibara/store"
	"capibara/store/bolt"
)

// ledgerThere reports whether there is a database, and refuses one that cannot be worked with: it would be told to be in
// order otherwise, and the copy that could replace it be thrown away.
func (c *config) ledgerThere() (bool, error) {
	if _, err := os.Lstat(c.database()); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	db, err := bolt.Open(c.database(), bolt.Options{ReadOnly: true})
	switch {
	case err == nil:
		return true, db.Close()
	case errors.Is(err, store.ErrLocked): // somebody works with it
		return true, nil
	case errors.Is(err, store.ErrCorrupt):
		return true, failed("restore the copy of "+c.Folders.Data+", and keep what is there now beside it; a new database would not know what was sent",
			"the database is damaged: %w", err)
	}
	return true, err
}

// missingError is why a command cannot work without a database.
func (c *config) missingError() error {
	if m, err := readMoveMark(c.Home); m != nil && err == nil {
		return failed(m.doubt().fix, "there is no database in %s yet: %s", c.Home, m.doubt().why)
	}
	if trace := c.trace(); trace != "" {
		return c.lostError(trace, "restore the copy of "+c.Folders.Data+"; if there is none, `capibara init` says what else there is")
	}
	return failed("run `capibara init` to make one, or say where it is with --home", "there is no database in %s", c.Home)
}

// lostError says that there was a ledger, and what a new one would do.
func (c *config) lostError(trace, hint string) error {
	return failed(hint, "there is no database in %s, and %s shows that there was one; a new one would not know what was sent, and would send it again",
		c.Home, c.relative(trace))
}

// trace is a file that only a home with a ledger has, such as an import that was archived; "" when there is none. A
// folder that somebody made beforehand is no trace, nor is what systems leave in folders by themselves.
func (c *config) trace() string {
	for _, pattern := range []string{filepath.Base(holderPath(c)), "capibara.sock", "*.db", "capibara.db*", spoolPattern} {
		if found, err := filepath.Glob(filepath.Join(c.Folders.Data, pattern)); err == nil && len(found) > 0 {
			return found[0]
		}
	}
	for _, folder := range []string{c.Folders.Archive, c.Folders.Rejected, filepath.Join(c.Folders.Inbox, ".claimed")} {
		if found := firstFile(folder); found != "" {
			return found
		}
	}
	if _, err := os.Lstat(c.witnessPath()); err == nil {
		return c.witnessPath()
	}
	return ""
}

// firstFile is a file somewhere below a folder, "" when there is none.
func firstFile(folder string) (found string) {
	// What cannot be read shows nothing; the command that needs it says so.
	_ = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return fs.SkipDir
		case d.Type().IsRegular() && !strings.HasPrefix(d.Name(), "."):
			found = path
			return fs.SkipAll
		}
		return nil
	})
	return found
}
