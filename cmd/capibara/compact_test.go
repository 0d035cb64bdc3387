package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/uploader/sandbox"

	"github.com/rs/zerolog"
)

// TestCompactCutOff ends a compaction after each of its steps: there is one whole database, and it is the ledger.
func TestCompactCutOff(t *testing.T) {
	t.Parallel()
	imported := newHome(t, "http://127.0.0.1:1")
	imported.must("import", export(t, 30))
	for done := range 5 {
		t.Run(fmt.Sprintf("after %d steps", done), func(t *testing.T) {
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
			m := &compacting{local: l, temporary: filepath.Join(c.Folders.Data, compactedTemporary)}
			if len(m.steps()) != 4 {
				t.Fatalf("there are %d steps", len(m.steps()))
			}
			for _, step := range m.steps()[:done] {
				if err := step(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if _, code := h.try("status"); code != exitLocked {
				t.Errorf("another process opens the database meanwhile: %d", code)
			}
			if m.fresh != nil { // the databases of a process that dies are closed by the system
				err = m.fresh.Close()
			}
			if err := errors.Join(err, m.db.Close()); err != nil {
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
			if _, err := os.Lstat(m.temporary); err == nil {
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
