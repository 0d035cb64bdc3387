package web_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"capibara/audit/web"
)

// form is the body of a form.
func form(pairs ...string) asked {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return asked{method: http.MethodPost, body: v.Encode(), header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}
}

// signIn signs in with a token.
func (p *place) signIn(client *http.Client, token, next string) answered {
	p.t.Helper()
	a := form("token", token, "next", next)
	a.path, a.client = "/sign-in", client
	return p.ask(a)
}

// TestRoles asks as everybody may be.
func TestRoles(t *testing.T) {
	t.Parallel()
	// Everybody may look on this machine, and nobody has anything done, while there is no token.
	open := serve(t, nil)
	// Behind a proxy nobody is let in while there is none.
	closed := serve(t, func(c *web.Config) { c.SignIn = true })
	named := serve(t, nil)
	named.setTokens(nil, token("rita", web.Reader), token("olga", web.Operator))
	broken := serve(t, nil)
	broken.setTokens(errors.New("the file is damaged"), token("rita", web.Reader))
	const look, search, act, press = "/api/v1/events", "/api/v1/search", "/api/v1/upload", "/upload"
	for _, tc := range []struct {
		name         string
		at           *place
		bearer, path string
		want         int
	}{
		{"without tokens anybody looks", open, "", look, 200},
		{"without tokens anybody searches", open, "", search, 200},
		{"without tokens nobody acts", open, "", act, 403},
		{"without tokens a token is wrong", open, "rita-secret", look, 401},
		{"behind a proxy nobody looks without tokens", closed, "", look, 401},
		{"with tokens nobody looks without one", named, "", look, 401},
		{"with tokens nobody searches without one", named, "", search, 401},
		{"with tokens nobody acts without one", named, "", act, 401},
		{"a reader looks", named, "rita-secret", look, 200},
		{"a reader searches", named, "rita-secret", search, 200},
		{"a reader does not act", named, "rita-secret", act, 403},
		{"without tokens nobody presses the button", open, "", press, 403},
		{"a reader does not press the button", named, "rita-secret", press, 403},
		{"nobody presses the button without a token", named, "", press, 401},
		{"an operator presses the button", named, "olga-secret", press, 200},
		{"an operator looks", named, "olga-secret", look, 200},
		{"an operator acts", named, "olga-secret", act, 200},
		{"a wrong token", named, "olga-secret2", look, 401},
		{"no token at all", named, " ", look, 401},
		{"the hash is no token", named, fmt.Sprintf("%x", token("olga", web.Operator).SHA256), look, 401},
		{"nobody is let in while the tokens cannot be read", broken, "", look, 503},
		{"nor with one that was good", broken, "rita-secret", look, 503},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := asked{path: tc.path, header: map[string]string{"Content-Type": "application/json"}}
			if tc.path != look {
				a.method, a.body = http.MethodPost, "{}"
			}
			if tc.bearer != "" {
				a.header["Authorization"] = "Bearer " + tc.bearer
			}
			got := tc.at.ask(a)
			if got.status != tc.want {
				t.Errorf("it is answered with %d: %s", got.status, got.body)
			}
			if got.status == http.StatusUnauthorized && tc.bearer == "" && got.header.Get("WWW-Authenticate") != `Bearer realm="Capibara"` {
				t.Errorf("it does not say how to name oneself: %v", got.header)
			}
		})
	}
	for _, p := range []*place{open, closed, named, broken} {
		if log := p.log.String(); strings.Contains(log, "secret") {
			t.Errorf("the log holds a token:\n%s", log)
		}
	}
	if got := named.ledger.uploads; len(got) != 2 || got[0] != "olga" || got[1] != "olga" {
		t.Errorf("uploads were asked for by %v", got)
	}
}

