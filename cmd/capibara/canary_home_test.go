//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// person is somebody whose data must be seen nowhere. Every value is unique, so that a search finds it.
func person() map[string]string {
	return map[string]string{
		"mail": "quill.feather@canary-bird.example", "mobile": "+31 6 1234 5987", "first": "Quillfeatheria", "last": "Zwitscherberg",
		"birth": "1987-03-14", "sex": "weiblichkanari", "city": "Piepvogelstadt", "region": "Zwitscherland", "zip": "98761XQ",
		"client": "CUST-CANARY-77815", "note": "lovescanarymarmalade",
	}
}

// traces are what identifies a device or a click. Meta takes it unhashed, so that the database and what is shown of a
// request hold it; logs, errors and the pages for others do not.
func traces() map[string]string {
	return map[string]string{"ip": "203.0.113.77", "agent": "CanaryBrowser/9.9", "click": "CanaryClickIdAbCdEf", "device": "38400000-8cf0-11bd-b23e-10b96e40ca7a"}
}

// forms are the ways in which the values of a person could be seen.
func forms() []string {
	var all []string
	for _, v := range person() {
		all = append(all, v, strings.ToLower(v), strings.ToUpper(v))
	}
	return append(all, "31612345987", "612345987", "19870314", "14.03.1987", "quill.feather", "canary.header@", "canary.key@")
}

const canaryConfig = `
datasets: {main: {id: "1234567890", access_token_file: token.txt}}
upload: {batch_events: 20}
schedule: {upload: "0 2 29 2 *"}
inbox: {poll: 1s, settle: 1s}
web: off
sources:
  - &all
    name: birds
    files: ["birds*"]
    dataset: main
    record_key: [key]
    action_source: system_generated
    lead_event_source: Aviary
    event_name: sql_qualified
    decimal: "."
    country: NL
    columns: {email: mail, phone: mobile, first_name: first, last_name: last, date_of_birth: birth, gender: sex, city: city, state: region, zip: zip,
      external_id: client, event_time: time, value: total, currency: currency, order_id: order, client_ip_address: ip, client_user_agent: agent,
      fbclid: click, click_time: time, madid: device}
  - name: keys
    files: ["keys*"]
    dataset: main
    event_name: Purchase
    action_source: physical_store
    columns: {event_id: mail, email: mail, event_time: time, value: total, currency: currency, order_id: mail}
  - name: people
    kind: people
    files: ["people*"]
    record_key: [client]
    columns: {email: mail, phone: mobile, first_name: first, last_name: last}
`

// birds are the columns of an export, and its records: good ones, the same again, others with the same key, and every kind
// of mistake.
func birds(t *testing.T) (header []string, rows [][]string) {
	t.Helper()
	header = []string{"key", "time", "total", "currency", "order", "mail", "mobile", "first", "last", "birth", "sex", "city", "region", "zip", "client", "note",
		"ip", "agent", "click", "device"}
	p := person()
	for k, v := range traces() {
		p[k] = v
	}
	n := 0
	add := func(changes ...string) {
		n++
		p["key"], p["order"], p["time"], p["total"], p["currency"] = fmt.Sprint("K", n), fmt.Sprint("O", n), time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), "10", "EUR"
		old := map[string]string{}
		for i := 0; i < len(changes); i += 2 {
			old[changes[i]] = p[changes[i]]
			p[changes[i]] = changes[i+1]
		}
		var row []string
		for _, h := range header {
			row = append(row, p[h])
		}
		rows = append(rows, row)
		for k, v := range old {
			p[k] = v
		}
	}
	for range good {
		add()
	}
	add("key", "K1") // a duplicate, but for the order
	add("key", "K2", "total", "11")
	add("key", "canary.key@example.com")
	for _, column := range []string{"time", "total", "currency", "key", "order", "birth", "device", "click", "ip"} {
		add(column, p["mail"])
		add(column, p["mobile"])
		if column != "key" && column != "order" { // a name is no different from an id of letters
			add(column, p["first"]+" "+p["last"])
		}
	}
	return header, rows
}

// good is how many records there are without a mistake: enough for the others to be a few.
const good = 320

// commas writes an export as CSV.
func commas(header []string, rows [][]string) string {
	var b strings.Builder
	for _, row := range append([][]string{header}, rows...) {
		b.WriteString(strings.Join(row, ",") + "\n")
	}
	return b.String()
}

// aviary is a home with files of every kind in which the person stands.
type aviary struct {
	t     *testing.T
	dir   string
	heard safeBuffer
	// shown is what commands print that show a request as it would be sent.
	shown safeBuffer
}

func (v *aviary) place(name, text string) {
	v.t.Helper()
	if err := os.WriteFile(filepath.Join(v.dir, name), []byte(text), 0o600); err != nil {
		v.t.Fatal(err)
	}
}

func (v *aviary) run(args ...string) {
	v.t.Helper()
	v.runTo(&v.heard, args...)
}

func (v *aviary) runTo(out io.Writer, args ...string) {
	a := &app{stdin: strings.NewReader(person()["mail"] + "\n"), stdout: out, stderr: &v.heard, now: time.Now}
	root := newRootCommand(a)
	root.SetArgs(append(args, "--home", v.dir, "--log-level", "debug"))
	if err := root.ExecuteContext(v.t.Context()); err != nil {
		printError(&v.heard, err)
	}
}

