package main

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"capibara/importer/receipt"
	"capibara/uploader/sandbox"

	"github.com/xuri/excelize/v2"
)

const (
	yesterdaysReport = "report1795564800000.csv"
	todaysReport     = "report1795651200000.csv"
)

// TestPictures takes the pictures of docs/for-sales-ops.md and of the README when CAPIBARA_PICTURES names the folder for them. What is
// seen is what the command prints and writes, in a home that is made for it; people and deals in it are invented.
func TestPictures(t *testing.T) {
	out := os.Getenv("CAPIBARA_PICTURES")
	if out == "" {
		t.Skip("SKIPPED: CAPIBARA_PICTURES names no folder for the pictures")
	}
	if !filepath.IsAbs(out) { // from the root of the repository, as the command is given there
		var err error
		if out, err = filepath.Abs(filepath.Join("..", "..", out)); err != nil {
			t.Fatal(err)
		}
	}
	c := newCamera(t, out)
	h := picturedHome(t)
	put(t, yesterdaysReport, dealsReport(time.Now(), 8))

	dialogue := mapped(t, yesterdaysReport, "", "NL", "salesforce", "", "yes")
	before, _, found := strings.Cut(dialogue, "\nWhat an import would do:")
	if _, written, ok := strings.Cut(dialogue, "Write this source"); ok && found {
		c.terminal("map", "capibara map "+yesterdaysReport, before+"\n[...]\n\nWrite this source"+written)
	} else {
		t.Fatalf("the dialogue ended early:\n%s", dialogue)
	}
	looked := h.must("preview", yesterdaysReport)
	looked, _, found = strings.Cut(looked, "  As it would be sent")
	if !found {
		t.Fatalf("the look shows no event:\n%s", looked)
	}
	c.terminal("preview", "capibara preview "+yesterdaysReport, looked+"  As it would be sent, personal data hashed (3 events):\n    [...]")

	daemon := h.start("run")
	t.Cleanup(func() {
		if err := daemon.Process.Kill(); err == nil {
			_ = daemon.Wait() // it was killed, and says so
		}
	})
	put(t, filepath.Join("inbox", yesterdaysReport), dealsReport(time.Now(), 8))
	good := arrived(t, yesterdaysReport+" - *"+receipt.Ext)
	put(t, filepath.Join("inbox", todaysReport), dealsReport(time.Now(), 12)+spoiltDeals())
	put(t, filepath.Join("inbox", "holiday.png"), "no export")
	mend := arrived(t, todaysReport+" - *"+receipt.Ext)
	status := filepath.Join("receipts", receipt.StatusName)
	eventually(t, "the page tells of both files", func() bool {
		page, err := os.ReadFile(status)
		return err == nil && bytes.Contains(page, []byte(todaysReport)) && bytes.Contains(page, []byte("holiday.png"))
	})
	c.page("receipt-good", good, 5)
	c.page("receipt-mend", mend, 3)
	c.page("status", status, 4)
	c.workbook("rejects", arrivedAt(t, filepath.Join("rejected", "*", "*", "*", "*.rejects.xlsx")))
	picturePage(t, c)
}

