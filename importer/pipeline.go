package importer

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"capibara/event"
	"capibara/store"
)

const (
	workers = 2
	// A chunk is committed when it has this many records or bytes.
	chunkRecords = 10_000
	chunkBytes   = 4 << 20
	// blocksAhead is how many blocks may be under way, so that the workers go on during a commit: about half a chunk.
	blocksAhead = 10
)

// pass is one import of one file.
type pass struct {
	im      *Importer
	mapping *Mapping
	in      *input
	file    store.File
	now     time.Time
	report  *tally

	bound  *binding
	sheet  sheet // of a CSV file
	format string
	list   jsonList // of a JSON file
}

// worker makes events of the records of a block.
type worker interface {
	work(b *block)
}

// run reads the file and commits what its records become.
func (p *pass) run(ctx context.Context) error {
	if err := p.prepare(); err != nil {
		return err
	}
	cut, closer, err := p.cutter()
	if err != nil {
		return err
	}
	defer closer.Close()
	reading, stop := context.WithCancel(ctx)
	order := make(chan *block, blocksAhead)
	todo := make(chan *block, blocksAhead)
	var running sync.WaitGroup
	var readErr error
	running.Go(func() {
		readErr = p.read(reading, cut, order, todo)
		close(order)
		close(todo)
	})
	for range workers {
		w := p.worker()
		running.Go(func() {
			for b := range todo {
				w.work(b)
				close(b.done)
			}
		})
	}
	c := committer{pass: p}
	err = c.all(ctx, order)
	// A reader that failed closes the order early; its own error says more.
	stop()
	for range order {
	}
	running.Wait()
	if err == nil {
		err = readErr
	}
	if err == nil {
		err = p.in.unchanged()
	}
	if err == nil {
		err = c.last(ctx)
	}
	return err
}

// prepare finds out how the file is written and what its columns are.
func (p *pass) prepare() error {
	head, err := headOf(p.in)
	if err != nil {
		return err
	}
	p.format = p.mapping.formatOf(p.in.name, head)
	var headers []string
	if p.format == "csv" {
		p.sheet = p.mapping.sniffSheet(head)
		headers = p.sheet.headers
	} else if headers, err = p.prepareJSON(head); err != nil {
		return err
	}
	if p.bound, err = p.mapping.bind(headers, p.format != "csv"); err != nil {
		return err
	}
	if len(p.bound.slots) >= maxSlots {
		return refuse("Map fewer columns.", "the mapping uses more than %d columns", maxSlots)
	}
	return nil
}

// cutter opens the file from its beginning.
func (p *pass) cutter() (cutter, io.Closer, error) {
	text, err := p.in.text()
	if err != nil {
		return nil, nil, err
	}
	if p.format == "csv" {
		return &csvCutter{dialect: p.sheet.dialect, window: newWindow(text), header: p.sheet.line}, text, nil
	}
	cut, err := p.list.cutter(text)
	if err != nil {
		text.Close()
		return nil, nil, err
	}
	return cut, text, nil
}

func (p *pass) worker() worker {
	m := newMapper(p.bound, p.now)
	if p.format == "csv" {
		return newCSVWorker(m, p.sheet.dialect)
	}
	return newJSONWorker(m)
}

// read cuts the file and hands its blocks out, but for the records that an earlier import had done.
func (p *pass) read(ctx context.Context, cut cutter, order, todo chan<- *block) error {
	number := uint64(1)
	for more := true; more; {
		b := &block{done: make(chan struct{})}
		var err error
		if more, err = cut.next(b); err != nil {
			return err
		}
		b.first = number
		number += uint64(len(b.spans))
		if done := p.file.Counts.Records; b.first <= done {
			skip := min(uint64(len(b.spans)), done-b.first+1)
			b.spans, b.first = b.spans[skip:], b.first+skip
		}
		if len(b.spans) == 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case order <- b:
			todo <- b
		}
	}
	return nil
}

// committer commits blocks in their order.
type committer struct {
	*pass
	chunk   store.Chunk
	sums    []rowSum
	bytes   int
	useful  uint64 // records that are more than a blank line or a footer
	begun   bool   // something was committed, or need not be held against the limits
	seen    seenIDs
	shown   time.Time
	current Progress
}

// all commits every chunk but the last.
func (c *committer) all(ctx context.Context, order <-chan *block) error {
	c.begun = c.file.Counts.Records > 0
	c.current = Progress{Name: c.in.name, Records: c.file.Counts.Records, Total: c.in.size}
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
		if len(c.chunk.Records) >= chunkRecords || c.bytes >= chunkBytes {
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
		if err := c.judgeStart(); err != nil {
			return err
		}
		c.begun = true
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
	c.chunk.Records, c.sums, c.bytes = c.chunk.Records[:0], c.sums[:0], 0
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
		if fate == store.FateSkipped || fate == store.FateRejected {
			c.report.reason(fate, r)
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
			}
			row++
		}
	}
	report := &c.report.report
	report.Events += done.Events
	if room := maxConflicts - len(report.Conflicts); room > 0 {
		report.Conflicts = append(report.Conflicts, done.Conflicts[:min(room, len(done.Conflicts))]...)
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

// finish completes the report with what the file has become.
func (p *pass) finish() Report {
	p.report.report.File = p.file
	p.report.report.Elapsed = p.im.c.Now().Sub(p.now)
	return p.report.result()
}
