package capi

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
)

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

func graph(members string) string {
	return `{"error":{"message":"Invalid parameter","type":"OAuthException",` + members + `,"fbtrace_id":"AbC_1-2"}}`
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	html := "<!DOCTYPE html><html><body>Bad gateway</body></html>"
	cases := []struct {
		name   string
		status int
		header string
		body   string
		n      int
		end    End
		class  Class
		wait   time.Duration
	}{
		{"acknowledged", 200, "", `{"events_received":3,"messages":["a"],"fbtrace_id":"A"}`, 3, Acknowledged, 0, 0},
		{"acknowledged with 201", 201, "", `{"events_received":1}`, 1, Acknowledged, 0, 0},
		{"error null", 200, "", `{"events_received":1,"error":null}`, 1, Acknowledged, 0, 0},
		{"fewer received", 200, "", `{"events_received":2}`, 3, Unknown, ClassUnknown, 0},
		{"more received", 200, "", `{"events_received":4}`, 3, Unknown, ClassUnknown, 0},
		{"count missing", 200, "", `{"messages":[]}`, 1, Unknown, ClassTransient, 0},
		{"count is a text", 200, "", `{"events_received":"1"}`, 1, Unknown, ClassTransient, 0},
		{"count is a fraction", 200, "", `{"events_received":1.0}`, 1, Unknown, ClassTransient, 0},
		{"empty", 200, "", "", 1, Unknown, ClassTransient, 0},
		{"html", 200, "", html, 1, Unknown, ClassTransient, 0},
		{"truncated", 200, "", `{"events_received":1`, 1, Unknown, ClassTransient, 0},
		{"two documents", 200, "", `{"events_received":1}{}`, 1, Unknown, ClassTransient, 0},
		{"an array", 200, "", `[1]`, 1, Unknown, ClassTransient, 0},
		{"over a megabyte", 200, "", `{"events_received":1,"x":"` + strings.Repeat("y", maxAnswer) + `"}`, 1, Unknown, ClassTransient, 0},
		{"count with a failure status", 500, "", `{"events_received":1}`, 1, Unknown, ClassTransient, 0},
		{"count with 400", 400, "", `{"events_received":1}`, 1, Unknown, ClassUnknown, 0},

		{"too old", 400, "", graph(`"code":100,"error_subcode":2804003`), 1, InvalidEvent, ClassInvalidEvent, 0},
		{"error with 200", 200, "", graph(`"code":100,"error_subcode":2804003`), 1, InvalidEvent, ClassInvalidEvent, 0},
		{"error beside a count", 200, "", `{"events_received":1,"error":{"code":100,"error_subcode":2804050}}`, 1, InvalidEvent, ClassInvalidEvent, 0},
		{"definite error with 500", 500, "", graph(`"code":100,"error_subcode":2804003`), 1, InvalidEvent, ClassInvalidEvent, 0},
		{"code 100 alone", 400, "", graph(`"code":100`), 1, InvalidEvent, ClassInvalidEvent, 0},
		{"transient code 100", 400, "", graph(`"code":100,"is_transient":true`), 1, Unknown, ClassTransient, 0},
		{"no such dataset", 400, "", graph(`"code":100,"error_subcode":33`), 1, Stopped, ClassConfiguration, 0},
		{"token", 400, "", graph(`"code":190,"error_subcode":463`), 1, Stopped, ClassCredentials, 0},
		{"token with an unknown subcode", 401, "", graph(`"code":190,"error_subcode":99999`), 1, Stopped, ClassCredentials, 0},
		{"permission", 403, "", graph(`"code":200`), 1, Stopped, ClassPermission, 0},
		{"permission at the end of the range", 400, "", graph(`"code":299`), 1, Stopped, ClassPermission, 0},
		{"policy", 400, "", graph(`"code":368`), 1, Stopped, ClassPolicy, 0},
		{"code 803", 400, "", graph(`"code":803`), 1, Stopped, ClassConfiguration, 0},
		{"transient", 500, "", graph(`"code":2,"is_transient":true`), 1, Unknown, ClassTransient, 0},
		{"code 1", 400, "", graph(`"code":1`), 1, Unknown, ClassTransient, 0},
		{"code 2 with 200", 200, "", graph(`"code":2`), 1, Unknown, ClassTransient, 0},
		{"negative code", 400, "", graph(`"code":-3`), 1, Unknown, ClassTransient, 0},
		{"unlisted code", 400, "", graph(`"code":424242`), 1, Unknown, ClassUnknown, 0},
		{"unlisted transient code", 400, "", graph(`"code":424242,"is_transient":true`), 1, Unknown, ClassTransient, 0},
		{"code is a text", 400, "", graph(`"code":"190"`), 1, Unknown, ClassUnknown, 0},
		{"error is a text", 400, "", `{"error":"invalid_token"}`, 1, Unknown, ClassUnknown, 0},
		{"error is empty", 200, "", `{"events_received":1,"error":{}}`, 1, Unknown, ClassUnknown, 0},

		{"throttle is HTTP 400 and transient", 400, "", graph(`"code":17,"is_transient":true`), 1, Throttled, ClassThrottle, 0},
		{"throttle with business usage", 400, `X-Business-Use-Case-Usage: {"1":[{"type":"ads","estimated_time_to_regain_access":3}],"2":[{"estimated_time_to_regain_access":19}]}`,
			graph(`"code":80004`), 1, Throttled, ClassThrottle, 19 * time.Minute},
		{"throttle with account usage", 400, `X-Ad-Account-Usage: {"acc_id_util_pct":100,"reset_time_duration":345}`, graph(`"code":4`), 1, Throttled, ClassThrottle, 345 * time.Second},
		{"the longest wait counts", 400, "Retry-After: 30\nX-Business-Use-Case-Usage: {\"1\":[{\"estimated_time_to_regain_access\":1}]}", graph(`"code":4`), 1, Throttled, ClassThrottle, time.Minute},
		{"429 html", 429, "Retry-After: 120", html, 1, Throttled, ClassThrottle, 2 * time.Minute},
		{"429 with code 2", 429, "", graph(`"code":2`), 1, Throttled, ClassThrottle, 0},
		{"413 html", 413, "", html, 1, TooLarge, ClassInvalidRequest, 0},
		{"usage on a good day asks for nothing", 503, `X-Business-Use-Case-Usage: {"1":[{"estimated_time_to_regain_access":19}]}`, html, 1, Unknown, ClassTransient, 0},
		{"503 with Retry-After", 503, "Retry-After: 7", html, 1, Unknown, ClassTransient, 7 * time.Second},
		{"502 html", 502, "", html, 1, Unknown, ClassTransient, 0},
		{"404 html", 404, "", html, 1, Unknown, ClassUnknown, 0},
		{"403 html", 403, "", html, 1, Unknown, ClassUnknown, 0},
		{"redirect", 302, "Location: https://www.facebook.com/", "", 1, Unknown, ClassUnknown, 0},
		{"redirect 307", 307, "Location: /elsewhere", "", 1, Unknown, ClassUnknown, 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				requests++
				_, _ = io.Copy(io.Discard, r.Body)
				for line := range strings.Lines(tc.header) {
					key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
					w.Header().Set(key, value)
				}
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			}))
			t.Cleanup(server.Close)
			o := client(t, Config{BaseURL: server.URL}).Send(t.Context(), testDataset, testToken, smallBody, tc.n)
			if o.End != tc.end || o.HTTPStatus != tc.status {
				t.Fatalf("end = %v with HTTP %d, want %v with %d; error: %v", o.End, o.HTTPStatus, tc.end, tc.status, o.Err)
			}
			if (o.Err == nil) != (tc.end == Acknowledged) {
				t.Fatalf("error = %v with end %v", o.Err, o.End)
			}
			if o.Err != nil && (o.Err.Class != tc.class || o.Err.RetryAfter != tc.wait) {
				t.Errorf("class %v, wait %v; want %v, %v", o.Err.Class, o.Err.RetryAfter, tc.class, tc.wait)
			}
			if requests != 1 {
				t.Errorf("the server saw %d requests", requests)
			}
		})
	}
}

