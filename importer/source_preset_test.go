package importer

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"capibara/importer/preset"
)

// TestPresets holds every preset to what its file may say: it can be compiled, says which export it is, and leaves to the
// user what no preset can know.
func TestPresets(t *testing.T) {
	t.Parallel()
	for _, name := range PresetNames() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, ok := preset.Text(name)
			if !ok || !strings.HasPrefix(string(text), "# ") {
				t.Error("the file does not begin with a comment that says which export it is")
			}
			p, err := LoadPreset(name)
			if err != nil {
				t.Fatal(err)
			}
			s := p.Source
			if p.Title == "" {
				t.Error("no title")
			}
			if s.Name != "" || s.Files != nil || s.Dataset.Alias != "" || s.Dataset.byColumn() || s.Country != "" || s.Currency != "" || s.TimeZone != "" ||
				s.DateFormats != nil || s.Decimal != "" || s.Preset != "" {
				t.Error("it says what only the user can know")
			}
			if len(s.RecordKey) == 0 {
				t.Error("it does not say what identifies a record")
			}
			for header := range p.Headers {
				if !strings.Contains(string(text[strings.Index(string(text), "source:"):]), header) &&
					!strings.Contains(strings.Join(slices.Concat(p.Recognise.Headers, p.Recognise.Unless), "\n"), header) {
					t.Errorf("nothing uses the header %q that has other names", header)
				}
			}
			if own := readSource(t, []byte("{name: x, preset: "+name+"}")); own.IsPeople() != (s.Kind == kindPeople) {
				t.Errorf("IsPeople is %t, and the kind of the preset is %q", own.IsPeople(), s.Kind)
			} else if own.IsPeople() {
				compiled(t, "name: x\npreset: "+name)
			} else {
				compiled(t, "name: x\ndataset: main\npreset: "+name)
			}
		})
	}
}

// TestRecognisePreset recognises the exports of the corpus by their headers, and nothing else.
func TestRecognisePreset(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"preset_salesforce.csv": "salesforce", "preset_salesforce_german.csv": "salesforce", "preset_salesforce_report_type.csv": "salesforce",
		"preset_salesforce_no_contact.csv": "salesforce", "preset_salesforce_leads.csv": "salesforce-leads", "preset_hubspot.csv": "hubspot",
		"preset_hubspot_german.csv": "hubspot", "preset_hubspot_contacts.csv": "hubspot-contacts", "preset_meta_offline.csv": "meta-offline",
		"preset_meta_match_keys.csv": "meta-offline", "preset_pipedrive.csv": "pipedrive", "preset_generic.csv": "", "plain.csv": "", "contents.csv": "", "currency.csv": "",
		"preset_salesforce_contact_roles.csv": "salesforce-contact-roles", "preset_salesforce_contacts.csv": "salesforce-contacts",
		"preset_shopify_pos.csv": "shopify-pos", "preset_shopify_no_source.csv": "shopify-pos", "preset_square.csv": "square",
		"preset_square_american.csv": "square", "preset_square_customers.csv": "square-customers",
	}
	for name, preset := range want {
		data, err := os.ReadFile(filepath.Join("testdata/corpus", name))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if p := RecognisePreset((&Mapping{}).sniffSheet(data).headers); p != nil {
			got = p.Name
		}
		if got != preset {
			t.Errorf("%s is taken for an export of %q, want %q", name, got, preset)
		}
	}
}

