package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"capibara/audit"

	"github.com/rs/zerolog"
)

// server answers the other commands of this home over a unix socket: the database is locked for one process, and this
// one has it.
type server struct {
	house *local
	self  process
	log   zerolog.Logger
	// alive is the life of this process: work that was asked for goes on when the one who asked goes away.
	alive context.Context
	// waiting tells which files the inbox does not take, each in a sentence.
	waiting func() []string
	// imports keeps one import at a time; the inbox is not held up by it.
	imports sync.Mutex
}

// rightsKey finds the rights of a connection in its requests' context.
type rightsKey struct{}

// serve answers until ctx is done, then lets requests under way finish for a while.
func (s *server) serve(ctx context.Context, l net.Listener) error {
	web := &http.Server{
		Handler:           s.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			r, err := rightsOf(conn)
			if err != nil {
				s.log.Warn().Err(err).Msg("cannot tell who is calling on the socket; the caller is refused")
			}
			return context.WithValue(ctx, rightsKey{}, r)
		},
	}
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	err := web.Shutdown(grace)
	if serr := <-ended; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	return err
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/process", may(reads, answer(func(*http.Request) (any, error) { return s.self, nil })))
	mux.HandleFunc("GET /v1/status", may(reads, answer(s.status)))
	mux.HandleFunc("GET /v1/events", may(reads, list(s.house.Events)))
	mux.HandleFunc("GET /v1/batches", may(reads, list(s.house.Batches)))
	mux.HandleFunc("GET /v1/files", may(reads, list(s.house.Files)))
	mux.HandleFunc("GET /v1/events/{id}", may(reads, answer(func(r *http.Request) (any, error) {
		return s.house.ShowEvent(r.Context(), r.PathValue("id"))
	})))
	mux.HandleFunc("GET /v1/batches/{n}", may(reads, numbered(s.house.ShowBatch)))
	mux.HandleFunc("GET /v1/files/{n}", may(reads, numbered(s.house.ShowFile)))
	mux.HandleFunc("GET /v1/check", may(reads, answer(func(r *http.Request) (any, error) { return s.house.CheckDatabase(r.Context()) })))
	mux.HandleFunc("GET /v1/upload", may(reads, answer(func(r *http.Request) (any, error) { return s.house.DryRun(r.Context()) })))
	mux.HandleFunc("POST /v1/import", may(acts, s.doImport))
	mux.HandleFunc("POST /v1/upload", may(acts, s.doUpload))
	mux.HandleFunc("POST /v1/go-live", may(acts, answer(s.goLive)))
	return mux
}

// status tells how things stand, the inbox included.
func (s *server) status(r *http.Request) (any, error) {
	st, err := s.house.Status(r.Context())
	if err != nil {
		return nil, err
	}
	addWaiting(&st, s.waiting())
	return st, nil
}

// may lets a request through when its caller has the rights.
func may(needed rights, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		has, _ := r.Context().Value(rightsKey{}).(rights)
		if has < needed {
			writeFailure(w, http.StatusForbidden, failed("run the command as the user who runs capibara",
				"this user may not do that to the running capibara"))
			return
		}
		next(w, r)
	}
}

// answer makes a handler of a question that is answered at once.
func answer(ask func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := ask(r)
		if err != nil {
			writeFailure(w, statusOf(err), err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		// A caller that went away does not need the answer any more.
		_ = json.NewEncoder(w).Encode(v)
	}
}

func list[T any](ask func(context.Context, audit.Query) (audit.List[T], error)) http.HandlerFunc {
	return answer(func(r *http.Request) (any, error) {
		q, err := audit.ParseQuery(r.URL.Query())
		if err != nil {
			return nil, misused("", "%w", err)
		}
		return ask(r.Context(), q)
	})
}

func numbered[T any](ask func(context.Context, uint64) (T, error)) http.HandlerFunc {
	return answer(func(r *http.Request) (any, error) {
		n, err := strconv.ParseUint(r.PathValue("n"), 10, 64)
		if err != nil {
			return nil, misused("", "%q is no number", r.PathValue("n"))
		}
		return ask(r.Context(), n)
	})
}

func writeFailure(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(toWire(err))
}

// doImport imports the file that the query names, or the body when it names none.
func (s *server) doImport(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	o := order{Path: q.Get("path"), Name: q.Get("name"), Source: q.Get("source")}
	// A file is imported to its end whoever went away; half of standard input is not a file.
	ctx := s.alive
	if o.Path == "" {
		o.Content, ctx = r.Body, r.Context()
	}
	s.long(w, r, func(tell func(progress)) (any, error) {
		s.imports.Lock()
		defer s.imports.Unlock()
		return s.house.Import(ctx, o, tell)
	})
}

func (s *server) doUpload(w http.ResponseWriter, r *http.Request) {
	s.long(w, r, func(tell func(progress)) (any, error) { return s.house.Upload(s.alive, tell) })
}

func (s *server) goLive(r *http.Request) (any, error) {
	return struct{}{}, s.house.GoLive(r.Context(), r.URL.Query().Get("dataset"), r.URL.Query().Get("by"))
}

// long answers a request that takes long with lines that tell how far it is.
func (s *server) long(w http.ResponseWriter, r *http.Request, work func(tell func(progress)) (any, error)) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	control := http.NewResponseController(w)
	// Reading standard input and telling progress go on at the same time.
	_ = control.EnableFullDuplex()
	var mu sync.Mutex
	over := false // nothing may be written once the handler has returned
	send := func(m message) {
		mu.Lock()
		defer mu.Unlock()
		if over {
			return
		}
		over = m.Progress == nil
		if json.NewEncoder(w).Encode(m) == nil {
			_ = control.Flush()
		}
	}
	v, err := work(func(p progress) { send(message{Progress: &p}) })
	end := message{}
	text, merr := json.Marshal(v)
	if err = errors.Join(err, merr); err != nil {
		end.Failure = toWire(err)
	}
	end.Result = text
	send(end)
	// Who is told why before the content was read is still writing it, and net/http would cut the connection off before the
	// answer is read. This ends when the caller has read it and goes.
	_, _ = io.Copy(io.Discard, r.Body)
}
