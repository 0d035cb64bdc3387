package importer

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"capibara/event"
	"capibara/store"
)

var update = flag.Bool("update", false, "write the golden files of testdata/golden anew")

// TestCorpus imports every file of testdata/corpus with the source beside it, and holds what came of it (report, rejects
// file, events) against testdata/golden.
func TestCorpus(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/corpus/*")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(f string) bool { return filepath.Ext(f) == ".yaml" })
	if len(files) < 30 {
		t.Fatalf("only %d files in the corpus", len(files))
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			source, err := os.ReadFile(strings.TrimSuffix(file, filepath.Ext(file)) + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			h := newHouse(t)
			path := h.write(t, name, data)
			report, err := h.Import(t.Context(), Input{Path: path, Mapping: compiled(t, string(source))})
			got := describe(t, h, report, err)
			h.checked(t)
			golden := filepath.Join("testdata", "golden", name+".txt")
			if *update {
				if err := os.MkdirAll(filepath.Dir(golden), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
		})
	}
}

// describe writes down everything that came of an import.
func describe(t *testing.T, h house, r Report, err error) string {
	t.Helper()
	var b strings.Builder
	var refused *RefusedError
	switch {
	case errors.As(err, &refused):
		fmt.Fprintf(&b, "refused: %s\nhint: %s\n", refused.Reason, refused.Hint)
	case err != nil:
		t.Fatal(err)
	}
	c := r.File.Counts
	fmt.Fprintf(&b, "%s: %d records = %d accepted + %d duplicate + %d conflict + %d expired + %d skipped + %d rejected; %d events\n",
		r.File.State, c.Records, c.Accepted, c.Duplicate, c.Conflict, c.Expired, c.Skipped, c.Rejected, r.Events)
	if c.Records != c.Accepted+c.Duplicate+c.Conflict+c.Expired+c.Skipped+c.Rejected {
		t.Error("the counts do not add up")
	}
	for _, x := range r.Reasons {
		fmt.Fprintf(&b, "%s %s ×%d, first in line %d, column %q\n", x.Fate, x.Reason, x.Count, x.FirstLine, x.Column)
	}
	for _, x := range r.Warnings {
		fmt.Fprintf(&b, "warning %s ×%d, first in line %d\n", x.Reason, x.Count, x.FirstLine)
	}
	for _, x := range r.Conflicts {
		kind := ""
		if x.Kind != store.ConflictChanged {
			kind = fmt.Sprintf(", %s %s %s", x.Kind, x.Value, x.Currency)
		}
		fmt.Fprintf(&b, "conflict of line %d with line %d of file %d%s\n", x.Line, x.FirstLine, x.FirstFile, kind)
	}
	for _, x := range r.Retracted {
		fmt.Fprintf(&b, "line %d takes back line %d of file %d, %s\n", x.Line, x.FirstLine, x.FirstFile, x.Reason)
	}
	if r.Withdrawn > 0 {
		fmt.Fprintf(&b, "%d were withdrawn before\n", r.Withdrawn)
	}
	if r.Large > 0 {
		fmt.Fprintf(&b, "%d of the events are halted, first in line %d\n", r.Large, r.LargeLine)
	}
	if r.Waiting > 0 {
		fmt.Fprintf(&b, "%d of the events must not be sent yet\n", r.Waiting)
	}
	for _, x := range r.Sums {
		fmt.Fprintf(&b, "sum %s %s %s of %d\n", x.EventName, x.Sum, x.Currency, x.Events)
	}
	page, err := h.db.Events(t.Context(), store.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(page.Items)
	for _, x := range page.Items {
		var e event.Event
		if err := e.DecodeBinary(x.Payload); err != nil {
			t.Fatal(err)
		}
		to := ""
		if x.Dataset != "1234567890" {
			to = " to " + x.Dataset
		}
		fmt.Fprintf(&b, "event line %d key %q %s%s not_before %d deadline %+ds %v\n  %s\n", x.Line, x.RecordKey, x.State, to, x.NotBefore,
			x.Deadline-x.EventTime, x.Warnings, e.AppendJSON(nil))
	}
	if r.File.Rejects != "" {
		rejects, err := os.ReadFile(filepath.Join(h.home, filepath.FromSlash(r.File.Rejects)))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s:\n%s", r.File.Rejects, strings.ReplaceAll(string(rejects), "\r\n", "\n"))
	}
	return b.String()
}
