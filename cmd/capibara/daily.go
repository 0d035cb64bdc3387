package main

import (
	"context"
	"errors"
	"time"

	"capibara/uploader"
)

// When a running process asks Meta whether the tokens work: in the morning, so that whoever reads of a dead one can mend it
// before the nightly upload.
const (
	morning    = 9 // o'clock
	settledIn  = time.Minute
	askedAgain = time.Hour
)

// daily asks whether token and dataset work, a minute after the start and every morning, until ctx is done. An hour after a
// question without a clear answer it asks again. It looks at the clock every minute, since a timer stands still while the
// machine sleeps.
func daily(ctx context.Context, zone *time.Location, now func() time.Time, ask func(context.Context) bool) {
	next := now().Add(settledIn)
	tick := time.NewTicker(settledIn)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		at := now()
		if at.Before(next) && next.Sub(at) <= 25*time.Hour { // further ahead only when the clock was set back
			continue
		}
		next = at.Add(askedAgain)
		if ask(ctx) {
			next = nextMorning(at, zone)
		}
	}
}

// nextMorning is the next nine o'clock.
func nextMorning(after time.Time, zone *time.Location) time.Time {
	after = after.In(zone)
	y, m, d := after.Date()
	next := time.Date(y, m, d, morning, 0, 0, 0, zone)
	if !next.After(after) {
		next = time.Date(y, m, d+1, morning, 0, 0, 0, zone)
	}
	return next
}

// askDaily is what daily does. It reports whether there was a clear answer.
func (l *local) askDaily(ctx context.Context) bool {
	l.tellVersion()
	l.tellHead(ctx)
	sure, err := l.uploader.Probe(ctx)
	switch {
	case errors.Is(err, uploader.ErrBusy):
		return false
	case err != nil && ctx.Err() == nil:
		l.log.Error().Err(err).Msg("cannot find out whether the access tokens work")
	}
	return sure && err == nil
}
