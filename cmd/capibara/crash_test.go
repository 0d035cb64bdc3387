package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/audit"
	"capibara/uploader/sandbox"

	"github.com/google/go-cmp/cmp"
)

// TestKilledWhileImporting kills an import again and again, ever later, until one gets through.
func TestKilledWhileImporting(t *testing.T) {
	t.Parallel()
	path := exportWithMistakes(t, 15_000)
	whole := newHome(t, "http://127.0.0.1:1")
	whole.must("import", path)
	want := lines[audit.File](whole, "history", "files")[0]

	h := newHome(t, "http://127.0.0.1:1")
	kills := 0
	for wait := 100 * time.Millisecond; ; wait = wait * 3 / 2 {
		cmd := h.start("import", path)
		over := make(chan error, 1)
		go func() { over <- cmd.Wait() }()
		select {
		case <-over:
		case <-time.After(wait):
			if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			<-over
			kills++
			continue
		}
		break
	}
	if kills == 0 {
		t.Fatal("the import was never killed")
	}
	files := lines[audit.File](h, "history", "files")
	// A kill after the last record was committed leaves nothing to go on with: the next import finds duplicates alone.
	first := files[len(files)-1]
	for _, again := range files[:len(files)-1] {
		if again.Counts.Accepted != 0 {
			t.Errorf("file %d accepted %d records that file %d had accepted", again.File, again.Counts.Accepted, first.File)
		}
	}
	if diff := cmp.Diff(want.Counts, first.Counts); diff != "" || first.State != "imported" {
		t.Errorf("after %d kills the file is %s with other counts than without:\n%s", kills, first.State, diff)
	}
	if want.Counts.Rejected == 0 {
		t.Fatalf("the export has nothing to reject: %+v", want.Counts)
	}
	rejects := func(h *home, f audit.File) string {
		text, err := os.ReadFile(filepath.Join(h.dir, f.Rejects))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if rejects(whole, want) != rejects(h, first) {
		t.Error("the rejects files differ")
	}
	h.receipted()
	h.must("check", "--database")
}

// TestKilledBetweenIntentAndSending kills the process when its request has reached a listener that never reads it.
func TestKilledBetweenIntentAndSending(t *testing.T) {
	t.Parallel()
	hole, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hole.Close()
	s, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, "http://"+hole.Addr().String())
	h.must("import", export(t, 300))
	cmd := h.start("upload")
	conn, err := hole.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	kill(t, cmd)
	if batches := lines[audit.Batch](h, "history", "batches", "--state", "sending"); len(batches) == 0 {
		t.Error("no batch is journalled as being sent, and a connection was made for one")
	}
	h.url = web.URL
	h.drain()
	h.reconcile(s)
}

// TestKilledWhileTheAnswerIsAwaited kills the process when Meta has counted the events and not answered yet.
func TestKilledWhileTheAnswerIsAwaited(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1, SlowFor: time.Minute})
	h := newHome(t, web.URL)
	h.must("import", export(t, 300))
	if err := s.Queue(sandbox.FaultSlow, sandbox.FaultSlow); err != nil {
		t.Fatal(err)
	}
	cmd := h.start("upload")
	eventually(t, "two requests are counted and not answered", func() bool { return s.Stats().Faults[sandbox.FaultSlow] == 2 })
	kill(t, cmd)
	counted := s.Stats().Accepted
	h.drain()
	h.reconcile(s)
	if d := s.Stats().Duplicates; d == 0 || d > counted+100 {
		t.Errorf("%d events were sent again; %d were counted when the process died", d, counted)
	}
}

// TestKilledBetweenAnswerAndSettling kills the process at the moment when an answer reaches it, several times.
func TestKilledBetweenAnswerAndSettling(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1})
	target, err := url.Parse(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan struct{}, 1)
	proxy := httputil.NewSingleHostReverseProxy(target)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxy.ServeHTTP(w, r)
		_ = http.NewResponseController(w).Flush()
		select {
		case answered <- struct{}{}:
		default:
		}
	}))
	defer front.Close()
	h := newHome(t, front.URL)
	h.must("import", export(t, 600))
	for range 3 {
		select {
		case <-answered: // of the round before
		default:
		}
		cmd := h.start("upload", "--wait", "0s")
		over := make(chan struct{})
		go func() { _ = cmd.Wait(); close(over) }()
		select {
		case <-answered:
			_ = cmd.Process.Kill()
			<-over
		case <-over:
		}
	}
	h.drain()
	h.reconcile(s)
}

