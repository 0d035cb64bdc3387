package importer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"capibara/event"
	"capibara/store"
)

const contacts = `
name: contacts
files: ["*contacts*"]
kind: people
record_key: [Contact ID]
country: NL
columns: {lead_id: Meta Lead}
`

const deals = `
name: deals
files: ["*deals*"]
dataset: main
record_key: [Deal]
action_source: system_generated
lead_event_source: Salesforce
event_name: deal_closed
join: Contact ID
columns: {event_time: Closed}
`

const (
	contactsFile = `Contact ID,First Name,Last Name,Email,Phone,Mailing City,Meta Lead,Amount
0035g00000ABCde,Anna,Bos,anna@example.com,0612345678,Utrecht,l:123456789012345,7
0035g00000ABCdfAAH,Bert,Smit,bert@example.com,,,,
0035g00000ABCdg,,,,,Zeist,,
0035g00000ABCdh,,,,,,,
,Dirk,Vis,dirk@example.com,,,,
0035g00000ABCdi,Eva,Vos,not an address,,,,
`
	dealsFile = `Deal,Closed,Contact ID,Email
D1,2026-11-20,0035g00000ABCdeAAH,
D2,2026-11-20,0035g00000ABCdf,bert@example.org
D3,2026-11-20,,carla@example.com
D4,2026-11-20,,
D5,2026-11-20,0035g00000ZZZzz,
D6,2026-11-20,0035g00000ZZZzz,frank@example.com
D7,2026-11-20,0035g00000ABCdg,
D8,2026-11-20,3.5E+15,
D9,2026-11-20,0035g00000ABCdi,
`
)

// joining compiles a source that may join the contacts.
func joining(t testing.TB, text string) *Mapping {
	t.Helper()
	s := readSource(t, []byte(text))
	m, err := s.Compile(Defaults{Datasets: map[string]string{"main": "1234567890"}, TimeZone: time.UTC, People: []string{"contacts", "leads"}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// sent tells the identifiers that the events of a file carry, by record key.
func (h house) sent(t testing.TB, file uint64) map[string]string {
	t.Helper()
	page, err := h.db.Events(t.Context(), store.Filter{File: file, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, x := range page.Items {
		var e event.Event
		if err := e.DecodeBinary(x.Payload); err != nil {
			t.Fatal(err)
		}
		var kinds []string
		for _, v := range e.User.Hashed() {
			kinds = append(kinds, fmt.Sprintf("%s %x", v.Key, v.Hash[:2]))
		}
		for _, v := range e.User.Plain() {
			kinds = append(kinds, fmt.Sprintf("%s %s", v.Key, v.Value))
		}
		all[x.RecordKey] = strings.Join(kinds, ", ")
	}
	return all
}

func TestDealsFindTheirPeople(t *testing.T) {
	t.Parallel()
	h := newHouse(t, joining(t, contacts), joining(t, deals))
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "contacts.csv", []byte(contactsFile))})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(store.FileCounts{Records: 6, Accepted: 4, Skipped: 1, Rejected: 1}, r.File.Counts); d != "" || !r.People || r.Events != 0 {
		t.Errorf("people %t, %d events; -want +got:\n%s", r.People, r.Events, d)
	}
	got, err := h.Import(t.Context(), Input{Path: h.write(t, "deals.csv", []byte(dealsFile))})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"D1": "em f7d5, ph e03d, fn 5557, ln 4d2d, ct 1067, lead_id 123456789012345",
		"D2": "em c970, em 7282, fn 3298, ln 7fa2",
		"D3": "em 9976",
		"D6": "em 36a9",
		"D9": "fn 02b1, ln d6c1",
	}
	for key, kinds := range h.sent(t, got.File.Number) {
		if kinds != want[key] {
			t.Errorf("%s is sent with %q, want %q", key, kinds, want[key])
		}
		delete(want, key)
	}
	if len(want) > 0 {
		t.Errorf("not sent: %v", want)
	}
	var reasons []string
	for _, x := range got.Reasons {
		reasons = append(reasons, fmt.Sprintf("%s %s %s line %d", x.Fate, x.Reason, x.Column, x.FirstLine))
	}
	slices.Sort(reasons)
	if d := cmp.Diff([]string{"rejected person_not_found Contact ID line 6", "rejected record_key_destroyed Contact ID line 9",
		"skipped identifier_missing  line 5", "skipped identifier_weak  line 8"}, reasons); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if i := slices.IndexFunc(got.Warnings, func(w ReasonCount) bool { return w.Reason == event.ReasonPersonUnknown }); i < 0 || got.Warnings[i].Count != 1 {
		t.Errorf("the warnings are %v", got.Warnings)
	}
	h.checked(t)
}

// letters are the names of identifiers without their values.
func letters(kinds string) []string {
	var names []string
	for kind := range strings.SplitSeq(kinds, ", ") {
		name, _, _ := strings.Cut(kind, " ")
		names = append(names, name)
	}
	return names
}

// TestPeopleChange imports people again: what is known is a duplicate, and a deal whose person has changed is the same
// deal.
func TestPeopleChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t, joining(t, contacts), joining(t, deals))
	read := func(name, text string) store.FileCounts {
		t.Helper()
		r, err := h.Import(t.Context(), Input{Path: h.write(t, name, []byte(text))})
		if err != nil {
			t.Fatal(err)
		}
		return r.File.Counts
	}
	same := func(what string, got, want store.FileCounts) {
		t.Helper()
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: -want +got:\n%s", what, d)
		}
	}
	one := "Deal,Closed,Contact ID\nD1,2026-11-20,0035g00000ABCde\n"
	read("contacts.csv", contactsFile)
	same("a deal", read("deals.csv", one), store.FileCounts{Records: 1, Accepted: 1})
	same("contacts again", read("contacts.csv", contactsFile), store.FileCounts{Records: 6, Duplicate: 4, Skipped: 1, Rejected: 1})
	changed := strings.Replace(contactsFile, "anna@example.com", "anna@example.org", 1)
	same("changed contacts", read("contacts.csv", changed), store.FileCounts{Records: 6, Accepted: 1, Duplicate: 3, Skipped: 1, Rejected: 1})
	same("the deal again", read("deals.csv", one), store.FileCounts{Records: 1, Duplicate: 1})
	h.checked(t)
}

