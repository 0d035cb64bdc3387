package sampledata

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/goccy/go-yaml"
)

func TestFilesAtTheAnchorAreTheFilesOfThisFolder(t *testing.T) {
	t.Parallel()
	files, err := Files(Anchor().Add(12 * time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	committed, err := fs.Glob(exports, "*")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
		want, err := exports.ReadFile(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(f.Data, want) {
			t.Errorf("%s differs although no day has passed", f.Name)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, committed) {
		t.Errorf("Files gives %v, the folder holds %v", names, committed)
	}
}

func TestFilesMoveWithTheCalendarOfAmsterdam(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		now                     string
		slash, dash, iso, local string // the newest conversion of each form, dated the day before
	}{
		"the next day":                     {"2026-11-21T12:00:00Z", "20/11/2026", "20-11-2026", "2026-11-20T10:12:44+01:00", "2026-11-20 14:32"},
		"a day earlier":                    {"2026-11-19T12:00:00Z", "18/11/2026", "18-11-2026", "2026-11-18T10:12:44+01:00", "2026-11-18 14:32"},
		"the end of a month":               {"2026-12-01T12:00:00Z", "30/11/2026", "30-11-2026", "2026-11-30T10:12:44+01:00", "2026-11-30 14:32"},
		"the end of a year":                {"2027-01-01T08:00:00Z", "31/12/2026", "31-12-2026", "2026-12-31T10:12:44+01:00", "2026-12-31 14:32"},
		"a leap day":                       {"2028-03-01T08:00:00Z", "29/02/2028", "29-02-2028", "2028-02-29T10:12:44+01:00", "2028-02-29 14:32"},
		"the day the clocks go forward":    {"2027-03-28T22:30:00Z", "28/03/2027", "28-03-2027", "2027-03-28T10:12:44+01:00", "2027-03-28 14:32"},
		"the day before":                   {"2027-03-28T21:30:00Z", "27/03/2027", "27-03-2027", "2027-03-27T10:12:44+01:00", "2027-03-27 14:32"},
		"the day the clocks go back":       {"2027-10-31T23:30:00Z", "31/10/2027", "31-10-2027", "2027-10-31T10:12:44+01:00", "2027-10-31 14:32"},
		"tomorrow in Amsterdam by an hour": {"2026-11-20T23:00:00Z", "20/11/2026", "20-11-2026", "2026-11-20T10:12:44+01:00", "2026-11-20 14:32"},
		"today in Amsterdam by a second":   {"2026-11-20T22:59:59Z", "19/11/2026", "19-11-2026", "2026-11-19T10:12:44+01:00", "2026-11-19 14:32"},
		"years ago":                        {"2011-06-15T12:00:00Z", "14/06/2011", "14-06-2011", "2011-06-14T10:12:44+01:00", "2011-06-14 14:32"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, c.now)
			if err != nil {
				t.Fatal(err)
			}
			files := filesByName(t, now)
			for file, want := range map[string]string{
				"salesforce-deals-next-day.csv": `"Delivery app","Laboris Pizza","Closed Won","` + c.slash + `","` + c.slash + `"`,
				"webshop-nl.csv":                "NL260400118;" + c.dash + " 17:12;",
				"store-purchases.json":          `"0004711", "business_date": "` + c.iso[:10] + `", "time": "` + c.iso + `"`,
				"hubspot-deals.csv":             `"Kitchen remodel","Closed Won","` + c.local + `"`,
			} {
				if !strings.Contains(string(files[file]), want) {
					t.Errorf("%s at %s does not hold %s", file, c.now, want)
				}
			}
		})
	}
}

func TestNothingButDatesMoves(t *testing.T) {
	t.Parallel()
	day := regexp.MustCompile(`\d{4}-\d{2}-\d{2}|\d{2}[-/]\d{2}[-/]\d{4}`)
	masked := func(data []byte) string { return string(day.ReplaceAll(data, []byte("a day"))) }
	moved := filesByName(t, Anchor().AddDate(1, 2, 3))
	for _, f := range filesAt(t, Anchor()) {
		if masked(f.Data) != masked(moved[f.Name]) {
			t.Errorf("%s changes in something that is no date", f.Name)
		}
	}
	for file, kept := range map[string][]string{
		"webshop-nl.csv":          {";14-03-1988;", ";17-05-1955;", ";21-12-2001;"},
		"meta-offline.csv":        {",1984-07-16,", ",1990-02-28,"},
		"bad-records-to-mend.csv": {"next Tuesday", "03/04/2026"},
	} {
		for _, want := range kept {
			if !bytes.Contains(moved[file], []byte(want)) {
				t.Errorf("%s no longer holds %q, which is a date of birth or wrong on purpose", file, want)
			}
		}
	}
}

