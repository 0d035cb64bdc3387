package importer

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestPresetTimeOfDay reads event_time of a preset from two columns, of which a file may lack the second.
func TestPresetTimeOfDay(t *testing.T) {
	t.Parallel()
	const rest = ",Source,Event Type,Payment ID,Total Collected,Customer ID"
	for _, tc := range []struct {
		name, own, headers, cells string
		want                      string
		warned                    bool
		refused                   string
	}{
		{"two columns", "", "Date,Time", "2026-11-20,13:05:09", "2026-11-20T18:05:09Z", false, ""},
		{"a twelve-hour clock", "", "Date,Time", "2026-11-20,1:05:09 PM", "2026-11-20T18:05:09Z", false, ""},
		{"the time of day is missing", "", "Date", "2026-11-20", "2026-11-20T17:00:00Z", true, ""},
		{"the time of day is blank", "", "Date,Time", "2026-11-20,", "2026-11-20T17:00:00Z", true, ""},
		{"the time of day is there twice", "", "Date,Time,Time", "2026-11-20,13:05,14:05", "", false, "Two columns have the header"},
		{"the date of the source stands alone", "event_time: Paid", "Paid,Time", "2026-11-20T10:00:00Z,13:05:09", "2026-11-20T10:00:00Z", false, ""},
		{"two columns of the source", "event_time: [Day, Hour]", "Date,Time,Day,Hour", "2026-11-20,13:05,2026-11-21,09:30", "2026-11-21T14:30:00Z", false, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			m := compiled(t, "{name: till, dataset: main, preset: square, currency: USD, time_zone: America/New_York, columns: {external_id: Customer ID, "+
				tc.own+"}}")
			file := h.write(t, "till.csv", []byte(tc.headers+rest+"\n"+tc.cells+",Point of Sale,Payment,P1,$1.00,C1\n"))
			report, err := h.Import(t.Context(), Input{Path: file, Mapping: m})
			var refused *RefusedError
			if tc.refused != "" {
				if !errors.As(err, &refused) || !strings.Contains(refused.Reason, tc.refused) {
					t.Errorf("it is not refused as it should be: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := describe(t, h, report, err)
			want, err := time.Parse(time.RFC3339, tc.want)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got, `"event_time":`+strconv.FormatInt(want.Unix(), 10)+",") || strings.Contains(got, "date_only") != tc.warned {
				t.Errorf("want the time %s:\n%s", tc.want, got)
			}
		})
	}
}

// TestPresetNeeds refuses files that lack what tells a sale in the store from others, whatever else the source says.
func TestPresetNeeds(t *testing.T) {
	t.Parallel()
	const headers = "Name,Email,Financial Status,Created at,Total,Currency,Source"
	for _, tc := range []struct{ name, source, without, missing string }{
		{"everything is there", "", "", ""},
		{"where it was sold is missing", "", "Source", `"Source" (preset shopify-pos)`},
		{"whether it was paid is missing", "", "Financial Status", `"Financial Status" (preset shopify-pos)`},
		{"a rule of the source does not need less", "keep: {Email: [a@example.com]}", "Source", `"Source" (preset shopify-pos)`},
		{"the key is missing", "", "Name", `"Name" (record_key)`},
		{"an id of its own does not group lines", "columns: {event_id: Email}", "Name", `"Name" (record_key)`},
	} {
		m := compiled(t, "{name: shop, dataset: main, preset: shopify-pos, "+tc.source+"}")
		there := slices.DeleteFunc(strings.Split(headers, ","), func(h string) bool { return h == tc.without })
		_, err := m.bind(there, false)
		if tc.missing == "" && err != nil || tc.missing != "" && (err == nil || !strings.Contains(err.Error(), tc.missing)) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// TestPresetJoins looks people up whom a preset refers to, and does without where there are none.
func TestPresetJoins(t *testing.T) {
	t.Parallel()
	defaults := Defaults{Datasets: map[string]string{"main": "1234567890"}, TimeZone: time.UTC, People: []string{"customers"}}
	with := func(text string, d Defaults) *Mapping {
		s := readSource(t, []byte(text))
		m, err := s.Compile(d)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	h := newHouse(t)
	people := with("{name: customers, preset: square-customers, country: US}", defaults)
	for _, f := range []struct {
		name string
		m    *Mapping
	}{
		{"preset_square_customers.csv", people},
		{"preset_square.csv", with("{name: till, dataset: main, preset: square, currency: USD, time_zone: America/New_York}", defaults)},
	} {
		data, err := os.ReadFile("testdata/corpus/" + f.name)
		if err != nil {
			t.Fatal(err)
		}
		report, err := h.Import(t.Context(), Input{Path: h.write(t, f.name, data), Mapping: f.m})
		if err != nil {
			t.Fatal(err)
		}
		if f.m == people {
			continue
		}
		got := map[string]uint64{"accepted": report.File.Counts.Accepted}
		for _, r := range report.Reasons {
			got[string(r.Reason)] += r.Count
		}
		want := map[string]uint64{"accepted": 2, "not_kept": 3, "identifier_missing": 1, "zero_sale": 1, "person_not_found": 1, "time_unreadable": 1}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		text := describe(t, h, report, nil)
		for _, hash := range []string{"953babc40f0f41d2961fc323cef72189631ccf4737f2ce8b2147b6aa3026933f", // emma@example.com
			"7513391c0974c04d9c25b4910ce56c2deaf31ece8196cb9dfb79b47e23c680ec"} { // +12125550101
			if !strings.Contains(text, hash) {
				t.Errorf("nobody was joined who has the hash %s", hash)
			}
		}
	}
	for _, tc := range []struct {
		name, source string
		people       []string
		joins        bool
	}{
		{"nobody to be found", "", nil, false},
		{"people", "", []string{"contacts"}, true},
		{"a join of its own", "join: {column: Person, source: contacts}", []string{"contacts"}, true},
		{"identity by content", "identity: content", []string{"contacts"}, false},
	} {
		d := defaults
		d.People = tc.people
		m := with("{name: deals, dataset: main, preset: salesforce, "+tc.source+"}", d)
		if m.Joins() != tc.joins {
			t.Errorf("%s: it joins: %t", tc.name, m.Joins())
		}
		if strings.Contains(m.effective, `"joined_sources"`) != tc.joins {
			t.Errorf("%s: the effective mapping does not tell: %s", tc.name, m.effective)
		}
	}
}

// TestContactRoles holds the two presets of opportunities to the same columns, stages and names of headers.
func TestContactRoles(t *testing.T) {
	t.Parallel()
	one, err := LoadPreset("salesforce")
	if err != nil {
		t.Fatal(err)
	}
	roles, err := LoadPreset("salesforce-contact-roles")
	if err != nil {
		t.Fatal(err)
	}
	if roles.Source.GroupBy != (GroupBy{groupByRecordKey, valueOnce}) {
		t.Errorf("group_by is %+v", roles.Source.GroupBy)
	}
	roles.Source.GroupBy = GroupBy{}
	if d := cmp.Diff(one.Source, roles.Source); d != "" {
		t.Errorf("the sources differ: %s", d)
	}
	delete(roles.Headers, "Role")
	delete(roles.Headers, "Primary")
	if d := cmp.Diff(one.Headers, roles.Headers); d != "" {
		t.Errorf("the names of headers differ: %s", d)
	}
}

// TestRecogniseUnless takes a report of opportunities for one, however much it tells of the contacts.
func TestRecogniseUnless(t *testing.T) {
	t.Parallel()
	contacts := strings.Split("Contact ID,Salutation,Title,Account Name,Mailing Street,Mailing City,Mailing State/Province,Mailing Country,Email", ",")
	deals := append(slices.Clone(contacts), "Opportunity ID", "Stage", "Close Date")
	items := strings.Split("Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,Discounts,Net Sales,Tax,"+
		"Transaction ID,Payment ID,Device Name,Notes,Details,Event Type,Location,Dining Option,Customer ID,Customer Name,Customer Reference ID", ",")
	for _, tc := range []struct {
		name, want string
		headers    []string
	}{
		{"contacts", "salesforce-contacts", contacts},
		{"opportunities with much about the contact", "salesforce", deals},
		{"opportunities with roles", "salesforce-contact-roles", append(slices.Clone(deals), "Primary")},
		{"the items of Square", "", items},
	} {
		got := ""
		if p := RecognisePreset(tc.headers); p != nil {
			got = p.Name
		}
		if got != tc.want {
			t.Errorf("%s: taken for %q, want %q", tc.name, got, tc.want)
		}
	}
}

// TestProposalOfTills leaves open what the exports of tills do not tell, and nothing else.
func TestProposalOfTills(t *testing.T) {
	t.Parallel()
	const square = "Date,Time,Source,Event Type,Total Collected,Partial Refunds,Net Total,Card Entry Methods,PAN Suffix,Payment ID,Customer ID\n"
	const sale = ",13:05:09,Point of Sale,Payment,\"$1,234.50\",$0.00,$1.00,Tapped,0000,P1,C1\n"
	for _, tc := range []struct {
		name, text string
		people     []string
		lacks      []Lack
		formats    []string
	}{
		{"Square without customers", square + "2026-11-20" + sale, nil, []Lack{LackPerson, LackCurrency}, nil},
		{"Square with customers", square + "2026-11-20" + sale, []string{"customers"}, []Lack{LackCurrency}, nil},
		{"dates that nobody can read", square + "11/12/26" + sale, []string{"customers"}, []Lack{LackDateOrder, LackCurrency}, nil},
		{"dates that prove their order", square + "11/20/26" + sale, []string{"customers"}, []Lack{LackCurrency}, []string{"MM/DD/YY"}},
		{"customers", "Square Customer ID,Creation Source,First Visit,Last Visit,Email Address,Phone Number\nC1,Directory,,,a@example.com,\n", nil, []Lack{LackCountry}, nil},
		{"customers without an address", "Square Customer ID,Creation Source,First Visit,Last Visit\nC1,Directory,,\n", nil, []Lack{LackPerson}, nil},
		{"customers without an id", "Creation Source,First Visit,Last Visit,Email Address\nDirectory,,,a@example.com\n", nil, []Lack{LackKey}, nil},
		{"Shopify", "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Total,Created at,Lineitem quantity,Lineitem name,Lineitem sku,Source\n" +
			"#1,a@example.com,paid,2026-11-20 13:05:00 -0500,fulfilled,USD,12.50,2026-11-20 13:05:00 -0500,1,Mug,MUG,pos\n", nil, nil, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p := proposed(t, "till.csv", tc.text)
			if err := p.Know(tc.people); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(tc.lacks, p.Lacks()); d != "" {
				t.Errorf("it lacks other things: %s", d)
			}
			if d := cmp.Diff(tc.formats, p.Source.DateFormats); d != "" {
				t.Error(d)
			}
			// A look assumes what it can, and whatever is missing is no reason to fail.
			if _, err := p.Assume(); err != nil {
				t.Error(err)
			}
		})
	}
}
