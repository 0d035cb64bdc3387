package receipt

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

func amsterdam() *time.Location { return time.FixedZone("CET", 3600) }

func taken() time.Time { return time.Date(2026, 11, 23, 14, 5, 0, 0, amsterdam()) }

// plain is a file that went well.
func plain() Receipt {
	return Receipt{
		Mark: Mark{File: 17, Started: taken(), SHA256: [32]byte{0xab, 0xcd}}, Name: "deals.csv", Source: "deals", Taken: taken(),
		Counts: Counts{Records: 312, Accepted: 312}, Events: 340,
		Sums:    []Sum{{Currency: "EUR", Events: 300, Amount: "1250400.50"}, {Currency: "USD", Events: 12, Amount: "99.00"}, {Events: 28}},
		Outlook: Outlook{Next: time.Date(2026, 11, 24, 2, 0, 0, 0, amsterdam()), Zone: "Europe/Amsterdam", Dataset: "main"},
	}
}

// mixed has something of everything.
func mixed() Receipt {
	r := plain()
	r.Counts = Counts{Records: 4126, Accepted: 4050, Duplicate: 40, Conflict: 12, Expired: 5, Skipped: 7, Rejected: 12}
	for i, column := range []string{"Close Date", "Amount", "", "Currency", "Opportunity ID", "Phone", "Country", "E-mail", "Stage", "Order", "Item", "Store"} {
		r.Problems = append(r.Problems, Problem{Sentence: "A date can be read in two ways, because the order of day and month is not stated.",
			Fix: "Write it as YYYY-MM-DD, or state the form under date_formats, for example DD/MM/YYYY.", Column: column, Count: uint64(12 - i), Line: uint64(2 + i)})
	}
	r.Skipped = []Problem{{Sentence: "The sale carries no identifier of a person.", Count: 6, Line: 9}, {Sentence: "The record is a refund.", Count: 1, Record: 77}}
	r.Late = &Problem{Sentence: "The event is older than Meta accepts.", Fix: "Import and upload at least once a day.", Count: 5, Line: 40}
	r.Remarks = []Problem{{Sentence: "A telephone number could not be used.", Column: "Phone", Count: 1400, Line: 3}}
	r.Changes = []Change{{5, 3, 9}, {6, 3, 10}}
	r.Rejects = Rejects{File: "rejected/2026/11/23/deals.17.rejects.csv", Workbook: "rejected/2026/11/23/deals.17.rejects.xlsx"}
	return r
}

func with(r Receipt, change func(*Receipt)) Receipt {
	change(&r)
	return r
}

