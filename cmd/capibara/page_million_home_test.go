package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

const (
	millionFile  = 50_000 // records a file
	millionChunk = 20_000 // records a transaction
	millionBatch = 1_000  // events a batch
)

// millionConfig reads nothing: the ledger is written straight into the store.
const millionConfig = `
datasets: {main: {id: "1234567890"}}
upload: {urgent: false}
schedule: {upload: "0 2 29 2 *"}
web: 127.0.0.1:0
sources:
  - {name: tills, files: ["tills-*.csv"], dataset: main, record_key: [Key], action_source: physical_store, event_name: Purchase, columns: {email: Mail, event_time: Time}}
  - {name: deals, files: ["deals-*.csv"], dataset: main, record_key: [Key], action_source: physical_store, event_name: Purchase, columns: {email: Mail, event_time: Time}}
`

// million is a ledger of that many events, the newest of which wait to be sent.
type million struct {
	rows, waiting, refused int
	began                  time.Time // event_time of the first; each next one is as long after it as the days allow
	step                   time.Duration
}

// rowsWanted is a million, or what CAPIBARA_ROWS says.
func rowsWanted(t *testing.T) int {
	t.Helper()
	text := os.Getenv("CAPIBARA_ROWS")
	if text == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 2*millionFile {
		t.Fatalf("CAPIBARA_ROWS is %q; write a number from %d on", text, 2*millionFile)
	}
	return n / millionFile * millionFile
}

func (m million) id(n int) string { return fmt.Sprintf("cb-%032x", uint64(n+1)*0x9e3779b97f4a7c15) }

func (m million) at(n int) time.Time { return m.began.Add(time.Duration(n) * m.step) }

// mail is the hash of the address mail-N@example.com; a hundred events that follow each other are one person's.
func (m million) mail(n int) event.Hash {
	return sha256.Sum256(fmt.Appendf(nil, "mail-%d@example.com", n/100))
}

// name is that of an event; a few have another than most.
func (m million) name(n int) string {
	if n%5_000 == 0 {
		return "Lead"
	}
	return "Purchase"
}

// fill writes the ledger: files, events, and batches of all that do not wait.
func (m million) fill(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	value, err := event.ParseMoney("19.99")
	if err != nil {
		t.Fatal(err)
	}
	imported := time.Now().Add(-3 * time.Hour)
	records, rows := make([]store.Record, millionChunk), make([]store.NewRow, millionChunk)
	for first := 0; first < m.rows; first += millionFile {
		number := first/millionFile + 1
		source := []string{"tills", "deals"}[number%2]
		f, err := db.OpenFile(ctx, store.NewFile{Name: fmt.Sprintf("%s-%d.csv", source, number), Source: source, SHA256: event.Hash{byte(number), byte(number >> 8)},
			Size: 1 << 20, Mapping: `{"name":"` + source + `"}`}, imported)
		if err != nil {
			t.Fatal(err)
		}
		for done := 0; done < millionFile; {
			chunk := min(millionChunk, millionFile-done)
			for i := range chunk {
				n := first + done + i
				e := event.Event{Name: m.name(n), ID: m.id(n), Time: m.at(n).Unix(), ActionSource: event.SourcePhysicalStore}
				e.Custom.Value, e.Custom.Currency, e.Custom.OrderID = value, "EUR", fmt.Sprint("order-", n)
				e.User.AddHash(event.Email, m.mail(n))
				e.User.AddHash(event.Phone, event.Hash{1, byte(n), byte(n >> 8), byte(n >> 16)})
				e.User.AddHash(event.FirstName, event.Hash{2, byte(n), byte(n >> 8)})
				rows[i] = store.NewRow{Dataset: "1234567890", EventID: e.ID, EventName: e.Name, EventTime: e.Time, Deadline: e.Time + 6*86400,
					Payload: e.AppendBinary(nil), Value: value, Currency: "EUR"}
				records[i] = store.Record{Line: uint64(done + i + 2), RecordKey: fmt.Sprint("key-", n), Rows: rows[i : i+1]}
			}
			if _, err := db.Import(ctx, f.Number, store.Chunk{First: uint64(done + 1), Records: records[:chunk]}, imported); err != nil {
				t.Fatal(err)
			}
			done += chunk
		}
		if _, err := db.CloseFile(ctx, f.Number, store.FileEnd{State: store.FileImported}, imported.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	m.settle(ctx, t, db, imported.Add(time.Hour))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// settle has all events acknowledged that do not wait, but for the refused ones. Several do it at a time, so that they share transactions.
func (m million) settle(ctx context.Context, t *testing.T, db *bolt.DB, now time.Time) {
	t.Helper()
	todo := make(chan store.Intent)
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			for in := range todo {
				s := store.Settlement{Verdict: store.VerdictAcknowledged, Attempt: store.Attempt{End: "acknowledged", HTTPStatus: 200, EventsReceived: len(in.Rows), FBTraceID: fmt.Sprint("trace-", in.Rows[0])}}
				if len(in.Rows) == 1 {
					s.Verdict, s.Reason = store.VerdictRejected, event.ReasonRejectedByMeta
					s.Attempt = store.Attempt{End: "invalid_event", HTTPStatus: 400, Code: 100, Subcode: 2804003}
				}
				b, err := db.Begin(ctx, in, now)
				if err == nil {
					s.Batch = b.Number
					_, err = db.Settle(ctx, s, now.Add(time.Second))
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	sent := uint64(m.rows - m.waiting)
	for seq := uint64(1); seq <= sent && !t.Failed(); {
		size := uint64(millionBatch)
		if seq <= uint64(m.refused) {
			size = 1
		}
		in := store.Intent{Dataset: "1234567890"}
		for end := min(seq+size-1, sent); seq <= end; seq++ {
			in.Rows = append(in.Rows, seq)
		}
		todo <- in
	}
	close(todo)
	all.Wait()
}

// newMillionHome makes a home with such a ledger, and starts the process that serves its page.
func newMillionHome(t *testing.T, url string, m million) *pagedHome {
	t.Helper()
	h := &pagedHome{home: &home{t: t, dir: t.TempDir(), url: url}}
	put(t, filepath.Join(h.dir, configName), millionConfig)
	h.must("init")
	began := time.Now()
	m.fill(t, filepath.Join(h.dir, "data", "capibara.db"))
	if t.Failed() {
		t.FailNow()
	}
	t.Logf("%d events in %d files written in %v", m.rows, m.rows/millionFile, time.Since(began).Round(time.Millisecond))
	h.serve()
	return h
}
