package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"capibara/audit"
	"capibara/audit/web"
	"capibara/store"
	"capibara/store/bolt"

	"github.com/rs/zerolog"
)

// TestWebConfig reads every way to write where the page is.
func TestWebConfig(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		want       webConfig
		says       string // the error
	}{
		{"nothing", "time_zone: UTC", webConfig{Address: defaultWebAddress}, ""},
		{"off", "web: off", webConfig{}, ""},
		{"false", "web: false", webConfig{}, ""},
		{"an address", "web: 127.0.0.1:9000", webConfig{Address: "127.0.0.1:9000"}, ""},
		{"a name", "web: localhost:9000", webConfig{Address: "localhost:9000"}, ""},
		{"the other loopback", `web: "[::1]:9000"`, webConfig{Address: "[::1]:9000"}, ""},
		{"a mapping", "web: {address: 127.0.0.1:9000}", webConfig{Address: "127.0.0.1:9000"}, ""},
		{"a proxy", "web:\n  url: https://capibara.example.com/", webConfig{Address: defaultWebAddress, URL: "https://capibara.example.com/"}, ""},
		{"a proxy on another machine", "web: {address: 0.0.0.0:9000, url: https://capibara.example.com}",
			webConfig{Address: "0.0.0.0:9000", URL: "https://capibara.example.com"}, ""},
		{"every address", "web: 0.0.0.0:9000", webConfig{}, "lets other machines look, without encryption; write 127.0.0.1:9000"},
		{"every address in short", `web: ":9000"`, webConfig{}, "lets other machines look"},
		{"an address of the network", "web: 192.168.1.10:9000", webConfig{}, "lets other machines look"},
		{"a name of the network", "web: capibara.lan:9000", webConfig{}, "lets other machines look"},
		{"a name that looks like this machine", "web: localhost.example.com:9000", webConfig{}, "lets other machines look"},
		{"no port", "web: 127.0.0.1", webConfig{}, `web.address "127.0.0.1" is no address with a port`},
		{"a port that is too high", "web: 127.0.0.1:70000", webConfig{}, "no port from 1 to 65535"},
		{"a port by name", "web: 127.0.0.1:http", webConfig{}, "no port from 1 to 65535"},
		{"http", "web: {url: http://capibara.example.com}", webConfig{}, "web.url must be the https address"},
		{"a folder", "web: {url: https://example.com/capibara}", webConfig{}, "web.url must be the https address"},
		{"a name with a password", "web: {url: https://a:b@example.com}", webConfig{}, "web.url must be the https address"},
		{"no host", "web: {url: https://}", webConfig{}, "web.url must be the https address"},
		{"a port alone", "web: 8321", webConfig{}, "line 1, column 6: write an address such as 127.0.0.1:8321"},
		{"on", "web: true", webConfig{}, "line 1, column 6: write an address such as 127.0.0.1:8321"},
		{"a list", "web: [a]", webConfig{}, "line 1, column 6: write an address"},
		{"empty", `web: ""`, webConfig{}, "line 1, column 6: write an address"},
		{"another key", "web: {adress: 127.0.0.1:9000}", webConfig{}, `line 1, column 7: unknown key "adress"; did you mean address?`},
		{"no address for a proxy", "web: {address: \"\", url: https://capibara.example.com}", webConfig{}, "web.address serves none"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := parseConfig([]byte(tc.text))
			if err == nil {
				err = c.check()
			}
			switch {
			case tc.says == "" && (err != nil || c.Web != tc.want):
				t.Errorf("it is read as %+v, %v", c.Web, err)
			case tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)):
				t.Errorf("the error is %v", err)
			case tc.says == "":
				text, err := c.effective()
				if err != nil {
					t.Fatal(err)
				}
				if again, err := parseConfig(text); err != nil || again.Web != c.Web {
					t.Errorf("written and read again it is %+v, %v", again.Web, err)
				}
			}
		})
	}
}

