package main

import (
	"cmp"
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
	"capibara/uploader"

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

// callerKey finds the name of who calls on a connection in its requests' context.
type callerKey struct{}

// caller is who calls, as the system knows it; where it does not, who the caller says it is.
func caller(ctx context.Context, says string) string {
	name, _ := ctx.Value(callerKey{}).(string)
	return cmp.Or(name, says)
}

// maxAsked bounds the JSON that a request carries, in bytes.
const maxAsked = 64 << 10

// asked makes a handler of a question that comes as JSON.
func asked[Q, T any](ask func(context.Context, Q) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(func(r *http.Request) (any, error) {
			q, err := question[Q](w, r)
			if err != nil {
				return nil, err
			}
			return ask(r.Context(), q)
		})(w, r)
	}
}

// askedLong makes a handler of a question that comes as JSON and takes long to answer. Who asked and went away wants no
// answer any more.
func askedLong[Q, T any](ask func(context.Context, Q, func(progress)) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q, err := question[Q](w, r)
		if err != nil {
			writeFailure(w, statusOf(err), err)
			return
		}
		answerLong(w, r, patience, func(tell func(progress)) (any, error) { return ask(r.Context(), q, tell) })
	}
}

// question reads a question that comes as JSON. The error repeats nothing of it: it may hold an e-mail address.
func question[Q any](w http.ResponseWriter, r *http.Request) (q Q, err error) {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAsked))
	d.DisallowUnknownFields()
	if err := d.Decode(&q); err != nil {
		return q, failed("restart `capibara run` so that both are the same version", "the question cannot be read")
	}
	return q, nil
}

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
			return context.WithValue(context.WithValue(ctx, rightsKey{}, r), callerKey{}, callerOf(conn))
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
	mux.HandleFunc("GET /v1/evidence/{id}", may(reads, answer(func(r *http.Request) (any, error) {
		return s.house.Evidence(r.Context(), r.PathValue("id"))
	})))
	mux.HandleFunc("GET /v1/batches/{n}", may(reads, numbered(s.house.ShowBatch)))
	mux.HandleFunc("GET /v1/files/{n}", may(reads, numbered(s.house.ShowFile)))
	mux.HandleFunc("GET /v1/check", may(reads, answer(func(r *http.Request) (any, error) { return s.house.CheckDatabase(r.Context()) })))
	mux.HandleFunc("GET /v1/verify", may(reads, answer(func(r *http.Request) (any, error) {
		return s.house.Verify(r.Context(), r.URL.Query().Get("head"))
	})))
	mux.HandleFunc("GET /v1/upload", may(reads, answer(func(r *http.Request) (any, error) { return s.house.DryRun(r.Context()) })))
	mux.HandleFunc("POST /v1/search", may(reads, askedLong(s.house.Search)))
	mux.HandleFunc("POST /v1/report", may(reads, askedLong(s.house.Report)))
	mux.HandleFunc("POST /v1/import", may(acts, s.doImport))
	mux.HandleFunc("POST /v1/upload", may(acts, s.doUpload))
	mux.HandleFunc("POST /v1/test", may(acts, s.doTest))
	mux.HandleFunc("POST /v1/trial", may(acts, s.doTry))
	mux.HandleFunc("POST /v1/go-live", may(acts, answer(s.goLive)))
	mux.HandleFunc("POST /v1/look", may(reads, asked(s.house.Look)))
	mux.HandleFunc("POST /v1/decide", may(acts, asked(func(ctx context.Context, v verdict) (verdictReport, error) {
		v.By = caller(ctx, v.By)
		return s.house.Decide(s.alive, v)
	})))
	mux.HandleFunc("POST /v1/resolve", may(acts, asked(func(ctx context.Context, w resolution) (audit.Batch, error) {
		w.By = caller(ctx, w.By)
		return s.house.Resolve(s.alive, w)
	})))
	mux.HandleFunc("POST /v1/token-set", may(acts, answer(func(r *http.Request) (any, error) {
		q := r.URL.Query()
		return struct{}{}, s.house.TokenSet(r.Context(), q.Get("dataset"), caller(r.Context(), q.Get("by")))
	})))
	mux.HandleFunc("POST /v1/subject", may(reads, askedLong(s.house.Subject)))
	mux.HandleFunc("POST /v1/erase", may(acts, s.doErase))
	mux.HandleFunc("POST /v1/backup", may(acts, s.doBackup))
	mux.HandleFunc("POST /v1/compact", may(acts, s.doCompact))
	mux.HandleFunc("POST /v1/allow", may(acts, answer(s.allow)))
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
		if q.Personal() {
			return nil, misused("ask /v1/search, with the question in the body", "an address must not name a person")
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
	answerLong(w, r, patience, func(tell func(progress)) (any, error) {
		s.imports.Lock()
		defer s.imports.Unlock()
		return s.house.Import(ctx, o, tell)
	})
}

func (s *server) doUpload(w http.ResponseWriter, r *http.Request) {
	answerLong(w, r, patience, func(tell func(progress)) (any, error) { return s.house.Upload(s.alive, tell) })
}

func (s *server) doTry(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	answerLong(w, r, patience, func(tell func(progress)) (any, error) {
		return s.house.Try(s.alive, q.Get("dataset"), caller(r.Context(), q.Get("by")), tell)
	})
}

// doTest sends the made-up events that the body names.
func (s *server) doTest(w http.ResponseWriter, r *http.Request) {
	var o uploader.TestOrder
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&o); err != nil {
		writeFailure(w, http.StatusBadRequest, misused("", "this is no order for a test"))
		return
	}
	o.By = caller(r.Context(), o.By)
	answerLong(w, r, patience, func(func(progress)) (any, error) { return s.house.Test(s.alive, o) })
}

func (s *server) goLive(r *http.Request) (any, error) {
	return struct{}{}, s.house.GoLive(r.Context(), r.URL.Query().Get("dataset"), caller(r.Context(), r.URL.Query().Get("by")))
}

// maxErasure bounds the JSON that names whom to erase, in bytes.
const maxErasure = 4 << 20

// doErase looks, or erases. Once begun it goes on when the one who asked goes away.
func (s *server) doErase(w http.ResponseWriter, r *http.Request) {
	var o erasure
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxErasure))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		writeFailure(w, http.StatusBadRequest, misused("restart `capibara run` so that both are the same version", "this is no order to erase"))
		return
	}
	o.By = caller(r.Context(), o.By)
	ctx := r.Context()
	if !o.Look {
		ctx = context.WithValue(s.alive, callerKey{}, ctx.Value(callerKey{}))
	}
	answerLong(w, r, patience, func(tell func(progress)) (any, error) { return s.house.Erase(ctx, o, tell) })
}
