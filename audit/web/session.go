package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	// sessionLife is how long a sign-in holds.
	sessionLife = 12 * time.Hour
	// maxSessions bounds those who are signed in; the oldest gives way.
	maxSessions = 1000
	// maxFailures is how many sign-ins that fail are told apart in a minute, of all visitors. Those after them are answered and logged
	// alike. A token that is good lets in all the same: it is too long to be guessed, and a stranger must not lock everybody out.
	maxFailures = 10
)

// session is one sign-in. It is known by the hash of its id, and ends when its token is revoked.
type session struct {
	token   [32]byte // SHA-256 of the token
	expires time.Time
}

// sessions are those who are signed in. They are kept in memory: who was signed in when the process ends signs in again.
type sessions struct {
	mu       sync.Mutex
	byID     map[[32]byte]session
	minute   time.Time // in which failures are counted
	failures int
}

// begin makes a session and returns its id.
func (s *sessions) begin(token [32]byte, now time.Time) string {
	id := rand.Text() + rand.Text() // 260 bits
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byID == nil {
		s.byID = map[[32]byte]session{}
	}
	var oldest [32]byte
	var least time.Time
	for key, other := range s.byID {
		if !now.Before(other.expires) {
			delete(s.byID, key)
		} else if least.IsZero() || other.expires.Before(least) {
			oldest, least = key, other.expires
		}
	}
	if len(s.byID) >= maxSessions {
		delete(s.byID, oldest)
	}
	s.byID[sha256.Sum256([]byte(id))] = session{token: token, expires: now.Add(sessionLife)}
	return id
}

// token is the hash of the token with which a session was begun.
func (s *sessions) token(id string, now time.Time) (token [32]byte, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byID[sha256.Sum256([]byte(id))]
	return found.token, ok && now.Before(found.expires)
}

// end ends a session.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, sha256.Sum256([]byte(id)))
}

// failed counts a sign-in that failed. few is false when too many did in this minute.
func (s *sessions) failed(now time.Time) (few bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if age := now.Sub(s.minute); age < 0 || age >= time.Minute {
		s.minute, s.failures = now, 0
	}
	s.failures++
	return s.failures <= maxFailures
}

// tokens are those in force now.
func (s *Site) tokens() ([]Token, error) {
	if s.config.Tokens == nil {
		return nil, nil
	}
	return s.config.Tokens()
}

// tellTokens logs that the tokens cannot be read, and not for everybody who comes meanwhile.
func (s *Site) tellTokens(err error) {
	if _, tell := s.refused.count("tokens", s.now()); tell {
		s.log.Error().Err(err).Msg("the tokens of the page cannot be read, so that nobody is let in")
	}
}

// find is the token with this hash. It looks at all of them, and for the same time wherever it finds it.
func find(tokens []Token, hash [32]byte) (found Token, ok bool) {
	for _, t := range tokens {
		if subtle.ConstantTimeCompare(t.SHA256[:], hash[:]) == 1 {
			found, ok = t, true
		}
	}
	return found, ok
}

// letIn finds out who asks, and answers those who are not let in.
func (s *Site) letIn(w http.ResponseWriter, r *http.Request) (*http.Request, bool) {
	if strings.HasPrefix(r.URL.Path, "/static/") || r.URL.Path == signInPath {
		return r, true
	}
	tokens, err := s.tokens()
	if err != nil {
		s.tellTokens(err)
		s.fail(w, r, http.StatusServiceUnavailable, "Nobody is let in for now.", "the log of `capibara run` says why")
		return nil, false
	}
	as := func(t Token) (*http.Request, bool) {
		return r.WithContext(As(r.Context(), Visitor{Name: t.Name, Role: t.Role})), true
	}
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		if t, ok := find(tokens, sha256.Sum256([]byte(bearer))); ok {
			return as(t)
		}
		// There is nothing to slow down here: a token is too long to be guessed, and programs that have a good one must not wait.
		s.refuse(w, r, http.StatusUnauthorized, "token", "This token does not exist, or was revoked.", signInHint)
		return nil, false
	}
	if c, err := r.Cookie(s.cookieName()); err == nil {
		if hash, ok := s.sessions.token(c.Value, s.now()); ok {
			if t, ok := find(tokens, hash); ok {
				return as(t)
			}
			s.sessions.end(c.Value)
		}
	}
	if len(tokens) == 0 && !s.config.SignIn {
		return r.WithContext(As(r.Context(), Visitor{Name: OnThisComputer, Role: Reader})), true
	}
	s.askToken(w, r)
	return nil, false
}