func receipts() map[string]Receipt {
	return map[string]Receipt{
		"good":  plain(),
		"mixed": mixed(),
		"one": with(plain(), func(r *Receipt) {
			r.Counts, r.Events, r.Sums = Counts{Records: 2, Accepted: 1, Rejected: 1}, 1, nil
			r.Problems = []Problem{{Sentence: "An amount cannot be read.", Fix: "Write it as 1234.50.", Column: "Amount", Count: 1, Line: 3}}
			r.Rejects = Rejects{File: "rejected/deals.17.rejects.csv", Without: "A cell holds characters that a workbook cannot hold, so that the rejected records are there as CSV alone."}
		}),
		"all-rejected": with(plain(), func(r *Receipt) {
			r.Name, r.Counts, r.Events, r.Sums = "till.json", Counts{Records: 3, Rejected: 3}, 0, nil
			r.Problems = []Problem{{Sentence: "The record cannot be read as JSON.", Count: 3, Line: 1}}
			r.Rejects = Rejects{File: "rejected/till.17.rejects.jsonl"}
		}),
		"duplicates": with(plain(), func(r *Receipt) { r.Counts, r.Events, r.Sums = Counts{Records: 312, Duplicate: 312}, 0, nil }),
		"changed": with(plain(), func(r *Receipt) {
			r.Counts, r.Events, r.Sums = Counts{Records: 13, Duplicate: 12, Conflict: 1}, 0, nil
		}),
		"late": with(plain(), func(r *Receipt) {
			r.Counts, r.Events, r.Sums = Counts{Records: 9, Expired: 9}, 0, nil
			r.Late = &Problem{Sentence: "The event is older than Meta accepts.", Fix: "Import and upload at least once a day.", Count: 9, Line: 2}
		}),
		"skipped": with(plain(), func(r *Receipt) {
			r.Counts, r.Events, r.Sums = Counts{Records: 9, Skipped: 9}, 0, nil
			r.Skipped = []Problem{{Sentence: "The sale carries no identifier of a person.", Count: 9, Line: 2}}
		}),
		"large": with(plain(), func(r *Receipt) { r.Large = 1 }),
		"mended": with(plain(), func(r *Receipt) {
			r.Name, r.Counts, r.Events, r.Sums, r.Mends = "deals.12.rejects.xlsx", Counts{Records: 4, Accepted: 3, Duplicate: 1}, 3, nil, &Mended{12, "deals.csv"}
		}),
		"refused": with(plain(), func(r *Receipt) {
			r.Counts, r.Events, r.Sums = Counts{}, 0, nil
			r.Refused, r.Hint = "No column tells when a conversion happened (event_time); the file has the columns \"Amount\" and 3 others.", "Map the column that tells when the conversion happened to event_time."
		}),
		"not-live":   with(plain(), func(r *Receipt) { r.Outlook.NotLive = true }),
		"unplanned":  with(plain(), func(r *Receipt) { r.Outlook.Next = time.Time{} }),
		"stopped":    with(plain(), func(r *Receipt) { r.Outlook.Stopped = true }),
		"went-on":    with(plain(), func(r *Receipt) { r.Resumed = true }),
		"hostile":    with(mixed(), func(r *Receipt) { *r = hostile(*r) }),
		"no-records": with(plain(), func(r *Receipt) { r.Counts, r.Events, r.Sums, r.Outlook = Counts{}, 0, nil, Outlook{} }),
	}
}

// hostile puts what must be escaped wherever a text can be.
func hostile(r Receipt) Receipt {
	const bad = `"><script>alert(1)</script><img src=x onerror=alert(2)> ` + "\u202e\x1b[31m\xff\n" + `{{.}}</title></style>'`
	r.Name, r.Source, r.Refused, r.Hint = bad, bad, "", bad
	r.Problems = []Problem{{Sentence: bad, Fix: bad, Column: bad, Count: 2, Line: 3}}
	r.Sums = []Sum{{Currency: bad, Events: 1, Amount: "5.00"}}
	r.Skipped, r.Remarks = r.Problems, r.Problems
	r.Rejects = Rejects{File: bad, Workbook: bad, Without: bad}
	r.Mends = &Mended{1, bad}
	r.Outlook.Dataset, r.Outlook.NotLive = bad, true
	return r
}

func statuses() map[string]Status {
	at := taken()
	zone := "Europe/Amsterdam"
	states := []State{{"pending", "They wait for the next upload.", 340}, {"acknowledged", "Meta has them.", 1_234_567}}
	files := []File{
		{Number: 19, Name: "till monday.csv", Taken: at, Counts: Counts{Records: 1200}, Busy: true},
		{Number: 18, Name: "people.csv", Taken: at, Refused: true, Receipt: "people.csv - refused.html"},
		{Number: 17, Name: "deals.csv", Taken: at.Add(-time.Hour), Counts: Counts{Records: 316, Accepted: 312, Rejected: 4}, Receipt: "deals.csv - accepted 312, rejected 4.html"},
		{Number: 16, Name: "deals.csv", Taken: at.Add(-24 * time.Hour), Counts: Counts{Records: 300, Duplicate: 300}},
		{Number: 15, Name: "old.csv", Taken: at.Add(-48 * time.Hour), Counts: Counts{Records: 3, Accepted: 1, Expired: 2}},
		{Number: 14, Name: "100% #1?.csv", Taken: at.Add(-50 * time.Hour), Counts: Counts{Records: 3, Accepted: 3}, Receipt: "100% #1_.csv - accepted 3, rejected 0.html"},
	}
	ok := Status{Written: at, Zone: zone, Refresh: 30 * time.Second, Stale: 5 * time.Minute, OK: true, Summary: "340 events wait for the next upload.",
		NextUpload: at.Add(12 * time.Hour), LastUpload: at.Add(-12 * time.Hour), LastSaid: "312 events were acknowledged in 1 request.", SendsTo: "Meta, since 2 November 2026", States: states, Files: files}
	trouble, stopped := ok, ok
	trouble.OK, trouble.Summary, trouble.NextUpload = false, "Dataset main is stopped: the access token does not work. 2 files in the inbox need somebody.", time.Time{}
	trouble.Waiting, trouble.Unlisted = []string{"photo.png fits no source.", `"a\nb.csv" cannot be read (permission denied); give this program the right to read it.`}, 12
	stopped.Stopped, stopped.Summary = true, ""
	odd := trouble
	const bad = `"><script>alert(1)</script>` + "\u202e"
	odd.Summary, odd.Waiting, odd.Zone, odd.LastSaid, odd.SendsTo = bad, []string{bad}, bad, bad, bad
	odd.Files = []File{{Number: 1, Name: bad, Taken: at, Receipt: `javascript:alert(1)//"><script>` + bad}}
	return map[string]Status{"status-good": ok, "status-trouble": trouble, "status-stopped": stopped, "status-hostile": odd,
		"status-empty": {Written: at, Zone: "UTC", Refresh: time.Minute, Stale: 5 * time.Minute, OK: true, Summary: "Nothing waits."}}
}

