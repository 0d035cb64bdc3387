// Package web is the page that `capibara run` serves: what was sent, when, from which file and line, and what Meta said, for
// people who never open a terminal, and the same as JSON under /api/v1. It reads; what changes something is asked for by POST,
// by an operator, and is done by the ledger that it is given. No request leaves the machine, and nothing personal stands in an
// address.
package web

import (
	"context"
	"net/http"
	"time"

	"capibara/audit"
	"capibara/store"

	"github.com/rs/zerolog"
)

// Ledger is what the pages ask, and what operators have done.
type Ledger interface {
	Status(ctx context.Context) (audit.Status, error)
	Overview(ctx context.Context) (audit.Overview, error)
	Events(ctx context.Context, q audit.Query) (audit.List[audit.Event], error)
	Batches(ctx context.Context, q audit.Query) (audit.List[audit.Batch], error)
	Files(ctx context.Context, q audit.Query) (audit.List[audit.File], error)
	ShowEvent(ctx context.Context, id string) ([]audit.EventStory, error)
	ShowBatch(ctx context.Context, n uint64) (audit.BatchStory, error)
	ShowFile(ctx context.Context, n uint64) (audit.FileStory, error)
	// Receipt is the page that was written about file n for whoever dropped it, and store.ErrNotFound when there is none any more.
	Receipt(ctx context.Context, n uint64) ([]byte, error)
	Report(ctx context.Context, q audit.ReportQuery) (audit.Report, error)
	// Find looks for what somebody typed into the one box of the search page.
	Find(ctx context.Context, typed string) (audit.Found, error)
	// Rules are the sources and their mappings in force.
	Rules(ctx context.Context) (audit.Rules, error)
	// Upload has the schedule upload now, on behalf of by.
	Upload(ctx context.Context, by string) error
	// Allow lets go what is halted, on behalf of by, and says how many events that lets go.
	Allow(ctx context.Context, k store.HaltKey, by string) (uint64, error)
}

// Role is what a visitor may do.
type Role string

// The roles.
const (
	Reader   Role = "reader"   // look
	Operator Role = "operator" // look, upload now, and allow what is halted
)

// Visitor is who asks.
type Visitor struct {
	Name string // of the token; OnThisComputer without one
	Role Role
}

// OnThisComputer is the name of a visitor who needs no token.
const OnThisComputer = "the page on this computer"

// Config is what a Site works with.
type Config struct {
	Ledger Ledger
	Log    zerolog.Logger
	// Zone is the zone in which times are written; nil means UTC.
	Zone *time.Location
	// Hosts are the exact values of the Host header that are answered, each with its port where it is not the usual one.
	Hosts []string
	// Tokens returns those by which visitors name themselves, as they are at that moment; nil means that there are none. Its error
	// lets nobody in.
	Tokens func() ([]Token, error)
	// SignIn says that everybody needs a token, and that nobody is let in while there is none. Otherwise everybody is a reader
	// while there is none, which only a loopback address may have.
	SignIn bool
	// Secure says that people come by https, through a proxy in front of it.
	Secure bool
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Token is a named token of a visitor, of which only the hash is kept.
type Token struct {
	Name   string
	Role   Role
	SHA256 [32]byte
}

// Site serves the pages. It may be used from several goroutines.
type Site struct {
	ledger   Ledger
	log      zerolog.Logger
	zone     *time.Location
	now      func() time.Time
	config   Config
	sessions sessions
	refused  refusals
	heavy    chan struct{} // has room for those who have much looked through
	whole    chan struct{} // has room for those who read what is written for long
}

// New returns a Site.
func New(c Config) *Site {
	s := &Site{ledger: c.Ledger, log: c.Log, zone: c.Zone, now: c.Now, config: c, heavy: make(chan struct{}, maxHeavy),
		whole: make(chan struct{}, maxHeavy)}
	if s.zone == nil {
		s.zone = time.UTC
	}
	if s.now == nil {
		s.now = time.Now
	}
	return s
}

// Handler answers every request of a browser.
func (s *Site) Handler() http.Handler {
	mux := http.NewServeMux()
	s.pages(mux)
	s.api(mux)
	s.lists(mux)
	s.signing(mux)
	return s.protect(mux)
}

// API answers requests under /api/v1 alone, of visitors whom the caller knows: their context is As.
func (s *Site) API() http.Handler {
	mux := http.NewServeMux()
	s.api(mux)
	return http.MaxBytesHandler(mux, maxBody)
}

// visitorKey finds the Visitor in the context of a request.
type visitorKey struct{}

// As is a context in which v asks.
func As(ctx context.Context, v Visitor) context.Context {
	return context.WithValue(ctx, visitorKey{}, v)
}

// Asking is who asks in a context; ok is false when nobody was named.
func Asking(ctx context.Context) (v Visitor, ok bool) {
	v, ok = ctx.Value(visitorKey{}).(Visitor)
	return v, ok
}

// visitor is who asks; protect found out.
func visitor(r *http.Request) Visitor {
	v, _ := Asking(r.Context())
	return v
}
