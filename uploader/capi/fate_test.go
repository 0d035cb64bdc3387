package capi

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testToken   = Token("EAAtestTOKEN0123456789abcdefWXYZ")
	testDataset = "1234567890"
	ackOne      = `{"events_received":1,"messages":[],"fbtrace_id":"Axyz"}`
)

var (
	smallBody = []byte(`{"data":[{"event_name":"Purchase","event_id":"` + strings.Repeat("a", 600) + `"}]}`)
	// hugeBody is more than the kernel's buffers on both sides hold, so that a server that does not read stops the client.
	hugeBody = []byte(`{"data":[{"x":"` + strings.Repeat("a", 20<<20) + `"}]}`)
)

// rawServer hands every connection to handle, and waits for all of them in the end.
func rawServer(t *testing.T, handle func(*net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				handle(conn.(*net.TCPConn))
			})
		}
	})
	t.Cleanup(func() { listener.Close(); open.Wait() })
	return "http://" + listener.Addr().String()
}

// readRequest reads one whole request and returns its body.
func readRequest(t *testing.T, r *bufio.Reader) ([]byte, error) {
	t.Helper()
	request, err := http.ReadRequest(r)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(request.Body)
}

func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

func answerText(status, body string) string {
	return fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)
}

func client(t *testing.T, config Config) *Client {
	t.Helper()
	c, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// wholeRequest makes a handler that acts once the request was read whole.
func wholeRequest(t *testing.T, act func(*net.TCPConn)) func(*net.TCPConn) {
	return func(conn *net.TCPConn) {
		if _, err := readRequest(t, bufio.NewReader(conn)); err == nil {
			act(conn)
		}
	}
}

// untilClosed waits until the client goes away.
func untilClosed(conn *net.TCPConn) { _, _ = io.Copy(io.Discard, conn) }

func say(text string) func(*net.TCPConn) {
	return func(conn *net.TCPConn) { _, _ = io.WriteString(conn, text) }
}

// early answers after the request's head, and leaves the body in the connection.
func early(text string) func(*net.TCPConn) {
	return func(conn *net.TCPConn) {
		head := bufio.NewReaderSize(conn, 4096)
		for {
			line, err := head.ReadString('\n')
			if err != nil {
				return
			}
			if strings.TrimSpace(line) == "" {
				break
			}
		}
		_, _ = io.WriteString(conn, text)
		// Reading on would let the whole body in; going away would reset the connection under the answer.
		time.Sleep(300 * time.Millisecond)
	}
}

func TestFateOfBrokenConnections(t *testing.T) {
	t.Parallel()
	html := "<html>gateway</html>"
	cases := []struct {
		name    string
		handle  func(*net.TCPConn)
		body    []byte
		timeout time.Duration
		end     End
		phase   Phase // empty: it may be either
	}{
		{"reset at once", reset, hugeBody, 0, NotSent, ""},
		{"closed at once", func(c *net.TCPConn) { _ = c.Close() }, hugeBody, 0, NotSent, ""},
		{"reset in the body", func(c *net.TCPConn) { _, _ = io.CopyN(io.Discard, c, 100_000); reset(c) }, hugeBody, 0, NotSent, PhaseWrite},
		{"body never read", func(c *net.TCPConn) { time.Sleep(600 * time.Millisecond) }, hugeBody, 300 * time.Millisecond, NotSent, PhaseWrite},
		{"reset after the body", wholeRequest(t, reset), smallBody, 0, Unknown, PhaseWait},
		{"reset after a huge body", wholeRequest(t, reset), hugeBody, 0, Unknown, PhaseWait},
		{"closed after the body", wholeRequest(t, func(*net.TCPConn) {}), smallBody, 0, Unknown, PhaseWait},
		{"silence after the body", wholeRequest(t, untilClosed), smallBody, 300 * time.Millisecond, Unknown, PhaseWait},
		{"cut in the header", wholeRequest(t, say("HTTP/1.1 200 OK\r\nContent-Le")), smallBody, 0, Unknown, PhaseWait},
		{"not HTTP", wholeRequest(t, say("SSH-2.0-OpenSSH_9.9 "+testToken.Reveal()+"\r\n")), smallBody, 0, Unknown, PhaseWait},
		{"header without end", wholeRequest(t, say("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("y", 1<<20))), smallBody, 0, Unknown, PhaseWait},
		{"cut in the body of a success", wholeRequest(t, say("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"+ackOne)), smallBody, 0, Unknown, PhaseRead},
		{"silence in the body of a success", wholeRequest(t, func(c *net.TCPConn) {
			say("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + ackOne)(c)
			untilClosed(c)
		}), smallBody, 300 * time.Millisecond, Unknown, PhaseRead},
		{"cut chunked success", wholeRequest(t, say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"eve")), smallBody, 0, Unknown, PhaseRead},
		{"cut 429", wholeRequest(t, say("HTTP/1.1 429 Slow down\r\nContent-Length: 900\r\n\r\n"+html)), smallBody, 0, Throttled, PhaseRead},
		{"early 413", early(answerText("413 Too Large", html)), hugeBody, 0, TooLarge, PhaseAnswer},
		{"early 429", early(answerText("429 Slow down", html)), hugeBody, 0, Throttled, PhaseAnswer},
		{"early definite error", early(answerText("400 Bad Request", `{"error":{"code":190}}`)), hugeBody, 0, Stopped, PhaseAnswer},
		{"early 503", early(answerText("503 Busy", html)), hugeBody, 0, NotSent, PhaseAnswer},
		{"early code 2", early(answerText("500 Oops", `{"error":{"code":2}}`)), hugeBody, 0, NotSent, PhaseAnswer},
		{"early portal", early(answerText("200 OK", html)), hugeBody, 0, NotSent, PhaseAnswer},
		{"early success", early(answerText("200 OK", ackOne)), hugeBody, 0, Unknown, PhaseAnswer},
		{"success after 100 Continue", wholeRequest(t, say("HTTP/1.1 100 Continue\r\n\r\n"+answerText("200 OK", ackOne))), smallBody, 0, Acknowledged, ""},
		{"success", wholeRequest(t, say(answerText("200 OK", ackOne))), hugeBody, 0, Acknowledged, ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := client(t, Config{BaseURL: rawServer(t, tc.handle), Timeout: tc.timeout})
			o := c.Send(t.Context(), testDataset, testToken, tc.body, 1)
			if o.End != tc.end {
				t.Fatalf("end = %v, want %v; error: %v", o.End, tc.end, o.Err)
			}
			if (o.Err == nil) != (tc.end == Acknowledged) {
				t.Fatalf("error = %v with end %v", o.Err, o.End)
			}
			if o.Err == nil {
				return
			}
			if tc.phase != "" && o.Err.Phase != tc.phase {
				t.Errorf("phase = %q, want %q; error: %v", o.Err.Phase, tc.phase, o.Err)
			}
			if strings.Contains(o.Err.Error(), testToken.Reveal()) {
				t.Errorf("the token is in the error: %v", o.Err)
			}
			if tc.timeout > 0 && !errors.Is(o.Err, context.DeadlineExceeded) {
				t.Errorf("error = %v, want one that is DeadlineExceeded", o.Err)
			}
		})
	}
}

// dialer is a transport whose connections come from dial.
func dialer(dial func(context.Context, string, string) (net.Conn, error)) http.RoundTripper {
	t := newTransport()
	t.DialContext = dial
	return t
}

func TestFateBeforeAConnection(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = discardLog()
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	notTLS := rawServer(t, func(c *net.TCPConn) { _, _ = io.WriteString(c, "220 mail ready\r\n"); untilClosed(c) })
	cases := []struct {
		name   string
		config Config
		phase  Phase
	}{
		{"refused", Config{BaseURL: closed.URL}, PhaseConnect},
		{"no such host", Config{Transport: dialer(func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: graphHost, IsNotFound: true}
		})}, PhaseConnect},
		{"certificate not trusted", Config{BaseURL: untrusted.URL}, PhaseTLS},
		{"not TLS", Config{BaseURL: "https" + strings.TrimPrefix(notTLS, "http")}, PhaseTLS},
		{"timeout while connecting", Config{Timeout: 50 * time.Millisecond, Transport: dialer(func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})}, PhaseConnect},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			o := client(t, tc.config).Send(t.Context(), testDataset, testToken, smallBody, 1)
			if o.End != NotSent || o.Err == nil || o.Err.Class != ClassTransient || o.HTTPStatus != 0 {
				t.Fatalf("outcome = %+v, error %v", o, o.Err)
			}
			if o.Err.Phase != tc.phase {
				t.Errorf("phase = %q, want %q: %v", o.Err.Phase, tc.phase, o.Err)
			}
		})
	}
}