func TestRequestAndAcknowledgement(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != "POST" || r.RequestURI != "/v26.0/1234567890/events" || r.ContentLength != int64(len(body)) {
			t.Errorf("request = %s %s, length %d of %d", r.Method, r.RequestURI, r.ContentLength, len(body))
		}
		want := map[string]string{"Authorization": "Bearer " + testToken.Reveal(), "Content-Type": "application/json",
			"User-Agent": "capibara-1", "Idempotency-Key": "", "Accept-Encoding": "", "Expect": ""}
		for key, value := range want {
			if got := r.Header.Get(key); got != value {
				t.Errorf("%s = %q, want %q", key, got, value)
			}
		}
		if got := string(body); got != `{"data":[{"a":1},{"b":2}],"partner_agent":"capibara-1"}` {
			t.Errorf("body = %s", got)
		}
		w.Header().Set("Date", "Mon, 23 Nov 2026 10:10:00 GMT")
		w.Header().Set("X-Ad-Api-Version-Warning", "v26.0 ends")
		_, _ = io.WriteString(w, `{"events_received":2,"messages":["one",{"two":2}],"fbtrace_id":"AbC"}`)
	}))
	t.Cleanup(server.Close)
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	c := client(t, Config{BaseURL: server.URL, PartnerAgent: "capibara-1", Now: func() time.Time { return now }})
	o := c.Send(t.Context(), testDataset, testToken, c.Body(nil, [][]byte{[]byte(`{"a":1}`), []byte(`{"b":2}`)}), 2)
	want := Outcome{End: Acknowledged, HTTPStatus: 200, EventsReceived: 2, Messages: []string{"one", `{"two":2}`}, FBTraceID: "AbC",
		Started: now, Ended: now, ServerDate: now.Add(10 * time.Minute), VersionWarning: "v26.0 ends"}
	if !reflect.DeepEqual(o, want) {
		t.Errorf("outcome = %+v\nwant      %+v", o, want)
	}
	if skew, ok := o.Skew(); !ok || skew != 10*time.Minute {
		t.Errorf("skew = %v, %v", skew, ok)
	}
	if _, ok := (Outcome{}).Skew(); ok {
		t.Error("a skew without a Date")
	}
}