// picturedHome makes a home, and the folder from which its commands are run: what they print has no longer paths then.
func picturedHome(t *testing.T) *home {
	t.Helper()
	s, err := sandbox.New(sandbox.Config{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		web.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	h := &home{t: t, dir: ".", url: web.URL}
	t.Chdir(t.TempDir())
	h.must("init")
	text, err := os.ReadFile(configName)
	if err != nil {
		t.Fatal(err)
	}
	config := regexp.MustCompile(`(?m)^time_zone: .*$`).ReplaceAllString(string(text), "time_zone: Europe/Amsterdam")
	for _, e := range [][2]string{{`id: ""`, `id: "1234567890"`}, {"# inbox:\n#   poll: 5s", "inbox:\n  poll: 1s"}, {"#   settle: 10s", "  settle: 1s"}} {
		if !strings.Contains(config, e[0]) {
			t.Fatalf("the first configuration has no %q", e[0])
		}
		config = strings.Replace(config, e[0], e[1], 1)
	}
	put(t, configName, config)
	return h
}

// dealsReport is a report of a CRM with so many deals, the same ones every time.
func dealsReport(now time.Time, deals int) string {
	day := func(ago int) string { return now.AddDate(0, 0, -ago).Format(time.DateOnly) }
	people := strings.Fields("anouk oliver sian sanne mateo lena noor pieter eva tom ida luc")
	stages := []string{"Closed Won", "Proposal", "Closed Won", "Prospecting"}
	var b strings.Builder
	b.WriteString("Opportunity ID,Opportunity Name,Stage,SQL Date,Close Date,Amount,Amount Currency,Contact: Email,Contact: Phone\n")
	for i, name := range people[:deals] {
		fmt.Fprintf(&b, "006Qy00000Ka7%cA,Deal %d,%s,%s,%s,%d.50,EUR,%s@example.com,020 794 00%02d\n",
			'b'+i, i+1, stages[i%len(stages)], day(2), day(1), 900+137*i, name, i)
	}
	return b.String()
}

// spoiltDeals are lines of such a report that somebody has to mend.
func spoiltDeals() string {
	today := time.Now().Format(time.DateOnly)
	return "006Qy00000Ka7pA,Deal 13,Closed Won," + today + "," + today[:5] + "02-30,1450.00,EUR,ben@example.com,020 794 0013\n" +
		"9.92E+15,Deal 14,Closed Won," + today + "," + today + ",980.00,EUR,mila@example.com,020 794 0014\n" +
		"006Qy00000Ka7rA,Deal 15,Closed Won," + today + "," + today + ",about 2000,EUR,finn@example.com,020 794 0015\n"
}

// mapped has the dialogue of capibara map, with these answers.
func mapped(t *testing.T, file string, answers ...string) string {
	t.Helper()
	var seen bytes.Buffer
	root := newRootCommand(&app{stdin: &typed{answers, &seen}, stdout: &seen, stderr: io.Discard, now: time.Now, asks: true})
	root.SetArgs([]string{"map", file})
	if err := root.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, &seen)
	}
	return seen.String()
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func arrived(t *testing.T, name string) string {
	t.Helper()
	return arrivedAt(t, filepath.Join("receipts", name))
}

// arrivedAt waits for the one file of that pattern.
func arrivedAt(t *testing.T, pattern string) string {
	t.Helper()
	var paths []string
	eventually(t, pattern+" is there", func() bool {
		var err error
		if paths, err = filepath.Glob(pattern); err != nil {
			t.Fatal(err)
		}
		return len(paths) == 1
	})
	return paths[0]
}

// findBrowser finds Chromium. Without one the test is skipped, unless CAPIBARA_BROWSER_TESTS=required.
func findBrowser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CAPIBARA_BROWSER_TESTS") == "required" {
		t.Fatal("there is no Chromium, and CAPIBARA_BROWSER_TESTS=required")
	}
	t.Skip("SKIPPED: there is no Chromium to take the pictures with")
	return ""
}

// terminal takes a picture of a command and what it printed.
func (c *camera) terminal(name, command, printed string) {
	c.t.Helper()
	c.drawn(name, 1110, template.Must(template.New(name).Parse(`<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #1d2125; color: #e8e6e3; font: 14px/1.4 "DejaVu Sans Mono", monospace; }
pre { font: inherit; margin: 14px 18px; white-space: pre-wrap; } b { color: #9bd18b; font-weight: normal; }
</style><pre><b>$ {{.Command}}</b>
{{.Printed}}</pre>`)), map[string]string{"Command": command, "Printed": strings.TrimRight(printed, "\n")})
}

// workbook takes a picture of a workbook's first sheet, with its own texts, as a spreadsheet shows it.
func (c *camera) workbook(name, path string) {
	c.t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetName(0))
	if err != nil || len(rows) == 0 {
		c.t.Fatalf("%d rows, %v", len(rows), err)
	}
	var letters []string
	for i := range rows[0] {
		letters = append(letters, string(rune('A'+i)))
	}
	lines := make([]int, len(rows))
	for i := range lines {
		lines[i] = i + 1
	}
	c.drawn(name, 1500, template.Must(template.New(name).Parse(`<!doctype html><meta charset="utf-8"><style>
body { margin: 0; background: #fff; color: #111; font: 13px/1.35 Carlito, Calibri, "DejaVu Sans", sans-serif; }
p { margin: 0; padding: 7px 10px; background: #1e6b41; color: #fff; }
table { border-collapse: collapse; width: 100%; } td, th { border: 1px solid #d0d0d0; padding: 3px 6px; text-align: left; vertical-align: top; font-weight: normal; }
.edge { background: #eee; color: #555; text-align: center; } tr.head td { font-weight: bold; }
</style><p>{{.File}}</p><table><tr><th class="edge"></th>{{range .Letters}}<th class="edge">{{.}}</th>{{end}}</tr>
{{range $i, $row := .Rows}}<tr{{if eq $i 0}} class="head"{{end}}><th class="edge">{{index $.Lines $i}}</th>{{range $row}}<td>{{.}}</td>{{end}}</tr>
{{end}}</table>`)), map[string]any{"File": filepath.Base(path), "Letters": letters, "Rows": rows, "Lines": lines})
}
