//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/uploader/sandbox"
)

// TestNoCanarySingsOfFiles takes exports through everything that can go wrong with them, at the level debug, and looks for the person in all that is printed, answered and kept. The raw files alone may hold them: those that
// somebody dropped, archived ones, and rejects.
func TestNoCanarySingsOfFiles(t *testing.T) {
	t.Parallel()
	meta, err := sandbox.New(sandbox.Config{Seed: 1, Token: canaryToken})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(meta)
	defer func() {
		web.CloseClientConnections()
		web.Close()
		if err := meta.Close(); err != nil {
			t.Error(err)
		}
	}()
	v := &aviary{t: t, dir: t.TempDir()}
	v.place(configName, fmt.Sprintf("graph: {base_url: %q, timeout: 2s}\n%s", web.URL, canaryConfig))
	v.place("token.txt", canaryToken)
	v.run("init")
	raw := v.files()
	taken := slices.Clone(raw)
	if os.Getenv("CAPIBARA_LONG_TESTS") == "" {
		rand.Shuffle(len(taken), func(i, j int) { taken[i], taken[j] = taken[j], taken[i] })
		taken = taken[:len(taken)/2]
	}
	for _, name := range taken {
		path := filepath.Join(v.dir, name)
		v.run("map", path)
		v.runTo(&v.shown, "preview", path)
		v.run("import", path, "--output", "json")
	}
	v.run(append([]string{"import"}, filepath.Join(v.dir, "birds-good.csv"), filepath.Join(v.dir, "birds-cut.json"))...)
	v.run("import", "-", "--source", "birds")
	v.run("import", "-", "--source", "birds", "--output", "jsonl")
	v.runTo(&v.shown, "upload", "--dry-run", "--output", "json")
	v.run("upload", "--wait", "0s", "--output", "json")
	v.ask()
	v.mistakes()
	v.serve()

	if n := len(v.heard.Bytes()); n < 50_000 {
		t.Errorf("only %d bytes were printed", n)
	}
	v.hold("what was printed", v.heard.Bytes(), append(append(forms(), canaryToken), sent()...))
	v.hold("what shows requests", v.shown.Bytes(), forms())
	v.kept(append(raw, "token.txt"), "archive", "rejected", "inbox", "data", "receipts")
}

// TestNoCanarySingsOfAnswers sends the person to a counterpart that fails in every way it can, and to one that quotes what it
// was sent, each from a home of its own.
func TestNoCanarySingsOfAnswers(t *testing.T) {
	t.Parallel()
	header, rows := birds(t)
	quoting := []string{"repeats", "repeats at one event", "repeats in a page", "repeats in messages", "repeats in headers"}
	kinds := sandbox.Kinds()
	if os.Getenv("CAPIBARA_LONG_TESTS") == "" {
		rand.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		kinds = kinds[:4]
	}
	for _, kind := range kinds {
		quoting = append(quoting, string(kind))
	}
	for _, way := range quoting {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			meta, err := sandbox.New(sandbox.Config{Seed: 1, Token: canaryToken, SlowFor: 10 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			bird, none := &parrot{meta: meta}, ""
			bird.way.Store(&none)
			if strings.HasPrefix(way, "repeats") {
				bird.way.Store(&way)
			} else if err := meta.Queue(sandbox.Kind(way), sandbox.Kind(way)); err != nil {
				t.Fatal(err)
			}
			web := httptest.NewServer(bird)
			defer func() {
				web.CloseClientConnections()
				web.Close()
				if err := meta.Close(); err != nil {
					t.Error(err)
				}
			}()
			v := &aviary{t: t, dir: t.TempDir()}
			v.place(configName, fmt.Sprintf("graph: {base_url: %q, timeout: 2s}\n%s", web.URL, canaryConfig))
			v.place("token.txt", canaryToken)
			v.place("birds.csv", commas(header, rows[:3]))
			v.run("init")
			v.run("import", filepath.Join(v.dir, "birds.csv"))
			v.run("upload", "--wait", "0s")
			v.run("upload", "--wait", "0s", "--output", "json")
			for _, question := range []string{"check --output json", "status", "status --output json", "history batches --output json", "show batch 1", "show batch 1 --output json",
				"history events --output csv"} {
				v.run(strings.Fields(question)...)
			}
			if echoed := bird.quoted.Load(); echoed == 0 && strings.HasPrefix(way, "repeats") {
				t.Error("nothing was quoted")
			}
			v.hold("what was printed", v.heard.Bytes(), append(append(forms(), canaryToken), sent()...))
			v.kept([]string{"birds.csv", "token.txt"})
		})
	}
}

// sent are the values of traces.
func sent() (all []string) {
	for _, text := range traces() {
		all = append(all, text)
	}
	return all
}