var style = regexp.MustCompile(`(?s)<style>.*?</style>`)

func TestPages(t *testing.T) {
	t.Parallel()
	pages := map[string]string{}
	for name, r := range receipts() {
		pages[name] = written(t, func(b *bytes.Buffer) error { return Write(b, r) })
	}
	for name, s := range statuses() {
		pages[name] = written(t, func(b *bytes.Buffer) error { return WriteStatus(b, s) })
	}
	for name, page := range pages {
		for _, bad := range []string{"<script", "<img", "onerror=alert(2)>", "\u202e", "\x1b", "ZgotmplZ", "http:", "https:", `="javascript:`} {
			if strings.Contains(page, bad) {
				t.Errorf("%s holds %q", name, bad)
			}
		}
		golden := filepath.Join("testdata", name+".html")
		got := style.ReplaceAllString(page, "<style></style>")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s: -want +got:\n%s", name, d)
		}
	}
}

func written(t testing.TB, write func(*bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

type deaf struct{}

func (deaf) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestWriteFails(t *testing.T) {
	t.Parallel()
	if err := Write(deaf{}, plain()); err == nil {
		t.Error("a page was written to nobody")
	}
}

func TestTotalsAddUp(t *testing.T) {
	t.Parallel()
	for name, r := range receipts() {
		var sum uint64
		for _, x := range totals(r.Counts) {
			sum += x.Count
		}
		if sum != r.Counts.Records {
			t.Errorf("%s: the totals make %d of %d records", name, sum, r.Counts.Records)
		}
	}
}

func TestMark(t *testing.T) {
	t.Parallel()
	for name, r := range receipts() {
		page := written(t, func(b *bytes.Buffer) error { return Write(b, r) })
		mark, started, ok := ReadMark(strings.NewReader(page))
		if !ok || mark != r.Mark.String() || !started.Equal(r.Taken) {
			t.Errorf("%s: mark %q of %s, %v; want %q", name, mark, started, ok, r.Mark)
		}
	}
	for name, page := range map[string]string{
		"nothing":            "",
		"another page":       "<!DOCTYPE html><html><p>Holiday pictures</p></html>",
		"the status":         written(t, func(b *bytes.Buffer) error { return WriteStatus(b, statuses()["status-good"]) }),
		"a mark far down":    strings.Repeat(" ", markWithin) + `<meta name="capibara-receipt" content="1 2 0123456789abcdef">`,
		"a mark cut short":   `<meta name="capibara-receipt" content="1 2 0123456789ab`,
		"a mark that is not": `<meta name="capibara-receipt" content="one 2 0123456789abcdef">`,
	} {
		if mark, _, ok := ReadMark(strings.NewReader(page)); ok {
			t.Errorf("%s has the mark %q", name, mark)
		}
	}
}
