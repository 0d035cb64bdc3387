package importer

import "context"

// Gather waits until a pass that began after it was called has found nothing that is still being written: what was dropped
// while nobody was there is then imported, as far as it can be. A file that waits for a person, or whose import failed, is
// not waited for. It makes no pass itself, and cuts none short: Run makes them. The error is that of the pass, or the
// context's when ctx is done before.
func (b *Inbox) Gather(ctx context.Context) error {
	b.mu.Lock()
	want := b.begun + 1
	for {
		if b.ended >= want {
			if !b.settling {
				defer b.mu.Unlock()
				return b.trouble
			}
			want = b.begun + 1
		}
		turned := b.turned
		b.mu.Unlock()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-turned:
		}
		b.mu.Lock()
	}
}

// begin counts a pass.
func (b *Inbox) begin() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.begun++
}

// end tells whoever waits that a pass has ended.
func (b *Inbox) end(settling bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ended, b.settling, b.trouble = b.begun, settling, err
	close(b.turned)
	b.turned = make(chan struct{})
}
