package bolt_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"capibara/store"
	"capibara/store/bolt"
)

// TestCopies holds a backup against the database that it is of.
func TestCopies(t *testing.T) {
	t.Parallel()
	path := create(t)
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	dir := t.TempDir()
	backup := filepath.Join(dir, "backup.db")
	c, err := db.Backup(t.Context(), filepath.Join(dir, "backup.tmp"), backup)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Backup(t.Context(), filepath.Join(dir, "backup.tmp"), backup); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a backup is written over: %v", err)
	}
	head, err := db.Head(t.Context())
	if err != nil || head != c.Head {
		t.Errorf("the head is %+v, and that of the backup %+v, %v", head, c.Head, err)
	}
	other, err := bolt.Open(backup, bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := other.Head(t.Context()); err != nil || got != head {
		t.Errorf("the head of the backup is %+v, %v", got, err)
	}
	if err := errors.Join(other.Check(t.Context(), func(p string) { t.Error(p) }), other.Close()); err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup is %v, %v", info, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// TestReplacedWhileWaiting lets a process wait for the lock of a file that another one takes the place of: it must not work
// on the one that nobody finds again.
func TestReplacedWhileWaiting(t *testing.T) {
	t.Parallel()
	path, other := create(t), create(t)
	release, err := bolt.Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Lock(path); !errors.Is(err, store.ErrLocked) {
		t.Errorf("it is locked twice: %v", err)
	}
	ended := make(chan error, 1)
	go func() {
		db, err := bolt.Open(path, bolt.Options{Timeout: 10 * time.Second})
		if err == nil {
			err = errors.Join(db.Note(t.Context(), "test", "somebody was here", crashDay), db.Close())
		}
		ended <- err
	}()
	time.Sleep(100 * time.Millisecond) // so that it waits; the test holds without as well
	if err := errors.Join(os.Rename(other, path), release()); err != nil {
		t.Fatal(err)
	}
	opened := <-ended
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	noted := false
	if err := db.Audit(t.Context(), 1, func(e store.AuditEntry) bool { noted = e.Kind == "test"; return true }); err != nil {
		t.Fatal(err)
	}
	if errors.Is(opened, store.ErrLocked) == noted || opened != nil && noted {
		t.Errorf("it says %v, and what it wrote is there: %t", opened, noted)
	}
}
