package uploader

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/sandbox"
)

// click is a click id of a click that long ago.
func click(now time.Time, ago time.Duration) string {
	return fmt.Sprintf("fb.1.%d.AbCdEf", now.Add(-ago).UnixMilli())
}

// TestLocalTruthFirst changes one thing of a good event at a time that Meta would refuse the whole request for, after it was
// imported as good: it is found here, and costs the others nothing.
func TestLocalTruthFirst(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Now() }
	for _, c := range []struct {
		name   string
		change func(*event.Event, *store.NewRow)
		wait   time.Duration // between the import and the pass
		state  store.State
		reason event.Reason
	}{
		{"nothing", func(*event.Event, *store.NewRow) {}, 0, store.StateAcknowledged, ""},
		{"too old by now", func(e *event.Event, r *store.NewRow) {
			e.Time = now().Add(-6 * day).Unix()
			r.Deadline = event.DefaultWindow().Deadline(e.Time)
		}, day, store.StateExpired, event.ReasonExpiredWaiting},
		{"too old within the margin", func(e *event.Event, r *store.NewRow) {
			e.Time = now().Add(-6 * day).Unix()
			r.Deadline = event.DefaultWindow().Deadline(e.Time)
		}, day - 10*time.Minute, store.StateExpired, event.ReasonExpiredWaiting},
		{"just in time", func(e *event.Event, r *store.NewRow) {
			e.Time = now().Add(-6 * day).Unix()
			r.Deadline = event.DefaultWindow().Deadline(e.Time)
		}, day - 20*time.Minute, store.StateAcknowledged, ""},
		{"not before", func(_ *event.Event, r *store.NewRow) { r.NotBefore = now().Add(time.Hour).Unix() }, 0, store.StatePending, ""},
		{"not before, by now", func(_ *event.Event, r *store.NewRow) { r.NotBefore = now().Add(time.Hour).Unix() }, time.Hour, store.StateAcknowledged, ""},
		{"far ahead", func(e *event.Event, _ *store.NewRow) { e.Time = now().Add(3 * day).Unix() }, 0, store.StatePending, ""},
		{"milliseconds", func(e *event.Event, _ *store.NewRow) { e.Time = now().UnixMilli() }, 0, store.StateRejected, event.ReasonEventTimeMilliseconds},
		{"nobody", func(e *event.Event, _ *store.NewRow) { e.User.Reset() }, 0, store.StateRejected, event.ReasonIdentifierMissing},
		{"hardly anybody", func(e *event.Event, _ *store.NewRow) {
			e.User.Reset()
			e.User.AddHash(event.Country, event.Hash{1})
		}, 0, store.StateRejected, event.ReasonIdentifierWeak},
		{"a sale without a value", func(e *event.Event, _ *store.NewRow) { e.Custom.Value = event.Money{} }, 0, store.StateRejected, event.ReasonValueMissing},
		{"a sale without a currency", func(e *event.Event, _ *store.NewRow) { e.Custom.Currency = "" }, 0, store.StateRejected, event.ReasonCurrencyMissing},
		{"a currency that is none", func(e *event.Event, _ *store.NewRow) { e.Custom.Currency = "EURO" }, 0, store.StateRejected, event.ReasonCurrencyUnknown},
		{"a lead id that a spreadsheet rounded", func(e *event.Event, _ *store.NewRow) { e.User.SetPlain(event.LeadID, "1.23457E+15") }, 0, store.StateRejected, event.ReasonLeadIDMalformed},
		{"a malformed click id", func(e *event.Event, _ *store.NewRow) { e.User.SetPlain(event.FBC, "AbCdEf") }, 0, store.StateRejected, event.ReasonFBCMalformed},
		{"an old click id", func(e *event.Event, _ *store.NewRow) { e.User.SetPlain(event.FBC, click(now(), 91*day)) }, 0, store.StateAcknowledged, ""},
		{"a click id that is old by now", func(e *event.Event, _ *store.NewRow) { e.User.SetPlain(event.FBC, click(now(), 89*day)) }, 2 * day, store.StateAcknowledged, ""},
		{"an old click id and nothing else", func(e *event.Event, _ *store.NewRow) {
			e.User.Reset()
			e.User.SetPlain(event.FBC, click(now(), 91*day))
		}, 0, store.StateRejected, event.ReasonIdentifierMissing},
		{"no action source", func(e *event.Event, _ *store.NewRow) { e.ActionSource = "" }, 0, store.StateRejected, event.ReasonActionSourceMissing},
		{"a name that is too long", func(e *event.Event, _ *store.NewRow) { e.Name = strings.Repeat("n", 51) }, 0, store.StateRejected, event.ReasonEventNameLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				today()
				e := sale("odd", now().Add(-time.Hour))
				r := row(shop, e, now().Add(6*day))
				c.change(&e, &r)
				r.EventName, r.EventTime, r.Payload = e.Name, e.Time, e.AppendBinary(nil)
				h.put(good("a", now()), r, good("b", now()))
				time.Sleep(c.wait)
				got := h.upload()
				if got.Stopped != nil || h.event("a").State != store.StateAcknowledged || h.event("b").State != store.StateAcknowledged {
					h.Errorf("summary %+v", got)
				}
				if odd := h.event("odd"); odd.State != c.state || odd.Reason != c.reason {
					h.Errorf("the event is %s, %q; want %s, %q", odd.State, odd.Reason, c.state, c.reason)
				}
				// Never more than the one request: Meta is not asked what we know.
				if s := h.meta.Stats(); got.Requests != 1 || s.Rejected != 0 {
					h.Errorf("%d requests, the sandbox saw %+v", got.Requests, s)
				}
				h.check()
			})
		})
	}
}

