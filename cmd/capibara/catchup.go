package main

import (
	"context"
	"slices"
	"time"

	"capibara/importer"
	"capibara/uploader"
)

const (
	// gatherMost is how long an upload that was missed waits for what was dropped meanwhile.
	gatherMost = 5 * time.Minute
	// tokenLook is how often a running process looks whether a dataset that is stopped has another access token.
	tokenLook = 20 * time.Second
)

// gather brings in what was dropped while nobody was there, and then asks whether the tokens still work, before an upload
// that was missed is made up for.
func (l *local) gather(ctx context.Context, inbox *importer.Inbox) {
	bounded, stop := context.WithTimeout(ctx, gatherMost)
	defer stop()
	if err := inbox.Gather(bounded); err != nil && ctx.Err() == nil {
		l.log.Warn().Err(err).Msg("not all that was dropped is imported yet; the upload that was missed begins without the rest, which goes with the next one")
	}
	if ctx.Err() == nil {
		l.askDaily(ctx)
	}
}

// resume asks for an upload as soon as a dataset that is stopped has another access token, until ctx is done.
func (l *local) resume(ctx context.Context) {
	tick := time.NewTicker(tokenLook)
	defer tick.Stop()
	for trouble := ""; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		renewed, err := l.uploader.Renewed(ctx)
		switch {
		case renewed:
			l.soon()
		case err != nil && ctx.Err() == nil && err.Error() != trouble:
			l.log.Warn().Err(err).Msg("cannot look whether there is another access token")
			trouble = err.Error()
		case err == nil:
			trouble = ""
		}
	}
}

// owes keeps which datasets the last scheduled upload left out because nobody had allowed sending to them.
func (l *local) owes(left []uploader.NotLive) { l.owed.Store(&left) }

// pay makes the upload that a dataset missed before it went live, instead of leaving that to the next scheduled one: some
// of what waits may not have so long.
func (l *local) pay(dataset string) {
	if left := l.owed.Load(); l.soon != nil && left != nil && slices.ContainsFunc(*left, func(n uploader.NotLive) bool { return n.Dataset == dataset }) {
		l.soon()
	}
}
