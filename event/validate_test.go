package event

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// validateCases change a good sale in one way each; the reasons are all that must then be found, in order.
var validateCases = []struct {
	name string
	mess func(e *Event)
	want []string
}{
	{"a good sale", func(e *Event) {}, nil},
	{"no name", func(e *Event) { e.Name = " " }, []string{"event_name_missing event_name"}},
	{"name of 51 characters", func(e *Event) { e.Name = strings.Repeat("é", 51) }, []string{"event_name_long event_name"}},
	{"name of 50 characters", func(e *Event) { e.Name = strings.Repeat("é", 50) }, []string{"event_name_style event_name"}},
	{"custom name", func(e *Event) { e.Name = "deal_closed2" }, nil},
	{"custom name of 40", func(e *Event) { e.Name = strings.Repeat("a", 40) }, nil},
	{"custom name of 41", func(e *Event) { e.Name = strings.Repeat("a", 41) }, []string{"event_name_style event_name"}},
	{"custom name with capitals", func(e *Event) { e.Name = "Closed Won" }, []string{"event_name_style event_name"}},
	{"custom name with a digit first", func(e *Event) { e.Name = "2nd_call" }, []string{"event_name_style event_name"}},
	{"custom name with Meta's prefix", func(e *Event) { e.Name = "fb_mobile" }, []string{"event_name_style event_name"}},
	{"wrong case is no standard name", func(e *Event) { e.Name = "PURCHASE" }, []string{"event_name_style event_name"}},
	{"no time", func(e *Event) { e.Time = 0 }, []string{"event_time_missing event_time"}},
	{"time before 1970", func(e *Event) { e.Time = -5 }, []string{"event_time_missing event_time"}},
	{"milliseconds", func(e *Event) { e.Time *= 1000 }, []string{"event_time_milliseconds event_time"}},
	{"a second ahead", func(e *Event) { e.Time = testNow.Unix() + 1 }, []string{"future_waits event_time"}},
	{"now", func(e *Event) { e.Time = testNow.Unix() }, nil},
	{"36 hours ahead", func(e *Event) { e.Time = testNow.Add(MaxAhead).Unix() }, []string{"future_waits event_time"}},
	{"a second more", func(e *Event) { e.Time = testNow.Add(MaxAhead).Unix() + 1 }, []string{"event_time_future event_time"}},
	{"age is the row's matter", func(e *Event) { e.Time = 1 }, nil},
	{"no id", func(e *Event) { e.ID = "" }, []string{"event_id_missing event_id"}},
	{"id of 256", func(e *Event) { e.ID = strings.Repeat("x", 256) }, nil},
	{"id of 257", func(e *Event) { e.ID = strings.Repeat("x", 257) }, []string{"event_id_malformed event_id"}},
	{"id with a NUL", func(e *Event) { e.ID = "a\x00b" }, []string{"event_id_malformed event_id"}},
	{"id destroyed", func(e *Event) { e.ID = "9.92E+15" }, []string{"record_key_destroyed event_id"}},
	{"id is an address", func(e *Event) { e.ID = "anna@example.com" }, []string{"personal_data event_id"}},
	{"no action source", func(e *Event) { e.ActionSource = "" }, []string{"action_source_missing action_source"}},
	{"in_store unmended", func(e *Event) { e.ActionSource = "in_store" }, []string{"action_source_unknown action_source"}},
	{"website alone", func(e *Event) { e.ActionSource = SourceWebsite },
		[]string{"source_url_missing event_source_url", "user_agent_missing user_data.client_user_agent"}},
	{"website", func(e *Event) {
		e.ActionSource, e.SourceURL = SourceWebsite, "HTTPS://shop.example/"
		e.User.SetPlain(UserAgent, "Mozilla/5.0 (compatible; bot@example.com; +31612345678)")
	}, nil},
	{"url without a scheme", func(e *Event) { e.SourceURL = "shop.example" }, []string{"url_malformed event_source_url"}},
	{"scheme without a url", func(e *Event) { e.ReferrerURL = "https://" }, []string{"url_malformed referrer_url"}},
	{"address in a url", func(e *Event) { e.SourceURL = "https://shop.example/?e=anna%40example.com" },
		[]string{"personal_data event_source_url"}},
	{"no restriction", func(e *Event) { e.Processing = &DataProcessing{} }, nil},
	{"limited data use in California", func(e *Event) { e.Processing = &DataProcessing{true, 1, 1000} }, nil},
	{"limited data use nowhere", func(e *Event) { e.Processing = &DataProcessing{LDU: true} },
		[]string{"data_processing_no_state data_processing_options"}},
	{"limited data use by address", func(e *Event) {
		e.Processing = &DataProcessing{LDU: true}
		e.User.SetPlain(ClientIP, "192.0.2.1")
	}, nil},
	{"country without a state", func(e *Event) { e.Processing = &DataProcessing{true, 1, 0} },
		[]string{"data_processing_malformed data_processing_options"}},
	{"state without a country", func(e *Event) { e.Processing = &DataProcessing{true, 0, 1000} },
		[]string{"data_processing_malformed data_processing_options"}},
	{"state 1014", func(e *Event) { e.Processing = &DataProcessing{true, 1, 1014} },
		[]string{"data_processing_malformed data_processing_options"}},
	{"original by order", func(e *Event) { e.Original = &OriginalEvent{Name: "Lead", OrderID: "R-1"} }, nil},
	{"original without a name", func(e *Event) { e.Original = &OriginalEvent{ID: "x"} },
		[]string{"original_event_malformed original_event_data"}},
	{"original with a name alone", func(e *Event) { e.Original = &OriginalEvent{Name: "Lead"} },
		[]string{"original_event_malformed original_event_data"}},
	{"app without data", func(e *Event) { e.ActionSource = SourceApp }, []string{"app_data_missing app_data"}},
	{"app", func(e *Event) { e.ActionSource, e.AppData = SourceApp, []byte(`{"a":1}`) }, nil},
	{"app data is a list", func(e *Event) { e.ActionSource, e.AppData = SourceApp, []byte(`[1]`) },
		[]string{"app_data_malformed app_data"}},
	{"app data cut", func(e *Event) { e.ActionSource, e.AppData = SourceApp, []byte(`{"a":`) },
		[]string{"app_data_malformed app_data"}},
	{"app data in a store", func(e *Event) { e.AppData = []byte(`{}`) }, []string{"app_data_misplaced app_data"}},
	{"nobody", func(e *Event) { e.User = UserData{} }, []string{"identifier_missing user_data"}},
	{"a city", func(e *Event) { e.User = UserData{}; e.User.AddHash(City, Hash{1}) }, []string{"identifier_weak user_data"}},
	{"hash of nothing", func(e *Event) { e.User.AddHash(Email, sha256.Sum256(nil)) }, []string{"hash_of_nothing user_data.em"}},
	{"hash that begins like it", func(e *Event) { e.User.AddHash(Email, Hash{0xe3}) }, nil},
	{"lead id", func(e *Event) { e.User.SetPlain(LeadID, "123456789012345") }, nil},
	{"lead id of 14", func(e *Event) { e.User.SetPlain(LeadID, "12345678901234") }, []string{"lead_id_malformed user_data.lead_id"}},
	{"lead id of 18", func(e *Event) { e.User.SetPlain(LeadID, "123456789012345678") }, []string{"lead_id_malformed user_data.lead_id"}},
	{"lead id with its prefix", func(e *Event) { e.User.SetPlain(LeadID, "l:123456789012345") }, []string{"lead_id_malformed user_data.lead_id"}},
	{"fbc", func(e *Event) { e.User.SetPlain(FBC, "fb.1.1794900000000.AbC-1_x") }, nil},
	{"fbc malformed", func(e *Event) { e.User.SetPlain(FBC, "AbC") }, []string{"fbc_malformed user_data.fbc"}},
	{"fbc old", func(e *Event) { e.User.SetPlain(FBC, "fb.1.1700000000000.AbC") }, []string{"fbc_old user_data.fbc"}},
	{"fbp", func(e *Event) { e.User.SetPlain(FBP, "fb.2.1794900000000.123") }, nil},
	{"fbp malformed", func(e *Event) { e.User.SetPlain(FBP, "fb.2.1794900000000.12x") }, []string{"fbp_malformed user_data.fbp"}},
	{"ip", func(e *Event) { e.User.SetPlain(ClientIP, "192.0.2.1, 10.0.0.1") }, []string{"ip_malformed user_data.client_ip_address"}},
	{"ip with a zone", func(e *Event) { e.User.SetPlain(ClientIP, "fe80::1%eth0") }, []string{"ip_malformed user_data.client_ip_address"}},
	{"user agent in Latin-1", func(e *Event) { e.User.SetPlain(UserAgent, "caf\xe9") }, []string{"invalid_bytes user_data.client_user_agent"}},
	{"plain external id is an address", func(e *Event) { e.User.SetPlain(ExternalID, "anna@example.com") },
		[]string{"personal_data user_data.external_id"}},
	{"purchase without value", func(e *Event) { e.Custom.Value = Money{} }, []string{"value_missing custom_data.value"}},
	{"subscription without both", func(e *Event) { e.Name, e.Custom = "Subscribe", CustomData{} },
		[]string{"value_missing custom_data.value", "currency_missing custom_data.currency"}},
	{"lead without both", func(e *Event) { e.Name, e.Custom = "Lead", CustomData{} }, nil},
	{"lead with value alone", func(e *Event) { e.Name, e.Custom.Currency = "Lead", "" }, []string{"currency_missing custom_data.currency"}},
	{"value 0", func(e *Event) { e.Custom.Value, _ = ParseMoney("0") }, nil},
	{"value below zero", func(e *Event) { e.Custom.Value, _ = ParseMoney("-1") }, []string{"value_negative custom_data.value"}},
	{"predicted value below zero", func(e *Event) { e.Custom.PredictedLTV, _ = ParseMoney("-1") },
		[]string{"value_negative custom_data.predicted_ltv"}},
	{"a loss", func(e *Event) { e.Custom.NetRevenue, _ = ParseMoney("-1") }, nil},
	{"currency in small letters", func(e *Event) { e.Custom.Currency = "eur" }, []string{"currency_unknown custom_data.currency"}},
	{"currency of the past", func(e *Event) { e.Custom.Currency = "DEM" }, []string{"currency_unknown custom_data.currency"}},
	{"currency as a sign", func(e *Event) { e.Custom.Currency = "€" }, []string{"currency_unknown custom_data.currency"}},
	{"items below zero", func(e *Event) { e.Custom.NumItems = -1 }, []string{"count_negative custom_data.num_items"}},
	{"content id empty", func(e *Event) { e.Custom.ContentIDs = []string{"a", ""} }, []string{"contents_malformed custom_data.content_ids"}},
	{"content type", func(e *Event) { e.Custom.ContentType = "Product" }, []string{"content_type_unknown custom_data.content_type"}},
	{"contents", func(e *Event) {
		e.Custom.Contents = []Content{{Quantity: -1, DeliveryCategory: "drone", Title: "call +31 6 12345678"}}
		e.Custom.Contents[0].ItemPrice, _ = ParseMoney("-2")
	}, []string{"contents_malformed custom_data.contents: id", "contents_malformed custom_data.contents: quantity",
		"value_negative custom_data.contents: item_price", "personal_data custom_data.contents",
		"delivery_category_unknown custom_data.contents: delivery_category"}},
	{"delivery category", func(e *Event) { e.Custom.DeliveryCategory = "In store" },
		[]string{"delivery_category_unknown custom_data.delivery_category"}},
	{"stage of a CRM", func(e *Event) {
		e.Name, e.ActionSource, e.Custom.EventSource, e.Custom.LeadEventSource = "won", SourceSystemGenerated, "crm", "HubSpot"
	}, nil},
	{"stage of an unnamed CRM", func(e *Event) { e.Name, e.ActionSource = "won", SourceSystemGenerated },
		[]string{"crm_fields_missing custom_data.lead_event_source"}},
	{"half a CRM", func(e *Event) { e.Custom.EventSource = "crm" }, []string{"crm_fields_missing custom_data.lead_event_source"}},
	{"a subscription renews itself", func(e *Event) { e.Name, e.ActionSource = "Subscribe", SourceSystemGenerated }, nil},
	{"own properties", func(e *Event) {
		e.Custom.Properties = []Property{{"a", Number, "1.5"}, {"b", Boolean, "false"}, {"c", Text, ""}}
	}, nil},
	{"property without a name", func(e *Event) { e.Custom.Properties = []Property{{"", Text, "x"}} },
		[]string{"property_malformed custom_data: name"}},
	{"property shadows", func(e *Event) { e.Custom.Properties = []Property{{"value", Text, "x"}} },
		[]string{"property_shadows custom_data"}},
	{"property twice", func(e *Event) { e.Custom.Properties = []Property{{"a", Text, "x"}, {"a", Text, "y"}} },
		[]string{"property_twice custom_data"}},
	{"property is no number", func(e *Event) { e.Custom.Properties = []Property{{"a", Number, "1,5"}} },
		[]string{"property_malformed custom_data"}},
	{"property is no boolean", func(e *Event) { e.Custom.Properties = []Property{{"a", Boolean, "yes"}} },
		[]string{"property_malformed custom_data"}},
	{"property is an address", func(e *Event) { e.Custom.Properties = []Property{{"a", Text, "anna@example.com"}} },
		[]string{"personal_data custom_data"}},
	{"property's name is an address", func(e *Event) { e.Custom.Properties = []Property{{"anna@example.com", Text, "x"}} },
		[]string{"personal_data custom_data"}},
	{"order id in Latin-1", func(e *Event) { e.Custom.OrderID = "caf\xe9" }, []string{"invalid_bytes custom_data.order_id"}},
	{"several at once", func(e *Event) { e.Time, e.ID, e.Custom.Currency = 0, "", "" },
		[]string{"event_time_missing event_time", "event_id_missing event_id", "currency_missing custom_data.currency"}},
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, test := range validateCases {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := saleEvent(t)
			test.mess(e)
			var got []string
			for _, p := range e.Validate(testNow) {
				got = append(got, strings.TrimSpace(string(p.Reason)+" "+p.where()))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got  %q\nwant %q", got, test.want)
			}
		})
	}
}

