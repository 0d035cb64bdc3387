package bolt

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"capibara/store"
)

// prunedAtOnce bounds what one transaction of the retention takes out: what is sent waits for it meanwhile.
const prunedAtOnce = 10_000

// pruning is one transaction of the retention.
type pruning struct {
	*txn
	opened *sync.Map // DB.importing
	r      store.Retention
	now    time.Time
	budget int             // what may still be taken out
	to     lowWater        // how far it comes
	ended  map[uint32]bool // batches that were seen to have ended
	out    store.Pruned
	said   []string // what the audit entry says
	more   bool     // something was taken out that nobody counts
}

// Prune takes out what is older than the retention says.
func (d *DB) Prune(ctx context.Context, r store.Retention, now time.Time) (store.Pruned, error) {
	if !r.History.IsZero() && now.Sub(r.History) < store.MinHistory {
		return store.Pruned{}, fmt.Errorf("prune: events are kept for %d days at least, and %s is nearer", store.MinHistory/(24*time.Hour), r.History.UTC().Format(time.RFC3339))
	}
	var refunds [][]byte
	for {
		out, more, err := d.pruneOnce(ctx, r, refunds, now)
		if err != nil {
			return store.Pruned{}, fmt.Errorf("prune: %w", err)
		}
		if !out.Nothing() {
			return out, nil
		}
		if refunds = nil; more {
			continue
		}
		// They are in the order of their event_ids, so that finding the old ones is a walk through all of them: last, and without
		// holding anything up.
		if !r.History.IsZero() {
			refunds, err = d.oldRefunds(ctx, r.History)
		}
		if len(refunds) == 0 || err != nil {
			return out, err
		}
	}
}

// pruneOnce is one transaction. more says that something was taken out, counted or not.
func (d *DB) pruneOnce(ctx context.Context, r store.Retention, refunds [][]byte, now time.Time) (out store.Pruned, more bool, err error) {
	err = d.change(ctx, func(t *txn) error {
		p := &pruning{txn: t, opened: &d.importing, r: r, now: now, budget: d.pruneLimit(), ended: map[uint32]bool{}}
		low, err := t.removed()
		if err != nil {
			return err
		}
		p.to = *low
		if !r.History.IsZero() {
			for _, step := range []func() error{p.rows, p.batches, p.files, p.leftovers} {
				if err := step(); err != nil {
					return err
				}
			}
			if err := p.refunds(refunds); err != nil {
				return err
			}
		}
		if !r.Payload.IsZero() {
			if err := p.contents(); err != nil {
				return err
			}
		}
		out, more = p.out, p.more || !p.out.Nothing()
		if !more {
			return errNothingToCommit
		}
		return p.end()
	})
	if errors.Is(err, errNothingToCommit) {
		err = nil
	}
	return out, more, err
}

// pruneLimit is prunedAtOnce, unless a test asks for less.
func (d *DB) pruneLimit() int {
	if d.pruneAtOnce > 0 {
		return d.pruneAtOnce
	}
	return prunedAtOnce
}

// end writes how far the retention has come, and what was done into the audit log.
func (p *pruning) end() error {
	if before, err := p.removed(); err != nil {
		return err
	} else if *before != p.to {
		if before.row != p.to.row || before.file != p.to.file || before.batch != p.to.batch {
			p.to.at = stored(p.now)
		}
		if err := p.setRemoved(&p.to); err != nil {
			return err
		}
	}
	if len(p.said) == 0 {
		return nil
	}
	return p.audit(p.now, "pruned", strings.Join(p.said, "; "))
}

func (p *pruning) say(format string, args ...any) {
	p.said = append(p.said, fmt.Sprintf(format, args...))
}

// day writes a bound of the retention.
func day(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// allGone reports whether every one of the rows was removed.
func (p *pruning) allGone(seqs []uint64) bool { return p.to.removedAmong(seqs) == len(seqs) }

// batches removes the batches of which no row is left, up to the first that has to stay.
func (p *pruning) batches() error {
	last, err := p.lastBatch()
	if err != nil {
		return err
	}
	first := p.to.batch
	for ; p.to.batch <= last && p.budget > 0; p.budget-- {
		b, err := p.batch(p.to.batch)
		if errors.Is(err, store.ErrCorrupt) {
			break
		}
		if err != nil {
			return err
		}
		if b.State.Open() || !p.allGone(b.Seqs) || !p.allGone(b.dropped) {
			break
		}
		if err := p.delete(batchesBucket, numberKey(b.Number)); err != nil {
			return err
		}
		p.to.batch++
	}
	if p.out.Batches = p.to.batch - first; p.out.Batches > 0 {
		p.say("batches %d to %d", first, p.to.batch-1)
	}
	return nil
}
