package bolt_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"capibara/store"
	"capibara/store/bolt"
)

// TestOlderSchemas opens databases that older versions wrote, whole and without a finding, to read and to write.
func TestOlderSchemas(t *testing.T) {
	t.Parallel()
	golden, err := filepath.Glob("testdata/schema*.db.gz")
	if err != nil || len(golden) == 0 {
		t.Fatalf("no golden databases: %v", err)
	}
	for _, path := range golden {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			packed, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			r, err := gzip.NewReader(bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "capibara.db")
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			for _, readOnly := range []bool{true, false, true} {
				checkGolden(t, file, readOnly)
			}
		})
	}
}

// checkGolden opens a golden database and finds in it what the older version put there.
func checkGolden(t *testing.T, path string, readOnly bool) {
	t.Helper()
	d, err := bolt.Open(path, bolt.Options{ReadOnly: readOnly})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}()
	ctx := context.Background()
	if err := d.Check(ctx, func(p string) { t.Error(p) }); err != nil {
		t.Fatal(err)
	}
	files, err := d.Files(ctx, store.Filter{})
	if err != nil || len(files.Items) != 3 {
		t.Fatalf("%d files, %v", len(files.Items), err)
	}
	counts, err := d.Counts(ctx, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	pending := uint64(0)
	for _, c := range counts.Datasets {
		pending += c.Events[store.StatePending]
	}
	if pending != 43 {
		t.Errorf("%d events are pending, and 43 were", pending)
	}
}
