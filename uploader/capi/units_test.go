package capi

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTokenIsRedacted(t *testing.T) {
	t.Parallel()
	type holder struct{ Token Token }
	encoded, err := json.Marshal(map[string]any{"token": testToken, "in": holder{testToken}})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", testToken)
	for _, said := range []string{
		fmt.Sprint(testToken), fmt.Sprintf("%s %q %x %d %v %+v %#v", testToken, testToken, testToken, testToken, testToken, testToken, testToken),
		fmt.Sprintf("%v %+v %#v", holder{testToken}, holder{testToken}, &holder{testToken}), string(encoded), log.String(),
	} {
		if strings.Contains(said, testToken.Reveal()) || strings.Contains(said, fmt.Sprintf("%x", testToken.Reveal())) {
			t.Errorf("the token is in %s", said)
		}
		if !strings.Contains(said, "token ending in WXYZ") {
			t.Errorf("%s does not name the token", said)
		}
	}
	if got := Token("short").String(); got != "a token (hidden)" {
		t.Errorf("a short token prints as %q", got)
	}
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		base string
		ok   bool
	}{
		{"", true}, {"https://graph.facebook.com", true}, {"https://graph.facebook.com/", true}, {"https://GRAPH.facebook.com:443", true},
		{"http://127.0.0.1:8080", true}, {"https://localhost", true}, {"http://[::1]:80", true},
		{"http://graph.facebook.com", false}, {"https://graph.facebook.com:8443", false}, {"https://graph.facebook.com.evil.test", false},
		{"https://evil.test", false}, {"https://user@graph.facebook.com", false}, {"https://graph.facebook.com/v21.0", false},
		{"https://graph.facebook.com?x=1", false}, {"ftp://localhost", false}, {"graph.facebook.com", false}, {"https://10.0.0.1", false}, {"::", false},
	} {
		if _, err := New(Config{BaseURL: tc.base}); (err == nil) != tc.ok {
			t.Errorf("%q: %v", tc.base, err)
		}
	}
	for _, config := range []Config{{Version: "26"}, {Version: "v26.0/me"}, {PartnerAgent: strings.Repeat("x", 23)}, {PartnerAgent: "a\nb"}, {Timeout: -1}} {
		if _, err := New(config); err == nil {
			t.Errorf("%+v was accepted", config)
		}
	}
}

func TestEndNames(t *testing.T) {
	t.Parallel()
	want := []string{"unknown", "not_sent", "acknowledged", "invalid_event", "too_large", "throttled", "stopped"}
	for i, name := range want {
		if end, err := ParseEnd(name); err != nil || end != End(i) || end.String() != name {
			t.Errorf("%s: %v, %v", name, end, err)
		}
	}
	if end, err := ParseEnd("Acknowledged"); err == nil || end != Unknown {
		t.Errorf("a foreign name is %v", end)
	}
	if got := End(99).String() + Class(99).String(); got != "end(99)class(99)" {
		t.Errorf("unnamed values print %s", got)
	}
	if !Unknown.PossiblyReceived() || !Acknowledged.PossiblyReceived() || NotSent.PossiblyReceived() || Throttled.PossiblyReceived() {
		t.Error("PossiblyReceived is wrong")
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		code, subcode int
		class         Class
		says          string
		ok            bool
	}{
		{100, 2804003, ClassInvalidEvent, "too old", true},
		{2804003, 0, ClassInvalidEvent, "too old", true},
		{100, 2804999, ClassInvalidEvent, "parameter", true},
		{100, 33, ClassConfiguration, "dataset", true},
		{190, 1, ClassCredentials, "token", true},
		{190, 463, ClassCredentials, "expired", true},
		{250, 0, ClassPermission, "permission", true},
		{80004, 2446079, ClassThrottle, "rate limit", true},
		{368, 0, ClassPolicy, "Older write-ups also use this code for a rate limit", true},
		{803, 0, ClassConfiguration, "Older write-ups also use this code for a missing permission", true},
		{100, 2804001, ClassInvalidEvent, "Older write-ups also use this code for a missing user_data", true},
		{-1, 0, ClassTransient, "negative", true},
		{80015, 0, ClassUnknown, "", false},
		{0, 0, ClassUnknown, "", false},
	} {
		e, ok := Explain(tc.code, tc.subcode)
		if ok != tc.ok || e.Class != tc.class || !strings.Contains(e.Meaning(), tc.says) {
			t.Errorf("%d/%d: %+v, %v", tc.code, tc.subcode, e, ok)
		}
	}
}

func TestCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	type key struct {
		code, subcode int
		kind          string
	}
	seen := map[key]bool{}
	for _, e := range Entries() {
		for _, text := range []string{e.Cause, e.Program, e.Person} {
			if text == "" || !strings.ContainsAny(text[len(text)-1:], ".") {
				t.Errorf("%d/%d: %q is no sentence", e.Code, e.Subcode, text)
			}
		}
		if e.Class == ClassUnknown || e.LastCode < e.Code {
			t.Errorf("%d/%d has no class or a wrong range", e.Code, e.Subcode)
		}
		for code := e.Code; code <= e.LastCode; code++ {
			if key := (key{code, e.Subcode, e.Type}); seen[key] {
				t.Errorf("%d/%d is listed twice", code, e.Subcode)
			} else {
				seen[key] = true
			}
		}
	}
}

// TestCatalogueHoldsTheProtocol lists what is known about the API, so that nobody takes an entry away or moves a code to
// another class by accident.
func TestCatalogueHoldsTheProtocol(t *testing.T) {
	t.Parallel()
	type span struct{ first, last int }
	for class, codes := range map[Class][]span{
		ClassThrottle:      {{4, 4}, {17, 17}, {32, 32}, {341, 341}, {613, 613}, {80000, 80014}},
		ClassTransient:     {{1, 1}, {2, 2}, {5000, 5000}, {21009, 21009}, {-3, -1}},
		ClassCredentials:   {{190, 190}, {102, 102}, {104, 104}},
		ClassPermission:    {{3, 3}, {10, 10}, {200, 299}},
		ClassConfiguration: {{803, 803}, {2500, 2500}},
		ClassPolicy:        {{368, 368}},
		ClassInvalidEvent:  {{100, 100}},
	} {
		for _, s := range codes {
			for code := s.first; code <= s.last; code++ {
				for _, subcode := range []int{0, 1, 99999999} {
					if e, ok := Explain(code, subcode); !ok || e.Class != class {
						t.Errorf("%d/%d: %v, %v; want %v", code, subcode, e.Class, ok, class)
					}
				}
			}
		}
	}
	for subcode, says := range map[int]string{2804001: "click id", 2804002: "document", 2804003: "too old", 2804004: "future", 2804009: "no value",
		2804010: "no currency", 2804016: "not hashed", 2804019: "required", 2804036: "lead_id", 2804050: "too little"} {
		if e, ok := Explain(100, subcode); !ok || e.Subcode != subcode || e.Class != ClassInvalidEvent || !strings.Contains(e.Cause, says) {
			t.Errorf("100/%d: %+v", subcode, e)
		}
	}
	for subcode := range map[int]bool{458: true, 459: true, 460: true, 463: true, 464: true, 467: true, 492: true} {
		if e, ok := Explain(190, subcode); !ok || e.Subcode != subcode || e.Class != ClassCredentials {
			t.Errorf("190/%d: %+v", subcode, e)
		}
	}
	if e, ok := Explain(100, 33); !ok || e.Subcode != 33 || e.Class != ClassConfiguration {
		t.Errorf("100/33: %+v", e)
	}
	for _, unlisted := range []int{0, 5, 99, 101, 199, 300, 79999, 80015, 2805000} {
		if e, ok := Explain(unlisted, 0); ok {
			t.Errorf("%d is explained: %+v", unlisted, e)
		}
	}
	for key, older := range map[[2]int]string{{803, 0}: "permission", {368, 0}: "rate limit", {100, 2804001}: "user_data", {100, 2804002}: "action_source",
		{100, 2804003}: "7 days"} {
		if e, _ := Explain(key[0], key[1]); !strings.Contains(e.Older, older) {
			t.Errorf("%v: the older reading is %q", key, e.Older)
		}
	}
}

