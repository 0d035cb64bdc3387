package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
)

// dayBatches is how far the batches of a ledger are counted.
type dayBatches struct {
	low, high uint64          // those after low, up to high, were read
	begun     bool            // low and high were set
	open      map[uint64]bool // of those read: without an end, or with one that a person may change
	unread    []uint64        // those whose worth is to be added, the newest last
	days      map[string]*dayTotals
	damaged   bool // one of them cannot be read
	decoded   event.Event
}

// dayTotals is what became of batches on one day.
type dayTotals struct {
	sent, rejected uint64
	worth          store.Totals // of those sent
}

// readBatches counts the batches that ended since: those that are new, those that had no end, and at first the older ones. last is
// the number of the newest.
func (d *Daybook) readBatches(ctx context.Context, last uint64) error {
	b := &d.batches
	if !b.begun {
		b.low, b.high, b.begun = last, last, true
	}
	for n := range b.open {
		if err := d.readBatch(ctx, n); err != nil {
			return err
		}
	}
	for b.high < last {
		if err := d.readBatch(ctx, b.high+1); err != nil {
			return err
		}
		b.high++
	}
	// All of them: a person may have said only lately what became of an old one.
	for b.low > 0 {
		if err := d.readBatch(ctx, b.low); err != nil {
			return err
		}
		b.low--
	}
	return nil
}

func (d *Daybook) readBatch(ctx context.Context, n uint64) error {
	if err := d.breathe(ctx); err != nil {
		return err
	}
	one, err := d.store.Batch(ctx, n)
	switch {
	case errors.Is(err, store.ErrCorrupt):
		d.batches.damaged = true
		return nil
	case errors.Is(err, store.ErrNotFound):
		delete(d.batches.open, n) // so old that it was removed
		return nil
	case err != nil:
		return fmt.Errorf("counting batch %d: %w", n, err)
	}
	if one.State.Open() || one.State == store.BatchHeld {
		d.batches.open[n] = true
		return nil
	}
	delete(d.batches.open, n)
	day := d.day(ended(&one))
	if one.State != store.BatchAcknowledged && one.State != store.BatchRejected || day < d.firstDay() {
		return nil
	}
	t := d.batches.on(day)
	if one.State == store.BatchRejected {
		t.rejected += uint64(one.Events)
		return nil
	}
	t.sent += uint64(one.Events)
	d.batches.unread = append(d.batches.unread, n)
	return nil
}

// ended is when it was known what became of a batch.
func ended(b *store.Batch) time.Time {
	switch {
	case b.Resolution != nil:
		return b.Resolution.At
	case len(b.Attempts) > 0:
		return b.Attempts[len(b.Attempts)-1].EndedAt
	}
	return b.CreatedAt
}

func (b *dayBatches) on(day string) *dayTotals {
	t := b.days[day]
	if t == nil {
		t = &dayTotals{}
		b.days[day] = t
	}
	return t
}

// readWorth adds up what the events of acknowledged batches are worth, the newest batch first.
func (d *Daybook) readWorth(ctx context.Context) error {
	b := &d.batches
	slices.Sort(b.unread)
	for len(b.unread) > 0 {
		if err := d.breathe(ctx); err != nil {
			return err
		}
		n := b.unread[len(b.unread)-1]
		day, worth, err := d.batchWorth(ctx, n)
		if errors.Is(err, store.ErrCorrupt) {
			b.damaged, err = true, nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("adding up what batch %d is worth: %w", n, err)
		}
		if day >= d.firstDay() {
			if err := b.on(day).worth.AddSums(worth); err != nil {
				return fmt.Errorf("adding up what batch %d is worth: %w", n, err)
			}
		}
		b.unread = b.unread[:len(b.unread)-1]
	}
	return nil
}

// batchWorth is what the acknowledged events of a batch are worth, and the day that counts them.
func (d *Daybook) batchWorth(ctx context.Context, n uint64) (day string, sums []store.Sum, err error) {
	one, err := d.store.Batch(ctx, n)
	if err != nil {
		return "", nil, err
	}
	var worth store.Totals
	f := store.Filter{Batch: n, State: store.StateAcknowledged, Limit: max(one.Events, 1)}
	for {
		page, err := d.store.Events(ctx, f)
		if err != nil {
			return "", nil, err
		}
		for i := range page.Items {
			e := &page.Items[i]
			if e.Damaged || e.Payload == nil || d.batches.decoded.DecodeBinary(e.Payload) != nil {
				d.batches.damaged = true
				continue
			}
			worth.Add(d.batches.decoded.Custom.Value, d.batches.decoded.Custom.Currency)
		}
		if page.Next == "" {
			return d.day(ended(&one)), worth.Sums(), nil
		}
		f.Cursor = page.Next
	}
}
