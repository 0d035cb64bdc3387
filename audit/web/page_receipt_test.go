package web_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
)

// TestReceipt shows the receipt of a file as nobody's page: its own style holds, and nothing that somebody put into it.
func TestReceipt(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	got := p.ask(asked{path: "/files/1/receipt", header: map[string]string{"Accept": "text/html"}})
	if got.status != http.StatusOK || !strings.Contains(got.body, "6 records") || got.header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d: %s, %v", got.status, got.body, got.header)
	}
	hash := func(style string) string {
		sum := sha256.Sum256([]byte(style))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	policy := got.header.Get("Content-Security-Policy")
	for _, has := range []string{"default-src 'none'", hash("p{color:red}"), "form-action 'none'", "; sandbox"} {
		if !strings.Contains(policy, has) {
			t.Errorf("the policy lacks %s: %s", has, policy)
		}
	}
	if strings.Contains(policy, "script-src") || strings.Contains(policy, "allow-") || strings.Contains(policy, hash("p{color:blue}")) {
		t.Errorf("the policy lets through what somebody else wrote: %s", policy)
	}
	for path, want := range map[string]int{"/files/2/receipt": http.StatusNotFound, "/files/0/receipt": http.StatusNotFound, "/files/../receipt": http.StatusTemporaryRedirect,
		"/files/..%2f..%2fcapibara.yaml/receipt": http.StatusNotFound, "/files/1/receipt/x": http.StatusNotFound} {
		if got := p.ask(asked{path: path}); got.status != want {
			t.Errorf("%s is answered with %d: %s", path, got.status, got.body)
		}
	}
}
