package event

import (
	"crypto/sha256"
	"time"
)

// Sum is the SHA-256 of the JSON that the event makes, whole; see [Event.AppendJSON].
func (e *Event) Sum() Hash { return sha256.Sum256(e.AppendJSON(nil)) }

// Empty takes out of the event what tells of a person, and what was bought. What is left says which event it was, when and
// where it took place and what it was worth: what the sums of a report need.
func (e *Event) Empty() {
	kept := Event{Name: e.Name, Time: e.Time, ID: e.ID, ActionSource: e.ActionSource}
	kept.Custom.Value, kept.Custom.Currency = e.Custom.Value, e.Custom.Currency
	*e = kept
}

// DropOldClick leaves out a click id that Meta no longer uses: the event is worth more than it. An instant is taken as the
// journal keeps it, so that the same instant gives the same bytes.
func (e *Event) DropOldClick(now time.Time) {
	now = time.UnixMilli(now.UnixMilli())
	for _, v := range e.User.Plain() {
		if v.Key != FBC {
			continue
		}
		if why, ok := CheckFBC(v.Value, now); !ok && why == ReasonFBCOld {
			e.User.DropPlain(FBC)
		}
		return
	}
}
