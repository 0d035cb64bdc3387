package uploader

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
)

// TestRenewed tells of a new token once, whatever comes of it, and only where one can help.
func TestRenewed(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 3)
		token := capi.Token("EAAwrong1234567890")
		var unreadable error
		h.config.Datasets[0].Token = func() (capi.Token, error) { return token, unreadable }
		u := h.uploader()
		want := func(what string, want bool) {
			t.Helper()
			if got, err := u.Renewed(h.Context()); got != want || err != nil {
				t.Errorf("%s: %v, %v", what, got, err)
			}
		}
		want("nothing is stopped", false)
		if s, err := u.Upload(h.Context()); err != nil || s.Stopped == nil {
			t.Fatalf("the upload: %+v, %v", s, err)
		}
		want("the token that was refused", false)
		token = "EAAanother12345678"
		want("another token", true)
		want("another token, again", false)
		if s, err := u.Upload(h.Context()); err != nil || s.Stopped == nil {
			t.Fatalf("the upload: %+v, %v", s, err)
		}
		want("another token, which was refused too", false)
		unreadable = errors.New("it is locked away")
		want("a token that cannot be read", false)
		unreadable, token = nil, secret
		want("the right one", true)
		if s, err := u.Upload(h.Context()); err != nil || s.Acknowledged != 3 {
			t.Fatalf("the upload: %+v, %v", s, err)
		}
		token = "EAAanother12345678"
		want("nothing is stopped any more", false)
		// A token that is new to this process although the one before met it, and one that came while there was none.
		for what, c := range map[string]store.Circuit{
			"policy": {Class: "policy", TokenSum: "0"}, "throttle": {Class: "throttle"}, "unknown fate": {Class: classUnknownFate},
		} {
			c.Dataset, c.State = shop, store.CircuitOpen
			if err := h.db.SetCircuit(h.Context(), c, time.Now()); err != nil {
				t.Fatal(err)
			}
			want(what, false)
		}
		for _, class := range []string{"permission", "configuration"} {
			if err := h.db.SetCircuit(h.Context(), store.Circuit{Dataset: shop, State: store.CircuitOpen, Class: class}, time.Now()); err != nil {
				t.Fatal(err)
			}
			token += "x"
			want(class, true)
		}
	})
}

// TestRenewedAppSecret tells of another app secret as of another token: a wrong one is refused in the same way.
func TestRenewedAppSecret(t *testing.T) {
	inBubble(t, func(h *house) {
		held := capi.Secret("0123456789abcdef0123456789abcdef")
		client, err := capi.New(capi.Config{AppSecret: func(string) (capi.Secret, error) { return held, nil }})
		if err != nil {
			t.Fatal(err)
		}
		h.config.Client = client
		u := h.uploader()
		c := store.Circuit{Dataset: shop, State: store.CircuitOpen, Class: "credentials", TokenSum: u.keySum(shop, secret)}
		if err := h.db.SetCircuit(h.Context(), c, time.Now()); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			held capi.Secret
			want bool
		}{{held, false}, {"fedcba9876543210fedcba9876543210", true}, {"fedcba9876543210fedcba9876543210", false}} {
			held = step.held
			if got, err := u.Renewed(h.Context()); got != step.want || err != nil {
				t.Errorf("with the secret %s: %v, %v", step.held, got, err)
			}
		}
	})
}

// TestResume lets a schedule that looks for a new token every 20 seconds go on within a minute of it, instead of an hour, and
// not run in circles when the new one is as bad.
func TestResume(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putSome("a", 3)
		var token atomic.Value
		token.Store(capi.Token("EAAwrong1234567890"))
		h.config.Datasets[0].Token = func() (capi.Token, error) { return token.Load().(capi.Token), nil }
		u := h.uploader()
		p := newPlan(func(ctx context.Context) (string, error) { s, err := u.Upload(ctx); _ = s; return "", err }, "0 2 * * *")
		p.Again = u.Due
		s, err := NewSchedule(p.ScheduleConfig)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(h.Context(), 150*time.Minute)
		defer stop()
		at := func(d time.Duration, next capi.Token) {
			time.AfterFunc(d, func() { token.Store(next) })
		}
		at(2*time.Hour+10*time.Minute+5*time.Second, "EAAanother12345678")
		at(2*time.Hour+20*time.Minute+5*time.Second, secret)
		go func() {
			for tick := time.NewTicker(20 * time.Second); ; {
				select {
				case <-ctx.Done():
					tick.Stop()
					return
				case <-tick.C:
				}
				if yes, err := u.Renewed(ctx); err != nil && ctx.Err() == nil {
					t.Error(err)
				} else if yes {
					s.Soon()
				}
			}
		}()
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		p.want(t, "01 02:00", "01 02:10", "01 02:20")
		h.want(store.StateAcknowledged, 3)
	})
}

// TestSoon makes a run at once, also when one is under way, and only one.
func TestSoon(t *testing.T) {
	inBubble(t, func(h *house) {
		p := newPlan(func(context.Context) (string, error) { time.Sleep(10 * time.Minute); return "Done.", nil }, "0 2 * * *")
		s, err := NewSchedule(p.ScheduleConfig)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(h.Context(), 3*time.Hour)
		defer stop()
		for _, at := range []time.Duration{time.Hour, 125 * time.Minute, 126 * time.Minute} {
			time.AfterFunc(at, s.Soon)
		}
		if err := s.Run(ctx); err != nil {
			t.Fatal(err)
		}
		p.want(t, "01 01:00", "01 02:00", "01 02:10")
		if p.log.lines("left out") != 0 {
			t.Errorf("the log:\n%s", p.log.bytes())
		}
	})
}
