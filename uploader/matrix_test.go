package uploader

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"capibara/uploader/capi"
)

// line is a connection to Meta that fails in its own way. Its pipe has no buffer: what the far side does not read was
// never sent, which the buffers of a real connection would hide.
type line struct {
	scheme string
	dial   error          // instead of a connection
	serve  func(*farSide) // what the far side does with the first request
	far    chan struct{}  // closed when the far side has ended
	dials  int
}

// farSide is Meta's end of a connection.
type farSide struct {
	net.Conn
	in *bufio.Reader
}

// head reads the request without its body, and returns the length of that.
func (f *farSide) head() int {
	length := 0
	for {
		text, err := f.in.ReadString('\n')
		if err != nil || text == "\r\n" {
			return length
		}
		_, _ = fmt.Sscanf(text, "Content-Length: %d", &length)
	}
}

func (f *farSide) body(n int) { _, _ = io.CopyN(io.Discard, f.in, int64(n)) }

func (f *farSide) whole() { f.body(f.head()) }

func (f *farSide) say(text string) { _, _ = io.WriteString(f.Conn, text) }

// untilClosed waits until the near side goes away, without taking anything from it.
func (f *farSide) untilClosed() {
	for {
		if _, err := f.Conn.Write(nil); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

func (l *line) DialContext(context.Context, string, string) (net.Conn, error) {
	l.dials++
	if l.dial != nil || l.dials > 1 {
		return nil, orRefused(l.dial)
	}
	near, far := net.Pipe()
	l.far = make(chan struct{})
	go func() {
		defer close(l.far)
		defer far.Close()
		l.serve(&farSide{Conn: far, in: bufio.NewReaderSize(far, 16)})
	}()
	return near, nil
}

func orRefused(err error) error {
	if err != nil {
		return err
	}
	return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
}

// What follows from the first request of a batch of two: the end of the attempt, the state of the batch, the circuit.
const (
	itIsDone    = "acknowledged, acknowledged, closed"
	itIsUnsent  = "not_sent, released, unreachable"
	itIsUnknown = "unknown, unknown, unknown_fate"
	itIsSplit   = "invalid_event, split, unreachable" // the parts find nobody on the line
	itIsTooBig  = "too_large, split, unreachable"
	itWaits     = "throttled, released, throttle"
)

func stopped(class capi.Class) string { return "stopped, released, " + class.String() }

// TestFaultMatrix is every way in which a request can end: how far the connection comes, times what is answered.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		scheme string
		dial   error
		serve  func(*farSide)
		want   string
	}{
		{"refused", "http", orRefused(nil), nil, itIsUnsent},
		{"no such host", "http", &net.DNSError{Err: "no such host", Name: "graph.facebook.com", IsNotFound: true}, nil, itIsUnsent},
		{"no TLS", "https", nil, func(f *farSide) { f.body(16); f.say("220 mail ready\r\n") }, itIsUnsent},
		{"silent in the TLS handshake", "https", nil, (*farSide).untilClosed, itIsUnsent},
		{"closed at once", "http", nil, func(*farSide) {}, itIsUnsent},
		{"closed in the header", "http", nil, func(f *farSide) { f.body(40) }, itIsUnsent},
		{"silent in the header", "http", nil, func(f *farSide) { f.body(40); f.untilClosed() }, itIsUnsent},
		{"closed after the header", "http", nil, func(f *farSide) { f.head() }, itIsUnsent},
		{"closed in the body", "http", nil, func(f *farSide) { f.body(f.head() / 2) }, itIsUnsent},
		{"silent in the body", "http", nil, func(f *farSide) { f.body(f.head() / 2); f.untilClosed() }, itIsUnsent},
		{"closed before the last byte", "http", nil, func(f *farSide) { f.body(f.head() - 17) }, itIsUnsent},
		{"closed after the body", "http", nil, (*farSide).whole, itIsUnknown},
		{"silent after the body", "http", nil, func(f *farSide) { f.whole(); f.untilClosed() }, itIsUnknown},
		{"cut in the header of the answer", "http", nil, func(f *farSide) { f.whole(); f.say("HTTP/1.1 200 OK\r\nContent-Le") }, itIsUnknown},
		{"not HTTP", "http", nil, func(f *farSide) { f.whole(); f.say("SSH-2.0-OpenSSH_9.9\r\n") }, itIsUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			oneRequest(t, &line{scheme: c.scheme, dial: c.dial, serve: c.serve}, c.want)
		})
	}

	graph := func(members string) string { return `{"error":{` + members + `,"fbtrace_id":"A"}}` }
	const html = "<!DOCTYPE html><html><body>Bad gateway</body></html>"
	for _, a := range []struct {
		name   string
		status string
		body   string
		whole  string // the answer to a request that was read whole
		// The same when only half of the body was read before it came. The other half may leave all the same before anybody
		// looks at the answer, and then it is the answer to a request that was read whole.
		early string
		cut   string // the answer breaks off in its middle
	}{
		{"right", "200 OK", `{"events_received":2}`, itIsDone, itIsUnknown, itIsUnknown},
		{"short", "200 OK", `{"events_received":1}`, itIsUnknown, itIsUnknown, itIsUnknown},
		{"too many", "200 OK", `{"events_received":3}`, itIsUnknown, itIsUnknown, itIsUnknown},
		{"malformed", "200 OK", `{"events_received":2,`, itIsUnknown, itIsUnsent, itIsUnknown},
		{"without a count", "200 OK", `{"messages":[]}`, itIsUnknown, itIsUnsent, itIsUnknown},
		{"right with an error", "200 OK", `{"events_received":2,"error":{"code":2}}`, itIsUnknown, itIsUnsent, itIsUnknown},
		{"right with a refusal", "200 OK", `{"events_received":2,"error":{"code":100,"error_subcode":2804003}}`, itIsSplit, itIsSplit, itIsUnknown},
		{"empty", "200 OK", "", itIsUnknown, itIsUnsent, ""},
		{"HTML", "200 OK", html, itIsUnknown, itIsUnsent, itIsUnknown},
		{"huge", "200 OK", `{"events_received":2,"x":"` + strings.Repeat("y", 2<<20) + `"}`, itIsUnknown, itIsUnsent, itIsUnknown},
		{"redirect", "302 Found", "", itIsUnknown, itIsUnsent, ""},
		{"throttle", "400 Bad Request", graph(`"code":4`), itWaits, itWaits, itIsUnknown},
		{"throttle of a business", "400 Bad Request", graph(`"code":80004,"is_transient":true`), itWaits, itWaits, itIsUnknown},
		{"429", "429 Too Many Requests", html, itWaits, itWaits, itWaits},
		{"transient", "400 Bad Request", graph(`"code":2,"is_transient":true`), itIsUnknown, itIsUnsent, itIsUnknown},
		{"500", "500 Internal Server Error", graph(`"code":1`), itIsUnknown, itIsUnsent, itIsUnknown},
		{"503", "503 Service Unavailable", html, itIsUnknown, itIsUnsent, itIsUnknown},
		{"credentials", "400 Bad Request", graph(`"code":190`), stopped(capi.ClassCredentials), stopped(capi.ClassCredentials), itIsUnknown},
		{"permission", "403 Forbidden", graph(`"code":200`), stopped(capi.ClassPermission), stopped(capi.ClassPermission), itIsUnknown},
		{"configuration", "400 Bad Request", graph(`"code":100,"error_subcode":33`), stopped(capi.ClassConfiguration), stopped(capi.ClassConfiguration), itIsUnknown},
		{"policy", "400 Bad Request", graph(`"code":368`), stopped(capi.ClassPolicy), stopped(capi.ClassPolicy), itIsUnknown},
		{"invalid event", "400 Bad Request", graph(`"code":100,"error_subcode":2804003`), itIsSplit, itIsSplit, itIsUnknown},
		{"too large", "413 Content Too Large", html, itIsTooBig, itIsTooBig, itIsTooBig},
		{"unlisted code", "400 Bad Request", graph(`"code":424242`), itIsUnknown, itIsUnsent, itIsUnknown},
	} {
		text := fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", a.status, len(a.body), a.body)
		after := func(wait time.Duration) func(*farSide) {
			return func(f *farSide) { f.whole(); time.Sleep(wait); f.say(text); f.untilClosed() }
		}
		for _, c := range []struct {
			name  string
			serve func(*farSide)
			want  string
		}{
			{"answered", after(0), a.whole},
			{"answered slowly", after(50 * time.Second), a.whole},
			{"answered too late", after(70 * time.Second), itIsUnknown},
			{"answered early", func(f *farSide) { f.body(f.head() / 2); f.say(text); f.untilClosed() }, a.early + " or " + a.whole},
			{"cut", func(f *farSide) { f.whole(); f.say(text[:len(text)-len(a.body)/2]) }, a.cut},
			{"silent in the answer", func(f *farSide) { f.whole(); f.say(text[:len(text)-len(a.body)/2]); f.untilClosed() }, a.cut},
		} {
			if c.want == "" {
				continue // an answer without a body cannot break off in it
			}
			t.Run(a.name+" "+c.name, func(t *testing.T) {
				t.Parallel()
				oneRequest(t, &line{scheme: "http", serve: c.serve}, c.want)
			})
		}
	}
}

