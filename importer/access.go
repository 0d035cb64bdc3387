package importer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// access is who may open what is put into a folder.
type access struct {
	file, dir os.FileMode
	group     *int // nil leaves it as it comes
	strict    bool // whatever the umask says
}

// accessOf is who may open a path in the archive or among the rejected files.
func (im *Importer) accessOf(path string) access {
	f := &im.c.Folders
	within, err := filepath.Rel(f.Rejected, path)
	outside := err != nil || within == ".." || strings.HasPrefix(within, ".."+string(filepath.Separator))
	if outside || f.RejectedMode == 0 && f.RejectedGroup == nil {
		return access{file: f.FileMode, dir: f.DirMode}
	}
	mode := cmp.Or(f.RejectedMode, f.FileMode)
	// Whoever may read or write a file may open the folder.
	return access{file: mode, dir: mode | mode&0o444>>2 | mode&0o222>>1, group: f.RejectedGroup, strict: true}
}

// grant gives a path that was just made its group and mode.
func (a access) grant(path string, mode os.FileMode) error {
	if !a.strict {
		return nil
	}
	if a.group != nil {
		if err := os.Chown(path, -1, *a.group); err != nil {
			return fmt.Errorf("give %s to the group %d: %w; let the user who runs this be in that group, or name another one", filepath.Base(path), *a.group, cause(err))
		}
	}
	if err := os.Chmod(path, mode); err != nil {
		return fmt.Errorf("give %s the mode %04o: %w", filepath.Base(path), mode, cause(err))
	}
	return nil
}

// FurnishRejected makes the folder of rejected files when it is missing, and gives it the mode and group that are stated.
func (f Folders) FurnishRejected() (made bool, err error) {
	im := New(Config{Folders: f})
	a := im.accessOf(f.Rejected)
	switch info, err := os.Stat(f.Rejected); {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(f.Rejected, a.dir); err != nil {
			return false, fmt.Errorf("make the folder of rejected files: %w", err)
		}
		made = true
	case err != nil:
		return false, fmt.Errorf("look at the folder of rejected files: %w", err)
	case !info.IsDir():
		return false, fmt.Errorf("the folder of rejected files %s is a file; move it away, or name another folder", f.Rejected)
	}
	return made, a.grant(f.Rejected, a.dir)
}