func TestFateOfACancelledRequest(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		when string
		end  End
	}{
		{"before it begins", "before", NotSent},
		{"while connecting", "connect", NotSent},
		{"while the body is written", "write", NotSent},
		{"after the body", "wait", Unknown},
		{"while the answer is read", "read", Unknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			body, config := smallBody, Config{}
			switch tc.when {
			case "before":
				cancel()
				config.BaseURL = rawServer(t, untilClosed)
			case "connect":
				config.Transport = dialer(func(ctx context.Context, _, _ string) (net.Conn, error) {
					cancel()
					<-ctx.Done()
					return nil, ctx.Err()
				})
			case "write":
				body = hugeBody
				config.BaseURL = rawServer(t, func(c *net.TCPConn) {
					_, _ = io.CopyN(io.Discard, c, 4096)
					cancel()
					time.Sleep(200 * time.Millisecond)
				})
			case "wait":
				config.BaseURL = rawServer(t, wholeRequest(t, func(c *net.TCPConn) { cancel(); untilClosed(c) }))
			case "read":
				config.BaseURL = rawServer(t, wholeRequest(t, func(c *net.TCPConn) {
					say("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")(c)
					time.Sleep(50 * time.Millisecond)
					cancel()
					untilClosed(c)
				}))
			}
			o := client(t, config).Send(ctx, testDataset, testToken, body, 1)
			if o.End != tc.end || !errors.Is(o.Err, context.Canceled) {
				t.Fatalf("end = %v, want %v; error: %v", o.End, tc.end, o.Err)
			}
		})
	}
}

