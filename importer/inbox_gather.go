package importer

import (
	"context"
	"time"
)

// Gather makes passes until one has found nothing that is still being written: what was dropped while nobody was there is
// then imported, as far as it can be. A file that waits for a person, or whose import failed, is not waited for. The error
// is that of the last pass, or the context's when ctx is done before.
func (b *Inbox) Gather(ctx context.Context) error {
	for {
		_, err := b.Sweep(ctx)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		b.mu.Lock()
		settling := b.settling
		b.mu.Unlock()
		if !settling {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(b.c.Poll):
		}
	}
}
