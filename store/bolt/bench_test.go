package bolt_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

const (
	chunkRows   = 20_000
	payloadSize = 255
)

// BenchmarkImport commits chunks of 20,000 rows into a growing database: with -benchtime=50x a million rows.
func BenchmarkImport(b *testing.B) {
	for _, ids := range []string{"ascending", "random"} {
		b.Run(ids, func(b *testing.B) {
			db, path := benchDB(b)
			peak := 0
			importChunks(b, db, b.N, ids == "random", &peak)
			report(b, path, b.N*chunkRows, peak)
		})
	}
}

// BenchmarkSettle plans, begins and settles batches of 1,000: with -benchtime=1000x a million rows.
func BenchmarkSettle(b *testing.B) {
	db, path := benchDB(b)
	peak := 0
	importChunks(b, db, b.N*1000/chunkRows+1, true, &peak)
	now := time.Unix(1_700_000_000, 0)
	b.ResetTimer()
	for i := range b.N {
		rows, err := db.Plan(b.Context(), store.PlanQuery{Dataset: "1234567890", Now: now, Limit: 1000})
		if err != nil {
			b.Fatal(err)
		}
		in := store.Intent{Dataset: "1234567890"}
		for _, r := range rows {
			in.Rows = append(in.Rows, r.Seq)
		}
		batch, err := db.Begin(b.Context(), in, now)
		if err != nil {
			b.Fatal(err)
		}
		if _, err = db.Settle(b.Context(), store.Settlement{Batch: batch.Number, Verdict: store.VerdictAcknowledged}, now); err != nil {
			b.Fatal(err)
		}
		if i%50 == 0 {
			peak = max(peak, anonymousMemory())
		}
	}
	report(b, path, b.N*1000, peak)
}

// BenchmarkPlanBehindHalted plans a batch behind a million halted rows whose deadlines come first: those of a file that is halted, and
// those that came in halted by themselves, every one and every second.
func BenchmarkPlanBehindHalted(b *testing.B) {
	for name, halted := range map[string]func(i int) (source string, single bool){
		"nothing halted": func(int) (string, bool) { return "deals", false },
		"a source":       func(int) (string, bool) { return "tills", false },
		"single events":  func(int) (string, bool) { return "deals", true },
		"every second":   func(i int) (string, bool) { return "deals", i%2 == 0 },
	} {
		b.Run(name, func(b *testing.B) {
			db, _ := benchDB(b)
			now := time.Unix(1_700_000_000, 0)
			e := event.Event{Name: "Purchase", ActionSource: event.SourcePhysicalStore}
			e.Custom.Value, _ = event.ParseMoney("19.99")
			e.Custom.Currency = "EUR"
			for i := range 5 {
				e.User.AddHash(event.Email, event.Hash{byte(i)})
			}
			payload := e.AppendBinary(nil)
			for c := range 51 {
				source, _ := halted(c)
				f, err := db.OpenFile(b.Context(), store.NewFile{Name: strconv.Itoa(c), Source: source, SHA256: [32]byte{byte(c)}}, now)
				if err != nil {
					b.Fatal(err)
				}
				records := make([]store.Record, chunkRows)
				for i := range records {
					row := store.NewRow{Dataset: "1234567890", EventID: fmt.Sprint(c*chunkRows + i), EventName: "Purchase", EventTime: now.Unix(),
						Deadline: now.Unix() + 1000 + int64(c), Payload: payload}
					if c < 50 {
						_, row.Halt = halted(i)
					}
					records[i] = store.Record{Rows: []store.NewRow{row}}
				}
				if _, err := db.Import(b.Context(), f.Number, store.Chunk{First: 1, Records: records}, now); err != nil {
					b.Fatal(err)
				}
				if c == 49 && source == "tills" {
					if err := db.Halt(b.Context(), store.Halt{HaltKey: store.HaltKey{Kind: store.HaltSource, Source: source}, Reason: "r"}, now); err != nil {
						b.Fatal(err)
					}
					halted = func(int) (string, bool) { return "deals", false }
				}
			}
			for b.Loop() {
				rows, err := db.Plan(b.Context(), store.PlanQuery{Dataset: "1234567890", Now: now, Limit: 1000})
				if err != nil || len(rows) != 1000 {
					b.Fatal(len(rows), err)
				}
			}
			for what, read := range map[string]func() error{
				"halts-ms":    func() error { _, err := db.Halts(b.Context()); return err },
				"expiring-ms": func() error { _, err := db.Expiring(b.Context(), "1234567890", now, now.Add(24*time.Hour)); return err },
				"next-us":     func() error { _, _, err := db.NextDeadline(b.Context(), "1234567890", now); return err },
			} {
				began := time.Now()
				if err := read(); err != nil {
					b.Fatal(err)
				}
				took := float64(time.Since(began).Microseconds())
				if strings.HasSuffix(what, "-ms") {
					took /= 1000
				}
				b.ReportMetric(took, what)
			}
		})
	}
}

func benchDB(b *testing.B) (*bolt.DB, string) {
	path := filepath.Join(b.TempDir(), "capibara.db")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return db, path
}

// importChunks imports n chunks; making them is not measured.
func importChunks(b *testing.B, db *bolt.DB, n int, random bool, peak *int) {
	now := time.Unix(1_700_000_000, 0)
	f, err := db.OpenFile(b.Context(), store.NewFile{Name: "deals.csv", Source: "deals"}, now)
	if err != nil {
		b.Fatal(err)
	}
	source := rand.New(rand.NewPCG(1, 2))
	payloads := make([]byte, chunkRows*payloadSize)
	records := make([]store.Record, chunkRows)
	rows := make([]store.NewRow, chunkRows)
	for c := range n {
		b.StopTimer()
		for i := range records {
			id := fmt.Sprintf("cb-%032x", c*chunkRows+i)
			if random {
				id = fmt.Sprintf("cb-%016x%016x", source.Uint64(), source.Uint64())
			}
			p := payloads[i*payloadSize : (i+1)*payloadSize]
			binary.BigEndian.PutUint64(p, source.Uint64())
			rows[i] = store.NewRow{Dataset: "1234567890", EventID: id, EventName: "Purchase", EventTime: now.Unix() - int64(i),
				Deadline: now.Unix() + 600_000 - int64(i), Fingerprint: source.Uint64(), Payload: p}
			records[i] = store.Record{Line: uint64(c*chunkRows + i + 2), RecordKey: strconv.Itoa(c*chunkRows + i), Rows: rows[i : i+1]}
		}
		b.StartTimer()
		if _, err := db.Import(b.Context(), f.Number, store.Chunk{First: uint64(c*chunkRows + 1), Records: records}, now); err != nil {
			b.Fatal(err)
		}
		*peak = max(*peak, anonymousMemory())
	}
}

func report(b *testing.B, path string, rows, peak int) {
	b.StopTimer()
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/float64(rows), "B/row")
	b.ReportMetric(float64(peak)/1024, "RssAnon-MiB")
}

// anonymousMemory is RssAnon in KiB where the system tells it, else 0: the pages of the map are not in it.
func anonymousMemory() int {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "RssAnon:")
	kib, _ := strconv.Atoi(strings.TrimSpace(strings.Split(after, "kB")[0]))
	return kib
}
