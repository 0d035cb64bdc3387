package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"capibara/audit"
	"capibara/store"
)

// api answers the questions of the pages as JSON, in the shapes that the command line prints.
func (s *Site) api(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/v1/status", s.answer(func(r *http.Request) (any, error) { return s.ledger.Status(r.Context()) }))
	mux.HandleFunc("GET /api/v1/overview", s.answer(func(r *http.Request) (any, error) { return s.ledger.Overview(r.Context()) }))
	mux.HandleFunc("GET /api/v1/rules", s.answer(func(r *http.Request) (any, error) { return s.ledger.Rules(r.Context()) }))
	mux.HandleFunc("GET /api/v1/events", s.looking(s.answer(listed(s.ledger.Events))))
	mux.HandleFunc("GET /api/v1/batches", s.looking(s.answer(listed(s.ledger.Batches))))
	mux.HandleFunc("GET /api/v1/files", s.answer(listed(s.ledger.Files)))
	mux.HandleFunc("GET /api/v1/events/{id}", s.answer(func(r *http.Request) (any, error) {
		return s.ledger.ShowEvent(r.Context(), r.PathValue("id"))
	}))
	mux.HandleFunc("GET /api/v1/batches/{n}", s.answer(numbered(s.ledger.ShowBatch)))
	mux.HandleFunc("GET /api/v1/files/{n}", s.answer(numbered(s.ledger.ShowFile)))
	mux.HandleFunc("GET /api/v1/report", s.written(s.answer(func(r *http.Request) (any, error) {
		q, err := reportQuery(r.URL.Query())
		if err != nil {
			return nil, err
		}
		return s.ledger.Report(r.Context(), q)
	})))
	mux.HandleFunc("POST /api/v1/search", s.long(s.answer(s.apiSearch)))
	mux.HandleFunc("POST /api/v1/upload", s.operators(s.answer(s.apiUpload)))
	mux.HandleFunc("POST /api/v1/allow", s.operators(s.answer(s.apiAllow)))
	mux.HandleFunc("GET /api/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, http.StatusNotFound, "There is no such question.", "docs/api.md lists them")
	})
}

// failure is the answer when there is no other.
type failure struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
}

// searched is the body of a search: the filters of a list of events, those by which a person is looked for among them, or find alone.
type searched struct {
	audit.Query
	// Find is what somebody typed into the one box of the search page.
	Find string `json:"find,omitempty"`
}

func (s *Site) apiSearch(r *http.Request) (any, error) {
	var q searched
	if err := read(r, &q); err != nil {
		return nil, err
	}
	if q.Find == "" {
		return s.ledger.Events(r.Context(), q.Query)
	}
	if q.Query != (audit.Query{}) {
		return nil, &askedError{"find stands alone: it looks everywhere", "leave the filters out, or find"}
	}
	return s.ledger.Find(r.Context(), q.Find)
}

func (s *Site) apiUpload(r *http.Request) (any, error) {
	if err := s.ledger.Upload(r.Context(), visitor(r).Name); err != nil {
		return nil, err
	}
	return struct {
		Asked bool `json:"asked"`
	}{true}, nil
}

// allowed names what is halted, as the halts of a status do.
type allowed struct {
	Kind   string `json:"kind"`
	Source string `json:"source"`
	File   uint64 `json:"file"`
}

// key is the name of what is halted.
func (a allowed) key() (store.HaltKey, error) {
	switch {
	case a.Kind == "source" && a.Source != "":
		return store.HaltKey{Kind: store.HaltSource, Source: a.Source}, nil
	case a.Kind == "file" && a.File != 0:
		return store.HaltKey{Kind: store.HaltFile, File: a.File}, nil
	case a.Kind == "events" && a.File != 0:
		return store.HaltKey{Kind: store.HaltEvents, File: a.File}, nil
	}
	return store.HaltKey{}, &askedError{"this names nothing that is halted", "send kind, source and file as they stand among the halts of the status"}
}

func (s *Site) apiAllow(r *http.Request) (any, error) {
	var a allowed
	if err := read(r, &a); err != nil {
		return nil, err
	}
	k, err := a.key()
	if err != nil {
		return nil, err
	}
	n, err := s.ledger.Allow(r.Context(), k, visitor(r).Name)
	return struct {
		Events uint64 `json:"events"`
	}{n}, err
}

