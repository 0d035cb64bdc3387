package bolt_test

import (
	"path/filepath"
	"testing"

	"capibara/store"
	"capibara/store/bolt"
	"capibara/store/storetest"
)

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Harness {
		path := filepath.Join(t.TempDir(), "capibara.db")
		db, err := bolt.Create(path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return storetest.Harness{Outbox: db, Reopen: func() (store.Outbox, error) { return bolt.Open(path, bolt.Options{}) }}
	})
}
