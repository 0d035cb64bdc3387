package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"capibara/audit/web"
)

// TestEveryPage follows the links from the overview on, and wants every page there and sound.
func TestEveryPage(t *testing.T) {
	p := serve(t, nil)
	story(t, p)
	seen, queue, explained := map[string]bool{"/": true}, []string{"/"}, 0
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		got := p.browse(path)
		if got.status != http.StatusOK {
			t.Errorf("%s is answered with %d:\n%s", path, got.status, text(got.root))
			continue
		}
		got.sound()
		for _, a := range got.all("a") {
			to, _, _ := strings.Cut(attr(a, "href"), "#")
			if to == "" || seen[to] || strings.Contains(to, ".csv") || strings.HasSuffix(to, "/receipt") {
				continue
			}
			if seen[to] = true; strings.HasPrefix(to, "/rules?explain=") {
				if explained++; explained > 3 {
					continue // one long page after the other, and all alike
				}
			}
			queue = append(queue, to)
		}
	}
	for _, path := range []string{"/files", "/events", "/batches", "/search", "/rules", "/reports", "/files/3", "/batches/1", "/batches/4", "/events/deal-9",
		"/events/?id=..", "/events/" + url.PathEscape("odd/id?x=1&y="+evil), "/events?state=pending", "/rules?explain=rejected_by_meta_2804050"} {
		if !seen[path] {
			t.Errorf("no link leads to %s", path)
		}
	}
	if seen["/upload"] || seen["/allow?file=2&kind=file"] {
		t.Error("a reader is offered to act")
	}
}

func TestPagesTell(t *testing.T) {
	p := serve(t, nil)
	story(t, p)
	for path, says := range map[string][]string{
		"/":               {"events wait for dataset main, which is not live yet", "Outbox", "Meta accepted", "Halted until somebody allows it", "Newest files", "File 2 (deals.csv) is halted", "capibara allow --file 2"},
		"/files":          {"5 files, newest first.", "under-way.csv", "importing", "so far", "refused"},
		"/files/3":        {"1 record needs to be mended", "6 records in all", "A date cannot be read", "line", "Its events", "Remarks on its events", "On its 4 events.", "A phone number could not be used and was left out."},
		"/files/5":        {"under-way.csv: importing", "62 percent of the file; about 2 minutes left"},
		"/files/4":        {"Nothing of it was imported."},
		"/events":         {"7 events, newest first.", "halted: It is worth too much.", "until 2026-11-27"},
		"/events/deal-9":  {"2 events have this event_id", "deal_closed: in flight", "Purchase: pending", "What tells of a person is hashed", `"value":`, "Imported file 3, line 4", "left out"},
		"/events/deal-1":  {"Purchase: Meta accepted", "It is never sent again.", "and the batch was split", "events_received 1", "fbtrace_id A2"},
		"/batches":        {"4 batches, newest first.", "split into", "part of 1", "HTTP 400"},
		"/batches/1":      {"Batch 1: split", "It was refused as a whole, so that it was divided", "What the state means", ".csv (1), gpj", "SHA-256 of what was sent", "batch 2", "What it means"},
		"/search":         {"What do you know?"},
		"/rules":          {"States of an event", "Meta's errors", "2804050", "The configuration has no source yet."},
		"/reports":        {"November 2026", "time of import"},
		"/events?limit=2": {"2 events, newest first; there are older ones.", "Older"},
	} {
		got := p.browse(path)
		if got.status != http.StatusOK {
			t.Errorf("%s is answered with %d", path, got.status)
		}
		got.wantText(says...)
	}
}

// TestFreshLedger has something to do next on every page.
func TestFreshLedger(t *testing.T) {
	p := serve(t, func(c *web.Config) { c.Ledger = emptyLedger(t) })
	for path, says := range map[string]string{"/": "Drop an export of your CRM or tills into the inbox folder", "/files": "Nothing was imported yet.", "/events": "Nothing was imported yet.",
		"/batches": "Nothing was sent yet.", "/rules": "capibara map FILE"} {
		got := p.browse(path)
		got.sound()
		got.wantText(says)
	}
}

func TestPaging(t *testing.T) {
	p := serve(t, nil)
	story(t, p)
	seen, path := map[string]int{}, "/events?limit=2&dataset=main"
	for pages := 0; path != ""; pages++ {
		if pages > 9 {
			t.Fatal("the pages have no end")
		}
		got := p.browse(path)
		for _, a := range got.all("a") {
			if href := attr(a, "href"); strings.HasPrefix(href, "/events/") {
				seen[href]++
			}
		}
		if older := got.byID("older"); older != nil && (attr(older, "hx-get") != attr(older, "href") || !strings.Contains(attr(older, "href"), "dataset=main")) {
			t.Errorf("the next page forgets something: %v", older.Attr)
		}
		path = attr(got.byID("older"), "href")
	}
	if len(seen) != 6 || seen["/events/deal-9"] != 2 {
		t.Errorf("the pages show %v", seen)
	}
}

func TestOverviewLooksAgain(t *testing.T) {
	p := serve(t, nil)
	first := p.browse("/")
	again := attr(first.byID("overview"), "hx-get")
	htmx := map[string]string{"HX-Request": "true"}
	if got := p.ask(asked{path: again, header: htmx}); got.status != http.StatusNoContent || got.header.Get("Capibara-Time") == "" {
		t.Errorf("nothing is new, and it is answered with %d, %v", got.status, got.header)
	}
	if got := p.browse(again); got.status != http.StatusOK || got.byID("overview") == nil {
		t.Errorf("a person who opens that address gets %d", got.status)
	}
	story(t, p)
	if got := p.read(asked{path: again, header: htmx}); got.status != http.StatusOK || attr(got.byID("overview"), "hx-get") == again {
		t.Errorf("something is new, and it is answered with %d", got.status)
	}
}

func TestStaticFiles(t *testing.T) {
	p := serve(t, nil)
	first := p.browse("/")
	paths := 0
	for _, n := range slices.Concat(first.all("link"), first.all("script"), first.all("img")) {
		path := attr(n, "href") + attr(n, "src")
		got := p.ask(asked{path: path})
		if got.status != http.StatusOK || !strings.Contains(got.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s is answered with %d, %s", path, got.status, got.header.Get("Cache-Control"))
		}
		old, _, _ := strings.Cut(path, "?")
		if got := p.ask(asked{path: old + "?v=old", header: map[string]string{"If-None-Match": got.header.Get("ETag")}}); got.status != http.StatusNotModified || got.header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s of another version is answered with %d, %s", old, got.status, got.header.Get("Cache-Control"))
		}
		paths++
	}
	if paths < 7 {
		t.Errorf("the page loads %d files", paths)
	}
	for path, says := range map[string]string{"/static/htmx.LICENSE": "Zero-Clause BSD", "/static/uplot.LICENSE": "Leon Sorokin"} {
		if got := p.ask(asked{path: path}); got.status != http.StatusOK || !strings.Contains(got.body, says) {
			t.Errorf("%s is answered with %d", path, got.status)
		}
	}
	if got := p.browse("/static/none.js"); got.status != http.StatusNotFound {
		t.Errorf("a file that is not there is answered with %d", got.status)
	}
}
