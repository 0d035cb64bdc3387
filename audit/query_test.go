package audit

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"capibara/event"
	"capibara/store"
)

func testReader(t *testing.T) *Reader {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{
		Datasets: []Dataset{{Alias: "main", ID: "1234567890"}},
		Zone:     zone,
		Now:      func() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) },
	})
}

func TestQueryTravelsThroughURL(t *testing.T) {
	q := Query{Since: "7d", Until: "2026-11-20", EventID: "cb-1", RecordKey: "4711", OrderID: "A 1&b", Email: "mary@example.com",
		Phone: "+31 20 794 0000", ExternalID: "C-1", Key: "K 1", File: "3", Batch: "4", FBTraceID: "Ab1", State: "held", EventName: "Purchase", Dataset: "main", Source: "deals", Changed: true,
		Cursor: "x=", Limit: 7}
	got, err := ParseQuery(q.Values())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(q, got); diff != "" {
		t.Errorf("a query changed on its way through a URL (-want +got):\n%s", diff)
	}
	if text := q.String(); strings.Contains(text, "mary") || strings.Contains(text, "794") {
		t.Errorf("String gives personal data away: %s", text)
	}
	for name, bad := range map[string]url.Values{
		"unknown filter": {"colour": {"red"}},
		"limit no int":   {"limit": {"many"}},
		"no yes or no":   {"changed": {"perhaps"}},
	} {
		if _, err := ParseQuery(bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestFilterReadsInstants(t *testing.T) {
	r := testReader(t)
	for _, tc := range []struct {
		name, since, until string
		wantSince          string
		wantUntil          string
	}{
		{"instant with offset", "2026-11-20T14:00:00+01:00", "", "2026-11-20T13:00:00Z", ""},
		{"day is a day of the zone", "2026-11-20", "2026-11-20", "2026-11-19T23:00:00Z", "2026-11-20T23:00:00Z"},
		{"minute of the zone", "2026-11-20 08:30", "", "2026-11-20T07:30:00Z", ""},
		{"age in days", "7d", "", "2026-11-13T12:00:00Z", ""},
		{"age in hours", "36h", "1h", "2026-11-19T00:00:00Z", "2026-11-20T11:00:00Z"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := r.read(Query{Since: tc.since, Until: tc.until}, false)
			if err != nil {
				t.Fatal(err)
			}
			if got := text(f.Since); got != tc.wantSince {
				t.Errorf("since %s, want %s", got, tc.wantSince)
			}
			if got := text(f.Until); got != tc.wantUntil {
				t.Errorf("until %s, want %s", got, tc.wantUntil)
			}
		})
	}
}

func text(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func TestFilterHashesPersons(t *testing.T) {
	r := testReader(t)
	f, err := r.read(Query{Email: " Mary@Example.com ", Phone: "+44 20 7946 0958", ExternalID: "CRM-1"}, false)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[event.Key]int{}
	for _, v := range f.Person {
		keys[v.Key]++
	}
	// The external id is looked for as typed and in lower case, because a source may hash either.
	if want := map[event.Key]int{event.Email: 1, event.Phone: 1, event.ExternalID: 2}; !cmp.Equal(keys, want) {
		t.Errorf("hashes by key %v, want %v", keys, want)
	}
	if want := []event.PlainValue{{Key: event.ExternalID, Value: "CRM-1"}}; !cmp.Equal(f.PersonPlain, want) {
		t.Errorf("plain values %v, want %v", f.PersonPlain, want)
	}
}

func TestFilterRefusesWhatItCannotRead(t *testing.T) {
	for _, tc := range []struct {
		name    string
		q       Query
		batches bool
		filter  string
	}{
		{"since", Query{Since: "yesterday"}, false, "since"},
		{"until", Query{Until: "20-11-2026"}, false, "until"},
		{"negative age", Query{Since: "-5h"}, false, "since"},
		{"batch", Query{Batch: "first"}, false, "batch"},
		{"batch zero", Query{Batch: "0"}, false, "batch"},
		{"state of an event", Query{State: "sending"}, false, "state"},
		{"state of a batch", Query{State: "pending"}, true, "state"},
		{"e-mail", Query{Email: "mary.example"}, false, "email"},
		{"phone without country", Query{Phone: "020 794 0000"}, false, "phone"},
		{"cursor", Query{Cursor: "next"}, false, "cursor"},
		{"page too long", Query{Limit: MaxPage + 1}, false, "limit"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := tc.q.Check(tc.batches)
			var usage *UsageError
			if !errors.As(err, &usage) || usage.Filter != tc.filter {
				t.Fatalf("got %v, want a usage error about %s", err, tc.filter)
			}
			for _, secret := range []string{tc.q.Email, tc.q.Phone} {
				if secret != "" && strings.Contains(err.Error(), secret) {
					t.Errorf("the error repeats what was typed: %v", err)
				}
			}
		})
	}
	if f, err := testReader(t).filter(t.Context(), Query{State: "unknown", Dataset: "main"}, true); err != nil || f.BatchState != store.BatchUnknown || f.Dataset != "1234567890" {
		t.Errorf("got %+v, %v", f, err)
	}
}
