package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/audit"
	"capibara/importer"
	"capibara/importer/receipt"
	"capibara/store"
)

// TestPageReceipt asks for the receipts of files: only what was written as the receipt of the file is shown, whatever else lies in the
// folder and whatever the ledger says where it is.
func TestPageReceipt(t *testing.T) {
	t.Parallel()
	room, _, _ := servedRoom(t, nil)
	db, now := room.ledger.house.db, time.Now()
	folder := room.config.Folders.Receipts
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	const secret = "the secret of this home"
	outside := filepath.Join(room.config.Home, "secret.html")
	imported := func(n byte, where string) store.File {
		t.Helper()
		f, err := db.OpenFile(t.Context(), store.NewFile{Name: "deals.csv", Source: "deals", SHA256: [32]byte{n}, Size: 1, Mapping: "{}"}, now)
		if err == nil {
			_, err = db.CloseFile(t.Context(), f.Number, store.FileEnd{State: store.FileImported, Receipt: where}, now)
		}
		if err == nil {
			f, err = db.File(t.Context(), f.Number)
		}
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	page := func(f store.File, says string) []byte {
		return []byte("<!DOCTYPE html>\n<meta name=\"capibara-receipt\" content=\"" + receipt.Mark{File: f.Number, Started: f.StartedAt, SHA256: f.SHA256}.String() + "\">\n" + says)
	}
	own := imported(1, "receipts/own.html")
	for _, tc := range []struct {
		name, where string
		lay         func(f store.File, path string) error // what lies where the receipt should
		shown       bool
	}{
		{"its own", "receipts/own-2.html", func(f store.File, path string) error { return os.WriteFile(path, page(f, secret), 0o644) }, true},
		{"none", "", nil, false},
		{"one that was removed", "receipts/gone.html", nil, false},
		{"that of another import", "receipts/other.html", func(_ store.File, path string) error { return os.WriteFile(path, page(own, secret), 0o644) }, false},
		{"a page of somebody else", "receipts/strange.html", func(_ store.File, path string) error { return os.WriteFile(path, []byte(secret), 0o644) }, false},
		{"a link that leads out", "receipts/link.html", func(f store.File, path string) error {
			return errors.Join(os.WriteFile(outside, page(f, secret), 0o600), os.Symlink(outside, path))
		}, false},
		{"a folder", "receipts/folder.html", func(_ store.File, path string) error { return os.Mkdir(path, 0o755) }, false},
		{"a way out of the folder", "receipts/../secret.html", nil, false},
		{"a whole path", outside, nil, false},
		{"more than is ever written", "receipts/large.html", func(f store.File, path string) error {
			return os.WriteFile(path, page(f, strings.Repeat(secret, maxReceipt/len(secret)+1)), 0o644)
		}, false},
	} {
		f := imported(byte(10+len(tc.name)), tc.where)
		if tc.lay != nil {
			if err := tc.lay(f, filepath.Join(folder, filepath.Base(tc.where))); err != nil {
				t.Fatal(err)
			}
		}
		got, err := room.ledger.Receipt(t.Context(), f.Number)
		if shown := strings.Contains(string(got), secret); shown != tc.shown || !shown && (!errors.Is(err, store.ErrNotFound) || strings.Contains(err.Error(), room.config.Home)) {
			t.Errorf("%s: shown %t, %v", tc.name, shown, err)
		}
	}
	if _, err := room.ledger.Receipt(t.Context(), 4711); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("of a file that there is not: %v", err)
	}
}

// TestUnderWay follows imports as the page shows them.
func TestUnderWay(t *testing.T) {
	t.Parallel()
	var u underWay
	began := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for _, step := range []struct {
		after time.Duration
		name  string
		bytes int64
		want  *audit.ImportProgress
	}{
		{0, "a.csv", 100, &audit.ImportProgress{Percent: 10}},
		{time.Second, "a.csv", 150, &audit.ImportProgress{Percent: 15}},
		{2 * time.Second, "b.csv", 0, &audit.ImportProgress{}},
		{4 * time.Second, "a.csv", 300, &audit.ImportProgress{Percent: 30, SecondsLeft: 14}},
		{5 * time.Second, "a.csv", 1200, &audit.ImportProgress{Percent: 100}},
		{6 * time.Second, "a.csv", 10, &audit.ImportProgress{Percent: 1}}, // another file of that name
	} {
		now := began.Add(step.after)
		u.hear(importer.Progress{Name: step.name, Bytes: step.bytes, Total: 1000}, now)
		if got := u.of(step.name, now); got == nil || *got != *step.want {
			t.Errorf("after %s %s is at %+v, not %+v", step.after, step.name, got, step.want)
		}
	}
	later := began.Add(time.Minute)
	if got := u.of("a.csv", later); got != nil {
		t.Errorf("what tells nothing any more is at %+v", got)
	}
	u.hear(importer.Progress{Name: "c.xlsx"}, later)
	if got := u.of("c.xlsx", later); got != nil || len(u.byName) != 1 {
		t.Errorf("what has no length is at %+v, and %d are remembered", got, len(u.byName))
	}
}
