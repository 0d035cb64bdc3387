package uploader

import (
	"context"
	"fmt"
	"slices"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
)

const (
	// maxStale is how often the same rows may be planned, and be gone when they are to begin, with nothing else happening in
	// between; more means that the store and this program do not agree on what is pending.
	maxStale = 10
	// A lane that was overtaken plans anew after a short pause, which doubles: an import that replaces events, for instance,
	// goes through the same ones, and wins by its next commit or is done.
	firstStale   = 50 * time.Millisecond
	longestStale = 2 * time.Second
)

// send begins a piece of work.
func (p *pass) send(ctx context.Context, l *lane, w work) {
	l.planned = nil
	if n := w.batch.Number; n != 0 {
		l.sending[n] = true
		if s := l.bisections[l.rootOf[n]]; s != nil {
			s.busy = true
		}
	}
	local, dataset, token := context.WithoutCancel(ctx), l.ID, l.token
	p.spawn(l, func() func() {
		r := p.u.attempt(local, p.wire, dataset, token, w)
		return func() { p.take(ctx, l, w, r) }
	})
}

// take takes the result of a piece of work in.
func (p *pass) take(ctx context.Context, l *lane, w work, r result) {
	n := w.batch.Number
	if n != 0 {
		delete(l.sending, n)
		if s := l.bisections[l.rootOf[n]]; s != nil {
			s.busy = false
			s.sent(n)
		}
	}
	for _, row := range w.rows {
		if !slices.Contains(r.left, row.Seq) {
			delete(l.taken, row.Seq)
		}
	}
	l.dry = l.dry && len(w.rows) == 0
	p.sum.Rejected += r.rejected
	p.trial.take(r)
	if n != 0 && r.rejected > 0 { // it was this one
		delete(l.open, n)
	}
	if r.sent {
		p.sum.Requests++
		p.sum.Expired += r.dropped
		if n == 0 {
			p.sum.Batches++
		}
	}
	if r.owed != nil {
		p.u.owed = append(p.u.owed, *r.owed)
	}
	p.weigh(ctx, l, w, r)
	if r.err != nil {
		if p.err == nil {
			p.err = r.err
		}
		return
	}
	if r.stale {
		p.overtaken(l, n, w.rows)
		return
	}
	if r.batch.Number == 0 {
		return
	}
	l.staleBegin, l.staleRows = 0, nil
	p.lost(l, r.lost, whyUnknown)
	p.took(l, r.batch, r.verdict, r.batch.Events)
	if !r.sent {
		p.u.c.Log.Warn().Uint64("batch", r.batch.Number).Str("dataset", l.Alias).Int("events", r.batch.Events).
			Stringer("state", r.batch.State).Msg("batch ended without another request")
		return
	}
	p.bisect(l, r)
	p.logBatch(l, r)
	p.react(ctx, l, r)
}

// overtaken is for a row or a batch that somebody changed meanwhile, a person who withdrew it for instance, or an import
// that replaced it. Rows are planned anew, as long as something moves; an open batch is left to the next pass.
func (p *pass) overtaken(l *lane, batch uint64, rows []store.Row) {
	delete(l.open, batch)
	if len(rows) == 0 {
		return
	}
	p.planned -= len(rows) // none of them was sent
	if same := slices.EqualFunc(rows, l.staleRows, func(a, b store.Row) bool { return a.Seq == b.Seq }); !same {
		l.staleBegin, l.staleRows = 0, rows
	}
	if l.staleBegin++; l.staleBegin > maxStale {
		p.err = fmt.Errorf("begin a batch for %s: %w %d times in a row", l.Alias, store.ErrStale, l.staleBegin)
		return
	}
	// Not counted against the patience of the pass: what overtook it made progress. One at a time until a batch begins, so
	// that what is planned next shows what has moved.
	l.until = p.now().Add(min(firstStale<<(l.staleBegin-1), longestStale))
}

// took counts what became of a batch of so many events, and keeps the list of open ones.
func (p *pass) took(l *lane, b store.Batch, v store.Verdict, events int) {
	delete(l.open, b.Number)
	switch v {
	case store.VerdictAcknowledged:
		p.sum.Acknowledged += events
		if b.MaybeAttempts > 1 { // the one that was acknowledged is among them
			p.sum.Relied += events
		}
		if s := l.bisections[l.rootOf[b.Number]]; s != nil {
			s.evidence = true
		}
	case store.VerdictRejected:
		p.sum.Rejected += events
	case store.VerdictReleased:
		p.sum.Released += events
		l.dry = false
	case store.VerdictHeld:
		p.sum.Held += events
		p.u.c.Log.Error().Uint64("batch", b.Number).Str("dataset", l.Alias).Int("events", events).
			Msg("it stays unknown whether Meta received this batch, and it cannot safely be sent again: compare the counts of that day in Events Manager")
	case store.VerdictExpired:
		p.sum.Expired += events
	case store.VerdictUnknown, store.VerdictReady:
		l.open[b.Number] = b
	case store.VerdictSplit: // its parts are added by bisect
	}
}

// bisect keeps the search for bad events going after an attempt.
func (p *pass) bisect(l *lane, r result) {
	b := r.batch
	root := l.rootOf[b.Number]
	if r.verdict == store.VerdictSplit {
		if root == 0 {
			root = b.Number
		}
		s := l.bisections[root]
		if s == nil {
			s = &bisection{root: root}
			l.bisections[root] = s
		}
		for _, part := range r.parts {
			l.open[part.Number], l.rootOf[part.Number] = part, root
		}
		s.split(r.parts)
		if r.outcome.End == capi.TooLarge {
			l.limit = max(1, min(l.limit, b.Events/2))
		}
	}
	s := l.bisections[root]
	if s == nil {
		return
	}
	s.probed = s.probed || r.probed
	switch {
	case r.verdict != store.VerdictReady && r.verdict != store.VerdictUnknown:
	case r.probed:
		s.suspect(b.Number, charge{r.onlySource(), causeOf(r.outcome)})
	case r.verdict == store.VerdictReady:
		s.level = append([]uint64{b.Number}, s.level...)
	}
	if p.membersOf(l, s) == 0 {
		delete(l.bisections, root)
	}
}

// logBatch writes the one line of an attempt.
func (p *pass) logBatch(l *lane, r result) {
	e := p.u.c.Log.Info().Uint64("batch", r.batch.Number).Str("dataset", l.Alias).Int("events", r.batch.Events).
		Int("attempt", len(r.batch.Attempts)).Stringer("end", r.outcome.End).Stringer("state", r.batch.State).
		Dur("took_ms", r.outcome.Ended.Sub(r.outcome.Started))
	if r.batch.Parent != 0 {
		e = e.Uint64("parent", r.batch.Parent)
	}
	if r.outcome.FBTraceID != "" {
		e = e.Str("fbtrace_id", r.outcome.FBTraceID)
	}
	if err := r.outcome.Err; err != nil {
		e = e.Int("http_status", err.HTTPStatus).Int("code", err.Code).Int("subcode", err.Subcode)
	}
	e.Msg("batch sent")
}
