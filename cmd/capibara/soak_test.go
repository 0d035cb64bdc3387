package main

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"capibara/audit"
	"capibara/uploader/sandbox"
)

// soak kills processes at random while Meta fails at random.
type soak struct {
	*home
	meta   *sandbox.Sandbox
	mu     sync.Mutex
	chance *rand.Rand
	raging bool
	kills  int
	most   time.Duration // that a process lives; it grows until one gets through, however slow the machine is
}

// soakLength is how many processes are killed at least, for how long, and how many records there are.
func soakLength(t *testing.T) (kills int, length time.Duration, files, records int) {
	if text := os.Getenv("CAPIBARA_SOAK"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			t.Fatalf("CAPIBARA_SOAK is %q; write a time such as 30s: %v", text, err)
		}
		return 5, d, 10, 1_000
	}
	if os.Getenv("CAPIBARA_LONG_TESTS") != "" {
		return 200, 0, 20, 15_500 // a third of the records of a till is anonymous
	}
	return 3, 0, 2, 300
}

// TestSoak imports and uploads in processes that are killed with kill -9 after a while, against a stand-in that fails at
// random. In the end the sums are exact, and nothing was sent twice but what was in a batch of unknown fate.
func TestSoak(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	s := &soak{chance: rand.New(rand.NewPCG(seed, 0)), raging: true, most: time.Second}
	var err error
	if s.meta, err = sandbox.New(sandbox.Config{Seed: seed, Token: "secret", SlowFor: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
		if err := s.meta.Close(); err != nil {
			t.Error(err)
		}
	})
	s.home = newHome(t, web.URL)
	kills, length, files, records := soakLength(t)
	waiting := make([]string, files)
	for i := range waiting {
		waiting[i] = exportOf(t, records, uint64(i+1))
	}
	for began := time.Now(); s.kills < kills || time.Since(began) < length || len(waiting) > 0; {
		if len(waiting) > 0 && s.lives("import", waiting[0]) {
			waiting = waiting[1:]
		}
		s.lives("upload", "--wait", "0s")
	}
	s.mu.Lock()
	s.raging = false
	s.mu.Unlock()
	s.try("upload")
	s.try("upload")
	s.reconcile(t)
	st := s.meta.Stats()
	t.Logf("seed %d: %d kills, %d events taken, %d of them again, faults %v", seed, s.kills, st.Distinct, st.Duplicates, st.Faults)
}

// serve is Meta, with a fault in one request of twenty.
func (s *soak) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.raging && s.chance.IntN(20) == 0 {
		// A block by policy and a rate limit would last for hours.
		kinds := []sandbox.Kind{sandbox.Fault500, sandbox.Fault503, sandbox.Fault429, sandbox.FaultCutBefore, sandbox.FaultCutAfter,
			sandbox.FaultHTML, sandbox.FaultOKError, sandbox.FaultShort, sandbox.FaultSlow, sandbox.FaultRedirect, sandbox.FaultEmpty, sandbox.FaultAuth}
		if err := s.meta.Queue(kinds[s.chance.IntN(len(kinds))]); err != nil {
			s.t.Error(err)
		}
	}
	s.mu.Unlock()
	s.meta.ServeHTTP(w, r)
}

// lives runs a command that is killed after a while, and reports whether it ended by itself before.
func (s *soak) lives(args ...string) bool {
	cmd := s.start(args...)
	over := make(chan error, 1)
	go func() { over <- cmd.Wait() }()
	s.mu.Lock()
	wait := 20*time.Millisecond + time.Duration(s.chance.IntN(int(s.most)))
	s.mu.Unlock()
	select {
	case err := <-over:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			s.t.Fatal(err)
		}
		s.most = time.Second
		return true
	case <-time.After(wait):
		if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			s.t.Fatal(err)
		}
		<-over
		s.kills++
		s.most += s.most / 4
		return false
	}
}

// reconcile compares both sides. What was in the dark twice waits for its next try for minutes, or is held: it is still
// part of the sums.
func (s *soak) reconcile(t *testing.T) {
	t.Helper()
	s.must("check", "--database")
	doubtful, parents := map[uint64]bool{}, map[uint64]uint64{}
	for _, b := range lines[audit.Batch](s.home, "history", "batches") {
		parents[b.Batch] = b.Parent
		for _, a := range b.Attempts {
			if a.End == "lost" || a.End == "unknown" {
				doubtful[b.Batch] = true
			}
		}
	}
	doubted := func(b uint64) bool {
		for ; b != 0 && !doubtful[b]; b = parents[b] {
		}
		return b != 0
	}
	accepted, seen := 0, map[string]int{}
	for _, f := range lines[audit.File](s.home, "history", "files") {
		c := f.Counts
		if sum := c.Accepted + c.Duplicate + c.Conflict + c.Expired + c.Skipped + c.Rejected; sum != c.Records {
			t.Errorf("the fates of file %d add up to %d, not %d", f.File, sum, c.Records)
		}
		accepted += int(c.Accepted)
	}
	distinct, total := 0, 0
	for _, e := range historyEvents(s.home) {
		total++
		seen[e.State]++
		times := s.meta.Count(e.Dataset, e.EventID, e.EventName)
		if times > 0 {
			distinct++
		}
		switch {
		case e.State == "acknowledged" && times == 0:
			t.Errorf("event %s is acknowledged and never arrived", e.EventID)
		case (e.State == "held" || e.State == "in_flight") && !doubted(e.Batch):
			t.Errorf("event %s is %s, and its fate was never unknown", e.EventID, e.State)
		case (e.State == "pending" || e.State == "rejected") && times > 0:
			t.Errorf("event %s arrived and is %s", e.EventID, e.State)
		case times > 1 && !doubted(e.Batch):
			t.Errorf("event %s was sent %d times, and its fate was never unknown", e.EventID, times)
		}
	}
	if total != accepted || total == 0 {
		t.Errorf("%d records were accepted, and there are %d events", accepted, total)
	}
	if st := s.meta.Stats(); st.Distinct != distinct || st.Changed != 0 {
		t.Errorf("%d events arrived that the ledger knows, %d in all; %d came again with other bytes", distinct, st.Distinct, st.Changed)
	}
	var st audit.Status
	if err := json.Unmarshal([]byte(s.must("status", "--output", "json")), &st); err != nil {
		t.Fatal(err)
	}
	if int(st.Events.Acknowledged) != seen["acknowledged"] || int(st.Events.Pending) != seen["pending"] {
		t.Errorf("status says %+v, the history %v", st.Events, seen)
	}
	if seen["pending"] > 0 && st.Datasets[0].Circuit.State != "open" {
		t.Errorf("%d events are left pending", seen["pending"])
	}
	t.Logf("%d events: %v", total, seen)
}
