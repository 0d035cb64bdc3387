package importer

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func proposed(t *testing.T, name, text string) *Proposal {
	t.Helper()
	h := newHouse(t)
	s, err := Look(t.Context(), h.write(t, name, []byte(text)), "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Propose(s, "")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMask(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"Mary.Ann@example.com": "Aaaa.Aaa@aaaaaaa.aaa", "+31 6 1234-5678": "+99 9 9999-9999", "Jürgen": "Aaaaaa", "المثال": "aaaaaa",
		"€ 1.234,56": "€ 9.999,99", "": "", "a\x00\nb": "a..a", strings.Repeat("Ab1", 20): "Aa9Aa9Aa9Aa9Aa9Aa9Aa9Aa9…",
	} {
		if got := Mask(value); got != want {
			t.Errorf("the mask of %q is %q, want %q", value, got, want)
		}
	}
}

// TestProposal proposes what the look of a file proves, and leaves open what it does not.
func TestProposal(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		lacks      []Lack
		check      func(Source) bool
	}{
		{"the day first is proven", "Order ID,Date,Amount,Currency,Email\n1,18/11/2026,5,EUR,a@example.com\n2,03/04/2026,5,EUR,b@example.com\n",
			[]Lack{LackEvent, LackKey, LackAction}, func(s Source) bool { return slices.Equal(s.DateFormats, []string{"DD/MM/YYYY"}) }},
		{"the month first is proven, with a time", "Order ID,Date,Email\n1,11/18/2026 2:05 PM,a@example.com\n",
			[]Lack{LackEvent, LackKey, LackAction}, func(s Source) bool { return slices.Equal(s.DateFormats, []string{"MM/DD/YYYY hh:mm A"}) }},
		{"a date of birth in the same order", "Order ID,Date,Email,Geburtsdatum\n1,18.11.2026 14:05,a@example.com,01.02.1980\n",
			[]Lack{LackEvent, LackKey, LackAction}, func(s Source) bool {
				return slices.Equal(s.DateFormats, []string{"DD.MM.YYYY HH:mm", "DD.MM.YYYY"})
			}},
		{"nothing is proven", "Order ID,Date,Email\n1,03/04/2026,a@example.com\n",
			[]Lack{LackEvent, LackKey, LackAction, LackDateOrder}, func(s Source) bool { return s.DateFormats == nil }},
		{"dates that contradict each other", "Order ID,Date,Email\n1,18/11/2026,a@example.com\n2,11/18/2026,b@example.com\n",
			[]Lack{LackEvent, LackKey, LackAction, LackDateOrder}, func(s Source) bool { return s.DateFormats == nil }},
		{"a decimal comma is proven", "Order ID,Date,Amount,Currency,Email\n1,2026-11-20,\"5,50\",EUR,a@example.com\n2,2026-11-20,1.234,EUR,b@example.com\n",
			[]Lack{LackEvent, LackKey, LackAction}, func(s Source) bool { return s.Decimal == "," }},
		{"an amount that does not say", "Order ID,Date,Amount,Currency,Email\n1,2026-11-20,1.234,EUR,a@example.com\n",
			[]Lack{LackEvent, LackKey, LackAction, LackDecimal}, func(s Source) bool { return s.Decimal == "" }},
		{"no currency", "Order ID,Date,Amount,Email\n1,2026-11-20,12.50,a@example.com\n",
			[]Lack{LackEvent, LackKey, LackAction, LackCurrency}, func(s Source) bool { return s.Currency == "" }},
		{"a currency beside every amount", "Order ID,Date,Amount,Email\n1,2026-11-20,€ 12.50,a@example.com\n", []Lack{LackEvent, LackKey, LackAction},
			func(s Source) bool { return s.Currency == "" }},
		{"a phone without a country", "Order ID,Date,Phone\n1,2026-11-20,0612345678\n", []Lack{LackEvent, LackKey, LackAction, LackCountry},
			func(s Source) bool { return s.Country == "" }},
		{"nobody", "Order ID,Date\n1,2026-11-20\n", []Lack{LackPerson, LackEvent, LackKey, LackAction}, func(Source) bool { return true }},
		{"an address by its look", "Order ID,Date,Whom\n1,2026-11-20,a@example.com\n2,2026-11-20,b@example.org\n", []Lack{LackEvent, LackKey, LackAction},
			func(s Source) bool { return slices.Equal(s.Columns["email"], Names{"Whom"}) }},
		{"the address of who sells", "Order ID,Date,Sales Rep,Phone\n1,2026-11-20,a@example.com,+31612345678\n", []Lack{LackEvent, LackKey, LackAction, LackCountry},
			func(s Source) bool { return s.Columns == nil }},
		{"a preset", "Opportunity ID,Opportunity Name,Stage,Amount,Amount Currency,Close Date,Contact: Email\n006A,x,Closed Won,5,EUR,2026-11-20,a@example.com\n",
			nil, func(s Source) bool { return s.Preset == "salesforce" && s.Columns == nil }},
		{"titles above the headers", "My report\n\nOrder ID,Date,Email\n1,2026-11-20,a@example.com\n", []Lack{LackEvent, LackKey, LackAction}, func(Source) bool { return true }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := proposed(t, "till 2026.csv", tc.text)
			if d := cmp.Diff(tc.lacks, p.Lacks()); d != "" {
				t.Errorf("it lacks other things: %s", d)
			}
			if !tc.check(p.Source) {
				t.Errorf("%+v", p.Source)
			}
		})
	}
}