// TestWebHosts says under which names the page answers.
func TestWebHosts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		c             webConfig
		port          string
		hosts, people string
	}{
		{webConfig{Address: "127.0.0.1:8321"}, "8321", "127.0.0.1:8321 localhost:8321 [::1]:8321", "http://127.0.0.1:8321/"},
		{webConfig{Address: "127.0.0.1:80"}, "80", "127.0.0.1:80 127.0.0.1 localhost:80 localhost [::1]:80 [::1]", "http://127.0.0.1:80/"},
		{webConfig{Address: "0.0.0.0:8321", URL: "https://Capibara.example.com"}, "8321", "capibara.example.com", "https://capibara.example.com/"},
		{webConfig{Address: "0.0.0.0:8321", URL: "https://capibara.example.com:443/"}, "8321", "capibara.example.com", "https://capibara.example.com/"},
		{webConfig{Address: "0.0.0.0:8321", URL: "https://capibara.example.com:8443"}, "8321", "capibara.example.com:8443", "https://capibara.example.com:8443/"},
	} {
		if got := strings.Join(tc.c.hosts(tc.port), " "); got != tc.hosts || tc.c.address(tc.port) != tc.people {
			t.Errorf("%+v answers under %s and is shown as %s", tc.c, got, tc.c.address(tc.port))
		}
	}
}

