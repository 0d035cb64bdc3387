package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/store/bolt"
	"capibara/uploader/sandbox"

	"github.com/rs/zerolog"
)

// TestCompactCutOff ends a compaction where the witness is about to change: there is one whole database, and it is the ledger.
// TestCompactPowerLoss of the store ends it everywhere else.
func TestCompactCutOff(t *testing.T) {
	t.Parallel()
	imported := newHome(t, "http://127.0.0.1:1")
	imported.must("import", export(t, 30))
	for name, until := range map[string]func(context.Context, *local, bolt.Compaction) error{
		"when it is announced": func(ctx context.Context, l *local, c bolt.Compaction) error {
			if err := os.WriteFile(c.Temporary, []byte("half"), 0o600); err != nil {
				return err
			}
			return l.testimony.announce(ctx, fileIdentity(c.Temporary))
		},
		"when it is swapped": func(ctx context.Context, l *local, c bolt.Compaction) error {
			c.Announce = func() error { return l.testimony.announce(ctx, fileIdentity(c.Temporary)) }
			_, err := l.db.Compact(ctx, c)
			return err
		},
		"at its end": func(ctx context.Context, l *local, _ bolt.Compaction) error {
			_, err := l.Compact(ctx, compactOrder{By: "anna"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, web := meta(t, sandbox.Config{Seed: 1})
			h := another(t, imported, web.URL)
			a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, now: time.Now, homeFlag: h.dir}
			c, err := a.load()
			if err != nil {
				t.Fatal(err)
			}
			l, err := a.openLocal(t.Context(), c, "compact", toAct, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			temporary := filepath.Join(c.Folders.Data, compactedTemporary)
			if err := until(t.Context(), l, bolt.Compaction{Temporary: temporary, By: "anna", At: time.Now()}); err != nil {
				t.Fatal(err)
			}
			if _, code := h.try("status"); code != exitLocked {
				t.Errorf("another process opens the database meanwhile: %d", code)
			}
			if err := l.db.Close(); err != nil { // that of a process that dies is closed by the system
				t.Fatal(err)
			}
			unhurt(t, c.database())
			if !mayUpload(t, h.dir) {
				t.Error("it is not the ledger any more")
			}
			h.must("upload")
			if err := a.compact(t.Context()); err != nil {
				t.Fatal(err)
			}
			unhurt(t, c.database())
			if _, err := os.Lstat(temporary); err == nil {
				t.Error("the new file is left behind")
			}
			if text, err := os.ReadFile(c.witnessPath()); err != nil || strings.Contains(string(text), "file_next") {
				t.Errorf("the witness is not settled: %s, %v", text, err)
			}
			h.must("upload")
			h.reconcile(s)
		})
	}
}

// TestCompactKilled kills compactions ever later, until one gets through.
func TestCompactKilled(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, web.URL)
	h.must("import", export(t, 2_000))
	kills := 0
	for wait := 10 * time.Millisecond; ; wait = wait * 3 / 2 {
		cmd := h.start("compact")
		over := make(chan error, 1)
		go func() { over <- cmd.Wait() }()
		select {
		case err := <-over:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(wait):
			if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			<-over
			kills++
			unhurt(t, filepath.Join(h.dir, "data", "capibara.db"))
			continue
		}
		break
	}
	if kills == 0 {
		t.Fatal("the compaction was never killed")
	}
	h.drain()
	h.reconcile(s)
}

// TestCompactInDoubt leaves a doubt to those who decide.
func TestCompactInDoubt(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	h.must("import", export(t, 30))
	c := copied(t, h)
	if _, code := c.try("compact"); code != exitFailed || mayUpload(t, c.dir) {
		t.Errorf("a copy is compacted: %d, and sends: %t", code, mayUpload(t, c.dir))
	}
}
