package importer

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// textCheck reads bytes and finds what is no text. What it cannot judge before it has seen all is judged by end.
type textCheck struct {
	country string // of the source, "" for none
	decoded bool   // the text was in another encoding: what that could not read has become a replacement character
	wide    bool   // it was UTF-16, where a replacement character may as well be what the file holds

	line    uint64
	last    bool   // nothing follows
	carry   []byte // of a character that the last chunk cut
	before  byte   // what the last chunk ended with
	any     bool   // there is more than white space
	ends    bool   // there is a line feed
	returns uint64 // carriage returns before the first line feed: where there is none, they end the lines
	refused error

	good     uint64 // characters beyond ASCII that are in order
	bad      uint64 // bytes that are none
	badLine  uint64 // of the first
	badByte  byte
	odd      bool   // one of them makes no sense in Windows-1252 where it stands
	garbled  uint64 // line of the first letter that was read in the wrong encoding before, 0 for none
	replaced uint64 // line of the first character that could not be decoded, 0 for none
}

func newTextCheck(country string) *textCheck { return &textCheck{country: country, line: 1} }

// garble is what an accented letter in UTF-8 becomes when it is read as Windows-1252 and saved as UTF-8: Ã and a sign that
// is no letter.
const garble = "\xc3\x83\xc2"

func (c *textCheck) add(chunk []byte) {
	if c.refused != nil {
		return
	}
	c.any = c.any || len(bytes.TrimSpace(chunk)) > 0
	if at := bytes.IndexByte(chunk, 0); at >= 0 {
		c.line += uint64(bytes.Count(chunk[:at], []byte{'\n'}))
		c.refused = refuse("Export the file again as CSV, XLSX or JSON in UTF-8; a UTF-16 file without its mark needs encoding: utf-16le.",
			"the file is binary: line %d holds a NUL byte", c.line)
		return
	}
	if len(c.carry) > 0 {
		chunk = append(c.carry, chunk...)
		c.carry = nil
	}
	if c.garbled == 0 {
		if at := bytes.Index(chunk, []byte(garble)); at >= 0 {
			c.garbled = c.line + uint64(bytes.Count(chunk[:at], []byte{'\n'}))
		}
	}
	if !utf8.Valid(chunk) || c.bad > 0 || c.decoded {
		chunk = c.characters(chunk)
	} else {
		c.good += beyondASCII(chunk)
	}
	if len(chunk) > 0 {
		c.before = chunk[len(chunk)-1]
	}
	n := uint64(bytes.Count(chunk, []byte{'\n'}))
	if c.ends = c.ends || n > 0; !c.ends {
		c.returns += uint64(bytes.Count(chunk, []byte{'\r'}))
	}
	c.line += n
}

// beyondASCII counts the characters beyond ASCII in a text that is in order.
func beyondASCII(text []byte) uint64 {
	if utf8.RuneCount(text) == len(text) {
		return 0
	}
	n := uint64(0)
	for _, b := range text {
		if b >= 0xc0 {
			n++
		}
	}
	return n
}

// characters looks at every character, and keeps the beginning of one that the chunk has cut.
func (c *textCheck) characters(chunk []byte) []byte {
	line, newline := c.line, byte('\n')
	if !c.ends && bytes.IndexByte(chunk, '\n') < 0 {
		line, newline = c.returns+1, '\r'
	}
	for at := 0; at < len(chunk); {
		b := chunk[at]
		if b < utf8.RuneSelf {
			if b == newline {
				line++
			}
			at++
			continue
		}
		r, size := utf8.DecodeRune(chunk[at:])
		switch {
		case size > 1:
			c.good++
			if c.decoded {
				c.decodedAs(r, line)
			}
		case !c.last && (at == len(chunk)-1 || !utf8.FullRune(chunk[at:])):
			// What follows it tells.
			c.carry = bytes.Clone(chunk[at:])
			return chunk[:at]
		default:
			c.invalid(chunk, at, line)
		}
		at += size
	}
	return chunk
}

// decodedAs looks at a character that another encoding gave. An undefined byte of a page of Windows becomes a control
// character.
func (c *textCheck) decodedAs(r rune, line uint64) {
	switch {
	case c.wide && r == utf8.RuneError && c.garbled == 0:
		c.garbled = line
	case !c.wide && c.replaced == 0 && (r == utf8.RuneError || r >= 0x80 && r < 0xa0 && r != 0x85):
		c.replaced = line
	}
}

func (c *textCheck) invalid(chunk []byte, at int, line uint64) {
	if c.bad++; c.bad == 1 {
		c.badLine, c.badByte = line, chunk[at]
	}
	before, after := c.before, byte(' ')
	if at > 0 {
		before = chunk[at-1]
	}
	if at+1 < len(chunk) {
		after = chunk[at+1]
	}
	c.odd = c.odd || senseless(before, chunk[at], after)
}

// senseless reports whether a byte makes no sense in Windows-1252 between two others: it is undefined there, or a sign that
// never stands within a word. In the pages of DOS and of old Macs the same bytes are letters.
func senseless(before, b, after byte) bool {
	word := letterByte(before)
	switch b {
	case 0x81, 0x8d, 0x8f, 0x90, 0x9d:
		return true
	case 0x82, 0x83, 0x84, 0x86, 0x87, 0x88, 0x89, 0x8b, 0x98:
		return word
	case 0x80, 0x85, 0x93, 0x94, 0x95, 0x99, 0x9b:
		return word && letterByte(after)
	}
	return false
}

// end decides. windows says that the text is to be read as Windows-1252, which is what Excel writes as CSV in the country of
// the source.
func (c *textCheck) end() (windows bool, err error) {
	if c.last = true; len(c.carry) > 0 {
		c.add(nil)
	}
	switch {
	case c.refused != nil:
		return false, c.refused
	case !c.any:
		return false, errEmpty()
	case c.replaced > 0:
		return false, refuse("Correct encoding for the source, or export the file in UTF-8.", "line %d holds bytes that the encoding of the file does not have", c.replaced)
	case c.bad == 0:
		return false, nil
	case c.good >= c.bad:
		return false, refuse("Correct the line in the source system and export the file again.",
			"line %d is damaged: the file is in UTF-8, and the byte 0x%02X there is not", c.badLine, c.badByte)
	case windows1252(c.country) && !c.odd && c.ends:
		return true, nil
	}
	return false, refuse(c.encodingHint(), "line %d holds the byte 0x%02X, which is not UTF-8", c.badLine, c.badByte)
}

// encodingHint says what to write, as far as the country tells.
func (c *textCheck) encodingHint() string {
	const utf8Too = "export it in UTF-8 (in Excel: Save As, CSV UTF-8)"
	page := windowsPage(c.country)
	switch {
	case windows1252(c.country):
		return "Not every byte makes sense as Windows-1252, so the file may come from DOS or from an old Mac: state encoding: macintosh or encoding: ibm850 for the source, or " + utf8Too + "."
	case page != "":
		return fmt.Sprintf("If it comes from Windows in that country, state encoding: %s for the source, or %s.", page, utf8Too)
	}
	return "State how the file is written with encoding: windows-1252 for the source, or the country of the source, or " + utf8Too + "."
}
