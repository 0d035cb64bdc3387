//go:build unix

package importer

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestRejectedMode lets a group mend what is rejected, whatever the umask of the process, and keeps the archive to the owner.
func TestRejectedMode(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	group := os.Getgid()
	f := &h.c.Folders
	f.RejectedMode, f.RejectedGroup = 0o660, &group
	if made, err := f.FurnishRejected(); err != nil || !made {
		t.Fatal(made, err)
	}
	if _, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", tillFile(100)), Archive: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", []byte("Receipt,Date,Amount\nR1,2026-11-17,5\n")), Archive: true}); err == nil {
		t.Fatal("a file without a person was taken")
	}
	files := 0
	for root, want := range map[string][2]fs.FileMode{f.Rejected: {0o660, 0o770}, f.Archive: {0o600, 0o700}} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			mode := want[0]
			if d.IsDir() {
				mode = want[1]
			} else {
				files++
			}
			if info.Mode().Perm() != mode {
				t.Errorf("%s has the mode %04o, want %04o", path, info.Mode().Perm(), mode)
			}
			if stat, ok := info.Sys().(*syscall.Stat_t); ok && stat.Gid != uint32(group) {
				t.Errorf("%s belongs to the group %d", path, stat.Gid)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if files != 5 {
		t.Errorf("%d files, want the archived one, two with what was rejected, the refused one and why", files)
	}
	// A folder that was there before gets both when init runs again.
	if err := os.Chmod(f.Rejected, 0o700); err != nil {
		t.Fatal(err)
	}
	made, err := f.FurnishRejected()
	if info, statErr := os.Stat(f.Rejected); err != nil || made || statErr != nil || info.Mode().Perm() != 0o770 {
		t.Errorf("made %v, %v; it has the mode %v", made, err, info.Mode())
	}
}
