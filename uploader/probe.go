package uploader

import (
	"context"

	"capibara/store"
	"capibara/uploader/capi"
)

// Probe asks Meta, for every dataset that may be sent to, whether token and dataset work; it sends no event. It is made
// for a quiet day: a token that died is told before an upload needs it. What a person has to mend opens the circuit, as
// it would in a pass, and is logged once; a probe that passes closes it. What heals by itself changes nothing: sure is
// then false, and asking again soon makes sense. It returns ErrBusy when a pass is under way, which asks by itself; a pass
// that begins meanwhile waits for it.
func (u *Uploader) Probe(ctx context.Context) (sure bool, err error) {
	select {
	case u.lanes <- struct{}{}:
	default:
		return false, ErrBusy
	}
	defer func() { <-u.lanes }()
	p := &pass{u: u, wire: ctx}
	sure = true
	for _, d := range u.c.Datasets {
		l, live, err := p.openLane(ctx, d)
		if err != nil {
			return false, err
		}
		if !live {
			continue
		}
		if p.readToken(ctx, l); l.over || p.told(l) {
			continue
		}
		found := u.c.Client.Probe(ctx, l.ID, l.token)
		if ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
		sure = p.judge(ctx, l, found) && sure
	}
	return sure, p.err
}

// told reports whether Meta said how long not to ask, with this token.
func (p *pass) told(l *lane) bool {
	c := l.circuit
	if c.TokenSum != "" && c.TokenSum != p.u.keySum(l.ID, l.token) {
		return false
	}
	asked := c.Class == capi.ClassThrottle.String() || c.Class == capi.ClassPolicy.String()
	return c.State == store.CircuitOpen && asked && p.ahead(c.Until, capi.MaxRetryAfter)
}

// judge takes in what a probe on a quiet day found. It returns whether that is the last word for now.
func (p *pass) judge(ctx context.Context, l *lane, found capi.Probe) bool {
	p.observe(found.Outcome)
	open := l.circuit.State == store.CircuitOpen
	switch {
	case skewed(found.Outcome):
		p.tripSkew(ctx, l, found.Outcome)
	case found.OK && open && l.circuit.Class == capi.ClassInvalidEvent.String():
		// The events were refused, and the account is fine: that is no news.
	case found.OK && open:
		p.closeCircuit(ctx, l)
	case found.OK:
		p.u.c.Log.Info().Str("dataset", l.Alias).Msg("token and dataset work")
	case found.Outcome.End == capi.Stopped:
		p.trouble(ctx, l, found.Outcome, true)
	default:
		p.u.c.Log.Info().Str("dataset", l.Alias).Stringer("end", found.Outcome.End).Msg("a probe had no clear answer; it is made again soon")
		return false
	}
	return true
}
