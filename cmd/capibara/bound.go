package main

import (
	"context"
	"errors"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// boundOutbox is the outbox of an uploader. The first request that carries events binds the ledger to what it goes to:
// neither a probe nor a pass that finds nothing to send does. No request begins while it is in doubt whether this is the
// ledger that sent last, and the witness outside of it covers the intent before the first request of a pass leaves.
type boundOutbox struct {
	*bolt.DB
	config    *config
	testimony *testimony
}

// Plan returns rows to send. What is bound to the other endpoint is not even planned, so that a dry run says so too.
func (b boundOutbox) Plan(ctx context.Context, q store.PlanQuery) ([]store.Row, error) {
	if err := unbound(ctx, b.DB, b.config); err != nil {
		return nil, err
	}
	return b.DB.Plan(ctx, q)
}

// Begin journals the intent to send.
func (b boundOutbox) Begin(ctx context.Context, in store.Intent, now time.Time) (store.Batch, error) {
	if err := b.bind(ctx, now); err != nil {
		return store.Batch{}, err
	}
	begun, err := b.DB.Begin(ctx, in, now)
	if err == nil {
		b.testimony.keepLately(ctx)
	}
	return begun, err
}

// Retry journals the intent to send an open batch again.
func (b boundOutbox) Retry(ctx context.Context, batch uint64, drop []uint64, body event.Hash, now time.Time) (store.Batch, error) {
	if err := b.bind(ctx, now); err != nil {
		return store.Batch{}, err
	}
	begun, err := b.DB.Retry(ctx, batch, drop, body, now)
	if err == nil {
		b.testimony.keepLately(ctx)
	}
	return begun, err
}

func (b boundOutbox) bind(ctx context.Context, now time.Time) error {
	if err := b.testimony.maySend(); err != nil {
		return err
	}
	binding, err := b.Bind(ctx, b.config.endpoint(), now)
	if errors.Is(err, store.ErrBound) {
		return b.config.boundError(binding)
	}
	return err
}

// endpoint is what requests go to.
func (c *config) endpoint() store.Endpoint {
	if c.rehearses() {
		return store.EndpointRehearsal
	}
	return store.EndpointMeta
}

// unbound refuses to work with a ledger that is bound to the other endpoint, before anything is asked of anybody.
func unbound(ctx context.Context, db *bolt.DB, c *config) error {
	binding, err := db.Bound(ctx)
	if err != nil || binding.Endpoint == "" || binding.Endpoint == c.endpoint() {
		return err
	}
	return c.boundError(binding)
}

// boundError says why nothing is sent to the configured endpoint, and what to do instead.
func (c *config) boundError(b store.Binding) error {
	day := b.Since.In(c.zone).Format(time.DateOnly)
	if b.Endpoint == store.EndpointRehearsal {
		return failed("begin a home of its own with `capibara init --home FOLDER`, and import the files there again",
			"this home rehearsed against a stand-in on %s, and what the stand-in acknowledged counts as sent; nothing of it goes to Meta", day)
	}
	return failed("rehearse in a home of its own: `capibara init --home FOLDER`; for Meta unset CAPIBARA_GRAPH_BASE_URL and graph.base_url",
		"this home sends to Meta since %s, and requests would go to %s: what a stand-in acknowledges would count as sent, and Meta would never see it",
		day, c.Graph.BaseURL)
}
