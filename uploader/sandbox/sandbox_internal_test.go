package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

const (
	token   = "EAAsandbox0123456789"
	dataset = "1234567890"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const someHash = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"

func newSandbox(t *testing.T, config Config) *Sandbox {
	t.Helper()
	if config.Now == nil {
		config.Now = func() time.Time { return noon }
	}
	s, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

type fields map[string]any

// purchase is a valid event with changes; a nil takes a member away, and a/b is b in a.
func purchase(id string, changes fields) fields {
	user := fields{"em": []string{someHash}}
	custom := fields{"value": 12.5, "currency": "EUR", "order_id": "o1"}
	e := fields{"event_name": "Purchase", "event_time": noon.Unix() - 60, "event_id": id, "action_source": "physical_store",
		"user_data": user, "custom_data": custom}
	for path, v := range changes {
		in, key := e, path
		if group, name, nested := strings.Cut(path, "/"); nested {
			key, in = name, map[string]fields{"user_data": user, "custom_data": custom}[group]
		}
		if v == nil {
			delete(in, key)
		} else {
			in[key] = v
		}
	}
	return e
}

func data(events ...any) string {
	b, err := json.Marshal(map[string]any{"data": events})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func post(t *testing.T, url, body string, header map[string]string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{"Authorization": "Bearer " + token, "Content-Type": "application/json"}
	maps.Copy(all, header)
	for key, value := range all {
		r.Header.Set(key, value)
	}
	return r
}

// heard is what a client learns.
type heard struct {
	status  int
	header  http.Header
	text    string
	Events  int `json:"events_received"`
	TraceID string
	Error   struct {
		Code     int    `json:"code"`
		Subcode  int    `json:"error_subcode"`
		Title    string `json:"error_user_title"`
		UserText string `json:"error_user_msg"`
		TraceID  string `json:"fbtrace_id"`
		Data     any    `json:"error_data"`
	} `json:"error"`
}

func ask(t *testing.T, rt http.RoundTripper, r *http.Request) heard {
	t.Helper()
	response, err := rt.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	return hear(t, response)
}

func hear(t *testing.T, response *http.Response) heard {
	t.Helper()
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	h := heard{status: response.StatusCode, header: response.Header, text: string(body)}
	_ = json.Unmarshal(body, &h) // a page has nothing of it
	return h
}

const edgeURL = "https://graph.facebook.com/v26.0/" + dataset + "/events"

func TestEventRules(t *testing.T) {
	t.Parallel()
	at := noon.Unix()
	cases := []struct {
		name    string
		changes fields
		subcode int // 0: accepted
	}{
		{"a purchase", nil, 0},
		{"unknown members are ignored", fields{"whatever": 1, "custom_data/own": []int{1}}, 0},
		{"no event_name", fields{"event_name": nil}, 2804019},
		{"empty event_name", fields{"event_name": " "}, 2804019},
		{"event_name of 50", fields{"event_name": strings.Repeat("é", 50)}, 0},
		{"event_name of 51", fields{"event_name": strings.Repeat("é", 51)}, 2804019},
		{"event_name a number", fields{"event_name": 1}, 2804019},
		{"no event_time", fields{"event_time": nil}, 2804019},
		{"event_time a text", fields{"event_time": fmt.Sprint(at)}, 2804019},
		{"event_time with a fraction", fields{"event_time": json.RawMessage("1795435200.5")}, 2804019},
		{"event_time in milliseconds", fields{"event_time": at * 1000}, 2804004},
		{"event_time beyond 64 bits", fields{"event_time": json.RawMessage("99999999999999999999")}, 2804004},
		{"a minute ahead", fields{"event_time": at + 60}, 0},
		{"more than a minute ahead", fields{"event_time": at + 61}, 2804004},
		{"62 days in a store", fields{"event_time": at - 62*86400}, 0},
		{"over 62 days in a store", fields{"event_time": at - 62*86400 - 1}, 2804003},
		{"7 days elsewhere", fields{"event_time": at - 7*86400, "action_source": "system_generated"}, 0},
		{"over 7 days elsewhere", fields{"event_time": at - 7*86400 - 1, "action_source": "system_generated"}, 2804003},
		{"no action_source", fields{"action_source": nil}, 2804019},
		{"in_store", fields{"action_source": "in_store"}, 2804019},
		{"no user_data", fields{"user_data": nil}, 2804019},
		{"empty user_data", fields{"user_data/em": nil}, 2804050},
		{"event_id a number", fields{"event_id": 7}, 2804019},
		{"opt_out a text", fields{"opt_out": "yes"}, 2804019},
		{"opt_out", fields{"opt_out": true}, 0},
		{"custom_data a list", fields{"custom_data": []int{}}, 2804019},
		{"app_data without an app", fields{"app_data": fields{}}, 2804019},
		{"website without agent and URL", fields{"action_source": "website"}, 2804019},
		{"website without URL", fields{"action_source": "website", "user_data/client_user_agent": "UA"}, 2804019},
		{"website", fields{"action_source": "website", "user_data/client_user_agent": "UA", "event_source_url": "https://shop.test/"}, 0},

		{"no value", fields{"custom_data/value": nil}, 2804009},
		{"value a text", fields{"custom_data/value": "12.50"}, 2804009},
		{"no currency", fields{"custom_data/currency": nil}, 2804010},
		{"currency a sign", fields{"custom_data/currency": "€"}, 2804010},
		{"no custom_data", fields{"custom_data": nil}, 2804009},
		{"a Lead without value", fields{"event_name": "Lead", "custom_data": nil}, 0},
		{"num_items a text", fields{"custom_data/num_items": "3"}, 2804019},
		{"content_type", fields{"custom_data/content_type": "service"}, 2804019},
		{"contents", fields{"custom_data/contents": []fields{{"id": "a", "quantity": 2, "item_price": 1.5}}, "custom_data/content_ids": []any{"a", 1}}, 0},
		{"contents without id", fields{"custom_data/contents": []fields{{"quantity": 2}}}, 2804019},
		{"order_id a number", fields{"custom_data/order_id": 17}, 2804019},
		{"delivery_category", fields{"custom_data/delivery_category": "drone"}, 2804019},

		{"em not hashed", fields{"user_data/em": "jan@example.com"}, 2804016},
		{"em in capitals", fields{"user_data/em": strings.ToUpper(someHash)}, 2804016},
		{"em the hash of nothing", fields{"user_data/em": emptyHash}, 2804016},
		{"em an empty list", fields{"user_data/em": []string{}}, 2804016},
		{"em one bad of two", fields{"user_data/em": []string{someHash, "x"}}, 2804016},
		{"em with an appendix", fields{"user_data/em": someHash + ".AQ"}, 0},
		{"em with something behind", fields{"user_data/em": someHash + "AQ"}, 2804016},
		{"an unknown key", fields{"user_data/email": someHash}, 2804016},
		{"external_id plain", fields{"user_data/external_id": []string{"c-1"}}, 0},
		{"external_id empty", fields{"user_data/external_id": ""}, 2804016},
		{"client_ip_address", fields{"user_data/client_ip_address": "999.1.1.1"}, 2804016},
		{"lead_id", fields{"user_data/lead_id": 123456789012345}, 0},
		{"lead_id a text", fields{"user_data/lead_id": "12345678901234567"}, 0},
		{"lead_id with prefix", fields{"user_data/lead_id": "l:123456789012345"}, 2804036},
		{"lead_id too short", fields{"user_data/lead_id": 1234}, 2804036},
		{"lead_id through a float", fields{"user_data/lead_id": json.RawMessage("1.2345678901234e15")}, 2804036},
		{"fbc", fields{"user_data/fbc": "fb.1.1795435200000.IwAR_x-Y"}, 0},
		{"fbc in seconds", fields{"user_data/fbc": "fb.1.1795435200.IwAR"}, 2804001},
		{"a city and a country alone", fields{"user_data": fields{"ct": someHash, "country": someHash}}, 2804050},
		{"a first name and a gender alone", fields{"user_data": fields{"fn": someHash, "ge": someHash}}, 2804050},
		{"first and last name", fields{"user_data": fields{"fn": someHash, "ln": someHash}}, 0},
		{"a birthday alone", fields{"user_data": fields{"db": someHash}}, 2804050},

		{"limited data use", fields{"data_processing_options": []string{"LDU"}, "data_processing_options_country": 1, "data_processing_options_state": 1000}, 0},
		{"no options", fields{"data_processing_options": []string{}}, 0},
		{"unknown option", fields{"data_processing_options": []string{"ABC"}}, 2804019},
		{"country without state", fields{"data_processing_options": []string{"LDU"}, "data_processing_options_country": 1}, 2804019},
		{"unknown state", fields{"data_processing_options": []string{"LDU"}, "data_processing_options_country": 1, "data_processing_options_state": 1014}, 2804019},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t, Config{Token: token})
			h := ask(t, s, post(t, edgeURL, data(purchase("good", nil), purchase("e1", tc.changes)), nil))
			stats := s.Stats()
			if tc.subcode == 0 {
				if h.status != 200 || h.Events != 2 || stats.Accepted != 2 || stats.Rejected != 0 {
					t.Fatalf("heard %d %s; %+v", h.status, h.text, stats)
				}
				return
			}
			if h.status != 400 || h.Error.Code != 100 || h.Error.Subcode != tc.subcode || h.Error.TraceID == "" || h.Error.Title == "" {
				t.Fatalf("heard %d %s", h.status, h.text)
			}
			if stats.Accepted != 0 || stats.Rejected != 2 || stats.RejectedBatches != 1 || s.Count(dataset, "good", "Purchase") != 0 {
				t.Errorf("one invalid event must refuse the request: %+v", stats)
			}
			if strings.Contains(h.text, "['data']") || h.Error.Data != nil {
				t.Errorf("it tells which event: %s", h.text)
			}
		})
	}
}