// TestValidateFindsEveryReason holds the catalogue and the rules together.
func TestValidateFindsEveryReason(t *testing.T) {
	t.Parallel()
	found := map[Reason]bool{ReasonEventNameMended: true} // the importer mends, before there is an event
	for _, test := range validateCases {
		e := saleEvent(t)
		test.mess(e)
		for _, p := range e.Validate(testNow) {
			found[p.Reason] = true
		}
	}
	for _, r := range eventReasons() {
		if !found[r] {
			t.Errorf("no case finds %s", r)
		}
	}
}

// TestValidateLooksIntoEveryText puts a telephone number into each text in turn.
func TestValidateLooksIntoEveryText(t *testing.T) {
	t.Parallel()
	const phone = "+31 6 1234 5678"
	e := fullEvent(t)
	texts := map[string]*string{"event_id": &e.ID, "event_name": &e.Name, "referrer_url": &e.ReferrerURL,
		"original_event_data.event_id": &e.Original.ID, "original_event_data.order_id": &e.Original.OrderID,
		"original_event_data.event_name": &e.Original.Name, "custom_data.content_name": &e.Custom.ContentName,
		"custom_data.content_category": &e.Custom.ContentCategory, "custom_data.content_ids": &e.Custom.ContentIDs[1],
		"custom_data.order_id": &e.Custom.OrderID, "custom_data.item_number": &e.Custom.ItemNumber,
		"custom_data.search_string": &e.Custom.SearchString, "custom_data.status": &e.Custom.Status,
		"custom_data.event_source": &e.Custom.EventSource, "custom_data.lead_event_source": &e.Custom.LeadEventSource,
		"custom_data.customer_segmentation": &e.Custom.Segmentation, "custom_data": &e.Custom.Properties[2].Value}
	for member, s := range texts {
		was := *s
		*s = phone
		if !slices.Contains(e.Validate(testNow), Problem{Reason: ReasonPersonalData, Member: member}) {
			t.Errorf("%s: a telephone number went unnoticed", member)
		}
		*s = was
	}
	for _, p := range e.Validate(testNow) {
		if p.Reason == ReasonPersonalData {
			t.Errorf("the full event holds nothing personal: %v", p)
		}
	}
}

