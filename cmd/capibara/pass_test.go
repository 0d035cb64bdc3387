package main

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"capibara/audit"
	"capibara/store"
	"capibara/uploader"
	"capibara/uploader/sandbox"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"
)

// opened is the ledger of a home, open in this process.
func opened(t *testing.T, h *home) *local {
	t.Helper()
	a := &app{now: time.Now, homeFlag: h.dir}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	c.Graph.BaseURL = h.url
	l, err := a.openLocal(t.Context(), c, "upload", toAct, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	l.patience = -1
	return l
}

// TestLastUpload keeps the memory of the last upload when a pass could not send: the schedule makes up for what it missed
// by that memory.
func TestLastUpload(t *testing.T) {
	t.Parallel()
	_, web := meta(t, sandbox.Config{Seed: 1})
	before := store.Run{ScheduledAt: time.Date(2026, 11, 1, 2, 0, 0, 0, time.UTC), StartedAt: time.Date(2026, 11, 1, 2, 0, 1, 0, time.UTC),
		EndedAt: time.Date(2026, 11, 1, 2, 0, 9, 0, time.UTC), Summary: "3 events were acknowledged in 1 request."}
	for _, tc := range []struct {
		name, url, token string
		events           int
		kept             bool // the memory of before
	}{
		{"not allowed", "https://graph.facebook.com", "secret", 60, true},
		{"without a token", web.URL, "", 60, true},
		{"with a wrong token", web.URL, "wrong", 60, true},
		{"nobody answers", "http://127.0.0.1:1", "secret", 60, true},
		{"sent", web.URL, "secret", 60, false},
		{"nothing to send", web.URL, "secret", 0, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHome(t, tc.url)
			if tc.events > 0 {
				h.must("import", export(t, tc.events))
			}
			l := opened(t, h)
			d := l.config.Datasets["main"]
			d.AccessTokenFile = filepath.Join(h.dir, "token.txt")
			l.config.Datasets["main"] = d
			if err := os.WriteFile(d.AccessTokenFile, []byte(tc.token), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := l.db.SetRun(t.Context(), audit.UploadSchedule, before); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Upload(t.Context(), func(progress) {}); err != nil {
				t.Fatal(err)
			}
			got, err := l.db.LastRun(t.Context(), audit.UploadSchedule)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, got); (diff == "") != tc.kept {
				t.Errorf("the last upload is %+v", got)
			}
		})
	}
}

// TestBusy asks for an upload while another one is under way: it is refused, and the one under way goes on telling the
// one who asked for it.
func TestBusy(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, web.URL)
	h.must("import", export(t, 900))
	l := opened(t, h)
	d := l.config.Datasets["main"]
	d.AccessTokenFile = filepath.Join(h.dir, "token.txt")
	l.config.Datasets["main"] = d
	if err := os.WriteFile(d.AccessTokenFile, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	told := 0
	_, err := l.Upload(t.Context(), func(progress) {
		told++
		if _, err := l.Upload(t.Context(), func(progress) { t.Error("the one who was refused is told") }); !errors.Is(err, uploader.ErrBusy) {
			t.Errorf("a second upload: %v", err)
		}
		if _, err := l.Try(t.Context(), string(d.ID), "ana", func(progress) { t.Error("the one who was refused is told") }); !errors.Is(err, uploader.ErrBusy) {
			t.Errorf("a trial: %v", err)
		}
	})
	if err != nil || told < 2 || s.Stats().Accepted == 0 {
		t.Errorf("told %d times of %d events, %v", told, s.Stats().Accepted, err)
	}
}

// TestAudience lets listeners come and go while an upload tells how far it is.
func TestAudience(t *testing.T) {
	t.Parallel()
	var (
		a        audience
		telling  sync.WaitGroup
		visitors sync.WaitGroup
		over     = make(chan struct{})
		heard    atomic.Int64
	)
	telling.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				a.hear(uploader.Progress{Pending: 1})
			}
		}
	})
	for range 4 {
		visitors.Go(func() {
			for range 500 {
				here := true // guarded by the audience: the race detector tells when it is not
				leave := a.join(func(progress) {
					heard.Add(1)
					if !here {
						t.Error("somebody who has left is told")
					}
				})
				a.hear(uploader.Progress{})
				leave()
				here = false
			}
		})
	}
	visitors.Wait()
	close(over)
	telling.Wait()
	if heard.Load() == 0 {
		t.Error("nobody was told anything")
	}
}
