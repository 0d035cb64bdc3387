package bolt_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// How the retention is tried: of a database with so many rows the first part is removed, and what is left of the second emptied.
const (
	agedRows    = 2400
	agedRemoved = 1300
	agedFile    = 100
	agedAtOnce  = 130
)

// age fills a database with rows that were sent long ago, some of which took the place of others; one waits for a person's word.
// It returns the retention by which those of the first part are removed and the others emptied.
func age(ctx context.Context, db store.Outbox) (store.Retention, error) {
	r := store.Retention{Payload: crashDay.Add(-100 * 24 * time.Hour)}
	now := crashDay.Add(-300 * 24 * time.Hour)
	for file := range agedRows / agedFile {
		if now = now.Add(time.Minute); file == agedRemoved/agedFile {
			r.History = now
		}
		f, err := db.OpenFile(ctx, store.NewFile{Name: fmt.Sprint(file), Source: "deals", Mapping: fmt.Sprint(file / 2), SHA256: event.Hash{9, byte(file)}}, now)
		if err != nil {
			return r, err
		}
		var records []store.Record
		for i := range agedFile {
			e := event.Event{Name: "Purchase", ID: fmt.Sprintf("%x-%d", i*7919%997, file), Time: now.Unix(), ActionSource: event.SourcePhysicalStore}
			e.User.AddHash(event.Email, event.Hash{byte(i), byte(file)})
			row := store.NewRow{Dataset: "123", EventName: e.Name, EventTime: e.Time, Deadline: now.Unix() + 1000}
			if i < 3 && file%2 == 1 { // takes the place of one of the file before, which waits
				e.ID, row.Fingerprint, row.Replace = fmt.Sprint("waits-", file-1, i), 1, true
			} else if i < 3 {
				e.ID, row.NotBefore = fmt.Sprint("waits-", file, i), now.Unix()+90
			}
			row.EventID, row.Payload = e.ID, e.AppendBinary(nil)
			records = append(records, store.Record{RecordKey: e.ID, Rows: []store.NewRow{row}})
		}
		records = append(records, store.Record{Fate: store.FateRejected, Reason: event.ReasonDateUnreadable})
		if _, err := db.Import(ctx, f.Number, store.Chunk{First: 1, Records: records}, now); err != nil {
			return r, err
		}
		if _, err := db.CloseFile(ctx, f.Number, store.FileEnd{State: store.FileImported}, now); err != nil {
			return r, err
		}
		if err := sendAged(ctx, db, now, file == agedRows/agedFile-1); err != nil {
			return r, err
		}
	}
	return r, nil
}

// sendAged sends what may be sent in batches of 70, one of which is held when that is asked for.
func sendAged(ctx context.Context, db store.Outbox, now time.Time, hold bool) error {
	for {
		rows, err := db.Plan(ctx, store.PlanQuery{Dataset: "123", Now: now, Limit: 70})
		if len(rows) == 0 || err != nil {
			return err
		}
		in := store.Intent{Dataset: "123"}
		for _, r := range rows {
			in.Rows = append(in.Rows, r.Seq)
		}
		b, err := db.Begin(ctx, in, now)
		if err != nil {
			return err
		}
		s := store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged}
		if hold {
			s.Verdict, s.MaybeSent, hold = store.VerdictHeld, true, false
		}
		if _, err := db.Settle(ctx, s, now); err != nil {
			return err
		}
	}
}

// pruneUntilKilled prunes, and prints what was done after each call that returned.
func pruneUntilKilled(path string) error {
	db, err := bolt.Open(path, bolt.Options{Timeout: 5 * time.Second})
	if err != nil {
		return err
	}
	db.SetPruneAtOnce(agedAtOnce)
	r := store.Retention{Payload: crashDay.Add(-100 * 24 * time.Hour)}
	if r.History, err = time.Parse(time.RFC3339, os.Getenv("CAPIBARA_TEST_HISTORY")); err != nil {
		return err
	}
	for {
		p, err := db.Prune(context.Background(), r, crashDay)
		if err != nil {
			return err
		}
		if p.Nothing() {
			return db.Close()
		}
		fmt.Println("pruned", p.Removed, p.Emptied)
	}
}

func TestKilledWhilePruning(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "capibara.db")
	db, err := bolt.Create(path, bolt.Options{Now: crashDay})
	if err != nil {
		t.Fatal(err)
	}
	r, err := age(t.Context(), db)
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	var removed, emptied uint64
	for round := 0; ; round++ {
		c := child("prune", path)
		c.Env = append(c.Env, "CAPIBARA_TEST_HISTORY="+r.History.Format(time.RFC3339))
		lines, ended := runUntil(t, c, 2+round%3, time.Duration(round)*700*time.Microsecond)
		for _, line := range lines {
			var a, b uint64
			if _, err := fmt.Sscanf(line, "pruned %d %d", &a, &b); err != nil {
				t.Fatalf("a line says %q: %v", line, err)
			}
			removed, emptied = removed+a, emptied+b
		}
		gone, empty := verifyPruned(t, path)
		// The call that was cut off may have been carried out.
		if gone < removed || empty < emptied || gone > removed+agedAtOnce || empty > emptied+agedAtOnce {
			t.Fatalf("after round %d %d events are removed and %d emptied, and it was said of %d and %d", round, gone, empty, removed, emptied)
		}
		if removed, emptied = gone, empty; ended {
			if want := uint64(agedRows - agedRemoved - 70); gone != agedRemoved || empty != want {
				t.Errorf("%d events were removed and %d emptied, want %d and %d", gone, empty, agedRemoved, want)
			}
			return
		}
	}
}

// verifyPruned checks the database, and counts what was removed and what is empty.
func verifyPruned(t *testing.T, path string) (removed, emptied uint64) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Check(t.Context(), func(p string) { t.Error(p) }); err != nil || t.Failed() {
		t.Fatal(err)
	}
	counts, err := db.Counts(t.Context(), crashDay)
	if err != nil {
		t.Fatal(err)
	}
	total := counts.Removed.Events
	for f := (store.Filter{Limit: 5000}); ; {
		page, err := db.Events(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			if e.Emptied == store.EmptiedPruned {
				emptied++
			}
		}
		total += uint64(len(page.Items))
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	if total != agedRows {
		t.Errorf("of %d events %d are there or removed", agedRows, total)
	}
	return counts.Removed.Events, emptied
}
