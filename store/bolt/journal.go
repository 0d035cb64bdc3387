package bolt

import (
	"context"
	"errors"
	"fmt"

	"capibara/store"
)

// change is one Begin, Retry, Settle or Conclude that waits for its commit.
type change struct {
	// prepare validates everything and changes nothing; what it returns carries the change out. A change that fails to
	// validate hurts no other one of its group.
	prepare func(*txn) (apply func() (store.Batch, error), err error)
	batch   store.Batch
	err     error
	done    chan struct{}
}

// maxGroup bounds the changes of one transaction.
const maxGroup = 64

func (d *DB) startJournal() {
	d.journal, d.stopped = make(chan *change, maxGroup), make(chan struct{})
	go func() {
		defer close(d.stopped)
		for first := range d.journal {
			group := []*change{first}
			for waiting := true; waiting && len(group) < maxGroup; {
				select {
				case next, open := <-d.journal:
					if open {
						group = append(group, next)
					}
					waiting = open
				default:
					waiting = false
				}
			}
			d.commitGroup(group)
			for _, c := range group {
				close(c.done)
			}
		}
	}()
}

// commitGroup carries out changes in one transaction: what costs is the commit, not the change. When carrying one out
// fails, each is tried by itself.
func (d *DB) commitGroup(group []*change) {
	err := d.update(func(t *txn) error {
		applied := 0
		for _, c := range group {
			var apply func() (store.Batch, error)
			if apply, c.err = c.prepare(t); c.err != nil {
				continue
			}
			if c.batch, c.err = apply(); c.err != nil {
				return c.err
			}
			applied++
		}
		if applied == 0 {
			return errNothingToCommit
		}
		return nil
	})
	switch {
	case err == nil || errors.Is(err, errNothingToCommit):
	case len(group) == 1:
		group[0].err = err
	default:
		for _, c := range group {
			d.commitGroup([]*change{c})
		}
	}
}

// errNothingToCommit ends a transaction in which no change was valid.
var errNothingToCommit = errors.New("nothing to commit")

// journalled hands a change to the journal and waits for it. A ctx that ends while it waits does not cut it short: the
// change may be committed already, and the caller must know.
func (d *DB) journalled(ctx context.Context, prepare func(*txn) (func() (store.Batch, error), error)) (store.Batch, error) {
	if err := ctx.Err(); err != nil {
		return store.Batch{}, err
	}
	if d.readOnly {
		return store.Batch{}, fmt.Errorf("the database is open for reading only")
	}
	c := &change{prepare: prepare, done: make(chan struct{})}
	d.closing.RLock()
	if d.closed {
		d.closing.RUnlock()
		return store.Batch{}, errClosed
	}
	d.journal <- c
	d.closing.RUnlock()
	<-c.done
	if c.err != nil {
		return store.Batch{}, c.err
	}
	return c.batch, nil
}
