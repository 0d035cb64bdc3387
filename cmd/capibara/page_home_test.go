package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"capibara/audit"
	"capibara/uploader/sandbox"
)

// evil is text that runs in a page which takes a part of it for its own: in its content, in an attribute, in a script.
const evil = `"'><img src=x onerror=alert(1)><script>alert(2)</script>`

// evilFile is a name of a file that would run too.
const evilFile = `<img src=x onerror=alert(3)>.evil.csv`

const pagedConfig = `
time_zone: Europe/Amsterdam
datasets: {main: {id: "1234567890"}, shops: {id: "5555555555"}}
upload: {batch_events: 100, urgent: false}
schedule: {upload: "0 2 29 2 *"}
inbox: {poll: 1s, settle: 1s}
web: 127.0.0.1:0
sources:
  - name: evil
    files: ["*.evil.csv"]
    dataset: main
    record_key: [Key]
    action_source: physical_store
    event_name: Purchase
    decimal: "."
    columns: {email: Mail, event_time: Time, value: Total, currency: Currency, order_id: Order}
    custom_data: {note: Note}
  - name: large
    files: ["large-*.jsonl"]
    dataset: shops
    record_key: [receipt]
    action_source: physical_store
    event_name: Purchase
    decimal: "."
    limits: {value: {EUR: "50000"}}
    columns: {email: email, event_time: time, value: total, currency: currency, order_id: receipt}
  - name: deals
    files: ["*deals*.csv"]
    dataset: main
    record_key: [Opportunity ID]
    action_source: system_generated
    lead_event_source: Salesforce
    date_only_time: "12:00"
    currency: EUR
    country: NL
    columns: {email: "Contact: Email", phone: "Contact: Phone", value: Amount}
    events:
      - {name: sql_qualified, when: {Stage: [Proposal, Closed Won]}, event_time: SQL Date}
      - {name: deal_closed, when: {Stage: [Closed Won]}, event_time: Close Date, value: Amount}
  - name: tills
    files: ["pos-*.jsonl"]
    dataset: main
    record_key: [store, receipt, business_date]
    action_source: physical_store
    event_name: Purchase
    decimal: "."
    country: NL
    columns: {email: customer.email, phone: customer.phone, external_id: customer.loyalty_id, lead_id: lead, event_time: time, value: total, currency: currency, order_id: receipt}
`

// refusedLead is a lead_id that Meta alone can refuse.
const refusedLead = "1098765432101237"

// talker stands in for Meta, and puts a text into every message of its answers.
type talker struct {
	meta *sandbox.Sandbox
	says string
}

