package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"capibara/uploader/sandbox"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// unstable is what differs from run to run: instants, hashes, identifiers of requests, how long it took.
var unstable = []struct {
	form *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)`), "INSTANT"},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "SHA256"},
	{regexp.MustCompile(`"fbtrace_id": "[^"]+"`), `"fbtrace_id": "TRACE"`},
	{regexp.MustCompile(`"event_time": \d+`), `"event_time": SECONDS`},
	{regexp.MustCompile(`"by": "` + regexp.QuoteMeta(operator()) + `",`), `"by": "SOMEBODY",`},
	{regexp.MustCompile(`"seconds": [0-9.e-]+`), `"seconds": SECONDS`},
	{regexp.MustCompile(`rejected/\d{4}/\d\d/\d\d/`), "rejected/YYYY/MM/DD/"},
}

// TestShapes holds what programs read to golden files. A change in one of them is a change of the interface.
func TestShapes(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, web.URL)
	day := time.Now().UTC().AddDate(0, 0, -1).Format("2006-01-02")
	till := `{"store":"S1","receipt":"%R","business_date":"2026-11-20","time":"` + day + `T10:00:00Z","total":%T,"currency":"EUR","customer":{"email":"%E"}}` + "\n"
	record := func(receipt, total, email string) string {
		r := till
		for mark, value := range map[string]string{"%R": receipt, "%T": total, "%E": email} {
			r = string(bytes.ReplaceAll([]byte(r), []byte(mark), []byte(value)))
		}
		return r
	}
	path := filepath.Join(t.TempDir(), "pos-day.jsonl")
	text := record("1", "19.99", "mary@example.com") + record("1", "20.99", "mary@example.com") + record("2", `"lots"`, "john@example.com") +
		record("3", "5", "") + record("4", "7.50", "ann@example.com")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var id string
	for _, tc := range []struct {
		name string
		args []string
	}{
		{"import", []string{"import", path}},
		{"status-before", []string{"status"}},
		{"upload-dry-run", []string{"upload", "--dry-run"}},
		{"withdraw-dry-run", []string{"withdraw", "--file", "1", "--dry-run"}},
		{"withdraw", []string{"withdraw", "--record-key", "4", "--note", "a test sale", "--yes"}},
		{"show-event-withdrawn", []string{"show", "event"}},
		{"requeue", []string{"requeue", "--file", "1", "--state", "withdrawn", "--yes"}},
		{"upload", []string{"upload"}},
		{"status", []string{"status"}},
		{"history-events", []string{"history", "events"}},
		{"history-batches", []string{"history", "batches"}},
		{"history-files", []string{"history", "files"}},
		{"show-event", []string{"show", "event"}},
		{"show-batch", []string{"show", "batch", "1"}},
		{"show-file", []string{"show", "file", "1"}},
	} {
		if line, shows := map[string]uint64{"show-event": 1, "show-event-withdrawn": 5}[tc.name]; shows {
			for _, e := range historyEvents(h) {
				if e.Line == line {
					id = e.EventID
				}
			}
			tc.args = append(tc.args, id)
		}
		got := []byte(h.must(append(tc.args, "--output", "json")...))
		for _, u := range unstable {
			got = u.form.ReplaceAll(got, []byte(u.with))
		}
		golden := filepath.Join("testdata", "golden", tc.name+".json")
		if *update {
			if err := os.WriteFile(golden, got, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s has another shape (-want +got):\n%s", tc.name, diff)
		}
	}
	if n := s.Stats().Accepted; n != 2 {
		t.Errorf("%d events arrived", n)
	}
}
