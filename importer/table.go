package importer

import (
	"bytes"
	"slices"
)

// formatOf decides how the file is written. A workbook is a table whatever its name.
func (p *pass) formatOf(head []byte) (string, error) {
	if p.in.book == nil {
		return p.mapping.formatOf(p.in.name, head), nil
	}
	if stated := p.mapping.source.Format; slices.Contains([]string{"json", "jsonl"}, stated) {
		return "", refuse("Leave format out for the source, or give workbooks a source of their own.", "the file is a workbook, and the source says format: %s", stated)
	}
	return "csv", nil
}

// prepareTable finds the header of a table.
func (p *pass) prepareTable(head []byte) error {
	if p.in.book == nil {
		p.sheet = p.mapping.sniffSheet(head)
		return nil
	}
	p.sheet = p.mapping.sniffRows(head)
	return p.in.book.fits(p.sheet.line)
}

// checkTable looks at the beginning of a table for what would be imported wrongly as a whole.
func (p *pass) checkTable(head []byte) error {
	c := csvCutter{dialect: p.sheet.dialect, window: newWindow(bytes.NewReader(head)), header: p.sheet.line}
	groups, ids := p.bound.watchGroups(), p.bound.watchIDs()
	for more := true; more; {
		b := &block{}
		var err error
		if more, err = c.next(b); err != nil {
			return err
		}
		for i := range b.spans {
			if b.spans[i].flag&(spanTitle|spanTooLarge|spanStrayQuote) != 0 {
				continue
			}
			cells := allCells(b.record(i), p.sheet.delimiter)
			groups.add(cells, b.spans[i].line)
			for _, w := range ids {
				w.add(cells)
			}
		}
	}
	if err := groups.grouped(); err != nil {
		return err
	}
	for _, w := range ids {
		if err := w.rounded(); err != nil {
			return err
		}
	}
	return nil
}