// TestNoRequestArrivesTwice sends over connections that the server closes right after each answer, so that many requests
// meet a closing connection, and compares what arrived with what was said about it.
func TestNoRequestArrivesTwice(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	arrived := map[string]int{}
	url := rawServer(t, func(conn *net.TCPConn) {
		r := bufio.NewReader(conn)
		for i := range 2 {
			body, err := readRequest(t, r)
			if err != nil {
				return
			}
			mu.Lock()
			arrived[string(body[:40])]++
			mu.Unlock()
			if i == 1 {
				return // the second request on a connection is taken and never answered
			}
			_, _ = io.WriteString(conn, answerText("200 OK", ackOne))
			if body[len(body)-1] == 'c' {
				return // closed while it looks kept alive
			}
		}
	})
	c := client(t, Config{BaseURL: url})
	ends := map[End]int{}
	for i := range 300 {
		last := "k"
		if i%2 == 0 {
			last = "c"
		}
		name := fmt.Sprintf("%040d", i)
		o := c.Send(t.Context(), testDataset, testToken, []byte(name+strings.Repeat("x", i%7*5000)+last), 1)
		ends[o.End]++
		mu.Lock()
		times := arrived[name]
		mu.Unlock()
		ok := times == 0
		switch o.End {
		case Acknowledged:
			ok = times == 1
		case Unknown:
			ok = times <= 1
		}
		if !ok {
			t.Fatalf("request %d ended %v and arrived %d times: %v", i, o.End, times, o.Err)
		}
	}
	if ends[Acknowledged] == 0 || ends[Unknown] == 0 {
		t.Errorf("ends = %v; want both kinds of connection to be met", ends)
	}
}

// brokenConn takes nothing once it was used, as a connection whose end was noticed too late does.
type brokenConn struct {
	net.Conn
	answered chan struct{}
}

func (b *brokenConn) Write(p []byte) (int, error) {
	select {
	case <-b.answered:
		return 0, errors.New("broken pipe")
	default:
		return b.Conn.Write(p)
	}
}

func TestRepeatsOnlyWhatWasNeverWritten(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, ackOne)
	}))
	t.Cleanup(server.Close)
	answered := make(chan struct{})
	dials := 0
	transport := dialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		dials++
		if dials == 1 && err == nil {
			conn = &brokenConn{conn, answered}
		}
		return conn, err
	})
	c := client(t, Config{BaseURL: server.URL, Transport: transport})
	for i := range 2 {
		if o := c.Send(t.Context(), testDataset, testToken, smallBody, 1); o.End != Acknowledged {
			t.Fatalf("request %d: %v, %v", i, o.End, o.Err)
		}
		if i == 0 {
			close(answered)
		}
	}
	if dials != 2 {
		t.Errorf("dials = %d, want 2", dials)
	}
}

// narrowConn takes so many bytes and then breaks in the middle of a write.
type narrowConn struct {
	net.Conn
	left int
}

func (n *narrowConn) Write(p []byte) (int, error) {
	if len(p) <= n.left {
		n.left -= len(p)
		return n.Conn.Write(p)
	}
	wrote, err := n.Conn.Write(p[:n.left])
	n.left = 0
	return wrote, errors.Join(errors.New("broken pipe"), err)
}

// TestABodyThatBreaksInItsLastWrite is about a body that the transport took whole and could not write whole.
func TestABodyThatBreaksInItsLastWrite(t *testing.T) {
	t.Parallel()
	url := rawServer(t, untilClosed)
	transport := dialer(func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		return &narrowConn{conn, 600}, err
	})
	o := client(t, Config{BaseURL: url, Transport: transport}).Send(t.Context(), testDataset, testToken, smallBody, 1)
	if o.End != NotSent || o.Err.Phase != PhaseWrite {
		t.Errorf("end = %v: %v", o.End, o.Err)
	}
}
