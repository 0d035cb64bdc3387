package uploader

import (
	"context"
	"errors"
	"fmt"

	"capibara/store"
)

// tidy ends the open batches that can no longer be sent, in a lane that could not send them: what is of unknown fate
// beyond the resend window is held, and what is past every deadline expires.
func (p *pass) tidy(ctx context.Context, l *lane) error {
	if p.clockWrong {
		return nil
	}
	for n, b := range l.open {
		if p.windowOver(b) && (p.clockRight || p.now().After(b.FirstMaybeAt)) {
			if err := p.conclude(ctx, l, store.Settlement{Batch: n, Verdict: store.VerdictHeld}); err != nil {
				return err
			}
			continue
		}
		if !p.clockRight {
			continue
		}
		rows, err := p.allLate(ctx, n)
		if err != nil {
			return err
		}
		if rows != nil {
			seqs := make([]uint64, len(rows))
			for i, row := range rows {
				seqs[i] = row.Seq
			}
			p.lost(l, new(builder).worth(rows, seqs), whyUnknown)
			if err := p.conclude(ctx, l, store.Settlement{Batch: n, Verdict: store.VerdictExpired}); err != nil {
				return err
			}
		}
	}
	return nil
}

// allLate returns the rows of a batch when the deadline of every one has passed, else nil.
func (p *pass) allLate(ctx context.Context, n uint64) ([]store.Row, error) {
	rows, err := p.u.c.Store.BatchRows(ctx, n)
	if errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrStale) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the events of batch %d: %w", n, err)
	}
	now := p.now().Unix()
	for _, row := range rows {
		if row.Deadline > now {
			return nil, nil
		}
	}
	return rows, nil
}
