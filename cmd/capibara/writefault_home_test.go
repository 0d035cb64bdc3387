//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/audit"
	sampledata "capibara/sample-data"
	"capibara/store/diskfault"
	"capibara/uploader/sandbox"
)

const faultConfig = `
datasets: {main: {id: "1234567890", access_token_file: token.txt}}
upload: {batch_events: 10}
schedule: {upload: "0 2 29 2 *"}
inbox: {poll: 1s, settle: 1s}
web: off
sources:
  - name: tills
    files: ["pos-*.csv"]
    dataset: main
    record_key: [receipt]
    action_source: physical_store
    event_name: Purchase
    decimal: "."
    country: NL
    columns: {email: mail, event_time: time, value: total, currency: currency, order_id: receipt}
`

const (
	faultRecords = 40
	faultMended  = 3 // of them that a person has to mend
)

// faultExport is a day of a till.
func faultExport() string {
	var b strings.Builder
	b.WriteString("receipt,time,total,currency,mail\n")
	for i := range faultRecords {
		at := time.Now().Add(-time.Duration(i+1) * time.Hour).UTC().Format(time.RFC3339)
		if i%15 == 5 {
			at = "soon"
		}
		fmt.Fprintf(&b, "R%d,%s,%d.50,EUR,person%d@example.com\n", i, at, i+1, i)
	}
	return b.String()
}

func nothing(*faultHome) []string { return nil }

