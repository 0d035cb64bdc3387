package importer

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
)

func TestInboxKeepsWhatFailsThroughNoFaultOfItsOwn(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	full := errors.New("no space left on device")
	it.desk.trouble = func(string) error { return full }
	for i := range 5 {
		it.drop(t, fmt.Sprintf("%d.csv", i), "a", long)
	}
	all := it.left(t)
	for range 3 {
		if _, err := it.Sweep(t.Context()); !errors.Is(err, full) {
			t.Fatalf("error %v", err)
		}
		it.now = it.now.Add(time.Second)
	}
	if got := it.left(t); !slices.Equal(got, all) {
		t.Fatalf("left %q of %q", got, all)
	}
	if got := strings.Join(it.Waiting(), "\n"); !strings.Contains(got, ".csv is tried again, because its import failed: no space left on device.") {
		t.Errorf("waiting: %s", got)
	}
	it.desk.trouble = nil
	it.now = it.now.Add(time.Minute)
	if got := it.sweep(t); len(got) != 5 || len(it.left(t)) != 0 || it.Waiting() != nil {
		t.Errorf("imported %q, left %q, waiting %q", got, it.left(t), it.Waiting())
	}
}

func TestInboxStopsAPassWhenTheTroubleIsEverybodys(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	tries := 0
	it.desk.trouble = func(string) error { tries++; return errors.New("locked") }
	for i := range 50 {
		it.drop(t, fmt.Sprintf("%02d.csv", i), "a", long)
	}
	if _, err := it.Sweep(t.Context()); err == nil || tries != failuresInARow {
		t.Errorf("%d tries, error %v", tries, err)
	}
	inbox, err := filepath.Glob(filepath.Join(it.dir, "*.csv"))
	if err != nil || len(inbox) != 50-failuresInARow {
		t.Errorf("%d files still where they were dropped", len(inbox))
	}
}

func TestInboxOneSickFileDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	sick := errors.New("input/output error")
	tries := 0
	it.desk.trouble = func(name string) error {
		if name != "0.csv" {
			return nil
		}
		tries++
		return sick
	}
	for i := range 4 {
		it.drop(t, fmt.Sprintf("%d.csv", i), "a", long)
	}
	for range 200 {
		if _, err := it.Sweep(t.Context()); !errors.Is(err, sick) {
			t.Fatalf("error %v", err)
		}
		it.now = it.now.Add(5 * time.Second)
	}
	if !slices.Equal(it.desk.imported(), []string{"1.csv", "2.csv", "3.csv"}) {
		t.Errorf("imported %q", it.desk.imported())
	}
	// 5, 10, 20 … 300 s apart in 1000 s.
	if tries < 6 || tries > 9 {
		t.Errorf("%d tries in 1000 seconds", tries)
	}
}

func TestInboxTellsWhereAFileLiesThatLostItsSource(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	at := it.drop(t, ".claimed/1/deals.csv", "a", long)
	it.desk.glob = "*.json"
	it.sweep(t)
	if got := it.Waiting(); len(got) != 1 || !strings.Contains(got[0], "fits no source") || !strings.Contains(got[0], filepath.Dir(at)) {
		t.Errorf("waiting: %q", got)
	}
	it.desk.glob = "*.csv"
	if got := it.sweep(t); !slices.Equal(got, []string{"deals.csv"}) || it.Waiting() != nil {
		t.Errorf("imported %q, waiting %q", got, it.Waiting())
	}
}

func TestInboxEndedInTheMiddle(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.drop(t, "deals.csv", "a", long)
	ctx, cancel := context.WithCancel(t.Context())
	it.desk.trouble = func(string) error { cancel(); return ctx.Err() }
	if _, err := it.Sweep(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if got, err := filepath.Glob(filepath.Join(it.dir, ".claimed", "*", "deals.csv")); err != nil || len(got) != 1 {
		t.Fatalf("claimed: %q", got)
	}
	it.desk.trouble = nil
	it.restart(t)
	if got := it.sweep(t); !slices.Equal(got, []string{"deals.csv"}) || len(it.left(t)) != 0 {
		t.Errorf("imported %q, left %q", got, it.left(t))
	}
}

func TestInboxRefusedFileIsDone(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.drop(t, "wrong.csv", "refuse me", long)
	it.drop(t, "right.csv", "a", time.Minute)
	if got := it.sweep(t); !slices.Equal(got, []string{"wrong.csv", "right.csv"}) || it.Waiting() != nil {
		t.Errorf("reports %q, waiting %q", got, it.Waiting())
	}
	if got := it.sweep(t); got != nil {
		t.Errorf("reports %q of a second pass", got)
	}
}

func TestInboxFolderTrouble(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	home := it.dir
	file := it.drop(t, "a-file", "a", 0)
	for name, c := range map[string]struct {
		dir  string
		says string
	}{
		"missing": {filepath.Join(home, "missing"), "does not exist; create it"},
		"a file":  {file, "is a file and not a folder"},
	} {
		b, err := NewInbox(InboxConfig{Importer: it.desk, Dir: c.dir})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(home, ".claimed")); err != nil {
		t.Fatal(err)
	}
	if _, err := it.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), "must be a folder") {
		t.Errorf("a link in the place of .claimed: %v", err)
	}
}
