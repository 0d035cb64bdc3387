package importer

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"capibara/importer/receipt"
)

// ReceiptFolder is where the pages go for people who see nothing of this program but a shared folder.
type ReceiptFolder struct {
	Dir      string      // absolute; "" for no receipts
	FileMode os.FileMode // 0 is 0644: a page holds no personal data
	Group    *int        // id of the group that the pages and the folder belong to; nil leaves it as it comes
}

// mode is the mode of the pages.
func (f ReceiptFolder) mode() os.FileMode {
	if f.FileMode == 0 {
		return 0o644
	}
	return f.FileMode
}

// dirMode is the mode of the folder: whoever may read or write a page may open the folder.
func (f ReceiptFolder) dirMode() os.FileMode {
	m := f.mode()
	return m | m&0o444>>2 | m&0o222>>1
}

// Furnish makes the folder when it is missing. strictly also gives one that is there its mode and group; the error then
// says what may not be set.
func (f ReceiptFolder) Furnish(strictly bool) (made bool, err error) {
	switch info, err := os.Stat(f.Dir); {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(f.Dir, f.dirMode()); err != nil {
			return false, fmt.Errorf("make the folder of receipts: %w", err)
		}
		made = true
	case err != nil:
		return false, fmt.Errorf("look at the folder of receipts: %w", err)
	case !info.IsDir():
		return false, fmt.Errorf("the folder of receipts %s is a file; move it away, or name another folder", f.Dir)
	}
	if !made && !strictly {
		return false, nil
	}
	if f.Group != nil {
		if err := os.Chown(f.Dir, -1, *f.Group); err != nil {
			return made, fmt.Errorf("give the folder of receipts %s to the group %d: %w; let the user who runs this be in that group, or name another one", f.Dir, *f.Group, cause(err))
		}
	}
	if err := os.Chmod(f.Dir, f.dirMode()); err != nil && strictly {
		return made, fmt.Errorf("give the folder of receipts %s the mode %04o: %w", f.Dir, f.dirMode(), cause(err))
	}
	return made, nil
}

// temporaryReceipt names the files that pages are written to first.
const temporaryReceipt = ".receipt-*.tmp"

// Replace writes a page under a name, whole or not at all, over the one that may be there.
func (f ReceiptFolder) Replace(name string, write func(io.Writer) error) error {
	temporary, err := f.temporary(write)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return f.publish(temporary, name)
}

// temporary writes a page under a name that nobody reads.
func (f ReceiptFolder) temporary(write func(io.Writer) error) (path string, err error) {
	if _, err := f.Furnish(false); err != nil {
		return "", err
	}
	file, err := os.CreateTemp(f.Dir, temporaryReceipt)
	if err != nil {
		return "", err
	}
	err = write(file)
	if err == nil {
		err = f.hand(file)
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return "", errors.Join(err, os.Remove(file.Name()))
	}
	return file.Name(), nil
}

// hand gives a page to those who may read it. A file system that knows no modes, as many network shares do, decides by
// itself who may.
func (f ReceiptFolder) hand(file *os.File) error {
	if f.Group != nil {
		if err := file.Chown(-1, *f.Group); err != nil {
			return fmt.Errorf("give it to the group %d: %w; correct folders.receipts_group in the configuration", *f.Group, cause(err))
		}
	}
	if err := file.Chmod(f.mode()); err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.ENOTSUP) {
		return cause(err)
	}
	return nil
}

func (f ReceiptFolder) publish(temporary, name string) error {
	if err := os.Rename(temporary, filepath.Join(f.Dir, name)); err != nil {
		return fmt.Errorf("write %s: %w", name, errors.Join(err, os.Remove(temporary)))
	}
	return syncDir(f.Dir)
}

// put writes a receipt under its name and returns that. Two imports never share a name, also when several processes write
// at once, and one import has one receipt however often it is written.
func (f ReceiptFolder) put(r receipt.Receipt) (name string, err error) {
	temporary, err := f.temporary(func(w io.Writer) error { return receipt.Write(w, r) })
	if err != nil {
		return "", err
	}
	if name, there := f.find(r); there {
		return name, f.publish(temporary, name)
	}
	for again := range maxSameName {
		name = nthName(r, again)
		switch err := os.Link(temporary, filepath.Join(f.Dir, name)); {
		case err == nil:
			if err := os.Remove(temporary); err != nil {
				return name, err
			}
			return name, syncDir(f.Dir)
		case errors.Is(err, fs.ErrExist):
			continue
		}
		// A file system without links: nothing better than to look first.
		if _, err := os.Lstat(filepath.Join(f.Dir, name)); errors.Is(err, fs.ErrNotExist) {
			return name, f.publish(temporary, name)
		}
	}
	return "", fmt.Errorf("%s and every name like it is taken in %s; move old receipts away: %w", name, f.Dir,
		errors.Join(fs.ErrExist, os.Remove(temporary)))
}

// maxSameName is how many names are tried for one receipt.
const maxSameName = 100

// nthName is the name of a receipt that is tried after again others.
func nthName(r receipt.Receipt, again int) string {
	if again == 0 {
		return receipt.FileName(r)
	}
	return receipt.NumberedName(r, again)
}

// find returns the name under which the receipt of the same import is there.
func (f ReceiptFolder) find(r receipt.Receipt) (name string, there bool) {
	for again := range maxSameName {
		name := nthName(r, again)
		path := filepath.Join(f.Dir, name)
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			if again == 0 {
				continue // it may have got another name while this one was taken
			}
			return "", false
		}
		if mark, _, ok := markOf(path); ok && mark == r.Mark.String() {
			return name, true
		}
	}
	return "", false
}

// markOf reads whose receipt a file is. Only a regular file can be one.
func markOf(path string) (mark string, started time.Time, ok bool) {
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return "", time.Time{}, false
	}
	file, err := os.Open(path)
	if err != nil {
		return "", time.Time{}, false
	}
	defer file.Close()
	return receipt.ReadMark(file)
}

// prune deletes the receipts of imports that began before an instant, and what was left behind while one was written.
func (f ReceiptFolder) prune(before time.Time) (deleted int, err error) {
	if f.Dir == "" {
		return 0, nil
	}
	entries, err := os.ReadDir(f.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("look for old receipts: %w", err)
	}
	var errs []error
	for _, e := range entries {
		path := filepath.Join(f.Dir, e.Name())
		if !f.old(path, e, before) {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("delete an old receipt: %w", err))
			continue
		}
		deleted++
	}
	return deleted, errors.Join(errs...)
}

func (f ReceiptFolder) old(path string, e fs.DirEntry, before time.Time) bool {
	if !e.Type().IsRegular() {
		return false
	}
	if left, err := filepath.Match(temporaryReceipt, e.Name()); left && err == nil {
		info, err := e.Info()
		return err == nil && info.ModTime().Before(before)
	}
	if !strings.HasSuffix(e.Name(), receipt.Ext) {
		return false
	}
	_, started, ok := markOf(path)
	return ok && started.Before(before)
}
