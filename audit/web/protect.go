package web

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"capibara/event"
)

// maxBody bounds what a request carries, in bytes.
const maxBody = 64 << 10

// policy is the Content-Security-Policy of every answer that has none of its own: everything comes from here, nothing inline is run
// or applied, and no other page may show this one in a frame.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard puts on every answer what browsers are to keep to. A page of another origin reads none of it: there is no CORS header.
func guard(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), payment=(), usb=()")
}

// protect lets through what may be answered.
func (s *Site) protect(next http.Handler) http.Handler {
	forged := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(plain http.ResponseWriter, r *http.Request) {
		w := &answering{ResponseWriter: plain}
		defer s.survive(w, r)
		guard(w.Header())
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		switch {
		// A page of a stranger can make its own name mean this computer (DNS rebinding) and would then pass for this origin.
		case !slices.Contains(s.config.Hosts, r.Host):
			s.refuse(w, r, http.StatusMisdirectedRequest, "host", "This address is not the one under which Capibara answers.",
				"open http"+map[bool]string{true: "s"}[s.config.Secure]+"://"+s.config.Hosts[0]+"/")
		case r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodPost:
			w.Header().Set("Allow", "GET, HEAD, POST")
			s.refuse(w, r, http.StatusMethodNotAllowed, "method", "This method is not known here.", "")
		case forged.Check(r) != nil || embedded(r):
			s.refuse(w, r, http.StatusForbidden, "origin", "A page of somebody else asked this of your browser, and nothing was done.",
				"open the page by its own address")
		case namesPerson(r):
			s.refuse(w, r, http.StatusBadRequest, "person", "An address must not name a person: addresses stay in logs and histories.",
				"use the search, which sends it in the body of a POST")
		default:
			if r, ok := s.letIn(w, r); ok {
				next.ServeHTTP(w, r)
			}
		}
	})
}

// embedded reports whether another site has this request made beside its own page, as a picture, by a script or in a frame. It could
// not read the answer, but could keep the ledger busy with questions.
func embedded(r *http.Request) bool {
	site, dest := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Sec-Fetch-Dest")
	return (site == "cross-site" || site == "same-site") && (r.Header.Get("Sec-Fetch-Mode") != "navigate" || dest != "" && dest != "document")
}

// namesPerson reports whether the address of a request holds what stands for a person: a filter that looks for one, or an e-mail
// address or telephone number where an id belongs, none of which is ever kept in the ledger.
func namesPerson(r *http.Request) bool {
	if event.LooksPersonal(r.URL.Path) {
		return true
	}
	for name, values := range r.URL.Query() {
		if event.LooksPersonal(name) {
			return true
		}
		switch name {
		case "email", "phone", "external_id":
			return true
		case "file", "source", "since", "until": // a name of a file may hold anything, an instant looks like a number
			continue
		}
		if slices.ContainsFunc(values, event.LooksPersonal) {
			return true
		}
	}
	return false
}

// answering knows whether an answer has begun.
type answering struct {
	http.ResponseWriter
	begun bool
}

// WriteHeader begins the answer.
func (a *answering) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

// Write begins the answer where nothing else did.
func (a *answering) Write(p []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController through.
func (a *answering) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// survive answers a request whose handler panicked, and logs where, with nothing of what was asked.
func (s *Site) survive(w *answering, r *http.Request) {
	p := recover()
	if p == nil {
		return
	}
	err, _ := p.(error)
	if errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	why := fmt.Sprintf("a panic of type %T", p)
	var fault runtime.Error
	if errors.As(err, &fault) {
		why = fault.Error()
	}
	s.log.Error().Str("why", why).Bytes("stack", debug.Stack()).Msg("a request to the page failed; the page goes on")
	if w.begun {
		panic(http.ErrAbortHandler) // what was written is not whole, and must not look so
	}
	s.fail(w, r, http.StatusInternalServerError, "This request could not be answered.", "the log of `capibara run` says where it failed")
}

// refusals keeps the log short when somebody is refused again and again.
type refusals struct {
	mu    sync.Mutex
	kinds map[string]*refusal
}

type refusal struct {
	told   time.Time
	untold int
}

// tellAgain is how often one kind of refusal is logged at the most.
const tellAgain = time.Minute

// count counts a refusal, and says whether it is to be logged and how many were not since the last one that was.
func (r *refusals) count(kind string, now time.Time) (untold int, tell bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kinds == nil {
		r.kinds = map[string]*refusal{}
	}
	k := r.kinds[kind]
	if k == nil {
		k = &refusal{}
		r.kinds[kind] = k
	}
	if age := now.Sub(k.told); age >= 0 && age < tellAgain {
		k.untold++
		return 0, false
	}
	untold, k.told, k.untold = k.untold, now, 0
	return untold, true
}

// refuse answers a request that is not let through, and logs that with nothing of what was asked.
func (s *Site) refuse(w http.ResponseWriter, r *http.Request, status int, kind, sentence, hint string) {
	s.tellRefused(r, kind)
	s.fail(w, r, status, sentence, hint)
}

func (s *Site) tellRefused(r *http.Request, kind string) {
	if untold, tell := s.refused.count(kind, s.now()); tell {
		s.log.Warn().Str("why", kind).Str("from", r.RemoteAddr).Int("untold", untold).Msg("a request to the page was refused")
	}
}

// fail answers that something cannot be answered: programs in JSON, browsers with a page, others in a sentence.
func (s *Site) fail(w http.ResponseWriter, r *http.Request, status int, sentence, hint string) {
	if isAPI(r) {
		writeJSON(w, status, failure{Error: sentence, Hint: hint})
		return
	}
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		s.trouble(w, r, trouble{Status: status, Sentence: asSentence(sentence), Fix: asSentence(hint)})
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprintln(w, sentence)
	if hint != "" {
		fmt.Fprintln(w, "What to do: "+hint+".")
	}
}

// isAPI reports whether the answer is for a program.
func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }
