package uploader

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/capi"
)

// maxBad is how many events of one source may be refused before the cause is taken to be its mapping: in one batch, or in a
// pass in which nothing of the source was acknowledged. It is well above what single records do.
const maxBad = 25

// cause is why an event was refused, by Meta or here.
type cause struct {
	code, subcode int
	reason        event.Reason // when it was found wrong here
	member        string       // at fault; "" when nobody knows
}

func causeOf(o capi.Outcome) cause {
	c := cause{member: o.Member}
	if o.Err != nil {
		c.code, c.subcode = o.Err.Code, o.Err.Subcode
	}
	return c
}

// String says it without a value of a record, and without Meta's own words.
func (c cause) String() string {
	if c.reason != "" {
		return fmt.Sprintf("%s (%s)", c.reason, strings.TrimSuffix(c.reason.Sentence(), "."))
	}
	number := fmt.Sprint(c.code)
	if c.subcode != 0 {
		number += fmt.Sprintf("/%d", c.subcode)
	}
	if entry, ok := capi.Explain(c.code, c.subcode); ok {
		return fmt.Sprintf("%s (%s)", number, strings.TrimSuffix(entry.Cause, "."))
	}
	return number
}

// charge is one refused event.
type charge struct {
	source string
	cause
}

// charges are the refused events of one source.
type charges struct {
	n  int
	of map[cause]int
}

func (c *charges) add(why cause) {
	if c.of == nil {
		c.of = map[cause]int{}
	}
	c.n++
	c.of[why]++
}

// most is the cause of most of them.
func (c *charges) most() (why cause, all bool) {
	for _, one := range slices.SortedFunc(maps.Keys(c.of), func(a, b cause) int {
		return cmp.Or(cmp.Compare(c.of[b], c.of[a]), cmp.Compare(a.subcode, b.subcode), cmp.Compare(a.reason, b.reason), cmp.Compare(a.member, b.member))
	}) {
		return one, len(c.of) == 1
	}
	return why, true
}

// refusals is what was refused in one lane and one pass. A pass that goes on where another ended counts anew: what was refused
// stays rejected, and the rest is found out again.
type refusals struct {
	inPass map[string]*charges            // by source
	inRoot map[uint64]map[string]*charges // by the batch that was planned
	sizes  map[uint64]map[string]int      // events of those batches by source, where it is known
	begun  map[string]int                 // events of a source that were begun or refused here in this pass
	fine   map[string]bool                // something of the source was acknowledged
	halted map[string]bool                // by this pass
}

func newRefusals() refusals {
	return refusals{inPass: map[string]*charges{}, inRoot: map[uint64]map[string]*charges{}, sizes: map[uint64]map[string]int{},
		begun: map[string]int{}, fine: map[string]bool{}, halted: map[string]bool{}}
}

func (f *refusals) add(root uint64, one charge) {
	if f.inRoot[root] == nil {
		f.inRoot[root] = map[string]*charges{}
	}
	for _, by := range []map[string]*charges{f.inPass, f.inRoot[root]} {
		if by[one.source] == nil {
			by[one.source] = &charges{}
		}
		by[one.source].add(one.cause)
	}
}

// began notes how many events of each source a batch was planned with, and how many of them were begun or found wrong.
func (f *refusals) began(root uint64, planned []store.Row, of map[string]int, wrong []charge) {
	f.sizes[root] = bySource(planned)
	for source, n := range of {
		f.begun[source] += n
	}
	for _, one := range wrong {
		f.begun[one.source]++
	}
}

func bySource(rows []store.Row) map[string]int {
	of := map[string]int{}
	for _, row := range rows {
		of[row.Source]++
	}
	return of
}

// onlySource is the source of a batch of one.
func (r result) onlySource() string {
	for source := range r.of {
		return source
	}
	return ""
}

// rejectAll rejects the rows that are found wrong. over says that there are too many of one source: nothing is begun, and the
// lane halts it. The rest of its rows stay as they are, so that a person may still replace or withdraw them.
func (s *sender) rejectAll(r *result) (over bool) {
	n := map[string]int{}
	for _, f := range s.refused {
		if n[f.row.Source] > maxBad && f.row.Source != "" {
			over = true
			continue
		}
		if s.reject(r, f); r.err != nil {
			return over
		}
		n[f.row.Source]++
		over = over || n[f.row.Source] > maxBad && f.row.Source != ""
	}
	return over
}