// logged takes in what several goroutines log.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write takes it in.
func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// servedRoom is a room that serves the page of a new home on any free port. end has it end, and waits for that.
func servedRoom(t *testing.T, change func(*config)) (room *webRoom, log *logged, end func()) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, configName), []byte(crashConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	log = &logged{}
	a := &app{now: time.Now, homeFlag: dir, stdout: io.Discard, stderr: io.Discard}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.furnish(); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Create(c.database(), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	c.Web = webConfig{Address: "127.0.0.1:0"}
	if change != nil {
		change(c)
	}
	l, err := a.openLocal(t.Context(), c, "run", toAct, zerolog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	room = &webRoom{config: c, tokens: &pageTokenFile{config: c}, log: zerolog.New(log), again: time.Millisecond, grace: time.Millisecond}
	room.ledger = &pageLedger{house: l, waiting: func() []string { return nil }, url: room.address, upload: func() error { return nil }}
	ctx, stop := context.WithCancel(t.Context())
	listening := room.open(ctx)
	ended := make(chan error, 1)
	go func() { ended <- room.keep(ctx, listening) }()
	end = sync.OnceFunc(func() {
		stop()
		if err := errors.Join(<-ended, l.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(end)
	return room, log, end
}

// soon waits until something is so.
func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 1000 {
		if is() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("it did not come to that: %s", what)
}

// TestPageTaken has another program listen where the page should be: that is said, and when it has gone the page is there.
func TestPageTaken(t *testing.T) {
	t.Parallel()
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	room, log, _ := servedRoom(t, func(c *config) { c.Web.Address = other.Addr().String() })
	if said := log.String(); room.address() != "" || !strings.Contains(said, "another program listens on") || !strings.Contains(said, "give this one another, such as `web: 127.0.0.1:") {
		t.Errorf("it is said that\n%s", said)
	}
	if _, err := room.config.tryPage(t.Context()); err == nil || hintOf(err) == "" {
		t.Errorf("who asks whether it can be served hears %v", err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	soon(t, "the page is served", func() bool { return room.address() != "" })
	if got := fetch(t, room.address()+"api/v1/status", ""); !strings.Contains(got, `"page":"`+room.address()) {
		t.Errorf("the status is %s", got)
	}
	if n := strings.Count(log.String(), `"level":"warn"`); n != 1 {
		t.Errorf("it was said %d times", n)
	}
}

// TestPageNeedsTokens is about a page for others: it is served as soon as there is a token, and to nobody without one.
func TestPageNeedsTokens(t *testing.T) {
	t.Parallel()
	room, log, _ := servedRoom(t, func(c *config) {
		c.Web = webConfig{Address: "127.0.0.1:" + freePort(t), URL: "https://capibara.example.com"}
	})
	if room.address() != "" || !strings.Contains(log.String(), "there is no token yet") {
		t.Errorf("without a token it is served at %q, and said that\n%s", room.address(), log)
	}
	a := &app{now: time.Now, homeFlag: room.config.Home, stdout: io.Discard, stderr: io.Discard}
	if err := a.addPageToken(t.Context(), "rita", web.Reader); err != nil {
		t.Fatal(err)
	}
	soon(t, "the page is served", func() bool { return room.address() == "https://capibara.example.com/" })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+room.config.Web.Address+"/api/v1/status", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "capibara.example.com"
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a token it answers %s", resp.Status)
	}
}

func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// fetch reads an answer to its end.
func fetch(t *testing.T, address, token string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// TestPageEndsAtOnce leaves connections behind that say nothing, or half of something: the process ends all the same.
func TestPageEndsAtOnce(t *testing.T) {
	t.Parallel()
	room, _, end := servedRoom(t, nil)
	host := strings.Trim(strings.TrimPrefix(room.address(), "http:"), "/")
	for _, half := range []string{"", "GET / HT", "GET /api/v1/status HTTP/1.1\r\nHost: " + host + "\r\n", "POST /api/v1/search HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 100\r\n\r\n{"} {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, half); err != nil {
			t.Fatal(err)
		}
	}
	end()
	if room.address() != "" {
		t.Errorf("it still says that it is served at %s", room.address())
	}
}

// TestPageLimits sends more than anybody has to say.
func TestPageLimits(t *testing.T) {
	t.Parallel()
	room, _, _ := servedRoom(t, nil)
	host := strings.Trim(strings.TrimPrefix(room.address(), "http:"), "/")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET /api/v1/status HTTP/1.1\r\nHost: "+host+"\r\nX-Long: "+strings.Repeat("x", 32<<10)+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a header of 32 KiB is answered with %s", resp.Status)
	}
}

// TestPageRules asks for the sources as every list does: they are made ready once.
func TestPageRules(t *testing.T) {
	t.Parallel()
	room, _, _ := servedRoom(t, nil)
	l := room.ledger.house
	one, two := l.rules(), l.rules()
	if len(one) == 0 || &one[0] != &two[0] {
		t.Errorf("%d sources are made ready again", len(one))
	}
	rules, err := room.ledger.Rules(t.Context())
	if err != nil || len(rules.Sources) != len(one) || rules.Sources[0].Name != one[0].Name {
		t.Errorf("the page has %+v, %v", rules, err)
	}
}

// TestPageTokens follows the file of tokens as a running process does.
func TestPageTokens(t *testing.T) {
	t.Parallel()
	room, log, _ := servedRoom(t, nil)
	var out, said bytes.Buffer
	a := &app{now: time.Now, homeFlag: room.config.Home, stdout: &out, stderr: &said}
	status := room.address() + "api/v1/status"
	const refused = "does not exist, or was revoked"
	if err := a.addPageToken(t.Context(), "rita", web.Reader); err != nil {
		t.Fatal(err)
	}
	secret := strings.TrimSpace(out.String())
	path := pageTokensPath(room.config)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the file is open to %v, %v", info.Mode(), err)
	}
	if bytes.Contains(text, []byte(secret)) || strings.Contains(said.String(), secret) || !strings.HasPrefix(secret, "capibara_page_") {
		t.Errorf("%q is kept in %s, or said in %s", secret, text, said.String())
	}
	if got := fetch(t, status, secret); !strings.Contains(got, `"ok":`) {
		t.Errorf("the token is answered with %s", got)
	}
	if got := fetch(t, status, ""); !strings.Contains(got, "This needs a token") {
		t.Errorf("no token is answered with %s", got)
	}
	out.Reset()
	if err := a.addPageToken(t.Context(), "olga", web.Operator); err != nil || strings.TrimSpace(out.String()) == secret {
		t.Errorf("another is %s, %v", out.String(), err)
	}
	if err := a.revokePageToken(t.Context(), "rita"); err != nil {
		t.Error(err)
	}
	if got := fetch(t, status, secret); !strings.Contains(got, refused) {
		t.Errorf("the revoked token is answered with %s", got)
	}
	if err := a.revokePageToken(t.Context(), secret); err == nil || strings.Contains(err.Error()+hintOf(err), secret) {
		t.Errorf("who types the token instead of its name hears %v", err)
	}
	// What cannot be read lets nobody in, and is not written over.
	for _, damaged := range []string{"", "{", `[{"name":"rita","role":"reader","sha256":"00"}]`, `[{"name":"rita","role":"owner","sha256":"` + strings.Repeat("00", 32) + `"}]`} {
		if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := fetch(t, status, ""); !strings.Contains(got, "Nobody is let in") {
			t.Errorf("with %q it answers %s", damaged, got)
		}
		if err := a.addPageToken(t.Context(), "sven", web.Reader); err == nil || hintOf(err) == "" {
			t.Errorf("with %q another token was made: %v", damaged, err)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := fetch(t, status, ""); !strings.Contains(got, `"ok":`) {
		t.Errorf("without tokens it answers %s", got)
	}
	if strings.Contains(log.String(), secret) {
		t.Errorf("the log holds the token:\n%s", log)
	}
}

// TestPageInAuditLog holds what is done on the page to the audit log, under the name of whoever did it.
func TestPageInAuditLog(t *testing.T) {
	t.Parallel()
	room, log, _ := servedRoom(t, nil)
	p := room.ledger
	as := web.As(t.Context(), web.Visitor{Name: "olga", Role: web.Operator})
	if _, err := p.Events(as, audit.Query{Email: "mary@example.com"}); err != nil {
		t.Error(err)
	}
	if _, err := p.Find(web.As(t.Context(), web.Visitor{Name: web.OnThisComputer, Role: web.Reader}), "+31 20 123 4567"); err != nil {
		t.Error(err)
	}
	if err := p.Upload(as, "olga"); err != nil {
		t.Error(err)
	}
	p.house.passing.Lock()
	if err := p.Upload(as, "rita"); !errors.Is(err, web.ErrBusy) {
		t.Errorf("while one is under way an upload is answered with %v", err)
	}
	p.house.passing.Unlock()
	if err := p.house.db.Halt(as, store.Halt{HaltKey: store.HaltKey{Kind: store.HaltSource, Source: "tills"}, Reason: "It looks wrong."}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Allow(as, store.HaltKey{Kind: store.HaltSource, Source: "tills"}, "olga"); err != nil {
		t.Error(err)
	}
	var entries []string
	if err := p.house.db.Audit(t.Context(), 0, func(e store.AuditEntry) bool {
		entries = append(entries, e.Kind+" "+e.Detail)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(entries, "\n")
	for _, want := range []string{"looked_up by olga: a person, by e-mail address", "looked_up by the page on this computer: a person, by telephone number",
		"upload_asked by olga: an upload, on the page", "olga"} {
		if !strings.Contains(all, want) {
			t.Errorf("the audit log lacks %q:\n%s", want, all)
		}
	}
	if strings.Contains(all, "rita") {
		t.Errorf("an upload that did not begin is kept:\n%s", all)
	}
	// Ids and sums are hex digits, so that only more of the number than three tells anything.
	if told := all + log.String(); strings.Contains(told, "mary") || strings.Contains(told, "123 4567") || strings.Contains(told, "1234567") {
		t.Errorf("somebody is named:\n%s\n%s", all, log)
	}
}
