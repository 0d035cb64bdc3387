//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/audit"

	"github.com/rs/zerolog"
)

// TestRights asks every route as somebody who may do nothing, as one who may look, and as one who may act.
func TestRights(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name           string
		needed, caller rights
		wantStatus     int
	}{
		{"a stranger may not look", reads, none, http.StatusForbidden},
		{"the group may look", reads, reads, http.StatusOK},
		{"the group may not act", acts, reads, http.StatusForbidden},
		{"the owner may look", reads, acts, http.StatusOK},
		{"the owner may act", acts, acts, http.StatusOK},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r = r.WithContext(context.WithValue(r.Context(), rightsKey{}, tc.caller))
			w := httptest.NewRecorder()
			may(tc.needed, func(w http.ResponseWriter, _ *http.Request) {})(w, r)
			if w.Code != tc.wantStatus {
				t.Errorf("got %d, want %d", w.Code, tc.wantStatus)
			}
		})
	}
	// Without a word of the kernel about the caller nothing is allowed.
	w := httptest.NewRecorder()
	may(reads, func(http.ResponseWriter, *http.Request) {})(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusForbidden {
		t.Errorf("an unknown caller got %d", w.Code)
	}
}

// TestRoutesNeedRights looks at the routes themselves: those that change something are for who may act alone.
func TestRoutesNeedRights(t *testing.T) {
	t.Parallel()
	s := &server{alive: t.Context()}
	for _, tc := range []struct{ method, path string }{
		{http.MethodPost, "/v1/import"}, {http.MethodPost, "/v1/upload"}, {http.MethodPost, "/v1/go-live"},
		{http.MethodPost, "/v1/test"}, {http.MethodPost, "/v1/trial"},
		{http.MethodPost, "/v1/decide"}, {http.MethodPost, "/v1/resolve"}, {http.MethodPost, "/v1/page-token"},
	} {
		r := httptest.NewRequest(tc.method, tc.path, nil)
		r = r.WithContext(context.WithValue(r.Context(), rightsKey{}, reads))
		w := httptest.NewRecorder()
		s.routes().ServeHTTP(w, r)
		var f wireFailure
		if err := json.Unmarshal(w.Body.Bytes(), &f); err != nil || w.Code != http.StatusForbidden || f.Exit != exitFailed || f.Hint == "" {
			t.Errorf("%s %s as a reader: %d %s", tc.method, tc.path, w.Code, w.Body)
		}
	}
	// The API of the page has roles of its own, and a stranger none of them.
	for path, has := range map[string]rights{"/api/v1/upload": reads, "/api/v1/allow": reads, "/api/v1/search": none} {
		r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("{}"))
		w := httptest.NewRecorder()
		s.routes().ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), rightsKey{}, has)))
		if w.Code != http.StatusForbidden {
			t.Errorf("POST %s with rights %d: %d %s", path, has, w.Code, w.Body)
		}
	}
}

