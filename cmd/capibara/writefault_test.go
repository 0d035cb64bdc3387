//go:build linux

package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"capibara/store/diskfault"
)

// TestEveryWriteFails lets the calls by which the program changes files fail, each once, as a disk makes them fail that is
// full or bad. Whoever asked is told, with a way out; nothing is lost and nothing is half there; and when the same is
// asked once more, everything goes on.
func TestEveryWriteFails(t *testing.T) {
	t.Parallel()
	if err := diskfault.Available(); err != nil {
		if os.Getenv("CAPIBARA_NEED_STRACE") != "" {
			t.Fatal(err)
		}
		t.Skipf("writes cannot be made to fail here: %v", err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	every, long := os.Getenv("CAPIBARA_EVERY_WRITE") != "", os.Getenv("CAPIBARA_LONG_TESTS") != ""
	for _, p := range parts() {
		if p.long && !long && !every {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			before := newPart(t, p)
			sites := before.sites()
			chance := rand.New(rand.NewPCG(seed, 0))
			faults := faultsOf(sites, chance)
			t.Logf("%d sites, %d faults", len(sites), len(faults))
			if !every {
				some := map[bool]int{false: 1, true: p.sample}[long]
				chance.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
				faults = faults[:min(some, len(faults))]
			}
			for _, f := range faults {
				name := f.Site.String() + " " + f.Errno.Error()
				if f.Lasting {
					name += " from then on"
				}
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					before.fail(t, f)
				})
			}
		})
	}
}

// faultsOf says how each site fails. What needs room fails for want of it, once or from then on; everything may fail because
// the disk is bad.
func faultsOf(sites []diskfault.Site, chance *rand.Rand) (faults []diskfault.Fault) {
	for _, s := range sites {
		errnos := []syscall.Errno{syscall.EIO}
		switch s.Call {
		case "write", "pwrite64", "mkdirat", "linkat", "openat", "copy_file_range", "bind":
			errnos = append(errnos, syscall.ENOSPC, syscall.EDQUOT)
			faults = append(faults, diskfault.Fault{Site: s, Errno: syscall.ENOSPC, Lasting: true})
		case "fsync", "fdatasync":
			errnos = append(errnos, syscall.ENOSPC)
		}
		switch s.Call {
		case "openat", "mkdirat", "unlinkat", "renameat", "renameat2", "linkat":
			errnos = append(errnos, syscall.EROFS)
		}
		faults = append(faults, diskfault.Fault{Site: s, Errno: errnos[chance.IntN(len(errnos))]})
	}
	return faults
}

// part is a part of the whole job that one command does.
type part struct {
	name   string
	args   []string // FILE is the export
	stdin  string
	long   bool // too long for every run of the tests
	sample int  // how many faults the long form tries
	code   int  // exit code of the command when everything works
	// prepare comes before the command.
	prepare func(h *faultHome)
	// whole says what is missing after a command that says it did everything.
	whole func(h *faultHome) []string
	// half says what is left half done by one that failed, before it is called again.
	half func(h *faultHome) []string
}

func parts() []part {
	return []part{
		{name: "init", args: []string{"init"}, sample: 4, prepare: func(*faultHome) {}, whole: (*faultHome).furnished,
			half: func(h *faultHome) []string { return h.config("init", "") }},
		{name: "token set", args: []string{"token", "set", "main"}, stdin: "secret", long: true, sample: 2,
			prepare: func(h *faultHome) { h.must("init"); h.place(configName, faultConfig); h.place("token.txt", "older\n") },
			whole:   func(h *faultHome) []string { return h.holds("token.txt", "secret\n") },
			half:    func(h *faultHome) []string { return h.holds("token.txt", "secret\n", "older\n") }},
		{name: "map", args: []string{"map", "FILE", "--yes"}, long: true, sample: 2,
			prepare: func(h *faultHome) { h.must("init"); h.place("meta-offline.csv", metaExport(h.t)) },
			whole:   func(h *faultHome) []string { return h.config("map", "bak") },
			half:    func(h *faultHome) []string { return h.config("init", "") }},
		{name: "preview", args: []string{"preview", "FILE"}, long: true, prepare: (*faultHome).opened, whole: nothing, half: nothing},
		{name: "import", args: []string{"import", "FILE"}, sample: 5, code: exitRejected, prepare: (*faultHome).opened,
			whole: (*faultHome).imported, half: nothing},
		{name: "import of standard input", args: []string{"import", "-", "--source", "tills"}, stdin: faultExport(), long: true, sample: 2,
			code: exitRejected, prepare: (*faultHome).opened, whole: (*faultHome).imported, half: nothing},
		{name: "upload", args: []string{"upload", "--wait", "0s"}, sample: 4,
			prepare: func(h *faultHome) { h.opened(); h.must("import", h.file) }, whole: (*faultHome).uploaded, half: nothing},
		{name: "run", args: []string{"run"}, long: true, sample: 4,
			prepare: func(h *faultHome) { h.opened(); h.drop() }, whole: func(h *faultHome) []string { return append(h.archived(), h.uploaded()...) },
			half: nothing},
	}
}

// ended is what became of a command in which a write failed.
type ended struct {
	diskfault.Run
	said string
	// uploads is what uploads said that a running process refused or left unfinished, left that the last one of them did.
	uploads string
	left    bool
}

