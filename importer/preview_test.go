package importer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"capibara/event"
)

const previewSource = `{name: s, dataset: main, record_key: [ID], action_source: physical_store, currency: EUR,
  columns: {email: Mail, event_time: At, value: Sum}, event_name: {column: Stage, values: {Sold: Purchase}}}`

func previewOf(t *testing.T, source, name, text string) Preview {
	t.Helper()
	h := newHouse(t)
	v, err := MakePreview(t.Context(), PreviewInput{Path: h.write(t, name, []byte(text)), Mapping: compiled(t, source), Now: noon()})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestPreview counts what an import would do, and agrees with an import.
func TestPreview(t *testing.T) {
	t.Parallel()
	text := "ID,At,Sum,Mail,Stage\n" +
		"1,2026-11-22T10:00:00Z,10,a@example.com,Sold\n" +
		"2,2026-11-22T11:00:00Z,20,b@example.com,Sold\n" +
		"2,2026-11-22T11:00:00Z,20,b@example.com,Sold\n" +
		"2,2026-11-22T11:00:00Z,21,b@example.com,Sold\n" +
		"3,2026-10-01T10:00:00Z,10,c@example.com,Sold\n" +
		"4,yesterday,10,d@example.com,Sold\n" +
		"5,2026-11-22T10:00:00Z,10,,Sold\n" +
		"6,2026-11-22T10:00:00Z,10,e@example.com,Lost\n" +
		"7,2026-11-22T10:00:00Z,10,e@example.com,Lost\n" +
		"8,2026-11-22T10:00:00Z,10,e@example.com,\n" +
		"9,2026-11-19T10:00:00Z,12,F@EXAMPLE.com,sold\n"
	v := previewOf(t, previewSource, "s.csv", text)
	h := newHouse(t)
	report, err := h.Import(t.Context(), Input{Path: h.write(t, "s.csv", []byte(text)), Mapping: compiled(t, previewSource)})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(report.File.Counts, v.File.Counts); d != "" {
		t.Errorf("an import counts otherwise: %s", d)
	}
	for what, pair := range map[string][2]any{"reasons": {report.Reasons, v.Reasons}, "warnings": {report.Warnings, v.Warnings},
		"sums": {report.Sums, v.Sums}, "columns": {report.Matching, v.Matching}, "events": {report.Events, v.Events}} {
		if d := cmp.Diff(pair[0], pair[1]); d != "" {
			t.Errorf("an import has other %s: %s", what, d)
		}
	}
	if d := cmp.Diff([]StageCount{{"Stage", "Lost", 2}, {"Stage", "", 1}}, v.Stages); d != "" {
		t.Error(d)
	}
	if len(v.Samples) != 3 || v.Coverage.Events() != 3 || v.Coverage.With(event.Email) != 3 {
		t.Errorf("%d samples, %d events, %d with an e-mail address", len(v.Samples), v.Coverage.Events(), v.Coverage.With(event.Email))
	}
	if told := fmt.Sprintf("%+v", v); strings.Contains(strings.ToLower(told), "@example.com") {
		t.Errorf("the preview tells a value: %s", told)
	}
}

// TestConcerns finds what a person should look at, each in a file of its own, and nothing in a good one.
func TestConcerns(t *testing.T) {
	t.Parallel()
	file := func(n int, row func(i int) string) string {
		b := "ID,At,Sum,Mail,Stage\n"
		for i := range n {
			b += row(i) + "\n"
		}
		return b
	}
	hash := strings.Repeat("ab", 32)
	for _, tc := range []struct {
		name, text string
		want       []string
	}{
		{"a good file", file(10, func(i int) string {
			return fmt.Sprintf("%d,2026-11-23T%02d:30:00Z,%d,p%d@example.com,Sold", i, i, 10+i, i)
		}), nil},
		{"no identifier", file(10, func(i int) string {
			mail := ""
			if i%2 == 0 {
				mail = "p@example.com"
			}
			return fmt.Sprintf("%d,2026-11-23T%02d:30:00Z,%d,%s,Sold", i, i, 10+i, mail)
		}), []string{"no_identifier"}},
		{"all at one time", file(6, func(i int) string {
			return fmt.Sprintf("%d,2026-11-23T08:00:00Z,%d,p%d@example.com,Sold", i, 10+i, i)
		}), []string{"one_time"}},
		{"dates alone", file(6, func(i int) string {
			return fmt.Sprintf("%d,2026-11-2%d,%d,p%d@example.com,Sold", i, 2+i%2, 10+i, i)
		}), []string{"date_only"}},
		{"one value", file(6, func(i int) string {
			return fmt.Sprintf("%d,2026-11-23T%02d:30:00Z,10,p%d@example.com,Sold", i, i, i)
		}), []string{"one_value"}},
		{"late", file(6, func(i int) string {
			return fmt.Sprintf("%d,2026-11-%02dT10:00:00Z,%d,p%d@example.com,Sold", i, 17+i, 10+i, i)
		}), []string{"late", "weekly"}},
		{"hashed and not", file(6, func(i int) string {
			mail := fmt.Sprintf("p%d@example.com", i)
			if i == 3 {
				mail = hash
			}
			return fmt.Sprintf("%d,2026-11-23T%02d:30:00Z,%d,%s,Sold", i, i, 10+i, mail)
		}), []string{"mixed_hashes"}},
		{"nothing to send", file(6, func(i int) string {
			return fmt.Sprintf("%d,2026-11-23T%02d:30:00Z,%d,p%d@example.com,Lost", i, i, 10+i, i)
		}), []string{"nothing"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range previewOf(t, previewSource, "s.csv", tc.text).Concerns {
				got = append(got, c.Code)
				if !strings.HasSuffix(c.Sentence, ".") || c.Fix == "" {
					t.Errorf("%s is no sentence with a way out: %q, %q", c.Code, c.Sentence, c.Fix)
				}
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

// TestPreviewOfPeople counts people as an import does, and says that it knows none of other sources.
func TestPreviewOfPeople(t *testing.T) {
	t.Parallel()
	v := previewOf(t, "{name: contacts, kind: people, record_key: [Contact ID]}", "c.csv", "Contact ID,Email\nC-1,a@example.com\nC-2,b@example.com\n")
	if v.Refusal != "" || v.File.Counts.Accepted != 2 || v.Events != 0 || len(v.Concerns) > 0 || slices.Contains(v.Matching.Missing, "value") {
		t.Errorf("%q %+v %+v %+v", v.Refusal, v.File.Counts, v.Concerns, v.Matching)
	}
	s := readSource(t, []byte(`{name: s, dataset: main, record_key: [ID], action_source: physical_store, event_name: Lead, join: Contact ID, columns: {event_time: At}}`))
	m, err := s.Compile(Defaults{Datasets: map[string]string{"main": "1"}, People: []string{"contacts"}})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	text := "ID,At,Contact ID\n"
	for i := range 30 {
		text += fmt.Sprintf("%d,2026-11-22T10:00:00Z,C-1\n", i)
	}
	v, err = MakePreview(t.Context(), PreviewInput{Path: h.write(t, "s.csv", []byte(text)), Mapping: m, Now: noon()})
	if err != nil || v.Refusal != "" || !slices.ContainsFunc(v.Concerns, func(c Concern) bool { return c.Code == "join" }) ||
		slices.ContainsFunc(v.Concerns, func(c Concern) bool { return c.Code == "nothing" }) {
		t.Errorf("%v %q %+v", err, v.Refusal, v.Concerns)
	}
}

// TestPreviewRefused tells why a file would be refused, and reads on where that helps.
func TestPreviewRefused(t *testing.T) {
	t.Parallel()
	bad := "ID,At,Sum,Mail,Stage\n"
	for i := range 30 {
		bad += fmt.Sprintf("%d,03/04/2026,10,p%d@example.com,Sold\n", i, i)
	}
	v := previewOf(t, previewSource, "s.csv", bad)
	if !strings.Contains(v.Refusal, "30 of the first 30 records") || v.Hint == "" || v.File.Counts.Rejected != 30 || len(v.Reasons) != 1 {
		t.Errorf("%q %q %+v %v", v.Refusal, v.Hint, v.File.Counts, v.Reasons)
	}
	if v := previewOf(t, previewSource, "s.csv", "ID,At\n1,2026-11-22\n"); !strings.Contains(v.Refusal, `"Mail"`) {
		t.Errorf("%q", v.Refusal)
	}
	if v := previewOf(t, previewSource, "s.csv", "%PDF-1.7"); !strings.Contains(v.Refusal, "PDF") {
		t.Errorf("%q", v.Refusal)
	}
}

// TestPreviewStages shows values of a column of stages only while they can be nothing else.
func TestPreviewStages(t *testing.T) {
	t.Parallel()
	text := "ID,At,Sum,Mail,Stage\n1,2026-11-22T10:00:00Z,1,a@example.com,mary@example.com\n2,2026-11-22T10:00:00Z,1,a@example.com,Lost\n"
	if v := previewOf(t, previewSource, "s.csv", text); len(v.Stages) != 1 || !v.Crowded {
		t.Errorf("%v %v", v.Stages, v.Crowded)
	}
	text = "ID,At,Sum,Mail,Stage\n"
	for i := range 100 {
		text += fmt.Sprintf("%d,2026-11-22T10:00:00Z,1,a@example.com,Person number %s\n", i, strings.Repeat("x", i))
	}
	if v := previewOf(t, previewSource, "s.csv", text); len(v.Stages) != 0 || !v.Crowded {
		t.Errorf("%v %v", v.Stages, v.Crowded)
	}
}

// TestMatching tells what the columns were taken for.
func TestMatching(t *testing.T) {
	t.Parallel()
	v := previewOf(t, "{name: s, dataset: main, record_key: [Order ID], action_source: physical_store, event_name: Purchase}", "s.csv",
		"Order ID,Date,Total,Subtotal,Email,Notes\n1,2026-11-22,5,4,a@example.com,x\n")
	want := &Matching{Matched: []Match{{"event_time", "Date", ByAlias}, {"email", "Email", ByAlias}, {"order_id", "Order ID", ByAlias},
		{"value", "Total", ByAlias}, {"record_key", "Order ID", ByColumns}}, Unused: []string{"Subtotal", "Notes"},
		Missing: []string{"phone", "first_name", "last_name", "currency"}}
	slices.SortFunc(v.Matching.Matched, func(x, y Match) int { return strings.Compare(x.By+x.Member, y.By+y.Member) })
	slices.SortFunc(want.Matched, func(x, y Match) int { return strings.Compare(x.By+x.Member, y.By+y.Member) })
	if d := cmp.Diff(want, v.Matching); d != "" {
		t.Error(d)
	}
	v = previewOf(t, "{name: s, dataset: main, record_key: [id], action_source: physical_store, event_name: Purchase}", "s.json",
		`[{"id": "1", "date": "2026-11-22", "email": "a@example.com", "Mary Example": {"x": 1}}]`)
	if len(v.Matching.Unused) != 0 || v.Matching.Others != 1 {
		t.Errorf("members that may be names of people are told: %+v", v.Matching)
	}
}

// TestMoneyIsNeverConfused holds the columns that look like an amount and are none to being no amount.
func TestMoneyIsNeverConfused(t *testing.T) {
	t.Parallel()
	known := newAliases()
	for _, header := range []string{"Subtotal", "Sub Total", "Expected Revenue", "Weighted Amount", "Forecast Amount",
		"Amount in company currency", "Annual Revenue", "Total Revenue", "Net Amount", "Tax", "Total Tax", "Discount Amount", "Shipping", "Tip",
		"Outstanding Balance", "Refunded Amount", "Zwischensumme", "Rabatt"} {
		if at, _, ok := known.find(header); ok && at.field == fieldValue {
			t.Errorf("%q is taken for the amount", header)
		}
	}
	for _, header := range []string{"Create Date", "Created Date", "Created At", "Last Modified Date", "Last Modified", "Last Activity", "Updated At", "Date of birth", "Due Date"} {
		if at, _, ok := known.find(header); ok && at.field == fieldEventTime {
			t.Errorf("%q is taken for the time of the conversion", header)
		}
	}
}
