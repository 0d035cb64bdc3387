package bolt_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// flips is how many bytes are flipped, one at a time.
func flips() int {
	if os.Getenv("CAPIBARA_LONG_TESTS") != "" {
		return 4000
	}
	return 80
}

// TestFlippedByte flips bytes of a database, one at a time: opening, checking and reading must find the damage or show
// what the whole database shows. The reader is another process, because a fault could be its end.
func TestFlippedByte(t *testing.T) {
	t.Parallel()
	for name, clean := range map[string]bool{"closed": true, "killed": false} {
		path := create(t)
		if clean {
			path = createPruned(t)
		} else {
			leaveUnclosed(t, path)
		}
		c := child("flip", path)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		c.Stderr = os.Stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ends := map[string]int{}
		last := ""
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			last = scanner.Text()
			what, _, _ := strings.Cut(last, " ")
			ends[what]++
			if what == "unnoticed" {
				t.Errorf("%s: %s", name, last)
			}
		}
		if err := c.Wait(); err != nil {
			t.Fatalf("%s: the reader ended after %q: %v", name, last, err)
		}
		t.Logf("%s: %v", name, ends)
		if ends["refused"]+ends["found"] == 0 || ends["refused"]+ends["found"]+ends["harmless"] != flips() {
			t.Errorf("%s: the flips ended as %v", name, ends)
		}
	}
}

// createPruned makes a database with a bit of everything of which the retention took its part.
func createPruned(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "capibara.db")
	db, err := bolt.Create(path, bolt.Options{Now: crashDay})
	if err != nil {
		t.Fatal(err)
	}
	r, err := age(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, db)
	for p := (store.Pruned{Removed: 1}); !p.Nothing(); {
		if p, err = db.Prune(t.Context(), r, crashDay); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Erase(t.Context(), []uint64{agedRows + 1, agedRows + 2}, erased("anna"), crashDay); err != nil {
		t.Fatal(err)
	}
	if err := db.Suppress(t.Context(), []event.Hash{{1}, {2}}, "anna", crashDay); err != nil {
		t.Fatal(err)
	}
	_, err = db.Compact(t.Context(), compaction(path)) // else most flips would hit what is free
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// leaveUnclosed makes the database one whose last process was killed: its list of free pages is not stored.
func leaveUnclosed(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SetRun(t.Context(), "upload", store.Run{Summary: "Sent nothing."}); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// flipBytes flips bytes of the database at path, one at a time, and prints for each whether the database is refused,
// whether Check finds it, whether all that can be read is as before, or whether it went unnoticed.
func flipBytes(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	used := len(content)
	for used > 0 && content[used-1] == 0 {
		used--
	}
	whole, _ := shown(path)
	good := map[string]bool{}
	for _, row := range sendable(path) {
		good[row] = true
	}
	if len(good) == 0 {
		return errors.New("there is nothing to send")
	}
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	for n := range flips() {
		at := r.IntN(used)
		if n%5 < 2 { // the header of a page says where everything else is
			at = at/4096*4096 + r.IntN(80)
		}
		mask := byte(1 << r.IntN(8))
		if _, err := f.WriteAt([]byte{content[at] ^ mask}, int64(at)); err != nil {
			return err
		}
		got, found := shown(path)
		switch {
		case slices.ContainsFunc(sendable(path), func(row string) bool { return !good[row] }):
			fmt.Println("unnoticed: a row that was never to be sent: byte", at, "mask", mask, "seed", seed)
		case errors.Is(found, errOpening):
			fmt.Println("refused", at)
		case found != nil:
			fmt.Println("found", at)
		case got == whole:
			fmt.Println("harmless", at)
		default:
			fmt.Println("unnoticed: byte", at, "mask", mask, "seed", seed)
		}
		if _, err := f.WriteAt(content[at:at+1], int64(at)); err != nil {
			return err
		}
	}
	return nil
}

// sendable is every row that an uploader would be given now. It does not ask whether the database is damaged.
func sendable(path string) (rows []string) {
	ctx := context.Background()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return nil
	}
	defer db.Close()
	all, _ := db.Plan(ctx, store.PlanQuery{Dataset: "123", Now: crashDay, Limit: 5000})
	open, _ := db.OpenBatches(ctx, "123")
	for _, b := range open {
		again, _ := db.BatchRows(ctx, b.Number)
		all = append(all, again...)
	}
	for _, row := range all {
		rows = append(rows, fmt.Sprintf("%+v", row))
	}
	return rows
}

var errOpening = errors.New("refused")

// shown is everything that a reader sees, and what Check found.
func shown(path string) (string, error) {
	ctx := context.Background()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return "", fmt.Errorf("%w: %w", errOpening, err)
	}
	defer db.Close()
	var found error
	if err := db.Check(ctx, func(p string) { found = errors.Join(found, errors.New(p)) }); err != nil {
		return "", err
	}
	var all strings.Builder
	show := json.NewEncoder(&all)
	for f := (store.Filter{Limit: 5000}); ; {
		events, err := db.Events(ctx, f)
		found = errors.Join(found, err)
		for _, e := range events.Items {
			found = errors.Join(found, show.Encode(e))
		}
		if f.Cursor = events.Next; err != nil || f.Cursor == "" {
			break
		}
	}
	open, err := db.OpenBatches(ctx, "123")
	found = errors.Join(found, err)
	batch, err := db.Batch(ctx, 1)
	if !errors.Is(err, store.ErrNotFound) {
		found = errors.Join(found, err)
	}
	file, err := db.File(ctx, 1)
	if !errors.Is(err, store.ErrNotFound) {
		found = errors.Join(found, err)
	}
	rows, err := db.Plan(ctx, store.PlanQuery{Dataset: "123", Now: crashDay, Limit: 5000})
	found = errors.Join(found, err)
	counts, err := db.Counts(ctx, crashDay)
	found = errors.Join(found, err)
	run, err := db.LastRun(ctx, "upload")
	found = errors.Join(found, err)
	suppressed, err := db.Suppressed(ctx)
	found = errors.Join(found, err)
	for _, v := range []any{open, batch, file, rows, counts, run, suppressed} {
		found = errors.Join(found, show.Encode(v))
	}
	found = errors.Join(found, db.Audit(ctx, 1, func(e store.AuditEntry) bool { return show.Encode(e) == nil }))
	return all.String(), found
}
