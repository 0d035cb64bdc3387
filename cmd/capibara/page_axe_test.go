package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestPageAxe has axe-core look at every page, light on a desk and dark on a phone, and at those that are seen most in all four ways.
// CAPIBARA_AXE names its axe.min.js, which .ci/run
// fetches; without it the test is skipped.
func TestPageAxe(t *testing.T) {
	path := os.Getenv("CAPIBARA_AXE")
	if path == "" && thorough() {
		t.Fatal("CAPIBARA_AXE names no axe.min.js, and CAPIBARA_BROWSER_TESTS=required does not let it be left out")
	}
	if path == "" {
		t.Skip("SKIPPED: CAPIBARA_AXE names no axe.min.js; .ci/run says where it is from")
	}
	axe, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	findBrowser(t)
	h := newPagedHome(t)
	v := visit(t, h.page, 30*time.Minute)
	looks, told := 0, map[string]bool{}
	look := func(path string) {
		for _, scheme := range []string{"light", "dark"} {
			v.media("", scheme)
			for _, width := range []int64{360, 1280} {
				if often := path == "/" || strings.HasPrefix(path, "/events"); !often && (scheme == "dark") != (width == 360) {
					continue
				}
				v.size(width, 740)
				looks++
				for _, finding := range v.findings() {
					if !told[finding] {
						told[finding] = true
						t.Errorf("%s, %s, %d pixels wide: %s", path, scheme, width, finding)
					}
				}
			}
		}
	}
	for path := range h.addresses() {
		v.open(path)
		js[bool](v, `document.querySelectorAll("details").forEach(d => d.open = true) || true`)
		js[bool](v, string(percents(axe))+"; true")
		look(path)
	}
	for typed, what := range map[string]string{"anouk@example.com": "a person", "S1": "a store", "no such thing": "nothing", "1": "a number"} {
		v.open("/search")
		v.do(chromedp.SendKeys(chromedp.CSS("#find"), typed+"\r"))
		v.until("an answer is there", `!!document.getElementById("results")`)
		js[bool](v, string(percents(axe))+"; true")
		look("/search for " + what)
	}
	t.Logf("axe-core looked %d times", looks)
	v.blameless()
}

// percents keeps a script from being taken for a format.
func percents(script []byte) string { return strings.ReplaceAll(string(script), "%", "%%") }

// findings are the serious and critical ones of the page as it is shown now, each in one line.
func (v *visitor) findings() []string {
	v.t.Helper()
	return js[[]string](v, `new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn))).then(() => axe.run(document, {resultTypes: ["violations"]})).then(r => r.violations
		.filter(f => f.impact === "serious" || f.impact === "critical")
		.map(f => f.impact + " " + f.id + ": " + f.help + ": " + f.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + " " + n.any.map(a => a.message).join("; ")).join(" | ")))`)
}