const (
	signInPath  = "/sign-in"
	signOutPath = "/sign-out"
	signInHint  = "`capibara token page add NAME --role reader` makes a token"
)

// askToken answers somebody who has to sign in first. Where a page was asked for that is the page to do so, without an address of its
// own, so that nothing of what was asked moves into another one.
func (s *Site) askToken(w http.ResponseWriter, r *http.Request) {
	if isAPI(r) || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Capibara"`)
		w.Header().Set("HX-Refresh", "true") // what a page asks for by itself brings up the page to sign in
		s.fail(w, r, http.StatusUnauthorized, "This needs a token.", signInHint+", and `Authorization: Bearer` carries it")
		return
	}
	next := "/"
	if r.Method == http.MethodGet {
		next = r.URL.RequestURI()
	}
	w.Header().Set("HX-Refresh", "true")
	s.signInPage(w, r, http.StatusUnauthorized, signIn{Next: next})
}

// signing answers those who sign in and out.
func (s *Site) signing(mux *http.ServeMux) {
	mux.HandleFunc("GET "+signInPath, func(w http.ResponseWriter, r *http.Request) {
		s.signInPage(w, r, http.StatusOK, signIn{Next: "/"})
	})
	mux.HandleFunc("POST "+signInPath, s.signIn)
	mux.HandleFunc("POST "+signOutPath, s.signOut)
}

func (s *Site) signIn(w http.ResponseWriter, r *http.Request) {
	now := s.now()
	page := signIn{Next: local(r.PostFormValue("next"))}
	tokens, err := s.tokens()
	if err != nil {
		s.tellTokens(err)
		page.Wrong = "Nobody can sign in for now. The log of `capibara run` says why."
		s.signInPage(w, r, http.StatusServiceUnavailable, page)
		return
	}
	hash := sha256.Sum256([]byte(strings.TrimSpace(r.PostFormValue("token"))))
	t, ok := find(tokens, hash)
	if !ok && !s.sessions.failed(now) {
		s.tellRefused(r, "sign-ins")
		w.Header().Set("Retry-After", "60")
		page.Wrong = "This token does not exist, or was revoked, like many others that were tried in the last minute."
		s.signInPage(w, r, http.StatusTooManyRequests, page)
		return
	}
	if !ok {
		s.log.Warn().Str("from", r.RemoteAddr).Msg("somebody could not sign in to the page: this token does not exist, or was revoked")
		page.Wrong = "This token does not exist, or was revoked."
		s.signInPage(w, r, http.StatusUnauthorized, page)
		return
	}
	s.log.Info().Str("name", t.Name).Str("role", string(t.Role)).Msg("somebody signed in to the page")
	if before, err := r.Cookie(s.cookieName()); err == nil {
		s.sessions.end(before.Value) // its cookie is overwritten, and nobody could sign it out any more
	}
	s.setCookie(w, s.sessions.begin(hash, now), int(sessionLife/time.Second))
	http.Redirect(w, r, page.Next, http.StatusSeeOther)
}

func (s *Site) signOut(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(s.cookieName()); err == nil {
		s.sessions.end(c.Value)
	}
	s.setCookie(w, "", -1)
	http.Redirect(w, r, signInPath, http.StatusSeeOther)
}

// cookieName tells several homes of one machine apart: browsers send a cookie to every port of a host.
func (s *Site) cookieName() string {
	if s.config.Secure {
		return "__Host-capibara"
	}
	_, port, _ := net.SplitHostPort(s.config.Hosts[0])
	return "capibara-" + port
}

func (s *Site) setCookie(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{Name: s.cookieName(), Value: value, Path: "/", MaxAge: age, Secure: s.config.Secure, HttpOnly: true,
		SameSite: http.SameSiteStrictMode})
}

// local is an address of this site as somebody who signed in goes on to; the first page when it leads elsewhere.
func local(next string) string {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") ||
		strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}
