package uploader

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
)

// lane is one dataset during one pass. Only the pass's own goroutine touches it.
type lane struct {
	Dataset
	token   capi.Token
	circuit store.Circuit
	busy    int  // requests under way
	over    bool // nothing more in this pass
	// mustProbe says that nothing is sent before a probe has passed.
	mustProbe bool
	// trial lets one request at a time through after a failure, until one is answered well.
	trial bool
	until time.Time // nothing before this
	// paced is the pause between two requests while Meta's limits are nearly used up, one request at a time; 0: none.
	paced time.Duration
	// full is the circuit to open before anything more is sent, because hardly anything is left of them; nil: none.
	full *store.Circuit

	planned    []store.Row     // the next batch
	taken      map[uint64]bool // rows that must not be planned: planned, on their way, or left for another pass
	dry        bool            // there was nothing to plan
	limit      int             // events a batch
	open       map[uint64]store.Batch
	sending    map[uint64]bool
	bisections map[uint64]*bisection // by root
	rootOf     map[uint64]uint64     // open batch → root of its bisection

	found      store.Circuit // as the pass found it
	refusals   refusals
	expired    bool // expiry was done in this pass
	patience   time.Duration
	unreached  int // connections that failed in a row, in this pass
	staleBegin int // how often staleRows were planned in a row and had gone, in part, before they began
	staleRows  []store.Row
}

// work is one request to make.
type work struct {
	rows  []store.Row // of a batch that is planned
	batch store.Batch // or the open batch to send again
	// What its bisection knows; see bisection.
	evidence, probed, blind bool
}

// openLane reads the state of a dataset. live is false for one that may not be sent to.
func (p *pass) openLane(ctx context.Context, d Dataset) (l *lane, live bool, err error) {
	live = d.Live || p.trial != nil
	if !live {
		if live, err = p.u.c.Store.Live(ctx, d.ID); err != nil {
			return nil, false, fmt.Errorf("look up whether %s may be sent to: %w", d.Alias, err)
		}
	}
	if !live {
		return nil, false, nil
	}
	l = &lane{Dataset: d, taken: map[uint64]bool{}, limit: p.u.c.BatchEvents, sending: map[uint64]bool{},
		rootOf: map[uint64]uint64{}, patience: p.u.c.Patience, refusals: newRefusals()}
	if l.circuit, err = p.u.c.Store.Circuit(ctx, d.ID); err != nil {
		return nil, false, fmt.Errorf("read the circuit of %s: %w", d.Alias, err)
	}
	l.found = l.circuit
	if err = p.reload(ctx, l); err != nil {
		return nil, false, err
	}
	return l, true, nil
}

// reload reads the open batches of a lane anew.
func (p *pass) reload(ctx context.Context, l *lane) error {
	batches, err := p.u.c.Store.OpenBatches(ctx, l.ID)
	if err != nil {
		return fmt.Errorf("read the open batches of %s: %w", l.Alias, err)
	}
	if l.bisections, err = p.u.resume(ctx, batches); err != nil {
		return err
	}
	l.open = map[uint64]store.Batch{}
	roots := map[uint64]uint64{}
	for _, b := range batches {
		l.open[b.Number] = b
		if b.Parent != 0 {
			if l.rootOf[b.Number], err = p.u.root(ctx, b.Parent, roots); err != nil {
				return err
			}
		}
		// What is open was left so by a failure. Ask first.
		l.mustProbe = true
	}
	return nil
}

// readToken reads the access token. A token that cannot be read stops the dataset as one that Meta refuses does.
func (p *pass) readToken(ctx context.Context, l *lane) {
	token, err := l.Token()
	if err == nil {
		l.token = token
		return
	}
	l.token = ""
	p.trip(ctx, l, store.Circuit{Class: capi.ClassCredentials.String(), Until: p.now(),
		Reason: err.Error()})
}

// enter decides how a lane begins, by the circuit that the last pass left.
func (p *pass) enter(l *lane) {
	if l.over || l.circuit.State == store.CircuitClosed {
		return
	}
	l.trial = true
	if l.circuit.Class != capi.ClassThrottle.String() {
		l.mustProbe = true
	}
	changed := l.circuit.TokenSum != "" && l.circuit.TokenSum != p.u.keySum(l.ID, l.token)
	if changed || !p.ahead(l.circuit.Until, capi.MaxRetryAfter) {
		l.circuit.Until = p.now()
		return
	}
	p.pause(l, l.circuit.Until)
}

// ahead reports whether an instant that was written down lies ahead. One that lies further ahead than could have been
// meant was written by a clock that was wrong.
func (p *pass) ahead(t time.Time, most time.Duration) bool {
	d := t.Sub(p.now())
	return d > 0 && d <= most
}

// pause waits within the pass when that takes no longer than its patience, else leaves the lane to the next pass.
func (p *pass) pause(l *lane, until time.Time) {
	d := until.Sub(p.now())
	if d > l.patience {
		l.over = true
		return
	}
	l.patience -= max(d, 0)
	l.until = until
}

// choose returns what to send next; false when there is nothing now. Batches of unknown fate come first, then the parts
// of refused ones, then new ones.
func (p *pass) choose(ctx context.Context, l *lane) (work, bool, error) {
	if w, ok := p.chooseUnknown(l); ok {
		return w, true, nil
	}
	for {
		again, w, ok, err := p.chooseBisection(ctx, l)
		if err != nil || ok {
			return w, ok, err
		}
		if !again {
			break
		}
	}
	if l.over {
		return work{}, false, nil
	}
	if err := p.plan(ctx, l); err != nil || len(l.planned) == 0 {
		return work{}, false, err
	}
	return work{rows: l.planned}, true, nil
}

