package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/audit"

	"github.com/chromedp/chromedp"
)

// TestPage opens the page of a running process in a browser, as people do. The browser fails it for every dialog, exception,
// violation of the policy and request that leaves the machine. The plain run looks at the pages alone; where a browser is insisted
// on, all of it is tried.
func TestPage(t *testing.T) {
	findBrowser(t)
	h := newPagedHome(t)
	v := visit(t, h.page, 5*time.Minute)
	for _, tc := range []struct {
		name string
		look func(*testing.T, *pagedHome, *visitor)
	}{
		{"every page", everyPage},
		{"filters of events", filtersOfEvents},
		{"filters of batches and files", filtersOfOthers},
		{"a filter that cannot be read", unreadableFilter},
		{"paging", paging},
		{"without scripts", withoutScripts},
		{"a person", aPerson},
		{"the search", theSearch},
		{"the keyboard alone", keyboardAlone},
		{"what files and Meta say", whatOthersSay},
		{"lists as CSV", listsAsCSV},
		{"dark and on paper", darkAndOnPaper},
		{"a reader", aReader}, // from here on everybody signs in
		{"an operator", anOperator},
	} {
		if !thorough() && tc.name != "every page" && tc.name != "what files and Meta say" {
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			v := v.with(t)
			v.size(1280, 800)
			h.t = t
			tc.look(t, h, v)
		})
	}
}

// thorough reports whether a test may take its time, as it does where a browser is insisted on.
func thorough() bool { return os.Getenv("CAPIBARA_BROWSER_TESTS") == "required" }

// addresses are those of all pages that are there without a token, each with the status of its answer.
func (h *pagedHome) addresses() map[string]int64 {
	h.t.Helper()
	all := map[string]int64{"/": 200, "/files": 200, "/events?limit=20": 200, "/batches": 200, "/search": 200, "/reports": 200, "/report?month=" + thisMonth(): 200,
		"/rules": 200, "/rules?explain=2804003": 200, "/rules?explain=nonsense": 200, "/sign-in": 200, "/nowhere": 404, "/upload": 403, "/allow?kind=events&file=7": 403,
		"/events?state=nonsense": 400, "/events?batch=x": 400, "/files/99": 404, "/events/none": 404, "/batches?state=held": 200}
	for _, f := range wholeList[audit.File](h, "history", "files") {
		all["/files/"+itoa(f.File)] = 200
	}
	states := map[string]bool{}
	for _, e := range h.eventsOf() {
		if !states[e.State] {
			states[e.State] = true
			all["/events/"+e.EventID] = 200
		}
	}
	for _, b := range wholeList[audit.Batch](h, "history", "batches") {
		if b.Events < 50 && !states["batch "+b.State] {
			states["batch "+b.State] = true
			all["/batches/"+itoa(b.Batch)] = 200
		}
	}
	return all
}

func everyPage(t *testing.T, h *pagedHome, v *visitor) {
	for path, want := range h.addresses() {
		v.size(1280, 800)
		if status := v.open(path); status != want {
			t.Errorf("%s: status %d, want %d", path, status, want)
		}
		seen := js[struct {
			Title, H1, Lang                       string
			Mains, Headings, Foreign, Over, Empty int
		}](v, `({title: document.title, h1: (document.querySelector("h1") || {innerText: ""}).innerText, lang: document.documentElement.lang,
			mains: document.querySelectorAll("main, body > h1").length, headings: document.querySelectorAll("h1").length,
			foreign: document.querySelectorAll("img[src=x], script:not([src]), [onerror], [onload], [style*=expression], a[href^='javascript:' i]").length,
			over: document.documentElement.scrollWidth - innerWidth, empty: Array.from(document.querySelectorAll("a, button")).filter(e => !(e.textContent || e.ariaLabel || "").trim()).length})`)
		if seen.Title == "" || seen.H1 == "" || seen.Lang != "en" || seen.Mains != 1 || seen.Headings != 1 || seen.Foreign != 0 || seen.Empty != 0 || seen.Over > 0 {
			t.Errorf("%s: %+v", path, seen)
		}
		// A phone-sized window: nothing but a table or a body of JSON is ever moved sideways.
		v.do(chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch))
		if over := js[int](v, `Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - innerWidth`); over > 0 {
			wide := js[string](v, `Array.from(document.querySelectorAll("body *")).filter(e => e.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map(e => e.outerHTML.slice(0, 200)).join("\n")`)
			t.Errorf("%s is %d pixels wider than a phone:\n%s", path, over, wide)
		}
	}
}

