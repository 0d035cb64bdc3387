package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"capibara/event"
)

// examination is one look at one file.
type examination struct {
	s       *Scrubber
	of      Origin
	pass    *pass // of a table or of JSON
	held    Held
	hits    map[uint64]bool // what is wanted: lines of a table, numbers of records of JSON
	regions []region        // of the text that hold it, in order
	unsure  []region        // those of records that are longer than one may be
}

// region is a stretch of the text of a file, without the mark at its beginning.
type region struct {
	start, end int64
	line       uint64
}

// maxRegion bounds the records, in bytes, that are looked at and blanked in memory.
const maxRegion = 64 << 20

// examine finds what a file holds.
func (s *Scrubber) examine(ctx context.Context, path string, of Origin) (*examination, error) {
	e := &examination{s: s, of: of, held: Held{Path: s.im.relative(path), Lines: []uint64{}}, hits: map[uint64]bool{}}
	if ext := strings.ToLower(filepath.Ext(path)); ext == ".html" || strings.HasSuffix(path, ".reason.txt") {
		return e, e.search(ctx, path, "it is a page")
	}
	err := e.open(ctx, path, of.Mapping)
	var no *refusal
	if errors.As(err, &no) && of.Mapping != nil { // its source may have changed, or the file be another one
		err = e.open(ctx, path, nil)
	}
	if errors.As(err, &no) {
		return e, e.search(ctx, path, "it cannot be read as a table")
	}
	if err != nil {
		return nil, err
	}
	if err := e.mapped(ctx); err != nil {
		return nil, err
	}
	if err := e.every(ctx); err != nil {
		return nil, err
	}
	return e, e.judge(ctx, path)
}

// open finds out how a file is written. m is nil when it is not known with which mapping it was read.
func (e *examination) open(ctx context.Context, path string, m *Mapping) error {
	how := reading{country: "us"}
	if m != nil {
		how = m.reading()
	} else {
		m = e.s.anybody
	}
	in, err := inspect(ctx, path, filepath.Base(path), how)
	if err != nil {
		return err
	}
	p := &pass{im: e.s.im, mapping: m, in: in, now: e.s.im.c.Now(), suppressed: e.s.w.People}
	head, err := headOf(in)
	if err != nil {
		return err
	}
	var headers []string
	if in.book != nil {
		p.format, p.sheet = "csv", m.sniffRows(head) // what is hidden in it is looked at as well
		headers = p.sheet.headers
	} else if headers, err = p.headers(head); err != nil {
		return err
	}
	if m != e.s.anybody {
		// Without its columns the records are looked at cell by cell.
		if p.bound, err = m.bind(headers, p.format != "csv"); err != nil || len(p.bound.slots) >= maxSlots {
			p.bound = nil
		}
	}
	e.pass = p
	return nil
}

// mapped finds the records that an import would skip: the columns say which cell is what.
func (e *examination) mapped(ctx context.Context) error {
	p := e.pass
	if p.bound == nil {
		return nil
	}
	cut, closer, err := p.cutter()
	if err != nil {
		return err
	}
	defer closer.Close()
	w := p.worker(ctx)
	number := uint64(1)
	for more := true; more; {
		b := &block{first: number}
		if more, err = cut.next(b); err != nil {
			return err
		}
		number += uint64(len(b.spans))
		if err := errors.Join(ctx.Err(), safely(w, b)); err != nil {
			return err
		}
		for i := range b.spans {
			if b.out.records[i].Reason == event.ReasonPersonErased {
				e.hit(b, i)
			}
		}
	}
	return nil
}

// hit notes that a record of a block is wanted.
func (e *examination) hit(b *block, i int) {
	if e.pass.format != "csv" {
		e.hits[b.first+uint64(i)] = true
		return
	}
	for _, line := range b.lines(i) {
		e.hits[line.line] = true
	}
}

// places notes what the ledger says. Of several records on one line of JSON the number tells which it is.
func (e *examination) places() map[Place]bool {
	known := map[Place]bool{}
	for _, at := range e.of.Places {
		if e.pass.format != "json" {
			at.Record = 0
		}
		known[at] = true
	}
	return known
}