// TestRefusedContent sends the server standard input, also more than a connection holds, for a source that there is not: the
// answer arrives all the same.
func TestRefusedContent(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	a := &app{now: time.Now, homeFlag: h.dir, stderr: io.Discard}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	l, err := a.openLocal(t.Context(), c, "run", toAct, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	socket, err := listenSocket(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	s := &server{house: l, log: zerolog.Nop(), alive: ctx, ledger: &pageLedger{house: l, waiting: func() []string { return nil }, url: func() string { return "" }, upload: func() error { return nil }}}
	go func() { ended <- s.serve(ctx, socket) }()
	for _, size := range []int{1, 100, 4 << 20} {
		conn, err := dialSocket(ctx, c)
		if err != nil || conn == nil {
			t.Fatalf("nobody answers: %v", err)
		}
		asked := newClient(c, conn)
		for range 3 { // on one connection, where that goes
			_, err = asked.Import(ctx, order{Name: "stdin", Source: "nobody", Content: bytes.NewReader(make([]byte, size))}, func(progress) {})
			if err == nil || err.Error() != `no source is named "nobody"` || exitCode(err) != exitUsage {
				t.Errorf("to %d bytes the answer is %v", size, err)
			}
		}
		if err := asked.Close(); err != nil {
			t.Error(err)
		}
	}
	// The API of the page is there too, for the one who may act.
	conn, err := dialSocket(ctx, c)
	if err != nil || conn == nil {
		t.Fatalf("nobody answers: %v", err)
	}
	asked := newClient(c, conn)
	if list, err := get[audit.List[audit.File]](ctx, asked, "/api/v1/files", nil); err != nil || len(list.Items) != 0 {
		t.Errorf("the files are %+v, %v", list, err)
	}
	if found, err := post[audit.Found](ctx, asked, "/api/v1/search", map[string]string{"find": "mary@example.com"}); err != nil || len(found.As) != 1 || found.Events.Unrecorded != "" {
		t.Errorf("what is found is %+v, %v", found, err)
	}
	if uploaded, err := post[map[string]bool](ctx, asked, "/api/v1/upload", nil); err != nil || !uploaded["asked"] {
		t.Errorf("the upload is %v, %v", uploaded, err)
	}
	if err := asked.Close(); err != nil {
		t.Error(err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestLongPaths serves a home whose path is too long for a socket.
func TestLongPaths(t *testing.T) {
	t.Parallel()
	c := defaults()
	c.resolve(filepath.Join(t.TempDir(), strings.Repeat("long", 30)), "")
	if err := os.MkdirAll(c.Folders.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	path, elsewhere := socketPath(&c)
	if !elsewhere || len(path) > maxSocketPath {
		t.Fatalf("the socket is at %s", path)
	}
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Dir(path)) })
	l, err := listenSocket(t.Context(), &c)
	if err != nil {
		t.Fatal(err)
	}
	greet := make(chan rights, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			greet <- none
			return
		}
		r, _ := rightsOf(conn)
		greet <- r
		_ = conn.Close()
	}()
	conn, err := dialSocket(t.Context(), &c)
	if err != nil || conn == nil {
		t.Fatalf("nobody answers: %v", err)
	}
	if r := <-greet; r != acts {
		t.Errorf("the owner has the rights %d", r)
	}
	_ = conn.Close()
	// Who comes through a symbolic link finds the same socket, also when that path is short.
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(c.Home, link); err != nil {
		t.Fatal(err)
	}
	linked := defaults()
	linked.resolve(link, "")
	if got, _ := socketPath(&linked); got != path {
		t.Errorf("through a link the socket is looked for at %s, and it is at %s", got, path)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Dir(path)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's folder is left behind: %v", err)
	}

	// A folder that others may write to is no place for a socket.
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := listenSocket(t.Context(), &c); err == nil {
		t.Error("it serves from a folder of somebody else")
	}
}

// TestStaleSocket finds a socket that nobody answers on, and takes its place.
func TestStaleSocket(t *testing.T) {
	t.Parallel()
	c := defaults()
	c.resolve(t.TempDir(), "")
	if err := os.MkdirAll(c.Folders.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	path, _ := socketPath(&c)
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	if err := dead.Close(); err != nil {
		t.Fatal(err)
	}
	if conn, err := dialSocket(t.Context(), &c); conn != nil || err != nil {
		t.Fatalf("somebody answers on a dead socket: %v", err)
	}
	l, err := listenSocket(t.Context(), &c)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != socketMode {
		t.Errorf("the socket has the mode %v, %v", info.Mode(), err)
	}
	// One that is alive is left alone.
	if _, err := listenSocket(t.Context(), &c); err == nil {
		t.Error("two processes serve one home")
	}
}

// TestBrokenAnswers feeds the client what a process that dies, or is another version, leaves.
func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, want string }{
		{"it died", `{"progress":{"done":1}}` + "\n" + `{"resu`, "ended before it answered"},
		{"nothing", "", "ended before it answered"},
		{"another version", `{"result":"text"}`, "reading the answer"},
		{"a failure", `{"failure":{"error":"the disk is full","hint":"make room","exit":1}}`, "the disk is full"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r fileReport
			err := readMessages(bytes.NewReader([]byte(tc.text)), func(progress) {}, &r)
			if err == nil || !strings.Contains(err.Error(), tc.want) || exitCode(err) != exitFailed {
				t.Errorf("got %v", err)
			}
		})
	}
	// What was done before a failure is told with it.
	var r fileReport
	err := readMessages(strings.NewReader(`{"result":{"name":"x.csv"},"failure":{"error":"refused","exit":1}}`), func(progress) {}, &r)
	if err == nil || r.Name != "x.csv" {
		t.Errorf("got %+v, %v", r, err)
	}
}
