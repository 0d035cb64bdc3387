package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capibara/store"
)

// The columns that a rejects file has beside those of the record. On the way back in they are no data.
const (
	columnLine   = "capibara_line"   // where the record stands in the file that it came from
	columnReason = "capibara_reason" // why it was rejected
	columnFix    = "capibara_fix"    // what to do about it
	columnFile   = "capibara_file"   // the number of the file that it came from
)

func ownColumns() []string { return []string{columnLine, columnReason, columnFix, columnFile} }

// ownColumn returns which of our own columns a header is, "" when it is none of them.
func ownColumn(header string) string {
	f := fold(header)
	i := slices.IndexFunc(ownColumns(), func(own string) bool { return fold(own) == f })
	if i < 0 {
		return ""
	}
	return ownColumns()[i]
}

// fromRejects reports whether a file with these headers began as a rejects file, so that its cells are guarded.
func fromRejects(headers []string) bool {
	return slices.ContainsFunc(headers, func(h string) bool { return ownColumn(h) != "" })
}

// ownAmong tells which columns of a file that began as rejects are ours; nil for any other file.
func ownAmong(s sheet) []bool {
	if !s.guarded {
		return nil
	}
	own := make([]bool, len(s.headers))
	for i, h := range s.headers {
		own[i] = ownColumn(h) != ""
	}
	return own
}

// emptyBut reports whether a line holds nothing but what we wrote, as the one does that stands for a record which was too
// large to be written.
func emptyBut(cells []string, own []bool) bool {
	for i, cell := range cells {
		if cell != "" && (i >= len(own) || !own[i]) {
			return false
		}
	}
	return own != nil
}

// mended returns the number of the file whose rejected records this file brings back. It is 0 when the file does not say so,
// when its records do not agree, or when there is no such file with rejected records: a wrong link is worse than none. It
// reads the file once more, and only one that has the column.
func (p *pass) mended(ctx context.Context) (uint64, error) {
	if p.bound == nil || !slices.ContainsFunc(p.bound.headers, func(h string) bool { return ownColumn(h) == columnFile }) {
		return 0, nil
	}
	n, err := p.statedFile(ctx)
	if err != nil {
		return 0, fmt.Errorf("look which file %s mends: %w", p.file.Name, err)
	}
	if n == 0 || n >= p.file.Number {
		return 0, nil
	}
	switch first, err := p.im.c.Store.File(ctx, n); {
	case errors.Is(err, store.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("look which file %s mends: %w", p.file.Name, err)
	case first.Counts.Rejected == 0:
		return 0, nil
	}
	return n, nil
}

// statedFile is the number that every record states under capibara_file, 0 when they do not agree. A record without one,
// which somebody added, says nothing.
func (p *pass) statedFile(ctx context.Context) (uint64, error) {
	cut, closer, err := p.cutter()
	if err != nil {
		return 0, err
	}
	defer closer.Close()
	read := p.fileReader()
	var stated uint64
	for more := true; more; {
		b := &block{}
		if more, err = cut.next(b); err != nil {
			return 0, err
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		for i := range b.spans {
			text := trimSpace(read(b.record(i)))
			if b.spans[i].flag&^spanTail != 0 || text == "" {
				continue
			}
			n, err := strconv.ParseUint(text, 10, 64)
			if err != nil || stated != 0 && n != stated {
				return 0, nil
			}
			stated = n
		}
	}
	return stated, nil
}

// fileReader returns what reads the text under capibara_file from a record.
func (p *pass) fileReader() func(record string) string {
	if p.format == "csv" {
		column := slices.IndexFunc(p.sheet.headers, func(h string) bool { return ownColumn(h) == columnFile })
		return func(record string) string {
			for at, more := 0, true; more; at++ {
				var text string
				if text, record, more = nextCell(record, p.sheet.delimiter); at == column {
					return text
				}
			}
			return ""
		}
	}
	var found string
	reader := newFlattener(func(path []byte) int {
		if string(path) == columnFile {
			return 0
		}
		return -1
	}, func(_ int, value string, _ cellKind) { found = strings.Clone(value) })
	return func(record string) string {
		found = ""
		reader.record(record)
		return found
	}
}
