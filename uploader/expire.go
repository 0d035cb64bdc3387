package uploader

import (
	"context"
	"fmt"
	"strings"
	"time"

	"capibara/store"
)

// expirePage is how many events expire in one transaction.
const expirePage = 5000

// Why events expired that were part of a batch.
const whyUnknown = "They were part of a batch that was not answered in time."

// expire moves the rows that are too late out of pending, once a pass, and only when the clock is known to be right.
func (p *pass) expire(ctx context.Context, l *lane) error {
	if l.expired {
		return nil
	}
	done, err := p.expireOf(ctx, l.Dataset, func(t store.Tally) string { return p.why(l, t) })
	l.expired = l.expired || done
	return err
}

// expireOf expires what is too late of a dataset; done is false while the clock is not known to be right.
func (p *pass) expireOf(ctx context.Context, d Dataset, why func(store.Tally) string) (done bool, err error) {
	if !p.clockRight || p.clockWrong {
		return false, nil
	}
	var all store.Tally
	for {
		late, err := p.u.c.Store.Expire(ctx, d.ID, p.now(), expirePage)
		if err != nil {
			return false, fmt.Errorf("expire events of %s: %w", d.Alias, err)
		}
		if late.Events == 0 {
			break
		}
		if all, err = all.Plus(late); err != nil {
			return false, fmt.Errorf("add up what expired of %s: %w", d.Alias, err)
		}
	}
	if all.Events > 0 {
		p.sum.Expired += int(all.Events)
		p.tooLate(d, all, why(all))
	}
	return true, nil
}

// lost tells of events that expired in an open batch. Their number is counted where the batch ends.
func (p *pass) lost(l *lane, t store.Tally, why string) {
	if t.Events > 0 {
		p.tooLate(l.Dataset, t, why)
	}
}

func (p *pass) tooLate(d Dataset, t store.Tally, why string) {
	p.sum.TooLate = append(p.sum.TooLate, TooLate{Dataset: d.Alias, Tally: t, Why: why})
	p.u.c.Log.Warn().Str("dataset", d.Alias).Uint64("events", t.Events).Str("worth", t.Worth()).Str("why", why).
		Msg("events became too old before they could be sent")
}

// why says what kept the events from being sent.
func (p *pass) why(l *lane, t store.Tally) string {
	c := l.found
	stopped := ""
	if c.State == store.CircuitOpen {
		stopped = fmt.Sprintf("Nothing was sent to the dataset since %s: %s.", c.Since.Format(time.RFC3339), strings.TrimSuffix(c.Reason, "."))
	}
	return reasons(t, stopped)
}

// reasons puts together what kept events from being sent; stopped is what kept the whole dataset from it, "" for nothing.
func reasons(t store.Tally, stopped string) string {
	var said []string
	if t.Halted > 0 {
		said = append(said, fmt.Sprintf("%d of them were halted, and nobody allowed them.", t.Halted))
	}
	switch {
	case stopped != "":
		said = append(said, stopped)
	case t.CameLate > 0:
		said = append(said, fmt.Sprintf("%d of them came in less than a day before they were too old: import more often.", t.CameLate))
	case t.Halted < t.Events:
		said = append(said, "No upload ran in time.")
	}
	if t.PhysicalStore > 0 {
		said = append(said, fmt.Sprintf("`window: 62d` at their source would have kept %d of them, which are sales in a store.", t.PhysicalStore))
	}
	return strings.Join(said, " ")
}
