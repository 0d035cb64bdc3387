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
		late, err := p.allLate(ctx, n)
		if err != nil {
			return err
		}
		if late {
			if err := p.conclude(ctx, l, store.Settlement{Batch: n, Verdict: store.VerdictExpired}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pass) allLate(ctx context.Context, n uint64) (bool, error) {
	rows, err := p.u.c.Store.BatchRows(ctx, n)
	if errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrStale) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the events of batch %d: %w", n, err)
	}
	now := p.now().Unix()
	for _, row := range rows {
		if row.Deadline > now {
			return false, nil
		}
	}
	return true, nil
}
