package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// tried is what a client learns of a request that may be cut.
func try(t *testing.T, rt http.RoundTripper, r *http.Request) (heard, error) {
	t.Helper()
	response, err := rt.RoundTrip(r)
	if err != nil {
		return heard{}, err
	}
	return hear(t, response), nil
}

func TestEveryFault(t *testing.T) {
	t.Parallel()
	const (
		never = iota
		always
		either
	)
	faults := map[Kind]struct {
		taken  int
		status []int // none: cut
		code   int
	}{
		Fault500: {either, []int{500}, -1}, Fault503: {either, []int{503}, -1}, Fault429: {never, []int{429}, 0}, FaultThrottle: {never, []int{400}, -1},
		FaultCutBefore: {never, nil, 0}, FaultCutAfter: {always, nil, 0}, FaultHTML: {either, []int{200, 502}, 0}, FaultOKError: {either, []int{200}, 2},
		FaultShort: {always, []int{200}, 0}, FaultSlow: {always, []int{200}, 0}, FaultRedirect: {never, []int{302}, 0}, FaultEmpty: {either, []int{200}, 0},
		FaultAuth: {never, []int{400}, 190}, FaultPolicy: {never, []int{400}, 368},
	}
	if len(faults) != len(Kinds()) {
		t.Fatalf("%d faults are tested of %d", len(faults), len(Kinds()))
	}
	for kind, want := range faults {
		for _, real := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/listener=%v", kind, real), func(t *testing.T) {
				t.Parallel()
				s := newSandbox(t, Config{Token: token, Faults: []Fault{{kind, 1}}, SlowFor: time.Millisecond, Seed: 7})
				var rt http.RoundTripper = s
				url := edgeURL
				if real {
					server := httptest.NewServer(s)
					t.Cleanup(server.Close)
					transport := &http.Transport{}
					t.Cleanup(transport.CloseIdleConnections)
					rt, url = transport, server.URL+"/v26.0/"+dataset+"/events"
				}
				const n = 40
				for i := range n {
					h, err := try(t, rt, post(t, url, data(purchase(fmt.Sprint("e", i), nil), purchase(fmt.Sprint("f", i), nil)), nil))
					if (err != nil) != (want.status == nil) {
						t.Fatalf("error = %v", err)
					}
					if err != nil {
						continue
					}
					found := false
					for _, status := range want.status {
						found = found || status == h.status
					}
					if !found || (want.code >= 0 && h.Error.Code != want.code) {
						t.Fatalf("heard %d %s", h.status, h.text)
					}
					if kind == FaultShort && h.Events != 1 || kind == FaultSlow && h.Events != 2 {
						t.Errorf("events_received = %d", h.Events)
					}
				}
				stats := s.Stats()
				ok := stats.Requests == n && stats.Faults[kind] == n && stats.Rejected == 0
				switch want.taken {
				case never:
					ok = ok && stats.Accepted == 0
				case always:
					ok = ok && stats.Accepted == 2*n
				case either:
					ok = ok && stats.Accepted > 0 && stats.Accepted < 2*n
				}
				if !ok || stats.Accepted != 2*stats.AcceptedBatches || stats.Distinct != stats.Accepted {
					t.Errorf("stats = %+v", stats)
				}
				accepted := 0
				for i, r := range s.Requests() {
					if r.Accepted {
						accepted++
					}
					if r.Accepted != (s.Count(dataset, fmt.Sprint("e", i), "Purchase") == 1) || r.Fault != kind {
						t.Errorf("request %d = %+v", i, r)
					}
				}
				if accepted != stats.AcceptedBatches {
					t.Errorf("%d requests say accepted, not %d", accepted, stats.AcceptedBatches)
				}
			})
		}
	}
}

