package main

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"capibara/store"
	"capibara/uploader/sandbox"
)

// unpacked is a folder with what is in a zip file.
func unpacked(t *testing.T, path string) string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	dir := t.TempDir()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		to := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := errors.Join(err, r.Close(), os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, text, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// sums runs sha256sum in a folder, as the instructions say.
func sums(t *testing.T, dir, args string) (string, bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "sha256sum "+args)
	cmd.Dir = dir
	out, err := cmd.Output()
	return string(out), err == nil
}

// TestEvidence follows the instructions in the zip file, with sha256sum, and finds a byte that was changed in any of its parts.
func TestEvidence(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Skip("there is no sha256sum")
	}
	_, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, web.URL)
	source := export(t, 30)
	h.must("import", source)
	h.must("upload")
	id := ""
	for _, e := range historyEvents(h) {
		if e.State == store.StateAcknowledged.String() {
			id = e.EventID
		}
	}
	if id == "" {
		t.Fatal("nothing was acknowledged")
	}
	path := filepath.Join(t.TempDir(), "event.zip")
	out := h.must("evidence", "event", id, "--out", path)
	if strings.Contains(out, "not shown") {
		t.Errorf("it says\n%s", out)
	}
	if _, code := h.try("evidence", "event", id, "--out", path); code != exitFailed {
		t.Errorf("a file that is there ends with %d", code)
	}
	if _, code := h.try("evidence", "event", "cb-nothing", "--out", path+".2"); code != exitFailed {
		t.Errorf("an event that is not there ends with %d", code)
	}
	dir := unpacked(t, path)
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	told := read("README.txt")
	if strings.Contains(told, "could not be shown") || !strings.Contains(told, "Nothing is missing.") {
		t.Errorf("the instructions say\n%s", told)
	}

	// Step 1.
	if out, ok := sums(t, dir, "-c SHA256SUMS"); !ok {
		t.Errorf("sha256sum -c says\n%s", out)
	}
	// Step 2: the last line is the head, and each entry holds the hash of the one before.
	var v verification
	if err := json.Unmarshal([]byte(h.must("verify", "--output", "json")), &v); err != nil {
		t.Fatal(err)
	}
	listed, _ := sums(t, dir, "chain/*.entry")
	all := strings.Split(strings.TrimSpace(listed), "\n")
	_, head, _ := strings.Cut(v.Head, ":")
	if last := all[len(all)-1]; !strings.HasPrefix(last, head) || !strings.Contains(told, v.Head) {
		t.Errorf("the last line is %s, the head %s", last, v.Head)
	}
	previous := regexp.MustCompile(`previous  ([0-9a-f]{64})`).FindAllStringSubmatch(read("chain/index.txt"), -1)
	for i, line := range all[:len(all)-1] {
		if hash := line[:64]; previous[i+1][1] != hash {
			t.Errorf("entry %d has the hash %s, and the next says %s", i, hash, previous[i+1][1])
		}
	}
	// Step 3: the file that it is from, and what was sent.
	from, _ := sums(t, dir, source)
	if !strings.Contains(told, from[:64]) {
		t.Error("the instructions name another file")
	}
	data, err := filepath.Glob(filepath.Join(dir, "event-1", "batch-*-attempt-1-data.json"))
	if err != nil || len(data) != 1 {
		t.Fatalf("the data are %v, %v", data, err)
	}
	sent, _ := sums(t, dir, data[0])
	settled := ""
	entries, err := filepath.Glob(filepath.Join(dir, "chain", "*.entry"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(e)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "batch_settled") && strings.Contains(string(text), "body "+sent[:64]) {
			settled = e
		}
	}
	if settled == "" || !strings.Contains(told, sent[:64]) {
		t.Errorf("no entry has the SHA-256 of what was sent, %s", sent)
	}
	if body, err := os.ReadFile(data[0]); err != nil || !strings.Contains(string(body), read("event-1/event.json")) {
		t.Errorf("what was sent does not hold the event, %v", err)
	}

	// A byte that is changed, in every file.
	var files []string
	for _, f := range strings.Split(strings.TrimSpace(read("SHA256SUMS")), "\n") {
		files = append(files, f[66:])
	}
	if len(files) < 10 {
		t.Fatalf("the files are %v", files)
	}
	for _, name := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		text := read(name)
		if text == "" {
			t.Fatalf("%s is empty", name)
		}
		changed := []byte(text)
		changed[len(changed)/2] ^= 1
		if err := os.WriteFile(at, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := sums(t, dir, "-c SHA256SUMS"); ok {
			t.Errorf("a changed byte in %s is not found", name)
		}
		// Whoever changes SHA256SUMS as well meets the head, or the entry of the batch.
		if again, _ := sums(t, dir, "chain/*.entry"); strings.HasSuffix(name, ".entry") == (again == listed) {
			t.Errorf("after a change of %s step 2 prints the same: %t", name, again == listed)
		}
		if again, _ := sums(t, dir, data[0]); (at == data[0]) == (again == sent) {
			t.Errorf("after a change of %s step 3 prints the same: %t", name, again == sent)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEvidenceSaysWhatItCannotShow does not pass bytes off as sent that are not those of the journal.
func TestEvidenceSaysWhatItCannotShow(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	h.must("import", export(t, 30))
	l := opened(t, h)
	rows, err := l.db.Plan(t.Context(), store.PlanQuery{Dataset: "1234567890", Now: l.now(), Limit: 2})
	if err != nil || len(rows) != 2 {
		t.Fatalf("planned are %v, %v", rows, err)
	}
	b, err := l.db.Begin(t.Context(), store.Intent{Dataset: "1234567890", Rows: []uint64{rows[0].Seq, rows[1].Seq}, BodySHA256: [32]byte{7}}, l.now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.db.Settle(t.Context(), store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged, Attempt: store.Attempt{EndedAt: l.now(), End: "acknowledged"}}, l.now()); err != nil {
		t.Fatal(err)
	}
	e, err := l.Evidence(t.Context(), rows[0].EventID)
	if err != nil {
		t.Fatal(err)
	}
	if len(e.Unproven) != 1 || !strings.Contains(e.Unproven[0], "are not those of the journal") {
		t.Errorf("unproven is %q", e.Unproven)
	}
	for _, f := range e.Files {
		if f.Name == "README.txt" && !strings.Contains(string(f.Content), "these are NOT the bytes that were sent") {
			t.Errorf("the instructions say\n%s", f.Content)
		}
	}
}
