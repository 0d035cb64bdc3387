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
	// maxHeavy is how many may ask at a time for what reads much: people, and lists that only a look at every event answers. As many
	// may ask for what is written for long, such as reports and whole lists: whoever reads those slowly holds up no search. More wait: what
	// is left of the processors belongs to imports, uploads and those who turn pages.
	maxHeavy = 2
)

// lists serves whole lists as CSV, and the report as a page to print.
func (s *Site) lists(mux *http.ServeMux) {
	serveCSV(s, mux, "events", audit.EventColumns(), s.ledger.Events)
	serveCSV(s, mux, "batches", audit.BatchColumns(), s.ledger.Batches)
	serveCSV(s, mux, "files", audit.FileColumns(), s.ledger.Files)
	mux.HandleFunc("GET /report", s.written(s.report))
}

// long is for what may look for long, and written for what may be read for long.
func (s *Site) long(next http.HandlerFunc) http.HandlerFunc    { return s.among(s.heavy, next) }
func (s *Site) written(next http.HandlerFunc) http.HandlerFunc { return s.among(s.whole, next) }

// among is for what may take long: only so many are made at a time as room has place for, and there is more time for each.
func (s *Site) among(room chan struct{}, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
			s.extend(w)
			next(w, r)
		case <-r.Context().Done():
		}
	}
}

// looking is for a page of a list. Its filters say whether it may take long: however often such a page is loaded again, only so many
// look through the ledger at a time.
func (s *Site) looking(next http.HandlerFunc) http.HandlerFunc {
	long := s.long(next)
	return func(w http.ResponseWriter, r *http.Request) {
		if scans(r.URL.Query()) {
			long(w, r)
			return
		}
		next(w, r)
	}
}

// scans reports whether a list has a filter for which there is neither an index nor a summary.
func scans(v url.Values) bool {
	for name, values := range v {
		switch name {
		case "state", "since", "until", "event_id", "batch", "file", "source", "cursor", "limit":
			continue
		}
		if len(values) > 0 && values[0] != "" {
			return true
		}
	}
	return false
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
	mux.HandleFunc("GET /"+name+".csv", s.written(func(w http.ResponseWriter, r *http.Request) { write(w, r, r.URL.Query()) }))
	mux.HandleFunc("POST /"+name+".csv", s.written(func(w http.ResponseWriter, r *http.Request) {
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