// TestNobodyIsKnown refuses a file most of whose people are unknown, and says what to import first.
func TestNobodyIsKnown(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]string{"deals.csv": "D%d,2026-11-20,C%d\n", "deals.jsonl": `{"Deal":"D%d","Closed":"2026-11-20","Contact ID":"C%d"}` + "\n"} {
		h := newHouse(t, joining(t, deals))
		var b strings.Builder
		if name == "deals.csv" {
			b.WriteString("Deal,Closed,Contact ID\n")
		}
		for i := range 40 {
			fmt.Fprintf(&b, format, i, i)
		}
		_, err := h.Import(t.Context(), Input{Path: h.write(t, name, []byte(b.String()))})
		var no *RefusedError
		if !errors.As(err, &no) || no.Hint != event.ReasonPersonNotFound.Fix() || !strings.Contains(no.Reason, `"Contact ID"`) {
			t.Errorf("%s: %v, %+v", name, err, no)
		}
		h.checked(t)
	}
}

// TestJoinInEveryForm joins the same person from JSON, from lines that are one record, and from one source of several.
func TestJoinInEveryForm(t *testing.T) {
	t.Parallel()
	leads := strings.Replace(strings.Replace(contacts, "name: contacts", "name: leads", 1), "*contacts*", "*leads*", 1)
	for name, test := range map[string]struct {
		source, file, text string
		want               string
	}{
		"csv":               {deals, "deals.csv", "Deal,Closed,Contact ID\nD1,2026-11-20,0035g00000ABCde\n", "em ph fn ln ct lead_id"},
		"json":              {deals, "deals.json", `[{"Deal":"D1","Closed":"2026-11-20","Contact ID":"0035g00000ABCde"}]`, "em ph fn ln ct lead_id"},
		"two contacts":      {deals + "group_by: record_key\n", "deals.csv", "Deal,Closed,Contact ID\nD1,2026-11-20,0035g00000ABCdf\nD1,2026-11-20,0035g00000ABCde\n", "em em ph fn ln lead_id"},
		"two sources":       {deals, "deals.csv", "Deal,Closed,Contact ID\nD1,2026-11-20,both\n", "em em fn ln"},
		"the other source":  {strings.Replace(deals, "join: Contact ID", "join: {column: Contact ID, source: leads}", 1), "deals.csv", "Deal,Closed,Contact ID\nD1,2026-11-20,both\n", "em fn ln"},
		"a name of its own": {deals, "deals.csv", "Deal,Closed,Contact ID,First Name\nD1,2026-11-20,0035g00000ABCde,Anja\n", "em ph fn lead_id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, joining(t, contacts), joining(t, leads), joining(t, test.source))
			for file, text := range map[string]string{"contacts.csv": contactsFile + "both,Hans,Bos,hans@example.com,,,,\n",
				"leads.json": `[{"Contact ID":"both","First Name":"Hanna","Last Name":"Bosch","Email":"hanna@example.com","Meta Lead":null}]`} {
				if _, err := h.Import(t.Context(), Input{Path: h.write(t, file, []byte(text))}); err != nil {
					t.Fatal(err)
				}
			}
			r, err := h.Import(t.Context(), Input{Path: h.write(t, test.file, []byte(test.text))})
			if err != nil || r.File.Counts.Accepted != 1 {
				t.Fatalf("%+v %+v, %v", r.File.Counts, r.Reasons, err)
			}
			if got := strings.Join(letters(h.sent(t, r.File.Number)["D1"]), " "); got != test.want {
				t.Errorf("the deal is sent with %q, want %q", got, test.want)
			}
			h.checked(t)
		})
	}
}

