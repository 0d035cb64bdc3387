package importer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonList is where the records of a JSON file are.
type jsonList struct {
	lines  bool  // every line is a record
	offset int64 // of the text behind the bracket that opens the list; 0 for values one after another
	depth  int   // brackets that are open there
}

// cutter starts cutting at the list.
func (l jsonList) cutter(text io.Reader) (cutter, error) {
	if l.lines {
		return &lineCutter{window: newWindow(text)}, nil
	}
	c := &jsonCutter{window: newWindow(text), line: 1, depth: l.depth}
	left := l.offset
	buffer := make([]byte, 32<<10)
	for left > 0 {
		n, err := text.Read(buffer[:min(left, int64(len(buffer)))])
		c.line += uint64(bytes.Count(buffer[:n], []byte{'\n'}))
		left -= int64(n)
		c.window.read += int64(n)
		if err != nil && left > 0 {
			return nil, fmt.Errorf("read up to the list of records: %w", err)
		}
	}
	return c, nil
}

// severalLines reports whether text begins with an object on a line of its own with another after it.
func severalLines(text []byte) bool {
	line, rest, more := bytes.Cut(text, []byte{'\n'})
	rest = bytes.TrimLeft(rest, " \t\r\n")
	return more && len(rest) > 0 && rest[0] == '{' && jsontext.Value(bytes.TrimSpace(line)).IsValid()
}

// prepareJSON finds the list of records and the members of its first records.
func (p *pass) prepareJSON(head []byte) ([]string, error) {
	if p.format == "jsonl" {
		p.list = jsonList{lines: true}
		return p.members()
	}
	text, err := p.in.text()
	if err != nil {
		return nil, err
	}
	defer text.Close()
	if p.list, err = findList(text, p.mapping.source.Records); err != nil {
		return nil, err
	}
	return p.members()
}

// findList finds the list of records: the document itself, the member at a dotted path, or the first member of the document
// that is a list of objects. A document of objects one after another is a list as well.
func findList(text io.Reader, path string) (jsonList, error) {
	bounded := &boundedText{source: text}
	d := jsontext.NewDecoder(bounded)
	bounded.consumed = d.InputOffset
	if path != "" {
		return findPath(d, strings.Split(path, "."))
	}
	switch d.PeekKind() {
	case '[':
		return opened(d, 1)
	case '{':
	default:
		return jsonList{}, refuse("Export a JSON list of objects, or one object per line.", "the file does not begin with a JSON list or object")
	}
	if _, err := d.ReadToken(); err != nil {
		return jsonList{}, malformed(err)
	}
	for d.PeekKind() == '"' {
		if err := d.SkipValue(); err != nil { // the name
			return jsonList{}, malformed(err)
		}
		if d.PeekKind() != '[' {
			if err := d.SkipValue(); err != nil {
				return jsonList{}, malformed(err)
			}
			continue
		}
		l, err := opened(d, 2)
		if err != nil || d.PeekKind() == '{' {
			return l, err
		}
		for d.PeekKind() != ']' {
			if err := d.SkipValue(); err != nil {
				return jsonList{}, malformed(err)
			}
		}
		if _, err := d.ReadToken(); err != nil {
			return jsonList{}, malformed(err)
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return jsonList{}, malformed(err)
	}
	return jsonList{}, nil
}

// maxBefore is how many bytes a single text before the list of records may have: the decoder keeps it whole. A list or an
// object may be of any size.
const maxBefore = 64 << 20

// boundedText refuses to be read further when the decoder keeps too much of it.
type boundedText struct {
	source   io.Reader
	consumed func() int64
	read     int64
}

// Read reads on, unless maxBefore bytes wait to be made a value of.
func (t *boundedText) Read(p []byte) (int, error) {
	if t.read-t.consumed() > maxBefore {
		return 0, refuse("Export the records without it, or as one object per line.",
			"before the list of records stands a single text of more than %d MiB, at byte %d", maxBefore>>20, t.consumed())
	}
	n, err := t.source.Read(p)
	t.read += int64(n)
	return n, err
}

func findPath(d *jsontext.Decoder, path []string) (jsonList, error) {
	missing := refuse("Correct records: it is the dotted path to the list, such as data.records.", "there is no list of records at the path %q", strings.Join(path, "."))
	for _, name := range path {
		if d.PeekKind() != '{' {
			return jsonList{}, missing
		}
		if _, err := d.ReadToken(); err != nil {
			return jsonList{}, malformed(err)
		}
		for {
			if d.PeekKind() == '}' {
				return jsonList{}, missing
			}
			token, err := d.ReadToken()
			if err != nil {
				return jsonList{}, malformed(err)
			}
			if token.String() == name {
				break
			}
			if err := d.SkipValue(); err != nil {
				return jsonList{}, malformed(err)
			}
		}
	}
	if d.PeekKind() != '[' {
		return jsonList{}, missing
	}
	return opened(d, len(path)+1)
}

func opened(d *jsontext.Decoder, depth int) (jsonList, error) {
	if _, err := d.ReadToken(); err != nil {
		return jsonList{}, malformed(err)
	}
	return jsonList{offset: d.InputOffset(), depth: depth}, nil
}

// malformed tells where JSON breaks, without telling what stands there.
func malformed(err error) error {
	var no *refusal
	if errors.As(err, &no) {
		return no
	}
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read JSON: %w", err)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuse("Export the file again; the transfer may have been cut off.", "the file ends in the middle of its JSON, before any record")
	}
	return refuse("Correct the JSON, or export the file again.", "the JSON breaks at byte %d, before any record", syntax.ByteOffset)
}
