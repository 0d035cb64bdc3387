package importer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// claimedFolder holds the files that are being imported, each in a folder of its own.
const claimedFolder = ".claimed"

// ownedBy stands in the name of a claim before the one who made it.
const ownedBy = "-by-"

// errBusy says that another process makes a pass over the same folder.
var errBusy = errors.New("another process is importing from it")

// claims is the folder of claimed files, locked for one pass.
//
// A claim is a rename into a folder that was just made for it and that nobody else knows. So it can never replace
// another file, without hard links, which network shares lack, and without RENAME_NOREPLACE, which older kernels and
// NFS lack; of two processes that rename the same file, one finds it gone. The lock is for what lies in the folder
// already: without it, a process that starts would take a file that another one is importing for one that was left
// behind. Where there are no locks (see inbox_nolock.go), run one process a folder.
type claims struct {
	dir    string
	owner  string
	folder string // name of the folder of a source whose files these are, "" for the inbox itself
	lock   *os.File
	at     time.Time // of the file system, for this pass; zero until somebody asks
}

// openClaims makes and locks the folder of claims in the inbox.
func openClaims(inbox, owner string) (*claims, error) {
	switch info, err := os.Stat(inbox); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the inbox folder %s does not exist; create it, or correct it in the configuration", inbox)
	case err != nil:
		return nil, fmt.Errorf("look at the inbox folder: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("the inbox %s is a file and not a folder; correct it in the configuration", inbox)
	}
	c := &claims{dir: filepath.Join(inbox, claimedFolder), owner: owner}
	// Files wait here with raw personal data, and nobody else has any business with them.
	if err := os.Mkdir(c.dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("make the folder for claimed files: %w", err)
	}
	// A link here would lead files out of the inbox.
	if info, err := os.Lstat(c.dir); err != nil {
		return nil, fmt.Errorf("look at the folder for claimed files: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s must be a folder; remove what is there", c.dir)
	}
	lock, err := os.OpenFile(filepath.Join(c.dir, ".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the inbox: %w", err)
	}
	if err := tryLock(lock); err != nil {
		lock.Close()
		return nil, fmt.Errorf("lock the inbox folder %s: %w", inbox, err)
	}
	c.lock = lock
	return c, nil
}

// close gives the lock up. Nothing was written, so that no error matters; but closing alone would leave the lock to a process
// that is being started at this moment, until it has closed what it inherited.
func (c *claims) close() {
	unlock(c.lock)
	c.lock.Close()
}

// clock is the time by the clock of the file system that holds the inbox: that of a folder made there now.
func (c *claims) clock() (time.Time, error) {
	if !c.at.IsZero() {
		return c.at, nil
	}
	dir, err := os.MkdirTemp(c.dir, ".clock-*")
	if err != nil {
		return time.Time{}, fmt.Errorf("ask the file system of the inbox for its time: %w", err)
	}
	info, err := os.Lstat(dir)
	if err := errors.Join(err, os.Remove(dir)); err != nil {
		return time.Time{}, fmt.Errorf("ask the file system of the inbox for its time: %w", err)
	}
	c.at = info.ModTime()
	return c.at, nil
}

// list returns the claimed files: those that a process claimed and did not finish with. Folders that hold nothing, from
// a process that ended between making one and using it, are removed.
func (c *claims) list() ([]found, error) {
	entries, err := listFolder(c.dir, func(name string) bool { return name == ".lock" })
	if err != nil {
		return nil, fmt.Errorf("read the folder of claimed files: %w", err)
	}
	var files []found
	for _, e := range entries {
		if !e.info.IsDir() {
			if !strings.HasPrefix(e.name, ".") {
				files = append(files, e)
			}
			continue
		}
		if os.Remove(e.path) == nil {
			continue
		}
		inside, err := listFolder(e.path, func(string) bool { return false })
		if err != nil {
			return nil, fmt.Errorf("read a folder of claimed files: %w", err)
		}
		if _, by, owned := strings.Cut(e.name, ownedBy); owned && by != c.owner {
			for i := range inside {
				inside[i].foreign = true
			}
		}
		files = append(files, inside...)
	}
	for i := range files {
		files[i].claimed, files[i].from = true, c
	}
	return files, nil
}

// claim renames f into a folder of its own. It returns nil when somebody else was faster, or when the file changed on
// the way: whoever still writes to it goes on doing so where it lies now, and a later pass takes it when it stands still.
func (c *claims) claim(f found) (*found, error) {
	pattern := time.Now().UTC().Format("20060102T150405") + "-*"
	if c.owner != "" {
		pattern += ownedBy + c.owner
	}
	dir, err := os.MkdirTemp(c.dir, pattern)
	if err != nil {
		return nil, fmt.Errorf("claim %s: %w", printable(f.name), err)
	}
	mine := found{path: filepath.Join(dir, f.name), name: f.name, claimed: true, from: c}
	if err := os.Rename(f.path, mine.path); err != nil {
		os.Remove(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, fmt.Errorf("claim %s by renaming it: %w", printable(f.name), cause(err))
	}
	mine.info, err = os.Lstat(mine.path)
	if err != nil {
		return nil, fmt.Errorf("look at the claimed file %s: %w", printable(f.name), cause(err))
	}
	if !os.SameFile(mine.info, f.info) || mine.info.Size() != f.info.Size() || !mine.info.ModTime().Equal(f.info.ModTime()) {
		return nil, nil
	}
	return &mine, nil
}

// finish removes the folder of a claim whose file has been archived.
func (c *claims) finish(f found) {
	if dir := filepath.Dir(f.path); dir != c.dir {
		os.Remove(dir) // one that stays is removed by the next pass
	}
}

// Claimed reports whether a file in the inbox is claimed, and whether by this owner or by nobody in particular.
func Claimed(path, owner string) (claimed, mine bool) {
	for dir := filepath.Dir(path); filepath.Dir(dir) != dir; dir = filepath.Dir(dir) {
		if filepath.Base(filepath.Dir(dir)) == claimedFolder {
			_, by, owned := strings.Cut(filepath.Base(dir), ownedBy)
			return true, !owned || by == owner
		}
		if filepath.Base(dir) == claimedFolder {
			return true, true
		}
	}
	return false, false
}

// InboxFolder is the folder of the inbox that a file in it was dropped into, "." for the inbox itself.
func InboxFolder(inbox, path string) string {
	rel, err := filepath.Rel(inbox, path)
	if err != nil {
		return "."
	}
	first, rest, below := strings.Cut(filepath.ToSlash(rel), "/")
	if !below || first == claimedFolder || rest == "" {
		return "."
	}
	return first
}
