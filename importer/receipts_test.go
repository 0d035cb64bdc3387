package importer

import (
	"context"
	"errors"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"capibara/event"
	"capibara/importer/receipt"
	"capibara/store"
)

// receipts are the pages by their names.
func receipts(t *testing.T, f ReceiptFolder) map[string]string {
	t.Helper()
	pages := map[string]string{}
	for _, name := range listedAll(t, f.Dir) {
		page, err := os.ReadFile(filepath.Join(f.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		pages[name] = html.UnescapeString(string(page))
	}
	return pages
}

func TestEveryFileHasAReceipt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	f := h.withReceipts()
	h.c.Outlook = func(context.Context, string) (receipt.Outlook, error) {
		return receipt.Outlook{Next: noon().Add(14 * time.Hour), Dataset: "main"}, nil
	}
	mixed := tillFile(100)
	_, rejects := h.mend(t, "till.csv", mixed)
	for _, in := range []struct {
		name string
		data []byte
	}{
		{"till.csv", mixed},
		{"till.1.rejects.csv", []byte(strings.ReplaceAll(rejects, "lots", "7.25"))},
		{"till wrong.csv", []byte("Receipt,Date,Amount\nR1,2026-11-17,5\n")},
		{"till late.csv", []byte("Receipt,Date,Email,Amount\nL1,2026-10-17,l@example.com,5\n")},
		{"till changed.csv", []byte("Receipt,Date,Email,Amount\nR0,2026-11-17T10:00:00Z,p0@example.com,99\n")},
		{"till of till con.csv", []byte("Receipt,Date,Email,Amount\nC1,2026-11-17T10:00:00Z,p0@example.com,\"1250.25\"\n")},
	} {
		if _, err := h.Import(t.Context(), Input{Path: h.write(t, in.name, in.data), Archive: true}); err != nil {
			if _, refused := errors.AsType[*RefusedError](err); !refused {
				t.Fatal(err)
			}
		}
	}
	want := map[string][]string{
		"till.csv - accepted 76, rejected 4.html": {"4 of 100 records need to be mended.", "rejected/2026/11/23/till.1.rejects.xlsx",
			"column Amount · 4 records, first on line 18", "76 events wait for the next upload: Tuesday 24 November 2026, 02:00 (UTC).", "till.csv"},
		"till.csv - accepted 0, rejected 4, duplicate 76.html": {"76", "known already"},
		"till.1.rejects.csv - accepted 4, rejected 0.html":     {"All is well: 4 records were taken.", "These are 4 records of till.csv, file 1, that came back mended."},
		"till wrong.csv - refused.html":                        {"Nothing of this file was taken.", "Nothing of this file is sent."},
		"till late.csv - accepted 0, rejected 0.html":          {"1 record came too late to be sent.", "1 record, on line 2"},
		"till changed.csv - accepted 0, rejected 0.html":       {"line 2 differs from line 2 of file 1"},
		"till of till con.csv - accepted 1, rejected 0.html":   {"1\u202f250.25"},
	}
	got := receipts(t, f)
	for name, says := range want {
		for _, s := range says {
			if !strings.Contains(got[name], s) {
				t.Errorf("%s does not say %q", name, s)
			}
		}
	}
	if len(got) != len(want) {
		t.Errorf("receipts %q", listedAll(t, f.Dir))
	}
	files, err := h.db.File(t.Context(), 1)
	if err != nil || files.Receipt != "receipts/till.csv - accepted 76, rejected 4.html" {
		t.Errorf("the database names the receipt %q, %v", files.Receipt, err)
	}
	for name := range got {
		if info, err := os.Stat(filepath.Join(f.Dir, name)); err != nil || info.Mode().Perm() != 0o644 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	h.checked(t)
}

func TestReceiptsOfOneName(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	f := h.withReceipts()
	for i := range 3 {
		text := fmt.Sprintf("Receipt,Date,Email,Amount\nR%d,2026-11-20T10:00:00Z,p@example.com,5\n", i)
		if _, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", []byte(text))}); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"till.csv - accepted 1, rejected 0 (file 2).html", "till.csv - accepted 1, rejected 0 (file 3).html", "till.csv - accepted 1, rejected 0.html"}
	if got := listedAll(t, f.Dir); !slices.Equal(got, want) {
		t.Errorf("receipts %q", got)
	}
	// Another home whose files have the same numbers, and something that is no receipt at all.
	other := newHouse(t, compiled(t, till))
	other.c.Receipts = f
	if err := os.Mkdir(filepath.Join(f.Dir, "other till.csv - accepted 1, rejected 0.html"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"till.csv", "till.csv", "other till.csv"} {
		text := fmt.Sprintf("Receipt,Date,Email,Amount\nO%d,2026-11-20T10:00:00Z,p@example.com,6\n", i)
		if _, err := other.Import(t.Context(), Input{Path: other.write(t, name, []byte(text))}); err != nil {
			t.Fatal(err)
		}
	}
	want = append(want, "other till.csv - accepted 1, rejected 0 (file 3).html", "other till.csv - accepted 1, rejected 0.html",
		"till.csv - accepted 1, rejected 0 (file 1).html", "till.csv - accepted 1, rejected 0 (file 2, 2).html")
	slices.Sort(want)
	if got := listedAll(t, f.Dir); !slices.Equal(got, want) {
		t.Errorf("receipts %q", got)
	}
}

// Several processes may write receipts into one folder at once.
func TestReceiptsAtOnce(t *testing.T) {
	t.Parallel()
	f := ReceiptFolder{Dir: filepath.Join(t.TempDir(), "receipts")}
	var together sync.WaitGroup
	const n = 40
	for i := range n {
		together.Go(func() {
			r := receipt.Receipt{Name: "deals.csv", Mark: receipt.Mark{File: 7, Started: noon(), SHA256: [32]byte{byte(i)}}}
			for range 2 {
				if _, err := f.put(r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	together.Wait()
	marks := map[string]bool{}
	for name := range receipts(t, f) {
		mark, _, ok := markOf(filepath.Join(f.Dir, name))
		if !ok || marks[mark] {
			t.Errorf("%s has the mark %q, %v", name, mark, ok)
		}
		marks[mark] = true
	}
	if len(marks) != n {
		t.Errorf("%d receipts of %d files", len(marks), n)
	}
}

// TestReceiptAfterACrash lets the power go at every step of an import, and holds the receipt of the call that ends it
// against that of one without a crash.
func TestReceiptAfterACrash(t *testing.T) {
	t.Parallel()
	const records = chunkRecords + 123
	data := tillFile(records)
	whole := newHouse(t, compiled(t, till))
	whole.withReceipts()
	if _, err := whole.Import(t.Context(), Input{Path: whole.write(t, "till.csv", data)}); err != nil {
		t.Fatal(err)
	}
	want := receipts(t, whole.c.Receipts)
	for name, trouble := range map[string]failing{
		"before the first chunk": {},
		"after the first chunk":  {chunks: 1},
		"before the close":       {chunks: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, compiled(t, till))
			h.withReceipts()
			path := h.write(t, "till.csv", data)
			trouble.Importing = h.db
			h.c.Store = &trouble
			if _, err := h.Import(t.Context(), Input{Path: path, Archive: true}); !errors.Is(err, errPower) {
				t.Fatalf("got %v", err)
			}
			h.c.Store = h.db
			r, err := h.Import(t.Context(), Input{Path: path, Archive: true})
			if err != nil {
				t.Fatal(err)
			}
			got := receipts(t, h.c.Receipts)
			for file := range got {
				if r.File.Receipt != "receipts/"+file {
					t.Errorf("the database names %q", r.File.Receipt)
				}
				got[file] = essence(got[file])
				if d := cmp.Diff(essence(want[file]), got[file]); d != "" {
					t.Errorf("-without a crash +with one:\n%s", d)
				}
			}
			if len(got) != 1 {
				t.Errorf("receipts %q", listedAll(t, h.c.Receipts.Dir))
			}
		})
	}
}

// essence leaves out of a receipt what may differ after a crash: that there was one, and where the first of the records that
// were left out stands.
func essence(page string) string {
	var lines []string
	for line := range strings.Lines(page) {
		if strings.Contains(line, "The import was interrupted") {
			continue
		}
		if strings.Contains(line, "nothing by which") || strings.Contains(line, "no customer") {
			line, _, _ = strings.Cut(line, ", first on line")
			line, _, _ = strings.Cut(line, ", the first is record")
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	return strings.Join(lines, "\n")
}

func TestReceiptFolderTrouble(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	h.c.Receipts.Dir = h.write(t, "receipts", []byte("a file"))
	path := h.write(t, "till.csv", tillFile(30))
	r, err := h.Import(t.Context(), Input{Path: path, Archive: true})
	if err == nil || !strings.Contains(err.Error(), "is a file; move it away") {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file is gone without a receipt: %v", err)
	}
	if err := os.Remove(h.c.Receipts.Dir); err != nil {
		t.Fatal(err)
	}
	again, err := h.Import(t.Context(), Input{Path: path, Archive: true})
	if err != nil || again.File.Number != r.File.Number || again.File.Counts != r.File.Counts {
		t.Errorf("got %+v, %v", again.File, err)
	}
	if got := listedAll(t, h.c.Receipts.Dir); len(got) != 1 {
		t.Errorf("receipts %q", got)
	}
}

func TestReceiptModes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: Windows has no modes")
	}
	group := os.Getgid()
	for mode, dir := range map[os.FileMode]os.FileMode{0: 0o755, 0o660: 0o770, 0o600: 0o700, 0o664: 0o775, 0o640: 0o750} {
		f := ReceiptFolder{Dir: filepath.Join(t.TempDir(), "receipts"), FileMode: mode, Group: &group}
		name, err := f.put(receipt.Receipt{Name: "deals.csv"})
		if err != nil {
			t.Fatal(err)
		}
		if mode == 0 {
			mode = 0o644
		}
		for path, want := range map[string]os.FileMode{f.Dir: dir, filepath.Join(f.Dir, name): mode} {
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("%04o: %s has %v, want %04o: %v", mode, filepath.Base(path), info.Mode(), want, err)
			} else if got := info.Sys().(*syscall.Stat_t).Gid; int(got) != group {
				t.Errorf("%s belongs to the group %d", path, got)
			}
		}
		// A folder that was there gets its mode when it is asked for.
		if err := os.Chmod(f.Dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if made, err := f.Furnish(true); made || err != nil {
			t.Errorf("made %v, %v", made, err)
		}
		if info, err := os.Stat(f.Dir); err != nil || info.Mode().Perm() != dir {
			t.Errorf("%04o: the folder that was there has %v, %v", mode, info.Mode(), err)
		}
	}
}

func TestPruneReceipts(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	f := h.withReceipts()
	at := func(file uint64, ago time.Duration) {
		r := receipt.Receipt{Name: fmt.Sprintf("%d.csv", file), Mark: receipt.Mark{File: file, Started: noon().Add(-ago)}}
		if _, err := f.put(r); err != nil {
			t.Fatal(err)
		}
	}
	at(1, 31*24*time.Hour)
	at(2, 29*24*time.Hour)
	keep := []string{"2.csv - accepted 0, rejected 0.html", "_STATUS.html", "holiday.html", "notes.txt", "link.html", ".receipt-young.tmp"}
	for _, name := range []string{"_STATUS.html", "holiday.html", "notes.txt", ".receipt-young.tmp", ".receipt-old.tmp"} {
		if err := os.WriteFile(filepath.Join(f.Dir, name), []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if name != ".receipt-young.tmp" {
			long := noon().Add(-90 * 24 * time.Hour)
			if err := os.Chtimes(filepath.Join(f.Dir, name), long, long); err != nil {
				t.Fatal(err)
			}
		}
	}
	old := receipt.Receipt{Name: "elsewhere.csv", Mark: receipt.Mark{File: 9, Started: noon().Add(-99 * 24 * time.Hour)}}
	elsewhere, err := ReceiptFolder{Dir: h.home}.put(old)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(h.home, elsewhere), filepath.Join(f.Dir, "link.html")); err != nil {
		t.Fatal(err)
	}
	if n, err := h.Prune(t.Context(), 30*24*time.Hour); n != 2 || err != nil {
		t.Errorf("deleted %d, %v", n, err)
	}
	slices.Sort(keep)
	if got := listedAll(t, f.Dir); !slices.Equal(got, keep) {
		t.Errorf("left %q", got)
	}
	if n, err := (ReceiptFolder{Dir: filepath.Join(h.home, "nowhere")}).prune(noon()); n != 0 || err != nil {
		t.Errorf("of a folder that is not there: %d, %v", n, err)
	}
}

// The sum of a currency is whole however many names its events have.
func TestWorthOfManyNames(t *testing.T) {
	t.Parallel()
	one, err := event.ParseMoney("0.25")
	if err != nil {
		t.Fatal(err)
	}
	all := newReport(store.File{})
	for i := range maxSums + 500 {
		all.sum(rowSum{fmt.Sprint("event_", i), "EUR", one})
	}
	all.sum(rowSum{"event_0", "USD", one})
	all.sum(rowSum{"event_0", "", event.Money{}})
	want := []receipt.Sum{{Currency: "EUR", Events: 1500, Amount: "375.00"}, {Currency: "USD", Events: 1, Amount: "0.25"}, {Events: 1}}
	if d := cmp.Diff(want, all.worth()); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
