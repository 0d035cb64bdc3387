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
		if ok != tc.ok || e.Class != tc.class || !strings.Contains(e.Cause, tc.says) {
			t.Errorf("%d/%d: %+v, %v", tc.code, tc.subcode, e, ok)
		}
	}
}

func TestCatalogueIsWhole(t *testing.T) {
	t.Parallel()
	seen := map[[2]int]bool{}
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
			if key := [2]int{code, e.Subcode}; seen[key] {
				t.Errorf("%d/%d is listed twice", code, e.Subcode)
			} else {
				seen[key] = true
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
		(&Client{}).settle(&o, r, testToken, n)
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
