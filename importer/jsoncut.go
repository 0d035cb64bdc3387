package importer

import "bytes"

// jsonCutter cuts a list of JSON values into its elements by their brackets alone, so that one that is malformed costs
// only itself; reading them is the workers' work.
type jsonCutter struct {
	window textWindow
	line   uint64
	depth  int // brackets open around the elements; 0 for values one after another
	closed bool
	broken bool
}

func (c *jsonCutter) next(b *block) (bool, error) {
	c.window.begin()
	for !c.window.full(b) && !c.broken {
		rest := c.window.data[c.window.at:]
		skip := separators(rest, c.depth == 0 || c.closed)
		c.pass(skip)
		rest = rest[skip:]
		if len(rest) == 0 {
			more, err := c.window.more()
			if err != nil {
				return false, err
			}
			if more {
				continue
			}
			c.end(b)
			c.window.finish(b)
			return false, nil
		}
		switch {
		case c.closed:
			if err := c.tail(b); err != nil {
				return false, err
			}
		case rest[0] == ']' && c.depth > 0:
			c.pass(1)
			c.closed, c.depth = true, c.depth-1
		default:
			if more, err := c.element(b, rest); err != nil || !more {
				c.window.finish(b)
				return false, err
			}
		}
	}
	c.window.finish(b)
	return !c.broken, nil
}

// separators counts the white space and commas at the beginning of text.
func separators(text []byte, noCommas bool) int {
	for i, c := range text {
		if c > ' ' && (c != ',' || noCommas) {
			return i
		}
	}
	return len(text)
}

// pass goes over n bytes.
func (c *jsonCutter) pass(n int) {
	c.line += uint64(bytes.Count(c.window.data[c.window.at:c.window.at+n], []byte{'\n'}))
	c.window.at += n
}

// element cuts one element. One that never ends is the last: nobody can tell where the next would begin.
func (c *jsonCutter) element(b *block, rest []byte) (more bool, err error) {
	var s jsonScan
	for {
		length := s.scan(rest, c.window.eof)
		switch {
		case length > maxRecord || length == 0 && len(rest) > maxRecord:
			return c.tooLarge(b, &s)
		case length < 0:
			c.broken = true
			c.cut(b, min(len(rest), maxRecord), spanBroken)
			return false, nil
		case length > 0:
			c.cut(b, length, 0)
			return true, nil
		}
		if _, err := c.window.more(); err != nil {
			return false, err
		}
		rest = c.window.data[c.window.at:]
	}
}

// cut makes a record of the next length bytes.
func (c *jsonCutter) cut(b *block, length int, flag spanFlag) {
	line := c.line
	c.line += uint64(bytes.Count(c.window.data[c.window.at:c.window.at+length], []byte{'\n'}))
	c.window.span(b, length, length, flag, line)
}

// tooLarge passes over an element that is longer than a record may be, keeping nothing of it.
func (c *jsonCutter) tooLarge(b *block, s *jsonScan) (more bool, err error) {
	c.window.span(b, 0, 0, spanTooLarge, c.line)
	s.blind = true
	for {
		rest := c.window.data[c.window.at:]
		length := s.scan(rest, c.window.eof)
		if s.ended > 0 {
			length = s.ended
		}
		passed := length
		if length <= 0 {
			passed = len(rest)
		}
		if kept := bytes.TrimRight(rest[:passed], " \t\r\n"); len(kept) > 0 {
			s.last = kept[len(kept)-1]
		}
		c.line += uint64(bytes.Count(rest[:passed], []byte{'\n'}))
		c.window.data = append(c.window.data[:c.window.at], rest[passed:]...)
		s.at = 0
		switch {
		case length > 0:
			return true, nil
		case length < 0:
			c.broken = true
			return false, nil
		}
		if _, err := c.window.more(); err != nil {
			return false, err
		}
	}
}

// end adds a record for what is missing when the text ends before its list does.
func (c *jsonCutter) end(b *block) {
	if c.depth > 0 && !c.broken {
		c.window.span(b, 0, 0, spanBroken, c.line)
	}
	c.broken = true
}

// tail reads what follows the list to its end. Anything after the document that holds it is reported as one record.
func (c *jsonCutter) tail(b *block) error {
	var quoted, escaped bool
	for {
		rest := c.window.data[c.window.at:]
		for i, ch := range rest {
			switch {
			case quoted:
				switch {
				case escaped:
					escaped = false
				case ch == '\\':
					escaped = true
				case ch == '"':
					quoted = false
				}
			case c.depth == 0 && ch > ' ':
				c.pass(i)
				c.window.span(b, 0, 0, spanBroken, c.line)
				c.broken = true
				return nil
			case ch == '"':
				quoted = true
			case ch == '{' || ch == '[':
				c.depth++
			case ch == '}' || ch == ']':
				c.depth--
			}
		}
		c.pass(len(rest))
		// What was passed over is not kept.
		c.window.data = c.window.data[:c.window.at-len(rest)]
		c.window.at = len(c.window.data)
		if more, err := c.window.more(); err != nil || !more {
			return err
		}
	}
}

