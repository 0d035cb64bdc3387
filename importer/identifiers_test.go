package importer

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"capibara/event"
	"capibara/store"
)

// everyone maps a column to every identifier. Its order is that of identifierColumns.
const everyone = `
name: till
dataset: main
record_key: [Receipt]
action_source: physical_store
event_name: Purchase
currency: EUR
decimal: "."
country: MX
columns:
  event_time: Date
  value: Amount
  email: em
  phone: ph
  first_name: fn
  last_name: ln
  date_of_birth: db
  gender: ge
  city: ct
  state: st
  zip: zp
  country: country
  external_id: external_id
  client_ip_address: client_ip_address
  client_user_agent: client_user_agent
  fbc: fbc
  fbp: fbp
  subscription_id: subscription_id
  fb_login_id: fb_login_id
  lead_id: lead_id
  madid: madid
  anon_id: anon_id
  page_id: page_id
  page_scoped_user_id: page_scoped_user_id
  ctwa_clid: ctwa_clid
  ig_account_id: ig_account_id
  ig_sid: ig_sid
`

// identified is a file with a column for every identifier and one sale for each of rows.
func identified(rows ...map[event.Key]string) []byte {
	var b strings.Builder
	b.WriteString("Receipt,Date,Amount")
	for _, k := range event.Keys() {
		b.WriteString("," + k.String())
	}
	for i, row := range rows {
		fmt.Fprintf(&b, "\nR%d,2026-11-22T10:00:00Z,5.00", i)
		for _, k := range event.Keys() {
			b.WriteString(`,"` + strings.ReplaceAll(row[k], `"`, `""`) + `"`)
		}
	}
	return []byte(b.String() + "\n")
}

// TestEveryDroppedIdentifierIsCounted gives each identifier a value that cannot be used, beside one that can, and a word
// for nothing.
func TestEveryDroppedIdentifierIsCounted(t *testing.T) {
	t.Parallel()
	md5 := "5d41402abc4b2a76b9719d911017c592"
	for _, k := range event.Keys() {
		bad := map[event.Key][]string{
			event.Email: {"mary at example.com", "Val\ufffdry@example.com"}, event.Phone: {"call me", "3.16123E+10", "123"}, event.FirstName: {"12345", "Val\ufffdry"},
			event.LastName: {"!!"}, event.Birth: {"16/2/1997", "1899-12-31"}, event.Gender: {"X", "1"}, event.City: {"12345"}, event.State: {"!!"},
			event.Zip: {"!!", "00000"}, event.Country: {"Narnia"}, event.ExternalID: {"9.92E+15", "0", "00000000-0000-0000-0000-000000000000"},
			event.ClientIP: {"localhost"}, event.FBC: {"abc"}, event.FBP: {"abc"}, event.LeadID: {"1.2E+15", "12"}, event.MADID: {"00000000-0000-0000-0000-000000000000"},
		}[k]
		if bad == nil && k != event.UserAgent { // which may be any text
			bad = []string{"mary@example.com"}
		}
		t.Run(k.String(), func(t *testing.T) {
			t.Parallel()
			person := map[event.Key]string{event.Email: "mary@example.com"}
			if k == event.Email {
				person = map[event.Key]string{event.Phone: "+16505551212"}
			}
			rows := []map[event.Key]string{person}
			with := func(value string) {
				row := map[event.Key]string{k: value}
				for other, v := range person {
					row[other] = v
				}
				rows = append(rows, row)
			}
			for _, value := range bad {
				with(value)
			}
			weak := k.Hashed() && k != event.ExternalID
			if weak {
				with(md5)
			}
			for _, word := range []string{"", " ", "n/a", "NULL", "-", "\u200b"} {
				with(word)
			}
			h := newHouse(t)
			r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", identified(rows...)), Mapping: compiled(t, everyone)})
			if err != nil {
				t.Fatal(err)
			}
			if n := uint64(len(rows)); r.File.Counts != (store.FileCounts{Records: n, Accepted: n}) {
				t.Fatalf("not every sale was accepted: %+v %v", r.File.Counts, r.Reasons)
			}
			got := map[event.Reason]uint64{}
			for _, w := range r.Warnings {
				got[w.Reason] = w.Count
			}
			want := map[event.Reason]uint64{}
			if len(bad) > 0 {
				want[event.Dropped(k)] = uint64(len(bad))
			}
			if weak {
				want[event.ReasonDroppedHash]++
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("warnings, -want +got:\n%s", d)
			}
			for _, e := range events(t, h) {
				if e.User.Has(k) {
					t.Errorf("an event has %s all the same", k)
				}
			}
		})
	}
}

