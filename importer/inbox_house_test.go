package importer

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"capibara/store"
)

// inHouse is an inbox whose files a real importer takes.
func (h house) inbox(t *testing.T, dir string) *Inbox {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	b, err := NewInbox(InboxConfig{Importer: h.Importer, Dir: dir, Receipts: h.c.Receipts.Dir, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func dropInto(t *testing.T, dir, name string, data []byte, age time.Duration) {
	t.Helper()
	at := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, data, 0o600); err != nil {
		t.Fatal(err)
	}
	when := time.Now().Add(-age)
	if err := os.Chtimes(at, when, when); err != nil {
		t.Fatal(err)
	}
}

func oneSale(id int) []byte {
	return fmt.Appendf(nil, "Receipt,Date,Email,Amount\nR%d,2026-11-20T10:00:00Z,p%d@example.com,5\n", id, id)
}

// TestInboxHostileNamesToTheEnd follows every name from the inbox to its place: the archive, the database, the receipt.
func TestInboxHostileNamesToTheEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, strings.Replace(till, "*till*.csv", "*", 1)))
	f := h.withReceipts()
	dir := filepath.Join(h.home, "inbox")
	names := []string{"a\nb\x1b[31m.csv", "\xff\xfe.csv", strings.Repeat("x", 251) + ".csv", strings.Repeat("é", 127), "-rf", "$(reboot).csv", "`id`.csv",
		"  leading.csv", "trailing. . ", "%s%n.csv", "\u202evsc.csv", `C:\deals.csv`, "*.csv", `up\..\..\up.csv`, "CON", "nul.csv", "LPT1.csv",
		"a.1.csv", "a.1.rejects.csv", "_STATUS.html", "<b>.csv", "a:b|c?.csv", "=cmd.csv"}
	for i, name := range names {
		if runtime.GOOS != "linux" && !strings.ContainsAny(name, "ax") {
			continue
		}
		folder := ""
		if i%3 == 0 {
			folder = "TILL"
		}
		dropInto(t, dir, filepath.Join(folder, name), oneSale(i), long)
	}
	b := h.inbox(t, dir)
	reports, err := b.Sweep(t.Context())
	if err != nil || b.Waiting() != nil {
		t.Fatalf("%v, waiting %q", err, b.Waiting())
	}
	h.endedOnce(t, dir, len(names))
	if got := len(listedAll(t, f.Dir)); got != len(names) {
		t.Errorf("%d receipts of %d files", got, len(names))
	}
	for _, r := range reports {
		if _, err := os.Stat(filepath.Join(h.home, filepath.FromSlash(r.File.Receipt))); err != nil || r.File.Source != "till" {
			t.Errorf("%q of source %s has no receipt: %v", r.File.Name, r.File.Source, err)
		}
	}
}

// endedOnce fails the test unless n files ended in the archive, each with one event, and nothing is left in the inbox.
func (h house) endedOnce(t *testing.T, dir string, n int) {
	t.Helper()
	h.checked(t)
	archived := filesBelow(t, h.c.Folders.Archive)
	if len(archived) != n {
		t.Errorf("%d files in the archive, want %d: %q", len(archived), n, archived)
	}
	for _, left := range filesBelow(t, dir) {
		if filepath.Base(left) != ".lock" && !strings.HasPrefix(left, "receipts/") {
			t.Errorf("left in the inbox: %q", left)
		}
	}
	page, err := h.db.Files(t.Context(), store.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var accepted uint64
	places := map[string]bool{}
	for _, f := range page.Items {
		accepted += f.Counts.Accepted
		if f.State != store.FileImported || places[f.ArchivedAs] {
			t.Errorf("file %d is %s as %q", f.Number, f.State, f.ArchivedAs)
		}
		places[f.ArchivedAs] = true
	}
	if accepted != uint64(n) || len(page.Items) != n {
		t.Errorf("%d files and %d accepted records, want %d", len(page.Items), accepted, n)
	}
}

func TestInboxDroppedTwiceUnderTwoNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	f := h.withReceipts()
	dir := filepath.Join(h.home, "inbox")
	dropInto(t, dir, "till.csv", oneSale(1), long)
	dropInto(t, dir, "till copy.csv", oneSale(1), long/2)
	dropInto(t, dir, "till/export", oneSale(1), long/3)
	if _, err := h.inbox(t, dir).Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	page, err := h.db.Files(t.Context(), store.Filter{})
	if err != nil || len(page.Items) != 3 {
		t.Fatalf("%d files, %v", len(page.Items), err)
	}
	for i, want := range []store.FileCounts{{Records: 1, Duplicate: 1}, {Records: 1, Duplicate: 1}, {Records: 1, Accepted: 1}} {
		if page.Items[i].Counts != want {
			t.Errorf("%s: %+v", page.Items[i].Name, page.Items[i].Counts)
		}
	}
	if archived := filesBelow(t, h.c.Folders.Archive); len(archived) != 3 {
		t.Errorf("archived %q", archived)
	}
	if got := listedAll(t, f.Dir); len(got) != 3 {
		t.Errorf("receipts %q", got)
	}
	h.checked(t)
}