func TestProblemsTellNoValue(t *testing.T) {
	t.Parallel()
	e := saleEvent(t)
	e.User.SetPlain(ExternalID, "anna@example.com")
	e.Custom.OrderID = "secret +31612345678"
	e.Custom.Currency = "secret"
	e.ActionSource = "secret"
	for _, p := range e.Validate(testNow) {
		for _, s := range []string{p.Error(), p.Sentence(), p.Fix(), fmt.Sprintf("%+v", p)} {
			if strings.Contains(s, "secret") || strings.Contains(s, "anna") || strings.Contains(s, "612345678") {
				t.Errorf("a value is told: %s", s)
			}
		}
	}
}

func TestUsable(t *testing.T) {
	t.Parallel()
	tests := []struct {
		keys []Key
		want bool
	}{
		{nil, false},
		{[]Key{City, Country, State, Zip, Gender, UserAgent}, false},
		{[]Key{City, Country, State, Zip, Gender, UserAgent, ClientIP}, true},
		{[]Key{Birth, UserAgent}, false}, {[]Key{Birth}, false}, {[]Key{Birth, Gender}, true}, {[]Key{Birth, City}, true},
		{[]Key{FirstName, Gender}, false}, {[]Key{LastName, Gender}, false}, {[]Key{FirstName, LastName}, true},
		{[]Key{FirstName, UserAgent}, true}, {[]Key{LastName, City}, true}, {[]Key{Gender}, false}, {[]Key{UserAgent}, false},
		{[]Key{Email}, true}, {[]Key{Phone}, true}, {[]Key{LeadID}, true}, {[]Key{ExternalID}, true}, {[]Key{FBC}, true},
		{[]Key{MADID}, true}, {[]Key{ClientIP}, true}, {[]Key{IGSID}, true},
	}
	for _, test := range tests {
		var u UserData
		for _, k := range test.keys {
			if k.Hashed() {
				u.AddHash(k, Hash{1})
			} else {
				u.SetPlain(k, "x")
			}
		}
		if u.Usable() != test.want {
			t.Errorf("%v: usable = %t", test.keys, !test.want)
		}
	}
}