// TestAmbiguousGenderIsCounted keeps the M of a Mexican source apart from what is unreadable.
func TestAmbiguousGenderIsCounted(t *testing.T) {
	t.Parallel()
	mary := func(gender string) map[event.Key]string {
		return map[event.Key]string{event.Email: "mary@example.com", event.Gender: gender}
	}
	h := newHouse(t)
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", identified(mary("M"), mary("H"), mary("Mujer"), mary("M"))), Mapping: compiled(t, everyone)})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Warnings) != 1 || r.Warnings[0].Reason != event.ReasonGenderAmbiguous || r.Warnings[0].Count != 2 {
		t.Errorf("warnings %v, want gender_ambiguous twice", r.Warnings)
	}
	with := 0
	for _, e := range events(t, h) {
		if e.User.Has(event.Gender) {
			with++
		}
	}
	if with != 2 {
		t.Errorf("%d events have a gender, want those of H and Mujer", with)
	}
}

// TestServiceNowIDIsAnID holds that an external_id of 32 hex digits is sent, unlike an e-mail address of that look.
func TestServiceNowIDIsAnID(t *testing.T) {
	t.Parallel()
	const id = "5137153cc611227c000bbd1bd8cd2005"
	h := newHouse(t)
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", identified(map[event.Key]string{event.ExternalID: id})), Mapping: compiled(t, everyone)})
	if err != nil || r.File.Counts.Accepted != 1 || len(r.Warnings) != 0 {
		t.Fatalf("%+v, %v, %v", r.File.Counts, r.Warnings, err)
	}
	if e := events(t, h)[0]; !e.User.HasHash(event.ExternalID, sha256.Sum256([]byte(id))) {
		t.Errorf("the event has the identifiers %x", e.User.Hashed())
	}
}

// TestBetterIdentifiersAreNoConflict imports a file again in which nothing but the identifiers has changed, as they do
// for every known record when a later version normalises one better: all of it is known, and nothing is reported.
func TestBetterIdentifiersAreNoConflict(t *testing.T) {
	t.Parallel()
	first := []map[event.Key]string{
		{event.Email: "mary@example.com", event.Phone: "+31612345678", event.ExternalID: "C1", event.Country: "NL"},
		{event.Phone: "+31612345679"},
		{event.LeadID: "1234567890123456"},
	}
	second := []map[event.Key]string{
		{event.Email: "mary.doe@example.com", event.FirstName: "Mary", event.LastName: "Doe", event.Gender: "Mujer", event.Zip: "1012 AB"},
		{event.Phone: "+31201234567", event.City: "Amsterdam", event.State: "Noord-Holland", event.Birth: "1997-02-16"},
		{event.LeadID: "1234567890123457", event.MADID: "5d41402a-bc4b-4a76-b971-9d911017c592", event.ClientIP: "203.0.113.7"},
	}
	t.Run("record_key", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		mapping := compiled(t, everyone)
		var before []string
		for try, rows := range [][]map[event.Key]string{first, second, first} {
			r, err := h.Import(t.Context(), Input{Path: h.write(t, fmt.Sprintf("till %d.csv", try), identified(rows...)), Mapping: mapping})
			if err != nil {
				t.Fatal(err)
			}
			want := store.FileCounts{Records: 3, Duplicate: 3}
			if try == 0 {
				want = store.FileCounts{Records: 3, Accepted: 3}
			}
			if r.File.Counts != want || len(r.Conflicts) != 0 {
				t.Errorf("import %d: %+v, conflicts %v", try+1, r.File.Counts, r.Conflicts)
			}
			var now []string
			for _, e := range events(t, h) {
				now = append(now, string(e.AppendJSON(nil)))
			}
			if before == nil {
				before = now
			}
			if d := cmp.Diff(before, now); d != "" {
				t.Errorf("import %d changed what is sent:\n%s", try+1, d)
			}
		}
		h.checked(t)
	})
	t.Run("mapped event_id", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		mapping := compiled(t, strings.Replace(everyone, "record_key: [Receipt]", "", 1)+"  event_id: Receipt\n")
		for try, rows := range [][]map[event.Key]string{first, second} {
			r, err := h.Import(t.Context(), Input{Path: h.write(t, fmt.Sprintf("till %d.csv", try), identified(rows...)), Mapping: mapping})
			if err != nil || r.File.Counts.Conflict != 0 || r.File.Counts.Duplicate != uint64(3*try) {
				t.Errorf("import %d: %+v, %v", try+1, r.File.Counts, err)
			}
		}
	})
	// Where nothing identifies a record but its whole content, the identifiers are a part of that. This is what source.go
	// and docs/normalisation.md warn of.
	t.Run("identity content", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t)
		mapping := compiled(t, strings.Replace(everyone, "record_key: [Receipt]", "identity: content", 1))
		for try, rows := range [][]map[event.Key]string{first, second} {
			r, err := h.Import(t.Context(), Input{Path: h.write(t, fmt.Sprintf("till %d.csv", try), identified(rows...)), Mapping: mapping})
			if err != nil || r.File.Counts.Accepted != 3 {
				t.Errorf("import %d: %+v, %v", try+1, r.File.Counts, err)
			}
		}
	})
}

// events decodes what is in the outbox, oldest first.
func events(t testing.TB, h house) []event.Event {
	t.Helper()
	page, err := h.db.Events(t.Context(), store.Filter{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(page.Items)
	var all []event.Event
	for _, x := range page.Items {
		var e event.Event
		if err := e.DecodeBinary(bytes.Clone(x.Payload)); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}
