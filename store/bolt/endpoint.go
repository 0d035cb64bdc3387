package bolt

import (
	"context"
	"fmt"
	"time"

	"capibara/store"
)

// endpointMark is the key in meta of what requests go to. A database that has sent nothing has no such key.
const endpointMark = "endpoint"

// Bind ties the ledger to what its requests go to.
func (d *DB) Bind(ctx context.Context, to store.Endpoint, now time.Time) (store.Binding, error) {
	b, err := d.bind(ctx, to, now)
	if err != nil {
		return b, fmt.Errorf("bind the ledger to %s: %w", to, err)
	}
	return b, nil
}

func (d *DB) bind(ctx context.Context, to store.Endpoint, now time.Time) (b store.Binding, err error) {
	if err := to.Check(); err != nil {
		return b, err
	}
	// It is asked before every request, and written once.
	if b, err = d.binding(ctx); err != nil {
		return b, err
	}
	if b.Endpoint == "" {
		err = d.change(ctx, func(t *txn) error {
			if b, err = t.binding(); err != nil || b.Endpoint != "" {
				return err
			}
			b = store.Binding{Endpoint: to, Since: stored(now)}
			if err := t.put(metaBucket, []byte(endpointMark), appendTime(appendText(unsealed(24), string(to)), now)); err != nil {
				return err
			}
			return t.audit(now, "bound", fmt.Sprintf("requests of this ledger go to %s from now on", to))
		})
		if err != nil {
			return store.Binding{}, err
		}
	}
	if b.Endpoint != to {
		return b, fmt.Errorf("%w: since %s it sends to %s", store.ErrBound, b.Since.Format(time.DateOnly), b.Endpoint)
	}
	return b, nil
}

// Bound returns the binding in force.
func (d *DB) Bound(ctx context.Context) (store.Binding, error) {
	b, err := d.binding(ctx)
	if err != nil {
		return b, fmt.Errorf("read what the ledger is bound to: %w", err)
	}
	return b, nil
}

func (d *DB) binding(ctx context.Context) (b store.Binding, err error) {
	err = d.read(ctx, func(t *txn) error {
		b, err = t.binding()
		return err
	})
	return b, err
}

func (t *txn) binding() (store.Binding, error) {
	body, err := t.get(metaBucket, []byte(endpointMark))
	if body == nil || err != nil {
		return store.Binding{}, err
	}
	d := decoder{b: body}
	b := store.Binding{Endpoint: store.Endpoint(d.text()), Since: d.time()}
	if !d.done() || b.Endpoint.Check() != nil {
		return store.Binding{}, damaged(metaBucket, []byte(endpointMark))
	}
	return b, nil
}
