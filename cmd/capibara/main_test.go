package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"capibara/store/bolt"
)

// TestHeed counts signals that follow each other closely as one.
func TestHeed(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name        string
		after       []time.Duration // of each signal since the first
		ends, kills int
	}{
		{"none", nil, 0, 0},
		{"one", []time.Duration{0}, 1, 0},
		{"two of a group", []time.Duration{0, 3 * time.Millisecond}, 1, 0},
		{"three within a second", []time.Duration{0, time.Millisecond, time.Second - 1}, 1, 0},
		{"a second one", []time.Duration{0, time.Second}, 1, 1},
		{"a second one after an echo", []time.Duration{0, time.Millisecond, time.Minute, time.Hour}, 1, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			signals := make(chan os.Signal, len(tc.after))
			for range tc.after {
				signals <- syscall.SIGTERM
			}
			close(signals)
			begin, looks, ends, kills := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC), 0, 0, 0
			heed(signals, func() time.Time {
				looks++
				return begin.Add(tc.after[looks-1])
			}, func(os.Signal) { ends++ }, func() { kills++ })
			if ends != tc.ends || kills != tc.kills {
				t.Errorf("it was asked to end %d times and at once %d times; want %d and %d", ends, kills, tc.ends, tc.kills)
			}
		})
	}
}

// TestRunStoppedWhileItStarts asks for the end before anything is under way: that is an end in order, too.
func TestRunStoppedWhileItStarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, configName), []byte(crashConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &app{stdout: io.Discard, stderr: io.Discard, now: time.Now, homeFlag: dir}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(&interruptedError{signal: os.Interrupt})
	if err := a.run(ctx); err == nil {
		t.Error("it ran without a database")
	}
	if _, err := c.furnish(); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Create(c.database(), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Close(), a.run(ctx)); err != nil {
		t.Error(err)
	}
}