// attempt runs the command of the part, with or without a fault.
func (h *faultHome) attempt(f diskfault.Fault) ended {
	h.t.Helper()
	args := slices.Clone(h.part.args)
	for i := range args {
		if args[i] == "FILE" {
			args[i] = h.file
		}
	}
	cmd := h.command(args...)
	out := filepath.Join(h.t.TempDir(), "output")
	said, err := os.Create(out)
	if err != nil {
		h.t.Fatal(err)
	}
	defer said.Close()
	cmd.Stderr = said
	if h.part.stdin != "" {
		in := filepath.Join(h.t.TempDir(), "input")
		if err := os.WriteFile(in, []byte(h.part.stdin), 0o600); err != nil {
			h.t.Fatal(err)
		}
		stdin, err := os.Open(in)
		if err != nil {
			h.t.Fatal(err)
		}
		defer stdin.Close()
		cmd.Stdin = stdin
	}
	wait, err := diskfault.Start(cmd, h.dir, f)
	if err != nil {
		h.t.Fatal(err)
	}
	over := make(chan diskfault.Run, 1)
	go func() {
		run, err := wait()
		if err != nil {
			h.t.Error(err)
		}
		over <- run
	}()
	e := ended{}
	if h.part.name == "run" {
		h.accompany(cmd, over, f, out, &e)
	}
	select {
	case e.Run = <-over:
	case <-time.After(2 * time.Minute):
		_ = cmd.Process.Kill()
		h.t.Fatal("it does not end")
	}
	text, err := os.ReadFile(out)
	if err != nil {
		h.t.Fatal(err)
	}
	e.said = string(text)
	return e
}

// accompany is what happens to a running process: a file waits in its inbox, somebody asks it to upload, several times when
// that fails, and to end.
func (h *faultHome) accompany(cmd *exec.Cmd, over chan diskfault.Run, f diskfault.Fault, log string, e *ended) {
	patience, tries := time.Minute, 3 // a busy machine takes its time
	if f.Lasting {
		patience, tries = 4*time.Second, 1
	}
	began := func() bool {
		text, err := os.ReadFile(log)
		return err == nil && strings.Contains(string(text), `"running: `)
	}
	ended := func() bool { return len(over) > 0 }
	for since := time.Now(); time.Since(since) < patience && (!began() || h.archived() != nil) && !ended(); {
		time.Sleep(50 * time.Millisecond)
	}
	for range tries {
		if ended() {
			return
		}
		var said strings.Builder
		upload := h.command("upload")
		upload.Stderr = &said
		if e.left = upload.Run() != nil; !e.left {
			break
		}
		e.uploads += said.String()
	}
	_ = cmd.Process.Signal(syscall.SIGINT)
}

// sites are the sites of a run in which nothing fails.
func (h *faultHome) sites() []diskfault.Site {
	h.t.Helper()
	c := h.copied(h.t)
	e := c.attempt(diskfault.Fault{})
	if problems := h.part.whole(c); e.Code != h.part.code || len(problems) > 0 {
		h.t.Fatalf("without a fault it ended with %d: %q\n%s", e.Code, problems, e.said)
	}
	return e.Sites
}

// fail runs the command with a fault, and once more without.
func (h *faultHome) fail(t *testing.T, f diskfault.Fault) {
	c := h.copied(t)
	e := c.attempt(f)
	var problems []string
	note := func(when string, more []string) {
		for _, p := range more {
			problems = append(problems, when+": "+p)
		}
	}
	switch {
	case strings.Contains(e.said, "panic:") || strings.Contains(e.said, "goroutine "):
		problems = append(problems, "it panicked")
	case !e.Hit:
		// What a running process does differs from run to run, and this one never came there.
	case e.Code == h.part.code && f.Lasting && h.part.name == "run":
		// It goes on trying, and says so in its log.
		if !strings.Contains(e.said, f.Errno.Error()) {
			problems = append(problems, "it does not say what failed")
		}
	case e.Code == h.part.code && h.part.name == "run" && e.left:
		note("it went on, and", c.archived())
		if !strings.Contains(e.uploads, f.Errno.Error()) && !strings.Contains(e.uploads, "is not known yet") || !strings.Contains(e.uploads, "hint: ") {
			problems = append(problems, "the upload does not say what failed: "+e.uploads)
		}
	case e.Code == h.part.code:
		note("it ended as if nothing had been, and", h.part.whole(c))
	case !strings.Contains(e.said, "error: ") || !strings.Contains(e.said, f.Errno.Error()):
		problems = append(problems, "it does not say what failed")
	case !strings.Contains(e.said, "hint: "):
		problems = append(problems, "it knows no way out")
	}
	note("after it", h.part.half(c))
	if e.uploads != "" {
		t.Logf("uploads said %s", e.uploads)
	}
	if h.part.name == "map" && c.config("map", "-") == nil {
		return // it is in place, and a second time it would be there twice
	}
	again := c.attempt(diskfault.Fault{})
	if again.Code != h.part.code {
		problems = append(problems, fmt.Sprintf("once more it ends with %d: %s", again.Code, again.said))
	} else {
		note("once more", h.part.whole(c))
	}
	note("in the end", c.toTheEnd(f))
	for _, p := range problems {
		t.Error(p)
	}
	if len(problems) > 0 {
		t.Logf("hit: %t, exit code %d, it said\n%s", e.Hit, e.Code, e.said)
	}
}
