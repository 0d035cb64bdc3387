package importer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/store"
)

// keySpy writes down the keys of the records that are imported.
type keySpy struct {
	store.Importing
	keys []string
}

func (s *keySpy) Import(ctx context.Context, file uint64, c store.Chunk, now time.Time) (store.ImportResult, error) {
	for i := range c.Records {
		s.keys = append(s.keys, strings.Clone(c.Records[i].RecordKey))
	}
	return s.Importing.Import(ctx, file, c, now)
}

const api = `
name: api
files: ["*api*"]
dataset: main
record_key: [KEY]
action_source: physical_store
event_name: Purchase
decimal: "."
currency: EUR
columns: {email: email, value: amount, event_time: closed}
`

// TestMembersOfOneName holds which of several members or columns whose names differ in spelling or depth alone is read:
// the one that is named to the letter, wherever it stands in the record.
func TestMembersOfOneName(t *testing.T) {
	t.Parallel()
	const rest = `"email":"a@example.com","amount":10,"closed":"2026-11-22T10:00:00Z"`
	flat := strings.Repeat(`{"order":{"id":"8"},`+rest+"}\n", sampleRecords)
	for name, tt := range map[string]struct {
		key, file, in string
		want          []string // keys of the last records
		refused       string
	}{
		"a record's own id before its fields'": {"id", "api.json", `[{"id":"r1","fields":{"id":"C7",` + rest + `}},{"fields":{"id":"C7",` + rest + `},"id":"r2"}]`, []string{"r1", "r2"}, ""},
		"fields' id is no other record's":      {"id", "api.json", `[{"id":"r1",` + rest + `},{"fields":{"id":"C7"},` + rest + `}]`, []string{"r1", ""}, ""},
		"fields alone":                         {"id", "api.json", `[{"fields":{"id":"C7",` + rest + `}}]`, []string{"C7"}, ""},
		"dotted beside joined":                 {"order.id", "api.json", `[{"order":{"id":"1"},"order_id":"77",` + rest + `},{"order_id":"77","order":{"id":"2"},` + rest + `}]`, []string{"1", "2"}, ""},
		"joined beside dotted":                 {"order_id", "api.json", `[{"order":{"id":"1"},"order_id":"77",` + rest + `}]`, []string{"77"}, ""},
		"neither to the letter":                {"Order ID", "api.json", `[{"order":{"id":"1"},"order_id":"77",` + rest + `}]`, nil, "Two columns have the header"},
		"a twin that comes late": {"order.id", "api.jsonl", flat + `{"order":{"id":"1"},"order_id":"77",` + rest + "}\n" + `{"order_id":"77","order":{"id":"2"},` + rest + "}\n",
			[]string{"1", "2"}, ""},
		"columns":               {"Order-ID", "api.csv", "OrderID,Order-ID,Email,Amount,Closed\nX,Y,a@example.com,10,2026-11-22T10:00:00Z\n", []string{"Y"}, ""},
		"columns of equal name": {"OrderID", "api.csv", "OrderID,OrderID,Email,Amount,Closed\nX,Y,a@example.com,10,2026-11-22T10:00:00Z\n", nil, "Two columns have the header"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, compiled(t, strings.Replace(api, "KEY", tt.key, 1)))
			spy := &keySpy{Importing: h.db}
			h.Importer.c.Store = spy
			_, err := h.Import(t.Context(), Input{Path: h.write(t, tt.file, []byte(tt.in))})
			var refused *RefusedError
			if tt.refused != "" {
				if !errors.As(err, &refused) || !strings.Contains(refused.Reason, tt.refused) {
					t.Errorf("got %v, want %q", err, tt.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := spy.keys[len(spy.keys)-len(tt.want):]; !slices.Equal(got, tt.want) {
				t.Errorf("the keys are %q, want %q", got, tt.want)
			}
		})
	}
}
