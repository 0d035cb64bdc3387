package uploader

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
)

// The classes of a circuit that are not a class of Meta's errors.
const (
	classUnreachable = "unreachable"
	classUnknownFate = "unknown_fate"
	ClassClockSkew   = "clock_skew" // this machine's clock is not the server's
)

const (
	// maxSkew is how far this machine's clock may be from the server's.
	maxSkew = 5 * time.Minute
	// maxUnreached is how many connections in a row may fail in one pass.
	maxUnreached = 3
)

// skewed reports whether the answer shows that the local clock is wrong.
func skewed(o capi.Outcome) bool {
	d, ok := o.Skew()
	return ok && d.Abs() > maxSkew
}

// keySum tells what opens a dataset apart, its token and the app secret if there is one, without telling them. A secret that
// cannot be read is none: whatever sends says so.
func (u *Uploader) keySum(dataset string, t capi.Token) string {
	if t == "" {
		return ""
	}
	proof, err := u.c.Client.Proof(dataset, t)
	if err != nil {
		proof = ""
	}
	sum := sha256.Sum256([]byte(t.Reveal() + proof))
	return hex.EncodeToString(sum[:8])
}

// probe asks whether the dataset answers as it should.
func (p *pass) probe(ctx context.Context, l *lane) {
	if p.readToken(ctx, l); l.over {
		return
	}
	dataset, token := l.ID, l.token
	p.spawn(l, func() func() {
		found := p.u.c.Client.Probe(p.wire, dataset, token)
		return func() { p.probed(ctx, l, found) }
	})
}

func (p *pass) probed(ctx context.Context, l *lane, found capi.Probe) {
	p.observe(found.Outcome)
	switch {
	case skewed(found.Outcome):
		p.tripSkew(ctx, l, found.Outcome)
	case found.OK:
		l.mustProbe, l.unreached = false, 0
		if l.circuit.State == store.CircuitOpen {
			l.trial = true
			p.closeCircuit(ctx, l)
		}
	default:
		p.trouble(ctx, l, found.Outcome, true)
	}
}

// observe takes in what every answer tells besides its result.
func (p *pass) observe(o capi.Outcome) {
	switch {
	case o.HTTPStatus == 0:
	case skewed(o):
		p.clockWrong = true
	default:
		p.clockRight = true
	}
	if o.HTTPStatus != 0 {
		p.u.noteVersion(o.VersionWarning)
	}
}

// react lets a lane go on, or stops it, after an attempt.
func (p *pass) react(ctx context.Context, l *lane, r result) {
	o := r.outcome
	if r.trouble != nil {
		p.observe(o)
		o = *r.trouble
	}
	p.observe(o)
	switch {
	case skewed(o):
		p.tripSkew(ctx, l, o)
	case r.trouble == nil && (o.End == capi.Acknowledged || o.End == capi.InvalidEvent || o.End == capi.TooLarge):
		l.unreached = 0
		// A request that was under way when another one failed does not show that the trouble is over.
		before := l.circuit.State == store.CircuitOpen && l.circuit.Until.After(p.now())
		if l.mustProbe || l.over || before {
			return
		}
		l.trial, l.patience = false, p.u.c.Patience
		p.pace(l, o.Usage, l.circuit.Failures)
		if l.circuit.Failures > 0 {
			if l.circuit.State == store.CircuitOpen {
				p.u.c.Log.Info().Str("dataset", l.Alias).Str("class", l.circuit.Class).Msg("sending again")
			}
			p.setCircuit(ctx, l, store.Circuit{Dataset: l.ID})
		}
	default:
		p.trouble(ctx, l, o, r.trouble != nil)
	}
}

// trouble opens the circuit as the outcome of an attempt or a probe demands.
func (p *pass) trouble(ctx context.Context, l *lane, o capi.Outcome, probe bool) {
	c := store.Circuit{Class: classUnknownFate, Failures: l.circuit.Failures + 1}
	var why capi.Error
	if o.Err != nil {
		why = *o.Err
	}
	c.Code, c.Subcode = why.Code, why.Subcode
	words := "without an error"
	if o.Err != nil {
		words = o.Err.Error()
	}
	pause := delay(c.Failures, firstRetry, longestRetry)
	switch o.End {
	case capi.Stopped:
		c.Class, c.TokenSum, pause = why.Class.String(), p.u.keySum(l.ID, l.token), 0
		if why.Class == capi.ClassPolicy {
			pause = orElse(why.RetryAfter, policyPause)
		}
		c.Reason = fmt.Sprintf("Meta refuses everything for %s: %s; %s", l.Alias, words, wayOut(why))
	case capi.Throttled:
		c.Class = capi.ClassThrottle.String()
		pause = orElse(why.RetryAfter, delay(c.Failures, firstThrottle, longestThrottle))
		c.Reason = fmt.Sprintf("Meta asks to wait before more is sent to %s: %s", l.Alias, words)
	case capi.NotSent:
		c.Class = classUnreachable
		c.Reason = fmt.Sprintf("Meta cannot be reached for %s, and nothing was sent: %s; check the network of this machine", l.Alias, words)
	default:
		pause = max(pause, why.RetryAfter)
		c.Reason = fmt.Sprintf("it is unknown whether Meta received the last request for %s: %s; nothing more is sent until the dataset answers a probe", l.Alias, words)
		if probe {
			c.Reason = fmt.Sprintf("%s does not answer a probe as Meta does: %s", l.Alias, words)
		}
	}
	c.Until = p.now().Add(pause)
	if !probe && p.lesser(l, c) {
		return
	}
	p.trip(ctx, l, c)
}

