package importer

import (
	"fmt"
	"strings"
	"testing"

	"capibara/event"
	"capibara/store"
)

func TestKeyText(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"plain", "R-1", "R-1"},
		{"trimmed", " R-1\t", "R-1"},
		{"spaces inside", "Store  7", "Store  7"},
		{"no-break space inside", "Den\u00a0Haag", "Den Haag"},
		{"zero-width space", "10\u200b01", "1001"},
		{"direction marks", "\u202a1001\u202c", "1001"},
		{"direction isolates", "\u20661001\u2069", "1001"},
		{"composed", "Cafe\u0301", "Caf\u00e9"},
		{"formula of a text", `="0012"`, "0012"},
		{"formula of a text, padded", `=" R1 "`, "R1"},
		{"formula that does not end", `="R1`, `="R1`},
		{"apostrophe of a spreadsheet", "'0012", "0012"},
		{"apostrophe alone", "'", "'"},
		{"decimal of a whole column", "1001.0", "1001"},
		{"other decimals", "1001.00", "1001.00"},
		{"version", "v1.0", "v1.0"},
		{"decimal alone", ".0", ".0"},
		{"zeros in front stay", "01001", "01001"},
		{"nothing", "", ""},
	}
	for _, tt := range tests {
		if got := keyText(tt.in); got != tt.want {
			t.Errorf("%s: %q is %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
}

func FuzzKeyText(f *testing.F) {
	for _, s := range []string{"R1", `="R1"`, "'R1", "1001.0", "\u202aé\u00a0", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := keyText(s); strings.ContainsAny(got, "\x00\r\n\t\u00a0\u200b") || strings.Trim(got, " ") != got {
			t.Fatalf("%q is %q", s, got)
		}
	})
}

// TestSpellingsOfOneID imports one sale as different programs write its id: each must be the same sale, in whichever role
// its column identifies it.
func TestSpellingsOfOneID(t *testing.T) {
	t.Parallel()
	const salesforce = "0065g00000AbcDe"
	for name, tt := range map[string]struct {
		first string
		same  []string
	}{
		"number":     {`"1001"`, []string{`1001`, `1001.0`, `"1001.0"`, `" 1001 "`, `"'1001"`, `"=\"1001\""`, `"\u200b1001"`, `"\u202a1001\u202c"`, `"1001\u00a0"`}},
		"text":       {`"Caf\u00e9 7"`, []string{`"Cafe\u0301 7"`, `"Caf\u00e9\u00a07"`}},
		"Salesforce": {`"` + salesforce + `"`, []string{`"` + salesforce + `AAJ"`}},
	} {
		for role, columns := range map[string]string{"record_key": "record_key: [id]\ncolumns: {order_id: id, item_number: id, ", "event_id": "columns: {event_id: id, "} {
			t.Run(name+" as "+role, func(t *testing.T) {
				t.Parallel()
				source := strings.Replace(strings.Replace(api, "record_key: [KEY]\n", "", 1), "columns: {", columns, 1)
				h := newHouse(t, compiled(t, source))
				for i, id := range append([]string{tt.first}, tt.same...) {
					text := `[{"id":` + id + `,"email":"a@example.com","amount":10,"closed":"2026-11-22T10:00:00Z"}]`
					r, err := h.Import(t.Context(), Input{Path: h.write(t, fmt.Sprintf("api%d.json", i), []byte(text))})
					want := store.FileCounts{Records: 1, Duplicate: 1}
					if i == 0 {
						want = store.FileCounts{Records: 1, Accepted: 1}
					}
					if err != nil || r.File.Counts != want {
						t.Errorf("%s: %+v, %v", id, r.File.Counts, err)
					}
				}
			})
		}
	}
}

// TestNULInAnID refuses an id with a NUL in it instead of taking it for the one without.
func TestNULInAnID(t *testing.T) {
	t.Parallel()
	for role, source := range map[string]string{
		"record_key": strings.Replace(api, "KEY", "id", 1),
		"event_id":   strings.Replace(strings.Replace(api, "record_key: [KEY]\n", "", 1), "columns: {", "columns: {event_id: id, ", 1),
	} {
		h := newHouse(t, compiled(t, source))
		text := `[{"id":"10\u000001","email":"a@example.com","amount":10,"closed":"2026-11-22T10:00:00Z"}]`
		r, err := h.Import(t.Context(), Input{Path: h.write(t, "api.json", []byte(text))})
		if err != nil || len(r.Reasons) != 1 || r.Reasons[0].Reason != event.ReasonEventIDMalformed || r.Reasons[0].Column != "id" {
			t.Errorf("%s: %+v, %v", role, r.Reasons, err)
		}
	}
}
