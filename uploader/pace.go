package uploader

import (
	"context"
	"fmt"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
)

// From which share of Meta's limits on a lane slows down, and waits. Meta counts over a rolling hour: what is spared now
// is there again in an hour at the latest, while a limit that was reached refuses everything, other programs of the same
// account included.
const (
	paceFrom  = 80.0 // percent
	waitFrom  = 95.0
	firstPace = time.Second // between two requests at paceFrom, ...
	lastPace  = 15 * time.Second
	firstWait = 5 * time.Minute // ... and at waitFrom, when Meta does not say how long
)

// pace slows a lane down, or lets it go on at full speed, by what a good answer told about the limits. failures is how
// often in a row it failed or waited before.
func (p *pass) pace(l *lane, u capi.Usage, failures int) {
	was := l.paced
	l.paced, l.full = paceOf(u.Percent), nil
	if u.Percent >= waitFrom || u.Regain > 0 {
		c := store.Circuit{Class: capi.ClassThrottle.String(), Failures: failures + 1,
			Reason: fmt.Sprintf("%.0f %% of what Meta allows in an hour is used up for %s, and the rest waits before Meta refuses it", u.Percent, l.Alias)}
		if u.Regain > 0 {
			c.Reason = fmt.Sprintf("Meta says that it takes more for %s again in %s, and the rest waits for that", l.Alias, u.Regain)
		}
		c.Until = p.now().Add(orElse(u.Regain, delay(c.Failures, firstWait, longestThrottle)))
		l.full = &c
		return
	}
	if l.paced == 0 {
		return
	}
	if was == 0 {
		p.u.c.Log.Info().Str("dataset", l.Alias).Float64("used_percent", u.Percent).
			Msg("sending slows down: much of what Meta allows in an hour is used up")
	}
	// Not counted against the patience of the pass: it makes progress.
	l.until = p.now().Add(l.paced)
}

// filled stops a lane that has more to send while a limit is nearly used up. It opens the circuit as a throttle does: that
// is written down, so that a new process waits too, and another pass follows when the wait is over.
func (p *pass) filled(ctx context.Context, l *lane) bool {
	if l.full == nil {
		return false
	}
	c := *l.full
	l.full = nil
	p.trip(ctx, l, c)
	return true
}

// paceOf is the pause between two requests, growing from paceFrom to waitFrom.
func paceOf(percent float64) time.Duration {
	if percent < paceFrom {
		return 0
	}
	share := min(1, (percent-paceFrom)/(waitFrom-paceFrom))
	return firstPace + time.Duration(share*float64(lastPace-firstPace))
}
