package bolt_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// mailOf is the hash of a person's e-mail address.
func mailOf(n int) event.Hash {
	return event.Hash(bytes.Repeat([]byte{0xe0 | byte(n>>8), byte(n)}, 16))
}

// importMail imports a file of events of people, numbered from n on.
func importMail(ctx context.Context, db *bolt.DB, file, n, count int) error {
	f, err := db.OpenFile(ctx, store.NewFile{Name: fmt.Sprint("mail-", file, ".csv"), Source: "deals", SHA256: event.Hash{byte(file), byte(file >> 8), 7}}, crashDay)
	if err != nil {
		return err
	}
	var records []store.Record
	for i := n; i < n+count; i++ {
		e := event.Event{Name: "Purchase", ID: fmt.Sprintf("order-%d", i), Time: crashDay.Unix(), ActionSource: event.SourceSystemGenerated}
		e.User.AddHash(event.Email, mailOf(i))
		e.Custom.ContentName = fmt.Sprintf("content of order %d", i)
		records = append(records, store.Record{RecordKey: fmt.Sprintf("key of order %d", i), Rows: []store.NewRow{{Dataset: "123", EventID: e.ID,
			EventName: e.Name, EventTime: e.Time, Deadline: crashDay.Unix() + 5000, Fingerprint: e.Fingerprint(), Payload: e.AppendBinary(nil)}}})
	}
	if _, err := db.Import(ctx, f.Number, store.Chunk{First: 1, Records: records}, crashDay); err != nil {
		return err
	}
	_, err = db.CloseFile(ctx, f.Number, store.FileEnd{State: store.FileImported}, crashDay)
	return err
}

func compaction(path string) bolt.Compaction {
	return bolt.Compaction{Temporary: path + ".compacting", By: "anna", At: crashDay}
}

func erased(by string) store.Decision { return store.Decision{By: by, Reason: event.ReasonErased} }

// TestCompactErased looks for what was erased in the bytes of the file: it is there before the compaction, and not after it.
func TestCompactErased(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "capibara.db")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := importMail(t.Context(), db, 1, 0, 300); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Erase(t.Context(), []uint64{78}, erased("anna"), crashDay); err != nil {
		t.Fatal(err)
	}
	gone := mailOf(77)
	traces := [][]byte{gone[:], []byte("content of order 77"), []byte("key of order 77")}
	before := read(t, path)
	for _, trace := range traces {
		if !bytes.Contains(before, trace) {
			t.Fatalf("%q is not in the file before it is compacted, so that nothing is shown", trace)
		}
	}
	var announced []byte
	c := compaction(path)
	c.Announce = func() error {
		announced = read(t, c.Temporary)
		_, err := db.Head(t.Context()) // whoever remembers the file asks how far it came
		return err
	}
	out, err := db.Compact(t.Context(), c)
	if err != nil || !out.Swapped || out.Before != int64(len(before)) || announced == nil {
		t.Fatalf("%+v, %v, announced: %t", out, err, announced != nil)
	}
	for _, p := range []string{path, c.Temporary} {
		content, err := os.ReadFile(p)
		if p == c.Temporary && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is left behind: %v", p, err)
		}
		for _, trace := range traces {
			if bytes.Contains(content, trace) {
				t.Errorf("%q is in the file still", trace)
			}
		}
	}
	if got := lastEntry(t, db); got != fmt.Sprintf("compacted: by anna: a file of %d bytes was written anew without free pages", len(before)) {
		t.Errorf("the last entry is %s", got)
	}
	sound(t, db)
	if _, err := bolt.Open(path, bolt.Options{Timeout: time.Millisecond}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("another one opens the database: %v", err)
	}
	if err := importMail(t.Context(), db, 2, 1000, 10); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again := opened(t, path)
	sound(t, again)
	if e, err := again.EventsByID(t.Context(), "order-1009"); err != nil || len(e) != 1 {
		t.Errorf("what was imported after the compaction is %+v, %v", e, err)
	}
}