func paging(t *testing.T, h *pagedHome, v *visitor) {
	all := h.eventsOf()
	if len(all) < 250 {
		t.Fatalf("%d events are not enough for three pages", len(all))
	}
	v.open("/events")
	js[bool](v, `window.unloaded = false, addEventListener("pagehide", () => window.unloaded = true), window.same = true`)
	var seen []string
	for page := 0; ; page++ {
		seen = append(seen, js[[]string](v, rowsShown)...)
		if !js[bool](v, `!!document.getElementById("older")`) {
			break
		}
		first := js[string](v, `document.querySelector("table.list tbody tr").innerText`)
		v.do(chromedp.Click(chromedp.CSS("#older")))
		v.until("the next page is shown", `document.querySelector("table.list tbody tr").innerText !== %s`, first)
		v.until("the results have the focus", `document.activeElement && document.activeElement.id === "results"`)
		v.until("the list is ready, and nobody is told to wait for it", `document.getElementById("list").getAttribute("aria-busy") === "false"`)
		v.until("screen readers are told", `document.getElementById("announce").innerText.includes("event")`)
		if !strings.Contains(js[string](v, `location.search`), "cursor=") {
			t.Errorf("the address of page %d does not name it", page+2)
		}
	}
	if want := rowsOf(all); !slices.Equal(seen, want) {
		t.Errorf("%d events on all pages, and the command line lists %d", len(seen), len(want))
	}
	if !js[bool](v, `window.same === true`) {
		t.Error("the pages were loaded anew")
	}
	v.do(chromedp.NavigateBack())
	v.until("the page before is shown again", `%s === Array.from(document.querySelectorAll("table.list tbody tr th .id"), e => e.innerText.trim())[0]`, strings.Fields(rowsOf(all)[100])[1])
	v.do(chromedp.Click(chromedp.CSS("#newest")))
	v.until("the first page is shown again", `!location.search && %s === Array.from(document.querySelectorAll("table.list tbody tr th .id"), e => e.innerText.trim())[0]`, all[0].EventID)
	for _, list := range []string{"/batches", "/files"} {
		v.open(list + "?limit=3")
		n := 0
		for ; js[bool](v, `!!document.getElementById("older")`); n++ {
			first := js[string](v, `document.querySelector("table.list tbody tr").innerText`)
			v.do(chromedp.Click(chromedp.CSS("#older")))
			v.until("the next page is shown", `document.querySelector("table.list tbody tr").innerText !== %s`, first)
		}
		if n < 2 {
			t.Errorf("%s has %d pages", list, n+1)
		}
	}
}

func withoutScripts(t *testing.T, h *pagedHome, v *visitor) {
	v.scripts(false)
	defer v.scripts(true)
	all := rowsOf(h.eventsOf())
	v.open("/events")
	if js[bool](v, `!!window.htmx`) {
		t.Fatal("scripts run all the same")
	}
	got := js[[]string](v, rowsShown)
	for js[bool](v, `!!document.getElementById("older")`) {
		cursor := js[string](v, `document.getElementById("older").href`)
		v.do(chromedp.Click(chromedp.CSS("#older")))
		v.until("the next page is loaded", `location.href === %s && document.readyState === "complete"`, cursor)
		got = append(got, js[[]string](v, rowsShown)...)
	}
	if !slices.Equal(got, all) {
		t.Errorf("%d events on all pages, and the command line lists %d", len(got), len(all))
	}
	v.open("/events")
	v.do(chromedp.Click(chromedp.CSS("details.filters summary")), chromedp.SetValue(chromedp.CSS("#f-event_name"), "deal_closed"), chromedp.Click(chromedp.CSS("details.filters button")))
	v.until("the list is narrowed", `location.search === "?event_name=deal_closed" && document.readyState === "complete"`)
	if got, want := js[[]string](v, rowsShown), rowsOf(h.eventsOf("--event-name", "deal_closed")); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	v.open("/search")
	v.do(chromedp.SendKeys(chromedp.CSS("#find"), "anouk@example.com\r"))
	v.until("the person is found", `document.querySelectorAll("table.list tbody tr").length === %s`, len(h.eventsOf("--email", "anouk@example.com")))
	v.open("/")
	if !js[bool](v, `document.querySelector("details[data-behind-chart]").open`) {
		t.Error("without a chart its table is closed")
	}
}

func aPerson(t *testing.T, h *pagedHome, v *visitor) {
	const secret, number = "anouk@example.com", "+31 20 794 0000"
	before := len(v.requests())
	want := rowsOf(h.eventsOf("--email", secret))
	if len(want) == 0 {
		t.Fatal("the command line finds nobody")
	}
	for name, typed := range map[string]string{"email": secret, "phone": number} {
		v.open("/events")
		v.do(chromedp.Click(chromedp.CSS("#person summary")), chromedp.SendKeys(chromedp.CSS("#f-"+name), typed+"\r"))
		v.until("the person is found", `!!document.querySelector("#person[open]") && document.querySelectorAll("table.list tbody tr").length === %s`, len(want))
		if got := js[[]string](v, rowsShown); !slices.Equal(got, want) {
			t.Errorf("by %s: %q, want %q", name, got, want)
		}
		if at := js[string](v, `location.href`); at != strings.TrimSuffix(h.page, "/")+"/events" {
			t.Errorf("the address is %s", at)
		}
	}
	v.open("/")
	v.do(chromedp.SendKeys(chromedp.CSS("#box"), secret+"\r"))
	v.until("the person is found by the box", `location.pathname === "/search" && document.querySelectorAll("table.list tbody tr").length === %s`, len(want))
	for _, asked := range v.requests()[before:] {
		plain, err := url.QueryUnescape(asked)
		if err != nil {
			plain = asked
		}
		for _, trace := range []string{"anouk", "7940000", "794 0000"} {
			if strings.Contains(strings.ToLower(plain), trace) {
				t.Errorf("the person stands in an address: %s", asked)
			}
		}
	}
	for _, trace := range []string{"anouk", "794 0000", "7940000", "794%200000"} {
		if strings.Contains(strings.ToLower(string(h.log.Bytes())), trace) {
			t.Errorf("the log of the process names the person: %s", trace)
		}
	}
	if status := v.open("/events?email=" + url.QueryEscape("nobody@example.com")); status != http.StatusBadRequest {
		t.Errorf("an address with a person is answered with %d", status)
	}
}

