package audit

import (
	"context"
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// removedNote says what of a period that begins at since was removed; "" when nothing of it can have been. An event may lie as far
// ahead of its import as it is accepted.
func (r *Reader) removedNote(removed store.Removed, since time.Time) string {
	switch {
	case removed.Events == 0 && removed.Files == 0, removed.Events > 0 && since.After(removed.Newest.Add(event.MaxAhead)):
		return ""
	case removed.Events == 0:
		return fmt.Sprintf("%d files that brought no event were removed, as retention.history says; they are not in these figures.", removed.Files)
	}
	return fmt.Sprintf("The %d events that were imported up to %s were removed, as retention.history says, and with them %d files; they are not in these figures.",
		removed.Events, r.removedUntil(removed), removed.Files)
}

// removedUntil is the day on which the newest event that was removed had been imported.
func (r *Reader) removedUntil(removed store.Removed) string {
	return removed.Newest.In(r.zone).Format("2006-01-02")
}

// notThere is the error of an event_id that no event has.
func (r *Reader) notThere(ctx context.Context, id string) error {
	said := "no event has the event_id " + id
	counts, err := r.store.Counts(ctx, time.Time{})
	if err != nil {
		return fmt.Errorf("finding out what was removed: %w", err)
	}
	if counts.Removed.Events > 0 {
		said += "; those that were imported up to " + r.removedUntil(counts.Removed) + " were removed, as retention.history says"
	}
	return missing(said)
}

// emptiedBy says behind the explanation of an event that its content is gone because it was old; "" of any other.
func emptiedBy(e store.EventEntry) string {
	if e.Emptied != store.EmptiedPruned {
		return ""
	}
	return " What it said of a person and an order was removed, because it is older than retention.payload says; what is shown is what was kept."
}
