package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestDiskHint knows a way out of every way in which a disk fails, however deep the error is wrapped.
func TestDiskHint(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		errno syscall.Errno
		want  string
	}{
		{syscall.ENOSPC, "the disk is full"}, {syscall.EDQUOT, "the quota"}, {syscall.EROFS, "may only be read"}, {syscall.EIO, "failed"},
	} {
		err := fmt.Errorf("making the folder: %w", &fs.PathError{Op: "mkdir", Path: "data", Err: tc.errno})
		for _, wrapped := range []error{err, failed("", "init: %w", err), explained(err)} {
			if hint := hintOf(wrapped); !strings.Contains(hint, tc.want) || !strings.Contains(hint, "run the same command again") {
				t.Errorf("%v: the hint is %q", wrapped, hint)
			}
		}
	}
	if hint := hintOf(errors.New("something else")); hint != "" {
		t.Errorf("an error of no disk has the hint %q", hint)
	}
}

// TestWriteNew writes a file that is not there, and leaves one alone that is. Nothing else stays in the folder.
func TestWriteNew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, configName)
	if err := writeNew(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := writeNew(path, []byte("second")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a name that is taken: %v", err)
	}
	if err := writeNew(filepath.Join(dir, "missing", "file"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is missing: %v", err)
	}
	text, err := os.ReadFile(path)
	entries, derr := os.ReadDir(dir)
	if err := errors.Join(err, derr); err != nil || string(text) != "first" || len(entries) != 1 {
		t.Errorf("it holds %q beside %d others, %v", text, len(entries)-1, err)
	}
}