// TestSignIn signs in as a browser does, and ends in every way there is.
func TestSignIn(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	rita, olga := token("rita", web.Reader), token("olga", web.Operator)
	p.setTokens(nil, rita, olga)
	html := map[string]string{"Accept": "text/html"}
	browser := p.browser()

	// A page brings up the one to sign in, which leads back to it.
	got := p.ask(asked{path: "/files.csv?source=a%22b", header: html, client: browser})
	if got.status != http.StatusUnauthorized || !strings.Contains(got.body, `name="next" value="/files.csv?source=a%22b"`) {
		t.Fatalf("%d: %s", got.status, got.body)
	}
	if got := p.signIn(browser, "rita-secret2", "/"); got.status != http.StatusUnauthorized || !strings.Contains(got.body, `role="alert"`) || strings.Contains(got.body, "secret") {
		t.Errorf("a wrong token: %d %s", got.status, got.body)
	}
	got = p.signIn(browser, " rita-secret\n", "/files.csv?source=a%22b")
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/files.csv?source=a%22b" {
		t.Fatalf("%d, on to %s: %s", got.status, got.header.Get("Location"), got.body)
	}
	cookie := got.header.Get("Set-Cookie")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie lacks %s: %s", want, cookie)
		}
	}
	if strings.Contains(cookie, "secret") || strings.Contains(cookie, "rita") || strings.Contains(cookie, "Secure") {
		t.Errorf("the cookie is %s", cookie)
	}
	in := func(client *http.Client) bool {
		t.Helper()
		got := p.ask(asked{path: "/api/v1/status", client: client})
		if got.status != http.StatusOK && got.status != http.StatusUnauthorized {
			t.Errorf("%d: %s", got.status, got.body)
		}
		return got.status == http.StatusOK
	}
	if !in(browser) || in(p.browser()) {
		t.Error("who signed in is not let in, or somebody else is")
	}
	// A reader stays one.
	if got := p.ask(asked{method: http.MethodPost, path: "/api/v1/upload", client: browser}); got.status != http.StatusForbidden {
		t.Errorf("a reader has an upload done: %d", got.status)
	}

	// Signing out ends it, for whoever kept the cookie too.
	kept := asked{path: "/api/v1/status", header: map[string]string{"Cookie": strings.Split(cookie, ";")[0]}}
	if got := p.ask(kept); got.status != http.StatusOK {
		t.Errorf("a copy of the cookie is answered with %d", got.status)
	}
	if got := p.ask(asked{method: http.MethodPost, path: "/sign-out", client: browser}); got.status != http.StatusSeeOther || in(browser) {
		t.Errorf("signing out: %d", got.status)
	}
	if got := p.ask(kept); got.status != http.StatusUnauthorized {
		t.Errorf("the cookie of somebody who signed out is answered with %d", got.status)
	}

	// Twelve hours end it, and so does the end of the token, at once and for good.
	p.signIn(browser, "rita-secret", "/")
	p.wait(12*time.Hour - time.Second)
	if !in(browser) {
		t.Error("it ends too early")
	}
	p.wait(time.Second)
	if in(browser) {
		t.Error("it goes on after twelve hours")
	}
	p.signIn(browser, "rita-secret", "/")
	other := p.browser()
	p.signIn(other, "olga-secret", "/")
	p.setTokens(nil, olga)
	if in(browser) || !in(other) {
		t.Error("a revoked token lets in, or another does not")
	}
	p.setTokens(nil, olga, rita)
	if in(browser) {
		t.Error("who was thrown out is back with the token")
	}
	// One of the same name with another secret is another one.
	p.signIn(browser, "rita-secret", "/")
	renewed := token("rita", web.Operator)
	renewed.SHA256[0]++
	p.setTokens(nil, olga, renewed)
	if in(browser) {
		t.Error("a token that was replaced lets in")
	}
	// A role that changes holds at once.
	p.setTokens(nil, token("olga", web.Reader))
	if got := p.ask(asked{method: http.MethodPost, path: "/api/v1/upload", client: other}); got.status != http.StatusForbidden {
		t.Errorf("an operator who is none any more has an upload done: %d", got.status)
	}
	if log := p.log.String(); strings.Contains(log, "secret") || !strings.Contains(log, `"name":"rita"`) {
		t.Errorf("the log says\n%s", log)
	}
}

