package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// errNoWayBack says that a text cannot be written again in the encoding that it was read in, byte for byte.
var errNoWayBack = errors.New("the encoding of the file cannot be written again")

// rewrite writes the file with its regions blanked, and everything else byte for byte, compressed again when it was. seen,
// which may be nil, hears the text that stays.
func (e *examination) rewrite(ctx context.Context, out io.Writer, seen func([]byte)) (err error) {
	in := e.pass.in
	if in.gz {
		z := gzip.NewWriter(out)
		defer func() { err = errors.Join(err, z.Close()) }()
		out = z
	}
	text, err := in.text()
	if err != nil {
		return err
	}
	defer text.Close()
	raw, err := in.raw()
	if err != nil {
		return err
	}
	defer raw.Close()
	w := &rewriter{in: in, text: bufio.NewReaderSize(text, readSize), raw: bufio.NewReaderSize(raw, readSize), out: bufio.NewWriterSize(out, readSize), seen: seen}
	if _, err := io.CopyN(w.out, w.raw, int64(in.mark)); err != nil {
		return err
	}
	at := int64(0)
	for _, r := range e.regions {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := w.copy(r.start - at); err != nil {
			return err
		}
		if err := w.blank(int(r.end-r.start), e.mask); err != nil {
			return err
		}
		at = r.end
	}
	if err := w.rest(ctx); err != nil {
		return err
	}
	return w.out.Flush()
}

// raw opens the file for its bytes as they are, unpacked.
func (in *input) raw() (io.ReadCloser, error) {
	f, err := os.Open(in.path)
	if err != nil {
		return nil, err
	}
	if !in.gz {
		return f, nil
	}
	u, err := unpack(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return openText{u, f}, nil
}

// mask blanks the text of one record.
func (e *examination) mask(text []byte) {
	if e.pass.format == "csv" {
		maskTable(text, e.pass.sheet.dialect)
		return
	}
	maskJSON(text, func(name string) bool { return e.about(name, 0) || bytes.IndexByte([]byte(name), '@') >= 0 })
}

// rewriter goes through a text and the bytes that it was read from side by side.
type rewriter struct {
	in   *input
	text *bufio.Reader
	raw  *bufio.Reader
	out  *bufio.Writer
	seen func([]byte)
}

// copy passes n bytes of text on.
func (w *rewriter) copy(n int64) error {
	for n > 0 {
		piece, err := w.piece(n)
		if err != nil {
			return err
		}
		if err := w.pass(piece); err != nil {
			return err
		}
		n -= int64(len(piece))
	}
	return nil
}

// rest passes on what is left.
func (w *rewriter) rest(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		piece, err := w.piece(readSize)
		if errors.Is(err, io.EOF) {
			_, err := io.Copy(w.out, w.raw) // half a character at the end
			return err
		}
		if err == nil {
			err = w.pass(piece)
		}
		if err != nil {
			return err
		}
	}
}

// piece reads whole characters, n bytes at most.
func (w *rewriter) piece(n int64) ([]byte, error) {
	got, err := w.text.Peek(int(min(n, readSize/2)))
	if len(got) == 0 {
		if err == nil || err == io.EOF {
			err = io.EOF
		}
		return nil, err
	}
	if w.in.encoding != nil && int64(len(got)) < n && err == nil {
		for end := len(got); end > 0 && end > len(got)-utf8.UTFMax; end-- {
			if utf8.RuneStart(got[end-1]) {
				if !utf8.FullRune(got[end-1:]) && end > 1 {
					got = got[:end-1]
				}
				break
			}
		}
	}
	piece := bytes.Clone(got)
	_, err = w.text.Discard(len(piece))
	return piece, err
}

// pass writes a piece of text as it was.
func (w *rewriter) pass(piece []byte) error {
	if w.seen != nil {
		w.seen(piece)
	}
	source, err := w.source(piece)
	if err != nil {
		return err
	}
	_, err = w.out.Write(source)
	return err
}

// blank reads n bytes of text and writes them blanked.
func (w *rewriter) blank(n int, mask func([]byte)) error {
	text := make([]byte, n)
	if _, err := io.ReadFull(w.text, text); err != nil {
		return fmt.Errorf("a record is not there any more: %w", err)
	}
	if _, err := w.source(text); err != nil {
		return err
	}
	if w.in.encoding != nil {
		// A character is a byte there, or two, whatever it is in UTF-8.
		text = bytes.Map(func(r rune) rune {
			if r >= utf8.RuneSelf {
				return '*'
			}
			return r
		}, text)
	}
	mask(text)
	if w.seen != nil {
		w.seen(text)
	}
	if w.in.encoding != nil {
		var err error
		if text, err = w.in.encoding.NewEncoder().Bytes(text); err != nil {
			return errNoWayBack
		}
	}
	_, err := w.out.Write(text)
	return err
}

// source reads the bytes that a piece of text was read from.
func (w *rewriter) source(piece []byte) ([]byte, error) {
	n, sure := len(piece), false
	switch {
	case w.in.encoding == nil:
		sure = true
	case isUTF16(w.in.encoding):
		n, sure = 0, true
		for at := 0; at < len(piece); {
			r, size := utf8.DecodeRune(piece[at:])
			if n += 2; r >= 0x10000 {
				n += 2
			}
			at += size
		}
	default:
		if _, single := w.in.encoding.(*charmap.Charmap); single {
			n, sure = utf8.RuneCount(piece), true
			break
		}
		encoded, err := w.in.encoding.NewEncoder().Bytes(piece)
		if err != nil {
			return nil, errNoWayBack
		}
		source := make([]byte, len(encoded))
		if _, err := io.ReadFull(w.raw, source); err != nil || !bytes.Equal(source, encoded) {
			return nil, errNoWayBack
		}
		return source, nil
	}
	source := make([]byte, n)
	got, err := io.ReadFull(w.raw, source)
	if err == io.ErrUnexpectedEOF && sure {
		return source[:got], nil // half a character at the end, which was read as one
	}
	return source, err
}
