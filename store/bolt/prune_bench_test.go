package bolt_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// BenchmarkPrune empties, or removes, acknowledged rows with random ids from a database: with -benchtime=50x a million of them. A
// tenth as many stay behind them.
func BenchmarkPrune(b *testing.B) {
	now := time.Unix(1_700_000_000, 0)
	later := now.Add(400 * 24 * time.Hour)
	for name, r := range map[string]store.Retention{"contents": {Payload: now.Add(time.Hour)}, "history": {History: now.Add(time.Hour)}} {
		b.Run(name, func(b *testing.B) {
			db, path := benchDB(b)
			b.StopTimer()
			sendMany(b, db, b.N, now)
			sendMany(b, db, b.N/10+1, later)
			b.StartTimer()
			peak := 0
			var did uint64
			var longest time.Duration
			for {
				began := time.Now()
				p, err := db.Prune(b.Context(), r, later)
				if err != nil {
					b.Fatal(err)
				}
				if p.Nothing() {
					break
				}
				did += p.Removed + p.Emptied
				longest = max(longest, time.Since(began))
				peak = max(peak, anonymousMemory())
			}
			if did != uint64(b.N)*chunkRows {
				b.Fatalf("%d rows of %d", did, b.N*chunkRows)
			}
			b.ReportMetric(float64(did)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(longest.Milliseconds()), "longest-ms")
			report(b, path, b.N*chunkRows, peak)
			began := time.Now()
			if _, err := db.Prune(b.Context(), r, later); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(time.Since(began).Microseconds()), "nothing-us")
		})
	}
}

// sendMany imports chunks of rows and sends them in batches of 1,000, with the bodies that they make.
func sendMany(b *testing.B, db *bolt.DB, chunks int, now time.Time) {
	f, err := db.OpenFile(b.Context(), store.NewFile{Name: "deals.csv", Source: "deals", SHA256: event.Hash{byte(now.Unix() >> 24)}}, now)
	if err != nil {
		b.Fatal(err)
	}
	e := event.Event{Name: "Purchase", ID: "id", Time: now.Unix(), ActionSource: event.SourcePhysicalStore}
	e.Custom.Value, _ = event.ParseMoney("19.99")
	e.Custom.Currency = "EUR"
	for i := range 5 {
		e.User.AddHash(event.Email, event.Hash{byte(i)})
	}
	payload := e.AppendBinary(nil)
	json := e.AppendJSON(nil)
	body := event.Hash(sha256.Sum256(slices.Concat([]byte("["), bytes.Join(slices.Repeat([][]byte{json}, 1000), []byte(",")), []byte("]"))))
	source := rand.New(rand.NewPCG(1, uint64(now.Unix())))
	records := make([]store.Record, chunkRows)
	for c := range chunks {
		for i := range records {
			records[i] = store.Record{Rows: []store.NewRow{{Dataset: "1234567890", EventID: fmt.Sprintf("cb-%016x%016x", source.Uint64(), source.Uint64()),
				EventName: "Purchase", EventTime: now.Unix(), Deadline: now.Unix() + 600_000, Payload: payload}}}
		}
		if _, err := db.Import(b.Context(), f.Number, store.Chunk{First: uint64(c*chunkRows + 1), Records: records}, now); err != nil {
			b.Fatal(err)
		}
		for range chunkRows / 1000 {
			rows, err := db.Plan(b.Context(), store.PlanQuery{Dataset: "1234567890", Now: now, Limit: 1000})
			if err != nil {
				b.Fatal(err)
			}
			in := store.Intent{Dataset: "1234567890", BodySHA256: body}
			for _, r := range rows {
				in.Rows = append(in.Rows, r.Seq)
			}
			batch, err := db.Begin(b.Context(), in, now)
			if err == nil {
				_, err = db.Settle(b.Context(), store.Settlement{Batch: batch.Number, Verdict: store.VerdictAcknowledged}, now)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	if _, err := db.CloseFile(b.Context(), f.Number, store.FileEnd{State: store.FileImported}, now); err != nil {
		b.Fatal(err)
	}
}
