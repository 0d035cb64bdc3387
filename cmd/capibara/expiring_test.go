package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"capibara/store"

	"github.com/rs/zerolog"
)

// expiringStub is a ledger in which so many events are about to expire.
type expiringStub struct {
	events uint64
	err    error
}

func (s *expiringStub) Expiring(context.Context, string, time.Time, time.Time) (store.Tally, error) {
	return store.Tally{Events: s.events, Sums: []store.Sum{{Currency: "EUR", Events: s.events, Value: "10.00"}}}, s.err
}

// TestExpiringIsLoggedOnceADay holds that what is about to expire is told once a day, and again when it became much more.
func TestExpiringIsLoggedOnceADay(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	stub := &expiringStub{}
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	w := &expiringWatch{store: stub, datasets: map[string]string{"main": "1234567890"}, log: zerolog.New(&log), now: func() time.Time { return now }}
	for _, c := range []struct {
		name   string
		after  time.Duration
		events uint64
		says   bool
	}{
		{"nothing", 0, 0, false},
		{"some", time.Hour, 10, true},
		{"the same", time.Hour, 10, false},
		{"some more", time.Hour, 19, false},
		{"twice as many", time.Hour, 20, true},
		{"fewer", time.Hour, 5, false},
		{"a day later", 22 * time.Hour, 5, false},
		{"a whole day later", time.Hour, 5, true},
		{"none any more", time.Hour, 0, false},
		{"some again", time.Hour, 1, true},
	} {
		now = now.Add(c.after)
		stub.events = c.events
		log.Reset()
		w.look(t.Context())
		if said := strings.Contains(log.String(), "events expire within 24 hours"); said != c.says || c.says && !strings.Contains(log.String(), `"worth":"10.00 EUR"`) {
			t.Errorf("%s: the log says %s", c.name, log.String())
		}
	}
	stub.err = errors.New("damaged")
	log.Reset()
	if w.look(t.Context()); !strings.Contains(log.String(), "cannot tell what is about to expire") {
		t.Errorf("the log says %s", log.String())
	}
}
