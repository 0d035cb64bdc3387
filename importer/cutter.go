package importer

import (
	"bytes"
	"fmt"
	"io"
)

// The bounds that keep memory bounded.
const (
	maxRecord    = 1 << 20   // bytes of one record
	blockBytes   = 256 << 10 // of text in a block, about
	blockRecords = 4000
)

// spanFlag says what the cutter found out about a record.
type spanFlag uint8

const (
	spanStrayQuote spanFlag = 1 << iota // a quotation mark is never closed, or closed in the middle of a cell
	spanTooLarge                        // longer than maxRecord; its text is not there
	spanTitle                           // above the header
	spanTail                            // below an empty line
	spanBroken                          // JSON whose end cannot be found: the file ends in the middle, or goes on after its end
)

// span is one record in the text of a block.
type span struct {
	start, end int32
	flag       spanFlag
	group      int32  // of a record of several lines, of which this is the first: its number in the block, from 1
	line       uint64 // physical line where it starts
	offset     int64  // where it starts in the text of the file
}

// block is a run of whole records.
type block struct {
	text  string
	spans []span
	first uint64 // number of the first record
	bytes int64  // of text read up to its end

	groups []lineGroup // records of several lines; none without group_by

	out  output
	err  error // a mistake in this program or trouble with the database, not with the file
	done chan struct{}
}

func (b *block) record(i int) string { return b.slice(b.spans[i]) }

func (b *block) slice(s span) string { return b.text[s.start:s.end] }

// lines are the lines of a record; a record that is none of several has one.
func (b *block) lines(i int) []span {
	if group := b.spans[i].group; group > 0 {
		return b.groups[group-1].lines
	}
	return b.spans[i : i+1]
}

// cutter cuts a text into blocks of whole records. next fills the block and reports false at the end of the text; a
// block without records is possible.
type cutter interface {
	next(b *block) (more bool, err error)
}

// textWindow is a stretch of the text in memory.
type textWindow struct {
	source io.Reader
	step   int    // bytes read at once
	data   []byte // from at on it is not cut yet
	at     int
	eof    bool
	read   int64
}

func newWindow(source io.Reader) textWindow { return textWindow{source: source, step: readSize} }

// more reads on. It reports false when the text is at its end.
func (w *textWindow) more() (bool, error) {
	if w.eof {
		return false, nil
	}
	w.data = append(w.data, make([]byte, w.step)...)
	n, err := io.ReadFull(w.source, w.data[len(w.data)-w.step:])
	w.data = w.data[:len(w.data)-w.step+n]
	w.read += int64(n)
	switch err {
	case nil:
	case io.EOF, io.ErrUnexpectedEOF:
		w.eof = true
	default:
		return false, fmt.Errorf("read: %w", err)
	}
	return n > 0, nil
}

// begin starts a block: what was cut is given back.
func (w *textWindow) begin() {
	w.data = append(w.data[:0], w.data[w.at:]...)
	w.at = 0
}

// finish gives the block its text.
func (w *textWindow) finish(b *block) {
	b.text = string(w.data[:w.at])
	b.bytes = w.read - int64(len(w.data)-w.at)
}

func (w *textWindow) full(b *block) bool { return w.at >= blockBytes || len(b.spans) >= blockRecords }

// lineCutter cuts a text into physical lines; JSON lines are cut this way.
type lineCutter struct {
	window textWindow
	line   uint64
}

func (c *lineCutter) next(b *block) (bool, error) {
	c.window.begin()
	for !c.window.full(b) {
		rest := c.window.data[c.window.at:]
		end := bytes.IndexByte(rest, '\n')
		if end < 0 && len(rest) <= maxRecord {
			if more, err := c.window.more(); err != nil {
				return false, err
			} else if more {
				continue
			}
			if len(rest) == 0 {
				c.window.finish(b)
				return false, nil
			}
		}
		if end < 0 && len(rest) > maxRecord {
			if err := c.tooLong(b); err != nil {
				return false, err
			}
			continue
		}
		next := end + 1
		if end < 0 {
			end, next = len(rest), len(rest)
		}
		c.line++
		flag := spanFlag(0)
		if end > maxRecord {
			flag = spanTooLarge
		}
		if end > 0 && rest[end-1] == '\r' {
			end--
		}
		c.window.span(b, end, next, flag, c.line)
	}
	c.window.finish(b)
	return true, nil
}

// span adds a record of length bytes and goes on next bytes further.
func (w *textWindow) span(b *block, length, next int, flag spanFlag, line uint64) {
	s := span{start: int32(w.at), end: int32(w.at + length), flag: flag, line: line, offset: w.read - int64(len(w.data)-w.at)}
	if flag&spanTooLarge != 0 {
		s.end = s.start
	}
	b.spans = append(b.spans, s)
	w.at += next
}

// tooLong passes over a line that is longer than a record may be, keeping nothing of it.
func (c *lineCutter) tooLong(b *block) error {
	c.line++
	c.window.span(b, 0, 0, spanTooLarge, c.line)
	return c.window.skipLine('\n')
}

// skipLine takes everything up to and including the next end of line out of the window.
func (w *textWindow) skipLine(newline byte) error {
	for {
		rest := w.data[w.at:]
		if end := bytes.IndexByte(rest, newline); end >= 0 {
			w.data = append(w.data[:w.at], rest[end+1:]...)
			return nil
		}
		w.data = w.data[:w.at]
		if more, err := w.more(); err != nil || !more {
			return err
		}
	}
}