// ask asks for everything that there is to ask.
func (v *aviary) ask() {
	for _, question := range []string{"status", "history events", "history batches", "history files", "history events --email " + person()["mail"],
		"history events --external-id " + person()["client"], "show event nothing", "show batch 1", "show batch 2", "show file 1", "show file 2", "config",
		"check --database", "explain 2804050"} {
		v.runTo(&v.shown, strings.Fields(question)...)
		v.runTo(&v.shown, append(strings.Fields(question), "--output", "json")...)
	}
}

// mistakes are configurations in which somebody has pasted what does not belong there.
func (v *aviary) mistakes() {
	path := filepath.Join(v.dir, configName)
	good, err := os.ReadFile(path)
	if err != nil {
		v.t.Fatal(err)
	}
	for _, change := range [][2]string{{"access_token_file: token.txt", "access_token_file: " + canaryToken},
		{"access_token_file: token.txt", "access_token: " + canaryToken}, {`id: "1234567890"`, `id: "` + canaryToken + `"`}} {
		v.place(configName, strings.Replace(string(good), change[0], change[1], 1))
		v.runTo(io.Discard, "status")
		v.runTo(io.Discard, "import", filepath.Join(v.dir, "birds-good.csv"))
	}
	v.place(configName, string(good))
}

// serve lets a running process take all files from its inbox, and asks it over its socket.
func (v *aviary) serve() {
	for _, name := range []string{"birds.csv", "birds.json", "birds-broken.jsonl", "birds.xlsx", "birds-cut.xlsx", "birds-latin.csv", "birds-utf16.csv", "strangers.csv", "keys.csv", "people.csv"} {
		text, err := os.ReadFile(filepath.Join(v.dir, name))
		if err != nil {
			v.t.Fatal(err)
		}
		path := filepath.Join(v.dir, "inbox", name)
		if err := errors.Join(os.WriteFile(path, text, 0o600), os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour))); err != nil {
			v.t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(v.t.Context())
	ended := make(chan error, 1)
	go func() {
		root := newRootCommand(&app{stdin: strings.NewReader(""), stdout: &v.heard, stderr: &v.heard, now: time.Now})
		root.SetArgs([]string{"run", "--home", v.dir, "--log-level", "debug"})
		ended <- root.ExecuteContext(ctx)
	}()
	eventually(v.t, "the inbox is worked off", func() bool {
		if len(ended) > 0 {
			v.t.Fatal(<-ended)
		}
		left, err := filepath.Glob(filepath.Join(v.dir, "inbox", "[^.]*"))
		claimed, cerr := filepath.Glob(filepath.Join(v.dir, "inbox", ".claimed", "*", "*"))
		return err == nil && cerr == nil && len(left) == 1 && len(claimed) == 0 // the one that fits no source waits
	})
	c, err := (&app{now: time.Now, homeFlag: v.dir}).load()
	if err != nil {
		v.t.Fatal(err)
	}
	web := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dialSocket(ctx, c) }}}
	mail := person()["mail"]
	for _, route := range []string{"GET /v1/process", "GET /v1/status", "GET /v1/events", "GET /v1/batches", "GET /v1/files", "GET /v1/events/x", "GET /v1/events/" + mail,
		"GET /v1/events?email=" + mail, "GET /v1/events?since=" + mail, "GET /v1/batches/1", "GET /v1/batches/" + mail, "GET /v1/files/1", "GET /v1/files/999", "GET /v1/check", "GET /" + mail,
		"POST /v1/import?name=birds.csv", "POST /v1/import?path=" + filepath.Join(v.dir, "birds-cut.json") + "&name=birds-cut.json",
		"POST /v1/import?name=" + mail, "POST /v1/upload", "POST /v1/go-live?dataset=" + mail, "POST /v1/search", "POST /v1/report"} {
		method, path, _ := strings.Cut(route, " ")
		header, rows := birds(v.t)
		req, err := http.NewRequestWithContext(ctx, method, "http://capibara"+path, strings.NewReader(commas(header, rows)))
		if err != nil {
			v.t.Fatal(err)
		}
		resp, err := web.Do(req)
		if err != nil {
			v.t.Fatalf("%s: %v", route, err)
		}
		out := io.Writer(&v.heard)
		if strings.Contains(path, mail) && !strings.HasSuffix(path, "email="+mail) {
			out = io.Discard // an answer may repeat what the question was; the log does not
		}
		if _, err := io.Copy(out, resp.Body); err != nil {
			v.t.Errorf("%s: %v", route, err)
		}
		_ = resp.Body.Close()
	}
	web.CloseIdleConnections()
	stop()
	if err := <-ended; err != nil {
		v.t.Error(err)
	}
}