// today lets the clock of the bubble, which starts in 2000, reach a time at which there are click ids.
func today() { time.Sleep(time.Until(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))) }

// clicks are the bodies that were sent, by whether each holds a click id.
func (h *house) clicks() (sent *[]bool) {
	sent = new([]bool)
	h.wire.set(func(r *http.Request) error {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		var request struct {
			Data []struct {
				User map[string]json.RawMessage `json:"user_data"`
			} `json:"data"`
		}
		if err := json.Unmarshal(body, &request); err != nil {
			return err
		}
		if len(request.Data) > 0 && len(request.Data[0].User) > 0 {
			_, has := request.Data[0].User["fbc"]
			*sent = append(*sent, has)
		}
		return nil
	}, nil)
	return sent
}

// TestOldClickIDs leaves a click id out once it is old, and never out of bytes that may have arrived with it.
func TestOldClickIDs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		age   time.Duration // of the click at the first attempt
		fault sandbox.Kind
		wait  time.Duration
		want  []bool
	}{
		{"arrived at once", 89 * day, "", 0, []bool{true}},
		{"old from the start", 91 * day, "", 0, []bool{false}},
		{"old when it is planned again", 90*day - time.Minute, sandbox.FaultAuth, time.Hour, []bool{true, false}},
		{"old when it is sent again as itself", 90*day - time.Minute, sandbox.FaultCutAfter, time.Hour, []bool{true, true}},
		{"left out, and sent again as itself", 91 * day, sandbox.FaultCutAfter, time.Hour, []bool{false, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				today()
				h.config.Patience = -1
				sent := h.clicks()
				e := sale("a", time.Now().Add(-time.Hour))
				e.User.SetPlain(event.FBC, click(time.Now(), c.age))
				h.put(row(shop, e, time.Now().Add(6*day)))
				if c.fault != "" {
					h.fault(c.fault)
				}
				h.upload()
				if c.wait > 0 {
					time.Sleep(c.wait)
					h.die()
					h.upload()
				}
				if fmt.Sprint(*sent) != fmt.Sprint(c.want) {
					h.Errorf("click ids were sent %v, want %v", *sent, c.want)
				}
				h.want(store.StateAcknowledged, 1)
				h.check()
			})
		})
	}
}

// A version before this one left old click ids in; what may have arrived so is sent again with the same bytes.
func TestOldClickIDOfAnOlderVersion(t *testing.T) {
	inBubble(t, func(h *house) {
		today()
		sent := h.clicks()
		e := sale("a", time.Now().Add(-time.Hour))
		e.User.SetPlain(event.FBC, click(time.Now(), 91*day))
		h.put(row(shop, e, time.Now().Add(6*day)))
		b := builder{keepClicks: true}
		rows, err := h.db.Plan(h.Context(), store.PlanQuery{Dataset: shop, Now: time.Now(), Limit: 1})
		if err != nil {
			h.Fatal(err)
		}
		b.build(h.config.Client, rows, time.Now(), 0, checked)
		if _, err := h.db.Begin(h.Context(), store.Intent{Dataset: shop, Rows: []uint64{rows[0].Seq}, BodySHA256: b.hash}, time.Now()); err != nil {
			h.Fatal(err)
		}
		h.die()
		h.upload()
		if fmt.Sprint(*sent) != "[true]" {
			h.Errorf("click ids were sent %v", *sent)
		}
		h.want(store.StateAcknowledged, 1)
	})
}

