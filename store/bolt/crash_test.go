package bolt_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

var crashDay = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// workUntilKilled imports, begins and settles, and prints what is done after each call that returned.
func workUntilKilled(path string) error {
	ctx, now := context.Background(), crashDay
	whole, err := bolt.Open(path, bolt.Options{Timeout: 5 * time.Second})
	if err != nil {
		return err
	}
	db := faulty(whole)
	recovered, err := db.Recover(ctx, now)
	if err != nil {
		return err
	}
	for _, b := range recovered {
		if _, err := db.Conclude(ctx, store.Settlement{Batch: b.Number, Verdict: store.VerdictHeld}, now); err != nil {
			return err
		}
		fmt.Println("held", b.Number)
	}
	// The number of a round goes on where the process before was killed.
	c, err := db.Counts(ctx, now)
	if err != nil {
		return err
	}
	rounds := uint64(1 << 30)
	if text := os.Getenv("CAPIBARA_TEST_ROUNDS"); text != "" {
		if rounds, err = strconv.ParseUint(text, 10, 64); err != nil {
			return err
		}
	}
	for round := c.Files; round < rounds; round++ {
		f, err := db.OpenFile(ctx, store.NewFile{Name: fmt.Sprint(round), Source: "deals", SHA256: event.Hash{byte(round), byte(round >> 8)}}, now)
		if err != nil {
			return err
		}
		fmt.Println("file", f.Number)
		for chunk := range 3 {
			var records []store.Record
			for i := range 150 {
				id := fmt.Sprintf("%x-%d-%d", i*7919%997, round, chunk)
				records = append(records, store.Record{Rows: []store.NewRow{{Dataset: "123", EventID: id, EventName: "Purchase",
					EventTime: now.Unix(), Deadline: now.Unix() + 1000 + int64(i), Payload: []byte(strings.Repeat(id, 9))}}})
			}
			res, err := db.Import(ctx, f.Number, store.Chunk{First: uint64(chunk*150 + 1), Records: records}, now)
			if err != nil {
				return err
			}
			fmt.Println("imported", f.Number, res.Done)
		}
		if _, err := db.CloseFile(ctx, f.Number, store.FileEnd{State: store.FileImported}, now); err != nil {
			return err
		}
		fmt.Println("closed", f.Number)
		if err := replaceSome(ctx, db, round, now); err != nil {
			return err
		}
		if err := haltSome(ctx, db, round, now); err != nil {
			return err
		}
		if err := decideSome(ctx, db, round, now); err != nil {
			return err
		}
		for {
			rows, err := db.Plan(ctx, store.PlanQuery{Dataset: "123", Now: now, Limit: 100})
			if err != nil {
				return err
			}
			if len(rows) == 0 {
				break
			}
			in := store.Intent{Dataset: "123"}
			for _, r := range rows {
				in.Rows = append(in.Rows, r.Seq)
			}
			b, err := db.Begin(ctx, in, now)
			if err != nil {
				return err
			}
			fmt.Println("begun", b.Number)
			if _, err = db.Settle(ctx, store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged}, now); err != nil {
				return err
			}
			fmt.Println("acknowledged", b.Number)
		}
	}
	return db.Close()
}

// replaceSome imports a file in which some records of a round changed.
func replaceSome(ctx context.Context, db store.Outbox, round uint64, now time.Time) error {
	f, err := db.OpenFile(ctx, store.NewFile{Name: "changed", Source: "deals", SHA256: event.Hash{byte(round), byte(round >> 8), 1}}, now)
	if err != nil {
		return err
	}
	var records []store.Record
	for i := range 50 {
		id := fmt.Sprintf("%x-%d-%d", i*7919%997, round, i%3)
		records = append(records, store.Record{Rows: []store.NewRow{{Dataset: "123", EventID: id, EventName: "Purchase",
			EventTime: now.Unix(), Deadline: now.Unix() + 2000, Fingerprint: 1, Payload: []byte(id), Replace: true}}})
	}
	res, err := db.Import(ctx, f.Number, store.Chunk{First: 1, Records: records}, now)
	if err != nil {
		return err
	}
	if len(res.Replaced) != len(records) {
		return fmt.Errorf("of %d events %d were replaced", len(records), len(res.Replaced))
	}
	fmt.Println("replaced", f.Number, res.Done)
	_, err = db.CloseFile(ctx, f.Number, store.FileEnd{State: store.FileImported}, now)
	return err
}

// haltSome imports a file of another source that waits until it is closed, halts it for good with every third round, and lets it go
// again with every sixth.
func haltSome(ctx context.Context, db store.Outbox, round uint64, now time.Time) error {
	f, err := db.OpenFile(ctx, store.NewFile{Name: "halted", Source: "tills", SHA256: event.Hash{byte(round), byte(round >> 8), 2}, HaltUntilClosed: true}, now)
	if err != nil {
		return err
	}
	fmt.Println("waiting", f.Number)
	var records []store.Record
	for i := range 30 {
		records = append(records, store.Record{Rows: []store.NewRow{{Dataset: "456", EventID: fmt.Sprint(round, "-", i), EventName: "Purchase",
			EventTime: now.Unix(), Deadline: now.Unix() + 2000, Payload: []byte("p"), Halt: i%2 == 0}}})
	}
	if f.Counts.Records == 0 {
		if _, err = db.Import(ctx, f.Number, store.Chunk{First: 1, Records: records}, now); err != nil {
			return err
		}
	}
	end := store.FileEnd{State: store.FileImported}
	if round%3 == 0 {
		end.Halt = "It is worth too much."
	}
	if f, err = db.CloseFile(ctx, f.Number, end, now); err != nil {
		return err
	}
	if round%3 > 0 {
		return nil
	}
	fmt.Println("halted", f.Number)
	if round%6 == 0 {
		if _, err := db.Allow(ctx, store.HaltKey{Kind: store.HaltFile, File: f.Number}, "anna", now); err != nil {
			return err
		}
		fmt.Println("allowed", f.Number)
	}
	return nil
}

