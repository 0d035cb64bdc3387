package web_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/audit/web"
)

// reads are the routes that answer a GET. Whoever adds one adds it here.
var reads = []string{
	"/api/v1/status", "/api/v1/overview", "/api/v1/rules", "/api/v1/events", "/api/v1/batches", "/api/v1/files", "/api/v1/events/deal-1",
	"/api/v1/files/1", "/api/v1/report?month=2026-11", "/events.csv", "/batches.csv", "/files.csv", "/report?month=2026-11", "/sign-in",
	"/", "/files", "/files/1", "/files/1/receipt", "/events", "/events/deal-1", "/batches", "/search", "/rules", "/reports",
}

// TestHosts asks under the names that a stranger could make mean this computer.
func TestHosts(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	behind := serve(t, func(c *web.Config) { c.Hosts, c.Secure = []string{"capibara.example.com"}, true })
	port := p.host[strings.LastIndex(p.host, ":"):]
	for _, tc := range []struct {
		name, host string
		at         *place
		want       int
	}{
		{"its address", p.host, p, http.StatusOK},
		{"its name", "localhost" + port, p, http.StatusOK},
		{"another port", "127.0.0.1:1", p, http.StatusMisdirectedRequest},
		{"no port", "127.0.0.1", p, http.StatusMisdirectedRequest},
		{"a name of a stranger", "evil.example" + port, p, http.StatusMisdirectedRequest},
		{"a name that begins right", "localhost.evil.example" + port, p, http.StatusMisdirectedRequest},
		{"a name with a dot", "localhost." + port, p, http.StatusMisdirectedRequest},
		{"another address of this machine", "127.0.0.2" + port, p, http.StatusMisdirectedRequest},
		{"the name of the proxy", "capibara.example.com", behind, http.StatusOK},
		{"the address behind the proxy", p.host, behind, http.StatusMisdirectedRequest},
		{"a name below the proxy's", "x.capibara.example.com", behind, http.StatusMisdirectedRequest},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := tc.at.ask(asked{path: "/api/v1/status", header: map[string]string{"Host": tc.host, "X-Forwarded-Host": tc.at.host}})
			if got.status != tc.want {
				t.Errorf("%s is answered with %d: %s", tc.host, got.status, got.body)
			}
			if tc.want != http.StatusOK && !strings.Contains(got.failure(t).Hint, tc.at.host) {
				t.Errorf("the way out is not named: %s", got.body)
			}
		})
	}
}

// TestHeaders holds every route, and every refusal, to what browsers are to keep to.
func TestHeaders(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	for _, a := range append([]asked{{path: "/nothing"}, {path: "/api/v1/nothing"}, {path: "/api/v1/files/77"}, {path: "/api/v1/status", method: http.MethodPut},
		{path: "/api/v1/status", method: http.MethodPost}, {path: "/api/v1/status", header: map[string]string{"Host": "evil.example"}},
		{path: "/upload"}, {path: "/allow?kind=file&file=2"}}, each(reads)...) {
		got := p.ask(a)
		h := got.header
		policy := h.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") ||
			!strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "base-uri 'none'") {
			t.Errorf("%s %s: the policy is %q", a.method, a.path, policy)
		}
		for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin"} {
			if h.Get(name) != want {
				t.Errorf("%s %s: %s is %q", a.method, a.path, name, h.Get(name))
			}
		}
		if h.Get("Permissions-Policy") == "" || h.Get("Content-Type") == "" {
			t.Errorf("%s %s: headers are missing: %v", a.method, a.path, h)
		}
		for name := range h {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s %s lets other origins in: %s", a.method, a.path, name)
			}
		}
	}
}

func each(paths []string) []asked {
	var all []asked
	for _, path := range paths {
		all = append(all, asked{path: path, header: map[string]string{"Origin": "https://evil.example"}})
	}
	return all
}

// TestMethods asks with every method that a route does not take.
func TestMethods(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	for _, path := range reads {
		methods := []string{http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, http.MethodTrace, "PROPFIND"}
		if !slices.Contains([]string{"/events", "/search", "/sign-in"}, path) && !strings.HasSuffix(path, ".csv") {
			methods = append(methods, http.MethodPost)
		}
		for _, method := range methods {
			if got := p.ask(asked{method: method, path: path}); got.status != http.StatusMethodNotAllowed {
				t.Errorf("%s %s is answered with %d", method, path, got.status)
			}
		}
		if got := p.ask(asked{method: http.MethodHead, path: path}); got.status != http.StatusOK || got.body != "" {
			t.Errorf("HEAD %s is answered with %d", path, got.status)
		}
	}
	for _, path := range []string{"/api/v1/search", "/api/v1/upload", "/api/v1/allow", "/sign-out"} {
		if got := p.ask(asked{path: path}); got.status != http.StatusMethodNotAllowed && got.status != http.StatusNotFound {
			t.Errorf("GET %s is answered with %d", path, got.status)
		}
	}
}

