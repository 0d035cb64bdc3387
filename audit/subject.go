package audit

import (
	"context"
	"fmt"

	"capibara/store"
)

// Story tells the story of one event, by the number of its row.
func (r *Reader) Story(ctx context.Context, seq uint64) (EventStory, error) {
	e, err := r.store.Event(ctx, seq)
	if err != nil {
		return EventStory{}, fmt.Errorf("reading an event: %w", err)
	}
	return r.story(ctx, e)
}

// BackupsMade calls yield for what the audit log knows of copies of the ledger, oldest first.
func (r *Reader) BackupsMade(ctx context.Context, yield func(store.AuditEntry)) error {
	err := r.store.Audit(ctx, 1, func(e store.AuditEntry) bool {
		if e.Kind == "backup" || e.Kind == "restored" || e.Kind == "moved" {
			yield(e)
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("looking for backups in the audit log: %w", err)
	}
	return nil
}