// jsonScan finds the end of a JSON value by its brackets. It goes on where it stopped when there is more to read.
type jsonScan struct {
	at      int
	open    []byte // brackets
	quoted  bool
	escaped bool
	begun   int  // where the text at hand begins
	blind   bool // what was passed over is not kept
	ended   int  // where the value ends; 0 before that is known
	last    byte // of what was passed over without being kept, but for white space
}

// scan returns the length of the value at the beginning of text; 0 when it goes on beyond it, -1 when it does and there
// is no more.
func (s *jsonScan) scan(text []byte, last bool) int {
	if s.ended > 0 {
		return s.end(text, last)
	}
	for ; s.at < len(text); s.at++ {
		c := text[s.at]
		switch {
		case s.quoted && c == '\n':
			// JSON has no line break within a text: its last quotation mark is missing.
			s.quoted, s.escaped = false, false
		case s.escaped:
			s.escaped = false
		case s.quoted:
			switch c {
			case '\\':
				s.escaped = true
			case '"':
				if s.at+1 == len(text) && !last && !s.blind {
					return 0 // what comes next tells
				}
				if end := s.swallowed(text); end > 0 {
					return end
				}
				if s.quoted = false; len(s.open) == 0 {
					return s.at + 1
				}
			}
		case c == '"':
			s.quoted, s.begun = true, s.at
		case c == '{' || c == '[':
			if at, next := s.unclosed(text, c); next {
				return at
			}
			s.open = append(s.open, c+2) // the bracket that closes it, in ASCII
		case c == '}' || c == ']':
			// A bracket that closes another kind of bracket closes what is left open in between.
			at := bytes.LastIndexByte(s.open, c)
			if at < 0 {
				return max(s.at, 1)
			}
			if s.open = s.open[:at]; at == 0 {
				s.ended = s.at + 1
				return s.end(text, last)
			}
		case len(s.open) == 0 && (c == ',' || c <= ' '):
			return max(s.at, 1)
		}
	}
	if last && len(s.open) == 0 && !s.quoted && len(text) > 0 {
		return len(text)
	}
	if last {
		return -1
	}
	return 0
}

// swallowed reports where the element ends when the text that ends here is none: a quotation mark is missing before it, so that
// it holds the end of the element and the beginning of the next (},{), and what follows it cannot follow a text. Without
// line breaks in the file nothing else would end the text, and the rest of the list would be lost with one element.
func (s *jsonScan) swallowed(text []byte) (end int) {
	if s.blind || s.at+1 == len(text) || bytes.IndexByte([]byte(",:}] \t\r\n"), text[s.at+1]) >= 0 {
		return 0
	}
	inside, opened := bytes.CutSuffix(bytes.TrimRight(text[s.begun+1:s.at], " \t"), []byte("{"))
	inside, parted := bytes.CutSuffix(bytes.TrimRight(inside, " \t"), []byte(","))
	inside = bytes.TrimRight(inside, " \t")
	if !opened || !parted || !bytes.HasSuffix(inside, []byte("}")) {
		return 0
	}
	return s.begun + 1 + len(inside)
}

// unclosed reports whether an object that begins here, within another, shows that the other was never closed, and where that
// one then ends: in JSON an object within an object has its name and a colon before it. So an element without its last brace
// costs itself, and not all that follow.
func (s *jsonScan) unclosed(text []byte, c byte) (at int, next bool) {
	if c != '{' || len(s.open) == 0 || s.open[len(s.open)-1] != '}' {
		return 0, false
	}
	before := bytes.TrimRight(text[:s.at], " \t\r\n")
	lineBreak := bytes.IndexByte(text[len(before):s.at], '\n') >= 0
	switch {
	case len(before) == 0:
		return max(s.at, 1), s.last == ','
	case before[len(before)-1] == ',':
		return max(len(before)-1, 1), true
	case before[len(before)-1] != ':' && lineBreak:
		return s.at, true
	}
	return 0, false
}

// end takes the braces behind a value to it that close nothing: they belong to what is wrong with it.
func (s *jsonScan) end(text []byte, last bool) int {
	for s.ended < len(text) && text[s.ended] == '}' {
		s.ended++
	}
	if s.ended == len(text) && !last {
		return 0
	}
	return s.ended
}
