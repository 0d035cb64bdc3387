package importer

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"capibara/event"
	"capibara/store"
)

const (
	workers = 2
	// A chunk is committed when it has this many records, or this many bytes of events or of text: a record may be small
	// for the outbox and large in its file.
	chunkRecords = 10_000
	chunkBytes   = 4 << 20
	chunkText    = 8 << 20
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

	rejects rejectsFiles // once they are written

	watched []*watch // what the workers of a preview noted; nil in an import
	judged  error    // the refusal that a preview reads on after

	suppressed *event.Suppression // who was erased; nil for nobody
	forget     *forgetting        // nil for nobody
	refused    bool               // the file is wrong as a whole, and may not have been read to its end
}

// worker makes events of the records of a block.
type worker interface {
	work(b *block) error // a mistake in this program or trouble with the database, not with the file
}

// run reads the file and commits what its records become.
func (p *pass) run(ctx context.Context) error {
	if err := p.prepare(); err != nil {
		return err
	}
	for _, r := range p.in.remarks {
		p.report.warning(r.reason, r.line)
	}
	if err := p.checkGroups(ctx); err != nil {
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
		w := p.worker(reading)
		running.Go(func() {
			for b := range todo {
				b.err = safely(w, b)
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

// safely makes a mistake in this program, or in a library that reads a cell, an error of the one file that brought it to
// light: what else runs in this process goes on. What was being read stays out of the error.
func safely(w worker, b *block) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = fmt.Errorf("records %d to %d brought a mistake in this program to light: %T", b.first, b.first+uint64(len(b.spans))-1, failure)
		}
	}()
	return w.work(b)
}

// prepare finds out how the file is written and what its columns are.
func (p *pass) prepare() error {
	head, err := headOf(p.in)
	if err != nil {
		return err
	}
	headers, err := p.headers(head)
	if err != nil {
		return err
	}
	if p.mapping.grouped() && p.format != "csv" {
		return refuse("Export the file as CSV, or leave group_by out of the source: in JSON one record holds all its items.",
			"the source joins lines of CSV (group_by), and the file is %s", strings.ToUpper(p.format))
	}
	if p.bound, err = p.mapping.bind(headers, p.format != "csv"); err != nil {
		return err
	}
	p.report.report.Matching = p.bound.matching(p.format != "csv")
	if len(p.bound.slots) >= maxSlots {
		return refuse("Map fewer columns.", "the mapping uses more than %d columns", maxSlots)
	}
	if p.format == "csv" {
		return p.checkTable(head)
	}
	return nil
}

// headers finds out how the file is written, and returns its headers or the members of its first records.
func (p *pass) headers(head []byte) (headers []string, err error) {
	if p.format, err = p.formatOf(head); err != nil {
		return nil, err
	}
	if p.format != "csv" {
		return p.prepareJSON(head)
	}
	err = p.prepareTable(head)
	return p.sheet.headers, err
}

// cutter opens the file from its beginning.
func (p *pass) cutter() (cutter, io.Closer, error) {
	text, err := p.in.text()
	if err != nil {
		return nil, nil, err
	}
	if p.format == "csv" {
		lines := &csvCutter{dialect: p.sheet.dialect, window: newWindow(text), header: p.sheet.line}
		if p.mapping.grouped() {
			return p.groups(lines), text, nil
		}
		return lines, text, nil
	}
	cut, err := p.list.cutter(text)
	if err != nil {
		text.Close()
		return nil, nil, err
	}
	return cut, text, nil
}

func (p *pass) worker(ctx context.Context) worker {
	m := newMapper(p.bound, p.now)
	m.suppressed = p.suppressed
	m.people.find = func(keys []event.Hash) ([][]byte, error) { return p.im.c.Store.People(ctx, keys) }
	if p.watched != nil {
		m.watch = newWatch()
		p.watched = append(p.watched, m.watch)
	}
	if p.format == "csv" {
		w := newCSVWorker(m, p.sheet)
		if p.mapping.grouped() {
			return groupWorker{w}
		}
		return w
	}
	return newJSONWorker(m)
}

// read cuts the file and hands its blocks out, but for the records that an earlier import had done.
func (p *pass) read(ctx context.Context, cut cutter, order, todo chan<- *block) error {
	number := uint64(1)
	done := p.report.report.Resumed // the file's own count moves while this runs
	for more := true; more; {
		b := &block{done: make(chan struct{})}
		var err error
		if more, err = cut.next(b); err != nil {
			return err
		}
		b.first = number
		number += uint64(len(b.spans))
		if b.first <= done {
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

// finish completes the report with what the file has become.
func (p *pass) finish() Report {
	p.report.report.File = p.file
	p.report.report.Elapsed = p.im.c.Now().Sub(p.now)
	return p.report.result()
}