// operators lets operators alone through.
func (s *Site) operators(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if visitor(r).Role != Operator {
			s.refuse(w, r, http.StatusForbidden, "role", "Only an operator may do that.",
				"sign in with a token of the role operator, which `capibara token page add NAME --role operator` makes")
			return
		}
		next(w, r)
	}
}

// answer makes a handler of a question that is answered in JSON.
func (s *Site) answer(ask func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, err := ask(r)
		if err != nil {
			status, f := s.explain(r, err)
			writeJSON(w, status, f)
			return
		}
		writeJSON(w, http.StatusOK, v)
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A caller that went away does not need the answer any more.
	_ = json.NewEncoder(w).Encode(v)
}

// askedError says that a question cannot be read.
type askedError struct{ sentence, hint string }

// Error is the sentence.
func (e *askedError) Error() string { return e.sentence }

// Hint is the way out.
func (e *askedError) Hint() string { return e.hint }

// explain is what somebody is told about an error. What is wrong in here is logged, and told nobody who may be far away.
func (s *Site) explain(r *http.Request, err error) (int, failure) {
	var (
		asked  *askedError
		usage  *audit.UsageError
		hinted interface{ Hint() string }
		large  *http.MaxBytesError
	)
	f := failure{Error: err.Error()}
	if errors.As(err, &hinted) {
		f.Hint = hinted.Hint()
	}
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge, failure{Error: "this is too much to ask at once"}
	case errors.As(err, &usage):
		return http.StatusBadRequest, failure{Error: usage.Filter + ": " + usage.Reason, Hint: "docs/api.md says how filters are written"}
	case errors.As(err, &asked):
		return http.StatusBadRequest, f
	case errors.Is(err, store.ErrNotFound):
		return http.StatusNotFound, failure{Error: err.Error()}
	case errors.Is(err, store.ErrStale), errors.Is(err, ErrBusy):
		return http.StatusConflict, f
	case r.Context().Err() != nil:
		return http.StatusServiceUnavailable, failure{Error: "this was not answered in time", Hint: "ask for a shorter period, or narrow it with filters"}
	case f.Hint != "":
		return http.StatusInternalServerError, f // whoever wrote a way out wrote it for people
	}
	s.log.Error().Err(err).Msg("a question of the page could not be answered")
	return http.StatusInternalServerError, failure{Error: "this could not be answered", Hint: "the log of `capibara run` says why"}
}

// ErrBusy is why an upload does not begin.
var ErrBusy = errors.New("an upload is under way already; what comes of it stands in the status")

// read reads a body of JSON. The error repeats nothing of it: it may hold an e-mail address.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) { // nothing follows
			return nil
		}
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return err
	}
	return &askedError{"the body cannot be read", "send one object of JSON with the fields that docs/api.md names"}
}

// listed answers with a page of a list.
func listed[T any](ask func(context.Context, audit.Query) (audit.List[T], error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		q, err := query(r.URL.Query())
		if err != nil {
			return nil, err
		}
		return ask(r.Context(), q)
	}
}

// query reads the filters of an address.
func query(v url.Values) (audit.Query, error) {
	q, err := audit.ParseQuery(v)
	if err != nil {
		return q, &askedError{err.Error(), "docs/api.md lists the filters"}
	}
	if q.Personal() {
		return q, &askedError{"an address must not name a person", "ask by POST, with the question in the body"}
	}
	return q, nil
}

func reportQuery(v url.Values) (audit.ReportQuery, error) {
	q, err := audit.ParseReportQuery(v)
	if err != nil {
		return q, &askedError{err.Error(), "docs/api.md lists the filters"}
	}
	return q, nil
}

// numbered answers about what has a number.
func numbered[T any](ask func(context.Context, uint64) (T, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		n, err := strconv.ParseUint(r.PathValue("n"), 10, 64)
		if err != nil {
			return nil, &askedError{"this is no number", "files and batches are named by their numbers"}
		}
		return ask(r.Context(), n)
	}
}
