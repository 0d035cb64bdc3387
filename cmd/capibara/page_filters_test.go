package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"capibara/audit"
)

// rowsShown are the entries that a page of a list shows: the name and id of events, the number of others.
const rowsShown = `Array.from(document.querySelectorAll("table.list tbody tr"), row => {
	const link = row.querySelector("th a"), id = row.querySelector("th .id");
	return id ? link.innerText.trim() + " " + id.innerText.trim() : link.getAttribute("href").split("/").pop();
})`

// rowsOf are events as rowsShown has them.
func rowsOf(events []audit.Event) []string {
	keys := []string{}
	for _, e := range events {
		keys = append(keys, e.EventName+" "+e.EventID)
	}
	return keys
}

func itoa(n uint64) string { return strconv.FormatUint(n, 10) }

func thisMonth() string { return time.Now().UTC().Format("2006-01") }

// narrow fills in the form of a list with nothing but these fields, sends it, and returns what is shown then.
func (v *visitor) narrow(form string, fields map[string]string) (rows []string) {
	v.t.Helper()
	js[bool](v, `(() => {
		const form = document.querySelector(%s), fields = %s || {};
		document.getElementById("list").dataset.old = "yes";
		form.closest("details").open = true;
		for (const field of form.querySelectorAll("input:not([type=hidden]), select")) {
			if (field.type === "checkbox") field.checked = fields[field.name] === "true";
			else field.value = fields[field.name] || "";
			if (fields[field.name] && field.type !== "checkbox" && field.value !== fields[field.name]) throw field.name + " does not take " + fields[field.name];
		}
		if (Object.keys(fields).some(name => !form.elements[name])) throw "there is no field for " + Object.keys(fields);
		form.querySelector("button[type=submit]").click();
		return true;
	})()`, form, fields)
	v.until("the list is shown anew", `!!document.querySelector("#list:not([data-old])")`)
	return js[[]string](v, rowsShown)
}

// firstPage are the first entries, as many as a page shows.
func firstPage(all []string) []string { return all[:min(len(all), 100)] }

func filtersOfEvents(t *testing.T, h *pagedHome, v *visitor) {
	today, day := time.Now().Format(time.DateOnly), time.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	some := h.eventsOf("--event-name", "deal_closed")[0]
	sent := h.eventsOf("--state", "acknowledged")[0]
	v.open("/events")
	for _, tc := range []struct {
		fields map[string]string
		args   string // of the command line
	}{
		{nil, ""},
		{map[string]string{"state": "pending"}, "--state pending"},
		{map[string]string{"state": "acknowledged"}, "--state acknowledged"},
		{map[string]string{"state": "rejected"}, "--state rejected"},
		{map[string]string{"state": "expired"}, "--state expired"},
		{map[string]string{"state": "withdrawn"}, "--state withdrawn"},
		{map[string]string{"state": "held"}, "--state held"},
		{map[string]string{"event_name": "sql_qualified"}, "--event-name sql_qualified"},
		{map[string]string{"since": day}, "--since " + day},
		{map[string]string{"until": day}, "--until " + day},
		{map[string]string{"since": day, "until": day, "event_name": "deal_closed"}, "--since " + day + " --until " + day + " --event-name deal_closed"},
		{map[string]string{"key": "kept-1"}, "--order-id kept-1"},
		{map[string]string{"key": some.RecordKey}, "--record-key " + some.RecordKey},
		{map[string]string{"record_key": some.RecordKey}, "--record-key " + some.RecordKey},
		{map[string]string{"record_key": "S1"}, "--record-key S1"}, // one of the columns of a record key
		{map[string]string{"order_id": "late-1"}, "--order-id late-1"},
		{map[string]string{"event_id": some.EventID}, "--event-id " + some.EventID},
		{map[string]string{"source": "large"}, "--source large"},
		{map[string]string{"dataset": "shops"}, "--dataset shops"},
		{map[string]string{"dataset": "1234567890"}, "--dataset 1234567890"},
		{map[string]string{"file": "3"}, "--file 3"},
		{map[string]string{"file": "todays-deals.csv"}, "--file todays-deals.csv"},
		{map[string]string{"batch": itoa(sent.Batch)}, "--batch " + itoa(sent.Batch)},
		{map[string]string{"changed": "true"}, "--changed"},
		{map[string]string{"event_id": "cb-none"}, "--event-id cb-none"},
		{map[string]string{"since": today, "state": "acknowledged", "source": "tills"}, "--since " + today + " --state acknowledged --source tills"},
	} {
		got, want := v.narrow("details.filters form", tc.fields), firstPage(rowsOf(h.eventsOf(strings.Fields(tc.args)...)))
		if !slices.Equal(got, want) {
			t.Errorf("%v: %d events, the command line lists %d with %q\n%.300q\n%.300q", tc.fields, len(got), len(want), tc.args, got, want)
		}
		if said := js[string](v, `document.getElementById("results").innerText`); len(want) == 0 && said != "No events." || len(want) > 0 && !strings.HasPrefix(said, strconv.Itoa(len(want))+" event") {
			t.Errorf("%v: the page says %q of %d events", tc.fields, said, len(want))
		}
		address := js[string](v, `location.search`)
		for name := range tc.fields {
			if !strings.Contains(address, name+"=") {
				t.Errorf("the address %q does not hold %s, so that it cannot be handed on", address, name)
			}
		}
		if strings.Count(address, "=") != len(tc.fields) {
			t.Errorf("the address %q holds more than %v", address, tc.fields)
		}
	}
	v.open("/events")
	for _, tc := range []struct {
		fields map[string]string
		args   []string
	}{
		{map[string]string{"email": "mary@example.com"}, []string{"--email", "mary@example.com"}},
		{map[string]string{"phone": "+31 20 123 4567"}, []string{"--phone", "+31 20 123 4567"}},
		{map[string]string{"external_id": "L-77"}, []string{"--external-id", "L-77"}},
		{map[string]string{"email": "stranger@example.com"}, []string{"--email", "stranger@example.com"}},
	} {
		got, want := v.narrow("#person form", tc.fields), rowsOf(h.eventsOf(tc.args...))
		if !slices.Equal(got, want) {
			t.Errorf("%v: %q, the command line lists %q", tc.args, got, want)
		}
	}
}

