package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/audit"
	sampledata "capibara/sample-data"
	"capibara/uploader/sandbox"
)

const crashConfig = `
datasets: {main: {id: "1234567890"}}
upload: {batch_events: 100, urgent: false}
schedule: {upload: "0 2 29 2 *"}
inbox: {poll: 1s, settle: 1s}
web: off
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

// quickRace keeps the race detector from sleeping for a second whenever a process ends.
const quickRace = "GORACE=atexit_sleep_ms=0"

// home is a home whose commands are run in other processes, which are killed at the worst moments.
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
	cmd.Env = append(os.Environ(), "CAPIBARA_TOKEN_MAIN=secret", "CAPIBARA_GRAPH_BASE_URL="+h.url, "CAPIBARA_CONFIG=", "CAPIBARA_HOME=", quickRace)
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
	dir, err := os.Getwd()
	if err != nil {
		h.t.Fatal(err)
	}
	cmd := h.command(args...)
	o, err := accompanying.do(errand{Args: cmd.Args[1:], Env: append(cmd.Env, "PWD="+dir)})
	if err != nil {
		h.t.Fatal(err)
	}
	if o.Code != exitOK {
		h.t.Logf("capibara %s: %s", strings.Join(args, " "), o.Stderr)
	}
	return string(o.Stdout), o.Code
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
	return exportOf(t, rows, 3)
}

func exportOf(t *testing.T, rows int, seed uint64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "pos-day.jsonl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	if err := sampledata.Generate(w, sampledata.Options{Kind: sampledata.KindPOS, Rows: rows, Seed: seed, Now: time.Now()}); err != nil {
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

func historyEvents(h *home) []audit.Event { return lines[audit.Event](h, "history", "events") }
