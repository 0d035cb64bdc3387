package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

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
	if trace := c.trace(); trace != "" {
		return c.lostError(trace, "restore the copy of "+c.Folders.Data)
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
	if _, err := os.Lstat(c.markPath()); err == nil {
		return c.markPath()
	}
	return ""
}

// markPath is where init leaves word that the home has a database. It lies outside the data folder: that one may be lost
// as a whole, or be a disk that is not mounted.
func (c *config) markPath() string { return filepath.Join(c.Home, ".capibara-ledger") }

func (c *config) leaveMark(now time.Time) error {
	return writeWhole(c.markPath(), fmt.Appendf(nil, `This home has a database since %s: %s.
It knows what was sent. When it is missing, restore a copy of it; without it everything would be sent again.
`, now.In(c.zone).Format(time.RFC3339), c.relative(c.database())), 0o644)
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
