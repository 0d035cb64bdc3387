package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"capibara/store"
)

// TestArchiveThatCannotBeWritten must not make a new import of every try: the file stays one that is being imported, and
// the database names no archived file that is not there.
func TestArchiveThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	h.c.Folders.Archive = filepath.Join(h.home, "archive")
	if err := os.WriteFile(h.c.Folders.Archive, []byte("a file where the folder should be"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := h.write(t, "till.csv", tillFile(20))
	for range 3 {
		r, err := h.Import(t.Context(), Input{Path: path, Archive: true})
		if err == nil {
			t.Fatal("a file was archived below a file")
		}
		if r.File.Number != 1 || r.File.State != store.FileImporting || r.File.ArchivedAs != "" {
			t.Fatalf("got %+v", r.File)
		}
	}
	if err := os.Remove(h.c.Folders.Archive); err != nil {
		t.Fatal(err)
	}
	r, err := h.Import(t.Context(), Input{Path: path, Archive: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.File.Number != 1 || r.File.State != store.FileImported || r.File.Counts.Duplicate != 0 {
		t.Errorf("got %+v", r.File)
	}
	if _, err := os.Stat(filepath.Join(h.home, r.File.ArchivedAs)); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("the file is still where it was: %v", err)
	}
	h.checked(t)
}

// TestLongName imports a file whose name leaves no room for number and ending.
func TestLongName(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, file string }{
		{"ascii", strings.Repeat("till", 62) + ".csv"},
		{"umlauts", "till" + strings.Repeat("ü", 122) + ".csv"},
		{"long ending", "till." + strings.Repeat("x", 240)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			m := compiled(t, till)
			h := newHouse(t, m)
			path := h.write(t, tc.file, tillFile(100))
			r, err := h.Import(t.Context(), Input{Path: path, Mapping: m, Archive: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range []string{r.File.ArchivedAs, r.File.Rejects} {
				if _, err := os.Stat(filepath.Join(h.home, p)); p == "" || err != nil {
					t.Errorf("%q: %v", p, err)
				}
			}
			if r.File.Name != tc.file {
				t.Errorf("the name was kept as %q", r.File.Name)
			}
			h.checked(t)
		})
	}
}
