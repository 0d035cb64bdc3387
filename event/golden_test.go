package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files; a changed id or stored form breaks every ledger there is")

// testNow is the day after fullEvent.
var testNow = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const testTime = 1795089600 // 2026-11-19 12:00 UTC

// saleEvent is the usual sale over the counter.
func saleEvent(t testing.TB) *Event {
	e := &Event{Name: "Purchase", Time: testTime, ID: "cb-00112233445566778899aabbccddeeff", ActionSource: SourcePhysicalStore}
	for k, v := range map[Key]string{Email: "anna@example.com", Phone: "31612345678", FirstName: "anna", LastName: "devries",
		City: "amsterdam", Zip: "1012ab", Country: "nl"} {
		e.User.AddHash(k, sha256.Sum256([]byte(v)))
	}
	e.Custom = CustomData{Value: money(t, "129.95"), Currency: "EUR", OrderID: "R-2026-004711"}
	return e
}

// fullEvent has every member there is.
func fullEvent(t testing.TB) *Event {
	e := saleEvent(t)
	e.SourceURL, e.ReferrerURL, e.OptOut = "https://shop.example/a?b=1", "https://example.org/", true
	e.Processing = &DataProcessing{LDU: true, Country: 1, State: 1000}
	e.Original = &OriginalEvent{Name: "Lead", Time: testTime - 3600, OrderID: "R-1", ID: "lead-1"}
	for _, k := range []Key{Email, Birth, Gender, State, ExternalID} {
		e.User.AddHash(k, sha256.Sum256([]byte("second of "+k.String())))
	}
	e.User.SetPlain(ExternalID, "C-100")
	e.User.SetPlain(ExternalID, "C-200")
	e.User.SetPlain(ClientIP, "2001:db8::1")
	e.User.SetPlain(UserAgent, "Mozilla/5.0 (X11; Linux x86_64)")
	e.User.SetPlain(FBC, "fb.1.1794900000000.IwAR2abc-DEF_9")
	e.User.SetPlain(FBP, "fb.1.1794900000000.1098115397")
	e.User.SetPlain(LeadID, "1234567890123456")
	for _, k := range Keys() {
		if k.plain() && !e.User.Has(k) {
			e.User.SetPlain(k, "own-"+k.String())
		}
	}
	c := &e.Custom
	c.ContentName, c.ContentCategory, c.ContentType = "Winter \"coat\"", "Clothing > Coats", "product"
	c.ContentIDs = []string{"4006381333931", "SKU-2"}
	c.Contents = []Content{
		{ID: "4006381333931", Quantity: 2, ItemPrice: money(t, "59.95"), Title: "Coat", Description: "Warm, blue", Brand: "Capi",
			Category: "Coats", DeliveryCategory: "in_store"},
		{ID: "SKU-2"},
	}
	c.ItemNumber, c.NumItems, c.PredictedLTV, c.NetRevenue = "1", 3, money(t, "1000"), money(t, "-3.50")
	c.SearchString, c.Status, c.DeliveryCategory = "blue coat", "paid", "in_store"
	c.EventSource, c.LeadEventSource, c.Segmentation = "crm", "Salesforce", "new_customer_to_business"
	c.Properties = []Property{{"margin", Number, "12.50"}, {"member", Boolean, "true"}, {"till", Text, "7 \u2028 <b>"}}
	return e
}

func TestGolden(t *testing.T) {
	t.Parallel()
	sale, full, empty := saleEvent(t), fullEvent(t), &Event{}
	stage := &Event{Name: "deal_closed", Time: testTime, ID: "x", ActionSource: SourceSystemGenerated,
		Custom: CustomData{EventSource: "crm", LeadEventSource: "Salesforce"}}
	stage.User.SetPlain(LeadID, "123456789012345")
	app := &Event{Name: "Purchase", ActionSource: SourceApp, AppData: []byte("{ \"extinfo\" : [ \"a2\" ] }"), Processing: &DataProcessing{}}
	events := []struct {
		name string
		*Event
	}{{"sale", sale}, {"full", full}, {"stage", stage}, {"app", app}, {"empty", empty}}

	var wire, stored, ids, prints bytes.Buffer
	for _, e := range events {
		fmt.Fprintf(&wire, "%s\n", e.AppendJSON(nil))
		fmt.Fprintf(&stored, "%s %x\n", e.name, e.AppendBinary(nil))
		fmt.Fprintf(&ids, "content %s %s\n", e.name, DeriveContentID("1234567890", e.Name, e.Event))
		fmt.Fprintf(&prints, "%s %016x\n", e.name, e.Fingerprint())
	}
	for _, key := range [][]string{{}, {""}, {"0061r00001AbCdE"}, {"1", "23"}, {"12", "3"}, {"Store 7", "R-1", "2026-11-19"}, {"é정"}} {
		var parts []KeyPart
		for i, v := range key {
			parts = append(parts, KeyPart{Column: fmt.Sprint("Column ", i), Value: v})
		}
		for _, name := range []string{"Purchase", "deal_closed"} {
			fmt.Fprintf(&ids, "key %s %q %s\n", name, key, DeriveID("1234567890", name, parts))
		}
	}
	golden(t, "wire.golden", wire.Bytes())
	golden(t, "stored.golden", stored.Bytes())
	golden(t, "identity.golden", ids.Bytes())
	golden(t, "fingerprint.golden", prints.Bytes())
}

// TestStoredFormStaysReadable reads the frozen bytes, as a database of an earlier version holds them. It is not parallel, so
// that it is over before TestGolden may write them anew.
func TestStoredFormStaysReadable(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "stored.golden"))
	if err != nil {
		t.Fatal(err)
	}
	wire, err := os.ReadFile(filepath.Join("testdata", "wire.golden"))
	if err != nil {
		t.Fatal(err)
	}
	sent := strings.Split(strings.TrimSpace(string(wire)), "\n")
	for i, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		name, digits, _ := strings.Cut(line, " ")
		b, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		var e Event
		if err := e.DecodeBinary(b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := string(e.AppendJSON(nil)); got != sent[i] {
			t.Errorf("%s\n got %s\nwant %s", name, got, sent[i])
		}
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is frozen, and has changed\n got %s\nwant %s", path, got, want)
	}
}

func TestFullEventIsFull(t *testing.T) {
	t.Parallel()
	var sent struct {
		User   map[string]json.RawMessage `json:"user_data"`
		Custom map[string]json.RawMessage `json:"custom_data"`
	}
	if err := json.Unmarshal(fullEvent(t).AppendJSON(nil), &sent); err != nil {
		t.Fatal(err)
	}
	if len(sent.User) != len(Keys()) {
		t.Errorf("%d members of user_data, want %d", len(sent.User), len(Keys()))
	}
	if len(sent.Custom) != 18+3 {
		t.Errorf("%d members of custom_data, want 18 of Meta's and 3 own", len(sent.Custom))
	}
}
