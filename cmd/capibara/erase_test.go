//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/audit"
	"capibara/uploader/sandbox"
)

const erasedConfig = `
datasets: {main: {id: "1234567890"}}
upload: {urgent: false}
schedule: {upload: "0 2 29 2 *"}
inbox: {poll: 1s, settle: 1s}
sources:
  - name: tills
    files: ["pos-*"]
    <<: &all
      dataset: main
      record_key: [order]
      action_source: physical_store
      event_name: Purchase
      country: NL
      currency: EUR
    columns: &columns {email: mail, phone: tel, external_id: client, event_time: time, value: total, first_name: first}
  - name: baskets
    files: ["baskets*"]
    <<: *all
    group_by: record_key
    columns: *columns
  - name: contacts
    kind: people
    files: ["contacts*"]
    record_key: [client]
    columns: {email: mail}
  - name: deals
    files: ["deals*"]
    <<: *all
    join: client
    columns: {event_time: time, value: total}
`

// quill is somebody who asks to be erased; see forms for what must not be left.
const (
	quillMail  = "quill.feather@canary-bird.example"
	quillPhone = "+31612345987"
	quillID    = "CUST-CANARY-77815"
)

// quills are all forms in which quill could be left somewhere, hashed ones too.
func quills() [][]byte {
	var all [][]byte
	for _, v := range []string{quillMail, "Quill.Feather@Canary-Bird.example", quillPhone, "31612345987", "0612345987", quillID} {
		sum := sha256.Sum256([]byte(v))
		all = append(all, []byte(v), sum[:], []byte(hex.EncodeToString(sum[:])))
	}
	return all
}

// withoutQuill fails the test when a byte of the home tells of quill.
func (h *home) withoutQuill(when string) {
	h.t.Helper()
	files := 0
	err := filepath.WalkDir(h.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		data, err := os.ReadFile(path)
		if err == nil && bytes.HasPrefix(data, []byte("\x1f\x8b")) {
			z, zerr := gzip.NewReader(bytes.NewReader(data))
			if zerr != nil {
				return zerr
			}
			data, err = io.ReadAll(z)
		}
		for _, form := range quills() {
			if bytes.Contains(data, form) || bytes.Contains([]byte(path), form) {
				h.t.Errorf("%s, %s holds %q", when, path, form)
			}
		}
		return err
	})
	if err != nil || files < 8 {
		h.t.Fatalf("%d files were searched: %v", files, err)
	}
}

