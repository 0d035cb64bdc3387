package importer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"capibara/event"
)

// input is a file that was looked at once from end to end: it can be read as text.
type input struct {
	path     string
	name     string // base name
	sha256   event.Hash
	size     int64
	modified time.Time
	mark     int               // bytes of the byte order mark
	encoding encoding.Encoding // nil for UTF-8
}

// readSize is how much is read from a file at once.
const readSize = 256 << 10

// inspect reads the whole file once: for its hash, and to refuse what is no text before anything of it is queued. The
// error is a refusal when the file is wrong; the input is usable as far as its hash even then.
func inspect(ctx context.Context, path, name string, enc encoding.Encoding) (*input, error) {
	// Before it is opened: a pipe would wait there for ever.
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	defer f.Close()
	in := &input{path: path, name: name, modified: info.ModTime(), encoding: enc}
	hash := sha256.New()
	check := textCheck{line: 1}
	buffer := make([]byte, readSize)
	for first := true; ; first = false {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := io.ReadFull(f, buffer)
		chunk := buffer[:n]
		hash.Write(chunk)
		in.size += int64(n)
		if first {
			in.detect(chunk, &check)
		}
		check.add(chunk, in.encoding != nil)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	hash.Sum(in.sha256[:0])
	return in, check.end(in.encoding != nil)
}

// detect looks at the beginning of a file for a byte order mark, which says more than any configuration, and for the
// kinds of file that people drop by mistake.
func (in *input) detect(head []byte, check *textCheck) {
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		in.mark, in.encoding = 3, nil
		check.skip = 3
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		in.mark, in.encoding = 2, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		in.mark, in.encoding = 2, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
	for _, k := range []struct{ magic, what, hint string }{
		{"PK\x03\x04", "a workbook or another compressed file, not text", "Save it as CSV (UTF-8), or unpack it first."},
		{"\xd0\xcf\x11\xe0", "an old Excel workbook, not text", "Save it as CSV (UTF-8)."},
		{"\x1f\x8b", "compressed", "Unpack it first."},
		{"%PDF", "a PDF document, not a table", "Export the data as CSV or JSON."},
	} {
		if bytes.HasPrefix(head, []byte(k.magic)) {
			check.refused = refuse(k.hint, "the file is %s", k.what)
		}
	}
	if webPage(head[min(in.mark, len(head)):]) {
		check.refused = refuse("Log in again and export the data as CSV or JSON: the page that asks to log in is easily saved in its place.",
			"the file is a web page, not an export")
	}
}

// webPage reports whether a file begins as HTML does.
func webPage(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	for _, start := range []string{"<!doctype html", "<html"} {
		if len(head) >= len(start) && strings.EqualFold(string(head[:len(start)]), start) {
			return true
		}
	}
	return false
}

// textCheck reads bytes and finds the first place that is no text.
type textCheck struct {
	line    uint64
	skip    int
	carry   []byte // of a character that the last chunk cut
	any     bool   // there is more than white space
	refused error
}

func (c *textCheck) add(chunk []byte, decoded bool) {
	if c.refused != nil {
		return
	}
	chunk = chunk[min(c.skip, len(chunk)):]
	c.skip = 0
	c.any = c.any || len(bytes.TrimSpace(chunk)) > 0
	if decoded {
		return
	}
	if at := bytes.IndexByte(chunk, 0); at >= 0 {
		c.line += uint64(bytes.Count(chunk[:at], []byte{'\n'}))
		c.refused = refuse("Export the file again as CSV or JSON in UTF-8; a UTF-16 file without its mark needs encoding: utf-16le.",
			"the file is binary: line %d holds a NUL byte", c.line)
		return
	}
	if len(c.carry) > 0 {
		chunk = append(c.carry, chunk...)
		c.carry = nil
	}
	if !utf8.Valid(chunk) {
		whole := chunk[:validPrefix(chunk)]
		c.line += uint64(bytes.Count(whole, []byte{'\n'}))
		if rest := chunk[len(whole):]; len(rest) < utf8.UTFMax && !utf8.FullRune(rest) {
			c.carry = bytes.Clone(rest)
			return
		}
		c.refused = badText(c.line)
		return
	}
	c.line += uint64(bytes.Count(chunk, []byte{'\n'}))
}

func badText(line uint64) error {
	return refuse("State how the file is written with encoding: windows-1252 for the source, or export it in UTF-8.",
		"line %d holds bytes that are not UTF-8", line)
}

func validPrefix(b []byte) int {
	at := 0
	for at < len(b) {
		r, size := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
	return at
}

func (c *textCheck) end(decoded bool) error {
	switch {
	case c.refused != nil:
		return c.refused
	case !c.any:
		return errEmpty()
	case len(c.carry) > 0 && !decoded:
		return badText(c.line)
	}
	return nil
}

func errEmpty() error {
	return refuse(event.ReasonFileEmpty.Fix(), "the file holds no record")
}

// text opens the file to be read as UTF-8 from its beginning, without the byte order mark.
func (in *input) text() (io.ReadCloser, error) {
	f, err := os.Open(in.path)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", in.name, err)
	}
	if _, err := f.Seek(int64(in.mark), io.SeekStart); err != nil {
		f.Close()
		return nil, fmt.Errorf("read %s: %w", in.name, err)
	}
	if in.encoding == nil {
		return f, nil
	}
	return decodedFile{transform.NewReader(f, in.encoding.NewDecoder()), f}, nil
}

type decodedFile struct {
	io.Reader
	io.Closer
}

// unchanged fails when somebody wrote to the file after it was inspected.
func (in *input) unchanged() error {
	info, err := os.Stat(in.path)
	if err != nil {
		return fmt.Errorf("look at %s: %w", in.name, err)
	}
	if info.Size() != in.size || !info.ModTime().Equal(in.modified) {
		return fmt.Errorf("%s was changed while it was being read", in.name)
	}
	return nil
}

// fileHash is the SHA-256 of a file.
func fileHash(path string) (event.Hash, error) {
	f, err := os.Open(path)
	if err != nil {
		return event.Hash{}, err
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return event.Hash{}, err
	}
	return event.Hash(hash.Sum(nil)), nil
}
