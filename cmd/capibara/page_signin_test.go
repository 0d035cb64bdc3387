package main

import (
	"net/http"
	"strings"
	"testing"

	"capibara/audit"

	"github.com/chromedp/chromedp"
)

// signIn signs in on the page that is shown instead of the one that was asked for.
func (v *visitor) signIn(token string) {
	v.t.Helper()
	if status := v.open("/files/3"); status != http.StatusUnauthorized {
		v.t.Fatalf("without a token the status is %d", status)
	}
	v.do(chromedp.SendKeys(chromedp.CSS("#token"), token+"\r"))
}

// signOut signs out, and sees that nothing is shown any more.
func (v *visitor) signOut() {
	v.t.Helper()
	v.do(chromedp.Click(chromedp.CSS("footer form[action='/sign-out'] button")))
	v.until("the page to sign in is shown", `location.pathname === "/sign-in" && !!document.getElementById("token")`)
	if status := v.open("/events"); status != http.StatusUnauthorized {
		v.t.Errorf("after signing out the status is %d", status)
	}
}

// untold fails when the secret stands in an address, or in the log of the process.
func (v *visitor) untold(h *pagedHome, secret string) {
	v.t.Helper()
	if strings.Contains(strings.Join(v.requests(), "\n"), secret) {
		v.t.Error("the token stands in an address")
	}
	if strings.Contains(string(h.log.Bytes()), secret) {
		v.t.Error("the token stands in the log of the process")
	}
}

func aReader(t *testing.T, h *pagedHome, v *visitor) {
	token := h.token("anna", "reader")
	v.signIn("wrong-" + token[:10])
	v.until("it is said that the token is wrong", `!!document.querySelector("#wrong") && document.querySelector("#wrong").innerText.includes("does not exist")`)
	v.signIn(token)
	v.until("the page that was asked for is shown", `location.pathname === "/files/3" && document.querySelector("footer").innerText.includes("anna")`)
	v.open("/")
	if js[bool](v, `!!document.getElementById("upload-now") || !!document.querySelector("a[href^='/allow']")`) {
		t.Error("a reader is offered what only an operator may do")
	}
	if status := v.open("/upload"); status != http.StatusForbidden {
		t.Errorf("the page to upload is answered with %d", status)
	}
	sent := len(h.eventsOf("--state", "acknowledged"))
	for _, path := range []string{"/upload", "/allow?kind=events&file=7", "/api/v1/upload"} {
		body := "kind=events&file=7"
		if status := js[int](v, `fetch(%s, {method: "POST", body: %s, headers: {"Content-Type": "application/x-www-form-urlencoded"}}).then(r => r.status)`, path, body); status != http.StatusForbidden {
			t.Errorf("POST %s is answered with %d", path, status)
		}
	}
	if now := len(h.eventsOf("--state", "acknowledged")); now != sent {
		t.Errorf("a reader had %d events sent", now-sent)
	}
	v.signOut()
	v.untold(h, token)
}

func anOperator(t *testing.T, h *pagedHome, v *visitor) {
	token := h.token("otto", "operator")
	v.signIn(token)
	v.until("the page that was asked for is shown", `location.pathname === "/files/3" && document.querySelector("footer").innerText.includes("otto, an operator")`)

	v.open("/")
	v.do(chromedp.Click(chromedp.CSS("a[href^='/allow']")))
	v.until("it is asked before", `location.pathname === "/allow" && document.readyState === "complete" && !!document.querySelector("main button.first")`)
	if halted := h.eventsOf("--source", "large", "--state", "pending"); len(halted) != 2 {
		t.Fatalf("%d events of the source wait", len(halted))
	}
	v.do(chromedp.Click(chromedp.CSS("main button.first")))
	v.until("it is said that it is let go", `location.pathname === "/allow" && document.querySelector("h1").innerText.length > 0 && !document.querySelector("main button.first")`)
	v.open("/")
	if js[bool](v, `!!document.querySelector("a[href^='/allow']")`) {
		t.Error("what was let go is still halted")
	}

	v.do(chromedp.Click(chromedp.CSS("#upload-now")))
	v.until("it is asked before", `location.pathname === "/upload" && document.readyState === "complete" && !!document.querySelector("main button.first")`)
	v.do(chromedp.Click(chromedp.CSS("main button.first")))
	v.until("it is said that the upload begins", `document.querySelector("h1").innerText.includes("begins")`)
	eventually(t, "all is sent", func() bool { return len(h.eventsOf("--state", "pending")) == 0 })
	v.open("/")
	v.until("the overview says that nothing waits", `document.querySelector("#state-pending b").innerText === "0" && document.querySelector("#state-in_flight b").innerText === "0"`)
	if n := len(wholeList[audit.Event](h, "history", "events", "--source", "large", "--state", "acknowledged")); n != 2 {
		t.Errorf("%d events of those that were let go were acknowledged", n)
	}
	v.signOut()
	v.untold(h, token)
}