// TestKilledWhileRunning kills the running process with a file in its hands and requests under way, and starts it again
// over the socket and the note that it left behind.
func TestKilledWhileRunning(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1, Delay: 20 * time.Millisecond})
	h := newHome(t, web.URL)
	text, err := os.ReadFile(export(t, 8_000))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "inbox", "pos-day.jsonl"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(h.dir, "data", "capibara.sock")
	daemon := h.start("run")
	eventually(t, "the file is claimed", func() bool {
		claimed, err := filepath.Glob(filepath.Join(h.dir, "inbox", ".claimed", "*"))
		return err == nil && len(claimed) > 0
	})
	kill(t, daemon)
	if _, err := os.Lstat(socket); err != nil {
		t.Fatalf("the killed process left no socket behind: %v", err)
	}
	daemon = h.start("run")
	defer kill(t, daemon)
	eventually(t, "the file is archived", func() bool {
		archived, err := filepath.Glob(filepath.Join(h.dir, "archive", "*", "*", "*", "pos-day.*.jsonl"))
		return err == nil && len(archived) == 1
	})
	upload := h.start("upload")
	eventually(t, "events are counted", func() bool { return s.Stats().Accepted > 0 })
	kill(t, daemon)
	_ = upload.Wait()
	if code := upload.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("the upload that lost its process ended with %d", code)
	}
	// The next one makes up for the upload that was cut off, without being asked.
	daemon = h.start("run")
	defer kill(t, daemon)
	eventually(t, "everything is acknowledged", func() bool {
		out, code := h.try("status", "--output", "json")
		var st audit.Status
		return code == exitOK && json.Unmarshal([]byte(out), &st) == nil && st.Events.Pending == 0 && st.Events.InFlight == 0
	})
	h.reconcile(s)
	h.receipted()
}

