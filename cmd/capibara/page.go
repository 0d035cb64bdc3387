package main

import (
	"context"
	"fmt"

	"capibara/audit"
	"capibara/audit/web"
	"capibara/store"
)

// pageLedger is what the page and the API ask of the running process, and what they have it do.
type pageLedger struct {
	house   *local
	waiting func() []string // what the inbox does not take, each a sentence
	url     func() string   // where the page is served; "" when it is not
	upload  func() error    // has an upload begin
}

// Status tells how things stand, the inbox included.
func (p *pageLedger) Status(ctx context.Context) (audit.Status, error) {
	st, err := p.house.Status(ctx)
	if err == nil {
		p.add(&st)
	}
	return st, explained(err)
}

// add adds what only the running process knows.
func (p *pageLedger) add(st *audit.Status) {
	addWaiting(st, p.waiting())
	st.Page = p.url()
}

// Overview tells how things stand and how they went lately, the inbox included.
func (p *pageLedger) Overview(ctx context.Context) (audit.Overview, error) {
	o, err := p.house.Overview(ctx)
	if err == nil {
		p.add(&o.Status)
	}
	return o, explained(err)
}

// Events returns a page of events.
func (p *pageLedger) Events(ctx context.Context, q audit.Query) (audit.List[audit.Event], error) {
	return asExplained(p.house.Events(visiting(ctx), q))
}

// Batches returns a page of batches.
func (p *pageLedger) Batches(ctx context.Context, q audit.Query) (audit.List[audit.Batch], error) {
	return asExplained(p.house.Batches(ctx, q))
}

// Files returns a page of imports.
func (p *pageLedger) Files(ctx context.Context, q audit.Query) (audit.List[audit.File], error) {
	return asExplained(p.house.Files(ctx, q))
}

// ShowEvent tells the story of the events with an event_id.
func (p *pageLedger) ShowEvent(ctx context.Context, id string) ([]audit.EventStory, error) {
	return asExplained(p.house.ShowEvent(ctx, id))
}

// ShowBatch tells the story of a batch.
func (p *pageLedger) ShowBatch(ctx context.Context, n uint64) (audit.BatchStory, error) {
	return asExplained(p.house.ShowBatch(ctx, n))
}

// ShowFile tells the story of an import, and how far it is while it is under way in this process.
func (p *pageLedger) ShowFile(ctx context.Context, n uint64) (audit.FileStory, error) {
	s, err := p.house.ShowFile(ctx, n)
	if err == nil {
		p.house.addProgress(&s)
	}
	return s, explained(err)
}

// Report reconciles a period.
func (p *pageLedger) Report(ctx context.Context, q audit.ReportQuery) (audit.Report, error) {
	return asExplained(p.house.Report(ctx, q, func(progress) {}))
}

// Find looks for what somebody typed.
func (p *pageLedger) Find(ctx context.Context, typed string) (audit.Found, error) {
	return asExplained(p.house.Find(visiting(ctx), typed))
}

// Rules are the sources in force, as the process read them when it started.
func (p *pageLedger) Rules(ctx context.Context) (audit.Rules, error) {
	return asExplained(p.house.Rules(ctx))
}

// Upload has an upload begin, and keeps in the audit log who asked for it. What may not be sent is said at once.
func (p *pageLedger) Upload(ctx context.Context, by string) error {
	if err := p.house.testimony.maySend(); err != nil {
		return err
	}
	if !p.house.passing.TryLock() {
		return web.ErrBusy
	}
	p.house.passing.Unlock()
	if err := p.house.db.Note(ctx, "upload_asked", fmt.Sprintf("by %s: an upload, on the page", by), p.house.now()); err != nil {
		return fmt.Errorf("keeping who asked for an upload: %w", err)
	}
	p.house.log.Info().Str("by", by).Msg("an upload was asked for on the page")
	return p.upload()
}

// Allow lets go what is halted.
func (p *pageLedger) Allow(ctx context.Context, k store.HaltKey, by string) (uint64, error) {
	return asExplained(p.house.Allow(ctx, k, by))
}

// visiting names who asks on the page as the one who calls, for the audit log.
func visiting(ctx context.Context) context.Context {
	if v, ok := web.Asking(ctx); ok {
		return context.WithValue(ctx, callerKey{}, v.Name)
	}
	return ctx
}

// asExplained gives an error the way out that commands have.
func asExplained[T any](v T, err error) (T, error) {
	return v, explained(err)
}
