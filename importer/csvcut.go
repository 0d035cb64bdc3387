package importer

import "bytes"

// dialect is how a CSV file is written.
type dialect struct {
	delimiter byte
	newline   byte // \n, or \r in files of old Macs
	columns   int  // of the header; 0 when they are not known
	book      bool // of a workbook: every record is a line, whatever breaks its cells hold, and has cells as far as it has values
	guarded   bool // it began as a rejects file: cells are as guard writes them, and quotation marks are in order
}

// csvCutter cuts CSV into records. A line break inside a quoted cell does not end a record; a quotation mark that is
// never closed, or closed in the middle of a cell, or that may as well be an inch mark whose cell ends where the next inch
// mark stands, costs the one line that it stands on: cutting goes on with the next.
type csvCutter struct {
	dialect
	window textWindow
	line   uint64 // physical lines cut so far
	header uint64 // line of the header; what is above is a title
	tail   bool   // an empty line was seen below the header
	all    bool   // the header is a record like any other
}

func (c *csvCutter) next(b *block) (bool, error) {
	c.window.begin()
	for !c.window.full(b) {
		rest := c.window.data[c.window.at:]
		if len(rest) == 0 || len(rest) < 2 && !c.window.eof {
			if more, err := c.window.more(); err != nil {
				return false, err
			} else if !more && len(rest) == 0 {
				c.window.finish(b)
				return false, nil
			}
			continue
		}
		cut := c.cut(rest, c.window.eof || len(rest) > maxRecord)
		if cut.next == 0 {
			if _, err := c.window.more(); err != nil {
				return false, err
			}
			continue
		}
		if err := c.emit(b, rest, cut); err != nil {
			return false, err
		}
	}
	c.window.finish(b)
	return true, nil
}

// csvCut is where a record ends and the next begins; next is 0 when more of the text must be read first.
type csvCut struct {
	end, next int
	flag      spanFlag
}

func (c *csvCutter) emit(b *block, rest []byte, cut csvCut) error {
	at := c.line + 1
	if c.book {
		c.line++
	} else {
		c.line += uint64(bytes.Count(rest[:cut.next], []byte{c.newline}))
	}
	if !c.book && cut.next == len(rest) && (cut.next == 0 || rest[cut.next-1] != c.newline) {
		c.line++ // the last line has no end
	}
	if at == c.header && !c.all {
		c.window.at += cut.next
		return nil
	}
	switch {
	case at < c.header:
		cut.flag |= spanTitle
	case c.tail:
		cut.flag |= spanTail
	case cut.end == 0:
		c.tail = true
	}
	endless := cut.end > maxRecord && cut.next == len(rest) && !c.window.eof
	if cut.end > maxRecord {
		cut.flag |= spanTooLarge
	}
	c.window.span(b, cut.end, cut.next, cut.flag, at)
	if endless {
		return c.window.skipLine(c.newline)
	}
	return nil
}

// cut finds the end of the record at the beginning of text. last says that there is no more to wait for.
func (c *csvCutter) cut(text []byte, last bool) csvCut {
	end := bytes.IndexByte(text, c.newline)
	line := text
	if end >= 0 {
		line = text[:end]
	}
	switch {
	case bytes.IndexByte(line, '"') >= 0:
		return c.cutQuoted(text, last)
	case end < 0 && !last:
		return csvCut{}
	}
	return c.firstLine(text, end, 0)
}

// firstLine makes a record of the first physical line, which ends at end, or with the text when end is negative.
func (c *csvCutter) firstLine(text []byte, end int, flag spanFlag) csvCut {
	if end < 0 {
		return csvCut{end: len(trimReturn(text)), next: len(text), flag: flag}
	}
	return csvCut{end: len(trimReturn(text[:end])), next: end + 1, flag: flag}
}

func trimReturn(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// cutQuoted goes from cell to cell, because a quotation mark counts only at the beginning of one.
func (c *csvCutter) cutQuoted(text []byte, last bool) csvCut {
	for at := 0; ; {
		if at < len(text) && text[at] == '"' {
			after := closing(text, at+1)
			switch {
			case after < 0 && !last, after >= len(text)-1 && !last:
				return csvCut{}
			case after < 0:
				return c.stray(text, last)
			}
			at = after
			if at < len(text) && text[at] == '\r' && c.newline == '\n' && (at+1 == len(text) || text[at+1] == '\n') {
				at++
			}
			if at == len(text) {
				if c.wholeLines(text) {
					return c.stray(text, last)
				}
				return c.firstLine(text, -1, 0)
			}
			if text[at] != c.delimiter && text[at] != c.newline {
				return c.stray(text, last)
			}
		} else {
			for at < len(text) && text[at] != c.delimiter && text[at] != c.newline {
				at++
			}
			if at == len(text) {
				if !last {
					return csvCut{}
				}
				return c.firstLine(text, -1, 0)
			}
		}
		if text[at] == c.newline {
			if c.wholeLines(text[:at]) {
				return c.stray(text, last)
			}
			return c.firstLine(text, at, 0)
		}
		at++
	}
}

// wholeLines reports whether every line of a record of several could be a record of its own, because it has as many
// delimiters as the header: a mark that opens a cell here (R1,"5 inch,10) and one that closes it on the next line (R2,6",20)
// would make one sale of two.
func (c *csvCutter) wholeLines(record []byte) bool {
	if c.book || c.guarded || c.columns < 2 || c.line < c.header || bytes.IndexByte(record, c.newline) < 0 {
		return false
	}
	for line := range bytes.SplitSeq(record, []byte{c.newline}) {
		if bytes.Count(line, []byte{c.delimiter}) != c.columns-1 {
			return false
		}
	}
	return true
}

// stray makes a record of the one line that a stray quotation mark costs.
func (c *csvCutter) stray(text []byte, last bool) csvCut {
	end := bytes.IndexByte(text, c.newline)
	if end < 0 && !last {
		return csvCut{}
	}
	return c.firstLine(text, end, spanStrayQuote)
}

// closing returns the place after the quotation mark that closes a cell whose text begins at at; negative when none does.
func closing(text []byte, at int) int {
	for {
		i := bytes.IndexByte(text[at:], '"')
		if i < 0 {
			return -1
		}
		at += i + 1
		if at >= len(text) || text[at] != '"' {
			return at
		}
		at++
	}
}