func theSearch(t *testing.T, h *pagedHome, v *visitor) {
	one := h.eventsOf("--event-name", "deal_closed")[0]
	batch := wholeList[audit.Batch](h, "history", "batches")[0]
	for typed, path := range map[string]string{one.EventID: "/events/" + one.EventID, one.RecordKey: "/events/" + one.EventID, itoa(batch.Batch): "/batches/" + itoa(batch.Batch),
		batch.Attempts[len(batch.Attempts)-1].FBTraceID: "/batches/" + itoa(batch.Batch), "todays-deals.csv": "/files/4", "kept-1": "/events/" + h.eventsOf("--order-id", "kept-1")[0].EventID} {
		v.open("/search")
		v.do(chromedp.SendKeys(chromedp.CSS("#find"), typed+"\r"))
		v.until(typed+" is found", `document.querySelector("#find").value === %s && Array.from(document.querySelectorAll("#list table a")).some(a => a.getAttribute("href") === %s)`, typed, path)
	}
	v.open("/search")
	v.do(chromedp.SendKeys(chromedp.CSS("#find"), "no such thing\r"))
	v.until("nothing is found, and what to do is said", `document.getElementById("results").innerText.includes("Nothing was found") && document.querySelectorAll("#list li").length > 2`)
}

func listsAsCSV(t *testing.T, h *pagedHome, v *visitor) {
	for _, list := range []struct{ path, query, args string }{
		{"/events.csv", "", "history events"}, {"/batches.csv", "", "history batches"}, {"/files.csv", "", "history files"},
		{"/events.csv", "?event_name=deal_closed", "history events --event-name deal_closed"}, {"/events.csv", "?source=evil", "history events --source evil"},
	} {
		v.open(strings.TrimSuffix(list.path, ".csv") + list.query)
		link := js[string](v, `Array.from(document.querySelectorAll(".head a")).find(a => a.innerText === "As CSV").getAttribute("href")`)
		if link != list.path+list.query {
			t.Errorf("the link to the CSV is %s", link)
		}
		got := js[string](v, `fetch(%s).then(r => r.text())`, link)
		if want := h.says(append(strings.Fields(list.args), "--output", "csv")...); strings.TrimPrefix(got, "\ufeff") != strings.TrimPrefix(want, "\ufeff") {
			t.Errorf("%s%s: %.300q, the command line says %.300q", list.path, list.query, got, want)
		}
	}
}

func darkAndOnPaper(t *testing.T, _ *pagedHome, v *visitor) {
	defer v.media("", "light")
	looks := func() (l struct {
		Back, Ink [3]float64
		Nav, Box  string
	}) {
		text := js[string](v, `(() => { const rgb = s => s.match(/[\d.]+/g).slice(0, 3).map(Number), s = getComputedStyle(document.body);
			return JSON.stringify({back: rgb(s.backgroundColor), ink: rgb(s.color), nav: getComputedStyle(document.querySelector("nav")).display, box: getComputedStyle(document.querySelector("form.box, form[role=search]")).display}) })()`)
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		return l
	}
	v.media("", "light")
	v.open("/")
	if l := looks(); l.Back[1] < 200 || l.Ink[1] > 80 {
		t.Errorf("by day: %+v", l)
	}
	v.media("", "dark") // while the page is open
	if l := looks(); l.Back[1] > 60 || l.Ink[1] < 200 {
		t.Errorf("in the dark: %+v", l)
	}
	if bars := js[int](v, `document.querySelectorAll(".chart canvas").length`); bars == 0 {
		t.Error("in the dark the chart is gone")
	}
	v.media("print", "dark")
	if l := looks(); l.Back != [3]float64{255, 255, 255} || l.Ink != [3]float64{0, 0, 0} || l.Nav != "none" || l.Box != "none" {
		t.Errorf("on paper: %+v", l)
	}
	for _, path := range []string{"/", "/files/3", "/report?month=" + thisMonth()} {
		v.open(path)
		if over := js[int](v, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
			t.Errorf("%s is cut off on paper", path)
		}
	}
}
