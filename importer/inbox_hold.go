package importer

import "context"

// Hold waits until no pass is under way and lets none begin before release is called: nobody else touches the files meanwhile.
func (b *Inbox) Hold(ctx context.Context) (release func(), err error) {
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-b.turn:
	}
	return func() { b.turn <- struct{}{} }, nil
}
