package audit

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// noon is when everything in these tests happens.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const dataset = "1234567890"

// ledger is an outbox in which one thing of every kind has happened.
func ledger(t *testing.T) *bolt.DB {
	t.Helper()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "capibara.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := db.Check(context.Background(), func(problem string) { t.Errorf("the database disagrees with itself: %s", problem) })
		if err != nil {
			t.Error(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	importFile(t, db, "deals.csv", 10,
		record(2, row("deal-1", "Purchase", -time.Hour, "100.00")),
		record(3, row("deal-2", "Purchase", -time.Hour, "7.50")),
		record(4, row("deal-3", "Purchase", -time.Hour, "1")),
		record(5, row("deal-4", "Purchase", -8*24*time.Hour, "5")),
		store.Record{Line: 6, Fate: store.FateSkipped, Reason: event.ReasonStageNotMapped},
		store.Record{Line: 7, Fate: store.FateRejected, Reason: event.ReasonDateUnreadable, Column: "Close Date", RecordKey: "deal-6"},
	)
	importFile(t, db, "deals-again.csv", 20, record(2, row("deal-1", "Purchase", -time.Hour, "120.00")))
	// One batch of two is split: the first event is acknowledged, the second refused. The third event stays pending.
	b := begin(t, db, "deal-1", "deal-2")
	b = settle(t, db, store.Settlement{Batch: b.Number, Verdict: store.VerdictSplit, Children: []int{1, 1},
		Attempt: store.Attempt{EndedAt: noon, End: "invalid_event", HTTPStatus: 400, Code: 100, Subcode: 2804050, FBTraceID: "A1"}})
	good := retry(t, db, b.Children[0])
	settle(t, db, store.Settlement{Batch: good.Number, Verdict: store.VerdictAcknowledged,
		Attempt: store.Attempt{EndedAt: noon, End: "acknowledged", HTTPStatus: 200, EventsReceived: 1, FBTraceID: "A2"}})
	bad := retry(t, db, b.Children[1])
	settle(t, db, store.Settlement{Batch: bad.Number, Verdict: store.VerdictRejected, Reason: event.ReasonRejectedByMeta,
		Attempt: store.Attempt{EndedAt: noon, End: "invalid_event", HTTPStatus: 400, Code: 100, Subcode: 2804050, FBTraceID: "A3"}})
	return db
}

func row(id, name string, ago time.Duration, value string) store.NewRow {
	amount, err := event.ParseMoney(value)
	if err != nil {
		panic(err)
	}
	e := event.Event{Name: name, ID: id, Time: noon.Add(ago).Unix(), ActionSource: event.SourcePhysicalStore,
		Custom: event.CustomData{Value: amount, Currency: "EUR", OrderID: id}}
	e.User.AddHash(event.Email, sha256.Sum256([]byte(id+"@example.com")))
	return store.NewRow{Dataset: dataset, EventID: id, EventName: name, EventTime: e.Time,
		Deadline: event.DefaultWindow().Deadline(e.Time), Fingerprint: e.Fingerprint(), Payload: e.AppendBinary(nil), Value: amount, Currency: "EUR",
		Warnings: []event.Reason{event.ReasonDroppedPhone}}
}

func record(line uint64, rows ...store.NewRow) store.Record {
	return store.Record{Line: line, Rows: rows, RecordKey: rows[0].EventID}
}

func importFile(t *testing.T, db *bolt.DB, name string, seed byte, records ...store.Record) {
	t.Helper()
	f, err := db.OpenFile(t.Context(), store.NewFile{Name: name, Source: "deals", SHA256: event.Hash{seed}, Size: 1234, Mapping: "name: deals\n"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Import(t.Context(), f.Number, store.Chunk{First: 1, Records: records}, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := db.CloseFile(t.Context(), f.Number, store.FileEnd{State: store.FileImported, ArchivedAs: "archive/" + name}, noon); err != nil {
		t.Fatal(err)
	}
}

func begin(t *testing.T, db *bolt.DB, ids ...string) store.Batch {
	t.Helper()
	in := store.Intent{Dataset: dataset, BodySHA256: event.Hash{1, 2, 3}}
	for _, id := range ids {
		found, err := db.EventsByID(t.Context(), id)
		if err != nil || len(found) != 1 {
			t.Fatalf("event %s: %d found, %v", id, len(found), err)
		}
		in.Rows = append(in.Rows, found[0].Seq)
	}
	b, err := db.Begin(t.Context(), in, noon)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func retry(t *testing.T, db *bolt.DB, batch uint64) store.Batch {
	t.Helper()
	b, err := db.Retry(t.Context(), batch, nil, event.Hash{4, 5, 6}, noon)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func settle(t *testing.T, db *bolt.DB, s store.Settlement) store.Batch {
	t.Helper()
	b, err := db.Settle(t.Context(), s, noon)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func reader(t *testing.T) *Reader {
	t.Helper()
	r := testReader(t)
	r.store = ledger(t)
	r.next = func(after time.Time) time.Time { return after.Add(14 * time.Hour) }
	return r
}

// TestShapes holds the JSON that scripts and the socket rely on.
func TestShapes(t *testing.T) {
	r := reader(t)
	ctx := t.Context()
	for _, tc := range []struct {
		name string
		read func() (any, error)
	}{
		{"status", func() (any, error) { return r.Status(ctx) }},
		{"events", func() (any, error) { return r.Events(ctx, Query{}) }},
		{"events-paged", func() (any, error) { return first(r.Events(ctx, Query{Limit: 1})) }},
		{"events-rejected", func() (any, error) { return r.Events(ctx, Query{State: "rejected"}) }},
		{"events-of-file", func() (any, error) { return r.Events(ctx, Query{File: "deals.csv", Limit: 2, OrderID: "deal-2"}) }},
		{"batches", func() (any, error) { return r.Batches(ctx, Query{}) }},
		{"files", func() (any, error) { return r.Files(ctx, Query{}) }},
		{"show-event-acknowledged", func() (any, error) { return r.ShowEvent(ctx, "deal-1") }},
		{"show-event-rejected", func() (any, error) { return r.ShowEvent(ctx, "deal-2") }},
		{"show-event-late", func() (any, error) { return r.ShowEvent(ctx, "deal-4") }},
		{"show-batch", func() (any, error) { return r.ShowBatch(ctx, 1) }},
		{"show-file", func() (any, error) { return r.ShowFile(ctx, 1) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v, err := tc.read()
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tc.name+".json", v)
		})
	}
}

// first hides the cursor, which belongs to the backend, and keeps whether there is one.
func first(l List[Event], err error) (any, error) {
	return struct {
		Items []Event `json:"items"`
		More  bool    `json:"more"`
	}{l.Items, l.Next != nil}, err
}

func golden(t *testing.T, name string, v any) {
	t.Helper()
	got, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

func TestPagesCoverEverythingOnce(t *testing.T) {
	r := reader(t)
	seen := map[string]int{}
	q := Query{Limit: 1}
	for range 10 {
		page, err := r.Events(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			seen[e.EventID]++
		}
		if page.Next == nil {
			break
		}
		q.Cursor = *page.Next
	}
	if want := map[string]int{"deal-1": 1, "deal-2": 1, "deal-3": 1, "deal-4": 1}; !cmp.Equal(seen, want) {
		t.Errorf("pages of one gave %v, want %v", seen, want)
	}
}

func TestPersonIsFoundByWhatOneKnows(t *testing.T) {
	r := reader(t)
	for name, q := range map[string]Query{
		"plain address":      {Email: "DEAL-2@example.com"},
		"hash of an address": {Email: hexOf("deal-2@example.com")},
		"order":              {OrderID: "deal-2"},
		"record key":         {RecordKey: "deal-2"},
		"event id":           {EventID: "deal-2"},
	} {
		page, err := r.Events(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Items) != 1 || page.Items[0].EventID != "deal-2" {
			t.Errorf("%s: found %+v, want deal-2", name, page.Items)
		}
	}
}

func hexOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func TestUnknownNamesAreNotFound(t *testing.T) {
	r := reader(t)
	if _, err := r.ShowEvent(t.Context(), "deal"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an event_id that is only the start of one: %v", err)
	}
	if _, err := r.ShowBatch(t.Context(), 99); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("batch: %v", err)
	}
	if _, err := r.ShowFile(t.Context(), 99); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("file: %v", err)
	}
	r.datasets = append(r.datasets, Dataset{Alias: "shop"})
	for name, q := range map[string]Query{"file by name": {File: "other.csv"}, "file by number": {File: "99"}, "batch": {Batch: "99"},
		"dataset": {Dataset: "nope"}, "dataset by id": {Dataset: "999"}, "dataset without id": {Dataset: "shop"}} {
		if _, err := r.Events(t.Context(), q); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("events of a %s that is not there: %v", name, err)
		}
		if _, err := r.Files(t.Context(), q); q.File != "" && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("a %s that is not there: %v", name, err)
		}
		if _, err := r.Batches(t.Context(), q); q.File == "" && !errors.Is(err, store.ErrNotFound) {
			t.Errorf("batches of a %s that is not there: %v", name, err)
		}
	}
	r.datasets = nil
	if got, err := r.Events(t.Context(), Query{Dataset: dataset}); err != nil || len(got.Items) == 0 {
		t.Errorf("a dataset that is no longer configured has no history: %v", err)
	}
}
