//go:build unix

package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"capibara/uploader/sandbox"
)

// What must never be seen anywhere but in a request. Everything here is unique, so that a search finds it.
const (
	canaryToken  = "EAAcanaryTokenThatSingsWhenItIsSeen7b1f0c2d9e"
	canaryWrong  = "EAAcanaryTokenOfAnotherApp55a3c1e8d7ThatIsDead"
	canarySecret = "ca0a51e0123456789abcdef01234c0de"
	canaryEmail  = "canary.singing.person@example.com"
	canaryPhone  = "0612345987"
)

// canaries are all forms in which they could be seen.
func canaries() []string {
	all := []string{canarySecret, canaryEmail, canaryPhone, "31612345987"}
	for _, token := range []string{canaryToken, canaryWrong} {
		mac := hmac.New(sha256.New, []byte(canarySecret))
		mac.Write([]byte(token))
		all = append(all, token, token[:20], url.QueryEscape(token), base64.StdEncoding.EncodeToString([]byte(token)), hex.EncodeToString(mac.Sum(nil)))
	}
	return all
}

// sings returns the canaries that a text holds.
func sings(text []byte) []string {
	var found []string
	for _, c := range canaries() {
		if bytes.Contains(text, []byte(c)) {
			found = append(found, c)
		}
	}
	return found
}

// safeBuffer is what several goroutines print to.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buf.Bytes())
}

// parrot stands before a sandbox and, on request, answers with all that it was sent: what a proxy may do, and what Meta's
// own messages do with values they dislike.
type parrot struct {
	meta *sandbox.Sandbox
	// way is how it answers; "" passes requests on.
	way    atomic.Pointer[string]
	proofs atomic.Int64 // requests that carried the proof
	quoted atomic.Int64 // events that were quoted
}

func (p *parrot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	var sent struct {
		Proof string `json:"appsecret_proof"`
	}
	_ = json.Unmarshal(body, &sent)
	if sent.Proof != "" {
		p.proofs.Add(1)
	}
	said := r.Header.Get("Authorization") + " access_token=" + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + " appsecret_proof=" + sent.Proof + " " + canaryEmail
	refuse := func(status int, members string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":{"message":%[1]q,"error_user_title":%[1]q,"error_user_msg":%[1]q,"type":"OAuthException",%[2]s,"fbtrace_id":%[1]q}}`, said, members)
	}
	way := *p.way.Load()
	if rest, quotes := strings.CutPrefix(way, "repeats"); quotes {
		if text := echo(body); text != "" {
			said = text
			p.quoted.Add(1)
		}
		way = map[string]string{"": "unknown code", " at one event": "event", " in a page": "page", " in messages": "messages", " in headers": "headers"}[rest]
	}
	switch way {
	case "credentials":
		refuse(400, `"code":190`)
	case "unknown code":
		refuse(400, `"code":7777`)
	case "throttle":
		refuse(400, `"code":4`)
	case "event":
		refuse(400, `"code":100,"error_subcode":2804003`)
	case "page":
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<html>%s</html>", said)
	case "messages":
		fmt.Fprintf(w, `{"events_received":0,"messages":[%q],"fbtrace_id":%q}`, said, said)
	case "headers":
		for _, name := range []string{"X-Ad-Api-Version-Warning", "X-Fb-Trace-Id", "X-App-Usage", "Retry-After", "Location"} {
			w.Header().Set(name, said)
		}
		w.WriteHeader(http.StatusFound)
	case "malformed":
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprintf(conn, "HTTP/1.1 %s\r\n%s\r\n\r\n", said, said)
		_ = conn.Close()
	default:
		r.Body = io.NopCloser(bytes.NewReader(body))
		p.meta.ServeHTTP(w, r)
	}
}

// echo is a message that quotes the values of the first event of a request, "" for a request without one.
func echo(body []byte) string {
	var sent struct {
		Data []struct {
			Person map[string]any `json:"user_data"`
			Custom map[string]any `json:"custom_data"`
		} `json:"data"`
	}
	if json.Unmarshal(body, &sent) != nil || len(sent.Data) == 0 {
		return ""
	}
	said := ""
	for _, members := range []map[string]any{sent.Data[0].Person, sent.Data[0].Custom} {
		text, err := json.Marshal(members)
		if err != nil {
			return err.Error()
		}
		said = string(text) + " " + said
		for name, value := range members {
			if text, ok := value.(string); ok {
				said += fmt.Sprintf("Invalid parameter %s: %s is no %s. ", name, text, name)
			}
		}
	}
	return said
}

