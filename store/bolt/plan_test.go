package bolt

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"capibara/store"
)

// planned is a database with rows of two datasets in three blocks.
func planned(t *testing.T, now time.Time) *DB {
	t.Helper()
	db, err := Create(filepath.Join(t.TempDir(), "capibara.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	f, err := db.OpenFile(t.Context(), store.NewFile{Name: "deals.csv"}, now)
	if err != nil {
		t.Fatal(err)
	}
	c := store.Chunk{First: 1}
	for i := range 1500 {
		c.Records = append(c.Records, store.Record{Rows: []store.NewRow{{Dataset: fmt.Sprint(1 + i%2), EventName: "Purchase",
			EventID: fmt.Sprintf("e%04d", i), EventTime: now.Unix(), Deadline: now.Unix() + 1000 + int64(i), Payload: []byte("p")}}})
	}
	if _, err := db.Import(t.Context(), f.Number, c, now); err != nil {
		t.Fatal(err)
	}
	return db
}

// TestPlanNamesARowOnce reads the same blocks in two transactions of one Plan, as happens when a Begin between them moves
// a block ahead in the index.
func TestPlanNamesARowOnce(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	db := planned(t, now)
	q := store.PlanQuery{Dataset: "1", Now: now, Limit: 1000, Skip: map[uint64]bool{1: true}}
	var rows []store.Row
	for range 2 {
		err := db.read(t.Context(), func(t *txn) (err error) {
			rows, _, _, err = t.planPage(q, rows, nil)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	seen := map[uint64]bool{}
	for _, r := range rows {
		if seen[r.Seq] {
			t.Fatalf("row %d is planned twice", r.Seq)
		}
		seen[r.Seq] = true
	}
	if len(rows) != 749 {
		t.Errorf("%d rows are planned", len(rows))
	}
	mine := map[uint64]bool{1: true}
	if _, err := db.Plan(t.Context(), store.PlanQuery{Dataset: "1", Now: now, Limit: 10, Skip: mine}); err != nil || len(mine) != 1 {
		t.Errorf("Plan wrote into the caller's map: %v, %v", mine, err)
	}
}

// TestDamagedBlockLeavesTheOthers damages one block: what is in the others is planned and counted all the same, after its
// earliest deadline too.
func TestDamagedBlockLeavesTheOthers(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	db := planned(t, now)
	err := db.update(func(t *txn) error {
		v := bytes.Clone(t.bucket(blocksBucket).Get(numberKey(0)))
		v[40] ^= 1
		return t.bucket(blocksBucket).Put(numberKey(0), v)
	})
	if err != nil {
		t.Fatal(err)
	}
	if rows, err := db.Plan(t.Context(), store.PlanQuery{Dataset: "1", Now: now, Limit: 2000}); err != nil || len(rows) != 500 {
		t.Errorf("planned %d, %v", len(rows), err)
	}
	for _, horizon := range []time.Duration{0, 24 * time.Hour} {
		if _, err := db.Counts(t.Context(), now.Add(horizon)); err != nil {
			t.Errorf("counts up to %s from now: %v", horizon, err)
		}
	}
	found := 0
	if err := db.Check(t.Context(), func(string) { found++ }); err != nil || found == 0 {
		t.Errorf("the check found %d problems, %v", found, err)
	}
}
