package event

import (
	"fmt"
	"time"
)

// Meta refuses an event, and with it the whole request, when its event_time lies further back than this at the moment
// of receipt.
//
// Source: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/server-event#event-time
const (
	// MaxAge holds for every action source but one.
	MaxAge = 7 * 24 * time.Hour
	// MaxAgePhysicalStore is what Meta documents for physical_store.
	MaxAgePhysicalStore = 62 * 24 * time.Hour
)

// MaxAhead is how far in the future an event_time may lie and still be believed: a deal that was closed "today" in
// another time zone, a till whose clock is fast. Such an event waits until its time is past.
const MaxAhead = 36 * time.Hour

// Window says how long an event may be sent.
type Window struct {
	// Length is the greatest age at which Meta accepts the event.
	Length time.Duration
	// Margin is taken off Length, because the age counts when Meta receives the request, not when it is built.
	Margin time.Duration
}

// DefaultWindow is 7 days with a margin of 15 minutes, whatever the action source.
func DefaultWindow() Window { return Window{Length: MaxAge, Margin: 15 * time.Minute} }

// Check reports whether the window is one that Meta honours for events of this action source: up to 7 days, for
// physical_store up to 62, with a margin shorter than the window.
func (w Window) Check(src ActionSource) error {
	switch {
	case w.Length < time.Second:
		return fmt.Errorf("window %s is not positive", w.Length)
	case w.Margin < 0:
		return fmt.Errorf("window margin %s is negative", w.Margin)
	case w.Margin >= w.Length:
		return fmt.Errorf("window margin %s leaves nothing of a window of %s", w.Margin, days(w.Length))
	case w.Length > MaxAgePhysicalStore:
		return fmt.Errorf("window %s is longer than the %s that Meta accepts at most", days(w.Length), days(MaxAgePhysicalStore))
	case w.Length > MaxAge && src != SourcePhysicalStore:
		return fmt.Errorf("window %s is longer than the %s that Meta accepts for action source %q; only %s may be older",
			days(w.Length), days(MaxAge), string(src), SourcePhysicalStore)
	}
	return nil
}

// For is the window cut to what Meta accepts for an action source.
func (w Window) For(src ActionSource) Window {
	if w.Length > MaxAge && src != SourcePhysicalStore {
		w.Length = MaxAge
	}
	return w
}

// Deadline is the last moment, in Unix seconds, at which an event of that event_time may be sent.
func (w Window) Deadline(eventTime int64) int64 {
	return eventTime + int64((w.Length-w.Margin)/time.Second)
}

// days writes whole days as people do; 168h0m0s is no way to say a week.
func days(d time.Duration) string {
	if d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
	return d.String()
}