func TestTheSeedDecides(t *testing.T) {
	t.Parallel()
	story := func(seed uint64) []Request {
		s := newSandbox(t, Config{Seed: seed, Faults: []Fault{{Fault500, 0.3}, {FaultCutAfter, 0.5}}})
		for i := range 50 {
			_, _ = try(t, s, post(t, edgeURL, data(purchase(fmt.Sprint("e", i), nil)), nil)) // the log tells how it went
		}
		return s.Requests()
	}
	first := story(1)
	if !reflect.DeepEqual(first, story(1)) {
		t.Error("the same seed told another story")
	}
	if reflect.DeepEqual(first, story(2)) {
		t.Error("another seed told the same story")
	}
}

func TestRepeatsAreCounted(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Config{})
	send := func(set string, events ...any) {
		t.Helper()
		if h := ask(t, s, post(t, strings.Replace(edgeURL, dataset, set, 1), data(events...), nil)); h.status != 200 {
			t.Fatal(h.text)
		}
	}
	lead := fields{"event_name": "Lead"}
	send("1", purchase("a", nil), purchase("a", lead), purchase("b", nil), purchase("", nil))
	send("1", purchase("a", nil))
	send("2", purchase("a", nil))
	send("1", purchase("a", fields{"custom_data/value": 99}))
	stats := s.Stats()
	stats.Faults = nil
	want := Stats{Requests: 4, Accepted: 7, AcceptedBatches: 4, Distinct: 4, Duplicates: 2, Changed: 1, WithoutID: 1}
	if !reflect.DeepEqual(stats, want) {
		t.Errorf("stats = %+v, want %+v", stats, want)
	}
	for _, tc := range []struct {
		set, id, name string
		times         int
	}{{"1", "a", "Purchase", 3}, {"1", "a", "Lead", 1}, {"2", "a", "Purchase", 1}, {"2", "a", "Lead", 0}, {"1", "b", "Purchase", 1}, {"1", "z", "Purchase", 0}} {
		if got := s.Count(tc.set, tc.id, tc.name); got != tc.times {
			t.Errorf("%v came %d times", tc, got)
		}
	}
	seen := s.Seen("a")
	if len(seen) != 3 || !seen[0].Changed || !strings.Contains(string(seen[0].Event), `"value":99`) || !seen[0].FirstReceived.Equal(noon) {
		t.Errorf("seen = %+v", seen)
	}
}

func TestControl(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Config{Token: token})
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	control := func(method, path, body string) (int, map[string]any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var out map[string]any
		if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return response.StatusCode, out
	}
	if status, out := control("POST", "/_sandbox/faults", `{"next":["500","429"]}`); status != 200 || out["queued"] != 2.0 {
		t.Fatal(status, out)
	}
	for _, want := range []int{500, 429, 200, 200} {
		if h := ask(t, http.DefaultTransport, post(t, server.URL+"/v26.0/1/events", data(purchase("x", nil)), nil)); h.status != want {
			t.Errorf("heard %d, want %d", h.status, want)
		}
	}
	status, out := control("GET", "/_sandbox/stats", "")
	if stats := s.Stats(); status != 200 || out["requests"] != 4.0 || out["accepted"] != float64(stats.Accepted) {
		t.Error(status, out)
	}
	for _, path := range []string{"/_sandbox/events?event_id=x", "/_sandbox/events"} {
		_, out := control("GET", path, "")
		items := out["items"].([]any)
		if len(items) != 1 || items[0].(map[string]any)["times"].(float64) < 2 || out["next"] != nil {
			t.Error(path, out)
		}
	}
	if _, out := control("GET", "/_sandbox/events?event_id=unheard", ""); len(out["items"].([]any)) != 0 {
		t.Error(out)
	}
	if status, out := control("POST", "/_sandbox/usage", `{"percent":85,"regain_minutes":3}`); status != 200 || out["percent"] != 85.0 {
		t.Error(status, out)
	}
	h := ask(t, http.DefaultTransport, post(t, server.URL+"/v26.0/1/events", data(purchase("y", nil)), nil))
	if b, a := h.header.Get("X-Business-Use-Case-Usage"), h.header.Get("X-App-Usage"); !strings.Contains(b, `"call_count":85`) ||
		!strings.Contains(b, `"estimated_time_to_regain_access":3`) || !strings.Contains(a, "85") {
		t.Errorf("the usage headers are %s and %s", b, a)
	}
	for _, tc := range [][3]string{{"POST", "/_sandbox/faults", `{"next":["bad"]}`}, {"POST", "/_sandbox/usage", `{"percent":-1}`}, {"POST", "/_sandbox/usage", "x"}, {"POST", "/_sandbox/faults", "x"}, {"GET", "/_sandbox/events?after=x", ""}, {"GET", "/_sandbox/other", ""}} {
		if status, out := control(tc[0], tc[1], tc[2]); status < 400 || out["error"] == "" {
			t.Error(tc, status, out)
		}
	}
}

