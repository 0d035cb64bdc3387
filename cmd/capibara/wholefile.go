package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// writeWhole puts a file in its place, whole or not at all, over the one that may be there.
func writeWhole(path string, text []byte, mode fs.FileMode) error {
	temporary, err := writeBeside(path, text, mode, true)
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return syncFolder(filepath.Dir(path))
}

// writeNew writes a file that must not exist yet, whole or not at all: half of one would be taken for the work of a person
// and be left as it is. The error wraps fs.ErrExist when the name is taken.
func writeNew(path string, text []byte) error { return writeNewWith(path, text, 0o644) }

// writeNewWith is writeNew with other permissions.
func writeNewWith(path string, text []byte, mode fs.FileMode) error {
	if _, err := os.Lstat(path); err == nil {
		return &fs.PathError{Op: "make", Path: path, Err: fs.ErrExist}
	}
	temporary, err := writeBeside(path, text, mode, false)
	if err != nil {
		return err
	}
	err = os.Link(temporary, path)
	switch {
	case err == nil:
		err = os.Remove(temporary)
	case errors.Is(err, fs.ErrExist):
	default:
		// A file system without links: nothing better than to have looked before.
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return syncFolder(filepath.Dir(path))
}

// writeBeside writes a file under a name that nobody reads, synced, and returns that. exactly gives it the
// permissions whatever the process takes from those of new files.
func writeBeside(path string, text []byte, mode fs.FileMode, exactly bool) (temporary string, err error) {
	temporary = filepath.Join(filepath.Dir(path), "."+strings.TrimLeft(filepath.Base(path), ".")+"-"+strconv.Itoa(os.Getpid())+".tmp")
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err == nil && exactly {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(temporary))
	}
	return temporary, nil
}
