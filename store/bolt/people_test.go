package bolt_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"

	"go.etcd.io/bbolt"
)

// TestPeopleBucketIsMadeWhenNeeded opens a database that an older version made, for reading and for writing.
func TestPeopleBucketIsMadeWhenNeeded(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "capibara.db")
	db, err := bolt.Create(path, bolt.Options{Now: crashDay})
	if err != nil {
		t.Fatal(err)
	}
	has := func() (there bool) {
		t.Helper()
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		b, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.View(func(tx *bbolt.Tx) error { there = tx.Bucket([]byte("people")) != nil; return nil }); err != nil {
			t.Fatal(err)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if db, err = bolt.Open(path, bolt.Options{}); err != nil {
			t.Fatal(err)
		}
		return there
	}
	if has() {
		t.Fatal("the bucket is there before anybody needs it; this test shows nothing")
	}
	if all, err := db.People(ctx, []event.Hash{{1}}); err != nil || len(all) != 1 || all[0] != nil {
		t.Errorf("%v, %v", all, err)
	}
	importPeople(t, db, 1, "there")
	if !has() {
		t.Error("the bucket is missing after a person was imported")
	}
	if all, err := db.People(ctx, []event.Hash{{1}}); err != nil || len(all[0]) == 0 {
		t.Errorf("%v, %v", all, err)
	}
	if err := db.Check(ctx, func(p string) { t.Error(p) }); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// importPeople imports one person and returns its fate.
func importPeople(t *testing.T, db *bolt.DB, key byte, lead string) store.Fate {
	t.Helper()
	f, err := db.OpenFile(t.Context(), store.NewFile{Name: "contacts.csv", SHA256: event.Hash{key}, Mapping: lead}, crashDay)
	if err != nil {
		t.Fatal(err)
	}
	var u event.UserData
	u.AddHash(event.Email, event.Hash{key})
	u.SetPlain(event.MADID, lead)
	res, err := db.Import(t.Context(), f.Number, store.Chunk{First: f.Counts.Records + 1, Records: []store.Record{
		{Person: &store.NewPerson{Key: event.Hash{key}, Identifiers: u.AppendBinary(nil)}}}}, crashDay)
	if err != nil {
		t.Fatal(err)
	}
	return res.Fates[0]
}

// TestDamagedPerson damages one person: nobody is sent with what is left, Check finds it, and the next export mends it.
func TestDamagedPerson(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "capibara.db")
	db, err := bolt.Create(path, bolt.Options{Now: crashDay})
	if err != nil {
		t.Fatal(err)
	}
	importPeople(t, db, 1, "DAMAGED")
	importPeople(t, db, 2, "whole")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(content, []byte("\x07DAMAGED"), []byte("\x07DAMAGEd")), 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err = bolt.Open(path, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if all, err := db.People(ctx, []event.Hash{{1}, {2}}); err != nil || all[0] != nil || all[1] == nil {
		t.Errorf("%q, %v", all, err)
	}
	problems := func() (all []string) {
		t.Helper()
		if err := db.Check(ctx, func(p string) { all = append(all, p) }); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if found := strings.Join(problems(), "\n"); !strings.Contains(found, "people 01") {
		t.Errorf("Check finds %q", found)
	}
	if fate := importPeople(t, db, 1, "DAMAGED"); fate != store.FateAccepted {
		t.Errorf("the person is a %s", fate)
	}
	if all, err := db.People(ctx, []event.Hash{{1}}); err != nil || all[0] == nil {
		t.Errorf("%q, %v", all, err)
	}
	for _, p := range problems() {
		if strings.Contains(p, "people") {
			t.Error(p)
		}
	}
}
