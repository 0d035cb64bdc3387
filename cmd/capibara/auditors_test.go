package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"capibara/uploader/sandbox"
)

// TestGuideForAuditors runs the commands of docs/for-auditors.md that have an answer there, on the ledger that it tells of, and compares.
func TestGuideForAuditors(t *testing.T) {
	t.Parallel()
	_, web := meta(t, sandbox.Config{Seed: 1})
	dir := t.TempDir()
	run := func(args ...string) string {
		var out, said bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &out, stderr: &said, now: time.Now}
		root := newRootCommand(a)
		root.SetArgs(append(args, "--home", dir, "--config", filepath.Join(dir, configName)))
		if err := root.ExecuteContext(t.Context()); err != nil && exitCode(err) != exitRejected {
			t.Fatalf("capibara %s: %v\n%s", strings.Join(args, " "), err, said.String())
		}
		return out.String()
	}
	closed, old := time.Now().AddDate(0, 0, -2).UTC().Format(time.RFC3339), time.Now().AddDate(0, 0, -20).UTC().Format(time.RFC3339)
	const header = "Deal,Closed,Amount,Currency,Email\n"
	for name, text := range map[string]string{
		configName: `time_zone: Europe/Amsterdam
datasets: {main: {id: "1234567890", access_token_file: token.txt}}
graph: {base_url: "` + web.URL + `"}
sources:
  - name: deals
    files: ["*deals*.csv"]
    dataset: main
    record_key: [Deal]
    action_source: system_generated
    lead_event_source: CRM
    event_name: deal_closed
    columns: {event_time: Closed, value: Amount, currency: Currency, email: Email}
`,
		"token.txt": "secret\n",
		"deals-november.csv": header + "4711," + closed + ",1250.00,EUR,mary@example.com\n4712," + closed + ",80.00,EUR,john@example.com\n" +
			"4713," + old + ",15.00,EUR,ann@example.com\n4714,soon,15.00,EUR,joe@example.com\n",
		"deals-later.csv": header + "4711," + closed + ",1300.00,EUR,mary@example.com\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run("init")
	run("import", filepath.Join(dir, "deals-november.csv"))
	run("upload")
	run("import", filepath.Join(dir, "deals-later.csv"))

	answers := guideAnswers(guides(t)["for-auditors.md"])
	if len(answers) < 8 {
		t.Fatalf("the page shows only %d answers", len(answers))
	}
	for _, a := range answers {
		got := steady(run(strings.Fields(a.command)...))
		for _, part := range strings.Split(steady(a.answer), "…\n") {
			at := strings.Index(got, part)
			if at < 0 {
				t.Errorf("`capibara %s` does not answer\n%s\nbut\n%s", a.command, part, got)
				break
			}
			got = got[at+len(part):]
		}
	}
}

// guideAnswer is a command of a page with what it answers there.
type guideAnswer struct{ command, answer string }

// guideAnswers are the commands of a page below which an answer stands.
func guideAnswers(page string) []guideAnswer {
	var all []guideAnswer
	inside := false
	for _, line := range strings.Split(page, "\n") {
		text, indented := strings.CutPrefix(line, "    ")
		command, asks := strings.CutPrefix(text, "./capibara ")
		switch {
		case indented && asks:
			all, inside = append(all, guideAnswer{command: command}), true
		case inside && (indented || line == ""):
			all[len(all)-1].answer += text + "\n"
		default:
			inside = false
		}
	}
	var answered []guideAnswer
	for _, a := range all {
		if a.answer = strings.TrimLeft(strings.TrimRight(a.answer, "\n")+"\n", "\n"); a.answer != "" && !strings.Contains(a.command, "#") {
			answered = append(answered, a)
		}
	}
	return answered
}

// volatile is what differs from one run to the next.
var volatile = []struct {
	find *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`TIME, for \d+s`), "TIME"},
	{regexp.MustCompile(`[0-9a-f]{64}`), "SUM"},
	{regexp.MustCompile(`"event_time": \d+`), `"event_time": N`},
	{regexp.MustCompile(`fbtrace_id \S+`), "fbtrace_id ID"},
	{regexp.MustCompile(`(?m) +$`), ""},
}

// steady is an answer without what differs from one run to the next.
func steady(s string) string {
	for _, v := range volatile {
		s = v.find.ReplaceAllString(s, v.as)
	}
	return s
}
