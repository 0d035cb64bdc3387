package uploader

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/capi"
)

// result is what came of one piece of work. The pass takes it in; see [pass.take].
type result struct {
	batch   store.Batch // as it is in the store now; Number is 0 when nothing was begun
	verdict store.Verdict
	parts   []store.Batch // after VerdictSplit

	sent    bool // a request was made
	outcome capi.Outcome
	// trouble is set when a probe after a refusal failed: it, and not the refusal, tells about the dataset.
	trouble *capi.Outcome
	probed  bool // a probe after a refusal passed

	of       map[string]int // events of the batch, by source
	rejected int            // events that were found wrong here, and rejected without a request
	refused  []Refused      // they, and one that Meta refused by itself
	wrong    []charge       // against them
	lost     store.Tally    // what expired when an open batch was to be sent again
	left     []uint64       // rows that are left to another pass
	dropped  int            // rows that expired when the batch was sent again
	stale    bool           // something changed since it was planned
	owed     *owed
	err      error
}

// sender makes one attempt, in a goroutine of its own. It shares nothing with its lane.
type sender struct {
	u       *Uploader
	dataset string
	token   capi.Token
	local   context.Context // for the store: what has begun is written down whatever happens to the pass
	wire    context.Context // for requests
	*builder
}

func (u *Uploader) attempt(local, wire context.Context, dataset string, token capi.Token, w work) (r result) {
	s := &sender{u: u, dataset: dataset, token: token, local: local, wire: wire, builder: u.build.Get().(*builder)}
	defer u.build.Put(s.builder)
	if w.batch.Number == 0 {
		s.begin(&r, w.rows)
	} else {
		s.beginAgain(&r, w.batch)
	}
	if r.err != nil || r.stale || !r.sent {
		return r
	}
	r.of = bySource(s.rows)
	began := r.batch
	r.outcome = u.c.Client.Send(wire, dataset, token, s.body, len(s.rows))
	know := knowledge{now: u.c.Now(), window: u.c.ResendWindow, evidence: w.evidence, blind: w.blind,
		clockWrong: skewed(r.outcome)}
	if began.MaybeAttempts > 0 { // the first time, the circuit and its probe are wait enough
		know.retryIn = delay(1, lastResend, 2*lastResend)
	}
	refused := r.outcome.End == capi.InvalidEvent || r.outcome.End == capi.TooLarge
	if refused && began.Events == 1 && !know.evidence && !know.clockWrong {
		know.evidence = s.probeAfter(&r, began, w.probed)
	}
	settlement := follow(began, r.outcome, know)
	if settlement.Verdict == store.VerdictRejected {
		r.tell(s.rows[0], settlement.Attempt)
	}
	s.settle(&r, settlement)
	return r
}

// tell names an event that is refused, for whoever looks on.
func (r *result) tell(row store.Row, a store.Attempt) {
	r.refused = append(r.refused, Refused{EventID: row.EventID, EventName: row.EventName, Code: a.Code, Subcode: a.Subcode, Error: a.Error})
}

// probeAfter asks whether the account is fine after one event was refused by itself. It returns whether that is
// evidence enough against the event: it is for one that was alone from the start.
func (s *sender) probeAfter(r *result, b store.Batch, probed bool) bool {
	if !probed {
		probe := s.u.c.Client.Probe(s.wire, s.dataset, s.token)
		if !probe.OK {
			r.trouble = &probe.Outcome
			return false
		}
	}
	r.probed = true
	return b.Parent == 0
}

// settle writes down what follows.
func (s *sender) settle(r *result, settlement store.Settlement) {
	now := s.u.c.Now()
	r.verdict = settlement.Verdict
	b, err := s.u.c.Store.Settle(s.local, settlement, now)
	if err != nil {
		r.owed = &owed{settlement, now}
		r.err = fmt.Errorf("settle batch %d: %w", settlement.Batch, err)
		return
	}
	r.batch = b
	if settlement.Verdict != store.VerdictSplit {
		return
	}
	for _, n := range b.Children {
		part, err := s.u.c.Store.Batch(s.local, n)
		if err != nil {
			r.err = fmt.Errorf("look up batch %d, a part of batch %d: %w", n, b.Number, err)
			return
		}
		r.parts = append(r.parts, part)
	}
}

// begin makes a new batch of the rows that may be sent, and rejects those that are found wrong.
func (s *sender) begin(r *result, rows []store.Row) {
	now := s.u.c.Now()
	s.build(s.u.c.Client, rows, now, s.u.c.BatchBytes, checked)
	if over := s.rejectAll(r); over || r.err != nil {
		return
	}
	r.left = append(r.left, s.early...)
	if len(s.rows) == 0 {
		return
	}
	intent := store.Intent{Dataset: s.dataset, BodySHA256: s.hash, Rows: make([]uint64, len(s.rows))}
	for i, row := range s.rows {
		intent.Rows[i] = row.Seq
	}
	s.began(r, "begin a batch for "+s.dataset)(s.u.c.Store.Begin(s.local, intent, now))
}

func (s *sender) began(r *result, what string) func(store.Batch, error) {
	return func(b store.Batch, err error) {
		switch {
		case errors.Is(err, store.ErrStale):
			r.stale = true
		case err != nil:
			r.err = fmt.Errorf("%s: %w", what, err)
		default:
			r.batch, r.sent, r.stale = b, true, false
		}
	}
}