// ServeHTTP answers as the sandbox does, in other words.
func (s *talker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kept := httptest.NewRecorder()
	s.meta.ServeHTTP(kept, r)
	var answer map[string]any
	if json.Unmarshal(kept.Body.Bytes(), &answer) == nil {
		if e, ok := answer["error"].(map[string]any); ok {
			for _, name := range []string{"message", "error_user_title", "error_user_msg"} {
				e[name] = s.says
			}
		} else if _, ok := answer["events_received"]; ok {
			answer["messages"] = []string{s.says}
		}
	}
	for name, values := range kept.Header() {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(kept.Code)
	if answer == nil {
		_, _ = w.Write(kept.Body.Bytes())
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// pagedHome is a home whose ledger has a bit of everything, and the process that serves its page.
type pagedHome struct {
	*home
	meta *sandbox.Sandbox
	log  safeBuffer
	page string // its address, with a slash at its end
	pid  int    // of the process
}

// newPagedHome makes the home, fills its ledger and starts the process.
func newPagedHome(t *testing.T) *pagedHome {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("SKIPPED: Windows has no file of the name that is tried here")
	}
	h := &pagedHome{}
	s, err := sandbox.New(sandbox.Config{Seed: 1, Token: "secret", UnknownLeads: []string{refusedLead}})
	if err != nil {
		t.Fatal(err)
	}
	h.meta = s
	web := httptest.NewServer(&talker{meta: s, says: "Invalid " + evil})
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	h.home = &home{t: t, dir: t.TempDir(), url: web.URL}
	put(t, filepath.Join(h.dir, configName), pagedConfig)
	h.must("init")
	h.fill()
	h.serve()
	return h
}

// fill imports and uploads until there is something in most states.
func (h *pagedHome) fill() {
	h.t.Helper()
	dir := h.t.TempDir()
	now := time.Now()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		put(h.t, path, text)
		return path
	}
	at := func(days int) string { return now.AddDate(0, 0, -days).UTC().Format(time.RFC3339) }
	till := func(receipt, lead, when string) string {
		return fmt.Sprintf(`{"store":"S1","receipt":%q,"business_date":"2026-11-20","time":%q,"total":19.5,"currency":"EUR","lead":%q,"customer":{"email":"mary@example.com","phone":"+31201234567","loyalty_id":"L-77"}}`, receipt, when, lead) + "\n"
	}
	comma := strings.ReplaceAll(evil, `"`, `""`)
	// One lead is unknown to Meta, one record came too late, one day has more than a page of events.
	h.must("import", export(h.t, 400), file("pos-lead.jsonl", till("lead-1", refusedLead, at(1))+till("late-1", "", at(30))+till("kept-1", "", at(1))))
	h.must("upload")
	h.must("import", file("yesterdays-deals.csv", dealsReport(now, 12)+spoiltDeals()))
	h.must("import", file("todays-deals.csv", strings.ReplaceAll(dealsReport(now, 12), "900.50", "950.50")))
	h.must("withdraw", "--record-key", "006Qy00000Ka7cA", "--yes", "--note", "a test "+evil)
	h.try("import", file("other-deals.csv", "Opportunity,Stage\n1,Closed Won\n"))
	if err := h.meta.Queue(sandbox.FaultCutAfter); err != nil {
		h.t.Fatal(err)
	}
	h.try("upload") // its fate is unknown
	h.must("import", file(evilFile, `Key,Mail,Time,Total,Currency,Order,Note,"`+comma+`"`+"\n"+
		`"`+comma+`",eve@example.com,`+at(1)+`,12.50,EUR,"`+comma+`","`+comma+`",x`+"\n"+
		`javascript:alert(4),adam@example.com,`+at(1)+`,7,EUR,=1+1,"=HYPERLINK(""http://example.com"")",x`+"\n"+
		`"k`+comma+`",abel@example.com,"soon `+comma+`",7,EUR,3,"",x`+"\n"))
	h.must("import", file("large-sale.jsonl", `{"receipt":"G-1","email":"ann@example.com","time":"`+at(1)+`","total":99999,"currency":"EUR"}`+"\n"+
		`{"receipt":"G-2","email":"ben@example.com","time":"`+at(1)+`","total":9,"currency":"EUR"}`+"\n"))
}

var servedAt = regexp.MustCompile(`"page":"(http://127\.0\.0\.1:\d+/)"`)

// serve starts the process and waits until it serves the page.
func (h *pagedHome) serve() {
	h.t.Helper()
	cmd := h.command("run", "--log-level", "debug")
	cmd.Env = append(cmd.Env, "CAPIBARA_TOKEN_SHOPS=secret")
	cmd.Stderr = &h.log
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	h.pid = cmd.Process.Pid
	h.t.Cleanup(func() { kill(h.t, cmd) })
	eventually(h.t, "the page is served", func() bool {
		found := servedAt.FindSubmatch(h.log.Bytes())
		if found != nil {
			h.page = string(found[1])
		}
		return found != nil
	})
}

// says is what a command prints. It runs in this process and asks the one that has the database.
func (h *pagedHome) says(args ...string) string {
	h.t.Helper()
	var out, errs bytes.Buffer
	root := newRootCommand(&app{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, now: time.Now})
	root.SetArgs(append(args, "--home", h.dir))
	if err := root.ExecuteContext(h.t.Context()); err != nil {
		h.t.Fatalf("capibara %s: %v\n%s", strings.Join(args, " "), err, &errs)
	}
	return out.String()
}

// wholeList is a whole list as the command line knows it.
func wholeList[T any](h *pagedHome, args ...string) []T {
	h.t.Helper()
	var all []T
	for d := json.NewDecoder(strings.NewReader(h.says(append(args, "--output", "jsonl")...))); ; {
		var v T
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, v)
	}
}

// eventsOf are the events that the command line finds.
func (h *pagedHome) eventsOf(filters ...string) []audit.Event {
	h.t.Helper()
	return wholeList[audit.Event](h, append([]string{"history", "events"}, filters...)...)
}

// token makes a token of the page.
func (h *pagedHome) token(name, role string) string {
	h.t.Helper()
	return strings.TrimSpace(h.says("token", "page", "add", name, "--role", role))
}
