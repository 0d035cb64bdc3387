package uploader

import (
	"context"
	"fmt"
	"sync"
	"time"

	"capibara/store"
)

const (
	// urgentMargin is how long before its deadline an event should be sent: a scheduled upload that begins later may not be done
	// in time.
	urgentMargin = time.Hour
	// urgentPause keeps uploads that are due at once apart.
	urgentPause = 5 * time.Minute
	// urgentLeast is what keeps them apart when there is less time than that: events that are too old one after the other, and
	// that cannot be sent, must not make one upload after the other.
	urgentLeast = time.Minute
)

// haste remembers the last upload of a dataset that was due at once.
type haste struct {
	mu   sync.Mutex
	last map[string]hasty
}

type hasty struct {
	at       time.Time
	deadline time.Time
}

// again reports whether an upload is due at once for events with that deadline. One that left the same events behind is not
// repeated for as long as what a person has to mend: it would leave them behind again.
func (h *haste) again(dataset string, deadline, now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := h.last[dataset]
	same, soon := last.deadline.Equal(deadline), !now.Add(urgentPause).Before(deadline)
	pause := urgentPause
	switch {
	case same && !soon:
		pause = slowAgain
	case !same && soon:
		pause = urgentLeast
	}
	// A clock that was set back says nothing about how long ago it was.
	if since := now.Sub(last.at); since >= 0 && since < pause {
		return false
	}
	if h.last == nil {
		h.last = map[string]hasty{}
	}
	h.last[dataset] = hasty{at: now, deadline: deadline}
	return true
}

// Urgent returns now when an upload should not wait for the schedule, because events of a dataset that is sent to would be too
// old by then, or nearly; else the zero time. It is cheap, and made to be asked every minute. It logs why.
func (u *Uploader) Urgent(ctx context.Context) (time.Time, error) {
	if u.c.Next == nil {
		return time.Time{}, nil
	}
	now := u.c.Now()
	next := u.c.Next(now)
	if next.IsZero() {
		return time.Time{}, nil
	}
	for _, d := range u.c.Datasets {
		urgent, err := u.urgentOf(ctx, d, now, next)
		if err != nil || urgent {
			return now, err
		}
	}
	return time.Time{}, nil
}

func (u *Uploader) urgentOf(ctx context.Context, d Dataset, now, next time.Time) (bool, error) {
	deadline, ok, err := u.c.Store.NextDeadline(ctx, d.ID, now)
	if err != nil {
		return false, fmt.Errorf("look up the next deadline of %s: %w", d.Alias, err)
	}
	if !ok || !deadline.Before(next.Add(urgentMargin)) {
		return false, nil
	}
	if can, err := u.canSend(ctx, d); err != nil || !can {
		return false, err
	}
	// The one with that deadline may have to wait still.
	rows, err := u.c.Store.Plan(ctx, store.PlanQuery{Dataset: d.ID, Now: now, Limit: 1})
	if err != nil {
		return false, fmt.Errorf("plan for %s: %w", d.Alias, err)
	}
	if len(rows) == 0 {
		return false, nil
	}
	deadline = time.Unix(rows[0].Deadline, 0)
	if !deadline.Before(next.Add(urgentMargin)) || !u.haste.again(d.ID, deadline, now) {
		return false, nil
	}
	u.c.Log.Info().Str("dataset", d.Alias).Time("deadline", deadline).Time("next_upload", next).
		Msg("an upload is due at once: events would become too old before the next scheduled one")
	return true, nil
}

// canSend reports whether the dataset is live and no circuit stops it: one that does says by itself when to try again.
func (u *Uploader) canSend(ctx context.Context, d Dataset) (bool, error) {
	if !d.Live {
		if live, err := u.c.Store.Live(ctx, d.ID); err != nil || !live {
			if err != nil {
				err = fmt.Errorf("look up whether %s may be sent to: %w", d.Alias, err)
			}
			return false, err
		}
	}
	c, err := u.c.Store.Circuit(ctx, d.ID)
	if err != nil {
		return false, fmt.Errorf("read the circuit of %s: %w", d.Alias, err)
	}
	return c.State == store.CircuitClosed, nil
}
