package audit

import (
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
)

// TestExplainWaiting holds why a pending event waits: what is told must be true at the moment of asking.
func TestExplainWaiting(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	r := New(Config{Now: func() time.Time { return now }})
	at := func(hours int) int64 { return now.Add(time.Duration(hours) * time.Hour).Unix() }
	for name, tt := range map[string]struct {
		e    store.EventEntry
		want string
	}{
		"nothing holds it":      {store.EventEntry{State: store.StatePending, EventTime: at(-3)}, "It waits for the next upload."},
		"held back":             {store.EventEntry{State: store.StatePending, EventTime: at(-3), NotBefore: at(45)}, "hold_back): the first upload after Sun 22 Nov 09:00 takes it."},
		"no longer held back":   {store.EventEntry{State: store.StatePending, EventTime: at(-50), NotBefore: at(-2)}, "It waits for the next upload."},
		"in the future":         {store.EventEntry{State: store.StatePending, EventTime: at(5), NotBefore: at(5)}, "Its time lies in the future"},
		"future and held back":  {store.EventEntry{State: store.StatePending, EventTime: at(5), NotBefore: at(53)}, "Its source holds it back"},
		"replaced":              {store.EventEntry{State: store.StateWithdrawn, Reason: event.ReasonReplaced, ReplacedBy: 7}, event.ReasonReplaced.Sentence()},
		"taken back by someone": {store.EventEntry{State: store.StateWithdrawn}, "It was taken back before it was sent."},
	} {
		if got := r.explain(tt.e); !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
