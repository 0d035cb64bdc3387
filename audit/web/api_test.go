package web_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"capibara/audit"
	"capibara/audit/web"
	"capibara/store"
)

// TestAPIErrors asks what cannot be answered.
func TestAPIErrors(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	p.setTokens(nil, token("olga", web.Operator))
	p.ledger.busy = true
	for _, tc := range []struct {
		name, method, path, body string
		want                     int
		says                     string
	}{
		{"a filter that there is not", "", "/api/v1/events?colour=red", "", 400, `no filter "colour"`},
		{"a filter that there is not, of a report", "", "/api/v1/report?year=2026", "", 400, `no filter "year"`},
		{"an instant that is none", "", "/api/v1/events?since=yesterday", "", 400, "since: write an instant"},
		{"a state that there is not", "", "/api/v1/batches?state=lost", "", 400, "state: "},
		{"a page that is too long", "", "/api/v1/events?limit=5001", "", 400, "limit: a page holds"},
		{"a month that is none", "", "/api/v1/report?month=November", "", 400, "month: write a month"},
		{"an event that there is not", "", "/api/v1/events/nothing", "", 404, "nothing"},
		{"a batch that there is not", "", "/api/v1/batches/12", "", 404, "12"},
		{"a file that is no number", "", "/api/v1/files/deals.csv", "", 400, "number"},
		{"a question that there is not", "", "/api/v1/colours", "", 404, "no such question"},
		{"no body", "POST", "/api/v1/search", "", 400, "the body cannot be read"},
		{"half a body", "POST", "/api/v1/search", `{"email":"mary@example.com"`, 400, "the body cannot be read"},
		{"two bodies", "POST", "/api/v1/search", `{"email":"mary@example.com"}{}`, 400, "the body cannot be read"},
		{"a field that there is not", "POST", "/api/v1/search", `{"mail":"mary@example.com"}`, 400, "the body cannot be read"},
		{"an address that is none", "POST", "/api/v1/search", `{"email":"mary"}`, 400, "email: this does not look like"},
		{"find and a filter", "POST", "/api/v1/search", `{"find":"x","state":"pending"}`, 400, "find stands alone"},
		{"too much", "POST", "/api/v1/search", `{"find":"` + strings.Repeat("x", 70<<10) + `"}`, 413, "too much"},
		{"nothing that is halted", "POST", "/api/v1/allow", `{"kind":"file"}`, 400, "nothing that is halted"},
		{"an upload beside another", "POST", "/api/v1/upload", "", 409, "under way already"},
		{"what is not halted", "POST", "/api/v1/allow", `{"kind":"file","file":1}`, 404, "not"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := p.ask(asked{method: tc.method, path: tc.path, body: tc.body, header: map[string]string{"Authorization": "Bearer olga-secret"}})
			f := got.failure(t)
			if got.status != tc.want || !strings.Contains(f.Error, tc.says) {
				t.Errorf("it is answered with %d: %s", got.status, got.body)
			}
			if strings.Contains(got.body, "mary") {
				t.Errorf("the answer repeats what was asked: %s", got.body)
			}
		})
	}
	if log := p.log.String(); strings.Contains(log, "mary") || strings.Contains(log, "olga-secret") {
		t.Errorf("the log says\n%s", log)
	}
}

// TestAPIAnswers compares what the API answers with what the reader does.
func TestAPIAnswers(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	p.setTokens(nil, token("rita", web.Reader), token("olga", web.Operator))
	ask := func(a asked, who string, into any) {
		t.Helper()
		a.header = map[string]string{"Authorization": "Bearer " + who + "-secret"}
		got := p.ask(a)
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
			t.Fatalf("%s is answered with %d: %s", a.path, got.status, got.body)
		}
		if strings.ContainsAny(got.body, "<>") {
			t.Errorf("%s holds marks of HTML: %s", a.path, got.body)
		}
		if err := json.Unmarshal([]byte(got.body), into); err != nil {
			t.Fatalf("%s: %v", a.path, err)
		}
	}
	var events, more audit.List[audit.Event]
	ask(asked{path: "/api/v1/events?limit=2"}, "rita", &events)
	if len(events.Items) != 2 || events.Next == nil {
		t.Fatalf("the first page is %+v", events)
	}
	ask(asked{path: "/api/v1/events?limit=2&cursor=" + *events.Next}, "rita", &more)
	if len(more.Items) != 1 || more.Next != nil || more.Items[0].FileName != evil+".csv" {
		t.Errorf("the second page is %+v", more)
	}
	want, err := p.ledger.Reader.Events(t.Context(), audit.Query{})
	if err != nil || !reflect.DeepEqual(append(events.Items, more.Items...), want.Items) {
		t.Errorf("the API lists %+v, and the reader %+v, %v", events, want, err)
	}
	var files audit.List[audit.File]
	ask(asked{path: "/api/v1/files?source=deals"}, "rita", &files)
	if len(files.Items) != 2 || files.Items[1].Name != evil+".csv" {
		t.Errorf("the files are %+v", files)
	}
	var found audit.List[audit.Event]
	ask(asked{method: "POST", path: "/api/v1/search", body: `{"email":"MARY@example.com","state":"pending"}`}, "rita", &found)
	var box audit.Found
	ask(asked{method: "POST", path: "/api/v1/search", body: `{"find":"deal-3"}`}, "rita", &box)
	if len(found.Items) != 3 || len(box.Events.Items) != 1 {
		t.Errorf("the search finds %d and %d", len(found.Items), len(box.Events.Items))
	}
	if got := p.ledger.lookUps; len(got) != 1 || got[0] != "rita" {
		t.Errorf("people were looked for by %v", got)
	}
	// An operator lets go what the status says is halted.
	var st audit.Status
	ask(asked{path: "/api/v1/status"}, "olga", &st)
	if len(st.Halts) != 1 {
		t.Fatalf("what is halted: %+v", st.Halts)
	}
	body, err := json.Marshal(map[string]any{"kind": st.Halts[0].Kind, "source": st.Halts[0].Source, "file": st.Halts[0].File})
	if err != nil {
		t.Fatal(err)
	}
	var let struct{ Events uint64 }
	ask(asked{method: "POST", path: "/api/v1/allow", body: string(body)}, "olga", &let)
	if let.Events != 1 {
		t.Errorf("%d events were let go", let.Events)
	}
}

