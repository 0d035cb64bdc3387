package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/importer"
	"capibara/store"
	"capibara/store/bolt"
)

// tills imports receipts with the customers that each names, and returns their events, the newest first.
func tills(t *testing.T, l *local, customers ...string) []store.EventEntry {
	t.Helper()
	var b strings.Builder
	for n, customer := range customers {
		fmt.Fprintf(&b, `{"store":"S","receipt":"%d","business_date":"2026-11-20","time":%q,"total":10,"currency":"EUR","customer":{%s}}`+"\n",
			n, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), customer)
	}
	path := filepath.Join(t.TempDir(), "pos-1.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Import(t.Context(), order{Path: path, Name: "pos-1.jsonl"}, func(progress) {}); err != nil {
		t.Fatal(err)
	}
	return eventsOf(t, l, store.Filter{})
}

func eventsOf(t *testing.T, l *local, f store.Filter) (all []store.EventEntry) {
	t.Helper()
	if err := l.eachEvent(t.Context(), f, func(e *store.EventEntry) error { all = append(all, *e); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

// begun is a batch of rows that is on its way.
func begun(t *testing.T, l *local, rows ...uint64) uint64 {
	t.Helper()
	b, err := l.db.Begin(t.Context(), store.Intent{Dataset: "1234567890", Rows: rows, BodySHA256: event.Hash{1}}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return b.Number
}

func eraseQuill(extend bool) erasure {
	return erasure{Of: []identifier{{byEmail, quillMail}}, Extend: extend, By: "test"}
}

// TestWhatAnErasureLeft is erased as soon as the fate of its batch is known, and never sent anew: by a person's word, by the next
// pass, or by the next command, also after a backup was put back that nobody who restores it could tell.
func TestWhatAnErasureLeft(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]func(t *testing.T, l *local, batch uint64){
		"resolved": func(t *testing.T, l *local, batch uint64) {
			if _, err := l.db.Settle(t.Context(), store.Settlement{Batch: batch, Verdict: store.VerdictUnknown, MaybeSent: true, NextTry: time.Now().Add(time.Hour)}, time.Now()); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Resolve(t.Context(), resolution{Batch: batch, Note: "it is not there", By: "test"}); err != nil {
				t.Fatal(err)
			}
		},
		"released, and the next pass": func(t *testing.T, l *local, batch uint64) {
			if _, err := l.db.Settle(t.Context(), store.Settlement{Batch: batch, Verdict: store.VerdictReleased}, time.Now()); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Upload(t.Context(), func(progress) {}); err != nil { // nobody listens
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t, "http://127.0.0.1:1")
			left := filepath.Join(h.dir, "data", restoredTemporary)
			if err := os.WriteFile(left, []byte("what a restore was writing when it was killed"), 0o600); err != nil {
				t.Fatal(err)
			}
			l := opened(t, h)
			if _, err := os.Lstat(left); err == nil {
				t.Error("what a killed restore left is there still")
			}
			all := tills(t, l, `"email":"`+quillMail+`"`)
			batch := begun(t, l, all[0].Seq)
			r, err := l.Erase(t.Context(), eraseQuill(false), func(progress) {})
			if err != nil || r.Left != 1 || r.Erased != 0 {
				t.Fatalf("of an event in flight the erasure says %+v, %v", r, err)
			}
			known(t, l, batch)
			if e := eventsOf(t, l, store.Filter{})[0]; e.State != store.StateErased || e.Emptied != store.EmptiedErased {
				t.Errorf("once the fate is known the event is %s, %s", e.State, e.Emptied)
			}
			if f, err := l.config.readErased(); err != nil || f.Again || !f.Owed {
				t.Errorf("the home remembers %+v, %v", f, err)
			}
		})
	}
}

// TestExtendedErasureCutOff cuts an erasure off at every moment at which it asks the time, and gives the same order again each time: those
// who are emptied first do not tell any more by what the others were to be found.
func TestExtendedErasureCutOff(t *testing.T) {
	t.Parallel()
	l := opened(t, newHome(t, "http://127.0.0.1:1"))
	customers := []string{`"phone":"` + quillPhone + `"`} // of the second chunk: the newest come first
	for range eraseChunk {
		customers = append(customers, `"email":"`+quillMail+`","phone":"`+quillPhone+`"`)
	}
	tills(t, l, customers...)
	for moment := 1; ; moment++ {
		ctx, cancel := context.WithCancel(t.Context())
		asked := 0
		l.now = func() time.Time {
			if asked++; asked == moment {
				cancel()
			}
			return time.Now()
		}
		_, err := l.Erase(ctx, eraseQuill(true), func(progress) {})
		cancel()
		if asked < moment {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	for _, e := range eventsOf(t, l, store.Filter{}) {
		if e.Emptied != store.EmptiedErased {
			t.Errorf("event %d is %s, and was to be erased", e.Seq, e.State)
		}
	}
}

// TestErasedAndPrunedBroughtBack puts a copy back in which an event is pruned that was erased since: its record key goes again.
func TestErasedAndPrunedBroughtBack(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	l := opened(t, h)
	e := tills(t, l, `"email":"bert@example.com"`)[0]
	now := time.Now()
	batch := begun(t, l, e.Seq)
	copied := filepath.Join(t.TempDir(), "copy.db")
	_, err := l.db.Settle(t.Context(), store.Settlement{Batch: batch, Verdict: store.VerdictAcknowledged}, now)
	if err == nil {
		_, err = l.db.Prune(t.Context(), store.Retention{Payload: now.Add(time.Hour)}, now)
	}
	if err == nil {
		err = l.db.CopyTo(t.Context(), copied)
	}
	if err == nil {
		_, err = l.Erase(t.Context(), erasure{Of: []identifier{{byEventID, e.EventID}}, By: "test"}, func(progress) {})
	}
	if err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(copied, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	again := &local{config: l.config, db: db, log: l.log, now: time.Now}
	if err := again.joinErased(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := eventsOf(t, again, store.Filter{})[0]; e.Emptied != store.EmptiedErased || e.RecordKey != "" {
		t.Errorf("the event is %s with the record key %q", e.Emptied, e.RecordKey)
	}
}

// TestScrubbedFileIsNoNews imports files from the archive again, out of which somebody was taken: an older amount does not take the place
// of the newer one that came since.
func TestScrubbedFileIsNoNews(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	text := fmt.Sprintf("%s    on_conflict: update\nfolders: {archive: %q}\n", crashConfig, filepath.Join(t.TempDir(), "archive")) // outside of the home
	if err := os.WriteFile(filepath.Join(h.dir, configName), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	l := opened(t, h)
	at := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	sale := func(receipt, total int, mail string) string {
		return fmt.Sprintf(`{"store":"S","receipt":"%d","business_date":"2026-11-20","time":%q,"total":%d,"currency":"EUR","customer":{"email":%q}}`+"\n", receipt, at, total, mail)
	}
	drop := func(lines ...string) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "pos-1.jsonl")
		mappings, err := l.config.mappings()
		if err == nil {
			err = os.WriteFile(path, []byte(strings.Join(lines, "")), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		im, err := l.importer(mappings, func(progress) {})
		if err != nil {
			t.Fatal(err)
		}
		r, err := im.Import(t.Context(), importer.Input{Path: path, Archive: true})
		if err != nil {
			t.Fatal(err)
		}
		return filepath.Join(h.dir, filepath.FromSlash(r.File.ArchivedAs))
	}
	scrubbed := drop(sale(0, 100, "bert@example.com"), sale(1, 5, quillMail), strings.Replace(sale(8, 5, quillMail), at, "soon", 1),
		strings.Replace(sale(9, 5, "bert@example.com"), at, "soon", 1))
	drop(sale(0, 120, "bert@example.com"))
	if r, err := l.Erase(t.Context(), eraseQuill(false), func(progress) {}); err != nil || len(r.Files) == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	var keys []string
	if err := l.db.Rejects(t.Context(), 1, func(r store.Reject) bool { keys = append(keys, r.RecordKey); return true }); err != nil || !slices.Equal(keys, []string{"", "S · 9 · 2026-11-20"}) {
		t.Errorf("the keys of the rejected records are %q, %v", keys, err)
	}
	skipped := drop(sale(2, 100, "bert@example.com"), sale(3, 5, quillMail))
	drop(sale(2, 120, "bert@example.com"))
	events := len(eventsOf(t, l, store.Filter{}))
	for _, path := range []string{scrubbed, skipped} {
		held, err := os.ReadFile(path)
		if err != nil || strings.Contains(string(held), quillMail) {
			t.Fatalf("the archive holds %q, %v", held, err)
		}
		if _, err := l.Import(t.Context(), order{Path: path, Source: "tills", Name: "pos-1.jsonl"}, func(progress) {}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(eventsOf(t, l, store.Filter{})); n != events {
		t.Errorf("older files that were imported again made %d events of %d", n, events)
	}
	if err := l.db.Check(t.Context(), func(p string) { t.Error(p) }); err != nil {
		t.Fatal(err)
	}
}
