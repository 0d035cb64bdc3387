package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// copyFolders copies the configuration and the folders. A copy that a move made which was cut off is made anew: the old home
// may have gone on meanwhile.
func (m *move) copyFolders(ctx context.Context) error {
	if done, err := m.retiredHere(ctx); done || err != nil {
		return err
	}
	if path := m.configuration(); path != "" {
		if err := copyOne(path, filepath.Join(m.to, filepath.Base(path))); err != nil {
			return err
		}
	}
	// Without it the people would come back who were erased.
	if err := copyOne(m.config.erasedPath(), filepath.Join(m.to, filepath.Base(m.config.erasedPath()))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	folders := slices.Sorted(slices.Values(m.folders))
	for _, folder := range folders {
		if slices.ContainsFunc(folders, func(other string) bool {
			return other != folder && inside(filepath.Join(m.config.Home, other), filepath.Join(m.config.Home, folder))
		}) {
			continue // it is copied with the one that it lies in
		}
		to := filepath.Join(m.to, folder)
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		if err := m.copyTree(ctx, filepath.Join(m.config.Home, folder), to); err != nil {
			return fmt.Errorf("copying %s: %w", folder, err)
		}
	}
	return syncFolder(m.to)
}

// copyTree copies a folder with all that is in it, and has it on disk when it returns. What is no file, folder or link, such
// as a socket, stays.
func (m *move) copyTree(ctx context.Context, from, to string) error {
	info, err := os.Lstat(from)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case from == m.config.Folders.Data:
		return nil // the database is copied by itself
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := filepath.EvalSymlinks(from)
		if err != nil {
			return err
		}
		return os.Symlink(target, to)
	case info.Mode().IsRegular():
		m.files++
		return copyOne(from, to)
	case !info.IsDir():
		return nil
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := m.copyTree(ctx, filepath.Join(from, e.Name()), filepath.Join(to, e.Name())); err != nil {
			return err
		}
	}
	if err := os.Chmod(to, info.Mode().Perm()); err != nil {
		return err
	}
	return syncFolder(to)
}

// copyOne copies a file with its permissions and the time when it was changed, which decides when archived files are deleted.
func copyOne(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer closing(&err, in, from)
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Chmod(info.Mode().Perm()), out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}
