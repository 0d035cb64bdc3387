package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"capibara/store/bolt"
	"capibara/uploader/sandbox"

	"github.com/rs/zerolog"
)

// TestHomeOfAnEarlierVersion has a mark that says no more than that there is a database, and a database that nobody
// watched. It goes on working, and has a witness once it has acted.
func TestHomeOfAnEarlierVersion(t *testing.T) {
	t.Parallel()
	for _, mark := range []string{plainMark + "2026-11-20T10:00:00Z: data/capibara.db.\nIt knows what was sent.\n", "", "\n"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "data", "capibara.db")
		if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		db, err := bolt.Create(path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if mark != "" {
			if err := os.WriteFile(filepath.Join(dir, ".capibara-ledger"), []byte(mark), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		a := &app{stdout: io.Discard, stderr: io.Discard, now: time.Now, homeFlag: dir}
		c, err := a.load()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []access{toRead, toAct, toAct} {
			l, err := a.openLocal(t.Context(), c, "import", want, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			if d := l.testimony.inDoubt(); d != nil {
				t.Errorf("with the mark %q it is in doubt: %s", mark, d.why)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			w, _, err := c.readWitness()
			if err != nil || (w != nil) != (want == toAct) {
				t.Errorf("with the mark %q the witness is %+v, %v", mark, w, err)
			}
		}
	}
}

// TestWitnessThatCannotBeWritten is said once and stops nothing.
func TestWitnessThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	_, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, web.URL)
	h.must("import", export(t, 20))
	// A folder in its place cannot be replaced by a file, whoever the user is.
	path := filepath.Join(h.dir, ".capibara-ledger")
	a := &app{stdout: io.Discard, stderr: io.Discard, now: time.Now, homeFlag: h.dir}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	c.Graph.BaseURL = web.URL
	var said bytes.Buffer
	l, err := a.openLocal(t.Context(), c, "upload", toAct, zerolog.New(&said))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	l.config.Datasets["main"] = datasetConfig{ID: "1234567890", AccessTokenFile: tokenFile(t)}
	s, err := l.Upload(t.Context(), func(progress) {})
	if err != nil || s.Acknowledged == 0 {
		t.Errorf("the upload: %+v, %v", s, err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if n := strings.Count(said.String(), "cannot keep how far the ledger came"); n != 1 {
		t.Errorf("it was said %d times:\n%s", n, said.String())
	}
}

func tokenFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "token.txt")
	if err := os.WriteFile(path, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestLedgerThatWasReplacedMeanwhile stops the process that has the old one open.
func TestLedgerThatWasReplacedMeanwhile(t *testing.T) {
	t.Parallel()
	_, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, web.URL)
	l := opened(t, h)
	if err := l.testimony.maySend(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(h.dir, ".capibara-ledger")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// What another process writes that put another ledger to work.
	if err := os.WriteFile(path, bytes.Replace(text, []byte(`"batches": 0`), []byte(`"batches": 7`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	l.testimony.looked = time.Time{}
	if err := l.testimony.maySend(); err == nil || !strings.Contains(err.Error(), "was put to work") {
		t.Errorf("it may send: %v", err)
	}
	if err := l.GoLive(t.Context(), "1234567890", "mary"); err == nil || !strings.HasPrefix(err.Error(), "nothing was sent: ") {
		t.Errorf("going live: %v", err)
	}
	if said, err := l.scheduledUpload(t.Context()); err != nil || !strings.HasPrefix(said, "Nothing was sent: another copy of this ledger was put to work") {
		t.Errorf("the schedule says %q, %v", said, err)
	}
	l.testimony.keep(t.Context())
	if now, err := os.ReadFile(path); err != nil || !bytes.Contains(now, []byte(`"batches": 7`)) {
		t.Errorf("the word of the other one is overwritten: %s, %v", now, err)
	}
}

// copied is a home with all that another one has, as a person copies it.
func copied(t *testing.T, h *home) *home {
	t.Helper()
	c := &home{t: t, dir: filepath.Join(t.TempDir(), "copy"), url: h.url}
	if out, err := exec.CommandContext(t.Context(), "cp", "-R", h.dir, c.dir).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return c
}

// TestTwoHomesUpload lets a home and a copy of it send at the same time.
func TestTwoHomesUpload(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, web.URL)
	h.must("import", export(t, 200))
	other := copied(t, h)
	both := []*exec.Cmd{h.start("upload"), other.start("upload")}
	var codes []int
	for _, cmd := range both {
		_ = cmd.Wait()
		codes = append(codes, cmd.ProcessState.ExitCode())
	}
	if codes[0] != exitOK || codes[1] != exitFailed {
		t.Errorf("the exit codes are %v", codes)
	}
	if d := s.Stats().Duplicates; d != 0 {
		t.Errorf("%d events were sent twice", d)
	}
	h.reconcile(s)
}

// TestRunWithAStaleLedger imports, sends nothing, and says so.
func TestRunWithAStaleLedger(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, web.URL)
	h.must("import", export(t, 50))
	path := filepath.Join(h.dir, "data", "capibara.db")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h.must("upload")
	sent := s.Stats().Accepted
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	daemon := h.start("run")
	ended := false
	defer func() {
		if !ended {
			kill(t, daemon)
		}
	}()
	eventually(t, "the daemon answers", func() bool {
		conn, err := dialSocket(context.Background(), &config{Folders: foldersConfig{Data: filepath.Join(h.dir, "data")}})
		if err != nil || conn == nil {
			return false
		}
		return conn.Close() == nil
	})
	for _, args := range [][]string{{"adopt", "--hold", "--yes"}, {"move", t.TempDir()}} {
		if _, code := h.try(args...); code != exitLocked {
			t.Errorf("while it runs %s ends with %d", args[0], code)
		}
	}
	h.must("import", export(t, 60))
	if out, code := h.try("upload"); code != exitFailed {
		t.Errorf("upload ends with %d: %s", code, out)
	}
	if out := h.must("status"); !strings.HasPrefix(out, "Nothing is sent: the database is older than what was sent") {
		t.Errorf("status says %s", out)
	}
	page := filepath.Join(h.dir, "receipts", "_STATUS.html")
	eventually(t, "the page says it", func() bool {
		text, err := os.ReadFile(page)
		return err == nil && bytes.Contains(text, []byte("the database is older than what was sent"))
	})
	if err := daemon.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	ended = true
	if err := daemon.Wait(); err != nil {
		t.Errorf("the daemon: %v", err)
	}
	if now := s.Stats().Accepted; now != sent {
		t.Errorf("%d events were sent, and %d before", now, sent)
	}
}

// TestWitnessBeforeTheRequest looks at the witness when the first request of a pass arrives: it knows of its batch.
func TestWitnessBeforeTheRequest(t *testing.T) {
	t.Parallel()
	s, err := sandbox.New(sandbox.Config{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var h *home
	var once sync.Once
	var batches uint64
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() {
			c := defaults()
			c.Home = h.dir
			if seen, _, err := c.readWitness(); err == nil && seen != nil {
				batches = seen.Batches
			}
		})
		s.ServeHTTP(w, r)
	}))
	defer web.Close()
	h = newHome(t, web.URL)
	h.must("import", export(t, 30))
	h.must("upload")
	if s.Stats().Accepted == 0 || batches == 0 {
		t.Errorf("%d events arrived; when the first of them did, the witness knew of %d batches", s.Stats().Accepted, batches)
	}
}
