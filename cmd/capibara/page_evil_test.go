package main

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"capibara/audit"
)

// whatOthersSay looks at what files and Meta say where it would run as a part of the page. It is shown as it is.
func whatOthersSay(t *testing.T, h *pagedHome, v *visitor) {
	var sly audit.Event
	for _, e := range h.eventsOf("--source", "evil") {
		if strings.Contains(e.RecordKey, "<script>") {
			sly = e
		}
	}
	said := `document.body.innerText.replace(/\s+/g, " ").includes(%s)`
	for path, text := range map[string]string{
		"/files": evilFile, "/files/6": evil, "/events?source=evil": evil, "/events/" + sly.EventID: evil,
		"/events/" + h.eventsOf("--state", "rejected")[0].EventID: evil, "/batches/" + itoa(h.eventsOf("--state", "rejected")[0].Batch): evil,
		"/batches/1": evil, "/events/" + h.eventsOf("--state", "withdrawn")[0].EventID: "a test " + evil,
	} {
		v.open(path)
		js[bool](v, `document.querySelectorAll("details").forEach(d => d.open = true) || true`)
		if !js[bool](v, said, text) {
			t.Errorf("%s does not show %s as it is\n%s", path, text, v.where())
		}
	}
	v.open("/events?record_key=" + url.QueryEscape(evil))
	if got, want := js[[]string](v, rowsShown), []string{sly.EventName + " " + sly.EventID}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if value := js[string](v, `document.getElementById("f-record_key").value`); value != evil {
		t.Errorf("the field holds %q", value)
	}
	for _, path := range []string{"/events?batch=", "/rules?explain=", "/events/", "/files/"} {
		v.open(path + url.PathEscape(evil))
		if js[int](v, `document.querySelectorAll("img[src=x], main script").length`) != 0 {
			t.Errorf("%s takes what was asked for a part of the page", path)
		}
	}
	// That the page would notice is shown by what it does with the same text as a part of a page.
	js[bool](v, `document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=alert(5)>") || true`)
	eventually(t, "the violation is noted", func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		return slices.ContainsFunc(v.faults, func(f string) bool {
			return strings.Contains(f, "Content Security Policy") || strings.Contains(f, "policy was violated")
		})
	})
	v.open("/")
	v.mu.Lock()
	v.faults = slices.DeleteFunc(v.faults, func(f string) bool { return !strings.HasPrefix(f, "a dialog opened") })
	v.mu.Unlock()
}