// every looks at all records cell by cell, and finds where in the text those are that are wanted.
func (e *examination) every(ctx context.Context) error {
	cut, closer, err := e.lines()
	if err != nil {
		return err
	}
	defer closer.Close()
	known := e.places()
	number := uint64(0)
	long := false // the record before was too long, and ends where this one begins
	for more := true; more; {
		b := &block{}
		if more, err = cut.next(b); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for i, s := range b.spans {
			number++
			if long {
				e.unsure[len(e.unsure)-1].end, long = s.offset, false
			}
			at := Place{number, s.line}
			if e.pass.format != "json" {
				at.Record = 0
			}
			is := known[at] || e.hits[e.key(number, s.line)]
			where := region{s.offset, s.offset + int64(s.end-s.start), s.line}
			switch {
			case s.flag&(spanTooLarge|spanBroken) != 0:
				where.end, long = math.MaxInt64, true
				e.unsure = append(e.unsure, where)
			case is || e.about(b.record(i), s.flag):
				e.regions = append(e.regions, where)
			}
		}
	}
	return nil
}

func (e *examination) key(number, line uint64) uint64 {
	if e.pass.format == "csv" {
		return line
	}
	return number
}

// lines cuts the text into the records that are blanked one by one: of a table every line is, the header too, whatever record
// it belongs to.
func (e *examination) lines() (cutter, io.Closer, error) {
	p := e.pass
	if p.format != "csv" {
		return p.cutter()
	}
	text, err := p.in.text()
	if err != nil {
		return nil, nil, err
	}
	return &csvCutter{dialect: p.sheet.dialect, window: newWindow(text), header: p.sheet.line, all: true}, text, nil
}

// about reports whether the text of a record is about somebody who is wanted.
func (e *examination) about(text string, flag spanFlag) bool {
	return e.s.about(text, e.pass.format, e.pass.sheet.dialect, flag, e.pass.bound == nil)
}

func (s *Scrubber) about(text, format string, d dialect, flag spanFlag, ids bool) bool {
	if len(s.typed.texts) > 0 && s.typed.in([]byte(strings.ToLower(text)), 0, 0) {
		return true
	}
	if format == "csv" {
		return s.match.cells(lineValues(text, d, flag&spanStrayQuote != 0), ids)
	}
	return s.match.cells(jsonValues(text), ids)
}

// judge completes what is held, and finds out whether the rest of the file may stay.
func (e *examination) judge(ctx context.Context, path string) error {
	if err := e.lookAtLong(); err != nil {
		return err
	}
	for _, r := range e.regions {
		if e.held.Records++; len(e.held.Lines) < maxHeldLines {
			e.held.Lines = append(e.held.Lines, r.line)
		}
	}
	switch {
	case e.held.Whole != "":
	case e.pass.in.book != nil && len(e.regions) > 0:
		e.held.Whole = "a workbook cannot be scrubbed row by row"
	case e.pass.in.book != nil:
		return e.searchBook(ctx, path)
	case len(e.s.typed.texts) > 0 || len(e.regions) > 0:
		f := &finder{n: e.s.typed}
		if err := e.rewrite(ctx, io.Discard, f.add); errors.Is(err, errNoWayBack) {
			e.held.Whole = "its encoding cannot be written again"
		} else if err != nil {
			return err
		}
		if f.end() {
			e.held.Whole = "it names the person outside of its records"
		}
	}
	return nil
}

// lookAtLong looks at the records that are longer than one may be.
func (e *examination) lookAtLong() error {
	for _, r := range e.unsure {
		text, err := e.textOf(r)
		if err != nil {
			return err
		}
		switch about := e.about(string(text), spanStrayQuote); {
		case about && len(text) > maxRegion:
			e.held.Whole = "a record of it is too large to be scrubbed"
		case about:
			r.end = r.start + int64(len(text))
			e.regions = append(e.regions, r)
		}
	}
	slices.SortFunc(e.regions, func(x, y region) int { return int(min(1, max(-1, x.start-y.start))) })
	return nil
}

// textOf reads a region of the text, up to a little more than maxRegion.
func (e *examination) textOf(r region) ([]byte, error) {
	text, err := e.pass.in.text()
	if err != nil {
		return nil, err
	}
	defer text.Close()
	if _, err := io.CopyN(io.Discard, text, r.start); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(text, min(r.end-r.start, maxRegion+1)))
}

// search looks for what was typed in a file whose records cannot be told apart.
func (e *examination) search(ctx context.Context, path, why string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	find, wide := &finder{n: e.s.typed}, &finder{n: e.s.typed}
	err = chunks(ctx, f, func(chunk []byte, _ bool) {
		find.add(chunk)
		wide.add(slices.DeleteFunc(slices.Clone(chunk), func(b byte) bool { return b == 0 })) // UTF-16
	})
	if err != nil {
		return fmt.Errorf("read it: %w", err)
	}
	if find.end() || wide.end() {
		e.held.Whole = why
	}
	return nil
}