// TestCSV reads lists as a spreadsheet does.
func TestCSV(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	got := p.ask(asked{path: "/events.csv?source=deals"})
	rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	if err != nil || got.status != http.StatusOK || len(rows) != 4 || got.header.Get("Content-Type") != "text/csv; charset=utf-8" ||
		got.header.Get("Content-Disposition") != `attachment; filename="events.csv"` {
		t.Fatalf("%d %v: %s, %v", got.status, got.header, got.body, err)
	}
	if rows[0][0] != "event_id" || rows[2][0] != "'=cmd|' /C calc'!A1" {
		t.Errorf("the rows are %q", rows)
	}
	if got := p.ask(asked{path: "/files.csv"}); strings.Count(got.body, "\n") != 3 {
		t.Errorf("the files are %s", got.body)
	}
	if got := p.ask(asked{path: "/events.csv?limit=1"}); strings.Count(got.body, "\n") != 2 {
		t.Errorf("one event is %s", got.body)
	}
	person := form("email", "mary@example.com")
	person.path = "/events.csv"
	if got := p.ask(person); got.status != http.StatusOK || strings.Count(got.body, "\n") != 4 {
		t.Errorf("those of a person are %d: %s", got.status, got.body)
	}
	if got := p.ledger.lookUps; len(got) != 1 || got[0] != web.OnThisComputer {
		t.Errorf("people were looked for by %v", got)
	}
	for _, path := range []string{"/events.csv?colour=red", "/events.csv?since=x", "/events.csv?file=99"} {
		if got := p.ask(asked{path: path}); got.status < 400 || strings.Contains(got.header.Get("Content-Type"), "csv") {
			t.Errorf("%s is answered with %d", path, got.status)
		}
	}
}

// TestCSVOfManyPages reads a list that does not fit into one page, and one that breaks off: that must not pass for a whole one.
func TestCSVOfManyPages(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	var records []store.Record
	for i := range 2500 {
		records = append(records, p.ledger.record(uint64(i+2), fmt.Sprint("many-", i), "1", "mary@example.com"))
	}
	p.ledger.file(t, "many.csv", 3, records...)
	if got := p.ask(asked{path: "/events.csv"}); strings.Count(got.body, "\n") != 2504 {
		t.Errorf("%d lines", strings.Count(got.body, "\n"))
	}
	pages := 0
	p.ledger.mu.Lock()
	p.ledger.before = func() {
		if pages++; pages == 3 {
			panic("the third page")
		}
	}
	p.ledger.mu.Unlock()
	if got, err := p.try(asked{path: "/events.csv"}); err == nil {
		t.Errorf("half a list ends as a whole one, with %d lines", strings.Count(got.body, "\n"))
	}
}

// TestReportPage lets the style of the page through by its hash, and nothing else.
func TestReportPage(t *testing.T) {
	t.Parallel()
	p := serve(t, nil)
	got := p.ask(asked{path: "/report?month=2026-11"})
	_, rest, _ := strings.Cut(got.body, "<style>")
	style, _, found := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"
	if policy := got.header.Get("Content-Security-Policy"); !found || !strings.Contains(policy, want) || strings.Contains(policy, "script-src") {
		t.Errorf("the policy is %s, want %s", policy, want)
	}
	if got.status != http.StatusOK || strings.Contains(got.body, "<script") || !strings.Contains(got.body, "Report: November 2026") {
		t.Errorf("%d: %s", got.status, got.body)
	}
}