// TestCompactWhileServed compacts again and again while others read, check, copy, import and send.
func TestCompactWhileServed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "capibara.db")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := importMail(t.Context(), db, 1, 0, 100); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	work := func(what string, one func(n int) error) {
		working.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if err := one(n); err != nil {
					t.Errorf("%s: %v", what, err)
					return
				}
			}
		})
	}
	files := 1
	work("importing", func(n int) error {
		files++
		return importMail(t.Context(), db, n+2, 1000+10*n, 10)
	})
	work("reading", func(int) error {
		found, err := db.EventsByID(t.Context(), "order-5")
		if err == nil && len(found) != 1 {
			err = fmt.Errorf("%d events are found", len(found))
		}
		return err
	})
	work("checking", func(int) error { return db.Check(t.Context(), func(p string) { t.Error(p) }) })
	sent := map[uint64]bool{}
	work("sending", func(int) error {
		rows, err := db.Plan(t.Context(), store.PlanQuery{Dataset: "123", Now: crashDay, Limit: 1})
		if err != nil || len(rows) == 0 {
			return err
		}
		if sent[rows[0].Seq] {
			return fmt.Errorf("event %d is planned again", rows[0].Seq)
		}
		sent[rows[0].Seq] = true
		b, err := db.Begin(t.Context(), store.Intent{Dataset: "123", Rows: []uint64{rows[0].Seq}}, crashDay)
		if err == nil {
			_, err = db.Settle(t.Context(), store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged}, crashDay)
		}
		return err
	})
	for range 5 {
		if out, err := db.Compact(t.Context(), compaction(path)); err != nil || !out.Swapped {
			t.Errorf("%+v, %v", out, err)
		}
	}
	stop()
	working.Wait()
	sound(t, db)
	c, err := db.Counts(t.Context(), crashDay)
	if err != nil || c.Files != uint64(files) || c.Datasets[0].Events[store.StateAcknowledged] != uint64(len(sent)) {
		t.Errorf("%d files and %d sent events are %+v, %v", files, len(sent), c, err)
	}
}

// TestCompactRefused leaves everything as it is when a compaction fails.
func TestCompactRefused(t *testing.T) {
	t.Parallel()
	path := create(t)
	db := opened(t, path)
	before := head(t, db)
	mine := errors.New("the witness cannot be written")
	over, stop := context.WithCancel(t.Context())
	stop()
	for name, try := range map[string]struct {
		ctx    context.Context
		change func(*bolt.Compaction)
		want   error
	}{
		"nobody believes it":      {t.Context(), func(c *bolt.Compaction) { c.Announce = func() error { return mine } }, mine},
		"it was called off":       {over, func(*bolt.Compaction) {}, context.Canceled},
		"it would lie elsewhere":  {t.Context(), func(c *bolt.Compaction) { c.Temporary = filepath.Join(t.TempDir(), "new.db") }, nil},
		"its own name":            {t.Context(), func(c *bolt.Compaction) { c.Temporary = path }, nil},
		"something is in its way": {t.Context(), func(c *bolt.Compaction) { c.Temporary = filepath.Dir(path) + "/full" }, nil},
		"it is compacted meanwhile": {t.Context(), func(c *bolt.Compaction) {
			other := compaction(path)
			other.Temporary += "2"
			c.Announce = func() error { _, err := db.Compact(t.Context(), other); return errors.Join(mine, err) }
		}, mine},
	} {
		if err := os.MkdirAll(filepath.Dir(path)+"/full/of", 0o700); err != nil {
			t.Fatal(err)
		}
		c := compaction(path)
		try.change(&c)
		out, err := db.Compact(try.ctx, c)
		if err == nil || out.Swapped || try.want != nil && !errors.Is(err, try.want) {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	if after := head(t, db); after != before {
		t.Errorf("the head is %+v, and was %+v", after, before)
	}
	if left, err := filepath.Glob(filepath.Dir(path) + "/*"); err != nil || len(left) != 2 {
		t.Errorf("left are %v, %v", left, err)
	}
	sound(t, db)
	reading, err := bolt.Open(create(t), bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	if _, err := reading.Compact(t.Context(), compaction(path)); err == nil {
		t.Error("one that is open for reading only is compacted")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Compact(t.Context(), compaction(path)); err == nil {
		t.Error("one that is closed is compacted")
	}
}