// TestLook reads what cannot be a table with a sentence, and what is not UTF-8 as what it most likely is.
func TestLook(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"a document": "%PDF-1.7", "nothing": "", "no headers": "a@example.com,2026-11-20,+31612345678\nb@example.com,2026-11-21,+31612345679\n"} {
		h := newHouse(t)
		var refused *RefusedError
		if _, err := Look(t.Context(), h.write(t, "x.csv", []byte(text)), ""); !errors.As(err, &refused) || refused.Hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := proposed(t, "x.csv", "Order ID,Date,Vorname,Email\n1,2026-11-20,J\xfcrgen,a@example.com\n")
	if p.Source.Encoding != "windows-1252" || p.Columns()[2].Masks[0] != "Aaaaaa" {
		t.Errorf("%+v %v", p.Source, p.Columns()[2])
	}
	p = proposed(t, "x.json", `{"results": [{"id": "1", "properties": {"email": "a@example.com", "closedate": "2026-11-20T10:00:00Z"}}]}`)
	if got := p.Columns(); len(got) != 3 || got[1].Members[0] != "email" {
		t.Errorf("%+v", got)
	}
}

// TestUnmap takes columns out of what they were taken for.
func TestUnmap(t *testing.T) {
	t.Parallel()
	p := proposed(t, "x.csv", "Order ID,Date,Email,Phone,Mobile\n1,2026-11-20,a@example.com,+31612345678,+31612345679\n")
	if err := p.Unmap("Phone"); err != nil {
		t.Fatal(err)
	}
	if err := p.Settle(); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string]Names{"phone": {"Mobile"}}, p.Source.Columns); d != "" {
		t.Error(d)
	}
	for _, header := range []string{"Mobile", "Email"} {
		if err := errors.Join(p.Unmap(header), p.Settle()); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(map[string]Names{"phone": {}, "email": {}}, p.Source.Columns); d != "" || !slices.Contains(p.Lacks(), LackPerson) {
		t.Error(d, p.Lacks())
	}
	if err := p.Map("Mobile", "telephone"); err == nil {
		t.Error("an unknown member was accepted")
	}
}

func TestFilePattern(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][2]string{
		"deals.csv": {"*deals*.csv", "deals"}, "Deals 2026-11-20 (1).csv": {"*deals*.csv", "deals"}, "report1732097.CSV": {"*report*.csv", "report"},
		"hubspot-crm-exports-all-deals-2026-11-20.csv": {"*hubspot*crm*exports*all*deals*.csv", "hubspot-crm-exports"}, "q4.csv": {"q4*.csv", "export"},
		"Deals.csv.gz": {"*deals*.csv", "deals"}, "till.xlsx": {"*till*.xlsx", "till"},
		"20261120.csv": {"20261120*.csv", "export"},
	} {
		if got := filePattern(file); got != want[0] {
			t.Errorf("%s: %s, want %s", file, got, want[0])
		}
		if got := sourceName(file); got != want[1] {
			t.Errorf("%s: %s, want %s", file, got, want[1])
		}
		if m := compiled(t, "name: x\ndataset: main\nevent_name: Lead\nfiles: ['"+want[0]+"']"); !m.Matches(file) {
			t.Errorf("%s does not fit its own pattern", file)
		}
	}
}

// FuzzDateShape takes every date apart whose order must be known into a format by which the date can be read.
func FuzzDateShape(f *testing.F) {
	for _, s := range []string{"18/11/2026", "1.2.26", "11-18-2026 14:05", "3/4/2026, 2:05:09 PM", "3/4/2026T02:05", "31/12/2026 23:59:59", "99/99/9999", "1/1/1 1:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		shape, first, second, ok := shapeOf(s)
		if !ok || first > 12 || second > 12 {
			return
		}
		for _, dayFirst := range []bool{true, false} {
			l, err := compileLayout(shape.format(dayFirst))
			if err != nil {
				t.Fatalf("%q is written %q: %v", s, shape.format(dayFirst), err)
			}
			at, err := time.Parse(l.text, trimSpace(s))
			if err != nil {
				continue // an hour or a minute that there is not
			}
			if day, month := at.Day(), int(at.Month()); dayFirst && (day != first || month != second) || !dayFirst && (day != second || month != first) {
				t.Errorf("%q read by %q is %s", s, shape.format(dayFirst), at)
			}
		}
	})
}

// TestLookNeverShows looks at every file of the corpus: no mask holds a letter or digit of a value.
func TestLookNeverShows(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/corpus/*")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || filepath.Ext(file) == ".yaml" || info.IsDir() {
			continue
		}
		s, err := Look(t.Context(), file, "")
		var refused *RefusedError
		if errors.As(err, &refused) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for _, c := range s.Columns {
			for _, m := range c.Masks {
				seen++
				if strings.ContainsFunc(m, func(r rune) bool {
					return r != 'a' && r != 'A' && (r >= 'b' && r <= 'z' || r >= 'B' && r <= 'Z') || r >= '0' && r < '9'
				}) {
					t.Errorf("%s: the mask %q", file, m)
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d masks were seen", seen)
	}
}
