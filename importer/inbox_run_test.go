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
	"testing/synctest"
	"time"
)

func TestInboxLogsAWaitingFileOnce(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.drop(t, "deals.xls", "a", long)
	for range 5 {
		it.sweep(t)
	}
	if n := strings.Count(it.log.String(), "deals.xls fits no source"); n != 1 {
		t.Errorf("%d lines:\n%s", n, it.log.String())
	}
	if err := os.Remove(filepath.Join(it.dir, "deals.xls")); err != nil {
		t.Fatal(err)
	}
	it.sweep(t)
	it.drop(t, "deals.xls", "a", long)
	it.sweep(t)
	if n := strings.Count(it.log.String(), "deals.xls fits no source"); n != 2 {
		t.Errorf("%d lines after it was dropped again:\n%s", n, it.log.String())
	}
}

func TestInboxRun(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		it.c.Now = time.Now
		done := make(chan error)
		go func() { done <- it.Run(ctx) }()
		synctest.Wait()
		// Its time comes from the clock of the real world, which stands still in here.
		if err := os.WriteFile(filepath.Join(it.dir, "deals.csv"), []byte("a"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(14 * time.Second) // seen at 5 s, still settling at 10 s
		synctest.Wait()
		if len(it.desk.imported()) != 0 {
			t.Errorf("imported %q before it had settled", it.desk.imported())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !slices.Equal(it.desk.imported(), []string{"deals.csv"}) {
			t.Errorf("imported %q", it.desk.imported())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestInboxRunTellsOnceThatTheFolderIsMissing(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	if err := os.Remove(it.dir); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		it.c.Now = time.Now
		done := make(chan error)
		go func() { done <- it.Run(ctx) }()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := strings.Count(it.log.String(), "does not exist"); n != 1 {
			t.Errorf("%d lines:\n%s", n, it.log.String())
		}
		it.drop(t, "deals.csv", "a", long)
		time.Sleep(slowestPoll)
		synctest.Wait()
		if !slices.Equal(it.desk.imported(), []string{"deals.csv"}) || !strings.Contains(it.log.String(), "worked off again") {
			t.Errorf("imported %q after the folder came back; log:\n%s", it.desk.imported(), it.log.String())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestInboxRunTellsATroubleOnceWhicheverFilesItHits(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.desk.trouble = func(name string) error { return fmt.Errorf("import %s: %w", name, errors.New("the disk is full")) }
	for i := range 40 {
		it.drop(t, fmt.Sprintf("%d.csv", i), "a", long)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		it.c.Now = time.Now
		done := make(chan error)
		go func() { done <- it.Run(ctx) }()
		time.Sleep(10 * time.Minute)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if n := strings.Count(it.log.String(), "\n"); n != 1 {
		t.Errorf("%d lines:\n%s", n, it.log.String())
	}
}

func TestNewInboxRefuses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for name, c := range map[string]InboxConfig{
		"no importer":       {Dir: "x"},
		"no folder":         {Importer: d},
		"a negative poll":   {Importer: d, Dir: "x", Poll: -1},
		"a negative settle": {Importer: d, Dir: "x", Settle: -1},
	} {
		if _, err := NewInbox(c); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