// TestResumePeople stops an import of people between its chunks.
func TestResumePeople(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("Contact ID,Email,Meta Lead\n")
	for i := range 2*chunkRecords + 10 {
		fmt.Fprintf(&b, "C%d,p%d@example.com,\n", i, i)
	}
	h := newHouse(t, joining(t, contacts))
	path := h.write(t, "contacts.csv", []byte(b.String()))
	h.c.Store = &failing{Importing: h.db, chunks: 1}
	if _, err := h.Import(t.Context(), Input{Path: path}); !errors.Is(err, errPower) {
		t.Fatalf("got %v", err)
	}
	h.c.Store = h.db
	r, err := h.Import(t.Context(), Input{Path: path})
	if d := cmp.Diff(store.FileCounts{Records: 2*chunkRecords + 10, Accepted: 2*chunkRecords + 10}, r.File.Counts); err != nil || d != "" || r.Resumed < chunkRecords {
		t.Errorf("%d resumed, %v; -want +got:\n%s", r.Resumed, err, d)
	}
	h.checked(t)
}

// TestPeopleStayUnknown looks for people in the bytes of the database, in the log and in the report.
func TestPeopleStayUnknown(t *testing.T) {
	t.Parallel()
	const canary = "xq7canary"
	h := newHouse(t, joining(t, contacts+"external_id: {hash: false}\n"))
	text := "Contact ID,Email,First Name,Meta Lead,External ID\n" + canary + "id," + canary + "@example.com," + canary + "first,,\n" +
		canary + "@example.org," + canary + "@example.com,,,\nC3,,,," + canary + "@example.net\n"
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "contacts.csv", []byte(text))})
	if err != nil || r.File.Counts.Accepted != 1 || r.File.Counts.Rejected != 2 {
		t.Fatalf("%+v, %v", r.File.Counts, err)
	}
	database, err := os.ReadFile(filepath.Join(h.home, "capibara.db"))
	if err != nil {
		t.Fatal(err)
	}
	for place, text := range map[string]string{"database": string(database), "log": h.log.String(), "report": fmt.Sprintf("%+v", r)} {
		if strings.Contains(text, canary) {
			t.Errorf("the %s holds what a contact is called", place)
		}
	}
	h.checked(t)
}

// TestPersonKey freezes the keys of people: another key makes strangers of everybody.
func TestPersonKey(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ source, id, want string }{
		{"contacts", "4711", "185ed709e25ef31ee64805c74bcce14be4a1ba932a76093ae930f355f3c79291"},
		{"contacts", "0035g00000ABCde", "aea8da174b6d04e20f3c3b5e869636a63e9d8287622f14cd87b464289aaba19b"},
		{"leads", "4711", "ee25bdeff0f9a5ca3c02cb994d8656a2965f9f664b54116881eea139cde799e5"},
	} {
		got := personKey(test.source, test.id)
		if text := hex.EncodeToString(got[:]); text != test.want {
			t.Errorf("%s of %s has the key %s", test.id, test.source, text)
		}
	}
	if personKey("contacts", "0035g00000ABCde") != personKey("contacts", "0035g00000ABCdeAAH") {
		t.Error("a Salesforce id and its longer form are two people")
	}
}

func TestPeopleAreHeldToTheirWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		strings.Replace(contacts, "people", "person", 1):                              `kind: "person" is not known`,
		contacts + "dataset: main\n":                                                  "dataset: a source of kind people yields no events; remove dataset",
		contacts + "event_name: Lead\n":                                               "remove event_name",
		contacts + "action_source: email\n":                                           "remove action_source",
		contacts + "currency: EUR\n":                                                  "remove currency",
		contacts + "window: 3d\n":                                                     "remove window",
		contacts + "group_by: record_key\n":                                           "remove group_by",
		contacts + "join: Account ID\n":                                               "remove join",
		contacts + "events: [{name: Lead}]\n":                                         "remove events",
		contacts + "custom_data: {rep: Rep}\n":                                        "remove custom_data",
		strings.Replace(contacts, "[Contact ID]", "[Account, Contact]", 1):            "needs the one column",
		strings.Replace(contacts, "record_key: [Contact ID]\n", "", 1):                "needs the one column",
		strings.Replace(contacts, "lead_id: Meta Lead", "value: Amount", 1):           "columns.value: a source of kind people",
		strings.Replace(deals, "join: Contact ID", "join: {source: contacts}", 1):     "the column is missing",
		strings.Replace(deals, "join: Contact ID", "join: {column: C, source: x}", 1): `"x" is no source of kind people (contacts, leads)`,
		strings.Replace(deals, "record_key: [Deal]", "identity: content", 1):          "identity: content",
	} {
		s := readSource(t, []byte(text))
		_, err := s.Compile(Defaults{Datasets: map[string]string{"main": "1234567890"}, People: []string{"contacts", "leads"}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	s := readSource(t, []byte(deals))
	if _, err := s.Compile(Defaults{Datasets: map[string]string{"main": "1234567890"}}); err == nil || !strings.Contains(err.Error(), "no source is of kind people") {
		t.Errorf("join without people: %v", err)
	}
	for _, j := range []Join{{Column: "A"}, {"A", "contacts"}} {
		written, err := yaml.Marshal(struct {
			Join Join `yaml:"join"`
		}{j})
		if err != nil {
			t.Fatal(err)
		}
		if back := readSource(t, written); back.Join != j {
			t.Errorf("%v is written as %q and read as %v", j, written, back.Join)
		}
	}
}

func TestPeopleFileIsHeldToItsColumns(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Contact,Email,Meta Lead\nC1,anna@example.com,\n":      `column "Contact ID" (record_key) is missing`,
		"Contact ID,Email\nC1,anna@example.com\n":              `column "Meta Lead" (lead_id) is missing`,
		`[{"Contact ID":"C1","Date":"2026-11-20","Amount":7}]`: "is missing",
	} {
		h := newHouse(t)
		_, err := h.Import(t.Context(), Input{Path: h.write(t, "contacts", []byte(text)), Mapping: joining(t, contacts)})
		var no *RefusedError
		if !errors.As(err, &no) || !strings.Contains(no.Reason, want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	h := newHouse(t)
	_, err := h.Import(t.Context(), Input{Path: h.write(t, "contacts", []byte("Contact ID,Date\nC1,2026-11-20\n")),
		Mapping: joining(t, strings.Replace(contacts, "columns: {lead_id: Meta Lead}", "", 1))})
	var no *RefusedError
	if !errors.As(err, &no) || !strings.Contains(no.Reason, "no column identifies a person") && !strings.Contains(no.Reason, "No column identifies a person") {
		t.Errorf("got %v", err)
	}
}

// TestInboxTakesPeopleFirst drops a deal before its contact, and then a contact that is still being written.
func TestInboxTakesPeopleFirst(t *testing.T) {
	t.Parallel()
	h := newHouse(t, joining(t, deals), joining(t, contacts))
	dir := t.TempDir()
	now := time.Now()
	b, err := NewInbox(InboxConfig{Importer: h.Importer, Dir: dir, Log: zerolog.Nop(), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	drop := func(name, text string, age time.Duration) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, time.Now().Add(-age), time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	sweep := func(want ...string) {
		t.Helper()
		reports, err := b.Sweep(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, r := range reports {
			names = append(names, fmt.Sprint(r.File.Name, " ", r.File.Counts.Accepted))
		}
		if !slices.Equal(names, want) {
			t.Errorf("taken: %q, want %q", names, want)
		}
	}
	drop("deals 1.csv", "Deal,Closed,Contact ID\nD1,2026-11-20,C1\n", time.Hour)
	drop("contacts 1.csv", "Contact ID,Email,Meta Lead\nC1,anna@example.com,\n", time.Minute)
	sweep("contacts 1.csv 1", "deals 1.csv 1")

	drop("deals 2.csv", "Deal,Closed,Contact ID\nD2,2026-11-20,C2\n", time.Hour)
	drop("contacts 2.csv", "Contact ID,Email,Meta Lead\nC2,bert@example.com,\n", 0)
	sweep()
	if w := b.Waiting(); len(w) != 1 || !strings.Contains(w[0], "waits for the people in contacts 2.csv") {
		t.Errorf("waiting: %q", w)
	}
	now = now.Add(time.Minute)
	sweep("contacts 2.csv 1", "deals 2.csv 1")
	h.checked(t)
}