// TestTypeOfAnError: what Graph refuses before it has looked at an event comes with code 100, as a bad event does.
func TestTypeOfAnError(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, members string
		class         Class
	}{
		{"a call without its proof", `"type":"GraphMethodException","code":100`, ClassConfiguration},
		{"a bad parameter", `"type":"OAuthException","code":100`, ClassInvalidEvent},
		{"a bad event", `"type":"GraphMethodException","code":100,"error_subcode":2804003`, ClassInvalidEvent},
		{"an unlisted subcode of the events edge", `"type":"GraphMethodException","code":100,"error_subcode":2804777`, ClassInvalidEvent},
		{"no such dataset", `"type":"GraphMethodException","code":100,"error_subcode":33`, ClassConfiguration},
		{"a dead token", `"type":"GraphMethodException","code":190`, ClassCredentials},
	} {
		a, ok := parseAnswer([]byte(`{"error":{` + tc.members + `}}`))
		if !ok || classify(a.err) != tc.class {
			t.Errorf("%s: %v, want %v", tc.name, classify(a.err), tc.class)
		}
		said := &Error{Code: a.err.code, Subcode: a.err.subcode, Type: a.err.kind}
		if e, ok := said.Explain(); !ok || e.Class != tc.class {
			t.Errorf("%s is explained as %v", tc.name, e.Class)
		}
	}
}

func TestClassesAreExplained(t *testing.T) {
	t.Parallel()
	all := Classes()
	if len(all) != len(classNames) {
		t.Fatalf("%d classes are explained, and there are %d", len(all), len(classNames))
	}
	for i, c := range all {
		if c.Class != Class(i) {
			t.Errorf("%v stands in the place of %v", c.Class, Class(i))
		}
		for _, text := range []string{c.Cause, c.Program, c.Person} {
			if len(text) < 15 || !strings.ContainsAny(text[len(text)-1:], ".") || strings.Contains(text, ": .") {
				t.Errorf("%v: %q is no sentence", c.Class, text)
			}
		}
	}
}

func TestBlameHints(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		err  string
		want []int
	}{
		{"none", `{"code":100}`, nil},
		{"path in the message", `{"message":"Missing $['data'][12]['user_data'] and $['data'][3]"}`, []int{3, 12}},
		{"path in the user's message", `{"error_user_msg":"data[7].event_time"}`, []int{7}},
		{"object of lists", `{"error_data":{"blame_field_specs":[["data","12","user_data"],["data",4]]}}`, []int{4, 12}},
		{"object of texts", `{"error_data":{"blame_field_specs":[["data[12][user_data]"]]}}`, []int{12}},
		{"object of objects", `{"error_data":{"blame_field_specs":{"data":{"9":"event_time"}}}}`, []int{9}},
		{"string", `{"error_data":"{\"blame_field_specs\":[[\"data[5]\"]]}"}`, []int{5}},
		{"out of range", `{"message":"data[20] data[9999]","error_data":{"blame_field_specs":[["data",-1],["data",1.5],["data",1e99]]}}`, nil},
		{"not an index", `{"message":"data 5, metadata[3], the data."}`, nil},
		{"error_data is no JSON", `{"error_data":"oops"}`, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, ok := parseAnswer([]byte(`{"error":` + tc.err + `}`))
			if !ok {
				t.Fatal("not readable")
			}
			if got := blameHints(a.err, 20); !slices.Equal(got, tc.want) {
				t.Errorf("hints = %v, want %v", got, tc.want)
			}
		})
	}
}

func TestBlamedMember(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, err, want string }{
		{"none", `{"code":100}`, ""},
		{"path in the message", `{"message":"Missing $['data'][12]['user_data']['em'] and $['data'][3]"}`, "user_data.em"},
		{"path in the user's message", `{"error_user_msg":"data[7].event_time"}`, "event_time"},
		{"object of lists", `{"error_data":{"blame_field_specs":[["data","12","user_data"],["data",4]]}}`, "user_data"},
		{"object of numbers", `{"error_data":{"blame_field_specs":[["data",12,"custom_data","value"]]}}`, "custom_data.value"},
		{"string", `{"error_data":"{\"blame_field_specs\":[[\"data[5].custom_data.currency\"]]}"}`, "custom_data.currency"},
		{"an index alone", `{"message":"data[7] is wrong"}`, ""},
		{"what is no name of Meta's", `{"message":"data[7]['anna@example.com']"}`, ""},
		{"nested without end", `{"error_data":{"blame_field_specs":[[[[[[[[[[[["data","1","user_data"]]]]]]]]]]]]}}`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, ok := parseAnswer([]byte(`{"error":` + tc.err + `}`))
			if !ok {
				t.Fatal("not readable")
			}
			if got := blamedMember(a.err); got != tc.want {
				t.Errorf("the member is %q, want %q", got, tc.want)
			}
		})
	}
}

