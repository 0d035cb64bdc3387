package importer

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func newFoldersTest(t *testing.T) *inboxTest {
	t.Helper()
	it := newInboxTest(t)
	it.desk.sources = []string{"deals", "tills"}
	return it
}

func TestInboxFolders(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file    string
		taken   string // folder and name as they were imported, "" when it stays
		waiting string
	}{
		"in the inbox itself":             {"export.csv", "export.csv", ""},
		"in the folder of a source":       {"deals/export.csv", "deals/export.csv", ""},
		"whatever its name":               {"deals/whatever", "deals/whatever", ""},
		"without case":                    {"DEALS/whatever", "DEALS/whatever", ""},
		"a temporary name":                {"deals/export.csv.part", "", ""},
		"in the folder of none":           {"dealers/export.csv", "", "dealers is a folder that has the name of no source; drop the files themselves, or name it after one of the sources: deals, tills."},
		"a hostile name of a folder":      {"a\nb/export.csv", "", `"a\nb" is a folder that has the name of no source; drop the files themselves, or name it after one of the sources: deals, tills.`},
		"deeper":                          {"deals/2026/export.csv", "", "deals/2026 is a folder in the folder of a source; drop the files into deals themselves."},
		"a source within another":         {"deals/tills/export.csv", "", "deals/tills is a folder in the folder of a source; drop the files into deals themselves."},
		"half copied in a folder":         {"tills/half", "", "tills/half ends in zero bytes, as a file does while it is being copied; it is taken when they are gone."},
		"a folder that is hidden":         {".deals/export.csv", "", ""},
		"a hostile name in a folder":      {"deals/-rf $(x)\n", "deals/-rf $(x)\n", ""},
		"a claimed file of a folder":      {"deals/.claimed/1/export", "deals/export", ""},
		"a folder where a claim would be": {".claimed/1/deals/export.csv", "", "deals is a folder that has the name of no source"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			it := newFoldersTest(t)
			text := "a\n1\n"
			if strings.Contains(name, "half") {
				text = strings.Repeat("\x00", 100)
			}
			it.drop(t, c.file, text, long)
			it.sweep(t)
			it.sweep(t)
			if got := strings.Join(it.desk.imported(), "|"); got != c.taken {
				t.Errorf("imported %q, want %q", got, c.taken)
			}
			if got := strings.Join(it.Waiting(), "\n"); !strings.HasPrefix(got, c.waiting) || c.waiting == "" && got != "" {
				t.Errorf("waiting: %q", got)
			}
			if len(it.desk.imported())+len(it.left(t)) != 1 {
				t.Errorf("imported %q, left %q", it.desk.imported(), it.left(t))
			}
		})
	}
}

func TestInboxFolderOfReceipts(t *testing.T) {
	t.Parallel()
	it := newFoldersTest(t)
	it.desk.sources = append(it.desk.sources, "receipts") // the configuration refuses it, and still it is no source's
	it.c.Receipts = filepath.Join(it.dir, "receipts") + "/"
	page := it.drop(t, "receipts/deals.csv - accepted 1, rejected 0.html", "page", long)
	it.drop(t, "receipts/own.csv", "page", long)
	it.sweep(t)
	if _, err := os.Stat(page); err != nil || len(it.desk.imported()) != 0 || it.Waiting() != nil {
		t.Errorf("imported %q, waiting %q, %v", it.desk.imported(), it.Waiting(), err)
	}
}

func TestInboxFolderIsALink(t *testing.T) {
	t.Parallel()
	it := newFoldersTest(t)
	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, "secret.csv"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(it.dir, "deals")); err != nil {
		t.Fatal(err)
	}
	it.sweep(t)
	if len(it.desk.imported()) != 0 || !slices.Equal(it.Waiting(), []string{"deals is a link; drop the file itself."}) || len(listedAll(t, elsewhere)) != 1 {
		t.Errorf("imported %q, waiting %q", it.desk.imported(), it.Waiting())
	}
}

// An empty folder stays empty, so that whoever shares it sees nothing but files.
func TestInboxFolderStaysEmpty(t *testing.T) {
	t.Parallel()
	it := newFoldersTest(t)
	if err := os.Mkdir(filepath.Join(it.dir, "deals"), 0o700); err != nil {
		t.Fatal(err)
	}
	it.sweep(t)
	if got := listedAll(t, filepath.Join(it.dir, "deals")); len(got) != 0 {
		t.Errorf("made %q", got)
	}
}

func TestInboxFolderInTroubleHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	it := newFoldersTest(t)
	it.drop(t, "deals/a.csv", "a", long)
	it.drop(t, "deals/.claimed", "a file in the place of a folder", long)
	it.drop(t, "tills/b.csv", "a", long)
	it.drop(t, "c.csv", "a", long)
	for range 2 {
		it.sweep(t)
	}
	if got := it.desk.imported(); len(got) != 2 {
		t.Errorf("imported %q", got)
	}
	got := it.Waiting()
	if len(got) != 1 || !strings.HasPrefix(got[0], "The folder deals cannot be worked off: ") || !strings.Contains(got[0], "must be a folder; remove what is there") {
		t.Errorf("waiting: %q", got)
	}
	if n := strings.Count(it.log.String(), "cannot be worked off"); n != 1 {
		t.Errorf("logged %d times", n)
	}
}

// A process that ends with a file of a source's folder in its hands leaves it to the next one as that source's.
func TestInboxFolderEndedInTheMiddle(t *testing.T) {
	t.Parallel()
	it := newFoldersTest(t)
	it.drop(t, "deals/no pattern", "a", long)
	ctx, cancel := context.WithCancel(t.Context())
	it.desk.trouble = func(string) error { cancel(); return ctx.Err() }
	if _, err := it.Sweep(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if claimed, err := filepath.Glob(filepath.Join(it.dir, "deals", ".claimed", "*", "no pattern")); err != nil || len(claimed) != 1 {
		t.Fatalf("claimed %q, %v", claimed, err)
	}
	it.desk.trouble = nil
	it.restart(t)
	it.sweep(t)
	if got := it.desk.imported(); !slices.Equal(got, []string{"deals/no pattern"}) || len(it.left(t)) != 0 {
		t.Errorf("imported %q, left %q", got, it.left(t))
	}
}

// What one ledger has claimed is never taken by another: half of its records may be in the first one.
func TestInboxClaimOfAnotherLedger(t *testing.T) {
	t.Parallel()
	it := newFoldersTest(t)
	it.c.Owner = "aaaa"
	it.drop(t, "tills/1.csv", "a", long)
	ctx, cancel := context.WithCancel(t.Context())
	it.desk.trouble = func(string) error { cancel(); return ctx.Err() }
	if _, err := it.Sweep(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	it.desk.trouble = nil
	it.restart(t)
	it.c.Owner = "bbbb"
	it.drop(t, "2.csv", "a", long)
	it.sweep(t)
	got := it.Waiting()
	if !slices.Equal(it.desk.imported(), []string{"2.csv"}) || len(got) != 1 ||
		!strings.Contains(got[0], "tills/1.csv was claimed by a Capibara with another database") || !strings.Contains(got[0], ".claimed") {
		t.Errorf("imported %q, waiting %q", it.desk.imported(), got)
	}
	it.restart(t)
	it.c.Owner = "aaaa"
	it.sweep(t)
	if !slices.Equal(it.desk.imported(), []string{"2.csv", "tills/1.csv"}) || len(it.left(t)) != 0 {
		t.Errorf("imported %q, left %q", it.desk.imported(), it.left(t))
	}
}