// metaExport is one whose columns need no person to be understood.
func metaExport(t *testing.T) string {
	files, err := sampledata.Files(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(files, func(f sampledata.File) bool { return f.Name == "meta-offline.csv" })
	return string(files[at].Data)
}

// faultHome is a home in which a write is going to fail.
type faultHome struct {
	*home
	part  part
	meta  *sandbox.Sandbox
	file  string            // the export
	clean map[string][]byte // configurations as commands write them when everything works
}

func (h *faultHome) place(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(filepath.Join(h.dir, name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *faultHome) opened() {
	h.must("init")
	h.place(configName, faultConfig)
	h.place("token.txt", "secret\n")
	h.place("pos-day.csv", faultExport())
	h.file = filepath.Join(h.dir, "pos-day.csv")
}

// drop puts the export into the inbox, as old as a file has to be to be taken at once.
func (h *faultHome) drop() {
	path := filepath.Join(h.dir, "inbox", "pos-day.csv")
	if err := os.Rename(h.file, path); err != nil {
		h.t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		h.t.Fatal(err)
	}
}

// newPart prepares a home up to the command of a part.
func newPart(t *testing.T, p part) *faultHome {
	h := &faultHome{home: &home{t: t, dir: t.TempDir(), url: "http://127.0.0.1:1"}, part: p, clean: map[string][]byte{}}
	// What commands write that go through.
	whole := &home{t: t, dir: t.TempDir(), url: h.url}
	path := filepath.Join(whole.dir, "meta-offline.csv")
	if err := os.WriteFile(path, []byte(metaExport(t)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init"}, {"map", path, "--yes"}} {
		whole.must(args...)
		text, err := os.ReadFile(filepath.Join(whole.dir, configName))
		if err != nil {
			t.Fatal(err)
		}
		h.clean[args[0]] = text
	}
	p.prepare(h)
	return h
}

// copied is the home once more, with a ledger at Meta of its own.
func (h *faultHome) copied(t *testing.T) *faultHome {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "home")
	if out, err := exec.Command("cp", "-a", h.dir, dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c := *h
	var url string
	s, web := meta(t, sandbox.Config{Seed: 1})
	c.meta, url = s, web.URL
	c.home = &home{t: t, dir: dir, url: url}
	c.file = filepath.Join(dir, "pos-day.csv")
	if h.part.name == "map" {
		c.file = filepath.Join(dir, "meta-offline.csv")
	}
	// The witness would tell that this is a copy.
	path := filepath.Join(dir, ".capibara-ledger")
	if w, _, err := (&config{Home: dir}).readWitness(); err != nil {
		t.Fatal(err)
	} else if w != nil {
		w.File = ""
		if _, err := w.write(path); err != nil {
			t.Fatal(err)
		}
	}
	return &c
}

// toTheEnd does what is left of the whole job, and compares both sides.
func (h *faultHome) toTheEnd(f diskfault.Fault) []string {
	h.must("check", "--database")
	switch h.part.name {
	case "init", "token set", "map", "preview":
		if h.part.name != "preview" {
			h.place(configName, faultConfig)
			h.place("token.txt", "secret\n")
			h.place("pos-day.csv", faultExport())
		}
		h.must("import", filepath.Join(h.dir, "pos-day.csv"))
	}
	h.drain()
	h.reconcile(h.meta)
	problems := append(h.imported(), h.uploaded()...)
	// What is half written has a name that begins with a dot, and none of it stays.
	// What cannot be removed stays, until retention removes it.
	kept := []string{".capibara-ledger", ".claimed", ".lock"}
	err := filepath.WalkDir(h.dir, func(path string, _ os.DirEntry, err error) error {
		if name := filepath.Base(path); strings.HasPrefix(name, ".") && !slices.Contains(kept, name) && f.Site.Call != "unlinkat" {
			problems = append(problems, strings.TrimPrefix(path, h.dir)+" is left behind")
		}
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return problems
}

func (h *faultHome) holds(name string, any ...string) []string {
	text, err := os.ReadFile(filepath.Join(h.dir, name))
	if err != nil || !slices.Contains(any, string(text)) {
		return []string{fmt.Sprintf("%s holds %d bytes that it should not hold (%v)", name, len(text), err)}
	}
	return nil
}

// config compares the configuration with what a command writes that goes through. Before that there may be none, or the
// one of the command before.
func (h *faultHome) config(command, kept string) []string {
	text, err := os.ReadFile(filepath.Join(h.dir, configName))
	switch {
	case kept == "" && (os.IsNotExist(err) || string(text) == string(h.clean["init"]) || string(text) == string(h.clean["map"])):
		return nil
	case err != nil || string(text) != string(h.clean[command]):
		return []string{fmt.Sprintf("the configuration has %d bytes, not %d (%v)", len(text), len(h.clean[command]), err)}
	case kept == "bak":
		// The source may have been written by the call that failed: then there is nothing to keep it from.
		return h.holds(configName+".bak", string(h.clean["init"]))
	}
	return nil
}

func (h *faultHome) furnished() []string {
	problems := h.holds(configName, string(h.clean["init"]))
	for _, name := range []string{"inbox", "archive", "rejected", "receipts", "data/capibara.db", ".capibara-ledger"} {
		if info, err := os.Stat(filepath.Join(h.dir, name)); err != nil || info.Mode().IsRegular() && info.Size() == 0 {
			problems = append(problems, name+" is missing or empty")
		}
	}
	return problems
}

// imported says what is missing of the export, whichever call imported it.
func (h *faultHome) imported() (problems []string) {
	accepted, rejects, found := uint64(0), 0, false
	for _, f := range lines[audit.File](h.home, "history", "files") {
		accepted += f.Counts.Accepted
		if f.State != "imported" || f.Counts.Records != faultRecords {
			problems = append(problems, fmt.Sprintf("file %d is %s with %d records", f.File, f.State, f.Counts.Records))
			continue
		}
		found = true
		text, err := os.ReadFile(filepath.Join(h.dir, f.Rejects))
		if rejects = strings.Count(string(text), "soon"); err != nil || rejects != faultMended {
			problems = append(problems, fmt.Sprintf("%d rejects of file %d are kept (%v)", rejects, f.File, err))
		}
		book := strings.TrimSuffix(f.Rejects, ".csv") + ".xlsx"
		for _, name := range []string{book, f.Receipt} {
			if info, err := os.Stat(filepath.Join(h.dir, name)); err != nil || info.Size() == 0 || name == "" {
				problems = append(problems, fmt.Sprintf("file %d has no %q", f.File, name))
			}
		}
	}
	if accepted != faultRecords-faultMended || !found {
		problems = append(problems, fmt.Sprintf("%d records were accepted", accepted))
	}
	if left, err := filepath.Glob(filepath.Join(h.dir, "data", spoolPattern)); err != nil || len(left) > 0 {
		problems = append(problems, fmt.Sprintf("%d copies of standard input are left (%v)", len(left), err))
	}
	return problems
}

func (h *faultHome) uploaded() (problems []string) {
	for _, e := range historyEvents(h.home) {
		if e.State != "acknowledged" {
			problems = append(problems, fmt.Sprintf("event %s is %s", e.EventID, e.State))
		}
	}
	if n := h.meta.Stats().Distinct; n != faultRecords-faultMended {
		problems = append(problems, fmt.Sprintf("%d events arrived", n))
	}
	return problems
}

// archived says where the dropped file is, unless it is in the archive alone. One that was archived and stayed in the inbox all
// the same was imported once more and is there twice.
func (h *faultHome) archived() []string {
	places := map[string]int{}
	for _, pattern := range []string{"inbox/pos-day.csv", "inbox/.claimed/*/pos-day.csv", "archive/*/*/*/pos-day.*.csv"} {
		found, err := filepath.Glob(filepath.Join(h.dir, pattern))
		if err != nil {
			h.t.Fatal(err)
		}
		places[pattern[:strings.IndexByte(pattern, '/')]] += len(found)
	}
	if _, err := os.Stat(filepath.Join(h.dir, "receipts", "_STATUS.html")); err != nil {
		return []string{"there is no status page"}
	}
	if places["inbox"] != 0 || places["archive"] < 1 {
		return []string{fmt.Sprintf("the file lies in %v", places)}
	}
	return nil
}
