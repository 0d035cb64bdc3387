package bolt_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"capibara/store"
	"capibara/store/bolt"
)

// TestIDsMoveOn imports so many ids that they move on from the young index to the old one, and finds each of them.
func TestIDsMoveOn(t *testing.T) {
	t.Parallel()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "capibara.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	f, err := db.OpenFile(t.Context(), store.NewFile{Name: "a.csv"}, crashDay)
	if err != nil {
		t.Fatal(err)
	}
	const chunks, size = 14, 4000
	r := rand.New(rand.NewPCG(3, 4))
	ids := r.Perm(chunks * size)
	first := uint64(1)
	for c := range chunks {
		// Half of every later chunk was there before.
		again := make([]int, 0, size/2)
		for range min(c, 1) * size / 2 {
			again = append(again, ids[r.IntN(c*size)])
		}
		var records []store.Record
		for _, id := range append(again, ids[c*size:(c+1)*size]...) {
			records = append(records, store.Record{Rows: []store.NewRow{{Dataset: "123", EventName: "Purchase", EventID: fmt.Sprintf("%06d", id),
				Deadline: crashDay.Unix() + 100}}})
		}
		res, err := db.Import(t.Context(), f.Number, store.Chunk{First: first, Records: records}, crashDay)
		if err != nil {
			t.Fatal(err)
		}
		first += uint64(len(records))
		if res.Events != size {
			t.Fatalf("chunk %d: %d events of %d records are new, want %d", c, res.Events, len(records), size)
		}
	}
	young, old, err := db.CountIDs()
	if err != nil || young < 20_000 || old < size || young+old != chunks*size {
		t.Errorf("%d ids are young, %d old, %v", young, old, err)
	}
	if err := db.Check(t.Context(), func(p string) { t.Error(p) }); err != nil {
		t.Error(err)
	}
	for _, id := range []int{0, 1, chunks*size - 1} {
		if e, err := db.EventsByID(t.Context(), fmt.Sprintf("%06d", id)); err != nil || len(e) != 1 {
			t.Errorf("id %d is found %d times, %v", id, len(e), err)
		}
	}
}
