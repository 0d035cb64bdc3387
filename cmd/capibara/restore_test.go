package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"capibara/audit"
	"capibara/store/bolt"
	"capibara/uploader/sandbox"
)

// unhurt reads a whole database, which no process has.
func unhurt(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Check(t.Context(), func(p string) { t.Error(p) }), db.Close()); err != nil {
		t.Error(err)
	}
}

// TestRestoreDrill backs up and compacts while a running process uploads, and restores into a new home as after the loss of a machine:
// what the lost one sent meanwhile is not sent again.
func TestRestoreDrill(t *testing.T) {
	t.Parallel()
	s, _ := meta(t, sandbox.Config{Seed: 1})
	var came atomic.Int64
	gate := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if came.Add(1) > 4 { // the backup is made while the others are under way
			<-gate
		}
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(web.Close)
	h := newHome(t, web.URL)
	h.must("import", export(t, 1_000))
	daemon := h.start("run")
	eventually(t, "the process serves", func() bool { _, err := os.Stat(filepath.Join(h.dir, "data", "capibara.sock")); return err == nil })
	upload := h.start("upload")
	eventually(t, "events arrive", func() bool { return s.Stats().Accepted > 0 })
	backup := filepath.Join(t.TempDir(), "backup.db")
	h.must("backup", backup)
	old := fileIdentity(filepath.Join(h.dir, "data", "capibara.db"))
	h.must("compact")
	if is := fileIdentity(filepath.Join(h.dir, "data", "capibara.db")); is == old && is != "" {
		t.Error("the running process did not write the database anew")
	}
	close(gate)
	if err := upload.Wait(); err != nil {
		t.Error(err)
	}
	sent := s.Stats().Accepted
	kill(t, daemon)
	unhurt(t, filepath.Join(h.dir, "data", "capibara.db"))
	if !mayUpload(t, h.dir) {
		t.Error("after the compaction it is not the ledger any more")
	}
	if err := os.RemoveAll(filepath.Join(h.dir, "data")); err != nil { // the machine is gone
		t.Fatal(err)
	}
	if info, err := os.Stat(backup); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup is %v, %v", info, err)
	}
	unhurt(t, backup)

	fresh := &home{t: t, dir: t.TempDir(), url: web.URL}
	if err := os.WriteFile(filepath.Join(fresh.dir, configName), []byte(crashConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := fresh.must("restore", backup); !strings.Contains(out, "NOTHING IS SENT") || !strings.Contains(out, "capibara adopt --hold") {
		t.Errorf("restore says\n%s", out)
	}
	if out, code := fresh.try("check", "--database"); code != exitFailed || !strings.Contains(out, "The database agrees with itself.") {
		t.Errorf("check ends with %d\n%s", code, out)
	}
	if _, code := fresh.try("upload"); code != exitFailed {
		t.Errorf("an upload before adopt ends with %d", code)
	}
	waiting := 0
	for _, e := range historyEvents(fresh) {
		if e.State == "pending" || e.State == "in_flight" {
			waiting++
		}
	}
	if waiting == 0 {
		t.Fatal("the backup was made when all was sent")
	}
	fresh.must("adopt", "--hold", "--yes")
	fresh.must("upload")
	if now := s.Stats(); now.Accepted != sent || now.Duplicates != 0 {
		t.Errorf("%d events were sent before the restore and %d after, %d twice", sent, now.Accepted, now.Duplicates)
	}
	held := lines[audit.Event](fresh, "history", "events", "--state", "held")
	if len(held) != waiting {
		t.Errorf("%d events are held, and %d waited", len(held), waiting)
	}
	fresh.must("check", "--database")
}

// TestRestoreCutOff ends a restore after each of its steps: there is one whole database, the old one or the new one, and
// the new one sends nothing.
func TestRestoreCutOff(t *testing.T) {
	t.Parallel()
	const steps = 7
	imported := newHome(t, "http://127.0.0.1:1")
	imported.must("import", export(t, 30))
	backup := filepath.Join(t.TempDir(), "backup.db")
	imported.must("backup", backup)
	old := len(historyEvents(imported))
	imported.must("import", exportOf(t, 30, 4))
	if len(historyEvents(imported)) == old {
		t.Fatal("nothing came after the backup")
	}
	for done := range steps + 1 {
		t.Run(fmt.Sprintf("after %d steps", done), func(t *testing.T) {
			t.Parallel()
			h := another(t, imported, imported.url)
			a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, now: time.Now, homeFlag: h.dir}
			c, err := a.load()
			if err != nil {
				t.Fatal(err)
			}
			r, err := a.newRestoring(t.Context(), c, backup)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.steps) != steps {
				t.Fatalf("there are %d steps", len(r.steps))
			}
			for n, step := range r.steps[:done] {
				if err := step(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					if _, code := h.try("status"); code != exitLocked {
						t.Errorf("another process may open the database meanwhile: %d", code)
					}
				}
			}
			if r.release != nil { // the system does, when a process dies
				if err := r.release(); err != nil {
					t.Fatal(err)
				}
			}
			unhurt(t, c.database())
			events := len(historyEvents(h))
			if sends := mayUpload(t, h.dir); sends != (done < steps) || (events == old) != (done == steps) {
				t.Errorf("it has %d events, and sends: %t", events, sends)
			}
			if err := a.restore(t.Context(), backup); err != nil {
				t.Fatal(err)
			}
			unhurt(t, c.database())
			if n := len(historyEvents(h)); n != old || mayUpload(t, h.dir) {
				t.Errorf("in the end it has %d events, and sends: %t", n, mayUpload(t, h.dir))
			}
			if _, err := os.Lstat(r.temporary); err == nil {
				t.Error("the copy is left behind")
			}
			kept, err := filepath.Glob(c.database() + ".before-restore-*")
			if err != nil || len(kept) == 0 {
				t.Fatalf("the database that was there is kept as %v, %v", kept, err)
			}
			unhurt(t, kept[0])
			h.must("adopt", "--send", "--yes")
			if !mayUpload(t, h.dir) {
				t.Error("it sends nothing after adopt")
			}
		})
	}
}

