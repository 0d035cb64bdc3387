package web

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"capibara/audit"
)

const (
	// csvPage is how many entries of a CSV are in memory at a time.
	csvPage = 1000
	// pageTime is how long one page of a CSV, or another part of a long answer, may take.
	pageTime = 5 * time.Minute
	// maxHeavy is how many may ask at a time for what reads much: reports, whole lists, people. More wait.
	maxHeavy = 4
)

// lists serves whole lists as CSV, and the report as a page to print.
func (s *Site) lists(mux *http.ServeMux) {
	serveCSV(s, mux, "events", audit.EventColumns(), s.ledger.Events)
	serveCSV(s, mux, "batches", audit.BatchColumns(), s.ledger.Batches)
	serveCSV(s, mux, "files", audit.FileColumns(), s.ledger.Files)
	mux.HandleFunc("GET /report", s.long(s.report))
}

// long is for what may take long: there is more time for the answer, and only so many are made at a time.
func (s *Site) long(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.extend(w)
		select {
		case s.heavy <- struct{}{}:
			defer func() { <-s.heavy }()
			next(w, r)
		case <-r.Context().Done():
		}
	}
}

// extend gives an answer more time. What is not served over a connection of its own has no limit.
func (s *Site) extend(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(pageTime))
}

// serveCSV serves a list under its name: by GET for filters that may stand in an address, by POST with a form for those that name a
// person too.
func serveCSV[T any](s *Site, mux *http.ServeMux, name string, columns []audit.Column[T], ask func(context.Context, audit.Query) (audit.List[T], error)) {
	write := func(w http.ResponseWriter, r *http.Request, v url.Values) {
		q, err := audit.ParseQuery(v)
		if err != nil {
			err = &askedError{err.Error(), "docs/api.md lists the filters"}
		}
		everything := q.Limit == 0
		if everything {
			q.Limit = csvPage
		}
		var page audit.List[T]
		if err == nil {
			page, err = ask(r.Context(), q)
		}
		if err != nil {
			status, f := s.explain(r, err)
			s.fail(w, r, status, f.Error, f.Hint)
			return
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="`+name+`.csv"`)
		if r.Method == http.MethodHead {
			return
		}
		out := audit.NewCSV(w, columns)
		for err == nil {
			if err = out.Write(page.Items); err != nil {
				break
			}
			if !everything || page.Next == nil {
				return
			}
			s.extend(w)
			q.Cursor = *page.Next
			page, err = ask(r.Context(), q)
		}
		if r.Context().Err() == nil {
			s.log.Error().Err(err).Msg("a list of the page could not be read to its end")
		}
		panic(http.ErrAbortHandler) // half a list must not look like a whole one
	}
	mux.HandleFunc("GET /"+name+".csv", s.long(func(w http.ResponseWriter, r *http.Request) { write(w, r, r.URL.Query()) }))
	mux.HandleFunc("POST /"+name+".csv", s.long(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			s.fail(w, r, http.StatusBadRequest, "The form cannot be read.", "")
			return
		}
		write(w, r, r.PostForm)
	}))
}

// report serves a report as the page that the command line writes, to print or to keep. Its style stands in it; the policy names it
// by its hash.
func (s *Site) report(w http.ResponseWriter, r *http.Request) {
	q, err := reportQuery(r.URL.Query())
	var p audit.Report
	if err == nil {
		p, err = s.ledger.Report(r.Context(), q)
	}
	if err != nil {
		status, f := s.explain(r, err)
		s.fail(w, r, status, f.Error, f.Hint)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src '"+audit.ReportStyle()+"'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := p.WritePage(w); err != nil {
		panic(http.ErrAbortHandler)
	}
}
