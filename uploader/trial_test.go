package uploader

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/sandbox"
)

// trying is a house with a dataset that is not live and has more events than a trial sends, beside one that is live.
func trying(h *house, events int) {
	h.config.Datasets = []Dataset{{Alias: "shop", ID: shop, Token: tokens(secret)}, {Alias: "other", ID: other, Token: tokens(secret), Live: true}}
	var rows []store.NewRow
	for i := range events {
		// The last of the file are the most urgent.
		rows = append(rows, row(shop, sale(fmt.Sprintf("s-%d", i), time.Now().Add(-time.Hour)), time.Now().Add(6*day-time.Duration(i)*time.Hour)))
	}
	h.put(append(rows, row(other, sale("o", time.Now().Add(-time.Hour)), time.Now().Add(day)))...)
}

// TestTry sends the ten most urgent events of one dataset in one request, and leaves everything else alone.
func TestTry(t *testing.T) {
	inBubble(t, func(h *house) {
		trying(h, 25)
		got, err := h.uploader().Try(h.Context(), shop, "ana")
		if err != nil || got.Acknowledged != 10 || got.Requests != 1 || len(got.Answers) != 1 || len(got.Refused) != 0 || got.Dataset != "shop" || got.Idle() {
			t.Fatalf("the trial: %+v, %v", got, err)
		}
		if a := got.Answers[0]; a.End != "acknowledged" || a.EventsReceived != 10 || a.FBTraceID == "" || a.HTTPStatus != 200 {
			t.Errorf("the answer is %+v", a)
		}
		for i := range 25 {
			if n := h.meta.Count(shop, fmt.Sprintf("s-%d", i), "Purchase"); (n == 1) != (i >= 15) {
				t.Errorf("s-%d was sent %d times", i, n)
			}
		}
		h.want(store.StateAcknowledged, 10, store.StatePending, 16)
		if live, err := h.db.Live(h.Context(), shop); live || err != nil {
			t.Errorf("a trial made the dataset live: %v", err)
		}
		log := h.audited("trial")
		if len(log) != 2 || !strings.Contains(log[0], "by ana") || !strings.Contains(log[1], "10 events acknowledged") || !strings.Contains(log[1], got.Answers[0].FBTraceID) {
			t.Errorf("the audit log says %q", log)
		}
		if s := h.upload(); s.Acknowledged != 1 || len(s.NotLive) != 1 || s.NotLive[0].Events != 15 {
			t.Errorf("the upload after it: %+v", s)
		}
		h.check()
	})
}

// TestTryTroubled tells what became of a trial that met trouble, and sends no more than it may.
func TestTryTroubled(t *testing.T) {
	for _, tc := range []struct {
		name     string
		faults   []sandbox.Kind
		change   func(*house)
		accepted int
		check    func(*house, Trial)
	}{
		{"one is refused", nil, func(h *house) {
			h.put(row(shop, sale("bad", time.Now().Add(-100*day)), time.Now().Add(time.Hour)))
		}, 9, func(h *house, got Trial) {
			if got.Rejected != 1 || got.Acknowledged != 9 || len(got.Refused) != 1 || got.Refused[0].EventID != "bad" || got.Refused[0].Subcode != 2804003 {
				h.Errorf("the trial: %+v", got)
			}
		}},
		{"one is refused here", nil, func(h *house) {
			e := sale("free", time.Now().Add(-time.Hour))
			e.Custom.Value = event.Money{}
			h.put(row(shop, e, time.Now().Add(time.Hour)))
		}, 9, func(h *house, got Trial) {
			if got.Rejected != 1 || len(got.Refused) != 1 || got.Refused[0].EventID != "free" || got.Refused[0].Code != 0 || got.Refused[0].Error == "" {
				h.Errorf("the trial: %+v", got)
			}
		}},
		{"a dead token", []sandbox.Kind{sandbox.FaultAuth}, func(*house) {}, 0, func(h *house, got Trial) {
			if got.Stopped == nil || got.Stopped.Class != "credentials" || got.Idle() {
				h.Errorf("the trial: %+v", got)
			}
		}},
		{"no answer", []sandbox.Kind{sandbox.FaultCutAfter}, func(h *house) { h.config.Patience = -1 }, 10, func(h *house, got Trial) {
			if got.Unknown != 10 || got.Answers[0].End != "unknown" {
				h.Errorf("the trial: %+v", got)
			}
		}},
		{"nothing to send", nil, func(h *house) { h.config.Datasets[0].ID = "3333333333" }, 0, func(h *house, got Trial) {
			if !got.Idle() {
				h.Errorf("the trial: %+v", got)
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(h *house) {
				trying(h, 25)
				tc.change(h)
				if err := h.meta.Queue(tc.faults...); err != nil {
					t.Fatal(err)
				}
				got, err := h.uploader().Try(h.Context(), h.config.Datasets[0].ID, "ana")
				if err != nil {
					t.Fatal(err)
				}
				tc.check(h, got)
				if s := h.meta.Stats(); s.Accepted != tc.accepted || s.Duplicates != 0 {
					t.Errorf("the sandbox saw %+v", s)
				}
				if log := h.audited("trial"); len(log) != 2 {
					t.Errorf("the audit log says %q", log)
				}
				h.check()
			})
		})
	}
}

// TestTryDies loses the process between the intent and the answer: the trial is of unknown fate, and the next one sends the
// same batch and not ten others before its end is known.
func TestTryDies(t *testing.T) {
	inBubble(t, func(h *house) {
		trying(h, 25)
		if err := h.meta.Queue(sandbox.FaultCutAfter); err != nil {
			t.Fatal(err)
		}
		h.config.Patience = -1
		if _, err := h.uploader().Try(h.Context(), shop, "ana"); err != nil {
			t.Fatal(err)
		}
		h.die()
		h.config.Patience = 0
		time.Sleep(time.Minute)
		got, err := h.uploader().Try(h.Context(), shop, "ana")
		if err != nil || got.Acknowledged != 20 || got.Answers[0].Batch != 1 || got.Answers[1].Batch != 2 {
			t.Errorf("the next trial: %+v, %v", got, err)
		}
		if s := h.meta.Stats(); s.Distinct != 20 || s.Duplicates != 10 || s.Changed != 0 {
			t.Errorf("the sandbox saw %+v", s)
		}
		h.check()
	})
}

// TestTryBusy is refused while a pass is under way, and says so in the audit log.
func TestTryBusy(t *testing.T) {
	inBubble(t, func(h *house) {
		trying(h, 1)
		u := h.uploader()
		u.pass.Lock()
		defer u.pass.Unlock()
		if _, err := u.Try(h.Context(), shop, "ana"); !errors.Is(err, ErrBusy) {
			t.Errorf("a trial beside a pass: %v", err)
		}
		if _, err := u.Try(h.Context(), "4", "ana"); err == nil {
			t.Error("a dataset that is not configured is tried")
		}
		if log := h.audited("trial"); len(log) != 2 || !strings.Contains(log[1], "not made") {
			t.Errorf("the audit log says %q", log)
		}
	})
}
