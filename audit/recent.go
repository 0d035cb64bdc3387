package audit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// recent is how far back a status looks for what went wrong and cannot be mended by waiting.
const recent = 7 * 24 * time.Hour

// A status is asked for every minute by some monitors: it looks at so many events and batches at most.
const (
	maxExpiredSeen = 10_000
	expiredPage    = 1000
	maxBatchesSeen = 5_000
	batchPage      = 500
)

// findings is what a status has to look for, beyond the counters.
type findings struct {
	unknown  uint64    // events in batches whose fate is unknown
	nextTry  time.Time // when the first of them may be sent again
	begun    uint64    // events in batches that wait for their turn
	expired  uint64    // events that expired here lately
	wider    uint64    // of them those that a window of 62 days would have kept
	rejected uint64    // events that were refused lately
	more     bool      // there are more expired events than were looked at
	damaged  bool      // some of it cannot be read
}

// look finds out what the counters do not tell.
func (r *Reader) look(ctx context.Context, counts store.Counts, now time.Time) (findings, error) {
	var seen findings
	var total StateCounts
	for _, d := range counts.Datasets {
		total.add(d.Events)
		if d.Open > 0 {
			if err := seen.keep(r.openBatches(ctx, d.Dataset, &seen)); err != nil {
				return seen, err
			}
		}
	}
	if total.Expired > 0 {
		found, err := recall(ctx, r, func(l *lately) *remembered[findings] { return &l.expired }, total.Expired, 0, now, func() (f findings, err error) {
			err = r.expiredLately(ctx, now, &f)
			return f, err
		})
		if err := seen.keep(err); err != nil {
			return seen, err
		}
		seen.expired, seen.wider, seen.more = found.expired, found.wider, found.more
	}
	if total.Rejected > 0 {
		found, err := recall(ctx, r, func(l *lately) *remembered[findings] { return &l.rejected }, total.Rejected, 0, now, func() (f findings, err error) {
			err = r.rejectedLately(ctx, now, &f)
			return f, err
		})
		if err := seen.keep(err); err != nil {
			return seen, err
		}
		seen.rejected = found.rejected
	}
	return seen, nil
}

// keep lets a status speak of a damaged record and of everything else: it is asked when something is wrong.
func (f *findings) keep(err error) error {
	if errors.Is(err, store.ErrCorrupt) {
		f.damaged = true
		return nil
	}
	return err
}

func (r *Reader) openBatches(ctx context.Context, dataset string, seen *findings) error {
	open, err := r.store.OpenBatches(ctx, dataset)
	if err != nil {
		return fmt.Errorf("reading the open batches of dataset %s: %w", dataset, err)
	}
	for _, b := range open {
		switch {
		case b.State == store.BatchUnknown, b.State == store.BatchSending && r.unattended:
			if at := b.NextTry; seen.unknown == 0 || at.Before(seen.nextTry) {
				seen.nextTry = at
			}
			seen.unknown += uint64(b.Events)
		case b.State == store.BatchReady:
			seen.begun += uint64(b.Events)
		}
	}
	return nil
}

// expiredLately counts the events whose deadline passed here in the last days. What was past it when it was imported
// does not count: the import said so, and nothing here could have sent it.
func (r *Reader) expiredLately(ctx context.Context, now time.Time, seen *findings) error {
	since := now.Add(-recent)
	f := store.Filter{State: store.StateExpired, Since: since.Add(-event.MaxAgePhysicalStore), Limit: expiredPage}
	for looked := 0; ; {
		page, err := r.store.Events(ctx, f)
		if err != nil {
			return fmt.Errorf("reading what expired: %w", err)
		}
		for _, e := range page.Items {
			if !e.Late && e.Deadline > since.Unix() {
				seen.expired++
				if wider(e) {
					seen.wider++
				}
			}
		}
		looked += len(page.Items)
		if page.Next == "" {
			return nil
		}
		if looked >= maxExpiredSeen {
			seen.more = true
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		f.Cursor = page.Next
	}
}

// rejectedLately counts the events of the last days' batches that were rejected; such a batch holds one event.
func (r *Reader) rejectedLately(ctx context.Context, now time.Time, seen *findings) error {
	// Without Since: the filter would read on to the first batch ever, where this stops at the first that is too old.
	f := store.Filter{BatchState: store.BatchRejected, Limit: batchPage}
	for looked := 0; looked < maxBatchesSeen; {
		page, err := r.store.Batches(ctx, f)
		if err != nil {
			return fmt.Errorf("reading what was rejected: %w", err)
		}
		for _, b := range page.Items {
			if b.CreatedAt.Before(now.Add(-recent)) {
				return nil
			}
			seen.rejected += uint64(b.Events)
		}
		looked += len(page.Items)
		if page.Next == "" {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		f.Cursor = page.Next
	}
	return nil
}
