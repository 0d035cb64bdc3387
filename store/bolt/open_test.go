package bolt_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"

	"go.etcd.io/bbolt"
)

// create makes a database with some rows and closes it.
func create(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "capibara.db")
	db, err := bolt.Create(path, bolt.Options{Now: crashDay})
	if err != nil {
		t.Fatal(err)
	}
	fill(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// fill gives a database a bit of everything.
func fill(t *testing.T, db *bolt.DB) {
	t.Helper()
	ctx, now := t.Context(), crashDay
	f, err := db.OpenFile(ctx, store.NewFile{Name: "a.csv", Source: "deals", Mapping: "m"}, now)
	if err != nil {
		t.Fatal(err)
	}
	var records []store.Record
	for i := range 800 {
		records = append(records, store.Record{RecordKey: fmt.Sprint("K", i), Rows: []store.NewRow{{Dataset: "123", EventName: "Purchase",
			EventID: fmt.Sprint("id", i*7919%750), EventTime: now.Unix(), Deadline: now.Unix() + int64(i%1200), Fingerprint: uint64(i % 770),
			Payload: []byte(strings.Repeat(fmt.Sprint(i), 40))}}})
	}
	records[3] = store.Record{Fate: store.FateRejected, Reason: "date_unreadable", Column: "Close Date"}
	for i := range 40 {
		var u event.UserData
		u.AddHash(event.Email, event.Hash{byte(i)})
		records = append(records, store.Record{Person: &store.NewPerson{Key: event.Hash{byte(i * 37)}, Identifiers: u.AppendBinary(nil)}})
	}
	if _, err := db.Import(ctx, f.Number, store.Chunk{First: 1, Records: records}, now); err != nil {
		t.Fatal(err)
	}
	for _, s := range []store.Settlement{{Verdict: store.VerdictAcknowledged}, {Verdict: store.VerdictSplit, Children: []int{1, 99}},
		{Verdict: store.VerdictUnknown, MaybeSent: true}} {
		rows, err := db.Plan(ctx, store.PlanQuery{Dataset: "123", Now: now, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		in := store.Intent{Dataset: "123"}
		for _, r := range rows {
			in.Rows = append(in.Rows, r.Seq)
		}
		b, err := db.Begin(ctx, in, now)
		if err != nil {
			t.Fatal(err)
		}
		s.Batch = b.Number
		if _, err := db.Settle(ctx, s, now); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCreateTakesNoName(t *testing.T) {
	t.Parallel()
	path := create(t)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Create(path, bolt.Options{}); !errors.Is(err, fs.ErrExist) {
		t.Errorf("creating it again: %v, want fs.ErrExist", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the database that was there is changed, %v", err)
	}
	names, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(names) != 1 {
		t.Errorf("left behind: %v, %v", names, err)
	}
	if _, err := bolt.Create(filepath.Join(path, "no", "such.db"), bolt.Options{}); err == nil {
		t.Error("a database is created in a folder that does not exist")
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read the database: %v, %v", info.Mode(), err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(create(t))
	if err != nil {
		t.Fatal(err)
	}
	garbage := make([]byte, 100_000)
	source := rand.New(rand.NewPCG(1, 2))
	for i := range garbage {
		garbage[i] = byte(source.Uint32())
	}
	for name, content := range map[string][]byte{
		"empty":               {},
		"a byte":              {1},
		"text":                []byte(strings.Repeat("Opportunity ID;Amount\n", 1000)),
		"garbage":             garbage,
		"zeros":               make([]byte, 100_000),
		"header pages alone":  whole[:8192],
		"a header page alone": whole[:4096],
		"half":                whole[:200*1024],
		"an odd cut":          whole[:30_001],
	} {
		for _, readOnly := range []bool{false, true} {
			path := filepath.Join(t.TempDir(), "capibara.db")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if db, err := bolt.Open(path, bolt.Options{ReadOnly: readOnly}); !errors.Is(err, store.ErrCorrupt) {
				t.Errorf("%s, read-only %t: %v, %v, want ErrCorrupt", name, readOnly, db, err)
			}
			if after, err := os.ReadFile(path); err != nil || string(after) != string(content) {
				t.Errorf("%s, read-only %t: opening it changed it", name, readOnly)
			}
		}
	}
	if _, err := bolt.Open(t.TempDir(), bolt.Options{}); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a folder: %v, want ErrCorrupt", err)
	}
	missing := filepath.Join(t.TempDir(), "capibara.db")
	if _, err := bolt.Open(missing, bolt.Options{}); !errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), "capibara init") {
		t.Errorf("a missing database: %v, want ErrNotFound and the way out", err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("opening a missing database creates it: %v", err)
	}
}

// TestOpenForeign opens bbolt files that are not ours, or of a time to come.
func TestOpenForeign(t *testing.T) {
	t.Parallel()
	change := func(path string, f func(*bbolt.Tx) error) {
		b, err := bbolt.Open(path, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(b.Update(f), b.Close()); err != nil {
			t.Fatal(err)
		}
	}
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	change(foreign, func(tx *bbolt.Tx) error { _, err := tx.CreateBucket([]byte("x")); return err })
	if _, err := bolt.Open(foreign, bolt.Options{}); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a bbolt file of somebody else: %v, want ErrCorrupt", err)
	}
	for want, f := range map[error]func(*bbolt.Tx) error{
		store.ErrSchema:  func(tx *bbolt.Tx) error { return bolt.PutSchema(tx, 5) },
		store.ErrCorrupt: func(tx *bbolt.Tx) error { return tx.DeleteBucket([]byte("rows")) },
	} {
		path := create(t)
		change(path, f)
		if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

// holdOpen opens the database for writing and keeps it until its input ends.
func holdOpen(path string) error {
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	fmt.Println("open")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return db.Close()
}

func TestLocked(t *testing.T) {
	t.Parallel()
	path := create(t)
	c := child("hold", path)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if !bufio.NewScanner(out).Scan() {
		t.Fatal("the other process does not open the database")
	}
	for _, readOnly := range []bool{false, true} {
		if _, err := bolt.Open(path, bolt.Options{ReadOnly: readOnly, Timeout: 10 * time.Millisecond}); !errors.Is(err, store.ErrLocked) {
			t.Errorf("read-only %t: %v, want ErrLocked", readOnly, err)
		}
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatalf("after the other process has ended: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestReadersShare(t *testing.T) {
	t.Parallel()
	path := create(t)
	var open []*bolt.DB
	for range 3 {
		db, err := bolt.Open(path, bolt.Options{ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, db)
		if err := db.Check(t.Context(), func(p string) { t.Error(p) }); err != nil {
			t.Error(err)
		}
		page, err := db.Events(t.Context(), store.Filter{Limit: 3})
		if err != nil || len(page.Items) != 3 {
			t.Errorf("a reader sees %d events, %v", len(page.Items), err)
		}
		if _, err := db.Begin(t.Context(), store.Intent{Dataset: "123", Rows: []uint64{1}}, crashDay); err == nil {
			t.Error("a reader begins a batch")
		}
		if err := db.GoLive(t.Context(), "123", "anna", crashDay); err == nil {
			t.Error("a reader allows sending")
		}
	}
	if _, err := bolt.Open(path, bolt.Options{Timeout: 10 * time.Millisecond}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a writer beside readers: %v, want ErrLocked", err)
	}
	for _, db := range open {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	db, err := bolt.Open(create(t), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Counts(t.Context(), crashDay); err == nil {
		t.Error("a closed database counts")
	}
	if err := db.GoLive(t.Context(), "123", "anna", crashDay); err == nil {
		t.Error("a closed database changes")
	}
	if _, err := db.Begin(t.Context(), store.Intent{Dataset: "123", Rows: []uint64{1}}, crashDay); err == nil {
		t.Error("a closed database begins a batch")
	}
}

// TestHeaderPage loses one of the two header pages: the database opens with the other, and Check says so.
func TestHeaderPage(t *testing.T) {
	t.Parallel()
	for page := range 2 {
		path := create(t)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		binary.NativeEndian.PutUint64(content[page*4096+64:], 12345)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := bolt.Open(path, bolt.Options{})
		if err != nil {
			t.Errorf("without header page %d: %v", page, err)
			continue
		}
		var problems []string
		if err := db.Check(t.Context(), func(p string) { problems = append(problems, p) }); err != nil || len(problems) != 1 {
			t.Errorf("without header page %d: %v, %v", page, problems, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for range 2 {
		path := filepath.Join(t.TempDir(), "capibara.db")
		var before string
		for i := range 2 {
			open := bolt.Open
			if i == 0 {
				open = bolt.Create
			}
			db, err := open(path, bolt.Options{})
			if err != nil {
				t.Fatal(err)
			}
			id, err := db.ID(t.Context())
			if err := errors.Join(err, db.Close()); err != nil || len(id) != 32 || i > 0 && id != before || i == 0 && known[id] {
				t.Errorf("the id is %q after %q, %v", id, before, err)
			}
			before, known[id] = id, true
		}
	}
}
