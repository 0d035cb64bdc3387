//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"capibara/importer"
	"capibara/store"
	"capibara/store/bolt"
	"capibara/store/powerloss"
	"capibara/uploader/capi"
	"capibara/uploader/sandbox"

	"github.com/rs/zerolog"
)

// recorded is a day of the running process, as strace saw it: a file is dropped, imported and archived, its rejects are
// written, and its events are uploaded.
type recorded struct {
	*powerloss.Recording
	meta    *sandbox.Sandbox
	dropped []byte // the content of the file
	rejects []byte
	events  int // that the file has
}

// TestPowerLossWhileRunning takes the power from the running process at any moment of such a day. Whatever is on the disk
// then, the database is whole, what was sent is journalled, and neither the dropped file nor what a person has to mend is
// lost. From some of the images it starts again, and everything is imported once and acknowledged.
func TestPowerLossWhileRunning(t *testing.T) {
	t.Parallel()
	cuts := powerLosses(t)
	r := recordDay(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d steps, %d events", seed, len(r.Steps), r.events)
	chance := rand.New(rand.NewPCG(seed, 0))
	n := 0
	r.Images(r.someCuts(cuts, chance), chance, func(steps int, i powerloss.Image) {
		n++
		problems := r.look(t, steps, i)
		if n%25 == 0 {
			problems = append(problems, r.restart(t, i)...)
		}
		for _, p := range problems {
			t.Errorf("after %d steps: %s", steps, p)
		}
	})
	r.findsMissingSyncs(t)
}

// powerLosses is how often the power goes. It starts again from one image in 25.
func powerLosses(t *testing.T) int {
	t.Helper()
	if text := os.Getenv("CAPIBARA_POWER_LOSSES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("CAPIBARA_POWER_LOSSES is %q; write a number such as 500", text)
		}
		return n
	}
	if os.Getenv("CAPIBARA_LONG_TESTS") != "" {
		return 5000
	}
	return 30
}

// findsMissingSyncs leaves syncs out of the recording, which is what a program that does not sync would have done, and
// expects the images to show it.
func (r *recorded) findsMissingSyncs(t *testing.T) {
	for _, c := range []struct{ name, prefix, says string }{
		{"the database is not synced", "data/capibara.db", "the event"},
		{"the rejects are not synced", "rejected/", "the rejects"},
	} {
		t.Run(c.name, func(t *testing.T) {
			recording, faulty := *r.Recording, *r
			faulty.Recording = &recording
			faulty.Steps = slices.DeleteFunc(slices.Clone(r.Steps), func(s powerloss.Step) bool {
				return s.Kind == powerloss.Sync && strings.HasPrefix(s.Path, c.prefix)
			})
			chance := rand.New(rand.NewPCG(1, 0))
			found := false
			for tries := 0; tries < 20 && !found; tries++ {
				faulty.Images(faulty.someCuts(10, chance), chance, func(steps int, i powerloss.Image) {
					found = found || slices.ContainsFunc(faulty.look(t, steps, i), func(p string) bool { return strings.HasPrefix(p, c.says) })
				})
			}
			if !found {
				t.Error("no image shows it")
			}
		})
	}
}

func (r *recorded) someCuts(n int, chance *rand.Rand) []int {
	cuts := make([]int, n)
	for i := range cuts {
		cuts[i] = 1 + chance.IntN(len(r.Steps))
	}
	return cuts
}

