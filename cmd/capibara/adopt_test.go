package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/sandbox"

	"github.com/rs/zerolog"
)

// stale is a home whose database is an older copy: one batch of it is unknown, one was being sent, one is ready after a split,
// and events wait.
func stale(t *testing.T, url string) *home {
	t.Helper()
	h := newHome(t, url)
	h.must("import", export(t, 400))
	l := opened(t, h)
	ctx, now := t.Context(), time.Now()
	for _, s := range []store.Settlement{{Verdict: store.VerdictUnknown, MaybeSent: true}, {Verdict: store.VerdictSplit, Children: []int{5, 5}}, {}} {
		rows, err := l.db.Plan(ctx, store.PlanQuery{Dataset: "1234567890", Now: now, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		in := store.Intent{Dataset: "1234567890", BodySHA256: event.Hash{1}}
		for _, r := range rows {
			in.Rows = append(in.Rows, r.Seq)
		}
		b, err := l.db.Begin(ctx, in, now)
		if err != nil {
			t.Fatal(err)
		}
		if s.Batch = b.Number; s.Verdict != 0 {
			if _, err := l.db.Settle(ctx, s, now); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(h.dir, "data", "capibara.db")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h.must("import", export(t, 450))
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	return h
}

// TestAdoptCutOff ends between the steps of a decision: it stays in doubt until the last one.
func TestAdoptCutOff(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1})
	h := stale(t, web.URL)
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, now: time.Now, homeFlag: h.dir}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name string
		do   func(ctx context.Context, l *local) error
		kept bool // the doubt
	}{
		{"nothing", func(context.Context, *local) error { return nil }, true},
		{"recover", func(ctx context.Context, l *local) error { _, err := l.db.Recover(ctx, l.now()); return err }, true},
		{"some held", func(ctx context.Context, l *local) error {
			_, err := l.db.Hold(ctx, "1234567890", "why", l.now(), 7)
			return err
		}, true},
		{"all held", func(ctx context.Context, l *local) error { _, err := l.holdAll(ctx, "mary"); return err }, true},
		{"recorded", func(ctx context.Context, l *local) error { return l.db.Adopt(ctx, "mary", "older", l.now()) }, true},
		{"decided", func(ctx context.Context, l *local) error {
			return a.settleDoubt(ctx, l, decision{hold: true}, l.testimony.inDoubt())
		}, false},
	}
	for _, step := range steps {
		l, err := a.openLedger(t.Context(), c, "adopt", toAct, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		if err := step.do(t.Context(), l); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		// A process that dies closes its database at least as well as this.
		if err := l.db.Close(); err != nil {
			t.Fatal(err)
		}
		l, err = a.openLedger(t.Context(), c, "adopt", toRead, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		kept := l.testimony.inDoubt() != nil
		if kept != step.kept {
			t.Errorf("after %q it is in doubt: %t, want %t", step.name, kept, step.kept)
		}
		if err := l.db.Check(t.Context(), func(p string) { t.Errorf("after %q: %s", step.name, p) }); err != nil {
			t.Fatal(err)
		}
		if !kept {
			st, err := l.Status(t.Context())
			if err != nil || st.Events.Pending+st.Events.InFlight+st.Events.Acknowledged != 0 || st.Events.Held == 0 {
				t.Errorf("after the decision: %+v, %v", st.Events, err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	h.must("upload")
	if n := s.Stats().Accepted; n != 0 {
		t.Errorf("%d events were sent", n)
	}
	entries := 0
	db := opened(t, h).db
	if err := db.Audit(t.Context(), 0, func(e store.AuditEntry) bool {
		if e.Kind == "adopted" && strings.Contains(e.Detail, "what waited is held") && strings.HasPrefix(e.Detail, "by "+operator()+": ") {
			entries++
		}
		return true
	}); err != nil || entries != 1 {
		t.Errorf("the audit log names who decided %d times, %v", entries, err)
	}
}