// weigh counts what an attempt showed about the sources of its events, and halts one that looks wrong as a whole.
func (p *pass) weigh(ctx context.Context, l *lane, w work, r result) {
	f := &l.refusals
	n := cmp.Or(r.batch.Number, w.batch.Number)
	root := cmp.Or(l.rootOf[n], n)
	if len(w.rows) > 0 {
		f.began(root, w.rows, r.of, r.wrong)
	}
	found := r.wrong
	switch {
	case !r.sent:
	case r.verdict == store.VerdictAcknowledged:
		for source := range r.of {
			f.fine[source] = true
		}
	case r.verdict == store.VerdictRejected:
		found = append(found, charge{r.onlySource(), causeOf(r.outcome)})
	}
	for _, one := range found {
		f.add(root, one)
	}
	for _, one := range found {
		in, pass := f.inRoot[root][one.source], f.inPass[one.source]
		switch {
		case one.source == "" || f.halted[one.source]:
		case in.n > maxBad:
			p.isolate(ctx, l, one.source, in, f.sizes[root][one.source])
		case pass.n > maxBad && !f.fine[one.source]:
			p.isolate(ctx, l, one.source, pass, f.begun[one.source])
		}
	}
	delete(f.inRoot, 0) // of a batch that was never begun
}

// isolate halts a source: of so many of its events those in c were refused. The halt is on disk before anything is released,
// so that nothing of it is planned again.
func (p *pass) isolate(ctx context.Context, l *lane, source string, c *charges, of int) {
	reason := p.u.blame(source, c, of)
	h := store.Halt{HaltKey: store.HaltKey{Kind: store.HaltSource, Source: source}, Reason: reason}
	if err := p.u.c.Store.Halt(context.WithoutCancel(ctx), h, p.now()); err != nil {
		if p.err == nil {
			p.err = fmt.Errorf("halt source %s: %w", source, err)
		}
		return
	}
	l.refusals.halted[source] = true
	p.sum.Halted = append(p.sum.Halted, Halted{Source: source, Dataset: l.Alias, Reason: reason})
	p.u.c.Log.Error().Str("source", source).Str("dataset", l.Alias).Int("refused", c.n).Str("why", reason).
		Msg("stopped sending the events of a source until somebody allows it")
	l.planned = p.giveBack(l) // some of it may be of the source
}

// blame is the sentence about a source of whose events so many were refused.
func (u *Uploader) blame(source string, c *charges, of int) string {
	why, all := c.most()
	what := fmt.Sprintf(" of source %s:", source)
	if column := u.c.Column(source, why.member); column != "" && why.member != "" {
		what = fmt.Sprintf(": column %q of source %s;", column, source)
	}
	most := ""
	if !all {
		most = ", most of them"
	}
	return fmt.Sprintf("This looks like a wrong mapping%s %d of %d events were refused%s with %s.", what, c.n, max(of, c.n), most, why)
}

// suspect adds a batch of one that was refused without evidence.
func (s *bisection) suspect(n uint64, c charge) {
	s.suspects = append(s.suspects, n)
	if s.charges == nil {
		s.charges = map[uint64]charge{}
	}
	s.charges[n] = c
}

// source is the one source that more suspects are from than single records account for, while nothing was acknowledged and the
// account was probed; "" when there is none.
func (s *bisection) source() string {
	if s.evidence || s.parked || len(s.suspects) <= maxBad {
		return ""
	}
	n := map[string]int{}
	for _, suspect := range s.suspects {
		source := s.charges[suspect].source
		if n[source]++; n[source] > maxBad {
			return source
		}
	}
	return ""
}

// chargeOf is what a suspect of an earlier pass is refused for.
func (u *Uploader) chargeOf(ctx context.Context, b store.Batch) charge {
	last := b.Attempts[len(b.Attempts)-1]
	c := charge{cause: cause{code: last.Code, subcode: last.Subcode}}
	if entry, ok := capi.Explain(last.Code, last.Subcode); ok {
		c.member = entry.Member
	}
	if rows, err := u.c.Store.BatchRows(ctx, b.Number); err == nil && len(rows) == 1 {
		c.source = rows[0].Source
	}
	return c
}

// isolateSuspects halts the source of the suspects of a bisection in which nothing was acknowledged, and puts them back: nothing
// is rejected. Its other parts are looked at when their turn comes.
func (p *pass) isolateSuspects(ctx context.Context, l *lane, s *bisection, source string) error {
	c := &charges{}
	var back, left []uint64
	for _, n := range s.suspects {
		if s.charges[n].source != source {
			left = append(left, n)
			continue
		}
		c.add(s.charges[n].cause)
		if l.open[n].FirstMaybeAt.IsZero() {
			back = append(back, n)
		} else {
			left = append(left, n) // it may have arrived, and stays itself
			s.parked = true
		}
	}
	if !l.refusals.halted[source] {
		if p.isolate(ctx, l, source, c, l.refusals.sizes[s.root][source]); p.err != nil {
			return p.err
		}
	}
	for _, n := range back {
		if err := p.conclude(ctx, l, store.Settlement{Batch: n, Verdict: store.VerdictReleased}); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	s.suspects = left
	if p.membersOf(l, s) == 0 {
		delete(l.bisections, s.root)
	}
	return nil
}