// oneRequest sends a batch of two over a line, and compares what is in the database then.
func oneRequest(t *testing.T, l *line, want string) {
	inBubble(t, func(h *house) {
		transport := &http.Transport{DialContext: l.DialContext, DisableCompression: true, MaxResponseHeaderBytes: 256 << 10,
			TLSHandshakeTimeout: 20 * time.Second, IdleConnTimeout: 20 * time.Second}
		client, err := capi.New(capi.Config{BaseURL: l.scheme + "://127.0.0.1:1", Transport: transport, Timeout: time.Minute})
		if err != nil {
			h.Fatal(err)
		}
		h.config.Client, h.config.Patience = client, -1
		h.putSome("a", 2)
		h.upload()
		transport.CloseIdleConnections()
		if l.far != nil {
			<-l.far
		}
		synctest.Wait()
		first := h.batches()
		b := first[len(first)-1]
		circuit := h.circuit()
		class := circuit.State.String()
		if circuit.Class != "" {
			class = circuit.Class
		}
		if got := fmt.Sprintf("%s, %s, %s", b.Attempts[0].End, b.State, class); !strings.Contains(want, got) || len(b.Attempts) != 1 {
			h.Errorf("got %q, want %q; %s", got, want, circuit.Reason)
		}
		h.check()
	})
}
