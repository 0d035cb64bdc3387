//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// TestNoteIsBestEffort opens a database where no note can be left: the work goes on, and the log says so.
func TestNoteIsBestEffort(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	a := &app{now: time.Now, homeFlag: h.dir}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	// A folder in its place stands for whatever keeps it from being written.
	if err := os.MkdirAll(filepath.Join(holderPath(c), "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	l, err := a.openLocal(t.Context(), c, "import", toAct, zerolog.New(&said))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(said.String(), "cannot leave a note of who has the database") {
		t.Errorf("the log says %q", said.String())
	}
}

// TestFullDiskIsNamed lets a command reach the limit of what a file may grow to, as on a full disk: it must fail with
// that, and not with the note that nothing depends on.
func TestFullDiskIsNamed(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	path := export(t, 500)
	inner := h.command("import", path)
	cmd := exec.Command("sh", "-c", `trap "" XFSZ; ulimit -f 0; exec "$@"`, "sh", inner.Path)
	cmd.Args = append(cmd.Args, inner.Args[1:]...)
	cmd.Env = inner.Env
	out, err := cmd.CombinedOutput()
	var failure string
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "error: ") {
			failure = line
		}
	}
	if err == nil || failure == "" || strings.Contains(failure, "note") || !strings.Contains(string(out), "file too large") {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(h.dir, "data", "capibara.pid")); err == nil {
		t.Error("half a note is left behind")
	}
	h.must("import", path)
}