// child is the test binary in another role.
func child(role, path string) *exec.Cmd {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "CAPIBARA_TEST_ROLE="+role, "CAPIBARA_TEST_DATABASE="+path)
	return c
}

func TestKilledProcessLosesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "capibara.db")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var said []string
	for range 20 {
		lines := killAfter(t, path, 1+r.IntN(25), time.Duration(r.IntN(3000))*time.Microsecond)
		said = append(said, lines...)
		verify(t, path, said)
	}
	if n := len(said); n < 50 {
		t.Errorf("the processes committed %d changes only", n)
	}
}

// killAfter starts the worker, and kills it a moment after it has printed so many lines. It returns all of them.
func killAfter(t *testing.T, path string, lines int, moment time.Duration) []string {
	t.Helper()
	said, ended := runUntil(t, child("work", path), lines, moment)
	if ended {
		t.Fatal("the worker ended by itself")
	}
	return said
}

// runUntil runs a process, and kills it a moment after it has printed so many lines, unless it ended in order by then. It returns
// all lines.
func runUntil(t *testing.T, c *exec.Cmd, lines int, moment time.Duration) (said []string, ended bool) {
	t.Helper()
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(out)
	for len(said) < lines && scanner.Scan() {
		said = append(said, scanner.Text())
	}
	time.Sleep(moment)
	if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	for scanner.Scan() { // A line is one write, and never cut in two.
		said = append(said, scanner.Text())
	}
	return said, c.Wait() == nil
}

// verify opens the database and compares it with what was said to be done.
func verify(t *testing.T, path string, said []string) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	problems := 0
	err = db.Check(t.Context(), func(p string) {
		if problems++; problems <= 3 {
			t.Errorf("after %d changes: %s", len(said), p)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	files, err := db.Files(t.Context(), store.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files.Items {
		if n := eventsOf(t, db, f.Number); n != f.Counts.Accepted {
			t.Errorf("file %d has %d events, and %d of its records were accepted", f.Number, n, f.Counts.Accepted)
		}
	}
	verifyHalts(t, db, said)
	for _, line := range said {
		var what string
		var n, done uint64
		if fields, err := fmt.Sscan(line, &what, &n, &done); fields < 2 {
			t.Fatalf("a line says %q: %v", line, err)
		}
		switch what {
		case "file", "imported", "closed", "replaced":
			f, err := db.File(t.Context(), n)
			if err != nil || f.Counts.Records < done || what == "closed" && f.State != store.FileImported {
				t.Errorf("%q is lost: %+v, %v", line, f, err)
			}
			if what == "replaced" {
				verifyReplaced(t, db, n, done)
			}
		case "withdrawn", "requeued", "retracted", "resolved", "erased":
			verifyDecided(t, db, what, n, done)
		case "begun", "acknowledged", "held":
			b, err := db.Batch(t.Context(), n)
			want := map[string]store.BatchState{"acknowledged": store.BatchAcknowledged, "held": store.BatchHeld}[what]
			if err != nil || want != 0 && b.State != want {
				t.Errorf("%q is lost: batch %d is %s, %v", line, n, b.State, err)
			}
		}
	}
}

// verifyHalts finds the files that were said to be halted last among those that are, and those that were said to be allowed not.
func verifyHalts(t *testing.T, db *bolt.DB, said []string) {
	t.Helper()
	last := map[uint64]string{}
	for _, line := range said {
		var what string
		var n uint64
		if _, err := fmt.Sscan(line, &what, &n); err == nil && (what == "halted" || what == "allowed") {
			last[n] = what
		}
	}
	halts, err := db.Halts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	is := map[uint64]store.Halt{}
	single := map[uint64]bool{}
	for _, h := range halts {
		if h.Kind == store.HaltFile {
			is[h.File] = h
		}
		single[h.File] = single[h.File] || h.Kind == store.HaltEvents
	}
	for n, what := range last {
		f, err := db.File(t.Context(), n)
		h, halted := is[n]
		// The last one may have been allowed, and the process killed before it said so.
		if err != nil || what == "allowed" && (halted || single[n]) || what == "halted" && halted && (h.Events != 30 || !single[n]) ||
			what == "halted" && !halted && single[n] {
			t.Errorf("file %d was %s last, and is %+v, %v, %v", n, what, h, f.State, err)
		}
	}
}

// verifyReplaced finds every event of a file in the place of another one, which is withdrawn.
func verifyReplaced(t *testing.T, db *bolt.DB, file, want uint64) {
	t.Helper()
	page, err := db.Events(t.Context(), store.Filter{File: file, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var found uint64
	for _, e := range page.Items {
		was, err := db.Event(t.Context(), e.Replaces)
		if err != nil || was.State != store.StateWithdrawn || was.ReplacedBy != e.Seq || was.EventID != e.EventID || e.State == store.StateWithdrawn {
			t.Errorf("event %d of file %d replaced %+v, %v", e.Seq, file, was, err)
		}
		found++
	}
	if found != want {
		t.Errorf("file %d replaced %d events, and %d are there", file, want, found)
	}
}

func eventsOf(t *testing.T, db *bolt.DB, file uint64) uint64 {
	t.Helper()
	n := uint64(0)
	for f := (store.Filter{File: file, Limit: 1000}); ; {
		page, err := db.Events(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		n += uint64(len(page.Items))
		if f.Cursor = page.Next; f.Cursor == "" {
			return n
		}
	}
}
