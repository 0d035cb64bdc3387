package importer

import (
	"context"
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// committer commits blocks in their order.
type committer struct {
	*pass
	chunk   store.Chunk
	sums    []rowSum
	warned  []warned
	bytes   int    // of events in the chunk
	text    int    // of the blocks that they came from
	useful  uint64 // records that are more than a blank line or a footer
	begun   bool   // something was committed, or need not be held against the limits
	seen    seenIDs
	stand   standing
	shown   time.Time
	current Progress
}

// all commits every chunk but the last.
func (c *committer) all(ctx context.Context, order <-chan *block) error {
	c.begun = c.file.Counts.Records > 0
	c.current = Progress{Name: c.in.name, Records: c.file.Counts.Records, Total: c.in.length}
	for b := range order {
		select {
		case <-b.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if b.err != nil {
			return b.err
		}
		c.add(b)
		if len(c.chunk.Records) >= chunkRecords || c.bytes >= chunkBytes || c.text >= chunkText {
			if err := c.commit(ctx); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// last commits what is left.
func (c *committer) last(ctx context.Context) error {
	if err := c.commit(ctx); err != nil {
		return err
	}
	c.shown = time.Time{}
	c.progress()
	if c.useful == 0 && c.report.report.Resumed == 0 {
		return errEmpty()
	}
	return nil
}

func (c *committer) add(b *block) {
	if len(c.chunk.Records) == 0 {
		c.chunk.First = b.first
	}
	c.chunk.Records = append(c.chunk.Records, b.out.records...)
	c.sums = append(c.sums, b.out.sums...)
	c.warned = append(c.warned, b.out.warned...)
	c.text += len(b.text)
	for i := range b.out.rows {
		c.bytes += len(b.out.rows[i].Payload)
	}
	c.current.Bytes = b.bytes
}

func (c *committer) commit(ctx context.Context) error {
	if len(c.chunk.Records) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !c.begun {
		if err := c.judgeStart(); err != nil && c.watched == nil {
			return err
		} else if err != nil {
			c.judged = err
		}
		c.begun = true
	}
	if c.mapping.withdraw {
		c.stand.spare(c.chunk.Records)
	}
	done, err := c.im.c.Store.Import(ctx, c.file.Number, c.chunk, c.im.c.Now())
	if err != nil {
		return fmt.Errorf("commit records %d to %d: %w", c.chunk.First, c.chunk.First+uint64(len(c.chunk.Records))-1, err)
	}
	if len(done.Fates) != len(c.chunk.Records) || len(done.Accepted) != len(c.sums) {
		return fmt.Errorf("commit records from %d: the database answered for %d of %d records", c.chunk.First, len(done.Fates), len(c.chunk.Records))
	}
	c.count(done)
	// Cleared, so that nothing of the chunk outlives it.
	clear(c.chunk.Records)
	clear(c.sums)
	c.chunk.Records, c.sums, c.warned, c.bytes = c.chunk.Records[:0], c.sums[:0], c.warned[:0], 0
	c.text = 0
	c.progress()
	return nil
}

// count adds the fates of a chunk to the report.
func (c *committer) count(done store.ImportResult) {
	row := 0
	for i := range c.chunk.Records {
		r := &c.chunk.Records[i]
		fate := done.Fates[i]
		c.file.Counts.Add(fate, 1)
		if why, taken := done.TakenBack[i]; taken {
			r.Reason = why
		}
		if fate == store.FateSkipped || fate == store.FateRejected {
			c.report.reason(fate, r)
		}
		if fate == store.FateExpired {
			c.report.tooLate(r.Line)
		}
		if !idle(r.Reason) {
			c.useful++
		}
		for j := range r.Rows {
			for _, w := range r.Rows[j].Warnings {
				c.report.warning(w, r.Line)
			}
			if c.seen.again(&r.Rows[j], done.Accepted[row] || fate == store.FateExpired) {
				c.report.warning(event.ReasonSameIDTwice, r.Line)
			}
			if done.Accepted[row] {
				c.report.sum(c.sums[row])
				if r.Rows[j].Halt {
					c.report.large(r.Line)
				} else if r.Rows[j].NotBefore != 0 {
					c.report.report.Waiting++
				}
			}
			row++
		}
	}
	for _, w := range c.warned {
		c.report.warning(w.reason, w.line)
	}
	report := &c.report.report
	report.Events += done.Events
	if room := maxConflicts - len(report.Conflicts); room > 0 {
		report.Conflicts = append(report.Conflicts, done.Conflicts[:min(room, len(done.Conflicts))]...)
	}
	c.report.takenBack(done)
	report.Replacing += uint64(len(done.Replaced))
	for _, x := range done.Replaced {
		if x.Withdrawn {
			report.Correcting++
		}
	}
	if room := maxConflicts - len(report.Replaced); room > 0 {
		report.Replaced = append(report.Replaced, done.Replaced[:min(room, len(done.Replaced))]...)
	}
	c.current.Records = c.file.Counts.Records
}

// progress tells how far the import is, a few times a second at most.
func (c *committer) progress() {
	if now := c.im.c.Now(); c.im.c.Progress != nil && now.Sub(c.shown) >= 200*time.Millisecond {
		c.shown = now
		c.im.c.Progress(c.current)
	}
}
