package main

import (
	"context"
	"time"

	"capibara/store"

	"github.com/rs/zerolog"
)

const (
	// expiringEvery is how often a running process looks at what is about to expire.
	expiringEvery = time.Hour
	// expiringAhead is how far it looks ahead, and how often it says the same.
	expiringAhead = 24 * time.Hour
)

// expiringWatch tells in the log what is about to expire: once a day, and when it has become much more.
type expiringWatch struct {
	store interface {
		Expiring(ctx context.Context, dataset string, from, until time.Time) (store.Tally, error)
	}
	datasets map[string]string // alias and Meta's id
	log      zerolog.Logger
	now      func() time.Time
	said     map[string]expiringSaid // by alias
}

type expiringSaid struct {
	at     time.Time
	events uint64
}

// keep looks until ctx is done. It looks at the clock every minute, since a timer stands still while the machine sleeps.
func (w *expiringWatch) keep(ctx context.Context) {
	next := w.now().Add(settledIn)
	tick := time.NewTicker(settledIn)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if at := w.now(); !at.Before(next) || next.Sub(at) > expiringEvery { // further ahead when the clock was set back
			next = at.Add(expiringEvery)
			w.look(ctx)
		}
	}
}

func (w *expiringWatch) look(ctx context.Context) {
	now := w.now()
	for alias, id := range w.datasets {
		t, err := w.store.Expiring(ctx, id, now, now.Add(expiringAhead))
		if err != nil {
			if ctx.Err() == nil {
				w.log.Error().Str("dataset", alias).Err(err).Msg("cannot tell what is about to expire")
			}
			continue
		}
		if t.Events == 0 {
			delete(w.said, alias)
			continue
		}
		last, told := w.said[alias]
		if told && now.Sub(last.at) < expiringAhead && t.Events < 2*last.events {
			continue
		}
		if w.said == nil {
			w.said = map[string]expiringSaid{}
		}
		w.said[alias] = expiringSaid{now, t.Events}
		w.log.Warn().Str("dataset", alias).Uint64("events", t.Events).Str("worth", t.Worth()).Uint64("halted", t.Halted).
			Msg("events expire within 24 hours unless they are sent")
	}
}