func TestRepeatsArePaged(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Config{})
	var events []taken
	for i := range pageSize + 5 {
		events = append(events, taken{id: fmt.Sprint(i), name: "Lead"})
	}
	s.ledger.accept(noon, "1", "", events)
	s.ledger.accept(noon, "1", "", events)
	pages, path := []int{}, "/_sandbox/events"
	for path != "" {
		r, _ := http.NewRequest("GET", "http://sandbox"+path, nil)
		var l listing
		if err := json.Unmarshal([]byte(ask(t, s, r).text), &l); err != nil {
			t.Fatal(err)
		}
		pages, path = append(pages, len(l.Items)), ""
		if l.Next != nil {
			path = "/_sandbox/events?after=" + *l.Next
		}
	}
	if !reflect.DeepEqual(pages, []int{pageSize, 5}) {
		t.Errorf("pages = %v", pages)
	}
}

func TestKeepOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kept.jsonl")
	first := newSandbox(t, Config{Keep: path})
	for range 2 {
		ask(t, first, post(t, edgeURL, data(purchase("a", nil), purchase("b", nil)), nil))
	}
	// A process that was killed closes nothing, and may leave half a note.
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(`{"at":1,"dataset":"1","ev`); err != nil {
		t.Fatal(err)
	}
	file.Close()
	second := newSandbox(t, Config{Keep: path})
	ask(t, second, post(t, edgeURL, data(purchase("a", fields{"opt_out": true})), nil))
	third := newSandbox(t, Config{Keep: path})
	if got := third.Count(dataset, "a", "Purchase"); got != 3 {
		t.Errorf("a came %d times", got)
	}
	if stats := third.Stats(); stats.Accepted != 5 || stats.Distinct != 2 || stats.Changed != 1 || stats.Requests != 3 {
		t.Errorf("stats = %+v", stats)
	}
	kept, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(kept), someHash) {
		t.Errorf("the file holds personal data, or: %v", err)
	}
	if err := os.WriteFile(path, []byte("not a note\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Keep: path}); err == nil {
		t.Error("a foreign file was accepted")
	}
}

// TestTestEventCode takes the events of a test like any others, and tells them apart, also after the process has ended.
func TestTestEventCode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "kept.jsonl")
	s := newSandbox(t, Config{Keep: path})
	ask(t, s, post(t, edgeURL, data(purchase("real", nil)), nil))
	body := strings.TrimSuffix(data(purchase("cb-test-1", nil), purchase("cb-test-2", nil)), "}") + `,"test_event_code":"TEST7"}`
	ask(t, s, post(t, edgeURL, body, nil))
	if h := ask(t, s, post(t, edgeURL, `{"data":[{}],"test_event_code":7}`, nil)); h.status != 400 {
		t.Errorf("a test_event_code that is a number: %d %s", h.status, h.text)
	}
	for name, one := range map[string]*Sandbox{"this one": s, "the next one": newSandbox(t, Config{Keep: path})} {
		if stats := one.Stats(); stats.Accepted != 3 || stats.Tested != 2 {
			t.Errorf("%s counts %+v", name, stats)
		}
	}
	for id, want := range map[string]string{"real": "", "cb-test-1": "TEST7"} {
		if seen := s.Seen(id); len(seen) != 1 || seen[0].TestEventCode != want {
			t.Errorf("%s was seen as %+v", id, seen)
		}
	}
}