// TestSignInSecure signs in behind a proxy with TLS.
func TestSignInSecure(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *web.Config) { c.Hosts, c.Secure, c.SignIn = []string{"capibara.example.com"}, true, true })
	p.setTokens(nil, token("rita", web.Reader))
	cookie := p.signIn(nil, "rita-secret", "/").header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "__Host-capibara=") || !strings.Contains(cookie, "; Secure") || !strings.Contains(cookie, "; HttpOnly") || strings.Contains(cookie, "Domain") {
		t.Errorf("the cookie is %s", cookie)
	}
}

// TestSignInFailures tries many tokens at once: what is answered and logged stays the same little, and somebody with a good one is
// let in meanwhile.
func TestSignInFailures(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	p.setTokens(nil, token("rita", web.Reader))
	var mu sync.Mutex
	answers := map[int]int{}
	var tries sync.WaitGroup
	for i := range 40 {
		tries.Go(func() {
			got := p.signIn(nil, fmt.Sprint("guess", i), "/")
			mu.Lock()
			defer mu.Unlock()
			if answers[got.status]++; got.status == http.StatusTooManyRequests && got.header.Get("Retry-After") != "60" {
				t.Errorf("it is not said when to try again: %v", got.header)
			}
		})
	}
	tries.Wait()
	if answers[http.StatusUnauthorized] != 10 || answers[http.StatusTooManyRequests] != 30 {
		t.Errorf("forty guesses at once are answered with %v", answers)
	}
	if got := p.signIn(nil, "rita-secret", "/"); got.status != http.StatusSeeOther {
		t.Errorf("strangers lock out who has a token: %d", got.status)
	}
	p.wait(time.Minute)
	if got := p.signIn(nil, "guess", "/"); got.status != http.StatusUnauthorized {
		t.Errorf("a minute later: %d", got.status)
	}
	if log := p.log.String(); strings.Contains(log, "guess") || strings.Count(log, `"level":"warn"`) != 12 {
		t.Errorf("the log says:\n%s", log)
	}
}

// TestSignInAgain signs in as another one: the session before ends.
func TestSignInAgain(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	p.setTokens(nil, token("rita", web.Reader), token("olga", web.Operator))
	browser := p.browser()
	before := strings.Split(p.signIn(browser, "olga-secret", "/").header.Get("Set-Cookie"), ";")[0]
	after := strings.Split(p.signIn(browser, "rita-secret", "/").header.Get("Set-Cookie"), ";")[0]
	for cookie, want := range map[string]int{before: http.StatusUnauthorized, after: http.StatusOK} {
		if got := p.ask(asked{path: "/api/v1/status", header: map[string]string{"Cookie": cookie}}); got.status != want {
			t.Errorf("%s is answered with %d, not with %d", map[bool]string{true: "the session before", false: "the session"}[cookie == before], got.status, want)
		}
	}
}

// TestSignInLeadsNowhereElse has somebody else say where to go on.
func TestSignInLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	p.setTokens(nil, token("rita", web.Reader))
	for next, want := range map[string]string{"/events?state=pending": "/events?state=pending", "": "/", "//evil.example": "/", "https://evil.example/": "/",
		`/\evil.example`: "/", "javascript:alert(1)": "/", "/\t/evil.example": "/", "events": "/", "/%0d%0aX: y": "/%0d%0aX: y"} {
		if got := p.signIn(nil, "rita-secret", next); got.header.Get("Location") != want || got.header.Get("X") != "" {
			t.Errorf("%q leads to %q", next, got.header.Get("Location"))
		}
	}
}

// TestSessionsAreBounded signs in more often than is kept: the oldest gives way.
func TestSessionsAreBounded(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	p.setTokens(nil, token("rita", web.Reader))
	first, second := p.browser(), p.browser()
	p.signIn(first, "rita-secret", "/")
	p.wait(time.Second)
	p.signIn(second, "rita-secret", "/")
	p.wait(time.Second)
	for range 999 {
		p.signIn(nil, "rita-secret", "/")
	}
	if got := p.ask(asked{path: "/api/v1/status", client: first}); got.status != http.StatusUnauthorized {
		t.Errorf("the oldest of 1001 is answered with %d", got.status)
	}
	if got := p.ask(asked{path: "/api/v1/status", client: second}); got.status != http.StatusOK {
		t.Errorf("the second of 1001 is answered with %d", got.status)
	}
}