func TestRetryAfterHeader(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "0": 0, "90": 90 * time.Second, " 1.5 ": 1500 * time.Millisecond, "NaN": 0, "1e300": MaxRetryAfter, "Inf": MaxRetryAfter,
		"Mon, 23 Nov 2026 10:05:00 GMT": 5 * time.Minute, "Mon, 23 Nov 2026 09:05:00 GMT": 0, "Mon, 23 Nov 2099 10:05:00 GMT": MaxRetryAfter,
	} {
		if got := retryAfter(http.Header{"Retry-After": {value}}, now, false); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestEndOfLife(t *testing.T) {
	t.Parallel()
	if day, ok := EndOfLife("v21.0"); !ok || day.Format(time.DateOnly) != "2027-01-21" {
		t.Errorf("v21.0 ends %v, %v", day, ok)
	}
	if _, ok := EndOfLife(DefaultVersion); ok {
		t.Error("the default version has an end already")
	}
	for version, want := range map[string]bool{"v20.0": true, "v2.12": true, "v21.0": false, "v26.0": false, "v100.0": false, "": false} {
		if Outlived(version) != want {
			t.Errorf("%q is outlived: %v", version, !want)
		}
	}
	if _, ok := EndOfLife(fmt.Sprintf("v%d.0", oldestListed)); !ok || Outlived(fmt.Sprintf("v%d.0", oldestListed)) {
		t.Error("the oldest version of the table is another one")
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{ackOne, "", "[]", "null", `{"error":1}`, graph(`"code":100,"error_subcode":2804003,"error_data":"{\"blame_field_specs\":[[\"data\",\"1\"]]}"`),
		`{"error":{"message":"EAAtestTOKEN0123456789abcdefWXYZ data[3]","code":-1,"error_data":{"blame_field_specs":[[["data",2]]]}}}`} {
		f.Add(200, []byte(seed), 5)
		f.Add(500, []byte(seed), 1)
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, n int) {
		a, readable := parseAnswer(body)
		r := reply{status: status, header: http.Header{}, body: body, whole: true}
		if v := judge(r, a, readable, n); v.end == Acknowledged && (a.err != nil || a.received != n || status/100 != 2) {
			t.Fatalf("acknowledged: HTTP %d, %d events, %s", status, n, body)
		}
		var o Outcome
		(&Client{}).settle(&o, r, &quoted{token: testToken}, n)
		for _, i := range o.Blame {
			if i < 0 || i >= n {
				t.Fatalf("blame %d of %d", i, n)
			}
		}
		if strings.Contains(fmt.Sprintf("%+v %v", o, o.Err), testToken.Reveal()) {
			t.Fatalf("the token is in %+v, %v", o, o.Err)
		}
	})
}

func FuzzUsageHeaders(f *testing.F) {
	f.Add("30", `{"1":[{"estimated_time_to_regain_access":19}]}`, `{"reset_time_duration":345}`)
	f.Add("Mon, 23 Nov 2026 10:05:00 GMT", `{"1":[{"estimated_time_to_regain_access":-1e400}]}`, `{"reset_time_duration":"x"}`)
	f.Add("9223372036854775807", `[]`, `{`)
	f.Fuzz(func(t *testing.T, plain, business, account string) {
		header := http.Header{"Retry-After": {plain}, "X-Business-Use-Case-Usage": {business}, "X-Ad-Account-Usage": {account}}
		if wait := retryAfter(header, time.Unix(1_700_000_000, 0), true); wait < 0 || wait > MaxRetryAfter {
			t.Fatalf("wait = %v", wait)
		}
	})
}
