package uploader

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"capibara/uploader/sandbox"
)

func TestDue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		bad    []int
		faults []sandbox.Kind
		down   bool
		want   time.Duration // from the end of the pass; 0 for never
	}{
		{"all is well", nil, nil, false, 0},
		{"throttled", nil, []sandbox.Kind{sandbox.FaultThrottle}, false, soonAgain},
		{"a bad token", nil, []sandbox.Kind{sandbox.FaultAuth}, false, slowAgain},
		{"a block", nil, []sandbox.Kind{sandbox.FaultPolicy}, false, policyPause},
		{"no network", nil, nil, true, soonAgain},
		{"unknown", nil, []sandbox.Kind{"cut_after", "500", "500", "500", "500", "500", "500", "500", "500"}, false, soonAgain},
		{"a wrong mapping", []int{0, 1, 2}, nil, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				h.putSome("a", 3, c.bad...)
				h.fault(c.faults...)
				if c.down {
					h.wire.set(func(*http.Request) error { return errors.New("no route") }, nil)
				}
				h.upload()
				due, err := h.uploader().Due(h.Context())
				if err != nil {
					h.Fatal(err)
				}
				if c.want == 0 {
					if !due.IsZero() {
						h.Errorf("due in %s, want never", time.Until(due))
					}
				} else if got := time.Until(due); got != c.want {
					h.Errorf("due in %s, want %s", got, c.want)
				}
				h.fault()
				h.wire.set(nil, nil)
			})
		})
	}
}

func TestDueForTheLastAttempt(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 3)
		h.fault("cut_after")
		h.wire.set(func(r *http.Request) error {
			if r.ContentLength > 100 {
				h.fault("cut_after")
			}
			return nil
		}, nil)
		h.upload()
		h.wire.set(nil, nil)
		due, err := h.uploader().Due(h.Context())
		if err != nil || due.IsZero() {
			h.Fatalf("due %s, %v", due, err)
		}
		time.Sleep(time.Until(due) + lastResend)
		if got := h.upload(); got.Acknowledged != 3 {
			h.Errorf("summary %+v", got)
		}
	})
}
