package capi

import (
	"errors"
	"io"
	"net/http/httptrace"
	"sync"
)

var errGivenUp = errors.New("the request was given up")

// dispatch follows one request on its way out. Hooks and reads come from the transport's goroutines, and may come
// after the transport has returned.
type dispatch struct {
	body []byte

	mu       sync.Mutex
	current  *outgoing // the body that is being written now
	over     bool      // nothing more may be read from it
	phase    Phase
	wrote    bool  // a request was written whole, as the transport says
	wroteErr error // writing the current one failed
}

func newDispatch(body []byte) *dispatch { return &dispatch{body: body, phase: PhaseConnect} }

// open starts the body anew. net/http asks for it a second time when it repeats a request of which nothing was written.
func (d *dispatch) open() (io.ReadCloser, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.over {
		return nil, errGivenUp
	}
	d.current, d.wroteErr = &outgoing{dispatch: d}, nil
	return d.current, nil
}

// mayHaveArrived stops the body and reports whether the server may hold the whole request. Only a proof makes it say
// no: bytes of the body that nobody took, or the transport's word that writing failed.
func (d *dispatch) mayHaveArrived() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	taken := d.current != nil && d.current.offset == len(d.body)
	return d.wrote || (taken && d.wroteErr == nil)
}

func (d *dispatch) reached() Phase {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.phase
}

func (d *dispatch) reach(p Phase) {
	d.mu.Lock()
	defer d.mu.Unlock()
	// A dial that lost against a freed connection goes on in the background; it says nothing about this request.
	if d.phase == PhaseWrite || d.phase == PhaseWait {
		if p == PhaseResolve || p == PhaseTLS {
			return
		}
	}
	d.phase = p
}

func (d *dispatch) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn: func(string) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.phase = PhaseConnect
		},
		DNSStart: func(httptrace.DNSStartInfo) { d.reach(PhaseResolve) },
		DNSDone: func(info httptrace.DNSDoneInfo) {
			if info.Err == nil {
				d.leave(PhaseResolve, PhaseConnect)
			}
		},
		TLSHandshakeStart: func() { d.reach(PhaseTLS) },
		GotConn:           func(httptrace.GotConnInfo) { d.reach(PhaseWrite) },
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if info.Err != nil {
				d.wroteErr = info.Err
				return
			}
			d.wrote, d.phase = true, PhaseWait
		},
	}
}

// leave goes from one phase to the next unless something else happened meanwhile.
func (d *dispatch) leave(from, to Phase) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.phase == from {
		d.phase = to
	}
}

// outgoing is a request body that knows how much of it was taken. It copies, so that the caller may reuse the bytes as
// soon as mayHaveArrived was asked.
//
// It must not be a bytes.Reader: net/http leaves the tail of one in its buffer and reports the request as written
// before the connection took it. Before any other body it empties that buffer, so its report is true.
type outgoing struct {
	dispatch *dispatch
	offset   int // guarded by dispatch.mu
}

func (o *outgoing) Read(p []byte) (int, error) {
	d := o.dispatch
	d.mu.Lock()
	defer d.mu.Unlock()
	if o.offset == len(d.body) {
		return 0, io.EOF
	}
	if d.over || o != d.current {
		return 0, errGivenUp
	}
	n := copy(p, d.body[o.offset:])
	o.offset += n
	return n, nil
}

func (o *outgoing) Close() error { return nil }
