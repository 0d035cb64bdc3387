package audit

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/store"
	"capibara/store/bolt"
)

func TestFindUnderstandsWhatWasTyped(t *testing.T) {
	r := reader(t)
	importFile(t, r.store.(*bolt.DB), "4711.csv", 40, record(2, row("0031207946000", "Purchase", -time.Hour, "1")))
	for _, tc := range []struct {
		name, typed    string
		events         []string
		batches, files []uint64
		filter, kinds  string
	}{
		{name: "nothing", typed: "  "},
		{name: "event_id", typed: " deal-2 ", events: []string{"deal-2"}, filter: "event_id"},
		{name: "what is not there", typed: "deal-99", filter: "key"},
		{name: "number of a batch and a file", typed: "1", batches: []uint64{1}, files: []uint64{1}, filter: "key"},
		{name: "number of a batch", typed: "Batch 2", batches: []uint64{2}},
		{name: "number of a file", typed: "file 2", files: []uint64{2}},
		{name: "a batch that is not there", typed: "batch 99"},
		{name: "name of a file", typed: "DEALS.CSV", files: []uint64{1}, filter: "key"},
		{name: "part of the name of a file", typed: "deals-", files: []uint64{2}, filter: "key"},
		{name: "a part that is too short", typed: "dea", filter: "key"},
		{name: "number in the name of a file", typed: "4711", files: []uint64{3}, filter: "key"},
		{name: "SHA-256 of a file", typed: "14" + strings.Repeat("00", 31), files: []uint64{2}, filter: "key", kinds: "e-mail address and telephone number and external id"},
		{name: "fbtrace_id", typed: "A3", batches: []uint64{3}, filter: "key"},
		{name: "e-mail address", typed: "Deal-1@Example.com", events: []string{"deal-1"}, kinds: "e-mail address"},
		{name: "hash of an e-mail address", typed: hexOf("deal-2@example.com"), events: []string{"deal-2"}, kinds: "e-mail address and telephone number and external id"},
		{name: "nobody", typed: "nobody@example.com", filter: "key", kinds: "e-mail address"},
		{name: "telephone number", typed: "+31 20 794 6001", filter: "key", kinds: "telephone number"},
		{name: "an order that looks like a telephone number", typed: "0031207946000", events: []string{"0031207946000"}, filter: "event_id", kinds: "telephone number"},
		{name: "no telephone number", typed: "+1", filter: "key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := r.Find(t.Context(), tc.typed)
			if err != nil {
				t.Fatal(err)
			}
			var events []string
			for _, e := range f.Events.Items {
				events = append(events, e.EventID)
			}
			var batches, files []uint64
			for _, b := range f.Batches {
				batches = append(batches, b.Batch)
			}
			for _, file := range f.Files {
				files = append(files, file.File)
			}
			if !slices.Equal(events, tc.events) || !slices.Equal(batches, tc.batches) || !slices.Equal(files, tc.files) ||
				f.Filter != tc.filter || f.PersonKinds() != tc.kinds || len(f.Unfinished) > 0 || f.Events.Next != nil {
				t.Errorf("found events %v, batches %v, files %v, filter %q, kinds %q, unfinished %v, want %+v", events, batches, files, f.Filter, f.PersonKinds(), f.Unfinished, tc)
			}
			if text, err := json.Marshal(f); err != nil || strings.Contains(string(text), "null,\"batches") || strings.Contains(string(text), `"as":null`) {
				t.Errorf("as JSON it is %s, %v", text, err)
			}
			if len(f.As) > 0 != (tc.kinds != "") {
				t.Errorf("understood as %v", f.As)
			}
		})
	}
}

func TestFindSomeGoesOnWhereItEnded(t *testing.T) {
	r := reader(t)
	for name, most := range map[string]time.Duration{"enough found": time.Hour, "no time left": 0} {
		var got []string
		var next *string
		f, pages := store.Filter{}, 0
		for {
			next = nil
			whole, err := findSome(t.Context(), most, f, 1, r.store.Events, func(e store.EventEntry) bool { got = append(got, e.EventID); return true }, &next)
			if err != nil {
				t.Fatal(err)
			}
			if pages++; next == nil {
				if !whole {
					t.Errorf("%s: the last page is not whole", name)
				}
				break
			}
			if whole != (most > 0) {
				t.Errorf("%s: whole is %t", name, whole)
			}
			f.Cursor = *next
		}
		if want := []string{"deal-4", "deal-3", "deal-2", "deal-1"}; !slices.Equal(got, want) || pages != 4 {
			t.Errorf("%s: %v on %d pages, want %v", name, got, pages, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Find(ctx, "deal-99"); err == nil {
		t.Error("a search whose caller went away ends without an error")
	}
}
