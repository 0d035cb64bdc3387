package uploader

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"capibara/store"
	"capibara/uploader/sandbox"
)

// TestPartsOfAnOldUnknownBatchAreHeld stops a dataset in the middle of a bisection of a batch that may have arrived. Its
// parts may have arrived too: after the window they are held, and not sent.
func TestPartsOfAnOldUnknownBatchAreHeld(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.InFlight = 1
		h.putSome("a", 10, 3)
		h.fault(sandbox.FaultCutBefore)
		sent := 0
		h.wire.set(func(r *http.Request) error {
			if r.ContentLength > 100 { // no probe
				if sent++; sent == 3 { // the first part
					h.fault(sandbox.FaultAuth)
				}
			}
			return nil
		}, nil)
		if s := h.upload(); s.Stopped == nil || s.Unknown+s.Acknowledged == 10 {
			t.Fatalf("the dataset was not stopped in the middle: %+v", s)
		}
		before := sent
		time.Sleep(72 * time.Hour)
		s := h.upload()
		if sent != before || s.Acknowledged != 0 {
			t.Errorf("%d requests with events after the window, %+v", sent-before, s)
		}
		for _, b := range h.batches() {
			if b.State.Open() {
				t.Errorf("batch %d, split from %d, is still %s", b.Number, b.Parent, b.State)
			}
		}
	})
}

// TestNothingIsHeldByAClockThatNobodyConfirmed starts after a power cut with a clock that is behind and no network.
func TestNothingIsHeldByAClockThatNobodyConfirmed(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 10)
		h.fault(sandbox.FaultCutAfter)
		h.fault(repeat(sandbox.Fault500, 20)...)
		h.upload()
		h.config.Now = func() time.Time { return time.Now().Add(-20 * time.Minute) }
		h.wire.set(func(*http.Request) error { return errors.New("no route") }, nil)
		h.die()
		if s := h.upload(); s.Held != 0 || h.states()[store.StateHeld] != 0 {
			t.Errorf("held by a wrong clock: %+v, %v", s, h.states())
		}
	})
}

// TestRowsThatComeDuringAPass find a lane that had nothing to send, and so no token, when the pass began.
func TestRowsThatComeDuringAPass(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.InFlight = 1
		h.putSome("a", 10)
		h.fault(sandbox.FaultAuth)
		h.upload()
		h.config.Datasets = append(h.config.Datasets, Dataset{Alias: "other", ID: other, Token: tokens(secret), Live: true})
		time.Sleep(time.Hour)
		first := true
		h.wire.set(func(*http.Request) error {
			if first {
				first = false
				h.put(row(other, sale("x", time.Now().Add(-time.Hour)), time.Now().Add(6*day)))
			}
			return nil
		}, nil)
		if s := h.upload(); s.Stopped != nil || s.Acknowledged != 11 {
			t.Errorf("%+v, stopped %+v", s, s.Stopped)
		}
	})
}

// TestScheduleSurvivesAClockThatIsSetBack starts four years ahead, as a machine without a working clock may.
func TestScheduleSurvivesAClockThatIsSetBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start, ran := time.Now(), 0
		p := newPlan(func(context.Context) (string, error) { ran++; return "", nil }, "0 2 * * *")
		p.Now = func() time.Time {
			if time.Since(start) < 5*time.Minute {
				return time.Now().AddDate(4, 0, 0)
			}
			return time.Now()
		}
		s, err := NewSchedule(p.ScheduleConfig)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*day)
		defer cancel()
		if err := s.Run(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if ran < 9 || ran > 11 {
			t.Errorf("%d runs in ten days", ran)
		}
	})
}

// TestRunThatWasStoppedIsMadeUpFor ends the process in order in the middle of a run.
func TestRunThatWasStoppedIsMadeUpFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlan(func(ctx context.Context) (string, error) { <-ctx.Done(); return "half", ctx.Err() }, "0 2 * * *")
		s, err := NewSchedule(p.ScheduleConfig)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour+30*time.Minute)
		defer cancel()
		if err := s.Run(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		again, err := NewSchedule(p.ScheduleConfig)
		if err != nil {
			t.Fatal(err)
		}
		if missed, err := again.missed(t.Context(), time.Now()); !missed || err != nil {
			t.Errorf("missed %v, %v", missed, err)
		}
	})
}
