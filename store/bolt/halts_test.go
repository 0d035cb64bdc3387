package bolt_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/store"
	"capibara/store/bolt"
)

// TestDamagedHalt damages what the database says about a halt: its events are not sent, the check names it, and a person can let
// them go.
func TestDamagedHalt(t *testing.T) {
	t.Parallel()
	ctx, path := t.Context(), filepath.Join(t.TempDir(), "capibara.db")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		f, err := db.OpenFile(ctx, store.NewFile{Name: "a.csv", Source: fmt.Sprint("source", i), SHA256: [32]byte{byte(i)}}, crashDay)
		if err != nil {
			t.Fatal(err)
		}
		row := store.NewRow{Dataset: "123", EventName: "Purchase", EventID: fmt.Sprint(i), Deadline: crashDay.Unix() + 100, Payload: []byte("p")}
		if _, err := db.Import(ctx, f.Number, store.Chunk{First: 1, Records: []store.Record{{Rows: []store.NewRow{row}}}}, crashDay); err != nil {
			t.Fatal(err)
		}
	}
	k := store.HaltKey{Kind: store.HaltSource, Source: "source1"}
	if err := db.Halt(ctx, store.Halt{HaltKey: k, Reason: "The reason is A."}, crashDay); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Not in the audit log, where the source stands before it.
	content = bytes.ReplaceAll(content, []byte("\x10The reason is A.\x00"), []byte("\x10The reason is B.\x00"))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err = bolt.Open(path, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	planned := func() int {
		rows, err := db.Plan(ctx, store.PlanQuery{Dataset: "123", Now: crashDay, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return len(rows)
	}
	halts, err := db.Halts(ctx)
	if err != nil || len(halts) != 1 || halts[0].HaltKey != k || halts[0].Events != 1 || !strings.Contains(halts[0].Reason, "damaged") {
		t.Errorf("halts are %+v, %v", halts, err)
	}
	if n := planned(); n != 1 {
		t.Errorf("%d events are planned", n)
	}
	found := 0
	if err := db.Check(ctx, func(p string) {
		if strings.Contains(p, "halts") {
			found++
		}
	}); err != nil || found != 1 {
		t.Errorf("the check found it %d times, %v", found, err)
	}
	if n, err := db.Allow(ctx, k, "anna", crashDay); n != 1 || err != nil || planned() != 2 {
		t.Errorf("%d events were let go, %v", n, err)
	}
}

// TestOlderSchemaHaltsNothing asks a database about halts that is from before there were any, and open to read alone.
func TestOlderSchemaHaltsNothing(t *testing.T) {
	t.Parallel()
	db, err := bolt.Open(unpack(t, "testdata/schema2.db.gz"), bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := t.Context()
	if halts, err := db.Halts(ctx); err != nil || len(halts) != 0 {
		t.Errorf("halts are %+v, %v", halts, err)
	}
	counts, err := db.Counts(ctx, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	planned, pending := 0, 0
	for _, c := range counts.Datasets {
		rows, err := db.Plan(ctx, store.PlanQuery{Dataset: c.Dataset, Now: time.Unix(0, 0), Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		planned, pending = planned+len(rows), pending+int(c.Events[store.StatePending])
		if _, err := db.Expiring(ctx, c.Dataset, time.Unix(0, 0), time.Now()); err != nil {
			t.Error(err)
		}
		if _, _, err := db.NextDeadline(ctx, c.Dataset, time.Unix(0, 0)); err != nil {
			t.Error(err)
		}
	}
	if pending == 0 || planned == 0 {
		t.Errorf("%d of %d pending events are planned", planned, pending)
	}
	if err := db.Check(ctx, func(p string) { t.Error(p) }); err != nil {
		t.Fatal(err)
	}
}