// TestOrigins has pages of other origins ask.
func TestOrigins(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	p.setTokens(nil, token("olga", web.Operator))
	own := "http://" + p.host
	for _, tc := range []struct {
		name, method, path string
		header             map[string]string
		want               int
	}{
		{"a program", http.MethodPost, "/api/v1/upload", nil, http.StatusOK},
		{"its own page", http.MethodPost, "/api/v1/upload", map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": own}, http.StatusOK},
		{"an old browser on its own page", http.MethodPost, "/api/v1/upload", map[string]string{"Origin": own}, http.StatusOK},
		{"a page of a stranger", http.MethodPost, "/api/v1/upload", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, http.StatusForbidden},
		{"a page of a stranger in an old browser", http.MethodPost, "/api/v1/upload", map[string]string{"Origin": "https://evil.example"}, http.StatusForbidden},
		{"another port of this machine", http.MethodPost, "/api/v1/upload", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"}, http.StatusForbidden},
		{"a sandboxed page", http.MethodPost, "/api/v1/upload", map[string]string{"Origin": "null"}, http.StatusForbidden},
		{"a form of a stranger", http.MethodPost, "/sign-in", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, http.StatusForbidden},
		{"a link on a page of a stranger", http.MethodGet, "/api/v1/status", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, http.StatusOK},
		{"a frame on a page of a stranger", http.MethodGet, "/events.csv", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, http.StatusForbidden},
		{"a link that opens a page", http.MethodGet, "/events", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, http.StatusOK},
		{"a picture on a page of a stranger", http.MethodGet, "/report", map[string]string{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, http.StatusForbidden},
		{"a script of a stranger", http.MethodGet, "/api/v1/events", map[string]string{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, http.StatusForbidden},
		{"an address that was typed", http.MethodGet, "/api/v1/events", map[string]string{"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, http.StatusOK},
	} {
		t.Run(tc.name, func(t *testing.T) {
			header := map[string]string{"Authorization": "Bearer olga-secret"}
			for name, value := range tc.header {
				header[name] = value
			}
			if got := p.ask(asked{method: tc.method, path: tc.path, header: header}); got.status != tc.want {
				t.Errorf("it is answered with %d: %s", got.status, got.body)
			}
		})
	}
	if n := len(p.ledger.uploads); n != 3 {
		t.Errorf("%d uploads were asked for", n)
	}
}

// TestNobodyInAddresses looks for people by addresses, which end up in logs and histories.
func TestNobodyInAddresses(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	for _, query := range []string{"?email=mary%40example.com", "?phone=%2B31201234567", "?external_id=C-77", "?email=", "?mary%40example.com", "?record_key=mary%40example.com",
		"?event_id=mary@example.com", "?order_id=%2B31201234567", "/mary@example.com", "/%2B31201234567"} {
		for _, path := range []string{"/api/v1/events", "/api/v1/batches", "/api/v1/files", "/events.csv", "/files.csv", "/api/v1/report", "/nowhere", "/events", "/search"} {
			got := p.ask(asked{path: path + query})
			if got.status != http.StatusBadRequest || strings.Contains(got.body, "mary") || strings.Contains(got.body, "31201234567") {
				t.Errorf("%s%s is answered with %d: %s", path, query, got.status, got.body)
			}
		}
	}
	for _, query := range []string{"?since=2026-11-20T14:00:00%2B01:00", "?file=mary@example.com.csv"} {
		if got := p.ask(asked{path: "/api/v1/files" + query}); got.status != http.StatusOK && got.status != http.StatusNotFound {
			t.Errorf("%s is answered with %d: %s", query, got.status, got.body)
		}
	}
	log := p.log.String()
	if strings.Contains(log, "mary") || strings.Contains(log, "31201234567") || strings.Contains(log, "C-77") {
		t.Errorf("the log tells whom somebody looked for:\n%s", log)
	}
	if n := strings.Count(log, `"why":"person"`); n != 1 {
		t.Errorf("%d lines in the log for one kind of refusal within a minute", n)
	}
	p.wait(time.Minute)
	p.ask(asked{path: "/api/v1/events?email=x"})
	if !strings.Contains(p.log.String(), `"untold":89,`) {
		t.Errorf("the log does not say how many were refused meanwhile:\n%s", p.log.String())
	}
}

// TestPanic has a handler panic: the others go on, and the log says where without saying what was asked.
func TestPanic(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	for _, with := range []any{"mary@example.com", errors.New("mary@example.com"), nil} {
		p.ledger.mu.Lock()
		p.ledger.before = func() {
			if with == nil {
				var none []int
				_ = none[len(p.url)]
			}
			panic(with)
		}
		p.ledger.mu.Unlock()
		got := p.ask(asked{path: "/api/v1/status?x=mary"})
		if got.status != http.StatusInternalServerError || strings.Contains(got.body, "mary") || got.failure(t).Hint == "" {
			t.Errorf("it is answered with %d: %s", got.status, got.body)
		}
	}
	log := p.log.String()
	if strings.Contains(log, "mary") || !strings.Contains(log, "index out of range") || !strings.Contains(log, "house_test.go") {
		t.Errorf("the log says\n%s", log)
	}
	p.ledger.mu.Lock()
	p.ledger.before = nil
	p.ledger.mu.Unlock()
	if got := p.ask(asked{path: "/api/v1/status"}); got.status != http.StatusOK {
		t.Errorf("after it: %d", got.status)
	}
}
