package bolt_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
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
			file := unpack(t, path)
			data := read(t, file)
			for _, readOnly := range []bool{true, false, true} {
				checkGolden(t, file, readOnly)
			}
			// The copy is the older database as it was.
			copies, err := filepath.Glob(file + ".schema*")
			if err != nil || len(copies) != 1 {
				t.Fatalf("copies %v, %v; want one", copies, err)
			}
			if want := "capibara.db." + strings.TrimSuffix(filepath.Base(path), ".db.gz"); filepath.Base(copies[0]) != want {
				t.Errorf("the copy is %s, want %s", filepath.Base(copies[0]), want)
			}
			if bytes.Equal(data, read(t, file)) {
				t.Error("the database itself was not brought to the newer schema")
			}
			checkGolden(t, copies[0], true)
		})
	}
}

// TestMigrateWithoutRoom refuses to change a database of which no copy can be kept, and leaves it as it is.
func TestMigrateWithoutRoom(t *testing.T) {
	t.Parallel()
	file := unpack(t, "testdata/schema2.db.gz")
	before := read(t, file)
	if err := os.Mkdir(file+".schema2.new", 0o700); err != nil { // stands in the copy's way
		t.Fatal(err)
	}
	if _, err := bolt.Open(file, bolt.Options{}); err == nil || !strings.Contains(err.Error(), "nothing was changed") {
		t.Errorf("opened with %v, want a refusal that says that nothing was changed", err)
	}
	if !bytes.Equal(before, read(t, file)) {
		t.Error("the database was changed")
	}
	if err := os.Remove(file + ".schema2.new"); err != nil {
		t.Fatal(err)
	}
	checkGolden(t, file, false)
}

// TestMigrateCutOff goes on where a migration was cut off behind its copy, which stays as it is.
func TestMigrateCutOff(t *testing.T) {
	t.Parallel()
	file := unpack(t, "testdata/schema2.db.gz")
	if err := os.WriteFile(file+".schema2", []byte("the copy"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+".schema2.new", []byte("half a copy of an earlier try"), 0o600); err != nil {
		t.Fatal(err)
	}
	checkGolden(t, file, false)
	if got := string(read(t, file+".schema2")); got != "the copy" {
		t.Errorf("the copy holds %q now", got)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unpack writes a golden database into a folder of its own.
func unpack(t *testing.T, golden string) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(read(t, golden)))
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
	return file
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
