package importer

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPruneDeletesOldDaysOnly(t *testing.T) {
	t.Parallel()
	home := filepath.Join(t.TempDir(), "a [home] with * in it")
	now := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	im := New(Config{Home: home, Now: func() time.Time { return now },
		Folders: Folders{Archive: filepath.Join(home, "archive"), Rejected: filepath.Join(home, "rejected")}})
	for _, name := range []string{
		"archive/2026/10/01/deals.1.csv",
		"archive/2026/10/01/deals.2.csv",
		"archive/2026/10/23/deals.3.csv", // its last hour is within 30 days somewhere on earth
		"archive/2026/11/22/deals.4.csv",
		"archive/2026/10/01/a folder of somebody's/notes.txt",
		"archive/2025/12/31/old.csv",
		"archive/keep/2026/10/01/deals.csv",
		"archive/2026/13/45/no day.csv",
		"rejected/2026/09/30/deals.1.rejects.csv",
		"rejected/readme.txt",
	} {
		path := filepath.Join(home, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	elsewhere := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.MkdirAll(filepath.Join(elsewhere, "03"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kept.csv", "03/kept.csv"} {
		if err := os.WriteFile(filepath.Join(elsewhere, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(elsewhere, filepath.Join(home, "archive", "2026", "10", "02")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(home, "archive", "2020"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(home, "archive", "2020", "02")); err != nil {
		t.Fatal(err)
	}
	n, err := im.Prune(t.Context(), 30*24*time.Hour)
	if err != nil || n != 4 {
		t.Errorf("deleted %d, %v; want 4", n, err)
	}
	if left := filesBelow(t, elsewhere); len(left) != 2 {
		t.Errorf("behind the links only %v are left", left)
	}
	want := []string{
		"archive/2020/02",
		"archive/2026/10/01/a folder of somebody's/notes.txt",
		"archive/2026/10/02",
		"archive/2026/10/23/deals.3.csv",
		"archive/2026/11/22/deals.4.csv",
		"archive/2026/13/45/no day.csv",
		"archive/keep/2026/10/01/deals.csv",
		"rejected/readme.txt",
	}
	if diff := cmp.Diff(want, filesBelow(t, home)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(home, "archive", "2025")); !os.IsNotExist(err) {
		t.Errorf("the folders of an empty year are left: %v", err)
	}
	if n, err := im.Prune(t.Context(), 30*24*time.Hour); n != 0 || err != nil {
		t.Errorf("a second time it deleted %d, %v", n, err)
	}
}

func filesBelow(t *testing.T, root string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(root, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}
