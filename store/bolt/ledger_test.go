package bolt_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// opened opens a database until the test ends.
func opened(t *testing.T, path string) *bolt.DB {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// sound lets Check read everything.
func sound(t *testing.T, db *bolt.DB) {
	t.Helper()
	if err := db.Check(t.Context(), func(p string) { t.Error(p) }); err != nil {
		t.Error(err)
	}
}

func head(t *testing.T, db *bolt.DB) bolt.Head {
	t.Helper()
	h, err := db.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// lastEntry is the kind and the detail of the last audit entry.
func lastEntry(t *testing.T, db *bolt.DB) string {
	t.Helper()
	h := head(t, db)
	return h.Entry.Kind + ": " + h.Entry.Detail
}

func TestHead(t *testing.T) {
	t.Parallel()
	path := create(t)
	db := opened(t, path)
	before := head(t, db)
	if before.Entry.N == 0 || before.Batches == 0 {
		t.Fatalf("the head is %+v", before)
	}
	e, err := db.AuditEntry(t.Context(), before.Entry.N)
	if err != nil || e != before.Entry {
		t.Errorf("the entry of the head is %+v, %v; want %+v", e, err, before.Entry)
	}
	if _, err := db.AuditEntry(t.Context(), before.Entry.N+1); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an entry that is not there: %v, want ErrNotFound", err)
	}
	rows, err := db.Plan(t.Context(), store.PlanQuery{Dataset: "123", Now: crashDay, Limit: 1})
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if _, err := db.Begin(t.Context(), store.Intent{Dataset: "123", Rows: []uint64{rows[0].Seq}}, crashDay); err != nil {
		t.Fatal(err)
	}
	if after := head(t, db); after.Batches != before.Batches+1 || after.Entry != before.Entry {
		t.Errorf("after an intent the head is %+v, before it was %+v", after, before)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	reading, err := bolt.Open(path, bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	if h := head(t, reading); h.Entry != before.Entry || h.Batches != before.Batches+1 {
		t.Errorf("read only the head is %+v", h)
	}
}

func TestWitnessed(t *testing.T) {
	t.Parallel()
	path := create(t)
	db := opened(t, path)
	for _, want := range []bool{false, true, true} {
		if yes, err := db.Witnessed(t.Context()); err != nil || yes != want {
			t.Errorf("Witnessed says %v, %v; want %v", yes, err, want)
		}
		if err := db.SetWitnessed(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sound(t, db)
}

// TestHold moves what is pending to held, in chunks, and nothing else.
func TestHold(t *testing.T) {
	t.Parallel()
	db := opened(t, create(t))
	counts := func() map[store.State]uint64 {
		c, err := db.Counts(t.Context(), crashDay)
		if err != nil || len(c.Datasets) != 1 {
			t.Fatalf("%+v, %v", c, err)
		}
		return c.Datasets[0].Events
	}
	before := counts()
	if before[store.StatePending] < 300 || before[store.StateHeld] != 0 {
		t.Fatalf("the database holds %v", before)
	}
	// One of them was in a batch that was given back.
	rows, err := db.Plan(t.Context(), store.PlanQuery{Dataset: "123", Now: crashDay, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	b, err := db.Begin(t.Context(), store.Intent{Dataset: "123", Rows: []uint64{rows[0].Seq}}, crashDay)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Settle(t.Context(), store.Settlement{Batch: b.Number, Verdict: store.VerdictReleased}, crashDay); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Hold(t.Context(), "999", "why", crashDay, 100); n != 0 || err != nil {
		t.Errorf("of a dataset that is not there %d events are held, %v", n, err)
	}
	sum, calls := 0, 0
	last := head(t, db).Batches
	for {
		n, err := db.Hold(t.Context(), "123", "another ledger may have sent them", crashDay, 100)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		if got, want := lastEntry(t, db), fmt.Sprintf("held: %d pending events of dataset 123 in batch %d: another ledger may have sent them", n, last+uint64(calls)+1); got != want {
			t.Errorf("the audit log says %q, want %q", got, want)
		}
		sum, calls = sum+n, calls+1
		sound(t, db)
	}
	after := counts()
	if uint64(sum) != before[store.StatePending] || after[store.StatePending] != 0 || after[store.StateHeld] != uint64(sum) ||
		after[store.StateInFlight] != before[store.StateInFlight] || after[store.StateAcknowledged] != before[store.StateAcknowledged] {
		t.Errorf("%d events were held: %v became %v", sum, before, after)
	}
	held, err := db.Batch(t.Context(), last+1)
	if err != nil || held.State != store.BatchHeld || held.Events != 100 || len(held.Attempts) != 0 || !held.FirstMaybeAt.Equal(crashDay) {
		t.Errorf("the first batch of them is %+v, %v", held, err)
	}
	if want := (sum + 99) / 100; calls != want {
		t.Errorf("it took %d calls, want %d", calls, want)
	}
	for _, seq := range []uint64{rows[0].Seq, firstHeld(t, db)} {
		if e, err := db.Event(t.Context(), seq); err != nil || e.State != store.StateHeld || !e.PossiblySent || e.Reason != event.ReasonSentElsewhere {
			t.Errorf("event %d is %s, possibly sent %v, reason %s, %v", seq, e.State, e.PossiblySent, e.Reason, err)
		}
	}
}

func firstHeld(t *testing.T, db *bolt.DB) uint64 {
	t.Helper()
	page, err := db.Events(t.Context(), store.Filter{State: store.StateHeld, Limit: 1})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	return page.Items[0].Seq
}

func TestRetire(t *testing.T) {
	t.Parallel()
	path := create(t)
	db := opened(t, path)
	if r, err := db.Retired(t.Context()); err != nil || r != (bolt.Retirement{}) {
		t.Errorf("a ledger at work is retired: %+v, %v", r, err)
	}
	for _, wrong := range [][2]string{{"", "mary"}, {"/srv/new", ""}} {
		if err := db.Retire(t.Context(), wrong[0], wrong[1], crashDay); err == nil {
			t.Errorf("it is retired to %q by %q", wrong[0], wrong[1])
		}
	}
	if err := db.Retire(t.Context(), "/srv/new", "mary", crashDay); err != nil {
		t.Fatal(err)
	}
	if err := db.Retire(t.Context(), "/srv/other", "john", crashDay); !errors.Is(err, store.ErrStale) {
		t.Errorf("retiring it again: %v, want ErrStale", err)
	}
	if got, want := lastEntry(t, db), "retired: moved to /srv/new by mary; this ledger sends nothing from now on"; got != want {
		t.Errorf("the audit log says %q, want %q", got, want)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = opened(t, path)
	if r, err := db.Retired(t.Context()); err != nil || r != (bolt.Retirement{To: "/srv/new", By: "mary", At: crashDay}) {
		t.Errorf("it is retired as %+v, %v", r, err)
	}
	sound(t, db)
	if err := db.Adopt(t.Context(), "", "the new one is lost", crashDay); err == nil {
		t.Error("nobody adopted it")
	}
	if err := db.Adopt(t.Context(), "john", "the new one is lost", crashDay); err != nil {
		t.Fatal(err)
	}
	if r, err := db.Retired(t.Context()); err != nil || r.To != "" {
		t.Errorf("after that it is retired to %q, %v", r.To, err)
	}
	if got, want := lastEntry(t, db), "adopted: by john: the new one is lost"; got != want {
		t.Errorf("the audit log says %q, want %q", got, want)
	}
	sound(t, db)
}

func TestCopyTo(t *testing.T) {
	t.Parallel()
	path := create(t)
	db := opened(t, path)
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := db.CopyTo(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if err := db.CopyTo(t.Context(), to); !errors.Is(err, os.ErrExist) {
		t.Errorf("over a file that is there: %v, want fs.ErrExist", err)
	}
	other := opened(t, to)
	sound(t, other)
	if head(t, other) != head(t, db) {
		t.Errorf("the copy is at %+v, the original at %+v", head(t, other), head(t, db))
	}
	if err := other.Arrive(t.Context(), "/srv/old", "mary", crashDay.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got, want := lastEntry(t, other), "moved: moved here from /srv/old by mary"; got != want {
		t.Errorf("the audit log says %q, want %q", got, want)
	}
}