func TestRequestRules(t *testing.T) {
	t.Parallel()
	good := data(purchase("e1", nil))
	many := make([]any, 1001)
	for i := range many {
		many[i] = purchase(fmt.Sprint("e", i), nil)
	}
	cases := []struct {
		name      string
		url, body string
		header    map[string]string
		status    int
		code, sub int
	}{
		{"good", edgeURL, good, nil, 200, 0, 0},
		{"token in the body", edgeURL, `{"access_token":"` + token + `",` + good[1:], map[string]string{"Authorization": ""}, 200, 0, 0},
		{"1,000 events", edgeURL, data(many[:1000]...), nil, 200, 0, 0},
		{"1,001 events", edgeURL, data(many...), nil, 400, 100, 0},
		{"a probe", edgeURL, `{"data":[{}]}`, nil, 400, 100, 2804019},
		{"token in the URL", edgeURL + "?access_token=" + token, good, nil, 400, 2500, 0},
		{"no token", edgeURL, good, map[string]string{"Authorization": ""}, 400, 104, 0},
		{"wrong token", edgeURL, good, map[string]string{"Authorization": "Bearer EAAother"}, 400, 190, 0},
		{"unknown dataset", strings.Replace(edgeURL, dataset, "42", 1), good, nil, 400, 100, 33},
		{"no version", "https://graph.facebook.com/" + dataset + "/events", good, nil, 400, 2500, 0},
		{"odd version", strings.Replace(edgeURL, "v26.0", "26.0", 1), good, nil, 400, 2500, 0},
		{"another edge", edgeURL + "s", good, nil, 400, 2500, 0},
		{"form", edgeURL, "data=[]", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, 400, 100, 0},
		{"gzip", edgeURL, good, map[string]string{"Content-Encoding": "gzip"}, 400, 100, 0},
		{"no JSON", edgeURL, "{", nil, 400, 100, 0},
		{"a member twice", edgeURL, `{"data":[],"data":[{}]}`, nil, 400, 100, 0},
		{"a member twice among many", edgeURL, `{"data":[{` + strings.Join(members(50), ",") + `,"m7":1}]}`, nil, 400, 100, 0},
		{"many members", edgeURL, good[:len(good)-2-1] + "," + strings.Join(members(50), ",") + "}]}", nil, 200, 0, 0},
		{"no data", edgeURL, `{}`, nil, 400, 100, 0},
		{"empty data", edgeURL, `{"data":[]}`, nil, 400, 100, 0},
		{"partner_agent of 23", edgeURL, good[:len(good)-1] + `,"partner_agent":"12345678901234567890123"}`, nil, 400, 100, 0},
		{"partner_agent a number", edgeURL, good[:len(good)-1] + `,"partner_agent":1}`, nil, 400, 100, 0},
		{"too large", edgeURL, data(strings.Repeat("x", 2<<20)), nil, 413, 0, 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := newSandbox(t, Config{Token: token, Datasets: []string{dataset}, MaxBody: 1 << 20, VersionWarning: "old"})
			h := ask(t, s, post(t, tc.url, tc.body, tc.header))
			if h.status != tc.status || h.Error.Code != tc.code || h.Error.Subcode != tc.sub {
				t.Fatalf("heard %d %s", h.status, h.text)
			}
			if h.header.Get("Date") != "Mon, 23 Nov 2026 12:00:00 GMT" || h.header.Get("X-Ad-Api-Version-Warning") != "old" {
				t.Errorf("header = %v", h.header)
			}
			if strings.Contains(h.text, token) {
				t.Errorf("the token is in %s", h.text)
			}
		})
	}
	s := newSandbox(t, Config{})
	r := post(t, edgeURL, "", nil)
	r.Method = ""
	if h := ask(t, s, r); h.status != 400 || h.Error.Subcode != 33 {
		t.Errorf("GET: %d %s", h.status, h.text)
	}
}