func TestResendNever(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.ResendUnknown = ResendNever
		h.putSome("a", 3)
		h.fault(sandbox.FaultCutAfter)
		got := h.upload()
		if got.Held != 3 || got.Unknown != 0 || got.Requests != 1 {
			h.Errorf("summary %+v", got)
		}
		h.want(store.StateHeld, 3)
		// One that was cut off by the end of the process as well.
		h.putSome("b", 2)
		rows, err := h.db.Plan(h.Context(), store.PlanQuery{Dataset: shop, Now: time.Now(), Limit: 9})
		if err != nil {
			h.Fatal(err)
		}
		if _, err := h.db.Begin(h.Context(), store.Intent{Dataset: shop, Rows: []uint64{rows[0].Seq, rows[1].Seq}}, time.Now()); err != nil {
			h.Fatal(err)
		}
		h.die()
		h.putSome("c", 1)
		if got = h.upload(); got.Held != 2 || got.Acknowledged != 1 {
			h.Errorf("summary %+v", got)
		}
		h.want(store.StateHeld, 5, store.StateAcknowledged, 1)
		h.check()
	})
}

func TestExpiryIsNeverSilent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		before func(h *house)
		want   []string
		worth  string
	}{
		{"nobody came", func(*house) {}, []string{"No upload ran in time.", "`window: 62d`", "kept 3 of them"}, "59.97 EUR"},
		{"a circuit", func(h *house) {
			h.fault(sandbox.FaultAuth)
			h.upload()
		}, []string{"Nothing was sent to the dataset since", "Meta refuses everything"}, "59.97 EUR"},
		{"halted", func(h *house) {
			if err := h.db.Halt(h.Context(), store.Halt{HaltKey: store.HaltKey{Kind: store.HaltSource, Source: "till"}, Reason: "r"}, time.Now()); err != nil {
				h.Fatal(err)
			}
		}, []string{"3 of them were halted, and nobody allowed them."}, "59.97 EUR"},
		{"came late", func(h *house) {
			e := sale("late", time.Now().Add(-100*time.Hour))
			h.put(row(shop, e, time.Now().Add(time.Hour)))
		}, []string{"1 of them came in less than a day before they were too old"}, "79.96 EUR"},
		{"not live", func(h *house) {
			h.config.Datasets[0].Live = false
			h.config.Datasets = append(h.config.Datasets, Dataset{Alias: "other", ID: other, Token: tokens(secret), Live: true})
			h.put(row(other, sale("o", time.Now()), time.Now().Add(30*day)))
		}, []string{"Nobody has allowed sending to the dataset yet."}, "59.97 EUR"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				h.putSome("a", 3)
				c.before(h)
				time.Sleep(7 * day)
				got := h.upload()
				if len(got.TooLate) != 1 || got.TooLate[0].Dataset != "shop" || got.TooLate[0].Worth() != c.worth || got.Expired != int(got.TooLate[0].Events) {
					h.Fatalf("summary %+v", got)
				}
				for _, text := range c.want {
					if !strings.Contains(got.TooLate[0].Why, text) {
						h.Errorf("it says %q, want %q in it", got.TooLate[0].Why, text)
					}
				}
				if h.log.lines("too old before") != 1 || h.log.lines(c.worth) != 1 {
					h.Errorf("the log says %s", h.log.bytes())
				}
			})
		})
	}
}

// What expires in a batch of unknown fate is told with its worth, too.
func TestExpiryInABatchIsTold(t *testing.T) {
	inBubble(t, func(h *house) {
		h.put(good("a", time.Now()), row(shop, sale("b", time.Now()), time.Now().Add(time.Hour)))
		h.config.Patience = -1
		h.fault(sandbox.FaultCutAfter)
		h.upload()
		time.Sleep(2 * time.Hour)
		got := h.upload()
		if got.Expired != 1 || len(got.TooLate) != 1 || got.TooLate[0].Worth() != "19.99 EUR" || got.TooLate[0].Why != whyUnknown {
			h.Errorf("summary %+v", got)
		}
	})
}

