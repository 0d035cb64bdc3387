package xlsx

import (
	"bytes"
	"encoding/xml"
	"io"
)

// markup reads the XML of a part piece by piece, in bounded memory.
type markup struct {
	decoder *xml.Decoder
	window  tokenWindow
	part    string
	depth   int
}

func newMarkup(part string, r io.Reader) *markup {
	m := &markup{part: part, window: tokenWindow{source: r}}
	m.decoder = xml.NewDecoder(&m.window)
	return m
}

// tokenWindow refuses to be read further when a single piece of XML is too large: the decoder keeps it whole.
type tokenWindow struct {
	source io.Reader
	read   int64
	start  int64 // where the piece at hand begins
}

func (w *tokenWindow) Read(p []byte) (int, error) {
	if w.read-w.start > maxToken {
		return 0, refuse(saveAsCSV, "the workbook holds a single piece of text that is larger than a cell can be")
	}
	n, err := w.source.Read(p)
	w.read += int64(n)
	return n, err
}

// next reads on; io.EOF at the end.
func (m *markup) next() (xml.Token, error) {
	m.window.start = m.decoder.InputOffset()
	t, err := m.decoder.RawToken()
	if err == io.EOF && m.depth == 0 {
		return nil, io.EOF
	}
	if err != nil {
		return nil, damaged(m.part, err)
	}
	switch t.(type) {
	case xml.StartElement:
		if m.depth++; m.depth > maxDepth {
			return nil, refuse(saveAsCSV, "the part %q of the workbook is nested too deeply", m.part)
		}
	case xml.EndElement:
		if m.depth--; m.depth < 0 {
			return nil, damaged(m.part, io.ErrUnexpectedEOF)
		}
	}
	return t, nil
}

// each calls what for every element below the one at hand, and for its attributes, until that one ends or the part does.
func (m *markup) each(what func(e xml.StartElement) error) error {
	for above := m.depth; ; {
		t, err := m.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		switch e := t.(type) {
		case xml.StartElement:
			if err := what(e); err != nil {
				return err
			}
		case xml.EndElement:
			if m.depth < above {
				return nil
			}
		}
	}
}

// skip passes over the rest of the element at hand.
func (m *markup) skip() error {
	return m.each(func(xml.StartElement) error { return nil })
}

// text is what stands directly in the element at hand, up to its end.
func (m *markup) text(b *bytes.Buffer) error {
	for above := m.depth; ; {
		t, err := m.next()
		if err != nil {
			return damaged(m.part, err)
		}
		switch e := t.(type) {
		case xml.CharData:
			if m.depth == above {
				if b.Len()+len(e) > MaxRowText {
					return refuse(saveAsCSV, "the workbook holds a cell that is larger than a cell can be")
				}
				b.Write(e)
			}
		case xml.EndElement:
			if m.depth < above {
				return nil
			}
		}
	}
}

// phrase reads a text that may be put together of stretches with a look of their own. How it is pronounced is no part of it.
func (m *markup) phrase(b *bytes.Buffer) error {
	return m.each(func(e xml.StartElement) error {
		switch e.Name.Local {
		case "t":
			return m.text(b)
		case "rPh":
			return m.skip()
		}
		return nil
	})
}

// attribute is the value of an attribute, by its name without prefix.
func attribute(e xml.StartElement, name string) string {
	for i := range e.Attr {
		if e.Attr[i].Name.Local == name {
			return e.Attr[i].Value
		}
	}
	return ""
}

func yes(value string) bool { return value == "1" || value == "true" || value == "on" }
