package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestPageConnections opens more connections than the page takes: those that are too many wait for one to end, and ending does not.
func TestPageConnections(t *testing.T) {
	t.Parallel()
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newBoundedListener(plain, 2)
	accepted, ended := make(chan net.Conn, 10), make(chan error, 1)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			accepted <- conn
		}
	}()
	for range 4 {
		conn, err := net.Dial("tcp", plain.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	first, second := <-accepted, <-accepted
	select {
	case <-accepted:
		t.Error("a third was accepted beside two")
	case <-time.After(20 * time.Millisecond):
	}
	for range 2 { // closing it twice makes room once
		_ = first.Close()
	}
	third := <-accepted
	select {
	case <-accepted:
		t.Error("one that ended made room for two")
	case <-time.After(20 * time.Millisecond):
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Errorf("whoever waits hears %v", err)
	}
	_, _ = second.Close(), third.Close()
}

// TestPageRaw asks as no browser does, byte by byte: nothing that comes under another name is answered, and nothing breaks.
func TestPageRaw(t *testing.T) {
	t.Parallel()
	room, log, _ := servedRoom(t, nil)
	host := strings.Trim(strings.TrimPrefix(room.address(), "http:"), "/")
	_, port, _ := net.SplitHostPort(host)
	const foreign = "evil.example"
	for _, tc := range []struct{ name, request, want string }{
		{"its address", "GET /api/v1/rules HTTP/1.1\r\nHost: " + host, "200"},
		{"an absolute target", "GET http://" + host + "/api/v1/rules HTTP/1.1\r\nHost: " + host, "200"},
		{"an absolute target of a stranger", "GET http://" + foreign + "/api/v1/rules HTTP/1.1\r\nHost: " + host, "421"},
		{"a name of a stranger", "GET /api/v1/rules HTTP/1.1\r\nHost: " + foreign + ":" + port, "421"},
		{"a name of a stranger that says it comes by a proxy", "GET /api/v1/rules HTTP/1.1\r\nHost: " + foreign + "\r\nX-Forwarded-Host: " + host + "\r\nForwarded: host=" + host, "421"},
		{"two hosts", "GET /api/v1/rules HTTP/1.1\r\nHost: " + host + "\r\nHost: " + foreign, "400"},
		{"no host", "GET /api/v1/rules HTTP/1.1", "400"},
		{"no host, as long ago", "GET /api/v1/rules HTTP/1.0", "421"},
		{"a user before the host", "GET /api/v1/rules HTTP/1.1\r\nHost: a@" + host, "400"},
		{"a dot behind the host", "GET /api/v1/rules HTTP/1.1\r\nHost: localhost.:" + port, "421"},
		{"a zero before the port", "GET /api/v1/rules HTTP/1.1\r\nHost: 127.0.0.1:0" + port, "421"},
		{"another way to write the address", "GET /api/v1/rules HTTP/1.1\r\nHost: 127.1:" + port, "421"},
		{"everything at once", "OPTIONS * HTTP/1.1\r\nHost: " + foreign, "421"},
		{"its options", "OPTIONS * HTTP/1.1\r\nHost: " + host, "405"},
		{"a way through", "CONNECT " + foreign + ":443 HTTP/1.1\r\nHost: " + foreign + ":443", "421"},
		{"a way through itself", "CONNECT " + host + " HTTP/1.1\r\nHost: " + host, "405"},
		{"an echo", "TRACE / HTTP/1.1\r\nHost: " + host, "405"},
		{"another method inside", "GET /api/v1/upload HTTP/1.1\r\nHost: " + host + "\r\nX-HTTP-Method-Override: POST", "404"},
		{"a folder above", "GET /static/../../capibara.yaml HTTP/1.1\r\nHost: " + host, "307"},
		{"a folder above, hidden", "GET /static/%2e%2e%2f%2e%2e%2fcapibara.yaml HTTP/1.1\r\nHost: " + host, "404"},
		{"a folder above in the way of Windows", `GET /static/..%5c..%5ccapibara.yaml HTTP/1.1` + "\r\nHost: " + host, "404"},
		{"two lengths", "POST /api/v1/search HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 2\r\nContent-Length: 3", "400"},
		{"a person behind a slash", "GET //mary@example.com HTTP/1.1\r\nHost: " + host, "400"},
	} {
		conn, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(conn, tc.request+"\r\nConnection: close\r\n\r\n")
		got, rerr := io.ReadAll(conn)
		if err := errors.Join(err, rerr, conn.Close()); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		head, _, _ := strings.Cut(string(got), "\r\n")
		if _, status, _ := strings.Cut(head, " "); !strings.HasPrefix(status, tc.want) {
			t.Errorf("%s is answered with %q, not with %s", tc.name, head, tc.want)
		}
		if strings.Contains(string(got), foreign) && !strings.Contains(tc.name, "above") || strings.Contains(string(got), "mary") {
			t.Errorf("%s: what was asked is repeated:\n%s", tc.name, got)
		}
	}
	if said := log.String(); strings.Contains(said, foreign) || strings.Contains(said, "mary") || strings.Contains(said, `"level":"error"`) {
		t.Errorf("the log says\n%s", said)
	}
	if got := fetch(t, room.address()+"api/v1/rules", ""); !strings.Contains(got, `"sources"`) {
		t.Errorf("after all that it answers %s", got)
	}
	resp, err := http.Head(room.address())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("its head is %s, %v", resp.Status, resp.Header)
	}
}

// TestPageTokensAtOnce makes and ends tokens at the same time: none of it is lost.
func TestPageTokensAtOnce(t *testing.T) {
	t.Parallel()
	c := &config{}
	c.Folders.Data = t.TempDir()
	add := func(name string) error {
		return changePageTokens(t.Context(), c, func(tokens []pageToken) ([]pageToken, error) {
			return append(tokens, pageToken{Name: name, Role: "reader", SHA256: strings.Repeat("00", 32)}), nil
		})
	}
	var commands sync.WaitGroup
	for i := range 16 {
		commands.Go(func() {
			if err := add(fmt.Sprint("t", i)); err != nil {
				t.Error(err)
			}
		})
	}
	commands.Wait()
	text, err := os.ReadFile(pageTokensPath(c))
	if err != nil {
		t.Fatal(err)
	}
	var kept []pageToken
	if err := json.Unmarshal(text, &kept); err != nil || len(kept) != 16 {
		t.Errorf("of 16 tokens %d are kept, %v", len(kept), err)
	}
	// Whoever has them does not keep others waiting for ever.
	release, err := lockPageTokens(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	leave()
	if err := changePageTokens(ctx, c, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever gives up waiting hears %v", err)
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	if err := add("last"); err != nil {
		t.Error(err)
	}
}