func TestUrgent(t *testing.T) {
	t.Parallel()
	next := func(now time.Time) time.Time { return now.Truncate(day).Add(day) } // midnight
	for _, c := range []struct {
		name   string
		before func(h *house)
		want   bool
	}{
		{"nothing waits", func(*house) {}, false},
		{"time enough", func(h *house) { h.put(row(shop, sale("a", time.Now()), next(time.Now()).Add(2*time.Hour))) }, false},
		{"too old before the next upload", func(h *house) { h.put(row(shop, sale("a", time.Now()), time.Now().Add(time.Hour))) }, true},
		{"too old during the next upload", func(h *house) { h.put(row(shop, sale("a", time.Now()), next(time.Now()).Add(30*time.Minute))) }, true},
		{"not live", func(h *house) {
			h.config.Datasets[0].Live = false
			h.put(row(shop, sale("a", time.Now()), time.Now().Add(time.Hour)))
		}, false},
		{"live by a person's word", func(h *house) {
			h.config.Datasets[0].Live = false
			if err := h.db.GoLive(h.Context(), shop, "anna", time.Now()); err != nil {
				h.Fatal(err)
			}
			h.put(row(shop, sale("a", time.Now()), time.Now().Add(time.Hour)))
		}, true},
		{"halted", func(h *house) {
			r := row(shop, sale("a", time.Now()), time.Now().Add(time.Hour))
			r.Halt = true
			h.put(r)
		}, false},
		{"it has to wait still", func(h *house) {
			r := row(shop, sale("a", time.Now()), time.Now().Add(time.Hour))
			r.NotBefore = time.Now().Add(30 * time.Minute).Unix()
			h.put(r)
		}, false},
		{"a circuit", func(h *house) {
			h.put(row(shop, sale("a", time.Now()), time.Now().Add(time.Hour)))
			if err := h.db.SetCircuit(h.Context(), store.Circuit{Dataset: shop, State: store.CircuitOpen, Class: "throttle"}, time.Now()); err != nil {
				h.Fatal(err)
			}
		}, false},
		{"no schedule", func(h *house) {
			h.config.Next = nil
			h.put(row(shop, sale("a", time.Now()), time.Now().Add(time.Hour)))
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				h.config.Next = next
				c.before(h)
				u := h.uploader()
				at, err := u.Urgent(h.Context())
				if err != nil || at.IsZero() == c.want {
					h.Fatalf("urgent at %v, %v; want %t", at, err, c.want)
				}
				if !c.want {
					return
				}
				if h.log.lines("due at once") != 1 {
					h.Errorf("the log says %s", h.log.bytes())
				}
				// An upload that could not send it is not repeated every minute.
				time.Sleep(time.Minute)
				if at, err = u.Urgent(h.Context()); err != nil || !at.IsZero() {
					h.Errorf("urgent again at %v, %v", at, err)
				}
				if _, err := u.Upload(h.Context()); err != nil {
					h.Fatal(err)
				}
				h.want(store.StateAcknowledged, 1)
			})
		})
	}
}

// TestUrgentKeepsItsDistance asks every second while one event after the other becomes too old and nothing can be sent, as
// when the ledger is in doubt or another upload is under way.
func TestUrgentKeepsItsDistance(t *testing.T) {
	t.Parallel()
	var h haste
	n, now := 0, time.Now()
	for range 300 {
		if now = now.Add(time.Second); h.again(shop, now.Add(time.Second), now) {
			n++
		}
	}
	if n != 5 {
		t.Errorf("%d uploads in five minutes, want one a minute", n)
	}
	back := now.Add(-day)
	if !h.again(shop, back.Add(time.Hour), back) {
		t.Error("the clock was set back, and nothing is urgent until it is where it was")
	}
}

// TestUrgentRunsBetweenScheduledOnes imports an event that would be too old by the next scheduled upload, while the schedule runs.
func TestUrgentRunsBetweenScheduledOnes(t *testing.T) {
	inBubble(t, func(h *house) {
		var s *Schedule
		h.config.Next = func(after time.Time) time.Time { return s.Next(after) }
		u := h.uploader()
		s, err := NewSchedule(ScheduleConfig{Name: "upload", Specs: []string{"0 2 * * *"}, Zone: time.UTC, Store: h.db, Log: h.config.Log,
			Urgent: u.Urgent, Again: u.Due, Run: func(ctx context.Context) (string, error) {
				_, err := u.Upload(ctx)
				return "", err
			}})
		if err != nil {
			h.Fatal(err)
		}
		ctx, stop := context.WithCancel(h.Context())
		ended := make(chan error)
		go func() { ended <- s.Run(ctx) }()
		time.Sleep(3 * time.Hour)
		h.put(row(shop, sale("late", time.Now()), time.Now().Add(time.Hour)), good("early", time.Now()))
		time.Sleep(2 * time.Minute)
		h.want(store.StateAcknowledged, 2)
		stop()
		if err := <-ended; err != nil {
			h.Error(err)
		}
	})
}
