package bolt_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"capibara/store"
	"capibara/store/bolt"
)

// TestDamagedRow damages the payload of one event: it is never sent, it shows, and it holds nothing else up.
func TestDamagedRow(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "capibara.db")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := db.OpenFile(ctx, store.NewFile{Name: "a.csv"}, crashDay)
	if err != nil {
		t.Fatal(err)
	}
	row := func(id, payload string, fingerprint uint64) store.Record {
		return store.Record{Rows: []store.NewRow{{Dataset: "123", EventName: "Purchase", EventID: id, Deadline: crashDay.Unix() + 100,
			Fingerprint: fingerprint, Payload: []byte(payload)}}}
	}
	chunk := store.Chunk{First: 1, Records: []store.Record{row("a", "whole", 1), row("b", "DAMAGED", 1), row("c", "whole", 1)}}
	if _, err := db.Import(ctx, f.Number, chunk, crashDay); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(content, []byte("DAMAGED"), []byte("DAMAGEd")), 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err = bolt.Open(path, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	rows, err := db.Plan(ctx, store.PlanQuery{Dataset: "123", Now: crashDay, Limit: 10})
	if err != nil || len(rows) != 2 || rows[0].EventID != "a" || rows[1].EventID != "c" {
		t.Errorf("planned are %v, %v", rows, err)
	}
	var problems []string
	if err := db.Check(ctx, func(p string) { problems = append(problems, p) }); err != nil || !strings.Contains(strings.Join(problems, "\n"), "rows 2") {
		t.Errorf("Check finds %v, %v", problems, err)
	}
	if _, err := db.Event(ctx, 2); !errors.Is(err, store.ErrCorrupt) || !strings.Contains(err.Error(), "event 2") {
		t.Errorf("the damaged event: %v, want ErrCorrupt and its number", err)
	}
	page, err := db.Events(ctx, store.Filter{})
	if err != nil || len(page.Items) != 3 || !page.Items[1].Damaged || page.Items[1].Seq != 2 || page.Items[1].State != store.StatePending {
		t.Errorf("the history is %+v, %v", page.Items, err)
	}
	b, err := db.Begin(ctx, store.Intent{Dataset: "123", Rows: []uint64{2, 3}}, crashDay)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.BatchRows(ctx, b.Number); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("the rows of a batch with the damaged event: %v, want ErrCorrupt", err)
	}
	// A record that disagrees with it does not stop its file.
	res, err := db.Import(ctx, f.Number, store.Chunk{First: 4, Records: []store.Record{row("b", "other", 2)}}, crashDay)
	if err != nil || len(res.Conflicts) != 1 {
		t.Errorf("a record that disagrees with the damaged event: %+v, %v", res, err)
	}
}
