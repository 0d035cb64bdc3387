package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/audit"
	sampledata "capibara/sample-data"
	"capibara/uploader/sandbox"

	"github.com/google/go-cmp/cmp"
)

const crashConfig = `
datasets: {main: {id: "1234567890"}}
upload: {batch_events: 100}
inbox: {poll: 1s, settle: 1s}
sources:
  - name: tills
    files: ["pos-*.jsonl"]
    dataset: main
    record_key: [store, receipt, business_date]
    action_source: physical_store
    event_name: Purchase
    decimal: "."
    country: NL
    columns: {email: customer.email, phone: customer.phone, event_time: time, value: total, currency: currency, order_id: receipt}
`

// home is a home whose commands are run in processes of their own, which are killed at the worst moments.
type home struct {
	t   *testing.T
	dir string
	url string // where requests go
}

func newHome(t *testing.T, url string) *home {
	t.Helper()
	h := &home{t: t, dir: t.TempDir(), url: url}
	if err := os.WriteFile(filepath.Join(h.dir, configName), []byte(crashConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	h.must("init")
	return h
}

// command is a command that has not been started.
func (h *home) command(args ...string) *exec.Cmd {
	cmd := exec.Command("capibara", append(args, "--home", h.dir)...)
	cmd.Env = append(os.Environ(), "CAPIBARA_TOKEN_MAIN=secret", "CAPIBARA_GRAPH_BASE_URL="+h.url, "CAPIBARA_CONFIG=", "CAPIBARA_HOME=")
	return cmd
}

// start starts a command that is going to be killed.
func (h *home) start(args ...string) *exec.Cmd {
	h.t.Helper()
	cmd := h.command(args...)
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	return cmd
}

// try runs a command to its end and returns its exit code.
func (h *home) try(args ...string) (stdout string, code int) {
	h.t.Helper()
	var out, said bytes.Buffer
	cmd := h.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		h.t.Fatal(err)
	}
	if err != nil {
		h.t.Logf("capibara %s: %s", strings.Join(args, " "), said.String())
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// must runs a command that has to succeed; rejected records are no failure.
func (h *home) must(args ...string) string {
	h.t.Helper()
	out, code := h.try(args...)
	if code != exitOK && code != exitRejected {
		h.t.Fatalf("capibara %s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

func lines[T any](h *home, args ...string) []T {
	h.t.Helper()
	var all []T
	for d := json.NewDecoder(strings.NewReader(h.must(append(args, "--output", "jsonl")...))); ; {
		var v T
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, v)
	}
}

// export writes an export of the tills and returns its path.
func export(t *testing.T, rows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pos-day.jsonl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	if err := sampledata.Generate(w, sampledata.Options{Kind: sampledata.KindPOS, Rows: rows, Seed: 3, Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// exportWithMistakes has records all over the file that somebody has to mend.
func exportWithMistakes(t *testing.T, rows int) string {
	t.Helper()
	path := export(t, rows)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	n := 0
	for line := range bytes.Lines(text) {
		if n++; n%500 == 0 {
			fmt.Fprintf(&out, `{"store":"S1","receipt":"bad-%d","business_date":"2026-11-20","time":"soon","total":10,"currency":"EUR","customer":{"email":"mary@example.com"}}`+"\n", n)
		}
		out.Write(line)
	}
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func meta(t *testing.T, c sandbox.Config) (*sandbox.Sandbox, *httptest.Server) {
	t.Helper()
	c.Token = "secret"
	s, err := sandbox.New(c)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, web
}

func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	_ = cmd.Wait()
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it never happened: %s", what)
}

// drain uploads until nothing waits and no fate is unknown.
func (h *home) drain() {
	h.t.Helper()
	for range 20 {
		h.try("upload")
		var s audit.Status
		if err := json.Unmarshal([]byte(h.must("status", "--output", "json")), &s); err != nil {
			h.t.Fatal(err)
		}
		if s.Events.Pending == 0 && s.Events.InFlight == 0 {
			return
		}
	}
	h.t.Fatal("the outbox does not become empty")
}

// reconcile compares both sides after everything was acknowledged: nothing that was accepted is lost, nothing was sent
// twice but as part of a batch whose fate was unknown, and then byte for byte.
func (h *home) reconcile(s *sandbox.Sandbox) {
	h.t.Helper()
	h.must("check", "--database")
	doubtful := map[uint64]bool{}
	parents := map[uint64]uint64{}
	for _, b := range lines[audit.Batch](h, "history", "batches") {
		parents[b.Batch] = b.Parent
		for _, a := range b.Attempts {
			if a.End == "lost" || a.End == "unknown" {
				doubtful[b.Batch] = true
			}
		}
	}
	events := historyEvents(h)
	if len(events) == 0 {
		h.t.Fatal("there are no events to compare")
	}
	acknowledged := 0
	for _, e := range events {
		if e.State != "acknowledged" {
			if e.State != "expired" {
				h.t.Errorf("event %s is %s", e.EventID, e.State)
			}
			continue
		}
		acknowledged++
		switch times := s.Count(e.Dataset, e.EventID, e.EventName); {
		case times == 0:
			h.t.Errorf("event %s is acknowledged and never arrived", e.EventID)
		case times > 1:
			b := e.Batch
			for ; b != 0 && !doubtful[b]; b = parents[b] {
			}
			if b == 0 {
				h.t.Errorf("event %s was sent %d times, and the fate of batch %d was never unknown", e.EventID, times, e.Batch)
			}
		}
	}
	stats := s.Stats()
	if stats.Distinct != acknowledged {
		h.t.Errorf("%d events are acknowledged, %d different ones arrived", acknowledged, stats.Distinct)
	}
	if stats.Changed != 0 {
		h.t.Errorf("%d events were sent again with other bytes", stats.Changed)
	}
	var accepted uint64
	for _, f := range lines[audit.File](h, "history", "files") {
		c := f.Counts
		if sum := c.Accepted + c.Duplicate + c.Conflict + c.Expired + c.Skipped + c.Rejected; sum != c.Records {
			h.t.Errorf("the fates of file %d add up to %d, not %d", f.File, sum, c.Records)
		}
		accepted += c.Accepted
	}
	if accepted != uint64(acknowledged) {
		h.t.Errorf("%d records were accepted, %d events acknowledged", accepted, acknowledged)
	}
}

// TestKilledWhileImporting kills an import again and again, ever later, until one gets through.
func TestKilledWhileImporting(t *testing.T) {
	t.Parallel()
	path := exportWithMistakes(t, 40_000)
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
	text, err := os.ReadFile(export(t, 20_000))
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
	h.drain()
	h.reconcile(s)
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

func historyEvents(h *home) []audit.Event { return lines[audit.Event](h, "history", "events") }
