package main

import (
	"context"
	"fmt"
	"time"

	"capibara/importer"
	"capibara/store"
	"capibara/uploader"

	"github.com/rs/zerolog"
)

// pruneEvery is how often a running process looks for what is older than it may become.
const pruneEvery = 24 * time.Hour

// leastPayload is how long contents are kept at least: an event may wait for its 62 days, be held after that, and be resolved as
// not sent or requeued by a person who was away.
const leastPayload = 90 * 24 * time.Hour

// check refuses a retention by which something would go that may be needed yet.
func (r *retentionConfig) check() error {
	switch {
	case r.Files != 0 && r.Files < duration(24*time.Hour):
		return fmt.Errorf("retention.files is %s; use 1d or more, or 0s to keep the files for ever", r.Files)
	case r.Payload != 0 && r.Payload < duration(leastPayload):
		return fmt.Errorf("retention.payload is %s; use %s or more, or 0s to keep contents as long as their events: until then an event may be sent, or requeued by a person",
			r.Payload, duration(leastPayload))
	case r.History != 0 && r.History < duration(store.MinHistory):
		return fmt.Errorf("retention.history is %s; use %s or more, or 0s to keep events for ever: a record that comes again would make a second conversion of an event that is forgotten",
			r.History, duration(store.MinHistory))
	case r.History != 0 && r.History < r.Payload:
		return fmt.Errorf("retention.history is %s and retention.payload is %s; contents go with their events, so write retention.payload: %s or less",
			r.History, r.Payload, r.History)
	}
	return nil
}

// at is what is old at an instant.
func (r *retentionConfig) at(now time.Time) (old store.Retention) {
	if r.Payload != 0 {
		old.Payload = now.Add(-time.Duration(r.Payload))
	}
	if r.History != 0 {
		old.History = now.Add(-time.Duration(r.History))
	}
	return old
}

// prune deletes archived and rejected files and receipts that are older than keep, now and once a day until ctx is done.
func prune(ctx context.Context, im *importer.Importer, keep time.Duration, log zerolog.Logger) error {
	if keep == 0 {
		return nil
	}
	again := time.NewTicker(pruneEvery)
	defer again.Stop()
	for {
		n, err := im.Prune(ctx, keep)
		if err != nil && ctx.Err() == nil {
			log.Warn().Err(err).Msg("files that are past their retention could not all be deleted; they hold personal data")
		}
		if n > 0 {
			log.Info().Int("files", n).Stringer("older_than", duration(keep)).Msg("archived and rejected files and receipts were deleted, as retention.files says")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}

// retain takes out of the ledger what is older than the configuration says, after a while and then regularly, until ctx is done.
func (l *local) retain(ctx context.Context, after, every time.Duration) {
	if r := l.config.Retention; r.Payload == 0 && r.History == 0 {
		return
	}
	due := time.NewTimer(after)
	defer due.Stop()
	var told uint64 // the event that was said to stay
	for {
		select {
		case <-ctx.Done():
			return
		case <-due.C:
		}
		due.Reset(every)
		did, err := l.pruneLedger(ctx)
		if err != nil && ctx.Err() == nil {
			l.log.Error().Err(err).Msg("what is older than retention.payload and retention.history could not all be taken out of the ledger")
		}
		if !did.Nothing() {
			l.log.Info().Uint64("emptied", did.Emptied).Uint64("removed", did.Removed).Uint64("files", did.Files).Uint64("batches", did.Batches).
				Msg("what was older was taken out of the ledger, as retention.payload and retention.history say")
		}
		if did.Stays != told && err == nil {
			told = did.Stays
			l.tellStays(ctx, told)
		}
	}
}

// pruneLedger prunes step by step, and lets an upload that is under way go first. A ledger of which it is in doubt whether it is the
// one stays as it is, and so does one whose clock is in doubt: what is taken out is gone for good.
func (l *local) pruneLedger(ctx context.Context) (all store.Pruned, err error) {
	for {
		if l.testimony.inDoubt() != nil {
			return all, nil
		}
		if doubted, err := l.clockDoubted(ctx); doubted || err != nil {
			return all, err
		}
		if err := l.idle(ctx); err != nil {
			return all, err
		}
		now := l.now()
		did, err := l.db.Prune(ctx, l.config.Retention.at(now), now)
		if err != nil {
			return all, err
		}
		if all.Stays = did.Stays; did.Nothing() {
			return all, nil
		}
		all.Emptied, all.Removed, all.Files, all.Batches = all.Emptied+did.Emptied, all.Removed+did.Removed, all.Files+did.Files, all.Batches+did.Batches
	}
}

// idle returns when no upload is under way.
func (l *local) idle(ctx context.Context) error {
	look := time.NewTicker(5 * time.Second)
	defer look.Stop()
	for !l.passing.TryLock() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-look.C:
		}
	}
	l.passing.Unlock()
	return nil
}

// clockDoubted reports whether Meta's clock and this one were found to differ.
func (l *local) clockDoubted(ctx context.Context) (bool, error) {
	for _, id := range l.config.datasetIDs() {
		c, err := l.db.Circuit(ctx, id)
		if err != nil {
			return false, err
		}
		if c.State == store.CircuitOpen && c.Class == uploader.ClassClockSkew {
			return true, nil
		}
	}
	return false, nil
}

// tellStays says which event keeps what came after it from being removed; nothing when none does any more.
func (l *local) tellStays(ctx context.Context, seq uint64) {
	if seq == 0 {
		return
	}
	e, err := l.db.Event(ctx, seq)
	if err != nil {
		l.log.Warn().Err(err).Uint64("row", seq).Msg("an event that is older than retention.history cannot be read, so that it stays with all that came after it")
		return
	}
	l.log.Warn().Str("event_id", e.EventID).Stringer("state", e.State).Uint64("batch", e.Batch).
		Str("hint", "`capibara show event "+e.EventID+"` tells what it waits for; a held one waits for `capibara resolve`").
		Msg("an event that is older than retention.history has no end yet, so that it stays with all that came after it")
}