// TestEffective merges a source with its preset.
func TestEffective(t *testing.T) {
	t.Parallel()
	p, err := LoadPreset("salesforce")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, source string
		check        func(t *testing.T, s Source, in *Inherited)
	}{
		{"everything is the preset's", "preset: salesforce", func(t *testing.T, s Source, in *Inherited) {
			if s.LeadEventSource != "Salesforce" || len(s.Events) != 2 || !in.column("email") {
				t.Errorf("%+v", s)
			}
		}},
		{"a single value wins", "{preset: salesforce, lead_event_source: Ours}", func(t *testing.T, s Source, in *Inherited) {
			if s.LeadEventSource != "Ours" || in.Source.LeadEventSource != "" || s.ActionSource != "system_generated" {
				t.Errorf("%+v", s)
			}
		}},
		{"columns merge by member", "{preset: salesforce, columns: {em: Mail, value: Sum}}", func(t *testing.T, s Source, in *Inherited) {
			if d := cmp.Diff(Names{"Mail"}, s.Columns["em"]); d != "" || s.Columns["email"] != nil || in.column("em") || in.column("value") {
				t.Errorf("%s %+v", d, s.Columns)
			}
			if d := cmp.Diff(p.Source.Columns["phone"], s.Columns["phone"]); d != "" || !in.column("phone") {
				t.Error(d)
			}
		}},
		{"events are taken whole", "{preset: salesforce, events: [{name: a}]}", func(t *testing.T, s Source, in *Inherited) {
			if len(s.Events) != 1 || in.events() {
				t.Errorf("%+v", s.Events)
			}
		}},
		{"event_name takes the place of events", "{preset: salesforce, event_name: a}", func(t *testing.T, s Source, in *Inherited) {
			if len(s.Events) != 0 || s.EventName.Name != "a" || in.events() {
				t.Errorf("%+v", s)
			}
		}},
		{"record_key is taken whole", "{preset: salesforce, record_key: [A, B]}", func(t *testing.T, s Source, in *Inherited) {
			if len(s.RecordKey) != 2 || in.recordKey() {
				t.Errorf("%+v", s.RecordKey)
			}
		}},
		{"identity takes the place of record_key", "{preset: salesforce, identity: content}", func(t *testing.T, s Source, in *Inherited) {
			if len(s.RecordKey) != 0 || in.recordKey() {
				t.Errorf("%+v", s.RecordKey)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			own := readSource(t, []byte(tc.source))
			s, in, err := own.Effective()
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(readSource(t, []byte(tc.source)), own); d != "" {
				t.Errorf("the source itself was changed: %s", d)
			}
			tc.check(t, s, in)
		})
	}
	unknown := Source{Name: "x", Preset: "salesfroce"}
	if _, err := unknown.Compile(Defaults{}); err == nil || !strings.Contains(err.Error(), "did you mean salesforce?") {
		t.Errorf("an unknown preset: %v", err)
	}
	if none, in, err := (&Source{Name: "x"}).Effective(); err != nil || in != nil || none.Name != "x" {
		t.Errorf("without a preset: %+v %+v %v", none, in, err)
	}
}

// TestPresetScreens binds rules about records that come from a preset: a file may lack their column, or call it by another of
// its names.
func TestPresetScreens(t *testing.T) {
	t.Parallel()
	rules := func(s *Source) map[string]Names { return s.Keep }
	for _, tc := range []struct {
		name    string
		headers []string
		bound   int
		refused bool
	}{
		{"its own name", []string{"ID", "Date", "Email", "Channel"}, 1, false},
		{"another name", []string{"ID", "Date", "Email", "kanal"}, 1, false},
		{"not there", []string{"ID", "Date", "Email"}, 0, false},
		{"there twice", []string{"ID", "Date", "Email", "Kanal", "Kanal"}, 0, true},
	} {
		m := compiled(t, "{name: x, dataset: main, record_key: [ID], action_source: physical_store, event_name: Lead, keep: {Channel: [store]}}")
		m.inherited = &Inherited{Source: Source{Keep: map[string]Names{"Channel": {"store"}}}, Headers: map[string]Names{"Channel": {"Kanal"}}}
		m.inherited.soften(m.keep, rules)
		if !m.namedHeaders()["kanal"] {
			t.Error("the other name does not help to find the line of headers")
		}
		b, err := m.bind(tc.headers, false)
		if (err != nil) != tc.refused {
			t.Errorf("%s: %v", tc.name, err)
		}
		if err == nil && len(b.admits.keep) != tc.bound {
			t.Errorf("%s: %d rules were bound", tc.name, len(b.admits.keep))
		}
	}
}
