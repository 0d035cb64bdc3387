package uploader

import (
	"context"
	"fmt"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
)

// pass is one walk over all datasets until nothing more can be sent. One goroutine, the one that called Upload, decides
// and keeps all of its state; others make the requests and hand back a function that takes their result in.
type pass struct {
	u     *Uploader
	wire  context.Context // of requests: it outlives the pass's context by Config.Grace
	lanes []*lane
	busy  int
	done  chan func()
	woken time.Time // the latest instant that was waited for
	err   error     // why nothing more begins

	clockRight bool // an answer's Date agreed with this clock
	clockWrong bool // one did not
	pending    int
	planned    int       // events of new batches
	most       int       // of them, 0 for any number
	overdue    []Dataset // not live, with events that are too late
	sum        Summary
	trial      *Trial // what a trial keeps besides; nil in an upload
}

// Upload makes one pass: it sends, dataset by dataset and the earliest deadline first, everything that can be sent now.
// It returns ErrBusy when a pass is under way. When ctx is done no new batch begins; requests under way may go on for
// Config.Grace, are settled, and Upload returns what was done together with the context's error.
func (u *Uploader) Upload(ctx context.Context) (Summary, error) {
	return u.walk(ctx, &pass{u: u, most: u.c.MaxEvents})
}

// walk makes a pass over the datasets that it is for.
func (u *Uploader) walk(ctx context.Context, p *pass) (Summary, error) {
	if !u.pass.TryLock() {
		return Summary{}, ErrBusy
	}
	defer u.pass.Unlock()
	if err := u.enterLanes(ctx); err != nil {
		return Summary{}, err
	}
	defer func() { <-u.lanes }()
	began := u.c.Now()
	wire, cut := u.graceful(ctx)
	defer cut()
	p.wire, p.done = wire, make(chan func(), u.c.InFlight)
	err := p.prepare(ctx)
	if err == nil {
		p.run(ctx)
		err = p.finish(ctx)
	}
	p.summarise()
	e := u.c.Log.Info().Int("batches", p.sum.Batches).Int("requests", p.sum.Requests).Int("acknowledged", p.sum.Acknowledged).
		Int("rejected", p.sum.Rejected).Int("released", p.sum.Released).Int("unknown", p.sum.Unknown).Int("held", p.sum.Held).
		Int("expired", p.sum.Expired).Dur("took_ms", u.c.Now().Sub(began))
	if p.trial != nil {
		e.Str("dataset", p.trial.Dataset).Msg("trial ended")
	} else {
		e.Msg("upload pass ended")
	}
	if err == nil && ctx.Err() != nil {
		err = fmt.Errorf("the upload was interrupted: %w", context.Cause(ctx))
	}
	return p.sum, err
}

// enterLanes waits for a probe on a quiet day, which takes seconds.
func (u *Uploader) enterLanes(ctx context.Context) error {
	select {
	case u.lanes <- struct{}{}:
		return nil
	default:
	}
	select {
	case u.lanes <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the upload was interrupted: %w", context.Cause(ctx))
	}
}

// graceful returns a context that ends Config.Grace after ctx.
func (u *Uploader) graceful(ctx context.Context) (context.Context, func()) {
	wire, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(u.c.Grace)
		defer t.Stop()
		select {
		case <-t.C:
			cancel(context.Cause(ctx))
		case <-wire.Done():
		}
	})
	return wire, func() { stop(); cancel(nil) }
}

func (p *pass) now() time.Time {
	if t := p.u.c.Now(); t.After(p.woken) {
		return t
	}
	return p.woken
}

func (p *pass) prepare(ctx context.Context) error {
	if err := p.u.settleOwed(ctx); err != nil {
		return err
	}
	now := p.now()
	counts, err := p.u.c.Store.Counts(ctx, now)
	if err != nil {
		return fmt.Errorf("count what is pending: %w", err)
	}
	of := map[string]store.DatasetCounts{}
	for _, d := range counts.Datasets {
		of[d.Dataset] = d
	}
	for _, d := range p.u.c.Datasets {
		if p.trial != nil && d.ID != p.trial.ID {
			continue
		}
		pending := int(of[d.ID].Events[store.StatePending])
		l, live, err := p.openLane(ctx, d)
		if err != nil {
			return err
		}
		if !live {
			if pending > 0 {
				p.sum.NotLive = append(p.sum.NotLive, NotLive{Dataset: d.ID, Alias: d.Alias, Events: pending})
			}
			if of[d.ID].Expiring > 0 {
				p.overdue = append(p.overdue, d)
			}
			continue
		}
		p.pending += pending
		if of[d.ID].Expiring > 0 {
			l.mustProbe = true // nothing is judged by a clock that nobody confirmed
		}
		if pending > 0 || len(l.open) > 0 || l.circuit.State == store.CircuitOpen {
			p.readToken(ctx, l)
		}
		p.enter(l)
		p.lanes = append(p.lanes, l)
	}
	return nil
}

