//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"capibara/store"
	"capibara/uploader/sandbox"
)

// until waits for something that another process does.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 1000 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it did not come to that in time: %s", what)
}

// TestOutwaitProcess lets an upload meet another process that has the database: it gives up at once, or waits, and then
// sends what that one has brought in.
func TestOutwaitProcess(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, web.URL)
	importing := h.command("import", "-", "--source", "tills")
	input, err := importing.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := importing.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the import has the database", func() bool {
		_, err := os.Stat(filepath.Join(h.dir, "data", "capibara.pid"))
		return err == nil
	})
	for _, args := range [][]string{{"upload"}, {"upload", "--wait-lock", "1ms"}, {"upload", "--dry-run"}} {
		if _, code := h.try(args...); code != exitLocked {
			t.Errorf("%v beside an import: exit code %d", args, code)
		}
	}
	waiting := h.start("upload", "--wait-lock", "1m")
	text, err := os.ReadFile(export(t, 20))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := input.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(input.Close(), importing.Wait()); err != nil && importing.ProcessState.ExitCode() != exitRejected {
		t.Fatal(err)
	}
	if err := waiting.Wait(); err != nil || s.Stats().Accepted == 0 || s.Stats().Duplicates != 0 {
		t.Errorf("the upload that waited: %v; the sandbox saw %+v", err, s.Stats())
	}
}

// TestOutwaitUpload lets an upload meet another one in a running process.
func TestOutwaitUpload(t *testing.T) {
	t.Parallel()
	s, _ := meta(t, sandbox.Config{Seed: 1})
	var came atomic.Int64
	gate := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		came.Add(1)
		<-gate
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	h := newHome(t, web.URL)
	h.must("import", export(t, 30))
	daemon := h.start("run")
	until(t, "the process serves", func() bool {
		_, err := os.Stat(filepath.Join(h.dir, "data", "capibara.sock"))
		return err == nil
	})
	first := h.start("upload")
	until(t, "the first upload sends", func() bool { return came.Load() > 0 })
	if _, code := h.try("upload"); code != exitLocked {
		t.Errorf("a second upload: exit code %d", code)
	}
	waiting := h.start("upload", "--wait-lock", "1m")
	close(gate)
	if err := errors.Join(first.Wait(), waiting.Wait()); err != nil || s.Stats().Accepted == 0 || s.Stats().Duplicates != 0 {
		t.Errorf("the first upload, and the one that waited: %v; the sandbox saw %+v", err, s.Stats())
	}
	if err := errors.Join(daemon.Process.Signal(syscall.SIGTERM), daemon.Wait()); err != nil {
		t.Error(err)
	}
}

// TestOutwait tries until the time is over, and no longer.
func TestOutwait(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name         string
		most, locked time.Duration
		code         int
		took         time.Duration
	}{
		{"free at once", time.Hour, 0, exitOK, 0},
		{"nothing to wait", 0, time.Hour, exitLocked, 0},
		{"free in time", time.Minute, 10 * time.Second, exitOK, 10 * time.Second},
		{"never free", time.Minute, time.Hour, exitLocked, time.Minute},
		{"interrupted", time.Hour, time.Hour, exitFailed, 90 * time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
				defer cancel()
				began := time.Now()
				var said bytes.Buffer
				a := &app{stderr: &said}
				err := a.outwait(ctx, tc.most, func() error {
					a.note("the configuration has changed")
					if time.Since(began) < tc.locked {
						return store.ErrLocked
					}
					return nil
				})
				if n := strings.Count(said.String(), "note: "); n > 2 || n == 2 && !strings.Contains(said.String(), "waiting for it, at most") {
					t.Errorf("it said\n%s", said.String())
				}
				if code, took := exitCode(err), time.Since(began); code != tc.code || took != tc.took {
					t.Errorf("exit code %d after %s (%v), want %d after %s", code, took, err, tc.code, tc.took)
				}
			})
		})
	}
}