// chooseUnknown returns the oldest batch of unknown fate whose time has come.
func (p *pass) chooseUnknown(l *lane) (work, bool) {
	var oldest store.Batch
	for n, b := range l.open {
		if b.State != store.BatchUnknown || l.sending[n] || p.suspect(l, n) || p.ahead(b.NextTry, 2*lastResend) || p.windowOver(b) {
			continue
		}
		if oldest.Number == 0 || n < oldest.Number {
			oldest = b
		}
	}
	if oldest.Number == 0 {
		return work{}, false
	}
	return p.workOn(l, oldest), true
}

func (p *pass) workOn(l *lane, b store.Batch) work {
	w := work{batch: b}
	if s := l.bisections[l.rootOf[b.Number]]; s != nil {
		w.evidence, w.probed, w.blind = s.evidence, s.probed, s.blind()
	}
	return w
}

// suspect reports whether a batch waits for evidence against it.
func (p *pass) suspect(l *lane, n uint64) bool {
	s := l.bisections[l.rootOf[n]]
	return s != nil && !s.evidence && slices.Contains(s.suspects, n)
}

// windowOver reports whether a batch of unknown fate may not be sent again any more. One whose first attempt lies in the
// future was sent by a clock that was wrong, and nobody knows when that was.
func (p *pass) windowOver(b store.Batch) bool {
	if b.State == store.BatchSending || b.FirstMaybeAt.IsZero() {
		return false
	}
	if p.u.c.ResendUnknown == ResendNever {
		return true
	}
	age := p.now().Sub(b.FirstMaybeAt)
	return b.MaybeAttempts >= maxMaybe || age >= p.u.c.ResendWindow || age < -maxSkew
}

// chooseBisection returns the next part of a refused batch. again says that the lane changed and has to be looked at anew.
func (p *pass) chooseBisection(ctx context.Context, l *lane) (again bool, w work, ok bool, err error) {
	var oldest *bisection
	for _, s := range l.bisections {
		if s.busy {
			continue
		}
		if source := s.source(); source != "" {
			return true, work{}, false, p.isolateSuspects(ctx, l, s, source)
		}
		if s.hopeless(p.membersOf(l, s)) {
			return true, work{}, false, p.giveUp(ctx, l, s)
		}
		if _, more := s.next(); more && (oldest == nil || s.root < oldest.root) {
			oldest = s
		}
	}
	if oldest == nil {
		return false, work{}, false, nil
	}
	n, _ := oldest.next()
	b, open := l.open[n]
	if !open || l.sending[n] || p.windowOver(b) { // tidy holds what is over
		oldest.sent(n)
		return true, work{}, false, nil
	}
	return false, p.workOn(l, b), true, nil
}

func (p *pass) membersOf(l *lane, s *bisection) int {
	n := 0
	for b := range l.open {
		if l.rootOf[b] == s.root {
			n++
		}
	}
	return n
}

// giveUp releases every part of a bisection in which nothing but refusals came back, and stops the dataset.
func (p *pass) giveUp(ctx context.Context, l *lane, s *bisection) error {
	var last store.Attempt
	for n, b := range l.open {
		if l.rootOf[n] != s.root {
			continue
		}
		if refusedAlone(b) {
			last = b.Attempts[len(b.Attempts)-1]
		}
		if !b.FirstMaybeAt.IsZero() {
			continue // of unknown fate: it stays so until its window is over
		}
		if err := p.conclude(ctx, l, store.Settlement{Batch: n, Verdict: store.VerdictReleased}); err != nil {
			return err
		}
	}
	delete(l.bisections, s.root)
	p.trip(ctx, l, store.Circuit{
		Class: capi.ClassInvalidEvent.String(), Code: last.Code, Subcode: last.Subcode, Until: p.now().Add(mappingPause),
		Reason: "every event of this batch was refused; this looks like a wrong mapping or account, so nothing was rejected: " +
			"look at what the events have in common, and mend the mapping",
	})
	l.over = true
	return nil
}

// conclude ends an open batch that is not being sent.
func (p *pass) conclude(ctx context.Context, l *lane, s store.Settlement) error {
	b, err := p.u.c.Store.Conclude(context.WithoutCancel(ctx), s, p.now())
	if errors.Is(err, store.ErrStale) {
		delete(l.open, s.Batch) // somebody else decided; the next pass sees what is left
		return nil
	}
	if err != nil {
		return fmt.Errorf("conclude batch %d: %w", s.Batch, err)
	}
	p.took(l, b, s.Verdict, l.open[s.Batch].Events)
	return nil
}

// plan fills l.planned unless it is filled or there is nothing.
func (p *pass) plan(ctx context.Context, l *lane) error {
	limit := l.limit
	if p.most > 0 {
		limit = min(limit, p.most-p.planned)
	}
	if len(l.planned) > 0 || l.dry || limit <= 0 {
		return nil
	}
	if err := p.expire(ctx, l); err != nil {
		return err
	}
	rows, err := p.u.c.Store.Plan(ctx, store.PlanQuery{Dataset: l.ID, Now: p.now(), Limit: limit, Skip: l.taken})
	if err != nil {
		return fmt.Errorf("plan a batch for %s: %w", l.Alias, err)
	}
	if len(rows) > 0 && l.token == "" { // nothing waited when the pass began
		if p.readToken(ctx, l); l.over {
			return nil
		}
	}
	l.planned, l.dry = rows, len(rows) == 0
	p.planned += len(rows)
	for _, r := range rows {
		l.taken[r.Seq] = true
	}
	return nil
}