// The conversions that are meant to be sent must lie in the window at any hour of the day and wherever the reader's
// clock stands, and no local time may fall into the hour that a change of clocks skips or repeats.
func TestConversionsAreOneToFiveDaysOld(t *testing.T) {
	t.Parallel()
	const one, five = 24 * time.Hour, 5 * 24 * time.Hour
	for file, at := range map[string]struct {
		pattern, layout string
		except          int // dates of that column that lie elsewhere on purpose
	}{
		"salesforce-deals.csv":          {`"Closed Won","(\d{2}/\d{2}/\d{4})"`, "02/01/2006", 0},
		"salesforce-deals-next-day.csv": {`"Closed Won","(\d{2}/\d{2}/\d{4})"`, "02/01/2006", 0},
		"hubspot-deals.csv":             {`"Closed Won","(\d{4}-\d{2}-\d{2} \d{2}:\d{2})"`, "2006-01-02 15:04", 0},
		"hubspot-deals-api.json":        {`current_stage": "([^"]+)"`, "2006-01-02T15:04:05.999Z07:00", 0},
		"store-purchases.json":          {`"time": "([^"]+)"`, time.RFC3339, 0},
		"webshop-nl.csv":                {`;(\d{2}-\d{2}-\d{4} \d{2}:\d{2});`, "02-01-2006 15:04", 0},
		"meta-offline.csv":              {`,(20[^,]+Z),`, time.RFC3339, 0},
		"bad-records-to-mend.csv":       {`,(20\d{2}-\d{2}-\d{2}T[^,]+),Sold`, time.RFC3339, 1}, // the future
		"bad-records-to-skip.csv":       {`,(20\d{2}-\d{2}-\d{2}T[^,]+),`, time.RFC3339, 2},     // too old, tomorrow
	} {
		found, elsewhere := 0, 0
		for _, m := range regexp.MustCompile(at.pattern).FindAllStringSubmatch(string(filesByName(t, Anchor())[file]), -1) {
			found++
			when, err := time.Parse(at.layout, m[1])
			before := Anchor().Sub(when.Truncate(24 * time.Hour))
			if err != nil || before < one || before > five {
				elsewhere++
				continue
			}
			if h := when.Hour(); h < 5 && strings.Contains(at.layout, "15") {
				t.Errorf("%s: %s lies at an hour when clocks change", file, m[1])
			}
		}
		if found < 4 || elsewhere != at.except {
			t.Errorf("%s: %d of %d conversions do not lie one to five days back, want %d", file, elsewhere, found, at.except)
		}
	}
}

func TestEveryFileDecodes(t *testing.T) {
	t.Parallel()
	for _, f := range filesAt(t, Anchor()) {
		records := 0
		switch {
		case strings.HasSuffix(f.Name, ".csv"):
			records = len(readCSV(t, f)) - 1
		case strings.HasSuffix(f.Name, ".jsonl"):
			records = bytes.Count(f.Data, []byte("\n"))
		default:
			var all map[string]json.RawMessage
			if err := json.Unmarshal(f.Data, &all); err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			for _, list := range []string{"purchases", "results"} {
				var each []map[string]any
				if all[list] != nil && json.Unmarshal(all[list], &each) == nil {
					records = len(each)
				}
			}
		}
		if records < 7 || records > 40 {
			t.Errorf("%s holds %d records", f.Name, records)
		}
	}
}

// The addresses that are meant to be mailed belong to nobody.
func TestNobodyReal(t *testing.T) {
	t.Parallel()
	address := regexp.MustCompile(`[^\s",;:{@]+@([A-Za-z0-9.-]+)`)
	files := filesAt(t, Anchor())
	for _, kind := range Kinds() {
		files = append(files, File{kind, generate(t, Options{Kind: kind, Rows: 500, Seed: 3, Now: Anchor()})})
	}
	for _, f := range files {
		found := address.FindAllSubmatch(f.Data, -1)
		for _, m := range found {
			domain := strings.ToLower(string(m[1]))
			if !slices.Contains([]string{"example.com", "example.org", "example.net", "mail.example.com"}, domain) {
				t.Errorf("%s holds an address at %s", f.Name, domain)
			}
		}
		if len(found) < 3 {
			t.Errorf("%s holds %d addresses", f.Name, len(found))
		}
	}
}

func TestConfigIsYAML(t *testing.T) {
	t.Parallel()
	var parsed struct {
		Datasets map[string]struct{ ID string }
		Sources  []struct {
			Name    string
			Files   []string
			Dataset string
		}
	}
	if err := yaml.Unmarshal(Config(), &parsed); err != nil {
		t.Fatal(err)
	}
	if parsed.Datasets["main"].ID != "1234567890" {
		t.Errorf("dataset main is %+v", parsed.Datasets)
	}
	for _, s := range parsed.Sources {
		if s.Dataset != "main" || len(s.Files) == 0 {
			t.Errorf("source %s: %+v", s.Name, s)
		}
	}
	if len(parsed.Sources) != 8 {
		t.Errorf("%d sources", len(parsed.Sources))
	}
	var keys map[string]any
	if err := yaml.Unmarshal(append(Config(), "\ngraph: {}\nupload: {}\n"...), &keys); err != nil {
		t.Errorf("graph and upload cannot be appended: %v", err)
	}
}

func filesByName(t *testing.T, now time.Time) map[string][]byte {
	t.Helper()
	byName := map[string][]byte{}
	for _, f := range filesAt(t, now) {
		byName[f.Name] = f.Data
	}
	return byName
}

func filesAt(t *testing.T, now time.Time) []File {
	t.Helper()
	files, err := Files(now)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// readCSV reads what encoding/csv can read; the files with torn lines are read leniently.
func readCSV(t *testing.T, f File) [][]string {
	t.Helper()
	data := bytes.TrimPrefix(f.Data, []byte("\ufeff"))
	r := csv.NewReader(bytes.NewReader(data))
	if strings.HasPrefix(f.Name, "webshop") {
		r.Comma = ';'
	}
	r.FieldsPerRecord = -1
	r.LazyQuotes = strings.HasPrefix(f.Name, "bad-")
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	return rows
}
