//go:build unix

package importer

import (
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

func TestInboxDoesNotOpenAFIFO(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	at := filepath.Join(it.dir, "pipe.csv")
	if err := syscall.Mkfifo(at, 0o600); err != nil {
		t.Fatal(err)
	}
	it.sweep(t)
	if want := []string{"pipe.csv is not a regular file and is not read."}; !slices.Equal(it.Waiting(), want) {
		t.Errorf("waiting: %q", it.Waiting())
	}
	// It has taken the place of a file between the look at the folder and the opening.
	file := it.drop(t, "deals.csv", "a", long)
	files, err := listFolder(it.dir, temporaryName)
	if err != nil {
		t.Fatal(err)
	}
	swapped := files[slices.IndexFunc(files, func(f found) bool { return f.path == file })]
	swapped.path = at
	if ready, why := it.complete(swapped); ready || why != "" {
		t.Errorf("ready %v, why %q", ready, why)
	}
}
