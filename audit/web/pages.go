package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"capibara/audit"
	"capibara/store"
)

// pageLimit is how many entries of a list a page shows.
const pageLimit = 100

// pageTemplates are the pages by their file name, each with the frame around it.
var pageTemplates = parsePages()

func parsePages() map[string]*template.Template {
	frame := template.Must(template.New("").Funcs(pageFuncs()).ParseFS(pageFiles, "pages/base/*.html"))
	names, err := fs.Glob(pageFiles, "pages/*.html")
	if err != nil {
		panic(err) // the pattern is wrong
	}
	all := map[string]*template.Template{}
	for _, name := range names {
		all[path.Base(name)] = template.Must(template.Must(frame.Clone()).ParseFS(pageFiles, name))
	}
	return all
}

// pages answers with what people read.
func (s *Site) pages(mux *http.ServeMux) {
	mux.HandleFunc("GET /static/{name}", s.staticFile)
	mux.HandleFunc("GET /{$}", s.overviewPage)
	mux.HandleFunc("GET /files", s.filesPage)
	mux.HandleFunc("GET /files/{n}", s.filePage)
	mux.HandleFunc("GET /files/{n}/receipt", s.receipt)
	mux.HandleFunc("GET /events", s.looking(s.eventsPage))
	mux.HandleFunc("POST /events", s.long(s.personPage))
	mux.HandleFunc("GET /events/{id...}", s.eventPage)
	mux.HandleFunc("GET /batches", s.looking(s.batchesPage))
	mux.HandleFunc("GET /batches/{n}", s.batchPage)
	mux.HandleFunc("GET /search", s.searchPage)
	mux.HandleFunc("POST /search", s.long(s.foundPage))
	mux.HandleFunc("GET /rules", s.rulesPage)
	mux.HandleFunc("GET /reports", s.reportsPage)
	mux.HandleFunc("GET /upload", s.askUploadPage)
	mux.HandleFunc("POST /upload", s.uploadPage)
	mux.HandleFunc("GET /allow", s.askAllowPage)
	mux.HandleFunc("POST /allow", s.allowPage)
	mux.HandleFunc("GET /", s.nowherePage)
}

// view is what the frame around every page shows, and what the page itself is made of.
type view struct {
	Title   string
	Nav     string // the path of the entry that is current; "" for none
	Content any

	Visitor Visitor
	Zone    string
}

// CanAct reports whether the visitor may have something done.
func (v view) CanAct() bool { return v.Visitor.Role == Operator }

// SignedIn reports whether the visitor has a name of its own, and can sign out.
func (v view) SignedIn() bool { return v.Visitor.Role != "" && v.Visitor.Name != OnThisComputer }

// show answers with a page.
func (s *Site) show(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	v.Visitor, v.Zone = visitor(r), s.zone.String()
	var out bytes.Buffer
	if err := pageTemplates[name].ExecuteTemplate(&out, "frame", v); err != nil {
		s.log.Error().Err(err).Str("page", name).Msg("a page could not be made")
		http.Error(w, "This page could not be made. The log of Capibara says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // the visitor has gone
}

// trouble is a page about something that did not work.
type trouble struct {
	Status   int
	Headline string
	Sentence string
	Fix      string // a sentence; "" for none
}

// trouble answers with a page that says what did not work, and what to do.
func (s *Site) trouble(w http.ResponseWriter, r *http.Request, t trouble) {
	if t.Headline == "" {
		t.Headline = map[int]string{http.StatusBadRequest: "That cannot be read.", http.StatusForbidden: "That is not allowed.",
			http.StatusNotFound: "There is nothing here.", http.StatusConflict: "Not now.", http.StatusInternalServerError: "Something went wrong."}[t.Status]
	}
	if t.Headline == "" {
		t.Headline = http.StatusText(t.Status) + "."
	}
	s.show(w, r, t.Status, "trouble.html", view{Title: strings.TrimSuffix(t.Headline, "."), Content: t})
}

// unanswered answers for a question that the ledger could not answer.
func (s *Site) unanswered(w http.ResponseWriter, r *http.Request, err error) {
	var usage *audit.UsageError
	switch {
	case errors.Is(err, context.Canceled) && r.Context().Err() != nil:
		return // the visitor has gone
	case errors.Is(err, store.ErrNotFound):
		s.trouble(w, r, trouble{Status: http.StatusNotFound, Sentence: sentenceOf(err), Fix: "Look for it with the search."})
	case errors.As(err, &usage):
		s.trouble(w, r, trouble{Status: http.StatusBadRequest, Sentence: "The filter " + usage.Filter + " cannot be read: " + usage.Reason + "."})
	case errors.Is(err, store.ErrCorrupt):
		s.log.Error().Err(err).Msg("a page met a part of the database that cannot be read")
		s.trouble(w, r, trouble{Status: http.StatusInternalServerError, Headline: "A part of the database cannot be read.",
			Sentence: "What this page is about is stored in a part of the database that is damaged. The rest of it still answers.",
			Fix:      "Whoever looks after Capibara runs `capibara check --database`."})
	default:
		status, f := s.explain(r, err)
		s.trouble(w, r, trouble{Status: status, Sentence: asSentence(f.Error), Fix: asSentence(f.Hint)})
	}
}

// form reads the form that came with a request. ok is false when it cannot be read, and an answer was given.
func (s *Site) form(w http.ResponseWriter, r *http.Request) (ok bool) {
	err := r.ParseForm()
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return true
	case errors.As(err, &large):
		s.unanswered(w, r, err)
	default: // its text may hold what was typed
		s.trouble(w, r, trouble{Status: http.StatusBadRequest, Sentence: "The form cannot be read."})
	}
	return false
}

// nowherePage answers for what does not exist.
func (s *Site) nowherePage(w http.ResponseWriter, r *http.Request) {
	s.trouble(w, r, trouble{Status: http.StatusNotFound, Sentence: "This address leads to no page.", Fix: "Start from the overview, or search for what you know."})
}

// sentenceOf is an error as a sentence.
func sentenceOf(err error) string {
	return asSentence(strings.TrimSuffix(err.Error(), ": "+store.ErrNotFound.Error()))
}

// asSentence is a clause as a sentence. A command stays as it is typed.
func asSentence(clause string) string {
	if clause == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(clause)
	clause = string(unicode.ToUpper(first)) + clause[size:]
	if strings.HasSuffix(clause, ".") {
		return clause
	}
	return clause + "."
}

// numberOf is the number in the address of a page about one file or batch; ok is false when an answer was given already.
func (s *Site) numberOf(w http.ResponseWriter, r *http.Request, what string) (n uint64, ok bool) {
	n, err := strconv.ParseUint(r.PathValue("n"), 10, 64)
	if err != nil || n == 0 {
		s.trouble(w, r, trouble{Status: http.StatusNotFound, Sentence: fmt.Sprintf("A %s is named by its number, such as 12.", what),
			Fix: "Look for it with the search."})
		return 0, false
	}
	return n, true
}
