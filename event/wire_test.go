package event

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func mustBeJSON(t testing.TB, b []byte) {
	t.Helper()
	if !json.Valid(b) || !utf8.Valid(b) {
		t.Fatalf("not JSON in UTF-8: %q", b)
	}
}

// oracle is what AppendJSON must mean, built without it for encoding/json.
func oracle(e *Event) map[string]any {
	o := object{}
	o.text("event_name", e.Name)
	o.number("event_time", e.Time)
	o.text("event_id", e.ID)
	o.text("action_source", string(e.ActionSource))
	o.text("event_source_url", e.SourceURL)
	o.text("referrer_url", e.ReferrerURL)
	if e.OptOut {
		o["opt_out"] = true
	}
	if p := e.Processing; p != nil && p.LDU {
		o["data_processing_options"] = []string{"LDU"}
		o["data_processing_options_country"], o["data_processing_options_state"] = p.Country, p.State
	} else if p != nil {
		o["data_processing_options"] = []string{}
	}
	if p := e.Original; p != nil {
		original := object{}
		original.text("event_name", p.Name)
		original.number("event_time", p.Time)
		original.text("order_id", p.OrderID)
		original.text("event_id", p.ID)
		o["original_event_data"] = original
	}
	o["user_data"] = oracleUser(&e.User)
	if c := oracleCustom(&e.Custom); len(c) > 0 {
		o["custom_data"] = c
	}
	var app map[string]any
	if json.Unmarshal(e.AppData, &app) == nil && app != nil {
		o["app_data"] = app
	}
	return o
}

func oracleUser(u *UserData) object {
	o := object{}
	for _, k := range Keys() {
		var list []string
		for _, v := range u.Hashed() {
			if v.Key == k {
				list = append(list, hex.EncodeToString(v.Hash[:]))
			}
		}
		for _, v := range u.Plain() {
			switch {
			case v.Key != k:
			case k == ExternalID:
				list = append(list, v.Value)
			case k == LeadID && leadID(v.Value):
				o["lead_id"] = json.Number(v.Value)
			default:
				o[k.String()] = v.Value
			}
		}
		if list != nil {
			o[k.String()] = list
		}
	}
	return o
}

func oracleCustom(c *CustomData) object {
	o := object{}
	for name, s := range map[string]string{"currency": c.Currency, "content_name": c.ContentName,
		"content_category": c.ContentCategory, "content_type": c.ContentType, "order_id": c.OrderID, "item_number": c.ItemNumber,
		"search_string": c.SearchString, "status": c.Status, "delivery_category": c.DeliveryCategory,
		"event_source": c.EventSource, "lead_event_source": c.LeadEventSource, "customer_segmentation": c.Segmentation} {
		o.text(name, s)
	}
	o.money("value", c.Value)
	o.money("predicted_ltv", c.PredictedLTV)
	o.money("net_revenue", c.NetRevenue)
	o.number("num_items", c.NumItems)
	if len(c.ContentIDs) > 0 {
		o["content_ids"] = c.ContentIDs
	}
	var contents []object
	for _, item := range c.Contents {
		i := object{}
		for name, s := range map[string]string{"id": item.ID, "title": item.Title, "description": item.Description,
			"brand": item.Brand, "category": item.Category, "delivery_category": item.DeliveryCategory} {
			i.text(name, s)
		}
		i.number("quantity", item.Quantity)
		i.money("item_price", item.ItemPrice)
		contents = append(contents, i)
	}
	if contents != nil {
		o["contents"] = contents
	}
	for _, p := range c.Properties {
		switch {
		case p.Kind == Boolean && (p.Value == "true" || p.Value == "false"):
			o[p.Name] = p.Value == "true"
		case p.Kind == Number && p.Value != "" && json.Valid([]byte(p.Value)):
			o[p.Name] = json.Number(p.Value)
		default:
			o[p.Name] = p.Value
		}
	}
	return o
}

type object map[string]any

func (o object) text(name, s string) {
	if s != "" {
		o[name] = s
	}
}

func (o object) number(name string, n int64) {
	if n != 0 {
		o[name] = n
	}
}

func (o object) money(name string, m Money) {
	if m.Present() {
		o[name] = json.Number(m.String())
	}
}

func parsed(t *testing.T, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return v
}

func checkWire(t *testing.T, e *Event) {
	t.Helper()
	got := e.AppendJSON([]byte("{},"))[len("{},"):]
	mustBeJSON(t, got)
	want, err := json.Marshal(oracle(e))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(parsed(t, got), parsed(t, want)) {
		t.Fatalf("wire\n got %s\nwant %s", got, want)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, got); err != nil || !bytes.Equal(compact.Bytes(), got) {
		t.Fatalf("not compact: %s", got)
	}
	if again := e.AppendJSON(nil); !bytes.Equal(again, got) {
		t.Fatalf("two bodies for one event\n%s\n%s", got, again)
	}
	if n := strings.Count(string(got), `"external_id":`); n > 1 {
		t.Fatalf("external_id %d times: %s", n, got)
	}
}

func TestWireAgainstEncodingJSON(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3000) {
		checkWire(t, arbitraryEvent(seed))
	}
	checkWire(t, &Event{})
	checkWire(t, fullEvent(t))
}

func FuzzWire(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { checkWire(t, arbitraryEvent(seed)) })
}

func checkString(t *testing.T, s string) {
	t.Helper()
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		t.Fatal(err)
	}
	if got := append(appendString(nil, s), '\n'); !bytes.Equal(got, want.Bytes()) {
		t.Fatalf("string %q\n got %s\nwant %s", s, got, want.Bytes())
	}
}

func TestStringAgainstEncodingJSON(t *testing.T) {
	t.Parallel()
	for c := range rune(0x3000) {
		checkString(t, "a"+string(c)+"b")
	}
	for c := range 256 {
		checkString(t, string([]byte{byte(c)}))
	}
}

func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\/", "\u2028", "\xff\xfe", "\x00", "<script>&", "é정😀", "\xed\xa0\x80"} {
		f.Add(s)
	}
	f.Fuzz(checkString)
}

func TestJSONNumber(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"0", "-0", "1", "10", "-1.5", "0.05", "123456789012345678901234567890"} {
		if !jsonNumber(s) || !json.Valid([]byte(s)) {
			t.Errorf("%q should be a number", s)
		}
	}
	for _, s := range []string{"", "-", "01", "1.", ".5", "+1", "1e5", "NaN", "1 ", "--1", "0x1", "1.2.3"} {
		if jsonNumber(s) {
			t.Errorf("%q should not be a number", s)
		}
	}
}
