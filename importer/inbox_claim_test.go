package importer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestInboxTakesTheOldestFirstAndWhatWasLeftBehindBeforeAll(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.drop(t, "b.csv", "b", 3*time.Hour)
	it.drop(t, "a.csv", "a", 2*time.Hour)
	it.drop(t, "new.csv", "new", time.Minute)
	it.drop(t, ".claimed/20261101T000000-1/orphan.csv", "orphan", time.Hour)
	it.drop(t, ".claimed/put-there-by-hand.csv", "by hand", 2*time.Hour)
	if err := os.Mkdir(filepath.Join(it.dir, ".claimed", "never-used"), 0o700); err != nil {
		t.Fatal(err)
	}
	want := []string{"put-there-by-hand.csv", "orphan.csv", "b.csv", "a.csv", "new.csv"}
	if got := it.sweep(t); !slices.Equal(got, want) {
		t.Errorf("imported %q, want %q", got, want)
	}
	entries, err := os.ReadDir(filepath.Join(it.dir, ".claimed"))
	if err != nil || len(entries) != 1 || entries[0].Name() != ".lock" {
		t.Errorf(".claimed holds %v (%v)", entries, err)
	}
}

func TestInboxSameNameWhileTheFirstIsClaimed(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.desk.trouble = func(string) error { return errors.New("the database is in use") }
	it.drop(t, "deals.csv", "first", long)
	if _, err := it.Sweep(t.Context()); err == nil {
		t.Fatal("no error")
	}
	it.drop(t, "deals.csv", "second", long)
	it.desk.trouble = nil
	it.restart(t)
	it.sweep(t)
	if got := it.desk.texts["deals.csv"]; !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("imported %q", got)
	}
}

func TestInboxThousandsOfFiles(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	n := 600
	if os.Getenv("CAPIBARA_LONG_TESTS") != "" {
		n = 10_000
	}
	when := time.Now().Add(-long)
	var want []string
	for i := range n {
		name := fmt.Sprintf("%05d.csv", i)
		at := filepath.Join(it.dir, name)
		if err := os.WriteFile(at, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(at, when, when.Add(-time.Duration(i/100)*time.Second)); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	slices.SortFunc(want, func(x, y string) int { // the oldest hundred first, by name within
		if x[:3] != y[:3] {
			return strings.Compare(y, x)
		}
		return strings.Compare(x, y)
	})
	if got := it.sweep(t); !slices.Equal(got, want) {
		t.Errorf("imported %d files, %q first", len(got), got[:3])
	}
}

func TestTwoInboxesOnOneFolder(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	const n = 300
	for i := range n {
		it.drop(t, fmt.Sprintf("%03d.csv", i), "a", long)
	}
	var together sync.WaitGroup
	for range 2 {
		b, err := NewInbox(InboxConfig{Importer: it.desk, Dir: it.dir})
		if err != nil {
			t.Fatal(err)
		}
		together.Go(func() {
			for len(listed(it.dir)) > 0 {
				if _, err := b.Sweep(context.Background()); err != nil && !errors.Is(err, errBusy) {
					t.Error(err)
				}
			}
		})
	}
	together.Wait()
	for name, texts := range it.desk.texts {
		if len(texts) != 1 {
			t.Errorf("%s was imported %d times", name, len(texts))
		}
	}
	if len(it.desk.texts) != n || len(it.left(t)) != 0 {
		t.Errorf("%d of %d imported, left %q", len(it.desk.texts), n, it.left(t))
	}
}

func listed(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "*.csv"))
	return found
}

// Where there are no locks the rename alone decides.
func TestClaimIsWonByOne(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	c, err := openClaims(it.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for i := range 100 {
		it.drop(t, fmt.Sprintf("%d.csv", i), "a", long)
	}
	files, err := listFolder(it.dir, temporaryName)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	won := map[string]int{}
	var racers sync.WaitGroup
	for range 4 {
		racers.Go(func() {
			for _, f := range files {
				mine, err := c.claim(f)
				if err != nil {
					t.Error(err)
				}
				if mine != nil {
					mu.Lock()
					won[f.name]++
					mu.Unlock()
				}
			}
		})
	}
	racers.Wait()
	for _, f := range files {
		if won[f.name] != 1 {
			t.Errorf("%s was claimed %d times", f.name, won[f.name])
		}
	}
}

func TestClaimOfAFileThatStillChanges(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	at := it.drop(t, "deals.csv", "a\n", long)
	c, err := openClaims(it.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	files, err := listFolder(it.dir, temporaryName)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(at, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if mine, err := c.claim(files[0]); mine != nil || err != nil {
		t.Errorf("claimed %v, error %v", mine, err)
	}
	c.close()
	it.sweep(t)
	it.now = it.now.Add(10 * time.Second)
	if it.sweep(t); !slices.Equal(it.desk.texts["deals.csv"], []string{"a\n1\n"}) {
		t.Errorf("imported %q", it.desk.texts)
	}
}

func TestInboxLock(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.drop(t, ".claimed/1/deals.csv", "a", long)
	other, err := openClaims(it.dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := it.Sweep(t.Context()); !errors.Is(err, errBusy) || len(it.desk.imported()) != 0 {
		t.Errorf("error %v, imported %q while another process works", err, it.desk.imported())
	}
	other.close()
	if got := it.sweep(t); !slices.Equal(got, []string{"deals.csv"}) {
		t.Errorf("imported %q after the other process ended", got)
	}
}

func TestInboxClaimsArePrivate(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.sweep(t)
	info, err := os.Stat(filepath.Join(it.dir, ".claimed"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v (%v)", info.Mode(), err)
	}
}
