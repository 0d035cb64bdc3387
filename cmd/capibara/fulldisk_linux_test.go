package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"capibara/audit"
	"capibara/uploader/sandbox"
)

// smallDisk is a file system of a size that can be changed.
type smallDisk struct {
	t   *testing.T
	dir string
}

// newSmallDisk mounts one, which only root may.
func newSmallDisk(t *testing.T, size string) smallDisk {
	t.Helper()
	d := smallDisk{t, t.TempDir()}
	if err := syscall.Mount("tmpfs", d.dir, "tmpfs", 0, "size="+size); errors.Is(err, syscall.EPERM) {
		t.Skip("a small disk cannot be mounted by this user; root can")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(d.dir, 0); err != nil {
			t.Error(err)
		}
	})
	return d
}

// room gives the disk another size.
func (d smallDisk) room(size string) {
	d.t.Helper()
	if err := syscall.Mount("tmpfs", d.dir, "tmpfs", syscall.MS_REMOUNT, "size="+size); err != nil {
		d.t.Fatal(err)
	}
}

// fill leaves no room on the disk; what it returns takes the filling away.
func (d smallDisk) fill() (empty func()) {
	d.t.Helper()
	path := filepath.Join(d.dir, "filling")
	f, err := os.Create(path)
	if err != nil {
		d.t.Fatal(err)
	}
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if cerr := f.Close(); !errors.Is(err, syscall.ENOSPC) || cerr != nil {
		d.t.Fatal(err, cerr)
	}
	return func() {
		d.t.Helper()
		if err := os.Remove(path); err != nil {
			d.t.Fatal(err)
		}
	}
}

// full runs a command for which there is no room, and expects to be told.
func (h *home) full(args ...string) {
	h.t.Helper()
	var said bytes.Buffer
	cmd := h.command(args...)
	cmd.Stderr = &said
	err := cmd.Run()
	if err == nil || cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(said.String(), "no space left on device") ||
		!strings.Contains(said.String(), "hint: the disk is full: make room on it") {
		h.t.Errorf("capibara %s on a full disk: %v\n%s", args[0], err, said.String())
	}
}

// TestFullDiskWhileWorking fills the disk at the beginning, during an import and during an upload. Once there is room, the
// same command goes on, and both sides agree in the end.
func TestFullDiskWhileWorking(t *testing.T) {
	t.Parallel()
	disk := newSmallDisk(t, "64k")
	s, web := meta(t, sandbox.Config{Seed: 1})
	h := &home{t: t, dir: filepath.Join(disk.dir, "home"), url: web.URL}
	path := exportWithMistakes(t, 10_000)

	empty := disk.fill()
	h.full("init")
	empty()
	disk.room("2m")
	h.must("init")
	if err := os.WriteFile(filepath.Join(h.dir, configName), []byte(crashConfig), 0o600); err != nil {
		t.Fatal(err)
	}

	h.full("import", path)
	h.must("check", "--database")
	before := lines[audit.File](h, "history", "files")[0]
	if before.State != "importing" {
		t.Errorf("a file that no room is for is %s", before.State)
	}
	disk.room("64m")
	h.must("import", path)
	files := lines[audit.File](h, "history", "files")
	if c := files[0].Counts; len(files) != 1 || files[0].State != "imported" || c.Rejected != 20 || c.Records != 10_020 {
		t.Errorf("there are %d files; the first is %s with %+v", len(files), files[0].State, c)
	}

	empty = disk.fill()
	h.full("upload")
	h.must("status")
	h.must("check", "--database")
	empty()
	h.drain()
	h.reconcile(s)
}

// TestFullDiskForCopies has no room for a second database: a backup, a restore and a compaction say so and change nothing.
func TestFullDiskForCopies(t *testing.T) {
	t.Parallel()
	disk := newSmallDisk(t, "64m")
	h := &home{t: t, dir: filepath.Join(disk.dir, "home"), url: "http://127.0.0.1:1"}
	h.must("init")
	if err := os.WriteFile(filepath.Join(h.dir, configName), []byte(crashConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	h.must("import", export(t, 2_000))
	backup := filepath.Join(t.TempDir(), "backup.db")
	h.must("backup", backup)
	empty := disk.fill()
	for _, args := range [][]string{{"backup", filepath.Join(disk.dir, "backup.db")}, {"restore", backup}, {"compact"}} {
		var said bytes.Buffer
		cmd := h.command(args...)
		cmd.Stderr = &said
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != exitFailed || !strings.Contains(said.String(), "no space left on device") ||
			!strings.Contains(said.String(), "nothing was changed") || !strings.Contains(said.String(), "hint: ") {
			t.Errorf("capibara %s on a full disk: %v\n%s", args[0], err, said.String())
		}
		unhurt(t, filepath.Join(h.dir, "data", "capibara.db"))
	}
	empty()
	if !mayUpload(t, h.dir) {
		t.Error("it is not the ledger any more")
	}
	left, err := filepath.Glob(filepath.Join(disk.dir, "*"))
	if data, derr := os.ReadDir(filepath.Join(h.dir, "data")); err != nil || derr != nil || len(data) != 1 || len(left) != 1 {
		t.Errorf("left are %v and %v, %v, %v", left, data, err, derr)
	}
	h.must("compact")
}