// TestTwoDaemonsOnOneInbox lets two homes with ledgers of their own take from one folder, and kills one again and again:
// every file ends in one archive, imported by one of them.
func TestTwoDaemonsOnOneInbox(t *testing.T) {
	t.Parallel()
	one, other := newHome(t, "http://127.0.0.1:1"), newHome(t, "http://127.0.0.1:1")
	inbox := t.TempDir()
	for _, h := range []*home{one, other} {
		config := crashConfig + "folders: {inbox: " + inbox + ", receipts: " + filepath.Join(inbox, "receipts") + "}\n"
		if err := os.WriteFile(filepath.Join(h.dir, configName), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const files = 30
	for i := range files {
		sale := fmt.Sprintf(`{"store":"S1","receipt":"R%d","business_date":"2026-11-20","time":%q,"total":10,"currency":"EUR","customer":{"email":"mary@example.com"}}`+"\n",
			i, time.Now().Add(-time.Hour).Format(time.RFC3339))
		folder := filepath.Join(inbox, []string{"", "Tills"}[i%2])
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("pos-%d.jsonl", i)), []byte(sale), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	waits := func() int {
		n := 0
		for _, place := range []string{"*.jsonl", "Tills/*.jsonl", ".claimed/*/*.jsonl", "Tills/.claimed/*/*.jsonl"} {
			found, err := filepath.Glob(filepath.Join(inbox, filepath.FromSlash(place)))
			if err != nil {
				t.Fatal(err)
			}
			n += len(found)
		}
		return n
	}
	daemon := one.start("run")
	defer func() { kill(t, daemon) }()
	for range 3 {
		victim := other.start("run")
		left := waits()
		eventually(t, "files are taken", func() bool { now := waits(); return now == 0 || now <= left-5 })
		kill(t, victim)
	}
	last := other.start("run")
	defer func() { kill(t, last) }()
	eventually(t, "the inbox is empty", func() bool { return waits() == 0 })
	kill(t, last)
	kill(t, daemon)
	var accepted uint64
	for _, h := range []*home{one, other} {
		h.must("check", "--database")
		for _, f := range lines[audit.File](h, "history", "files") {
			accepted += f.Counts.Accepted
			if _, err := os.Stat(filepath.Join(h.dir, f.ArchivedAs)); f.State == "imported" && (err != nil || f.ArchivedAs == "") {
				t.Errorf("file %d is archived as %q: %v", f.File, f.ArchivedAs, err)
			}
		}
	}
	// A record is in one of the two ledgers, once.
	if accepted != files {
		t.Errorf("%d records of %d were accepted", accepted, files)
	}
}

// receipted fails the test unless every file that is closed has the one receipt that the ledger names.
func (h *home) receipted() {
	h.t.Helper()
	files := lines[audit.File](h, "history", "files")
	named := map[string]bool{}
	for _, f := range files {
		if _, err := os.Stat(filepath.Join(h.dir, f.Receipt)); err != nil || f.Receipt == "" || named[f.Receipt] {
			h.t.Errorf("file %d has the receipt %q: %v", f.File, f.Receipt, err)
		}
		named[f.Receipt] = true
	}
	there, err := filepath.Glob(filepath.Join(h.dir, "receipts", "* - *.html"))
	if err != nil || len(there) != len(files) {
		h.t.Errorf("%d receipts of %d files: %v", len(there), len(files), err)
	}
}

// TestOneProcessAHome holds the database in one process and asks another for it.
func TestOneProcessAHome(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	cmd := h.command("import", "-", "--source", "tills")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the database is taken", func() bool {
		spooled, err := filepath.Glob(filepath.Join(h.dir, "data", spoolPattern))
		return err == nil && len(spooled) == 1
	})
	for _, args := range [][]string{{"status"}, {"upload"}, {"run"}, {"history", "events"}} {
		other := h.command(args...)
		var said bytes.Buffer
		other.Stderr = &said
		if err := other.Run(); err == nil || other.ProcessState.ExitCode() != exitLocked {
			t.Errorf("capibara %s ended with %v", strings.Join(args, " "), err)
		}
		if want := fmt.Sprintf("in use by process %d (capibara import, since", cmd.Process.Pid); !strings.Contains(said.String(), want) {
			t.Errorf("capibara %s does not say who has it:\n%s", strings.Join(args, " "), said.String())
		}
	}
	// Killed with standard input in its hands: the next one clears it away.
	kill(t, cmd)
	_ = stdin.Close()
	h.must("import", export(t, 10))
	if left, err := filepath.Glob(filepath.Join(h.dir, "data", spoolPattern)); err != nil || len(left) != 0 {
		t.Errorf("standard input of a killed import is still there: %v, %v", left, err)
	}
}

// TestInterrupted stops an upload in order: what is under way is settled, and the next one goes on.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1, Delay: 100 * time.Millisecond})
	h := newHome(t, web.URL)
	h.must("import", export(t, 2_000))
	cmd := h.start("upload")
	eventually(t, "events are counted", func() bool { return s.Stats().Accepted > 0 })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("the exit code is %d", code)
	}
	for _, b := range lines[audit.Batch](h, "history", "batches") {
		if b.State != "acknowledged" {
			t.Errorf("batch %d is %s", b.Batch, b.State)
		}
	}
	h.drain()
	h.reconcile(s)
	if d := s.Stats().Duplicates; d != 0 {
		t.Errorf("%d events were sent twice", d)
	}
}

// TestInterruptedTwice ends a process at once that was asked twice while Meta does not answer.
func TestInterruptedTwice(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1, SlowFor: time.Minute})
	h := newHome(t, web.URL)
	h.must("import", export(t, 100))
	if err := s.Queue(sandbox.FaultSlow); err != nil {
		t.Fatal(err)
	}
	cmd := h.command("upload")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a request is counted and not answered", func() bool { return s.Stats().Faults[sandbox.FaultSlow] == 1 })
	over := make(chan struct{})
	go func() { _ = cmd.Wait(); close(over) }()
	for ended := false; !ended; {
		// Signals that follow each other closely may become one.
		if err := cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		select {
		case <-over:
			ended = true
		case <-time.After(50 * time.Millisecond):
		}
	}
	if code := cmd.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(said.String(), "interrupted twice") {
		t.Errorf("it ended with %d and said\n%s", code, said.String())
	}
	h.drain()
	h.reconcile(s)
}
