package importer

import (
	"testing"

	"capibara/event"

	"github.com/google/go-cmp/cmp"
)

// TestEventKinds lists what a source can yield for a dataset, before a file is seen.
func TestEventKinds(t *testing.T) {
	t.Parallel()
	const crm, till = event.SourceSystemGenerated, event.SourcePhysicalStore
	for _, tc := range []struct {
		name, source, dataset string
		want                  []EventKind
	}{
		{"one name", "dataset: main\nevent_name: purchase\naction_source: in_store\ncurrency: EUR\n", "1", []EventKind{{"Purchase", till, "", "EUR"}}},
		{"stages", "dataset: main\naction_source: system_generated\nlead_event_source: HubSpot\nevents: [{name: sql_qualified, when: {Stage: [SQL]}}, {name: deal_closed, when: {Stage: [Won]}}, {name: sql_qualified, when: {Old: [x]}}]\n",
			"1", []EventKind{{"sql_qualified", crm, "HubSpot", ""}, {"deal_closed", crm, "HubSpot", ""}}},
		{"stages by value", "dataset: main\nevent_name: {column: Stage, values: {Won: deal_closed, SQL: sql_qualified}}\n", "1", []EventKind{{EventName: "deal_closed"}, {EventName: "sql_qualified"}}},
		{"a column names it", "dataset: main\nevent_name: {column: Event}\naction_source: in_store\n", "1", []EventKind{{ActionSource: till}}},
		{"another dataset", "dataset: other\nevent_name: Lead\n", "1", nil},
		{"a column chooses", "dataset: {column: Brand, values: {Acme: main, Bolt: other}}\nevent_name: Lead\n", "2", []EventKind{{EventName: "Lead"}}},
		{"people", "kind: people\nrecord_key: [ID]\ncolumns: {email: Email}\n", "1", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := readSource(t, []byte("name: s\n"+tc.source))
			m, err := s.Compile(Defaults{Datasets: map[string]string{"main": "1", "other": "2"}})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, m.EventKinds(tc.dataset)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
