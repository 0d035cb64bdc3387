package audit

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// The shape of the large ledger: a file of every so many rows, a batch of every so many, and a chunk of every so many.
const (
	speedFile  = 500_000
	speedBatch = 1000
	speedChunk = 20_000
)

// TestSpeedOfALargeLedger measures what an auditor waits for, on a ledger of CAPIBARA_ROWS events of thirty days, nine tenths of
// them sent. CAPIBARA_LEDGER is where it is kept, to measure again; without it goes away. It asserts nothing about time: the figures
// stand in docs/proof.md.
func TestSpeedOfALargeLedger(t *testing.T) {
	rows, err := strconv.Atoi(os.Getenv("CAPIBARA_ROWS"))
	if err != nil {
		t.Skip("CAPIBARA_ROWS says how many events the ledger shall have")
	}
	db := largeLedger(t, rows)
	ctx := t.Context()
	now := noon
	r := New(Config{Store: db, Datasets: []Dataset{{Alias: "main", ID: dataset}}, Now: func() time.Time { return now }})
	chance := rand.New(rand.NewPCG(1, 2))

	of := func(what string, times int, ask func() error) {
		t.Helper()
		var took []time.Duration
		busy := busyTime(t)
		for range times {
			began := time.Now()
			if err := ask(); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		t.Logf("%-44s median %10s, worst %10s of %d; %s of a processor each", what, took[len(took)/2].Round(10*time.Microsecond),
			took[len(took)-1].Round(10*time.Microsecond), times, ((busyTime(t) - busy) / time.Duration(times)).Round(10*time.Microsecond))
	}
	page := func(q Query) func() error {
		return func() error {
			list, err := r.Events(ctx, q)
			if err == nil && len(list.Items) == 0 {
				err = fmt.Errorf("nothing was found by %+v", q)
			}
			return err
		}
	}
	anID := func() string { return speedID(chance.IntN(rows)) }
	of("event by event_id", 500, func() error { return page(Query{EventID: anID()})() })
	of("show event, with its batches", 500, func() error {
		_, err := r.ShowEvent(ctx, anID())
		return err
	})
	of("show batch", 20, func() error {
		_, err := r.ShowBatch(ctx, uint64(1+chance.IntN(rows/speedBatch*9/10)))
		return err
	})
	of("show file", 5, func() error {
		_, err := r.ShowFile(ctx, 1)
		return err
	})
	day := now.AddDate(0, 0, -25).Format(time.DateOnly)
	for name, q := range map[string]Query{
		"page: newest":                 {},
		"page: state pending":          {State: "pending"},
		"page: state rejected":         {State: "rejected"},
		"page: a day in the middle":    {Since: day, Until: day},
		"page: a day, and rejected":    {Since: day, Until: day, State: "rejected"},
		"page: a source":               {Source: "tills"},
		"page: a source and rejected":  {Source: "tills", State: "rejected"},
		"page: a file and a dataset":   {File: "1", Dataset: "main"},
		"page: a batch and event_name": {Batch: "7", EventName: "Purchase"},
	} {
		of(name, 10, page(q))
	}
	scan := func(what string, q Query) {
		began, busy := time.Now(), busyTime(t)
		list, err := r.Events(ctx, q)
		if err != nil || len(list.Items) != 0 {
			t.Fatalf("%s: %d events, %v", what, len(list.Items), err)
		}
		took := time.Since(began)
		busy = busyTime(t) - busy
		t.Logf("%-44s %10s, %.1f million rows a second; %.1f million a second of a processor", what, took.Round(time.Millisecond),
			float64(rows)/took.Seconds()/1e6, float64(rows)/busy.Seconds()/1e6)
	}
	scan("person who is not there, by scan", Query{Email: "nobody@example.com"})
	scan("record key that is not there, by scan", Query{RecordKey: "K-none"})
	of("batch by fbtrace_id, of the oldest", 3, func() error {
		found, err := r.Batches(ctx, Query{FBTraceID: "T1"})
		if err == nil && len(found.Items) != 1 {
			err = fmt.Errorf("%d batches", len(found.Items))
		}
		return err
	})
	book := NewDaybook(db, time.UTC, r.now)
	of("daybook: the first count", 1, func() error { return book.count(ctx, time.Time{}, false) })
	of("daybook: what is new", 5, func() error { return book.count(ctx, time.Time{}, false) })
	r.daybook = book
	of("overview", 20, func() error {
		o, err := r.Overview(ctx)
		if err == nil && !o.Counted {
			err = fmt.Errorf("it is not whole")
		}
		return err
	})
}

// busyTime is how long processors worked for this process: on a machine that others use too it tells more than the clock.
func busyTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func speedID(i int) string {
	sum := sha256.Sum256([]byte(strconv.Itoa(i)))
	return fmt.Sprintf("cb-%x", sum[:16])
}

// largeLedger is a ledger of many events: imported, and nine tenths of them sent, one of a hundred batches being one event that was refused.
func largeLedger(t *testing.T, rows int) *bolt.DB {
	t.Helper()
	path := os.Getenv("CAPIBARA_LEDGER")
	if path == "" {
		path = filepath.Join(t.TempDir(), "capibara.db")
	}
	_, missing := os.Stat(path)
	open := bolt.Open
	if missing != nil {
		open = bolt.Create
	}
	db, err := open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if missing == nil {
		counts, err := db.Counts(t.Context(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if rows = 0; counts.Batches == 0 { // its making was cut off
			for _, n := range counts.Datasets[0].Events {
				rows += int(n)
			}
			sendMost(t, db, rows)
		}
		return db
	}
	began := time.Now()
	for at := 0; at < rows; at += speedFile {
		n := at/speedFile + 1
		f, err := db.OpenFile(t.Context(), store.NewFile{Name: fmt.Sprintf("sales-%d.csv", n), Source: []string{"deals", "tills"}[n%2], SHA256: sha256.Sum256([]byte{byte(n)}), Mapping: "{}"}, noon)
		if err != nil {
			t.Fatal(err)
		}
		for from := at; from < min(at+speedFile, rows); from += speedChunk {
			if _, err := db.Import(t.Context(), f.Number, speedRows(from, min(from+speedChunk, at+speedFile, rows), from-at, rows), noon); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := db.CloseFile(t.Context(), f.Number, store.FileEnd{State: store.FileImported}, noon); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d events were imported in %s", rows, time.Since(began).Round(time.Second))
	sendMost(t, db, rows)
	return db
}

func sendMost(t *testing.T, db *bolt.DB, rows int) {
	t.Helper()
	began := time.Now()
	send(t, db, rows/10*9/speedBatch)
	t.Logf("nine tenths of %d were sent in %s", rows, time.Since(began).Round(time.Second))
}

func speedRows(from, to, first, rows int) store.Chunk {
	c := store.Chunk{First: uint64(first + 1)}
	for i := from; i < to; i++ {
		amount, _ := event.ParseMoney(fmt.Sprintf("%d.%02d", i%1000, i%100))
		e := event.Event{Name: "Purchase", ID: speedID(i), ActionSource: event.SourcePhysicalStore,
			Time:   noon.Add(-29 * 24 * time.Hour).Add(time.Duration(float64(i) / float64(rows) * float64(29*24*time.Hour))).Unix(),
			Custom: event.CustomData{Value: amount, Currency: "EUR", OrderID: fmt.Sprint("O", i)}}
		e.User.AddHash(event.Email, sha256.Sum256([]byte(fmt.Sprintf("p%d@example.com", i))))
		e.User.AddHash(event.Phone, sha256.Sum256([]byte(fmt.Sprintf("3120%d", i))))
		e.User.AddHash(event.Country, sha256.Sum256([]byte("nl")))
		c.Records = append(c.Records, store.Record{Line: uint64(first + i - from + 2), RecordKey: fmt.Sprintf("K%d · S%d", i, i%100), Rows: []store.NewRow{{Dataset: dataset,
			EventID: e.ID, EventName: e.Name, EventTime: e.Time, Deadline: e.Time + int64(62*24*time.Hour/time.Second), Fingerprint: uint64(i),
			Payload: e.AppendBinary(nil), Value: amount, Currency: "EUR"}}})
	}
	return c
}

// send begins and settles batches of consecutive rows, several at once, as the journal takes them together.
func send(t *testing.T, db *bolt.DB, batches int) {
	t.Helper()
	next := make(chan int)
	var workers sync.WaitGroup
	for range 16 {
		workers.Go(func() {
			for n := range next {
				in := store.Intent{Dataset: dataset}
				size := speedBatch
				if n%100 == 99 {
					size = 1 // one that Meta refuses
				}
				for i := range size {
					in.Rows = append(in.Rows, uint64(n*speedBatch+i+1))
				}
				b, err := db.Begin(t.Context(), in, noon)
				s := store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged, Attempt: store.Attempt{HTTPStatus: 200, EventsReceived: size, FBTraceID: fmt.Sprint("T", b.Number),
					EndedAt: noon.AddDate(0, 0, -n%30)}}
				if size == 1 {
					s.Verdict, s.Reason = store.VerdictRejected, event.ReasonRejectedByMeta
				}
				if err == nil {
					_, err = db.Settle(t.Context(), s, noon)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for n := range batches {
		next <- n
	}
	close(next)
	workers.Wait()
}
