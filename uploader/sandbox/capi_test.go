package sandbox_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"capibara/uploader/capi"
	"capibara/uploader/sandbox"
)

const (
	token   = capi.Token("EAAsandbox0123456789")
	dataset = "1234567890"
)

func event(id string, at time.Time) []byte {
	return fmt.Appendf(nil, `{"event_name":"Purchase","event_time":%d,"event_id":%q,"action_source":"physical_store",`+
		`"user_data":{"em":["62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"]},"custom_data":{"value":12.5,"currency":"EUR"}}`, at.Unix(), id)
}

// ways to reach a sandbox: over a real listener, and without one.
func ways(t *testing.T, config sandbox.Config) map[string]func(t *testing.T) (*sandbox.Sandbox, *capi.Client) {
	open := func(t *testing.T) *sandbox.Sandbox {
		t.Helper()
		s, err := sandbox.New(config)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	dial := func(t *testing.T, base string, transport http.RoundTripper) *capi.Client {
		t.Helper()
		c, err := capi.New(capi.Config{BaseURL: base, Transport: transport, Timeout: 250 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.CloseIdleConnections)
		return c
	}
	return map[string]func(t *testing.T) (*sandbox.Sandbox, *capi.Client){
		"listener": func(t *testing.T) (*sandbox.Sandbox, *capi.Client) {
			s := open(t)
			server := httptest.NewServer(s)
			t.Cleanup(server.Close)
			return s, dial(t, server.URL, nil)
		},
		"round trip": func(t *testing.T) (*sandbox.Sandbox, *capi.Client) {
			s := open(t)
			return s, dial(t, "", s)
		},
	}
}

func TestTheClientUnderstandsEveryFault(t *testing.T) {
	t.Parallel()
	want := map[sandbox.Kind]capi.End{
		sandbox.Fault500: capi.Unknown, sandbox.Fault503: capi.Unknown, sandbox.Fault429: capi.Throttled, sandbox.FaultThrottle: capi.Throttled,
		sandbox.FaultCutBefore: capi.Unknown, sandbox.FaultCutAfter: capi.Unknown, sandbox.FaultHTML: capi.Unknown, sandbox.FaultOKError: capi.Unknown,
		sandbox.FaultShort: capi.Unknown, sandbox.FaultSlow: capi.Unknown, sandbox.FaultRedirect: capi.Unknown, sandbox.FaultEmpty: capi.Unknown,
		sandbox.FaultAuth: capi.Stopped, sandbox.FaultPolicy: capi.Stopped,
	}
	for _, kind := range sandbox.Kinds() {
		for way, reach := range ways(t, sandbox.Config{Token: token.Reveal(), SlowFor: time.Minute, Seed: 3}) {
			t.Run(string(kind)+"/"+way, func(t *testing.T) {
				t.Parallel()
				s, c := reach(t)
				end, listed := want[kind]
				if !listed {
					t.Fatal("no end is expected of this fault")
				}
				times := 8
				if kind == sandbox.FaultSlow {
					times = 1
				}
				for i := range times {
					if err := s.Queue(kind); err != nil {
						t.Fatal(err)
					}
					id := fmt.Sprint("e", i)
					o := c.Send(t.Context(), dataset, token, capi.AppendBody(nil, [][]byte{event(id, time.Now()), event(id+"x", time.Now())}, ""), 2)
					if o.End != end {
						t.Fatalf("end = %v, want %v: %v", o.End, end, o.Err)
					}
					if !o.End.PossiblyReceived() && s.Count(dataset, id, "Purchase") != 0 {
						t.Errorf("%v, and yet it was received", o.End)
					}
					if kind == sandbox.FaultThrottle && o.Err.RetryAfter != time.Minute || kind == sandbox.Fault429 && o.Err.RetryAfter != time.Second {
						t.Errorf("retry after %v", o.Err.RetryAfter)
					}
					if kind == sandbox.FaultShort && o.EventsReceived != 1 {
						t.Errorf("events received = %d", o.EventsReceived)
					}
				}
				o := c.Send(t.Context(), dataset, token, capi.AppendBody(nil, [][]byte{event("after", time.Now())}, ""), 1)
				if o.End != capi.Acknowledged || s.Count(dataset, "after", "Purchase") != 1 {
					t.Errorf("afterwards: %v, %v", o.End, o.Err)
				}
			})
		}
	}
}

func TestTheClientUnderstandsRefusals(t *testing.T) {
	t.Parallel()
	for way, reach := range ways(t, sandbox.Config{Token: token.Reveal(), Datasets: []string{dataset}, Blame: sandbox.BlameString, MaxBody: 1 << 20}) {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			s, c := reach(t)
			if p := c.Probe(t.Context(), dataset, token); !p.OK || p.Outcome.Err.Subcode != capi.ProbeSubcode {
				t.Errorf("probe: %v", p.Outcome.Err)
			}
			if p := c.Probe(t.Context(), dataset, "EAAanother0123456789"); p.OK || p.Outcome.End != capi.Stopped || p.Outcome.Err.Class != capi.ClassCredentials {
				t.Errorf("probe with another token: %v", p.Outcome.Err)
			}
			if p := c.Probe(t.Context(), "42", token); p.OK || p.Outcome.End != capi.Stopped || p.Outcome.Err.Class != capi.ClassConfiguration {
				t.Errorf("probe of another dataset: %v", p.Outcome.Err)
			}
			if stats := s.Stats(); stats.Probes != 3 || stats.Requests != 0 {
				t.Errorf("stats = %+v", stats)
			}
			now := time.Now()
			body := capi.AppendBody(nil, [][]byte{event("a", now), event("b", now), event("old", now.AddDate(0, 0, -63))}, "capibara")
			o := c.Send(t.Context(), dataset, token, body, 3)
			if o.End != capi.InvalidEvent || o.Err.Subcode != 2804003 || !slices.Equal(o.Blame, []int{2}) {
				t.Errorf("%v, blame %v: %v", o.End, o.Blame, o.Err)
			}
			large := slices.Repeat([][]byte{event("a", now)}, 1000)
			large[0] = append(slices.Repeat([]byte(" "), 6<<20), large[0]...)
			if o := c.Send(t.Context(), dataset, token, capi.AppendBody(nil, large, ""), 1000); o.End != capi.TooLarge {
				t.Errorf("too large: %v, %v", o.End, o.Err)
			}
			if stats := s.Stats(); stats.Accepted != 0 {
				t.Errorf("stats = %+v", stats)
			}
		})
	}
}

func TestTheClientInABubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := sandbox.New(sandbox.Config{Token: token.Reveal()})
		if err != nil {
			t.Fatal(err)
		}
		c, err := capi.New(capi.Config{Transport: s})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Queue(sandbox.FaultSlow); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		o := c.Send(t.Context(), dataset, token, capi.AppendBody(nil, [][]byte{event("a", start)}, ""), 1)
		if o.End != capi.Unknown || time.Since(start) != capi.DefaultTimeout || s.Count(dataset, "a", "Purchase") != 1 {
			t.Errorf("%v after %v: %v", o.End, time.Since(start), o.Err)
		}
	})
}

func TestTheProofIsDemanded(t *testing.T) {
	t.Parallel()
	const key capi.Secret = "0123456789abcdef0123456789abcdef"
	now := time.Now()
	for _, tc := range []struct {
		name     string
		secret   capi.Secret
		accepted bool
	}{{"right", key, true}, {"of another app", "ffffffffffffffffffffffffffffffff", false}, {"missing", "", false}} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s, err := sandbox.New(sandbox.Config{Token: string(token), AppSecret: string(key)})
			if err != nil {
				t.Fatal(err)
			}
			c, err := capi.New(capi.Config{Transport: s, AppSecret: func(string) (capi.Secret, error) { return tc.secret, nil }})
			if err != nil {
				t.Fatal(err)
			}
			if p := c.Probe(t.Context(), dataset, token); p.OK != tc.accepted {
				t.Errorf("the probe ended %v, %v", p.Outcome.End, p.Outcome.Err)
			}
			o := c.Send(t.Context(), dataset, token, c.Body(nil, [][]byte{event("x", now)}), 1)
			switch {
			case tc.accepted && o.End != capi.Acknowledged:
				t.Error(o.Err)
			case !tc.accepted && (o.End != capi.Stopped || o.Err.Class != capi.ClassConfiguration):
				t.Errorf("the request ended %v, %v", o.End, o.Err)
			}
			if got := s.Count(dataset, "x", "Purchase"); (got == 1) != tc.accepted {
				t.Errorf("accepted %d times", got)
			}
		})
	}
}