// TestNoCanarySings sends unique personal data and secrets through a whole life, with every kind of trouble on the way and
// a counterpart that repeats them, and looks for them in the database, the logs, the errors and the answers.
func TestNoCanarySings(t *testing.T) {
	t.Parallel()
	meta, err := sandbox.New(sandbox.Config{Seed: 1, Token: canaryToken, AppSecret: canarySecret})
	if err != nil {
		t.Fatal(err)
	}
	bird := &parrot{meta: meta}
	set := func(way string) { bird.way.Store(&way) }
	set("")
	web := httptest.NewServer(bird)
	defer func() {
		web.CloseClientConnections()
		web.Close()
		if err := meta.Close(); err != nil {
			t.Error(err)
		}
	}()
	dir := t.TempDir()
	place := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := strings.Replace(crashConfig, `{id: "1234567890"}`, `{id: "1234567890", access_token_file: token.txt, app_secret_file: secret.txt}`, 1)
	place(configName, fmt.Sprintf("graph: {base_url: %q}\n%s", web.URL, config))
	place("token.txt", canaryToken+"\n")
	place("secret.txt", canarySecret+"\n")
	var heard safeBuffer
	run := func(want int, args ...string) {
		t.Helper()
		a := &app{stdin: strings.NewReader(canaryToken + " " + canaryEmail), stdout: &heard, stderr: &heard, now: time.Now}
		root := newRootCommand(a)
		root.SetArgs(append(args, "--home", dir, "--log-level", "debug"))
		err := root.ExecuteContext(t.Context())
		if err != nil {
			printError(&heard, err)
		}
		if code := exitCode(err); code != want && want >= 0 {
			t.Errorf("command of %d words: exit code %d, want %d", len(args), code, want)
		}
	}
	sale := func(n int) string {
		return fmt.Sprintf(`{"store":"S1","receipt":"r-%d","business_date":"2026-11-20","time":%q,"total":10,"currency":"EUR","customer":{"email":%q,"phone":%q}}`+"\n",
			n, time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), canaryEmail, canaryPhone)
	}
	tell := func() {
		t.Helper()
		for _, question := range []string{"status", "status --output json", "history batches --output json", "history events --output csv", "show batch 1", "show batch 2 --output json",
			"history events --output json --email " + canaryEmail} {
			run(-1, strings.Fields(question)...)
		}
	}
	trouble := func(ways ...string) {
		t.Helper()
		for _, way := range ways {
			set(way)
			run(-1, "check", "--output", "json")
			run(-1, "upload", "--wait", "0s", "--output", "json")
		}
		set("")
		tell()
	}

	run(0, "init")
	place("pos-1.jsonl", sale(1)+sale(2)+strings.Replace(sale(3), `"total":10`, `"total":"`+canaryEmail+`"`, 1)+"{"+canaryEmail+"\n")
	run(-1, "import", filepath.Join(dir, "pos-1.jsonl"))
	run(0, "upload", "--dry-run", "--output", "json")
	run(0, "upload")
	if s := meta.Stats(); s.Accepted != 2 {
		t.Errorf("the sandbox saw %+v", s)
	}
	// A running process, asked over its socket.
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		root := newRootCommand(&app{stdin: strings.NewReader(""), stdout: &heard, stderr: &heard, now: time.Now})
		root.SetArgs([]string{"run", "--home", dir, "--log-level", "debug"})
		ended <- root.ExecuteContext(ctx)
	}()
	c, err := (&app{now: time.Now, homeFlag: dir}).load()
	if err != nil {
		t.Fatal(err)
	}
	for range 400 {
		if conn, err := dialSocket(ctx, c); err == nil && conn != nil {
			_ = conn.Close()
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	place("pos-2.jsonl", sale(4)+sale(5))
	run(0, "import", filepath.Join(dir, "pos-2.jsonl"))
	set("credentials")
	run(exitCredentials, "upload", "--output", "json")
	set("")
	tell()
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}

	// One command at a time.
	place("token.txt", canaryWrong)
	trouble("")
	place("token.txt", canaryToken+" "+canaryEmail)
	trouble("")
	place("token.txt", canaryToken)
	place("secret.txt", canarySecret[:31]+"0")
	run(1, "check")
	place("secret.txt", canarySecret)
	trouble("unknown code", "page", "messages", "malformed", "headers", "event", "throttle")
	run(1, "token", "set", "main")
	run(2, "token", "set", canaryWrong)
	run(2, "token", canaryWrong)
	run(0, "config")
	run(0, "check")

	if found := sings(heard.Bytes()); found != nil {
		t.Errorf("%q was printed", found)
		for line := range bytes.Lines(heard.Bytes()) {
			if sings(line) != nil {
				t.Logf("%s", line)
			}
		}
	}
	// Files in which they belong are found to hold them, so that the search is known to work.
	expected := []string{"token.txt", "secret.txt"}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		first, _, _ := strings.Cut(name, string(filepath.Separator))
		raw := first == "archive" || first == "rejected" || first == "inbox" || strings.HasPrefix(name, "pos-")
		text, err := os.ReadFile(path)
		found := sings(text)
		switch {
		case slices.Contains(expected, name) && found == nil:
			t.Errorf("%s does not hold what was put into it", name)
		case !raw && !slices.Contains(expected, name) && found != nil:
			t.Errorf("%s holds %q", name, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := bird.proofs.Load(); n < 10 {
		t.Errorf("%d requests carried the proof", n)
	}
}