func TestNothingIsAcceptedThatCannotBeKept(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Config{Keep: filepath.Join(t.TempDir(), "kept.jsonl")})
	file := s.ledger.file
	_ = file.Close()
	h := ask(t, s, post(t, edgeURL, data(purchase("a", nil)), nil))
	if h.status != 503 || s.Stats().Accepted != 0 {
		t.Errorf("heard %d %s, %+v", h.status, h.text, s.Stats())
	}
	s.ledger.file = nil
}

func TestServeStaysOnThisMachine(t *testing.T) {
	t.Parallel()
	s := newSandbox(t, Config{})
	if onLoopback(&net.TCPAddr{IP: net.IPv4zero}) || onLoopback(&net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)}) {
		t.Error("an outward address counts as loopback")
	}
	outward, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(t.Context(), outward); err == nil {
		t.Error("it served everybody")
	}
	exposed, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	over, stop := context.WithCancel(t.Context())
	stop()
	if err := newSandbox(t, Config{Exposed: true}).Serve(over, exposed); err != nil {
		t.Errorf("exposed on purpose: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, listener) }()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	if h := ask(t, transport, post(t, "http://"+listener.Addr().String()+"/v26.0/1/events", data(purchase("a", nil)), nil)); h.status != 200 {
		t.Error(h.text)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestTransportHooks(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		body  io.Reader
		size  int64
		fault Kind
		want  string
		err   error
	}{
		{"answered", strings.NewReader(`{"data":[{}]}`), 13, "", "get got headers wrote:<nil> byte", nil},
		{"cut", strings.NewReader(`{"data":[{}]}`), 13, FaultCutBefore, "get got headers wrote:<nil>", io.ErrUnexpectedEOF},
		{"broken body", io.MultiReader(strings.NewReader("{"), brokenReader{}), 13, "", "get got headers wrote:broken", errBroken},
		{"short body", strings.NewReader("{"), 13, "", "get got headers wrote:ContentLength=13 with Body length 1", nil},
		{"too big", strings.NewReader(strings.Repeat("x", 2000)), 2000, "", "get got headers byte", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSandbox(t, Config{MaxBody: 1000})
			if tc.fault != "" {
				if err := s.Queue(tc.fault); err != nil {
					t.Fatal(err)
				}
			}
			var told []string
			tell := func(what string) { told = append(told, what) }
			ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
				GetConn: func(string) { tell("get") },
				GotConn: func(info httptrace.GotConnInfo) {
					if info.Conn.RemoteAddr() == nil {
						t.Error("no connection")
					}
					tell("got")
				},
				WroteHeaders:         func() { tell("headers") },
				WroteRequest:         func(info httptrace.WroteRequestInfo) { tell(fmt.Sprint("wrote:", info.Err)) },
				GotFirstResponseByte: func() { tell("byte") },
			})
			r := post(t, edgeURL, "", nil).WithContext(ctx)
			r.Body, r.ContentLength = io.NopCloser(tc.body), tc.size
			response, err := s.RoundTrip(r)
			if tc.err != nil && !errors.Is(err, tc.err) {
				t.Errorf("error = %v", err)
			}
			if err == nil {
				response.Body.Close()
			}
			if got := strings.Join(told, " "); got != tc.want {
				t.Errorf("hooks = %s, want %s", got, tc.want)
			}
		})
	}
}

var errBroken = errors.New("broken")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

// TestInABubble shows that a sandbox waits in a bubble's time, and counts what it took before it answered.
func TestInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSandbox(t, Config{Now: time.Now, Delay: time.Hour})
		if err := s.Queue(FaultSlow); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		event := purchase("a", fields{"event_time": start.Unix()})
		if h := ask(t, s, post(t, edgeURL, data(event), nil)); h.status != 200 || time.Since(start) != time.Hour+DefaultSlowFor {
			t.Errorf("heard %d after %v", h.status, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := s.RoundTrip(post(t, edgeURL, data(event), nil).WithContext(ctx))
		if !errors.Is(err, context.DeadlineExceeded) || s.Count(dataset, "a", "Purchase") != 2 {
			t.Errorf("error = %v, stats %+v", err, s.Stats())
		}
	})
}