func wayOut(e capi.Error) string {
	if entry, ok := e.Explain(); ok {
		return entry.Person
	}
	return "check the access token, the dataset id and the permissions in Events Manager"
}

// lesser reports whether c adds nothing to a circuit that is open: several requests under way fail for one reason, and
// that is one failure.
func (p *pass) lesser(l *lane, c store.Circuit) bool {
	if l.circuit.State != store.CircuitOpen || !l.circuit.Until.After(p.now()) && !l.over {
		return false
	}
	return rank(c.Class) <= rank(l.circuit.Class)
}

// mended is the rank of the classes that a person has to mend; the others heal by themselves.
const mended = 3

// rank orders classes by how much they say about a dataset.
func rank(class string) int {
	switch class {
	case classUnreachable:
		return 0
	case capi.ClassThrottle.String():
		return 1
	case classUnknownFate:
		return 2
	}
	return mended
}

// trip opens the circuit, says so when that is news, and decides how long the lane pauses.
func (p *pass) trip(ctx context.Context, l *lane, c store.Circuit) {
	was := l.circuit
	c.Dataset, c.State = l.ID, store.CircuitOpen
	c.Failures = max(c.Failures, 1)
	c.Since = p.now()
	news := was.State != store.CircuitOpen || was.Class != c.Class ||
		rank(c.Class) == mended && (was.Code != c.Code || was.Subcode != c.Subcode)
	if was.State == store.CircuitOpen && was.Class == c.Class {
		c.Since = was.Since
	}
	p.setCircuit(ctx, l, c)
	if news {
		e := p.u.c.Log.Warn()
		if rank(c.Class) == mended {
			e = p.u.c.Log.Error()
		}
		e.Str("dataset", l.Alias).Str("class", c.Class).Int("code", c.Code).Int("subcode", c.Subcode).Time("until", c.Until).
			Msg("stopped sending: " + c.Reason)
	}
	l.trial = true
	l.planned = p.giveBack(l)
	switch {
	case rank(c.Class) == mended:
		l.over = true
		return
	case c.Class == capi.ClassThrottle.String():
	case c.Class == classUnreachable:
		// The next attempt is its own probe: nothing was sent, so nothing is unknown.
		if l.unreached++; l.unreached >= maxUnreached {
			l.over = true
			return
		}
	default:
		l.mustProbe = true
	}
	p.pause(l, c.Until)
}

// giveBack forgets the batch that was planned: by the time the lane goes on, others may be more urgent.
func (p *pass) giveBack(l *lane) []store.Row {
	for _, row := range l.planned {
		delete(l.taken, row.Seq)
	}
	p.planned -= len(l.planned)
	l.dry = l.dry && len(l.planned) == 0
	return nil
}

func (p *pass) tripSkew(ctx context.Context, l *lane, o capi.Outcome) {
	d, _ := o.Skew()
	side := "behind"
	if d < 0 {
		side = "ahead of"
	}
	// Without Until: what this clock says means nothing.
	p.trip(ctx, l, store.Circuit{Class: ClassClockSkew, Failures: l.circuit.Failures + 1,
		Reason: fmt.Sprintf("the clock of this machine is %s %s Meta's, so nothing is sent or expired; set it right, best by NTP",
			d.Abs().Round(time.Second), side)})
}

// closeCircuit lets the dataset be sent to again. The count of failures stays until a request is acknowledged.
func (p *pass) closeCircuit(ctx context.Context, l *lane) {
	p.u.c.Log.Info().Str("dataset", l.Alias).Str("class", l.circuit.Class).Msg("a probe passed")
	p.setCircuit(ctx, l, store.Circuit{Dataset: l.ID, Failures: l.circuit.Failures})
}

func (p *pass) setCircuit(ctx context.Context, l *lane, c store.Circuit) {
	if err := p.u.c.Store.SetCircuit(context.WithoutCancel(ctx), c, p.now()); err != nil {
		if p.err == nil {
			p.err = fmt.Errorf("write the circuit of %s: %w", l.Alias, err)
		}
		return
	}
	l.circuit = c
}