func TestAppendBody(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		events [][]byte
		agent  string
		want   string
	}{
		{nil, "", `{"data":[]}`},
		{[][]byte{[]byte(`{}`)}, "", `{"data":[{}]}`},
		{[][]byte{[]byte(`{}`), []byte(`{"a":1}`)}, `q"uote`, `{"data":[{},{"a":1}],"partner_agent":"q\"uote"}`},
	} {
		if got := string(AppendBody([]byte("x"), tc.events, tc.agent)); got != "x"+tc.want {
			t.Errorf("got %s, want x%s", got, tc.want)
		}
	}
}

func TestAppendTestBody(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ agent, code, want string }{
		{"", "TEST123", `{"data":[{}],"test_event_code":"TEST123"}`},
		{"capibara", `q"uote`, `{"data":[{}],"partner_agent":"capibara","test_event_code":"q\"uote"}`},
	} {
		if got := string(AppendTestBody([]byte("x"), [][]byte{[]byte(`{}`)}, tc.agent, tc.code)); got != "x"+tc.want {
			t.Errorf("got %s, want x%s", got, tc.want)
		}
	}
}

func TestRefusedHere(t *testing.T) {
	t.Parallel()
	c := client(t, Config{BaseURL: "http://127.0.0.1:1"})
	for _, tc := range []struct {
		name    string
		dataset string
		token   Token
		n       int
		end     End
		class   Class
	}{
		{"no token", testDataset, "", 1, Stopped, ClassCredentials},
		{"token with a line break", testDataset, testToken + "\n", 1, Stopped, ClassCredentials},
		{"token with a space", testDataset, "EAA x", 1, Stopped, ClassCredentials},
		{"no dataset", "", testToken, 1, Stopped, ClassConfiguration},
		{"dataset that leads elsewhere", "1/../me", testToken, 1, Stopped, ClassConfiguration},
		{"no events", testDataset, testToken, 0, Stopped, ClassConfiguration},
		{"too many events", testDataset, testToken, MaxEvents + 1, TooLarge, ClassInvalidRequest},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := c.Send(t.Context(), tc.dataset, tc.token, smallBody, tc.n)
			if o.End != tc.end || o.Err.Class != tc.class || o.Err.Phase != PhaseCheck {
				t.Errorf("end = %v, error = %+v", o.End, o.Err)
			}
			if tc.token != "" && strings.Contains(o.Err.Error(), tc.token.Reveal()) {
				t.Errorf("the token is in %v", o.Err)
			}
		})
	}
}

