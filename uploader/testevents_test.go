package uploader

import (
	"errors"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/capi"
	"capibara/uploader/sandbox"
)

func testOrder(kinds ...TestKind) TestOrder {
	if kinds == nil {
		kinds = []TestKind{{"Purchase", event.SourcePhysicalStore, "", "EUR"}, {"deal_closed", event.SourceSystemGenerated, "HubSpot", ""},
			{"Lead", event.SourceWebsite, "", ""}, {"StartTrial", event.SourceApp, "", ""}}
	}
	return TestOrder{Dataset: shop, Code: "TEST77", By: "ana", Kinds: kinds}
}

// audited are the entries of a kind in the audit log.
func (h *house) audited(kind string) []string {
	h.Helper()
	var all []string
	if err := h.db.Audit(h.Context(), 1, func(e store.AuditEntry) bool {
		if e.Kind == kind {
			all = append(all, e.Detail)
		}
		return true
	}); err != nil {
		h.Fatal(err)
	}
	return all
}

// TestTest tests a dataset: what is made up arrives with the code, of what waits nothing moves, and the audit log has it.
func TestTest(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.Datasets[0].Live = false // a person's word for this one request
		h.putSome("real", 3)
		r, err := h.uploader().Test(h.Context(), testOrder())
		if err != nil || r.Received() != 4 || r.EventsReceived != 4 || r.Requests != 1 || r.Note == "" {
			t.Fatalf("the test: %+v, %v", r, err)
		}
		for i, e := range r.Events {
			if !strings.HasPrefix(e.EventID, "cb-test-") || i > 0 && e.EventID == r.Events[0].EventID || e.FBTraceID == "" {
				t.Errorf("event %+v", e)
			}
			seen := h.meta.Seen(e.EventID)
			if len(seen) != 1 || seen[0].TestEventCode != "TEST77" || strings.Contains(string(seen[0].Event), testPerson) {
				t.Errorf("%s was seen as %+v", e.EventID, seen)
			}
			for want, has := range map[string]bool{`"value":1,"currency":"EUR"`: e.EventName == "Purchase", `"lead_event_source":"HubSpot"`: e.EventName == "deal_closed"} {
				if strings.Contains(string(seen[0].Event), want) != has {
					t.Errorf("%s with %s: %s", e.EventName, want, seen[0].Event)
				}
			}
		}
		if s := h.meta.Stats(); s.Accepted != 4 || s.Tested != 4 || s.Probes != 0 {
			t.Errorf("the sandbox saw %+v", s)
		}
		h.want(store.StatePending, 3)
		page, err := h.db.Batches(h.Context(), store.Filter{Limit: 1})
		if err != nil || len(page.Items) != 0 {
			t.Errorf("a test made a batch: %+v, %v", page, err)
		}
		bound, err := h.db.Bound(h.Context())
		if err != nil || bound.Endpoint != "" {
			t.Errorf("a test bound the ledger: %+v, %v", bound, err)
		}
		log := h.audited("test")
		if len(log) != 2 || !strings.Contains(log[0], "by ana") || !strings.Contains(log[1], "4 of 4") || !strings.Contains(log[1], r.Events[0].FBTraceID) ||
			strings.Contains(strings.Join(log, ""), "TEST77") {
			t.Errorf("the audit log says %q", log)
		}
		h.check()
	})
}

// TestTestRefused finds out which of the events Meta refuses, and stops asking when the account is at fault.
func TestTestRefused(t *testing.T) {
	unknown := TestKind{"Purchase", event.SourcePhysicalStore, "", "EUR"}
	for _, tc := range []struct {
		name     string
		faults   []sandbox.Kind
		clock    time.Duration
		requests int
		ends     string
	}{
		{"a dead token", []sandbox.Kind{sandbox.FaultAuth}, 0, 1, "stopped stopped"},
		{"throttled", []sandbox.Kind{sandbox.FaultThrottle}, 0, 1, "throttled throttled"},
		{"no answer", []sandbox.Kind{sandbox.FaultCutAfter}, 0, 1, "unknown unknown"},
		{"every event", nil, 63 * day, 3, "invalid_event invalid_event"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(h *house) {
				if err := h.meta.Queue(tc.faults...); err != nil {
					t.Fatal(err)
				}
				h.config.Now = func() time.Time { return time.Now().Add(-tc.clock) }
				lead := TestKind{"Lead", event.SourceSystemGenerated, "CRM", ""}
				r, err := h.uploader().Test(h.Context(), testOrder(unknown, lead))
				if err != nil {
					t.Fatal(err)
				}
				var ends []string
				for _, e := range r.Events {
					ends = append(ends, e.End)
					if e.Error == "" || e.Class == "" {
						t.Errorf("nothing explains %+v", e)
					}
				}
				if got := strings.Join(ends, " "); got != tc.ends || r.Requests != tc.requests || r.Received() != 0 {
					t.Errorf("%s in %d requests, want %s in %d", got, r.Requests, tc.ends, tc.requests)
				}
				if log := h.audited("test"); len(log) != 2 || !strings.Contains(log[1], "0 of 2") {
					t.Errorf("the audit log says %q", log)
				}
			})
		})
	}
}

// TestTestOfNothing refuses what cannot be a test before anything is sent or written down.
func TestTestOfNothing(t *testing.T) {
	inBubble(t, func(h *house) {
		for name, change := range map[string]func(*TestOrder){
			"no code":           func(o *TestOrder) { o.Code = "" },
			"a code in a mess":  func(o *TestOrder) { o.Code = "TEST\n1" },
			"no kinds":          func(o *TestOrder) { o.Kinds = nil },
			"another dataset":   func(o *TestOrder) { o.Dataset = other },
			"a Purchase of air": func(o *TestOrder) { o.Kinds[0].Currency = "" },
		} {
			o := testOrder()
			change(&o)
			if r, err := h.uploader().Test(h.Context(), o); err == nil {
				t.Errorf("%s: %+v", name, r)
			}
		}
		h.config.Datasets[0].Token = func() (capi.Token, error) { return "", errors.New("there is none") }
		if _, err := h.uploader().Test(h.Context(), testOrder()); err == nil || h.meta.Stats().Requests != 0 || h.audited("test") != nil {
			t.Errorf("without a token: %v, %+v, %q", err, h.meta.Stats(), h.audited("test"))
		}
	})
}