// run dispatches until no lane has anything more to do.
func (p *pass) run(ctx context.Context) {
	stop := ctx.Done()
	for {
		if p.err == nil && ctx.Err() == nil {
			p.dispatch(ctx)
		}
		wake, waiting := p.nextWake()
		if p.err != nil || ctx.Err() != nil {
			waiting, stop = false, nil
		}
		if p.busy == 0 && !waiting {
			return
		}
		var alarm <-chan time.Time
		if waiting {
			alarm = time.After(wake.Sub(p.now()))
		}
		select {
		case take := <-p.done:
			p.busy--
			take()
			p.u.c.Progress(Progress{Summary: p.sum, Pending: p.pending})
		case <-alarm:
			p.woken = wake
		case <-stop:
		}
	}
}

// dispatch begins what may begin, the most urgent first.
func (p *pass) dispatch(ctx context.Context) {
	for p.busy < p.u.c.InFlight {
		var (
			best *lane
			what work
		)
		for _, l := range p.lanes {
			if p.blocked(l) {
				continue
			}
			if l.mustProbe {
				if l.busy == 0 {
					p.probe(ctx, l)
				}
				continue
			}
			w, ok, err := p.choose(ctx, l)
			if err != nil {
				p.err = err
				return
			}
			if ok && p.filled(ctx, l) {
				continue
			}
			if ok && (best == nil || urgency(w) < urgency(what)) {
				best, what = l, w
			}
		}
		if best == nil || p.busy >= p.u.c.InFlight {
			return
		}
		p.send(ctx, best, what)
	}
}

func (p *pass) blocked(l *lane) bool {
	return l.over || l.until.After(p.now()) || (l.trial || l.paced > 0 || l.staleBegin > 0) && l.busy > 0 || p.busy >= p.u.c.InFlight
}

// urgency is the earliest deadline of what is to be sent; open batches come before everything.
func urgency(w work) int64 {
	if len(w.rows) > 0 {
		return w.rows[0].Deadline
	}
	return 0
}

// nextWake is the next instant at which an idle lane could go on.
func (p *pass) nextWake() (at time.Time, ok bool) {
	for _, l := range p.lanes {
		if l.over || l.busy > 0 {
			continue
		}
		due := l.until
		if !due.After(p.now()) {
			if due = (time.Time{}); p.busy < p.u.c.InFlight { // else it may have more to do than to wait
				due = p.nextUnknown(l)
			}
		}
		if !due.IsZero() && (!ok || due.Before(at)) {
			at, ok = due, true
		}
	}
	return at, ok
}

// nextUnknown is when the next batch of unknown fate is due, if the lane has the patience to wait for it.
func (p *pass) nextUnknown(l *lane) (due time.Time) {
	for n, b := range l.open {
		if b.State != store.BatchUnknown || p.suspect(l, n) || p.windowOver(b) || !p.ahead(b.NextTry, 2*lastResend) {
			continue
		}
		if due.IsZero() || b.NextTry.Before(due) {
			due = b.NextTry
		}
	}
	if due.IsZero() {
		return due
	}
	p.pause(l, due)
	if l.over {
		return time.Time{}
	}
	return due
}

// spawn runs a request in its own goroutine; what it returns is called by the pass.
func (p *pass) spawn(l *lane, request func() (take func())) {
	p.busy++
	l.busy++
	go func() {
		take := request()
		p.done <- func() {
			l.busy--
			take()
		}
	}()
}

// finish does what can only be judged at the end: rows that are too late in datasets that were not sent to.
func (p *pass) finish(ctx context.Context) error {
	if p.err != nil || ctx.Err() != nil {
		return p.err
	}
	for _, l := range p.lanes {
		if err := p.tidy(ctx, l); err != nil {
			return err
		}
		if err := p.expire(ctx, l); err != nil {
			return err
		}
	}
	for _, d := range p.overdue {
		_, err := p.expireOf(ctx, d, func(t store.Tally) string { return reasons(t, "Nobody has allowed sending to the dataset yet.") })
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) summarise() {
	for _, l := range p.lanes {
		for _, b := range l.open {
			if b.State == store.BatchUnknown {
				p.sum.Unknown += b.Events
			}
		}
		if l.circuit.State != store.CircuitOpen {
			continue
		}
		credentials := l.circuit.Class == capi.ClassCredentials.String()
		if p.sum.Stopped == nil || credentials && p.sum.Stopped.Class != l.circuit.Class {
			p.sum.Stopped = &Stop{Dataset: l.Alias, Reason: l.circuit.Reason, Class: l.circuit.Class}
		}
	}
}
