package bolt_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/store"
	"capibara/store/bolt"
	"capibara/store/powerloss"
)

// compactCuts is how often the power goes.
func compactCuts() int {
	if os.Getenv("CAPIBARA_LONG_TESTS") != "" {
		return 2000
	}
	return 30
}

// compactRounds is how often the worker compacts.
const compactRounds = 3

// compactMail imports, erases and compacts, and prints what is done after each call that returned.
func compactMail(path string) error {
	ctx := context.Background()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	for round := range compactRounds {
		if err := importMail(ctx, db, round+1, 100*round, 40); err != nil {
			return err
		}
		fmt.Println("imported", round)
		if _, err := db.Erase(ctx, []uint64{uint64(40*round + 1)}, erased("anna"), crashDay); err != nil {
			return err
		}
		fmt.Println("erased", round)
		if _, err := db.Compact(ctx, compaction(path)); err != nil {
			return err
		}
		fmt.Println("compacted", round)
	}
	return db.Close()
}

// TestCompactPowerLoss looks at what may be on the disk if the power had gone at any moment of a process that compacts: one
// whole database with all that was said to be done, and without the bytes of what was erased once it was compacted.
func TestCompactPowerLoss(t *testing.T) {
	t.Parallel()
	needStrace(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "capibara.db")
	db, err := bolt.Create(path, bolt.Options{Now: crashDay})
	if err == nil {
		err = db.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	recording, err := powerloss.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	if out, err := powerloss.Command(child("compact", path), trace).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := recording.Read(trace, dir); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d steps", seed, len(recording.Steps))
	chance := rand.New(rand.NewPCG(seed, 0))
	var cuts []int
	renamed := 0
	for n, s := range recording.Steps {
		if s.Kind == powerloss.Rename && s.To == "capibara.db" { // around it is where two files are the database
			renamed++
			cuts = append(cuts, n, n+1, min(n+2, len(recording.Steps)))
		}
	}
	if renamed != compactRounds {
		t.Fatalf("the database was replaced %d times", renamed)
	}
	for len(cuts) < compactCuts() {
		cuts = append(cuts, 1+chance.IntN(len(recording.Steps)))
	}
	image := filepath.Join(memory(t), "image.db")
	recording.Images(cuts, chance, func(steps int, i powerloss.Image) {
		if t.Failed() {
			return // the first image that is wrong says enough
		}
		if err := os.WriteFile(image, i.Files["capibara.db"], 0o600); err != nil {
			t.Fatal(err)
		}
		said := map[string]int{}
		for _, s := range recording.Steps[:steps] {
			if what, _, ok := strings.Cut(string(s.Data), " "); s.Kind == powerloss.Said && ok {
				said[what]++
			}
		}
		verifyCompacted(t, image, said)
		if t.Failed() {
			t.Logf("after %d of %d steps, said %v", steps, len(recording.Steps), said)
		}
	})
}

func verifyCompacted(t *testing.T, path string, said map[string]int) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	sound(t, db)
	files, err := db.Files(t.Context(), store.Filter{})
	if err != nil || len(files.Items) < said["imported"] {
		t.Errorf("there are %d files, %v", len(files.Items), err)
	}
	content := read(t, path)
	for round := range said["erased"] {
		e, err := db.Event(t.Context(), uint64(40*round+1))
		if err != nil || e.State != store.StateErased || e.Emptied != store.EmptiedErased || e.RecordKey != "" {
			t.Errorf("the event that was erased in round %d is %+v, %v", round, e, err)
		}
		if mail := mailOf(100 * round); round < said["compacted"] && bytes.Contains(content, mail[:]) {
			t.Errorf("what was erased in round %d is in the file still", round)
		}
	}
}
