package bolt_test

import (
	"errors"
	"syscall"
	"testing"

	"capibara/store"
	"capibara/store/bolt"
)

// TestBroken lets a commit fail so that nobody knows whether the disk holds it: nothing more is changed, the reason is
// what the system said and no damage, and the next opening goes on.
func TestBroken(t *testing.T) {
	t.Parallel()
	path := create(t)
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-db.Broken():
		t.Fatal("it is broken from the start")
	default:
	}
	db.BreakOff(syscall.EIO)
	db.BreakOff(errors.New("another one"))
	<-db.Broken()
	if _, err = db.OpenFile(t.Context(), store.NewFile{Name: "a.csv"}, crashDay); !errors.Is(err, syscall.EIO) || errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a change says %v", err)
	}
	if _, err := db.Files(t.Context(), store.Filter{}); err != nil {
		t.Errorf("it cannot be read any more: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if db, err = bolt.Open(path, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err = db.OpenFile(t.Context(), store.NewFile{Name: "a.csv"}, crashDay); err != nil || db.BrokenBy() != nil {
		t.Errorf("opened again it says %v, %v", err, db.BrokenBy())
	}
}