// TestRestoreOverDamage puts a backup in the place of a database that cannot be opened.
func TestRestoreOverDamage(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	h.must("import", export(t, 30))
	backup := filepath.Join(t.TempDir(), "backup.db")
	h.must("backup", backup)
	path := filepath.Join(h.dir, "data", "capibara.db")
	if err := os.WriteFile(path, []byte("what a failed disk left"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.must("restore", backup)
	unhurt(t, path)
	if kept, err := filepath.Glob(path + ".before-restore-*"); err != nil || len(kept) != 1 {
		t.Errorf("what was there is kept as %v, %v", kept, err)
	}
	if mayUpload(t, h.dir) {
		t.Error("it sends before adopt")
	}
}

// TestRestoreRefuses changes nothing when the backup is not whole.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	h.must("import", export(t, 300))
	backup := filepath.Join(t.TempDir(), "backup.db")
	h.must("backup", backup)
	whole, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	row := strings.Index(string(whole), "Purchase")
	if row < 0 {
		t.Fatal("nothing to damage is found")
	}
	flipped := []byte(string(whole))
	flipped[row] ^= 1
	database := filepath.Join(h.dir, "data", "capibara.db")
	for name, text := range map[string][]byte{"cut off": whole[:len(whole)/2], "one bit is flipped": flipped, "no database": []byte("hello"), "empty": nil} {
		t.Run(name, func(t *testing.T) {
			bad := filepath.Join(t.TempDir(), "bad.db")
			if err := os.WriteFile(bad, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, code := h.try("restore", bad); code != exitFailed {
				t.Errorf("it ends with %d", code)
			}
			if _, code := h.try("restore", database); code != exitFailed {
				t.Errorf("the database itself is restored: %d", code)
			}
			if !mayUpload(t, h.dir) {
				t.Error("the database that was there sends nothing any more")
			}
			left, err := os.ReadDir(filepath.Join(h.dir, "data"))
			if err != nil || len(left) != 1 {
				t.Errorf("left are %v, %v", left, err)
			}
		})
	}
	unhurt(t, database)
}

// TestBackupRefuses leaves what is there as it is.
func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	taken := filepath.Join(t.TempDir(), "taken.db")
	if err := os.WriteFile(taken, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"taken": taken, "no folder": filepath.Join(t.TempDir(), "no", "where.db"), "inbox": filepath.Join(h.dir, "inbox", "b.db"), "folder": h.dir} {
		if _, code := h.try("backup", path); code != exitFailed {
			t.Errorf("%s: it ends with %d", name, code)
		}
	}
	if text, err := os.ReadFile(taken); err != nil || string(text) != "mine" {
		t.Errorf("what was there is %q, %v", text, err)
	}
}
