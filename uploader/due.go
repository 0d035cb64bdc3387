package uploader

import (
	"context"
	"fmt"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
)

// How soon after a pass another one makes sense.
const (
	soonAgain = 5 * time.Minute // what heals by itself
	slowAgain = time.Hour       // what a person has to mend: a probe finds out that it is done
)

// Due says when another pass could send what the last one could not; the zero time when nothing waits for anything but
// the schedule. It is made for ScheduleConfig.Again: an outage at the scheduled hour then costs minutes and not a day.
func (u *Uploader) Due(ctx context.Context) (time.Time, error) {
	now := u.c.Now()
	counts, err := u.c.Store.Counts(ctx, now)
	if err != nil {
		return time.Time{}, fmt.Errorf("count what is pending: %w", err)
	}
	waiting := map[string]bool{}
	for _, d := range counts.Datasets {
		waiting[d.Dataset] = d.Events[store.StatePending] > 0 || d.Open > 0
	}
	first, err := u.Urgent(ctx)
	if err != nil {
		return time.Time{}, err
	}
	for _, d := range u.c.Datasets {
		if !waiting[d.ID] {
			continue
		}
		at, err := u.dueOf(ctx, d, now)
		if err != nil {
			return time.Time{}, err
		}
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first, nil
}

func (u *Uploader) dueOf(ctx context.Context, d Dataset, now time.Time) (due time.Time, err error) {
	c, err := u.c.Store.Circuit(ctx, d.ID)
	if err != nil {
		return due, fmt.Errorf("read the circuit of %s: %w", d.Alias, err)
	}
	switch {
	case c.State == store.CircuitOpen && c.Class == capi.ClassInvalidEvent.String():
		return due, nil // trying again without a change would only be refused again
	case c.State == store.CircuitOpen && rank(c.Class) == mended:
		return later(c.Until, now.Add(slowAgain)), nil
	case c.State == store.CircuitOpen:
		return later(c.Until, now.Add(soonAgain)), nil
	}
	open, err := u.c.Store.OpenBatches(ctx, d.ID)
	if err != nil {
		return due, fmt.Errorf("read the open batches of %s: %w", d.Alias, err)
	}
	for _, b := range open {
		if at := later(b.NextTry, now.Add(soonAgain)); due.IsZero() || at.Before(due) {
			due = at
		}
	}
	return due, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
