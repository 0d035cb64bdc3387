package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/audit"
	"capibara/store"

	"github.com/rs/zerolog"
)

// kinds are the kinds of the entries of a home's audit log, with what they say.
func kinds(t *testing.T, l *local) (all []string) {
	t.Helper()
	if err := l.db.Audit(t.Context(), 1, func(e store.AuditEntry) bool { all = append(all, e.Kind+": "+e.Detail); return true }); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestHeadIsLoggedDaily writes the head into the log once a day, in the form that verify takes.
func TestHeadIsLoggedDaily(t *testing.T) {
	t.Parallel()
	l := opened(t, newHome(t, "http://127.0.0.1:1"))
	var out bytes.Buffer
	l.log = zerolog.New(&out)
	at := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	for _, after := range []time.Duration{0, time.Hour, 24 * time.Hour, 25 * time.Hour} {
		l.now = func() time.Time { return at.Add(after) }
		l.tellHead(t.Context())
	}
	said := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(said) != 2 {
		t.Fatalf("logged is %q", said)
	}
	var line struct{ Head string }
	if err := json.Unmarshal([]byte(said[0]), &line); err != nil {
		t.Fatal(err)
	}
	if v, err := l.Verify(t.Context(), line.Head); err != nil || !v.OK || v.Head != line.Head {
		t.Errorf("verify of %q says %+v, %v", line.Head, v, err)
	}
}

// TestLookUpsAreKept names who looks for a person and by what, and says so where that cannot be kept.
func TestLookUpsAreKept(t *testing.T) {
	t.Parallel()
	l := opened(t, newHome(t, "http://127.0.0.1:1"))
	over := context.WithValue(t.Context(), callerKey{}, "anna")
	nameless := context.WithValue(t.Context(), callerKey{}, "")
	for _, look := range []struct {
		ctx  context.Context
		q    audit.Query
		want string
	}{
		{over, audit.Query{Email: "mary@example.com"}, "looked_up: by anna: a person, by e-mail address"},
		{t.Context(), audit.Query{Phone: "+31201234567", ExternalID: "C-17"}, "looked_up: by " + operator() + ": a person, by telephone number and external id"},
		{over, audit.Query{Phone: "+31201234567", Cursor: "99"}, "looked_up: by anna: a person, by telephone number"}, // a cursor that somebody made up
		{nameless, audit.Query{ExternalID: "C-17"}, "looked_up: by somebody whom " + operator() + " lets read: a person, by external id"},
	} {
		page, err := l.Events(look.ctx, look.q)
		if err != nil || page.Unrecorded != "" {
			t.Fatalf("%s, %v", page.Unrecorded, err)
		}
		if all := kinds(t, l); all[len(all)-1] != look.want {
			t.Errorf("kept is %q, want %q", all[len(all)-1], look.want)
		}
	}
	if f, err := l.Find(over, "mary@example.com"); err != nil || f.Events.Unrecorded != "" {
		t.Errorf("a look-up from the box says %q, %v", f.Events.Unrecorded, err)
	}
	if all := kinds(t, l); all[len(all)-1] != "looked_up: by anna: a person, by e-mail address" {
		t.Errorf("kept of a look-up from the box is %q", all[len(all)-1])
	}
	before := len(kinds(t, l))
	// The next page of one of them, by the same caller, is no other look-up.
	if _, err := l.Events(over, audit.Query{Email: "mary@example.com", Cursor: "99"}); err != nil {
		t.Fatal(err)
	}
	for _, q := range []audit.Query{{OrderID: "7"}, {}} {
		if _, err := l.Events(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	l.acts = false
	page, err := l.Events(t.Context(), audit.Query{Email: "mary@example.com"})
	l.acts = true
	if err != nil || page.Unrecorded == "" {
		t.Errorf("a look-up that cannot be kept says %q, %v", page.Unrecorded, err)
	}
	if all := kinds(t, l); len(all) != before {
		t.Errorf("kept besides is %q", all[before:])
	}
	for _, k := range kinds(t, l) {
		if strings.Contains(k, "mary") || strings.Contains(k, "C-17") || strings.Contains(k, "1234567 ") {
			t.Errorf("an entry says %q", k)
		}
	}
}

// TestVerifyOlderDatabase is told by the witness: a log that was cut off with its note of the last entry agrees with itself.
func TestVerifyOlderDatabase(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	h.must("import", export(t, 30))
	path := filepath.Join(h.dir, "data", "capibara.db")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h.must("import", exportOf(t, 30, 4))
	var v verification
	if err := json.Unmarshal([]byte(h.must("verify", "--output", "json")), &v); err != nil || !v.OK {
		t.Fatalf("%+v, %v", v, err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_TRUNC, 0) // in place, so that it is the same file
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(old)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if out, code := h.try("verify"); code != exitFailed || !strings.Contains(out, "agrees with itself") {
		t.Errorf("it ends with %d: %s", code, out)
	}
	if _, code := h.try("verify", "--head", v.Head); code != exitFailed {
		t.Errorf("against the head it ends with %d", code)
	}
}
