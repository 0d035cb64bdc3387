package importer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"

	"capibara/store"
)

// archivePath is where a file goes when it is imported. It follows from the file's number and start alone, so that it is
// the same after a crash, and no two files share it.
func (im *Importer) archivePath(m *Mapping, f store.File) string {
	stem, ext := splitName(f.Name)
	return filepath.Join(im.c.Folders.Archive, day(m, f), stem+"."+strconv.FormatUint(f.Number, 10)+ext)
}

// refusedPath is where a file goes that is wrong as a whole.
func (im *Importer) refusedPath(m *Mapping, f store.File) string {
	stem, ext := splitName(f.Name)
	return filepath.Join(im.c.Folders.Rejected, day(m, f), stem+"."+strconv.FormatUint(f.Number, 10)+ext)
}

// vacant is a name for a file like to that no other file has, or to when it has that name already. Two files share one only
// after an older copy of the database was put back, which gives numbers once more that later files had.
func vacant(from, to string) string {
	_, ext := splitName(filepath.Base(to))
	for name, n := to, 2; ; n++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		if same, err := sameContent(from, name); same || err != nil {
			return name // what is wrong with it is told by whoever puts the file there
		}
		name = strings.TrimSuffix(to, ext) + "-" + strconv.Itoa(n) + ext
	}
}

func day(m *Mapping, f store.File) string {
	return filepath.FromSlash(f.StartedAt.In(m.folders).Format("2006/01/02"))
}

// maxStem is how much of a file's name, in bytes, its archived forms keep: a name has 255 at most on most file systems,
// and number, endings and the mark of a temporary file come on top.
const maxStem = 180

func splitName(name string) (stem, ext string) {
	name = filepath.Base(name)
	ext = filepath.Ext(name)
	if inner := unpackedName(name); inner != name {
		ext = filepath.Ext(inner) + ext // .csv.gz
	}
	if ext == name || len(ext) > maxExt {
		return cutName(name), ""
	}
	return cutName(strings.TrimSuffix(name, ext)), ext
}

// unpackedName is a name without the ending of a compressed file.
func unpackedName(name string) string {
	if n := len(name) - len(".gz"); n > 0 && strings.EqualFold(name[n:], ".gz") {
		return name[:n]
	}
	return name
}

// maxExt is the longest ending, in bytes, that is taken for one.
const maxExt = 16

// cutName shortens a name without cutting a character in two.
func cutName(name string) string {
	if len(name) <= maxStem {
		return name
	}
	n := maxStem
	for n > 0 && !utf8.RuneStart(name[n]) {
		n--
	}
	return name[:n]
}

// relative tells a path below the home the way it is stored.
func (im *Importer) relative(path string) string {
	if path == "" {
		return ""
	}
	rel, err := filepath.Rel(im.c.Home, path)
	if err != nil || im.c.Home == "" {
		return filepath.ToSlash(path)
	}
	return filepath.ToSlash(rel)
}

// place gives a file its name in the archive, beside the one it has, without ever replacing another file: by a link, or
// where the file system cannot link, by a copy that is synced. It may be called again after a crash.
func (im *Importer) place(from, to string) error {
	if err := im.makeFolder(filepath.Dir(to)); err != nil {
		return err
	}
	err := os.Link(from, to)
	switch {
	case err == nil:
		// The file keeps the permissions of whoever dropped it until here.
		a := im.accessOf(to)
		if err := os.Chmod(to, a.file); err != nil && !errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("protect %s: %w", filepath.Base(to), err)
		}
		// One that belongs to somebody else keeps its group: who dropped it may read it anyway.
		if err := a.grant(to, a.file); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	case errors.Is(err, fs.ErrExist):
		if same, cmpErr := sameContent(from, to); cmpErr != nil || !same {
			return fmt.Errorf("%s is there already and is another file", filepath.Base(to))
		}
	case errors.Is(err, syscall.EXDEV), errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.EMLINK),
		errors.Is(err, syscall.ENOSYS):
		if err := im.copyFile(from, to); err != nil {
			return err
		}
	default:
		return fmt.Errorf("move %s: %w", filepath.Base(from), err)
	}
	return syncDir(filepath.Dir(to))
}

// removeSynced removes a file that has its place elsewhere.
func removeSynced(path string) error {
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("remove %s, which is archived: %w", filepath.Base(path), err)
	}
	return syncDir(filepath.Dir(path))
}

// makeFolder makes a folder and those above it, so that their names survive a power cut: a file that is synced inside a
// folder whose own name is lost is lost.
func (im *Importer) makeFolder(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	above := filepath.Dir(dir)
	if above != dir {
		if err := im.makeFolder(above); err != nil {
			return err
		}
	}
	a := im.accessOf(dir)
	if err := os.Mkdir(dir, a.dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("make the folder %s: %w", dir, err)
	}
	if err := a.grant(dir, a.dir); err != nil {
		return err
	}
	return syncDir(above)
}

func (im *Importer) copyFile(from, to string) error {
	if _, err := os.Lstat(to); err == nil {
		if same, err := sameContent(from, to); err != nil || !same {
			return fmt.Errorf("%s is there already and is another file", filepath.Base(to))
		}
		return nil
	}
	in, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("copy %s: %w", filepath.Base(from), err)
	}
	defer in.Close()
	return im.writeWhole(to, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
}

// writeWhole writes a file so that it is there whole and synced, or not at all: under a temporary name first.
func (im *Importer) writeWhole(path string, write func(io.Writer) error) error {
	name := filepath.Base(path)
	if err := im.makeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	temporary := filepath.Join(filepath.Dir(path), "."+name+".tmp")
	a := im.accessOf(path)
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, a.file)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err = a.grant(temporary, a.file); err == nil {
		err = write(f)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, errors.Join(err, os.Remove(temporary)))
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync the folder %s: %w", dir, err)
	}
	defer d.Close()
	// Some network file systems cannot sync a folder; the files in it are synced all the same.
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return fmt.Errorf("sync the folder %s: %w", dir, err)
	}
	return nil
}

func sameContent(a, b string) (bool, error) {
	first, err := fileHash(a)
	if err != nil {
		return false, err
	}
	second, err := fileHash(b)
	return first == second, err
}

// writeReason puts a text that says why beside a file that is refused.
func (im *Importer) writeReason(path string, no *refusal) error {
	return im.writeWhole(path+".reason.txt", func(w io.Writer) error {
		text := sentence(no.reason) + "\n"
		if no.hint != "" {
			text += no.hint + "\n"
		}
		_, err := io.WriteString(w, text)
		return err
	})
}