func members(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`"m%d":0`, i)
	}
	return all
}

func TestBlameTellsWhich(t *testing.T) {
	t.Parallel()
	body := data(purchase("a", nil), purchase("b", fields{"event_name": nil}))
	for blame, want := range map[Blame]string{BlamePath: `$['data'][1]['event_name']`, BlameObject: `"error_data":{"blame_field_specs":[["data","1","event_name"]]}`,
		BlameString: `"error_data":"{\"blame_field_specs\":[[\"data\",\"1\",\"event_name\"]]}"`} {
		s := newSandbox(t, Config{Blame: blame})
		if h := ask(t, s, post(t, edgeURL, body, nil)); !strings.Contains(h.text, want) {
			t.Errorf("%s: %s", blame, h.text)
		}
	}
}

func TestTitlesVary(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Config{})
	titles := map[string]bool{}
	for range 40 {
		titles[ask(t, s, post(t, edgeURL, `{"data":[{}]}`, nil)).Error.Title] = true
	}
	if len(titles) < 3 {
		t.Errorf("titles = %v", titles)
	}
	if stats := s.Stats(); stats.Probes != 40 || stats.Requests != 0 || stats.Rejected != 0 {
		t.Errorf("stats = %+v", stats)
	}
}

func TestConfigIsChecked(t *testing.T) {
	t.Parallel()
	for _, config := range []Config{{Faults: []Fault{{"bad", 1}}}, {Faults: []Fault{{Fault500, 0}}}, {Blame: "x"}, {Datasets: []string{"a"}}, {Delay: -1},
		{Keep: "/nowhere/at/all"}} {
		if _, err := New(config); err == nil {
			t.Errorf("%+v was accepted", config)
		}
	}
	for text, want := range map[string]Fault{"500": {Fault500, 1}, "cut_after:0.25": {FaultCutAfter, 0.25}, "slow:1": {FaultSlow, 1}} {
		if got, err := ParseFault(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "501", "500:", "500:2", "500:0", "500:NaN", "500:-1", "500:x"} {
		if got, err := ParseFault(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"data":[{"event_name":"Purchase","event_time":1,"user_data":{"em":["x"]}}]}`, `[1,-0.5e+3,"\u00e9\n",true,null,{}]`, `{"a":1,"a":2}`,
		"\"\xff\"", `01`, `1.`, `"\x"`, "", " ", `[[[[`, `{"a"}`, data(purchase("e", nil))} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		v, err := parse(document)
		if err == nil && !json.Valid(document) {
			t.Fatalf("%q is no JSON", document)
		}
		if err == nil && v.kind == object {
			var oracle map[string]json.RawMessage
			if json.Unmarshal(document, &oracle) != nil || len(oracle) != len(v.members) {
				t.Fatalf("%q has %d members, not %d", document, len(oracle), len(v.members))
			}
			for _, m := range v.members {
				if string(oracle[m.name]) != string(m.value.raw) {
					t.Fatalf("%q: member %q is %q, not %q", document, m.name, m.value.raw, oracle[m.name])
				}
			}
		}
		checkEvent(v, noon)
		for _, item := range v.member("data").items {
			checkEvent(item, noon)
		}
	})
}

func FuzzParseFault(f *testing.F) {
	f.Add("500:0.1")
	f.Add("cut_after")
	f.Add(":")
	f.Fuzz(func(t *testing.T, text string) {
		if fault, err := ParseFault(text); err == nil && fault.check() != nil {
			t.Fatalf("%q gives %v", text, fault)
		}
	})
}
