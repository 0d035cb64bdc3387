package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// typed is a person at a terminal: every line is typed when it is asked for, and seen.
type typed struct {
	lines []string
	seen  io.Writer
}

// Read types the next line.
func (p *typed) Read(b []byte) (int, error) {
	if len(p.lines) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.lines[0]+"\n")
	p.lines = p.lines[1:]
	_, err := p.seen.Write(b[:n])
	return n, err
}

// TestMapDialogue holds whole dialogues, and the configurations that come of them, to golden files.
func TestMapDialogue(t *testing.T) {
	t.Parallel()
	stages := "Ref,Client,Contact mail,Rep mail,Handy,Step,Signed,Worth\n" +
		"D-100,Windmill,anouk@example.com,kim@example.org,0612345678,Won,20.11.2026,1.250\n" +
		"D-101,Harbour,oliver@example.com,kim@example.org,,Won,09.11.2026,900\n" +
		"D-102,Pixel,sian@example.net,kim@example.org,,Qualified,19.11.2026,\n" +
		"D-103,Tulip,sanne@example.net,kim@example.org,,Lost,18.11.2026,\n"
	for _, tc := range []struct {
		name, file, text string
		answers          []string
		err              string
		config           string
	}{
		{name: "till", file: "till 2026-11-20.csv", text: "Receipt,Day,Gross,Net,Client,Mail,Phone\n" +
			"1001,2026-11-20,\"12,50\",\"10,00\",Mary Example,mary@example.com,+31 20 794 0001\n" +
			"1002,2026-11-20,\"7,00\",\"6,00\",John Sample,john@example.com,\n" +
			"1003,2026-11-21,\"1.120,00\",\"900,00\",Ann Test,ann@example.org,\n",
			answers: []string{"", "1", "Purchase", "1", "1", "7", "1", "euro", "eur", "nl", "", "*other*", "", "yes"}},
		{name: "stages", file: "pipeline.csv", text: stages,
			answers: []string{"5", "mail", "phone", "8", "value", "", "1", "deal_closed", "-", "", "1", "1", "2", "Our CRM", "2", "eur", "de", "deals", "", "yes"}},
		{name: "preset", file: "q4.csv", text: "Opportunity ID,Opportunity Name,Stage,Amount,Close Date,Contact: Email,Opportunity Owner\n" +
			"006Qy00000Ka7bAIAR,Lease,Closed Won,1200,03/04/2026,anouk@example.com,Robin Sample\n",
			answers: []string{"", "2", "usd", "", "", "no"}},
		{name: "taken", file: "sales.csv", text: "Opportunity ID,Opportunity Name,Stage,Amount,Close Date,Contact: Email,Currency\n" +
			"006Qy00000Ka7bAIAR,Lease,Closed Won,1200,2026-11-20,anouk@example.com,EUR\n",
			answers: []string{"1", "-", "", "7", "-", "7", "currency", "", "", "", "yes"}, config: "sources:\n  # the tills\n  - name: sales\n    files: [\"*sales*.csv\"]\n    dataset: main\n" +
				"    action_source: physical_store\n    event_name: Purchase\n"},
		{name: "gone", file: "till.csv", text: "Receipt,Day,Mail\n1,2026-11-20,a@example.com\n", answers: []string{"", "Lead", "1"}, err: "not answered to their end"},
		{name: "nobody", file: "till.csv", text: "Receipt,Day\n1,2026-11-20\n", answers: []string{""}, err: "no column of the file tells who the customer is"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path, config := filepath.Join(dir, tc.file), filepath.Join(dir, configName)
			for at, text := range map[string]string{path: tc.text, config: "datasets: {main: {id: \"1234567890\"}} # ours\n" + tc.config} {
				if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			a := &app{stdin: &typed{tc.answers, &out}, stdout: &out, stderr: &out, asks: true,
				now: func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }}
			root := newRootCommand(a)
			root.SetArgs([]string{"map", path, "--home", dir})
			err := root.ExecuteContext(t.Context())
			if (err != nil) != (tc.err != "") || err != nil && !strings.Contains(err.Error(), tc.err) {
				t.Errorf("error %v, want %q", err, tc.err)
			}
			after, rerr := os.ReadFile(config)
			if rerr != nil {
				t.Fatal(rerr)
			}
			got := strings.ReplaceAll(out.String()+"\n-- capibara.yaml --\n"+string(after), dir, "HOME")
			for _, value := range []string{"anouk", "Mary", "mary@", "794 0001", "0612345678"} {
				if strings.Contains(got, value) {
					t.Errorf("the dialogue shows %q", value)
				}
			}
			golden := filepath.Join("testdata", "golden", "map-"+tc.name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			if _, err := (&app{stdout: io.Discard, stderr: io.Discard, now: a.now, homeFlag: dir}).load(); err != nil {
				t.Errorf("the configuration cannot be read: %v", err)
			}
		})
	}
}
