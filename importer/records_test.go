package importer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"capibara/store"
)

// TestOptionalRule shows that a rule of a preset is passed over in a file without its column, and holds in one with it.
func TestOptionalRule(t *testing.T) {
	t.Parallel()
	const file = "Receipt,Date,Email,Amount,Source\nR1,2026-11-20T10:00:00Z,a@example.com,5,web\n"
	m := compiled(t, till+"ignore: {Source: [web], Test: [yes]}\n")
	for i := range m.ignore {
		m.ignore[i].optional = true
	}
	h := newHouse(t, m)
	for name, tt := range map[string]struct {
		file string
		want store.FileCounts
	}{
		"with its column":    {file, store.FileCounts{Records: 1, Skipped: 1}},
		"without its column": {strings.Replace(file, "Source", "Origin", 1), store.FileCounts{Records: 1, Accepted: 1}},
	} {
		r, err := h.Import(t.Context(), Input{Path: h.write(t, "till "+name+".csv", []byte(file)), Mapping: m})
		if name == "without its column" {
			r, err = h.Import(t.Context(), Input{Path: h.write(t, "till 2.csv", []byte(tt.file)), Mapping: m})
		}
		if d := cmp.Diff(tt.want, r.File.Counts); err != nil || d != "" {
			t.Errorf("%s: %v, -want +got:\n%s", name, err, d)
		}
	}
}

// TestUpdate imports a day's dump and then what changed: on_conflict says which content counts, and the sums are those of
// the file at hand.
func TestUpdate(t *testing.T) {
	t.Parallel()
	monday, tuesday := tillFile(40), strings.ReplaceAll(string(tillFile(40)), "@example.com,7.50", "@example.com,9.50")
	for mode, want := range map[string]store.FileCounts{
		"report": {Records: 40, Duplicate: 29, Conflict: 1, Skipped: 8, Rejected: 2},
		"update": {Records: 40, Accepted: 1, Duplicate: 29, Skipped: 8, Rejected: 2},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, compiled(t, till+"on_conflict: "+mode+"\n"))
			for _, data := range []string{string(monday), tuesday, string(monday)} {
				r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", []byte(data))})
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case r.File.Number == 1:
				case r.File.Number == 3: // the same file again, which changes nothing back
					if c := r.File.Counts; c.Accepted != 0 || (c.Conflict > 0) != (mode == "update") {
						t.Errorf("again: %+v", c)
					}
				case r.File.Number == 2:
					if d := cmp.Diff(want, r.File.Counts); d != "" {
						t.Errorf("-want +got:\n%s", d)
					}
					if mode == "report" {
						if len(r.Conflicts) != 1 || r.Replacing != 0 || r.Sums != nil {
							t.Errorf("reported: %+v", r)
						}
						continue
					}
					if d := cmp.Diff([]CurrencySum{{"Purchase", "EUR", 1, "9.50"}}, r.Sums); d != "" || r.Replacing != 1 || r.Events != 1 ||
						len(r.Replaced) != 1 || r.Replaced[0].Line != 8 || r.Replaced[0].FirstFile != 1 || r.Replaced[0].FirstLine != 8 {
						t.Errorf("replaced %+v, sums:\n%s", r.Replaced, d)
					}
				}
			}
			counts, err := h.db.Counts(t.Context(), noon())
			withdrawn := map[string]uint64{"update": 1}[mode]
			if got := counts.Datasets[0].Events; err != nil || got[store.StatePending] != 30 || got[store.StateWithdrawn] != withdrawn {
				t.Errorf("%v, %v", got, err)
			}
			h.checked(t)
		})
	}
}

// TestTwoSourcesWithOneNumber shows that the number of another source's record is told as such, and replaces nothing.
func TestTwoSourcesWithOneNumber(t *testing.T) {
	t.Parallel()
	deals := strings.NewReplacer("name: till", "name: deals", "*till*", "*deals*").Replace(till) + "on_conflict: update\n"
	h := newHouse(t, compiled(t, till), compiled(t, deals))
	const file = "Receipt,Date,Email,Amount\n4711,2026-11-20T10:00:00Z,a@example.com,%d\n"
	var last Report
	for i, name := range []string{"till.csv", "deals.csv"} {
		r, err := h.Import(t.Context(), Input{Path: h.write(t, name, fmt.Appendf(nil, file, 5+i))})
		if err != nil {
			t.Fatal(err)
		}
		last = r
	}
	if len(last.Conflicts) != 1 || last.Conflicts[0].FirstSource != "till" || last.Conflicts[0].Source != "deals" || last.Replacing != 0 {
		t.Errorf("%+v, %d replaced", last.Conflicts, last.Replacing)
	}
}

