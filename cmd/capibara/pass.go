package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"capibara/audit"
	"capibara/store"
	"capibara/uploader"
)

// Upload makes one pass by hand and keeps when it was: its start too, so that one that was cut off is made up for by the
// schedule.
func (l *local) Upload(ctx context.Context, tell func(progress)) (uploader.Summary, error) {
	if err := l.testimony.maySend(); err != nil {
		return uploader.Summary{}, err
	}
	if err := unbound(ctx, l.db, l.config); err != nil {
		return uploader.Summary{}, err
	}
	u, err := l.upstream(ctx)
	if err != nil {
		return uploader.Summary{}, err
	}
	if !l.passing.TryLock() {
		return uploader.Summary{}, uploader.ErrBusy
	}
	defer l.passing.Unlock()
	defer l.audience.join(tell)()
	if err := l.eraseLeft(ctx); err != nil {
		return uploader.Summary{}, err
	}
	before, err := l.db.LastRun(ctx, audit.UploadSchedule)
	if err != nil {
		return uploader.Summary{}, err
	}
	run := store.Run{StartedAt: l.now()}
	if err := l.db.SetRun(ctx, audit.UploadSchedule, run); err != nil {
		return uploader.Summary{}, fmt.Errorf("keeping when the upload was: %w", err)
	}
	l.testimony.pass()
	s, err := u.Upload(ctx)
	l.testimony.keep(ctx)
	run.EndedAt, run.Summary = l.now(), summarySentence(s)
	if !counts(s, err) {
		run = before
	}
	if rerr := l.db.SetRun(context.WithoutCancel(ctx), audit.UploadSchedule, run); rerr != nil {
		err = errors.Join(err, fmt.Errorf("keeping when the upload was: %w", rerr))
	}
	if l.reconsider != nil {
		l.reconsider(context.WithoutCancel(ctx))
	}
	return s, err
}

// counts reports whether a pass got something through, or had nothing to send. One that was not allowed to send, or could
// not, is no upload: the schedule still makes up for the one that it missed.
func counts(s uploader.Summary, err error) bool {
	return s.Acknowledged+s.Rejected+s.Unknown+s.Held > 0 || err == nil && s.Stopped == nil && len(s.NotLive) == 0
}

// audience is whoever wants to know how far an upload is. Nobody is told anything after having left.
type audience struct {
	mu   sync.Mutex
	tell func(progress) // nil when nobody listens
}

// join makes tell the one that is told, until leave is called. It returns only when nobody else is being told anything.
func (a *audience) join(tell func(progress)) (leave func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tell = tell
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.tell = nil
	}
}

// hear passes on how far an upload is.
func (a *audience) hear(p uploader.Progress) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.tell != nil {
		a.tell(progress{Done: int64(p.Acknowledged + p.Rejected), Total: int64(p.Pending), Count: int64(p.Acknowledged + p.Rejected)})
	}
}
