package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"capibara/store"
	"capibara/store/bolt"
	"capibara/uploader/sandbox"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	// Much of what is tried here waits for other processes.
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	testscript.Main(accompanied{m, &accompanying}, map[string]func(){"capibara": func() {
		if os.Getenv(companionKey) != "" {
			accompany()
			return
		}
		main()
	}})
}

// TestScript runs the command as people do, one script for each way of using it. A script has besides testscript's own
// commands:
//
//	dated FILE...            replace @-2d@ and the like by the day two days ago, @now@ by this instant
//	edit FILE OLD NEW        replace a text that is there
//	exitcode N CMD ARGS...   run a command that ends with this exit code
//	sandbox [TOKEN]          start a stand-in for Meta; $SANDBOX is its address
//	meta TOKEN               stand in for Meta's own host, behind a proxy that the commands use (Linux)
//	faults KIND...           let its next requests fail
//	halt SOURCE|FILE REASON  halt a source, or the file with a number
//	accepted N               the sandbox accepted N events, and none of them twice
//	unseen                   the sandbox was not asked anything
//	waitfor CMD ARGS...      repeat a command until it succeeds, or ! until it fails
//	json PATH VALUE          the last standard output is JSON that holds VALUE at the dotted PATH
//	page STATUS [POST] PATH [TOKENFILE [BODY]]
//	                         ask the page that "capibara run" serves; the answer is the last standard output
func TestScript(t *testing.T) {
	p := testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			// A user's own settings must not reach a script.
			e.Setenv("TZ", "UTC")
			e.Vars = append(e.Vars, quickRace)
			// A script starts dozens of processes, of which each would collect garbage before it has begun.
			e.Vars = append(e.Vars, "GOGC=off", "GOMEMLIMIT=256MiB", "GOMAXPROCS=1")
			e.Values[stand{}] = new(stand)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"dated": dated, "edit": edit, "exitcode": exitsWith, "sandbox": startSandbox, "meta": startMeta, "faults": faults, "accepted": accepted, "unseen": unseen, "waitfor": waitFor, "json": jsonHolds, "halt": halt, "page": askPage,
		},
	}
	withCompanions(t, &p)
	testscript.Run(t, p)
}

var dayForm = regexp.MustCompile(`@-(\d+)d@`)

func dated(ts *testscript.TestScript, _ bool, args []string) {
	now := time.Now().UTC()
	for _, name := range args {
		text := dayForm.ReplaceAllStringFunc(ts.ReadFile(name), func(m string) string {
			days, err := strconv.Atoi(dayForm.FindStringSubmatch(m)[1])
			ts.Check(err)
			return now.AddDate(0, 0, -days).Format("2006-01-02")
		})
		text = strings.ReplaceAll(text, "@now@", now.Add(-time.Minute).Format(time.RFC3339))
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// halt halts a source, or a file that is named by its number, as a refusal of its events does.
func halt(ts *testscript.TestScript, _ bool, args []string) {
	db, err := bolt.Open(ts.MkAbs("data/capibara.db"), bolt.Options{})
	ts.Check(err)
	k := store.HaltKey{Kind: store.HaltSource, Source: args[0]}
	if n, err := strconv.ParseUint(args[0], 10, 64); err == nil {
		k = store.HaltKey{Kind: store.HaltFile, File: n}
	}
	ts.Check(errors.Join(db.Halt(context.Background(), store.Halt{HaltKey: k, Reason: args[1]}, time.Now()), db.Close()))
}

// askPage asks the page of the home in which the script works. A token is read from a file, as people get it.
func askPage(ts *testscript.TestScript, _ bool, args []string) {
	want, method, rest := args[0], http.MethodGet, args[1:]
	if rest[0] == http.MethodPost {
		method, rest = rest[0], rest[1:]
	}
	a := &app{now: time.Now, homeFlag: ts.MkAbs("."), stderr: io.Discard}
	c, err := a.load()
	ts.Check(err)
	running, err := a.askRunning(context.Background(), c, toRead)
	ts.Check(err)
	if running == nil {
		ts.Fatalf("nobody serves the page")
	}
	st, err := running.Status(context.Background())
	ts.Check(errors.Join(err, running.Close()))
	body := ""
	if len(rest) > 2 {
		body = rest[2]
	}
	r, err := http.NewRequest(method, strings.TrimSuffix(st.Page, "/")+rest[0], strings.NewReader(body))
	ts.Check(err)
	if len(rest) > 1 {
		r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile(rest[1])))
	}
	resp, err := http.DefaultClient.Do(r)
	ts.Check(err)
	defer resp.Body.Close()
	_, err = io.Copy(ts.Stdout(), resp.Body)
	ts.Check(err)
	if strconv.Itoa(resp.StatusCode) != want {
		ts.Fatalf("%s %s is answered with %d, want %s", method, rest[0], resp.StatusCode, want)
	}
}