// files writes all exports and returns their names.
func (v *aviary) files() (names []string) {
	v.t.Helper()
	add := func(name, text string) {
		v.place(name, text)
		names = append(names, name)
	}
	p := person()
	header, rows := birds(v.t)
	whole := commas(header, rows)
	add("birds.csv", whole)
	add("birds-good.csv", commas(header, rows[:good]))
	add("birds-changed.csv", strings.ReplaceAll(commas(header, rows[:good]), ",10,EUR", ",12,EUR"))
	add("birds-semicolon.csv", strings.ReplaceAll(whole, ",", ";"))
	var wide bytes.Buffer
	wide.WriteString("\xff\xfe")
	for _, u := range utf16.Encode([]rune(whole)) {
		wide.Write([]byte{byte(u), byte(u >> 8)})
	}
	add("birds-utf16.csv", wide.String())
	add("birds-half-utf16.csv", wide.String()[:wide.Len()/2+1])
	add("birds-latin.csv", strings.ReplaceAll(whole, p["first"], "Qu\xefll\x81feath\xc3\x83\xc2\xa9ria "+p["first"]))
	add("birds-binary.csv", whole[:400]+"\x00"+whole[400:])
	add("birds-quote.csv", strings.Replace(whole, p["note"], `"`+p["note"], 1))
	add("birds-ragged.csv", strings.ReplaceAll(whole, ","+p["note"], ""))
	add("birds-headless.csv", commas(rows[0], rows[1:]))
	add("birds-header.csv", strings.Replace(whole, "note", "canary.header@example.com", 1))
	add("birds-twice.csv", strings.Replace(whole, "note", "mail", 1))
	add("birds-without.csv", strings.Replace(whole, "time", "moment", 1))
	add("birds-empty.csv", "")
	add("keys.csv", whole)
	add("people.csv", whole)
	add("strangers.csv", whole)
	add("birds.pdf", "%PDF-1.7 "+whole)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte(whole))
	_ = z.Close()
	add("birds-packed.csv.gz", packed.String())
	add("birds-cut.csv.gz", packed.String()[:packed.Len()-40])

	var list []string
	for _, row := range rows {
		var members []string
		for i, h := range header {
			members = append(members, fmt.Sprintf("%q:%q", h, row[i]))
		}
		list = append(list, "{"+strings.Join(members, ",")+"}")
	}
	add("birds.jsonl", strings.Join(list, "\n")+"\n")
	add("birds-broken.jsonl", strings.Join(list[:3], "\n")+"\n"+list[3][:200]+"\n\""+p["mail"]+"\"\n["+p["first"]+"]\n"+strings.Join(list[4:], "\n")+"\n")
	add("birds.json", "["+strings.Join(list, ",")+"]")
	add("birds-cut.json", "["+strings.Join(list, ",")[:2000])
	add("birds-odd.json", `{"`+p["mail"]+`": {"`+p["first"]+`": [`+list[0]+`, `+p["last"]+`]}}`)
	add("birds-typed.json", "["+strings.ReplaceAll(strings.Join(list, ","), `"`+p["mobile"]+`"`, `{"`+p["mobile"]+`":["`+p["mail"]+`"]}`)+"]")

	book := excelize.NewFile()
	for i, row := range append([][]string{header}, rows...) {
		cells := make([]any, len(row))
		for j := range row {
			cells[j] = row[j]
		}
		if err := book.SetSheetRow("Sheet1", fmt.Sprint("A", i+1), &cells); err != nil {
			v.t.Fatal(err)
		}
	}
	var workbook bytes.Buffer
	if err := book.Write(&workbook); err != nil {
		v.t.Fatal(err)
	}
	add("birds.xlsx", workbook.String())
	add("birds-cut.xlsx", workbook.String()[:workbook.Len()/2])
	damaged := workbook.Bytes()
	for i := len(damaged) / 4; i < len(damaged)/2; i += 100 {
		damaged[i] ^= 0xff
	}
	add("birds-damaged.xlsx", string(damaged))
	return names
}

// hold looks for texts and tells the line of each.
func (v *aviary) hold(what string, text []byte, forbidden []string) {
	v.t.Helper()
	told := 0
	for line := range bytes.Lines(text) {
		for _, f := range forbidden {
			if bytes.Contains(line, []byte(f)) && told < 20 {
				told++
				at := bytes.Index(line, []byte(f))
				v.t.Errorf("%s holds %q: ...%s", what, f, line[max(0, at-200):min(len(line), at+100)])
				break
			}
		}
	}
}

// kept looks through the home, whose raw files are known, and which must have something in the folders that are named.
func (v *aviary) kept(raw []string, seen ...string) {
	v.t.Helper()
	places := map[string]bool{}
	err := filepath.WalkDir(v.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		name, _ := filepath.Rel(v.dir, path)
		first, _, _ := strings.Cut(name, string(filepath.Separator))
		text, err := os.ReadFile(path)
		switch {
		case err != nil || slices.Contains(raw, name):
			return err
		case first == "archive" || first == "rejected" || first == "inbox":
			if bytes.Contains(text, []byte(person()["last"])) {
				places[first] = true
			}
			return nil
		case name == filepath.Join("data", "capibara.db"):
			v.hold(name, text, forms())
		default:
			v.hold(name, text, append(append(forms(), canaryToken), sent()...))
		}
		places[first] = true
		return nil
	})
	if err != nil {
		v.t.Fatal(err)
	}
	for _, place := range seen {
		if !places[place] {
			v.t.Errorf("nothing was looked at in %s", place)
		}
	}
}
