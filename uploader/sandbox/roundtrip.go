package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
)

// RoundTrip answers a request without a connection, whatever its host, and calls the hooks of net/http/httptrace in the
// order of a transport that has a connection at hand. A cut is io.ErrUnexpectedEOF once the body was read. It waits with
// timers alone, so time in a testing/synctest bubble goes on.
func (s *Sandbox) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer r.Body.Close()
	}
	ctx := r.Context()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	trace := httptrace.ContextClientTrace(ctx)
	if trace == nil {
		trace = &httptrace.ClientTrace{}
	}
	if trace.GetConn != nil {
		trace.GetConn(r.URL.Host)
	}
	if trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: s.conn, Reused: true})
	}
	if trace.WroteHeaders != nil {
		trace.WroteHeaders()
	}
	body, tooBig, err := s.readBody(r.Body)
	if err == nil && !tooBig && r.ContentLength > 0 && r.ContentLength != int64(len(body)) {
		err = fmt.Errorf("ContentLength=%d with Body length %d", r.ContentLength, len(body))
	}
	if err == nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	// A body that is too big is answered before it was written whole.
	if trace.WroteRequest != nil && !tooBig {
		trace.WroteRequest(httptrace.WroteRequestInfo{Err: err})
	}
	if err != nil {
		return nil, err
	}
	out := s.respond(call{method: method(r), url: r.URL, header: r.Header, body: body, tooBig: tooBig})
	if err := wait(ctx, out.wait); err != nil {
		return nil, err
	}
	if out.status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	if trace.GotFirstResponseByte != nil {
		trace.GotFirstResponseByte()
	}
	return &http.Response{
		Status: fmt.Sprintf("%d %s", out.status, http.StatusText(out.status)), StatusCode: out.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: out.header, Body: io.NopCloser(bytes.NewReader(out.body)), ContentLength: int64(len(out.body)), Request: r,
	}, nil
}

func method(r *http.Request) string {
	if r.Method == "" {
		return http.MethodGet
	}
	return r.Method
}
