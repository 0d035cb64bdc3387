package web_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"capibara/audit"
	"capibara/audit/web"
	"capibara/event"
	"capibara/store"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the answers in docs/api.md anew")

// example is a command in the documentation, and what it answers.
var example = regexp.MustCompile("(?s)```sh\n(curl [^\n]+)\n```\n```json\n(.*?)```\n")

// TestAPIDocs runs the examples of docs/api.md and compares what they answer with what stands there.
func TestAPIDocs(t *testing.T) {
	t.Parallel()
	const path = "../../docs/api.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := serve(t, func(c *web.Config) { c.Ledger.(*ledger).documented(t) })
	p.setTokens(nil, token("rita", web.Reader), token("olga", web.Operator))
	n := 0
	written := example.ReplaceAllFunc(text, func(block []byte) []byte {
		n++
		found := example.FindSubmatch(block)
		got := p.run(string(found[1]))
		if diff := cmp.Diff(string(found[2]), got); diff != "" && !*update {
			t.Errorf("%s answers something else (-documented +answered):\n%s", found[1], diff)
		}
		return []byte("```sh\n" + string(found[1]) + "\n```\n```json\n" + got + "```\n")
	})
	if n < 15 || n != bytes.Count(text, []byte("```json")) {
		t.Errorf("%d examples were run", n)
	}
	for _, route := range reads {
		name, _, _ := strings.Cut(strings.TrimPrefix(route, "/api/v1/"), "/")
		if name, _, _ := strings.Cut(name, "?"); strings.HasPrefix(route, "/api/") && !bytes.Contains(text, []byte("/api/v1/"+name)) {
			t.Errorf("%s is not documented", route)
		}
	}
	if *update {
		if err := os.WriteFile(path, written, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

var (
	curlBody = regexp.MustCompile(`-d '([^']*)'`)
	curlPath = regexp.MustCompile(`\$PAGE([^\s"]+)`)
	jqPath   = regexp.MustCompile(`\| jq '([^']+)'`)
	jqStep   = regexp.MustCompile(`\.?([a-z_]+)|\[(-?\d+)\]`)
)

// run does what a command line with curl does, and with jq behind it.
func (p *place) run(command string) string {
	p.t.Helper()
	a := asked{path: curlPath.FindStringSubmatch(command)[1], header: map[string]string{"Authorization": "Bearer rita-secret"}}
	if strings.Contains(command, "$OPERATOR") {
		a.header["Authorization"] = "Bearer olga-secret"
	}
	if strings.Contains(command, "-X POST") {
		a.method = http.MethodPost
	}
	if body := curlBody.FindStringSubmatch(command); body != nil {
		a.method, a.body = http.MethodPost, body[1]
	}
	answer := json.RawMessage(p.ask(a).body)
	if jq := jqPath.FindStringSubmatch(command); jq != nil {
		for _, step := range jqStep.FindAllStringSubmatch(jq[1], -1) {
			answer = stepInto(p.t, answer, step[1], step[2])
		}
	}
	var out bytes.Buffer
	if err := json.Indent(&out, bytes.TrimSpace(answer), "", "  "); err != nil {
		p.t.Fatalf("%s: %v in %s", command, err, answer)
	}
	return out.String() + "\n"
}

func stepInto(t *testing.T, answer json.RawMessage, name, index string) json.RawMessage {
	t.Helper()
	if name != "" {
		var in map[string]json.RawMessage
		if err := json.Unmarshal(answer, &in); err != nil || in[name] == nil {
			t.Fatalf("there is no %s in %s", name, answer)
		}
		return in[name]
	}
	var in []json.RawMessage
	n, err := strconv.Atoi(index)
	if err != nil || json.Unmarshal(answer, &in) != nil || len(in) == 0 {
		t.Fatalf("there is no [%s] in %s", index, answer)
	}
	return in[(n+len(in))%len(in)]
}

// documented makes the ledger one that looks like somebody's work.
func (l *ledger) documented(t *testing.T) {
	t.Helper()
	fresh := bareLedger(t)
	rules := []audit.SourceRule{{Name: "deals", Files: []string{"*deals*.csv"}, Datasets: []string{"main"}, Mapping: "name: deals\n"}}
	l.db, l.Reader = fresh.db, audit.New(audit.Config{Store: fresh.db, Datasets: []audit.Dataset{{Alias: "main", ID: dataset, Live: true}},
		Graph: audit.GraphStatus{Version: "v26.0"}, Rules: func() []audit.SourceRule { return rules }, Now: func() time.Time { return noon.Add(time.Hour) }})
	l.file(t, "november-deals.csv", 1,
		l.record(2, "deal-1", "1200.00", "mary@example.com"), l.record(3, "deal-2", "80.50", "john@example.com"),
		store.Record{Line: 4, Fate: store.FateSkipped, Reason: event.ReasonStageNotMapped},
		store.Record{Line: 5, Fate: store.FateRejected, Reason: event.ReasonDateUnreadable, Column: "Close Date", RecordKey: "deal-4"})
	found, err := l.db.EventsByID(t.Context(), "deal-1")
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.db.Begin(t.Context(), store.Intent{Dataset: dataset, BodySHA256: sha256.Sum256([]byte("body")), Rows: []uint64{found[0].Seq}}, noon.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.db.Settle(t.Context(), store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged, Attempt: store.Attempt{
		EndedAt: noon.Add(time.Minute + time.Second), End: "acknowledged", HTTPStatus: 200, EventsReceived: 1, FBTraceID: "AbCdEfGhIjK"}}, noon.Add(time.Minute+time.Second)); err != nil {
		t.Fatal(err)
	}
	l.file(t, "more-deals.csv", 2, l.record(2, "deal-9", "99999.00", "ann@example.com"))
	if err := l.db.Halt(t.Context(), store.Halt{HaltKey: store.HaltKey{Kind: store.HaltFile, File: 2}, Reason: "It is worth 83 times as much as is usual."}, noon); err != nil {
		t.Fatal(err)
	}
}