func filtersOfOthers(t *testing.T, h *pagedHome, v *visitor) {
	today := time.Now().Format(time.DateOnly)
	batches := wholeList[audit.Batch](h, "history", "batches")
	trace := batches[0].Attempts[0].FBTraceID
	if trace == "" {
		trace = batches[0].Attempts[len(batches[0].Attempts)-1].FBTraceID
	}
	numbers := map[string]func(args ...string) []string{
		"/batches": func(args ...string) (all []string) {
			for _, b := range wholeList[audit.Batch](h, append([]string{"history", "batches"}, args...)...) {
				all = append(all, itoa(b.Batch))
			}
			return all
		},
		"/files": func(args ...string) (all []string) {
			for _, f := range wholeList[audit.File](h, append([]string{"history", "files"}, args...)...) {
				all = append(all, itoa(f.File))
			}
			return all
		},
	}
	at := ""
	for _, tc := range []struct {
		path   string
		fields map[string]string
		args   string
	}{
		{"/batches", nil, ""},
		{"/batches", map[string]string{"state": "acknowledged"}, "--state acknowledged"},
		{"/batches", map[string]string{"state": "split"}, "--state split"},
		{"/batches", map[string]string{"state": "rejected"}, "--state rejected"},
		{"/batches", map[string]string{"state": "unknown"}, "--state unknown"},
		{"/batches", map[string]string{"since": today}, "--since " + today},
		{"/batches", map[string]string{"until": "2026-01-01"}, "--until 2026-01-01"},
		{"/batches", map[string]string{"dataset": "main"}, "--dataset main"},
		{"/batches", map[string]string{"dataset": "shops"}, "--dataset shops"},
		{"/batches", map[string]string{"batch": "2"}, "--batch 2"},
		{"/batches", map[string]string{"fbtrace_id": trace}, "--fbtrace-id " + trace},
		{"/files", nil, ""},
		{"/files", map[string]string{"file": "2"}, "--file 2"},
		{"/files", map[string]string{"file": "other-deals.csv"}, "--file other-deals.csv"},
		{"/files", map[string]string{"file": evilFile}, ""},
		{"/files", map[string]string{"source": "deals"}, "--source deals"},
		{"/files", map[string]string{"since": today}, "--since " + today},
		{"/files", map[string]string{"until": "2026-01-01"}, "--until 2026-01-01"},
	} {
		if tc.path != at {
			at = tc.path
			v.open(at)
		}
		got, want := v.narrow("details.filters form", tc.fields), []string(nil)
		if tc.fields["file"] == evilFile {
			want = numbers[tc.path]("--file", evilFile)
		} else {
			want = numbers[tc.path](strings.Fields(tc.args)...)
		}
		if !slices.Equal(got, firstPage(want)) {
			t.Errorf("%s %v: %q, the command line lists %q", tc.path, tc.fields, got, want)
		}
	}
}

func unreadableFilter(t *testing.T, _ *pagedHome, v *visitor) {
	v.open("/events")
	v.narrow("details.filters form", map[string]string{"batch": "twelve"})
	if !js[bool](v, `(() => { const field = document.getElementById("f-batch");
		return field.value === "twelve" && field.getAttribute("aria-invalid") === "true" && field.getAttribute("aria-describedby").split(" ").some(id => document.getElementById(id).innerText.length > 10) && field.checkVisibility() })()`) {
		t.Errorf("what is wrong is not said beside the field:\n%s", v.where())
	}
	v.narrow("details.filters form", map[string]string{"dataset": "nowhere"})
	if said := js[string](v, `document.getElementById("results").innerText`); !strings.Contains(said, "main, shops") {
		t.Errorf("which datasets there are is not said: %q", said)
	}
	v.narrow("#person form", map[string]string{"email": "no address"})
	if !js[bool](v, `document.getElementById("f-email").getAttribute("aria-invalid") === "true" && document.getElementById("f-email").checkVisibility()`) {
		t.Errorf("that this is no e-mail address is not said beside it:\n%s", v.where())
	}
}
