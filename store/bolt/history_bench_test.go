package bolt_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// oldTimes is the event_time of the first row of the large database; each next one is a second later.
const oldTimes = 1_600_000_000

// largeDB has n events of people who appear once each; the first batch of a thousand was acknowledged.
func largeDB(b *testing.B, n int) *bolt.DB {
	b.Helper()
	db, _ := benchDB(b)
	now := time.Unix(oldTimes, 0)
	records, rows := make([]store.Record, chunkRows), make([]store.NewRow, chunkRows)
	for c := range (n + chunkRows - 1) / chunkRows {
		f, err := db.OpenFile(b.Context(), store.NewFile{Name: fmt.Sprint(c, ".csv"), Source: "tills", SHA256: event.Hash{byte(c), byte(c >> 8)}}, now)
		if err != nil {
			b.Fatal(err)
		}
		for i := range records {
			number := c*chunkRows + i
			e := event.Event{Name: "Purchase", ID: idOf(number), Time: oldTimes + int64(number), ActionSource: event.SourcePhysicalStore}
			e.Custom.Value, _ = event.ParseMoney("19.99")
			e.Custom.Currency, e.Custom.OrderID = "EUR", fmt.Sprint("order-", number)
			for k, key := range []event.Key{event.Email, event.Phone, event.FirstName, event.LastName} {
				e.User.AddHash(key, personOf(number, k))
			}
			rows[i] = store.NewRow{Dataset: "1234567890", EventID: e.ID, EventName: e.Name, EventTime: e.Time, Deadline: e.Time + 1<<30,
				Payload: e.AppendBinary(nil), Value: e.Custom.Value, Currency: "EUR"}
			records[i] = store.Record{Line: uint64(i + 2), RecordKey: fmt.Sprint("key-", number), Rows: rows[i : i+1]}
		}
		if _, err := db.Import(b.Context(), f.Number, store.Chunk{First: 1, Records: records}, now); err != nil {
			b.Fatal(err)
		}
		if _, err := db.CloseFile(b.Context(), f.Number, store.FileEnd{State: store.FileImported}, now); err != nil {
			b.Fatal(err)
		}
	}
	in := store.Intent{Dataset: "1234567890"}
	for seq := range uint64(1000) {
		in.Rows = append(in.Rows, seq+1)
	}
	batch, err := db.Begin(b.Context(), in, now.Add(time.Hour))
	if err == nil {
		_, err = db.Settle(b.Context(), store.Settlement{Batch: batch.Number, Verdict: store.VerdictAcknowledged}, now.Add(time.Hour))
	}
	if err != nil {
		b.Fatal(err)
	}
	return db
}

func idOf(number int) string { return fmt.Sprintf("cb-%032x", uint64(number)*0x9e3779b97f4a7c15) }

func personOf(number, key int) event.Hash {
	x := uint64(number)*0x9e3779b97f4a7c15 + uint64(key)
	var h event.Hash
	for i := range h {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		h[i] = byte(x)
	}
	return h
}

// BenchmarkHistory asks what an auditor asks of a million events, of ten million with CAPIBARA_LONG_TESTS. What is looked for is at the far
// end, so that a page cannot be full before everything was passed.
func BenchmarkHistory(b *testing.B) {
	n := 1_000_000
	if os.Getenv("CAPIBARA_LONG_TESTS") != "" {
		n *= 10
	}
	db := largeDB(b, n)
	id := idOf(7)
	for _, tc := range []struct {
		name   string
		f      store.Filter
		events int
		scans  bool
	}{
		{"event_id", store.Filter{EventID: id}, 1, false},
		{"newest page", store.Filter{}, 100, false},
		{"state", store.Filter{State: store.StateAcknowledged}, 100, false},
		{"period", store.Filter{Until: time.Unix(oldTimes+100, 0)}, 100, false},
		{"file", store.Filter{File: 1}, 100, false},
		{"person", store.Filter{Person: []event.HashedValue{{Key: event.Email, Hash: personOf(7, 0)}}}, 1, true},
		{"record key", store.Filter{RecordKey: "key-7"}, 1, true},
		{"order", store.Filter{OrderID: "order-7"}, 1, true},
	} {
		b.Run(tc.name, func(b *testing.B) {
			for b.Loop() {
				found := 0
				for f := tc.f; ; {
					page, err := db.Events(b.Context(), f)
					if err != nil {
						b.Fatal(err)
					}
					if found += len(page.Items); found >= 100 || page.Next == "" {
						break
					}
					f.Cursor = page.Next
				}
				if found != tc.events {
					b.Fatalf("found %d, want %d", found, tc.events)
				}
			}
			if tc.scans {
				b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			}
		})
	}
	b.Run("show event", func(b *testing.B) {
		for b.Loop() {
			if found, err := db.EventsByID(b.Context(), id); err != nil || len(found) != 1 {
				b.Fatal(len(found), err)
			}
		}
	})
}
