package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// watchFocus keeps what had the focus, in order, and whether it was seen to have it.
const watchFocus = `(() => {
	window.order = [];
	document.addEventListener("focusin", e => {
		const s = getComputedStyle(e.target), box = e.target.getBoundingClientRect();
		window.order.push({what: name(e.target), seen: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && box.width > 0 && box.right > 0 && box.left < innerWidth});
	});
	function name(e) { return e.tagName + " " + (e.id || e.name || e.getAttribute("href") || e.innerText.slice(0, 30)) + " " + Array.from(document.querySelectorAll("*")).indexOf(e); }
	const all = Array.from(document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']")).filter(e => !e.disabled && e.checkVisibility({visibilityProperty: true}));
	return all.map(name);
})()`

// tabThrough goes through a page by the keyboard, and returns what is wrong.
func (v *visitor) tabThrough(path string) (wrong []string) {
	v.t.Helper()
	v.open(path)
	js[bool](v, `document.querySelectorAll("details").forEach(d => d.open = true) || true`)
	want := js[[]string](v, watchFocus)
	js[bool](v, `new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(() => drawn(true))))`)
	js[bool](v, `document.activeElement.blur() || (window.order = []) && true`)
	parts := js[int](v, `document.querySelectorAll("input[type=date]").length * 3`) // a date is entered in three parts, and picked
	v.press(strings.Repeat(kb.Tab, len(want)+parts+4))
	var got []string
	for _, o := range js[[]struct {
		What string
		Seen bool
	}](v, `window.order`) {
		if !o.Seen {
			wrong = append(wrong, "it cannot be seen that "+o.What+" has the focus")
		}
		if i, next := slices.Index(want, o.What), len(got); next > 0 && i != (slices.Index(want, got[next-1])+1)%len(want) {
			wrong = append(wrong, "the keyboard goes from "+got[next-1]+" to "+o.What)
		}
		got = append(got, o.What)
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			wrong = append(wrong, "the keyboard does not reach "+w)
		}
	}
	return wrong
}

func keyboardAlone(t *testing.T, h *pagedHome, v *visitor) {
	one := h.eventsOf("--event-name", "deal_closed")[0]
	pages := []string{"/", "/files/3", "/events?limit=5", "/events/" + one.EventID, "/search"}
	if thorough() {
		pages = append(pages, "/files", "/batches?limit=5", "/reports", "/rules", "/nowhere", "/sign-in")
	}
	for _, path := range pages {
		// On a busy machine the browser sometimes begins anew when a page has just been loaded. A fault of the page is there every time.
		var wrong []string
		for range 3 {
			if wrong = v.tabThrough(path); len(wrong) == 0 {
				break
			}
		}
		for _, w := range wrong {
			t.Errorf("%s: %s", path, w)
		}
	}

	v.open("/events")
	v.press(kb.Tab)
	if !js[bool](v, `document.activeElement.className === "skip" && document.activeElement.getBoundingClientRect().left >= 0`) {
		t.Error("the first thing is not a link to the content that can be seen")
	}
	v.press(kb.Enter)
	v.until("the content has the focus", `document.activeElement.id === "main"`)
	v.press(kb.Tab + kb.Enter) // the filters
	v.until("the filters are open", `document.querySelector("details.filters").open`)
	v.press(kb.Tab + kb.Tab + "deal_closed" + kb.Enter)
	v.until("the list is narrowed", `location.search === "?event_name=deal_closed" && document.activeElement.id === "results"`)
	for range 4 { // what is above the list, and its first event
		if v.press(kb.Tab); js[bool](v, `!!document.activeElement.closest("tbody")`) {
			break
		}
	}
	v.press(kb.Enter)
	v.until("the event is shown", `location.pathname === %s`, "/events/"+one.EventID)
	v.until("it is shown whole", `document.readyState === "complete"`)
	v.press(strings.Repeat(kb.Tab, 4) + kb.Enter) // skip, home, overview, files
	v.until("the files are shown", `location.pathname === "/files"`)
}
