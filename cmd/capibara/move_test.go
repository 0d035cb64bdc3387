package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/store"
	"capibara/store/bolt"
	"capibara/uploader/sandbox"

	"github.com/rs/zerolog"
)

// mayUpload reports whether a home would send. Nothing is changed.
func mayUpload(t *testing.T, dir string) bool {
	t.Helper()
	a := &app{stdout: io.Discard, stderr: io.Discard, now: time.Now, homeFlag: dir}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.openLocal(t.Context(), c, "upload", toRead, zerolog.Nop())
	if err != nil {
		return false
	}
	defer l.Close()
	return l.testimony.inDoubt() == nil
}

// TestMoveCutOff ends a move after each of its steps, goes on with the old home where that may still be, and moves again.
func TestMoveCutOff(t *testing.T) {
	t.Parallel()
	const steps = 6
	imported := newHome(t, "http://127.0.0.1:1")
	imported.must("import", export(t, 30))
	for done := range steps + 1 {
		t.Run(fmt.Sprintf("after %d steps", done), func(t *testing.T) {
			t.Parallel()
			s, web := meta(t, sandbox.Config{Seed: 1})
			h := another(t, imported, web.URL)
			kept := filepath.Join(h.dir, "archive", "2026", "kept.csv")
			for path, text := range map[string]string{kept: "kept", filepath.Join(h.dir, "inbox", "pos-waits.jsonl"): "waits"} {
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			to := filepath.Join(t.TempDir(), "new", "home")
			a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, now: time.Now, homeFlag: h.dir}
			cutOff(t, a, to, done)

			fresh := &home{t: t, dir: to, url: web.URL}
			oldSends := mayUpload(t, h.dir)
			newSends := false
			if _, err := os.Stat(to); err == nil {
				newSends = mayUpload(t, to)
			}
			if oldSends != (done < 4) || newSends != (done == steps) {
				t.Errorf("the old home sends: %t, the new one: %t", oldSends, newSends)
			}
			if done == 4 {
				if _, code := fresh.try("upload"); code != exitFailed {
					t.Errorf("an upload from the new home ends with %d", code)
				}
				if _, code := fresh.try("init", "--new-ledger"); code != exitFailed {
					t.Errorf("init in the new home ends with %d", code)
				}
			}
			if _, code := h.try("upload"); code != map[bool]int{true: exitOK, false: exitFailed}[oldSends] {
				t.Errorf("an upload from the old home ends with %d", code)
			}
			sent := s.Stats().Accepted
			if oldSends {
				if err := os.Remove(kept); err != nil { // as retention does
					t.Fatal(err)
				}
			}
			for range 2 { // and once more, when it is done
				if err := a.move(t.Context(), to); err != nil {
					t.Fatal(err)
				}
			}
			if mayUpload(t, h.dir) || !mayUpload(t, to) {
				t.Errorf("in the end the old home sends: %t, the new one: %t", mayUpload(t, h.dir), mayUpload(t, to))
			}
			fresh.must("upload")
			db, err := bolt.Open(filepath.Join(to, "data", "capibara.db"), bolt.Options{ReadOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(db.Check(t.Context(), func(p string) { t.Error(p) }), db.Close()); err != nil {
				t.Fatal(err)
			}
			if now := s.Stats(); now.Duplicates != 0 || oldSends && now.Accepted != sent || now.Accepted == 0 {
				t.Errorf("%d events were sent before, %d after, %d twice", sent, now.Accepted, now.Duplicates)
			}
			fresh.reconcile(s)
			if text, err := os.ReadFile(filepath.Join(to, "inbox", "pos-waits.jsonl")); err != nil || string(text) != "waits" {
				t.Errorf("what waited in the inbox is %q, %v", text, err)
			}
			_, err = os.Stat(filepath.Join(to, "archive", "2026", "kept.csv"))
			if there := err == nil; there == oldSends {
				t.Errorf("an archived file is there: %t, %v", there, err)
			}
			for _, name := range []string{".capibara-move", filepath.Join("data", temporaryDatabase)} {
				if _, err := os.Lstat(filepath.Join(to, name)); err == nil {
					t.Errorf("%s is left behind", name)
				}
			}
		})
	}
}

// another is a copy of a home that is a home by itself.
func another(t *testing.T, h *home, url string) *home {
	t.Helper()
	c := copied(t, h)
	c.url = url
	l := opened(t, c)
	if err := errors.Join(l.testimony.settle(t.Context()), l.Close()); err != nil {
		t.Fatal(err)
	}
	return c
}

// cutOff makes so many steps of a move, and dies.
func cutOff(t *testing.T, a *app, to string, steps int) {
	t.Helper()
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.openLedger(t.Context(), c, "move", toAct, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	m, err := newMove(t.Context(), l, to)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(m.steps()); steps > n {
		t.Fatalf("there are %d steps", n)
	}
	for _, step := range m.steps()[:steps] {
		if err := step(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.db.Close(); err != nil { // the database of a process that dies is closed by the system
		t.Fatal(err)
	}
}

// TestMoveLostItsCopy is told what to do, and a person may put the old ledger to work again.
func TestMoveLostItsCopy(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, web.URL)
	h.must("import", export(t, 30))
	to := filepath.Join(t.TempDir(), "new")
	cutOff(t, &app{stdout: io.Discard, stderr: io.Discard, now: time.Now, homeFlag: h.dir}, to, 4)
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	if _, code := h.try("move", to); code != exitFailed {
		t.Errorf("the move ends with %d", code)
	}
	h.must("adopt", "--hold", "--yes")
	h.must("upload")
	if n := s.Stats().Accepted; n != 0 {
		t.Errorf("%d events were sent", n)
	}
	for _, e := range historyEvents(h) {
		if e.State != store.StateHeld.String() {
			t.Errorf("an event is %s", e.State)
		}
	}
}