// TestInboxOnAnotherFileSystem has the inbox, its folders and the receipts on one device and the archive on another, where a
// rename cannot reach.
func TestInboxOnAnotherFileSystem(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	shared := otherDevice(t, h.home)
	h.c.Receipts = ReceiptFolder{Dir: filepath.Join(shared, "inbox", "receipts")}
	dir := filepath.Join(shared, "inbox")
	for i, name := range []string{"till.csv", "till/one", "Till/two.csv"} {
		dropInto(t, dir, name, oneSale(i), long)
	}
	b := h.inbox(t, dir)
	if _, err := b.Sweep(t.Context()); err != nil || b.Waiting() != nil {
		t.Fatalf("%v, waiting %q", err, b.Waiting())
	}
	h.endedOnce(t, dir, 3)
	if got := listedAll(t, h.c.Receipts.Dir); len(got) != 3 {
		t.Errorf("receipts %q", got)
	}
}

// otherDevice is a folder on another device than the one of home.
func otherDevice(t *testing.T, home string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "capibara-*")
	if err != nil {
		t.Skip("SKIPPED: there is no /dev/shm to stand for another file system")
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Link(touch(t, filepath.Join(home, "here")), filepath.Join(dir, "there")); err == nil {
		t.Skip("SKIPPED: /dev/shm is no other file system here")
	}
	return dir
}

func touch(t *testing.T, path string) string {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestInboxOfWhichNothingMayBeTaken is an inbox in which nothing may be made, or a file that may not be read.
func TestInboxOfWhichNothingMayBeTaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	if runtime.GOOS == "linux" {
		// Nobody, root included, may make a folder here.
		b := h.inbox(t, "/proc/self/fdinfo")
		if _, err := b.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), "make the folder for claimed files") {
			t.Errorf("a read-only inbox: %v", err)
		}
	}
	if os.Getuid() == 0 {
		t.Skip("SKIPPED in part: root may read everything")
	}
	dir := filepath.Join(h.home, "inbox")
	dropInto(t, dir, "till.csv", oneSale(1), long)
	if err := os.Chmod(filepath.Join(dir, "till.csv"), 0); err != nil {
		t.Fatal(err)
	}
	b := h.inbox(t, dir)
	if _, err := b.Sweep(t.Context()); err != nil || len(b.Waiting()) != 1 || !strings.Contains(b.Waiting()[0], "give this program the right to read it") {
		t.Errorf("waiting %q, %v", b.Waiting(), err)
	}
}

// TestInboxArchiveOnAFullDisk lets every write of more than a few bytes fail half way, as a full disk does.
func TestInboxArchiveOnAFullDisk(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("SKIPPED: only Linux has /dev/full")
	}
	h := newHouse(t, compiled(t, till))
	shared := otherDevice(t, h.home) // so that archiving copies
	dir := filepath.Join(shared, "inbox")
	day := filepath.Join(h.c.Folders.Archive, "2026", "11", "23")
	if err := os.MkdirAll(day, 0o700); err != nil {
		t.Fatal(err)
	}
	// The copy is written under this name first.
	full := filepath.Join(day, ".till.1.csv.tmp")
	if err := os.Symlink("/dev/full", full); err != nil {
		t.Fatal(err)
	}
	dropInto(t, dir, "till.csv", oneSale(0), long)
	b := h.inbox(t, dir)
	if _, err := b.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), syscall.ENOSPC.Error()) {
		t.Fatalf("got %v", err)
	}
	if w := b.Waiting(); len(w) != 1 || !strings.Contains(w[0], "till.csv is tried again") {
		t.Errorf("waiting %q", w)
	}
	if left := filesBelow(t, h.c.Folders.Archive); len(left) != 0 {
		t.Errorf("half a file in the archive: %q", left)
	}
	if _, err := h.inbox(t, dir).Sweep(t.Context()); err != nil { // a new process, and there is room again
		t.Fatal(err)
	}
	h.endedOnce(t, dir, 1)
}