func edit(ts *testscript.TestScript, _ bool, args []string) {
	text := ts.ReadFile(args[0])
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s does not contain %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], args[2])), 0o600))
}

func exitsWith(ts *testscript.TestScript, _ bool, args []string) {
	got := exitCodeOf(ts, args[1:])
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("the exit code is %d, want %s", got, args[0])
	}
}

func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	for range 400 {
		if code := exitCodeOf(ts, args); (code != exitOK) == neg {
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	ts.Fatalf("it did not come to that in time")
}

// stand is the sandbox of a script.
type stand struct {
	sandbox     *sandbox.Sandbox
	connections atomic.Int64
}

func startSandbox(ts *testscript.TestScript, _ bool, args []string) {
	config := sandbox.Config{Seed: 1}
	if len(args) > 0 {
		config.Token = args[0]
	}
	s, err := sandbox.New(config)
	ts.Check(err)
	of := ts.Value(stand{}).(*stand)
	of.sandbox = s
	of.connections.Store(0)
	web := httptest.NewUnstartedServer(s)
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			of.connections.Add(1)
		}
	}
	web.Start()
	ts.Defer(func() {
		web.Close()
		ts.Check(s.Close())
	})
	ts.Setenv("SANDBOX", web.URL)
}

func faults(ts *testscript.TestScript, _ bool, args []string) {
	for _, kind := range args {
		ts.Check(ts.Value(stand{}).(*stand).sandbox.Queue(sandbox.Kind(kind)))
	}
}

func accepted(ts *testscript.TestScript, _ bool, args []string) {
	stats := ts.Value(stand{}).(*stand).sandbox.Stats()
	if want, err := strconv.ParseUint(args[0], 10, 64); err != nil || uint64(stats.Accepted) != want || stats.Duplicates != 0 {
		ts.Fatalf("the sandbox accepted %d events and %d of them more than once; want %s and none", stats.Accepted, stats.Duplicates, args[0])
	}
}

func unseen(ts *testscript.TestScript, neg bool, _ []string) {
	if n := ts.Value(stand{}).(*stand).connections.Load(); (n == 0) == neg {
		ts.Fatalf("%d connections were made", n)
	}
}

func jsonHolds(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("json PATH VALUE")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	for _, step := range strings.Split(args[0], ".") {
		switch at := v.(type) {
		case map[string]any:
			found, ok := at[step]
			if !ok {
				ts.Fatalf("the JSON has no %s", args[0])
			}
			v = found
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(at) {
				ts.Fatalf("the JSON has no %s", args[0])
			}
			v = at[i]
		default:
			ts.Fatalf("the JSON has no %s", args[0])
		}
	}
	got, err := json.Marshal(v)
	ts.Check(err)
	if text, ok := v.(string); ok {
		got = []byte(text)
	}
	if (string(got) == args[1]) == neg {
		ts.Fatalf("%s is %s, want %s", args[0], got, args[1])
	}
}