func TestCheckFBC(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) string { return fmt.Sprintf("fb.1.%d.AbC", testNow.Add(d).UnixMilli()) }
	tests := []struct {
		name, fbc string
		want      Reason
	}{
		{"fresh", at(-time.Hour), ""},
		{"90 days", at(-maxClickAge), ""},
		{"a second more", at(-maxClickAge - time.Second), ReasonFBCOld},
		{"a fast clock", at(time.Hour), ""},
		{"days ahead", at(48 * time.Hour), ReasonFBCMalformed},
		{"appendix of the parameter builder", at(-time.Hour) + ".AQ", ""},
		{"empty", "", ReasonFBCMalformed},
		{"click id alone", "IwAR2abc", ReasonFBCMalformed},
		{"seconds", "fb.1.1794900000.AbC", ReasonFBCMalformed},
		{"no click id", "fb.1.1794900000000.", ReasonFBCMalformed},
		{"no index", "fb..1794900000000.AbC", ReasonFBCMalformed},
		{"other prefix", "FB.1.1794900000000.AbC", ReasonFBCMalformed},
		{"blank inside", "fb.1.1794900000000.Ab C", ReasonFBCMalformed},
		{"quoted", "\"fb.1.1794900000000.AbC\"", ReasonFBCMalformed},
	}
	for _, test := range tests {
		if r, ok := CheckFBC(test.fbc, testNow); r != test.want || ok != (test.want == "") {
			t.Errorf("%s: %q, %t, want %q", test.name, r, ok, test.want)
		}
	}
}

func FuzzCheckFBC(f *testing.F) {
	for _, s := range []string{"", "fb.1.1794900000000.AbC", "fb.1..", "fb.99.9999999999999.x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if r, ok := CheckFBC(s, testNow); ok != (r == "") || ok && !strings.HasPrefix(s, "fb.") {
			t.Fatalf("%q: %q, %t", s, r, ok)
		}
	})
}
