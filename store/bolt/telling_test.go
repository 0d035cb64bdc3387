package bolt_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// TestSearchByContent compares what a search finds with what decoding every event finds.
func TestSearchByContent(t *testing.T) {
	t.Parallel()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "capibara.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now := time.Unix(oldTimes, 0)
	f, err := db.OpenFile(t.Context(), store.NewFile{Name: "tills.csv", Source: "tills"}, now)
	if err != nil {
		t.Fatal(err)
	}
	const n = 1200 // of more than two blocks
	var records []store.Record
	for i := range n {
		e := event.Event{Name: "Purchase", ID: idOf(i), Time: now.Unix() + int64(i), ActionSource: event.SourcePhysicalStore}
		e.Custom.OrderID = fmt.Sprint("o", i%7)
		e.User.AddHash(event.Email, personOf(i%5, 0))
		e.User.AddHash(event.Phone, personOf(i%3, 0))
		e.User.SetPlain(event.ExternalID, fmt.Sprint("c", i%4))
		records = append(records, store.Record{Line: uint64(i + 2), RecordKey: fmt.Sprintf("S%d · R%d", i%11, i%13),
			Rows: []store.NewRow{{Dataset: "1234567890", EventID: e.ID, EventName: e.Name, EventTime: e.Time, Deadline: e.Time + 1000, Payload: e.AppendBinary(nil)}}})
	}
	if _, err := db.Import(t.Context(), f.Number, store.Chunk{First: 1, Records: records}, now); err != nil {
		t.Fatal(err)
	}
	email := func(i int) event.HashedValue { return event.HashedValue{Key: event.Email, Hash: personOf(i, 0)} }
	for name, tc := range map[string]struct {
		f     store.Filter
		is    func(i int) bool
		every bool // no summary rules a block out
	}{
		"e-mail":                {store.Filter{Person: []event.HashedValue{email(3)}}, func(i int) bool { return i%5 == 3 }, true},
		"either of two":         {store.Filter{Person: []event.HashedValue{email(3), email(4)}}, func(i int) bool { return i%5 >= 3 }, true},
		"a hash of another key": {store.Filter{Person: []event.HashedValue{{Key: event.FirstName, Hash: personOf(1, 0)}}}, func(int) bool { return false }, true},
		"a hash or a plain id":  {store.Filter{Person: []event.HashedValue{email(3)}, PersonPlain: []event.PlainValue{{Key: event.ExternalID, Value: "c1"}}}, func(i int) bool { return i%5 == 3 || i%4 == 1 }, true},
		"order":                 {store.Filter{OrderID: "o2"}, func(i int) bool { return i%7 == 2 }, true},
		"a part of an order":    {store.Filter{OrderID: "o"}, func(int) bool { return false }, true},
		"column of a key":       {store.Filter{RecordKey: "S1"}, func(i int) bool { return i%11 == 1 }, true},
		"whole key":             {store.Filter{RecordKey: "S2 · R2"}, func(i int) bool { return i%11 == 2 && i%13 == 2 }, true},
		"person and order":      {store.Filter{Person: []event.HashedValue{email(0)}, OrderID: "o0"}, func(i int) bool { return i%35 == 0 }, true},
		"person in a period": {store.Filter{Person: []event.HashedValue{email(0)}, Since: now.Add(1100 * time.Second)},
			func(i int) bool { return i%5 == 0 && i >= 1100 }, false},
		"none in this state": {store.Filter{State: store.StateHeld}, func(int) bool { return false }, false},
	} {
		t.Run(name, func(t *testing.T) {
			var want, got []string
			for i := n - 1; i >= 0; i-- {
				if tc.is(i) {
					want = append(want, idOf(i))
				}
			}
			looked := uint64(0)
			for f := tc.f; ; {
				f.Limit = 50
				page, err := db.Events(t.Context(), f)
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range page.Items {
					got = append(got, e.EventID)
				}
				if looked += page.Looked; page.Next == "" {
					break
				}
				f.Cursor = page.Next
			}
			if !slices.Equal(got, want) {
				t.Errorf("found %d, want %d:\n%s", len(got), len(want), strings.Join(got, " "))
			}
			if (looked == n) != tc.every {
				t.Errorf("%d events were looked at", looked)
			}
		})
	}
}
