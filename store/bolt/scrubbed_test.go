package bolt_test

import (
	"path/filepath"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// TestScrubbed keeps one sum of what is archived beside that of what came, and loses both with the file.
func TestScrubbed(t *testing.T) {
	t.Parallel()
	ctx, now := t.Context(), crashDay
	db, err := bolt.Create(filepath.Join(t.TempDir(), "capibara.db"), bolt.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	f, err := db.OpenFile(ctx, store.NewFile{Name: "a.csv", Source: "deals", SHA256: event.Hash{1}}, now)
	if err == nil {
		_, err = db.CloseFile(ctx, f.Number, store.FileEnd{State: store.FileImported, ArchivedAs: "archive/a.csv", ArchivedSHA256: event.Hash{2}}, now)
	}
	if err != nil {
		t.Fatal(err)
	}
	sound(t, db)
	for _, sum := range []byte{2, 3, 3} {
		if err := db.Scrubbed(ctx, f.Number, event.Hash{sum}, now); err != nil {
			t.Fatal(err)
		}
		if f, err = db.File(ctx, f.Number); err != nil || f.ArchivedSHA256 != (event.Hash{sum}) || f.SHA256 != (event.Hash{1}) {
			t.Errorf("%+v, %v", f, err)
		}
		sound(t, db)
	}
	later := now.Add(2 * store.MinHistory)
	if p, err := db.Prune(ctx, store.Retention{History: later.Add(-store.MinHistory)}, later.Add(time.Second)); err != nil || p.Files != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	sound(t, db)
}
