//go:build unix

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"capibara/audit"
	"capibara/store"
	"capibara/store/bolt"
	"capibara/uploader"
	"capibara/uploader/capi"
	"capibara/uploader/sandbox"

	"github.com/rs/zerolog"
)

// TestMissedUploadTakesTheInbox switches a machine on after a night in which an upload was due and a file was dropped: the
// upload is made up for once the file is imported and the token was asked about, and takes what it brought.
func TestMissedUploadTakesTheInbox(t *testing.T) {
	t.Parallel()
	s, web := meta(t, sandbox.Config{Seed: 1})
	h := newHome(t, web.URL)
	path := filepath.Join(h.dir, configName)
	if err := os.WriteFile(path, []byte(strings.Replace(crashConfig, "0 2 29 2 *", "@daily", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(filepath.Join(h.dir, "data", "capibara.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.SetRun(t.Context(), audit.UploadSchedule, store.Run{ScheduledAt: time.Now().Add(-72 * time.Hour)}), db.Close()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(export(t, 20))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, "inbox", "pos-night.jsonl"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	daemon := h.start("run")
	until(t, "the upload is made up for", func() bool { return s.Stats().Accepted > 0 })
	if err := errors.Join(daemon.Process.Signal(syscall.SIGTERM), daemon.Wait()); err != nil {
		t.Error(err)
	}
	if stats := s.Stats(); stats.Probes == 0 || !s.Requests()[0].Probe || stats.Duplicates != 0 {
		t.Errorf("the sandbox saw %+v", stats)
	}
}

// TestResumeSoon asks for an upload within half a minute of another token, once for each.
func TestResumeSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db, err := bolt.Create(filepath.Join(t.TempDir(), "capibara.db"), bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		client, err := capi.New(capi.Config{})
		if err != nil {
			t.Fatal(err)
		}
		var token atomic.Value
		token.Store(capi.Token("EAAold1234567890"))
		u, err := uploader.New(uploader.Config{Store: db, Client: client,
			Datasets: []uploader.Dataset{{Alias: "main", ID: "1234567890", Token: func() (capi.Token, error) { return token.Load().(capi.Token), nil }}}})
		if err != nil {
			t.Fatal(err)
		}
		var asked atomic.Int64
		l := &local{uploader: u, log: zerolog.Nop(), soon: func() { asked.Add(1) }}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { l.resume(ctx); close(ended) }()
		after := func(d time.Duration, want int64) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			if n := asked.Load(); n != want {
				t.Errorf("after %s an upload was asked for %d times, want %d", d, n, want)
			}
		}
		after(time.Hour, 0)
		if err := db.SetCircuit(ctx, store.Circuit{Dataset: "1234567890", State: store.CircuitOpen, Class: "credentials", TokenSum: "of another"}, time.Now()); err != nil {
			t.Fatal(err)
		}
		after(30*time.Second, 1)
		after(time.Hour, 1)
		token.Store(capi.Token("EAAnew1234567890"))
		after(30*time.Second, 2)
		stop()
		<-ended
	})
}

// TestPay makes the upload that a dataset missed before it went live, and no other.
func TestPay(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		left []uploader.NotLive
		want int
	}{
		{"it missed one", []uploader.NotLive{{Dataset: "1"}, {Dataset: "1234567890"}}, 1},
		{"another one did", []uploader.NotLive{{Dataset: "1"}}, 0},
		{"nobody did", nil, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			l := opened(t, newHome(t, "http://127.0.0.1:1"))
			asked := 0
			l.soon = func() { asked++ }
			l.owes(tc.left)
			if err := l.GoLive(t.Context(), "1234567890", "ana"); err != nil || asked != tc.want {
				t.Errorf("an upload was asked for %d times, %v; want %d", asked, err, tc.want)
			}
		})
	}
}