func TestProbe(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		body string
		ok   bool
	}{
		{"the expected answer", graph(`"code":100,"error_subcode":2804019`), true},
		{"another check of the events edge", graph(`"code":100,"error_subcode":2804050`), true},
		{"an endpoint that counts everything", ackOne, true},
		{"no such dataset", graph(`"code":100,"error_subcode":33`), false},
		{"code 100 alone", graph(`"code":100`), false},
		{"token", graph(`"code":190`), false},
		{"throttled", graph(`"code":4`), false},
		{"html", "<html>", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if body, _ := io.ReadAll(r.Body); string(body) != `{"data":[{}]}` {
					t.Errorf("body = %s", body)
				}
				_, _ = io.WriteString(w, tc.body)
			}))
			t.Cleanup(server.Close)
			if p := client(t, Config{BaseURL: server.URL}).Probe(t.Context(), testDataset, testToken); p.OK != tc.ok {
				t.Errorf("probe = %+v, error %v", p, p.Outcome.Err)
			}
		})
	}
}

func TestTheTokenNeverComesBack(t *testing.T) {
	t.Parallel()
	secret := testToken.Reveal()
	hash := strings.Repeat("0123456789abcdef", 4)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ad-Api-Version-Warning", "old "+secret)
		w.WriteHeader(400)
		fmt.Fprintf(w, `{"messages":["m %[1]s"],"error":{"message":"Malformed access token %[1]s","type":"%[1]s","code":190,
			"error_user_title":"t\u001b[31m %[1]s","error_user_msg":"see https://x.test/?access_token=%[1]s&a=jan@example.com %[2]s","fbtrace_id":"%[1]s"}}`, secret, hash)
	}))
	t.Cleanup(server.Close)
	o := client(t, Config{BaseURL: server.URL}).Send(t.Context(), testDataset, testToken, smallBody, 1)
	encoded, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprintf("%+v %#v %+v %s %v", o, o, *o.Err, encoded, o.Err)
	for _, forbidden := range []string{secret, hash, "jan@", "\x1b", "access_token="} {
		if strings.Contains(said, forbidden) {
			t.Errorf("%q is in %s", forbidden, said)
		}
	}
	if o.Err.Code != 190 || !strings.Contains(o.Err.Message, "Malformed access token") {
		t.Errorf("error = %v", o.Err)
	}
}

// TestQuotedValuesNeverComeBack lets an answer quote what identifies people and is sent unhashed, in all places and forms.
func TestQuotedValuesNeverComeBack(t *testing.T) {
	t.Parallel()
	body := []byte(`{"data":[{"event_name":"Lead","user_data":{"client_ip_address":"203.0.113.77","client_user_agent":"Singer\/9 \"x\"","fbc":"fb.1.1700000000000.AbCdEf","lead_id":123456789012345,"external_id":["cust-0001","cust-00012"]}}]}`)
	values := []string{"203.0.113.77", "Singer", "AbCdEf", "123456789012345", "cust-0001"}
	for _, way := range []string{"plain", "json", "malformed"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // an answer that cuts the request off would be none
				said := `203.0.113.77 Singer/9 "x" fb.1.1700000000000.AbCdEf 123456789012345 cust-00012`
				if way == "json" {
					said = string(body)
				}
				if way == "malformed" {
					conn, _, err := http.NewResponseController(w).Hijack()
					if err != nil {
						panic(http.ErrAbortHandler)
					}
					fmt.Fprintf(conn, "HTTP/1.1 %s\r\n\r\n", said)
					_ = conn.Close()
					return
				}
				text, err := json.Marshal(said)
				if err != nil {
					panic(http.ErrAbortHandler)
				}
				w.Header().Set("X-Ad-Api-Version-Warning", said)
				w.WriteHeader(400)
				fmt.Fprintf(w, `{"messages":[%[1]s],"error":{"message":%[1]s,"type":%[1]s,"code":7777,"error_user_title":%[1]s,"error_user_msg":%[1]s,"fbtrace_id":%[1]s}}`, text)
			}))
			t.Cleanup(server.Close)
			o := client(t, Config{BaseURL: server.URL}).Send(t.Context(), testDataset, testToken, body, 1)
			encoded, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			said := fmt.Sprintf("%+v %+v %s %v", o, *o.Err, encoded, o.Err)
			for _, v := range values {
				if strings.Contains(said, v) {
					t.Errorf("%q is in %s", v, said)
				}
			}
			if !strings.Contains(said, "[value]") {
				t.Errorf("nothing was masked in %s", said)
			}
		})
	}
}
