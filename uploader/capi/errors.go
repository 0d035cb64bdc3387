package capi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

// Class says what kind of refusal or failure an error is. The zero value is ClassUnknown.
type Class uint8

// The classes of errors.
const (
	ClassUnknown        Class = iota // not listed: nothing is known about it
	ClassThrottle                    // too much for now: wait
	ClassTransient                   // the network, or Meta for a moment
	ClassCredentials                 // the access token does not work
	ClassPermission                  // the token works, but not for this
	ClassConfiguration               // the dataset id, the version or the address is wrong
	ClassPolicy                      // Meta blocked the account or the app
	ClassInvalidEvent                // at least one event is wrong
	ClassInvalidRequest              // the request as a whole is too large
)

var classNames = [...]string{"unknown", "throttle", "transient", "credentials", "permission", "configuration", "policy",
	"invalid_event", "invalid_request"}

// String returns the stable snake_case name of the class.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return fmt.Sprintf("class(%d)", uint8(c))
}

// Phase says how far an attempt had come when it ended.
type Phase string

// The phases of an attempt, in their order.
const (
	PhaseCheck   Phase = "check"   // refused here, before anything was sent
	PhaseResolve Phase = "resolve" // looking up the host's address
	PhaseConnect Phase = "connect"
	PhaseTLS     Phase = "tls"
	PhaseWrite   Phase = "write"  // the request had not been written whole
	PhaseWait    Phase = "wait"   // it was written, and no answer had begun
	PhaseRead    Phase = "read"   // the answer had begun
	PhaseAnswer  Phase = "answer" // the answer was read whole
)

func (p Phase) doing() string {
	switch p {
	case PhaseCheck:
		return "checking the request to Meta"
	case PhaseResolve:
		return "looking up Meta's address"
	case PhaseConnect:
		return "connecting to Meta"
	case PhaseTLS:
		return "the TLS handshake with Meta"
	case PhaseWrite:
		return "sending the request to Meta"
	case PhaseWait:
		return "waiting for Meta's answer"
	case PhaseRead:
		return "reading Meta's answer"
	}
	return "Meta's answer"
}

// Error is why an attempt was not acknowledged. Its texts are bounded and hold neither the token, nor a URL's query,
// nor an e-mail address, nor a hash.
type Error struct {
	Class      Class
	HTTPStatus int           // 0 without an answer
	Code       int           // Graph's error.code, 0 without one
	Subcode    int           // Graph's error.error_subcode, 0 without one
	Transient  bool          // Graph's error.is_transient
	Type       string        // Graph's error.type, such as OAuthException
	Title      string        // Graph's error_user_title, in the language of the token's owner
	Message    string        // Graph's message and error_user_msg; or what was wrong with an answer that had neither
	FBTraceID  string        // what Meta's support asks for
	RetryAfter time.Duration // how long Meta asks to wait, 0 when it did not say, at most MaxRetryAfter
	Phase      Phase
	Err        error // the transport's error, nil with a whole answer; errors.Is finds the usual causes
}

// Error returns one line: what was being done, the codes, and Meta's own words.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Phase.doing())
	var marks []string
	if e.HTTPStatus != 0 {
		marks = append(marks, fmt.Sprintf("HTTP %d", e.HTTPStatus))
	}
	if e.Code != 0 {
		marks = append(marks, fmt.Sprintf("code %d", e.Code))
	}
	if e.Subcode != 0 {
		marks = append(marks, fmt.Sprintf("subcode %d", e.Subcode))
	}
	if e.FBTraceID != "" {
		marks = append(marks, "fbtrace_id "+e.FBTraceID)
	}
	if len(marks) > 0 {
		b.WriteString(" (" + strings.Join(marks, ", ") + ")")
	}
	for _, part := range []string{e.Title, e.Message} {
		if part != "" {
			b.WriteString(": " + part)
		}
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

// Unwrap returns the transport's error.
func (e *Error) Unwrap() error { return e.Err }

// cause stands for an error of the transport. It keeps the scrubbed text and the well-known causes, never the error
// itself: a server that sends the token back in a malformed header would put it into that error's text.
type cause struct {
	text string
	is   []error
}

func (c *cause) Error() string   { return c.text }
func (c *cause) Unwrap() []error { return c.is }

func newCause(err error, said *quoted) error {
	c := &cause{text: said.clean(err.Error())}
	for _, known := range []error{
		context.Canceled, context.DeadlineExceeded, os.ErrDeadlineExceeded, io.EOF, io.ErrUnexpectedEOF,
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, syscall.EHOSTUNREACH, syscall.ENETUNREACH,
	} {
		if errors.Is(err, known) {
			c.is = append(c.is, known)
		}
	}
	return c
}