// recordDay runs the process under strace.
func recordDay(t *testing.T) *recorded {
	t.Helper()
	if err := powerloss.Available(); err != nil {
		if os.Getenv("CAPIBARA_NEED_STRACE") != "" {
			t.Fatal(err)
		}
		t.Skipf("the loss of power cannot be played: %v; install strace", err)
	}
	s, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, web.URL)
	settings := "graph: {base_url: \"" + web.URL + "\"}\n" + strings.Replace(crashConfig, `id: "1234567890"`, `id: "1234567890", access_token_file: token.txt`, 1)
	r := &recorded{meta: s}
	var err error
	if r.dropped, err = os.ReadFile(exportWithMistakes(t, 1_000)); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{configName: settings, "token.txt": "secret", "inbox/pos-day.jsonl": string(r.dropped)} {
		if err := os.WriteFile(filepath.Join(h.dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if r.Recording, err = powerloss.New(h.dir); err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	daemon := powerloss.Command(h.command("run"), trace)
	daemon.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that both can be ended
	var said bytes.Buffer
	daemon.Stderr = &said
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-daemon.Process.Pid, syscall.SIGKILL)
		if t.Failed() {
			_ = daemon.Wait()
			t.Log(said.String())
		}
	}()
	eventually(t, "the file is archived", func() bool {
		archived, err := filepath.Glob(filepath.Join(h.dir, "archive", "*", "*", "*", "pos-day.*.jsonl"))
		left, lerr := filepath.Glob(filepath.Join(h.dir, "inbox", ".claimed", "*", "pos-day*"))
		return err == nil && lerr == nil && len(archived) == 1 && len(left) == 0
	})
	h.must("upload")
	if err := syscall.Kill(-daemon.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = daemon.Wait()
	if err := r.Read(trace, h.dir); err != nil {
		t.Fatal(err)
	}
	for _, e := range historyEvents(h) {
		if e.State != "acknowledged" {
			t.Fatalf("an event is %s", e.State)
		}
		r.events++
	}
	if n := len(r.sent(len(r.Steps))); n != r.events {
		t.Fatalf("%d events are acknowledged, and %d are in the recorded requests", r.events, n)
	}
	rejects, err := filepath.Glob(filepath.Join(h.dir, "rejected", "*", "*", "*", "*.rejects.jsonl"))
	if err != nil || len(rejects) != 1 {
		t.Fatalf("rejects: %v, %v", rejects, err)
	}
	if r.rejects, err = os.ReadFile(rejects[0]); err != nil {
		t.Fatal(err)
	}
	return r
}

var sentID = regexp.MustCompile(`"event_id":"([^"]+)"`)

// sent are the ids of the events in the requests that had left after so many steps.
func (r *recorded) sent(steps int) map[string]bool {
	said := map[string][]byte{}
	for _, s := range r.Steps[:steps] {
		if s.Kind == powerloss.Said && strings.HasPrefix(s.Path, powerloss.Connection) {
			said[s.Path] = append(said[s.Path], s.Data...)
		}
	}
	ids := map[string]bool{}
	for _, text := range said {
		for _, m := range sentID.FindAllSubmatch(text, -1) {
			ids[string(m[1])] = true
		}
	}
	return ids
}

// look holds an image to the promises.
func (r *recorded) look(t *testing.T, steps int, i powerloss.Image) (problems []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "capibara.db")
	if err := os.WriteFile(path, i.Files["data/capibara.db"], 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(path)
	db, err := bolt.Open(path, bolt.Options{ReadOnly: true})
	if err != nil {
		return []string{fmt.Sprintf("the database cannot be opened: %v", err)}
	}
	defer db.Close()
	ctx := t.Context()
	if err := db.Check(ctx, func(p string) { problems = append(problems, "the database: "+p) }); err != nil {
		return append(problems, fmt.Sprintf("the database: %v", err))
	}
	for id := range r.sent(steps) {
		found, err := db.EventsByID(ctx, id)
		if err != nil || len(found) == 0 || found[0].State == store.StatePending {
			problems = append(problems, fmt.Sprintf("the event %s was sent, and is not journalled as sent: %d found, %v", id, len(found), err))
			break
		}
	}
	problems = append(problems, r.behind(t, db, i)...)
	files, err := db.Files(ctx, store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	imported := len(files.Items) == 1 && files.Items[0].State == store.FileImported
	waits, kept := false, false
	for name, content := range i.Files {
		if bytes.Equal(content, r.dropped) {
			kept = true
			waits = waits || strings.HasPrefix(name, "inbox/")
		}
	}
	if !kept || !imported && !waits {
		problems = append(problems, fmt.Sprintf("the dropped file is lost: it is somewhere: %t, waits: %t, imported: %t", kept, waits, imported))
	}
	if imported && !bytes.Equal(i.Files[files.Items[0].Rejects], r.rejects) {
		problems = append(problems, "the rejects are not there, and the file is imported")
	}
	if len(files.Items) > 1 {
		problems = append(problems, fmt.Sprintf("there are %d files", len(files.Items)))
	}
	return problems
}

// behind holds the witness to what it is for: it never saw more than the disk holds, else a ledger would look like an old
// copy after a loss of power.
func (r *recorded) behind(t *testing.T, db *bolt.DB, i powerloss.Image) []string {
	t.Helper()
	c := defaults()
	c.Home, c.zone = t.TempDir(), time.UTC
	if err := os.WriteFile(c.witnessPath(), i.Files[filepath.Base(c.witnessPath())], 0o600); err != nil {
		t.Fatal(err)
	}
	d, w, _, err := c.doubts(t.Context(), db, "")
	switch {
	case err != nil:
		return []string{fmt.Sprintf("the witness: %v", err)}
	case d != nil:
		return []string{"the ledger is in doubt: " + d.why}
	case w == nil:
		return []string{"the witness that was there at the start is lost"}
	}
	return nil
}

// restart starts from an image: what waits is imported, and everything is uploaded.
func (r *recorded) restart(t *testing.T, i powerloss.Image) (problems []string) {
	t.Helper()
	dir := t.TempDir()
	if err := i.WriteTo(dir); err != nil {
		t.Fatal(err)
	}
	a := &app{stdout: io.Discard, stderr: io.Discard, now: time.Now, homeFlag: dir}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.openLocal(t.Context(), c, "run", toAct, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	// Every file of an image is another one than the recorded. Nothing else may look like an old copy.
	if d := l.testimony.inDoubt(); d != nil && d.kind != doubtCopied {
		return []string{"after the loss of power the ledger is in doubt: " + d.why}
	}
	if err := l.testimony.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := r.ledger(t, l.db)
	if err := workOff(t.Context(), l); err != nil {
		return []string{fmt.Sprintf("the start after it: %v", err)}
	}
	after := r.ledger(t, l.db)
	if len(after) != r.events {
		problems = append(problems, fmt.Sprintf("there are %d events of %d after the start", len(after), r.events))
	}
	for id, e := range after {
		again := r.meta.Count(e.Dataset, id, e.EventName) - before[id].times
		switch {
		case e.State != store.StateAcknowledged:
			problems = append(problems, fmt.Sprintf("event %s is %s after the start", id, e.State))
		case before[id].State == store.StateAcknowledged && again > 0:
			problems = append(problems, fmt.Sprintf("event %s was acknowledged and is sent again", id))
		case before[id].State == store.StateInFlight && again > 0 && !doubted(t, l.db, e.Batch):
			problems = append(problems, fmt.Sprintf("event %s is sent again, and its fate was never unknown", id))
		}
	}
	files, err := l.db.Files(t.Context(), store.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	accepted := uint64(0)
	for _, f := range files.Items {
		accepted += f.Counts.Accepted
	}
	if accepted != uint64(r.events) {
		problems = append(problems, fmt.Sprintf("%d records were accepted of %d", accepted, r.events))
	}
	if err := l.db.Check(t.Context(), func(p string) { problems = append(problems, "the database after the start: "+p) }); err != nil {
		t.Fatal(err)
	}
	return problems
}

// known is an event, and how often Meta had taken it so far.
type known struct {
	store.EventEntry
	times int
}

func (r *recorded) ledger(t *testing.T, db *bolt.DB) map[string]known {
	t.Helper()
	all := map[string]known{}
	for f := (store.Filter{Limit: 1000}); ; {
		page, err := db.Events(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			all[e.EventID] = known{e, 0}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	for id, e := range all {
		e.times = r.meta.Count(e.Dataset, id, e.EventName)
		all[id] = e
	}
	return all
}

func doubted(t *testing.T, db *bolt.DB, batch uint64) bool {
	t.Helper()
	b, err := db.Batch(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(b.Attempts, func(a store.Attempt) bool { return a.End == store.EndLost || a.End == capi.Unknown.String() })
}

// workOff does what the running process does, once: the inbox, then an upload.
func workOff(ctx context.Context, l *local) error {
	all, err := l.config.mappings()
	if err != nil {
		return err
	}
	im, err := l.importer(all, func(progress) {})
	if err != nil {
		return err
	}
	owner, err := l.db.ID(ctx)
	if err != nil {
		return err
	}
	inbox, err := importer.NewInbox(importer.InboxConfig{Importer: im, Dir: l.config.Folders.Inbox, Owner: owner,
		Settle: time.Nanosecond, Log: zerolog.Nop()})
	if err != nil {
		return err
	}
	for range 3 { // a file is taken when it looks as it did the time before
		if _, err := inbox.Sweep(ctx); err != nil {
			return err
		}
	}
	for range 5 {
		s, err := l.Upload(ctx, func(progress) {})
		if err != nil {
			return err
		}
		if s.Stopped == nil && s.Unknown == 0 {
			return nil
		}
	}
	return nil
}
