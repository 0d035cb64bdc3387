package bolt_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/store"
	"capibara/store/bolt"
)

// TestRenew holds that a database goes on in a new file, for those who write and those who read, and that what was overwritten
// is in no page of it.
func TestRenew(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "capibara.db")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	temporary := path + ".compacting"
	secret := strings.Repeat("what-was-erased-", 400)
	if err := db.SetRun(t.Context(), "upload", store.Run{Summary: secret}); err != nil {
		t.Fatal(err)
	}
	if err := db.SetRun(t.Context(), "upload", store.Run{Summary: "nothing"}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || !bytes.Contains(text, []byte(secret[:64])) {
		t.Fatalf("nothing is left to take out: %v", err)
	}
	head, err := db.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("not this one")
	if err := db.Renew(t.Context(), temporary, func(*bolt.DB) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("a new file that is not in order gives %v", err)
	}
	over := make(chan error, 1)
	go func() { over <- db.Check(t.Context(), func(p string) { t.Error(p) }) }()
	if err := db.Renew(t.Context(), temporary, func(fresh *bolt.DB) error {
		return fresh.Note(t.Context(), "compacted", "for a test", time.Now())
	}); err != nil {
		t.Fatal(err)
	}
	if err := <-over; err != nil {
		t.Error(err)
	}
	if now, err := db.Head(t.Context()); err != nil || now.Entry.N != head.Entry.N+1 {
		t.Errorf("the head is %d after %d, %v", now.Entry.N, head.Entry.N, err)
	}
	if _, err := os.Lstat(temporary); !errors.Is(err, os.ErrNotExist) {
		t.Error("the temporary file is still there")
	}
	if _, err := bolt.Open(path, bolt.Options{Timeout: 50 * time.Millisecond}); err == nil {
		t.Error("the new file is not locked")
	}
	if err := db.Note(t.Context(), "test", "goes on", time.Now()); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil || bytes.Contains(text, []byte(secret[:64])) {
		t.Errorf("what was overwritten is still in the file, %v", err)
	}
	if db, err = bolt.Open(path, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	if again, err := db.Head(t.Context()); err != nil || again.Entry.N != head.Entry.N+2 {
		t.Errorf("opened again, the head is %d, %v", again.Entry.N, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