// TestPropertyName holds names under which unmapped columns are sent: another one is another property to Meta.
func TestPropertyName(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Region": "region", "Lead Source": "lead_source", " Lead  Source ": "lead_source", "LeadSource": "lead_source",
		"leadSource": "lead_source", "lead_source": "lead_source", "Lead_Score__c": "lead_score_c", "USState": "usstate",
		"customer.region": "customer_region", "Name (full)": "name_full", "№ of seats": "of_seats", "2nd Owner": "2nd_owner",
		"Straße": "straße", "ÖKO Label": "öko_label", "地域": "地域", "Line1Item": "line1_item", "#": "", "--": "", "": "",
	} {
		if got := propertyName(header); got != want {
			t.Errorf("%q is sent as %q, want %q", header, got, want)
		}
	}
}

func FuzzPropertyName(f *testing.F) {
	for _, s := range []string{"Lead Source", "ÖKO", "a\u0301B", "\xff", "_a_", "ΑΣ Σ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		name := propertyName(header)
		if strings.HasPrefix(name, "_") || strings.HasSuffix(name, "_") || strings.Contains(name, "__") {
			t.Errorf("%q is sent as %q", header, name)
		}
		for _, r := range name {
			if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) || unicode.ToLower(r) != r {
				t.Errorf("%q is sent as %q, with %q", header, name, r)
			}
		}
		if again := propertyName(" " + header + " "); again != name {
			t.Errorf("%q is sent as %q, and with spaces as %q", header, name, again)
		}
	})
}

// TestRecordKeysInForms reads the keys in every form and writes them as they can be read again.
func TestRecordKeysInForms(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a dataset":        "dataset: main\n",
		"datasets":         "dataset: {column: Brand, values: {Acme: main, Zeta: other}}\n",
		"consent":          "consent: Opt-in\n",
		"consent values":   "consent: {column: Opt-in, values: [yes, true, 1]}\n",
		"one value":        "consent: {column: Opt-in, values: granted}\n",
		"screens":          "keep: {Status: [paid, '']}\nignore: {Source: web, Test: [true]}\n",
		"limited data use": "data_processing_options: {options: [ldu], country: 1, state: 1013}\n",
		"no restriction":   "data_processing_options: {options: []}\n",
		"taking back":      "record_key: [ID]\non_no_longer_qualified: withdraw\nrefunds: {Type: [Return, Void]}\nrefund_of: [Original]\nrefund_amount: Back\n",
		"limits":           "currency: EUR\nlimits: {value: \"50000.50\", events: 5, sum: 2.5}\n",
		"limits by code":   "limits: {value: {EUR: 50000, USD: \"60000\"}}\n",
		"the rest":         "hold_back: 1d12h\nopt_out: true\nunmapped: [Region]\non_conflict: update\n",
	} {
		s := readSource(t, []byte("name: s\n"+text))
		out, err := yaml.MarshalWithOptions(s, yaml.OmitEmpty())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(s, readSource(t, out)); d != "" {
			t.Errorf("%s is written as\n%s\n-want +got:\n%s", name, out, d)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Compile(Defaults{Datasets: map[string]string{"main": "1", "other": "2"}}); err != nil && !strings.Contains(err.Error(), `dataset: "" is not`) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestEffectiveMapping holds what a source without the newer keys says of itself: an import that an older version began
// goes on when it is the same, and what tells two mappings apart must be in it.
func TestEffectiveMapping(t *testing.T) {
	t.Parallel()
	const want = `{"name":"till","files":["*till*.csv"],"decimal":".","dataset":"main","record_key":["Receipt"],` +
		`"action_source":"physical_store","currency":"EUR","event_name":{"name":"Purchase"},` +
		`"dataset_id":"1234567890","zone":"UTC","window_length":"168h0m0s","window_margin":"15m0s"}`
	if got := compiled(t, till).effective; got != want {
		t.Errorf("got %s", got)
	}
	by := compiled(t, strings.Replace(till, "dataset: main", "dataset: {column: Brand, values: {Acme: main, Zeta: other}}", 1))
	if got := by.effective; !strings.Contains(got, `"dataset_ids":{"acme":"1234567890","zeta":"9876543210"}`) {
		t.Errorf("got %s", got)
	}
	if got := by.Datasets(); !slices.Equal(got, []string{"1234567890", "9876543210"}) {
		t.Errorf("its datasets are %v", got)
	}
	if got := compiled(t, till).Datasets(); !slices.Equal(got, []string{"1234567890"}) {
		t.Errorf("its dataset is %v", got)
	}
}