// reject ends a pending row without a request, as a batch of one with no body.
func (s *sender) reject(r *result, f refusal) {
	b, err := s.u.c.Store.Begin(s.local, store.Intent{Dataset: s.dataset, Rows: []uint64{f.row.Seq}, BodySHA256: noBody}, s.u.c.Now())
	if errors.Is(err, store.ErrStale) {
		r.stale = true
		return
	}
	if err != nil {
		r.err = fmt.Errorf("begin to reject an event of %s: %w", s.dataset, err)
		return
	}
	s.settleRejected(r, b, f.row, f.problem)
}

func (s *sender) settleRejected(r *result, b store.Batch, row store.Row, problem event.Problem) {
	now := s.u.c.Now()
	settlement := store.Settlement{Batch: b.Number, Verdict: store.VerdictRejected, Reason: problem.Reason,
		Attempt: store.Attempt{EndedAt: now, End: capi.InvalidEvent.String(), Error: "not sent: " + problem.Error()}}
	if _, err := s.u.c.Store.Settle(s.local, settlement, now); err != nil {
		r.owed = &owed{settlement, now}
		r.err = fmt.Errorf("settle batch %d: %w", b.Number, err)
		return
	}
	r.rejected++
	r.tell(row, settlement.Attempt)
	r.wrong = append(r.wrong, charge{row.Source, cause{reason: problem.Reason, member: problem.Member}})
}

// beginAgain makes the next attempt of an open batch.
func (s *sender) beginAgain(r *result, b store.Batch) {
	rows, err := s.u.c.Store.BatchRows(s.local, b.Number)
	if err != nil {
		s.unreadable(r, b, err)
		return
	}
	now := s.u.c.Now()
	if problem, never := s.neverSent(b, rows, now); never {
		s.rejectAgain(r, b, rows[0], problem)
		return
	}
	if b.FirstMaybeAt.IsZero() && slices.ContainsFunc(rows, func(row store.Row) bool { return row.Halted }) {
		// What is halted waits for a person, and the others of the batch are planned anew.
		s.conclude(r, store.Settlement{Batch: b.Number, Verdict: store.VerdictReleased}, now)
		return
	}
	err = s.rebuild(s.u.c.Client, b, rows, now)
	switch {
	case errors.Is(err, errChanged):
		s.conclude(r, store.Settlement{Batch: b.Number, Verdict: store.VerdictHeld}, now)
	case len(s.late) == len(rows):
		r.lost = s.worth(rows, s.late)
		s.conclude(r, store.Settlement{Batch: b.Number, Verdict: store.VerdictExpired}, now)
	case len(s.late)+len(s.rows) < len(rows):
		// Something in it is found wrong now. None of it was ever possibly sent: let it be planned anew, which sets that apart.
		s.conclude(r, store.Settlement{Batch: b.Number, Verdict: store.VerdictReleased}, now)
	default:
		r.dropped, r.lost = len(s.late), s.worth(rows, s.late)
		again, err := s.u.c.Store.Retry(s.local, b.Number, s.late, s.hash, now)
		if errors.Is(err, store.ErrCorrupt) { // Check names it; it must not hold up the others
			r.stale = true
			return
		}
		s.began(r, fmt.Sprintf("begin batch %d again", b.Number))(again, err)
	}
}

// neverSent reports whether the batch is an event that was being rejected without a request when the process died.
func (s *sender) neverSent(b store.Batch, rows []store.Row, now time.Time) (event.Problem, bool) {
	n := len(b.Attempts)
	if n == 0 || len(rows) != 1 || b.Attempts[n-1].BodySHA256 != noBody {
		return event.Problem{}, false
	}
	return s.wrong(rows[0], now, checked)
}

// unreadable is for a batch whose rows cannot be read. Damage must not hold up the others: what was never possibly sent
// is released, and planned anew without the damaged row, which Check names; the rest is held for a person.
func (s *sender) unreadable(r *result, b store.Batch, err error) {
	switch {
	case errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrStale):
		r.stale = true
	case errors.Is(err, store.ErrCorrupt) && b.FirstMaybeAt.IsZero():
		s.conclude(r, store.Settlement{Batch: b.Number, Verdict: store.VerdictReleased}, s.u.c.Now())
	case errors.Is(err, store.ErrCorrupt):
		s.conclude(r, store.Settlement{Batch: b.Number, Verdict: store.VerdictHeld}, s.u.c.Now())
	default:
		r.err = fmt.Errorf("read the events of batch %d: %w", b.Number, err)
	}
}

func (s *sender) rejectAgain(r *result, b store.Batch, row store.Row, problem event.Problem) {
	b, err := s.u.c.Store.Retry(s.local, b.Number, nil, noBody, s.u.c.Now())
	if errors.Is(err, store.ErrStale) {
		r.stale = true
		return
	}
	if err != nil {
		r.err = fmt.Errorf("begin to reject an event of %s: %w", s.dataset, err)
		return
	}
	s.settleRejected(r, b, row, problem)
}

// conclude ends the batch instead of sending it.
func (s *sender) conclude(r *result, settlement store.Settlement, now time.Time) {
	b, err := s.u.c.Store.Conclude(s.local, settlement, now)
	if errors.Is(err, store.ErrStale) {
		r.stale = true
		return
	}
	if err != nil {
		r.err = fmt.Errorf("conclude batch %d: %w", settlement.Batch, err)
		return
	}
	r.batch, r.verdict = b, settlement.Verdict
}