// drop puts files into the inbox and waits until they are imported.
func (h *home) drop(files map[string]string) {
	h.t.Helper()
	before := len(lines[audit.File](h, "history", "files"))
	for name, text := range files {
		path := filepath.Join(h.dir, "inbox", name)
		if strings.HasSuffix(name, ".gz") {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			if _, err := z.Write([]byte(text)); err != nil {
				h.t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				h.t.Fatal(err)
			}
			text = b.String()
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
	for range 200 {
		all := lines[audit.File](h, "history", "files")
		done := 0
		for _, f := range all {
			if f.State != "importing" {
				done++
			}
		}
		if done == before+len(files) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	h.t.Fatal("the files were not imported")
}

// TestErasedLeaveNoByte erases somebody while capibara runs, and searches every byte of the home: afterwards, after the same files
// came again, and after a backup was put back.
func TestErasedLeaveNoByte(t *testing.T) {
	t.Parallel()
	_, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, web.URL)
	if err := os.WriteFile(filepath.Join(h.dir, configName), []byte(erasedConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	const head = "order,time,total,mail,tel,client,first,note\n"
	others := fmt.Sprintf("1,%[1]s,10,bert@example.com,,,Bert,\n2,%[1]s,x,carl@example.com,,,,\n", at)
	files := map[string]string{
		"contacts.csv": "client,mail\n" + quillID + "," + quillMail + "\nC-2,bert@example.com\n",
		"pos-a.csv": head + others + fmt.Sprintf("3,%[1]s,10,%[2]s,,%[3]s,Quill,\n4,soon,10,,06-12345987,,,\n5,%[1]s,10,dora@example.com,,,,\"ask\n%[2]s\"\n6,%[1]s,1,\"%[2]s,,,,\n",
			at, strings.ToUpper(quillMail[:1])+quillMail[1:], quillID),
		"pos-b.jsonl.gz": fmt.Sprintf(`{"order":"7","time":%[1]q,"total":3,"tel":%[2]q}`+"\n"+`{"order":"8","time":%[1]q,"total":3,"mail":"bert@example.com"}`+"\n", at, quillPhone),
		"baskets.csv":    head + fmt.Sprintf("9,%[1]s,4,%[2]s,,,,\n9,%[1]s,4,,,,,two\n10,%[1]s,4,bert@example.com,,,,\n", at, quillMail),
		"deals.csv":      "order,time,total,client\n" + fmt.Sprintf("11,%[1]s,4,%[2]s\n12,%[1]s,4,C-2\n", at, quillID),
	}
	var log safeBuffer
	daemon := h.command("run", "--log-level", "debug")
	daemon.Stderr = &log
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = daemon.Process.Kill() }()
	defer func() {
		if t.Failed() {
			t.Logf("%s", log.Bytes())
		}
	}()
	eventually(t, "it runs", func() bool { return bytes.Contains(log.Bytes(), []byte("the inbox is watched")) })
	h.drop(files)
	h.must("upload")
	backup := filepath.Join(t.TempDir(), "before.db")
	h.must("backup", backup)
	events := len(historyEvents(h))
	if n := len(lines[audit.Event](h, "history", "events", "--email", quillMail)); n != 3 {
		t.Fatalf("%d events are quill's, want the one with the address, the basket and the deal", n)
	}
	out := h.must("erase", "--email", quillMail, "--phone", quillPhone, "--external-id", quillID, "--yes")
	for _, want := range []string{"4 events: 4 acknowledged", "Erased: 4 events, 1 person", "compacted", "Meta accepted 4 events"} {
		if !strings.Contains(out, want) {
			t.Errorf("the command does not say %q:\n%s", want, out)
		}
	}
	h.withoutQuill("after the erasure")
	if n := len(historyEvents(h)); n != events {
		t.Errorf("there are %d events, and were %d", n, events)
	}
	h.drop(files)
	h.withoutQuill("after the files came again")
	if n := len(historyEvents(h)); n != events {
		t.Errorf("files that came again made %d events of %d", n, events)
	}
	if err := daemon.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := daemon.Wait(); err != nil {
		t.Error(err)
	}
	for _, form := range quills() {
		if bytes.Contains(log.Bytes(), form) {
			t.Errorf("the log holds %q", form)
		}
	}
	h.must("check", "--database")
	h.must("restore", backup)
	for _, f := range lines[audit.Event](h, "history", "events", "--email", quillMail) {
		t.Errorf("the backup brought %s back", f.EventID)
	}
	h.withoutQuill("after a backup was put back")
	if out, _ := h.try("check", "--database"); !strings.Contains(out, "agrees with itself") {
		t.Errorf("the backup that was put back: %s", out)
	}
	h.claimedIsScrubbed()
}

// claimedIsScrubbed leaves a file as a process does that was killed before its import began.
func (h *home) claimedIsScrubbed() {
	h.t.Helper()
	dir := filepath.Join(h.dir, "inbox", ".claimed", "20261128T101010-1")
	text := "order,time,total,mail\n1,,,zoe@example.com\n2,,,bert@example.com\n"
	path := filepath.Join(dir, "pos-c.csv")
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		h.t.Fatal(err)
	}
	h.must("erase", "--email", "zoe@example.com", "--yes")
	if got, err := os.ReadFile(path); err != nil || string(got) != "order,time,total,mail\n ,,,               \n2,,,bert@example.com\n" {
		h.t.Errorf("the claimed file is %q, %v", got, err)
	}
}

// TestKilledWhileErasing kills an erasure again and again, ever later, until one gets through.
func TestKilledWhileErasing(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	var b strings.Builder
	for n := range 1500 {
		mail := fmt.Sprintf("p%d@example.com", n)
		if n%3 == 0 {
			mail = quillMail
		}
		fmt.Fprintf(&b, `{"store":"S","receipt":"%d","business_date":"2026-11-20","time":%q,"total":10,"currency":"EUR","customer":{"email":%q}}`+"\n",
			n, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), mail)
	}
	day := filepath.Join(h.dir, "archive", "2026", "11", "20")
	if err := os.MkdirAll(day, 0o700); err != nil {
		t.Fatal(err)
	}
	for n := range 12 {
		if err := os.WriteFile(filepath.Join(day, fmt.Sprintf("pos-%d.jsonl", n)), []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.must("import", filepath.Join(day, "pos-0.jsonl"))
	kills := 0
	for wait := 60 * time.Millisecond; ; wait = wait * 4 / 3 {
		cmd := h.start("erase", "--email", quillMail, "--yes")
		over := make(chan error, 1)
		go func() { over <- cmd.Wait() }()
		select {
		case err := <-over:
			if err != nil {
				t.Fatalf("the erasure failed after %d kills: %v", kills, err)
			}
		case <-time.After(wait):
			if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			<-over
			kills++
			h.must("history", "files")
			continue
		}
		break
	}
	if kills == 0 {
		t.Fatal("the erasure was never killed")
	}
	h.withoutQuill(fmt.Sprintf("after %d kills", kills))
	states := map[string]int{}
	for _, e := range historyEvents(h) {
		states[e.State]++
	}
	if states["erased"] != 500 || states["pending"] != 1000 {
		t.Errorf("the events are %v", states)
	}
	text, err := os.ReadFile(filepath.Join(h.dir, ".capibara-erased"))
	if err != nil || bytes.Contains(text, []byte("owed")) {
		t.Errorf("a compaction is owed still: %s, %v", text, err)
	}
	h.must("check", "--database")
}
