package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// ServeHTTP answers the edge and the control paths. A cut closes or resets the connection.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, tooBig, err := s.readBody(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client broke off: there is nobody to answer, and nothing was taken
	}
	out := s.respond(call{method: r.Method, url: r.URL, header: r.Header, body: body, tooBig: tooBig})
	if wait(r.Context(), out.wait) != nil {
		return
	}
	if out.status == 0 {
		cut(w, out.abrupt)
		return
	}
	for key, values := range out.header {
		w.Header()[key] = values
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body) // a client that went away learns nothing, and needs no word of it
}

func (s *Sandbox) readBody(r io.Reader) (body []byte, tooBig bool, err error) {
	if r == nil {
		return nil, false, nil
	}
	body, err = io.ReadAll(io.LimitReader(r, int64(s.config.MaxBody)+1))
	if len(body) > s.config.MaxBody {
		return body[:s.config.MaxBody], true, err
	}
	return body, false, err
}

func cut(w http.ResponseWriter, abrupt bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // net/http then closes the connection itself
	}
	if tcp, ok := conn.(*net.TCPConn); ok && abrupt {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Serve answers on a listener until ctx is done, and then returns nil. It refuses a listener that others than this
// machine can reach, unless Config.Exposed says so: whoever reaches a sandbox can make it swallow events.
func (s *Sandbox) Serve(ctx context.Context, listener net.Listener) error {
	if !s.config.Exposed && !onLoopback(listener.Addr()) {
		_ = listener.Close()
		return fmt.Errorf("the sandbox listens on this machine alone, and %s can be reached from outside; use 127.0.0.1", listener.Addr())
	}
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 10 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); ctx.Err() == nil && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the sandbox on %s: %w", listener.Addr(), err)
	}
	return nil
}

func onLoopback(address net.Addr) bool {
	switch a := address.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}
