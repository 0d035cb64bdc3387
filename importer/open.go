package importer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"capibara/event"
)

// input is a file that was looked at once from end to end: it can be read as text, whatever form it has.
type input struct {
	path     string
	name     string // base name
	sha256   event.Hash
	size     int64
	modified time.Time
	gz       bool
	mark     int               // bytes of the byte order mark
	encoding encoding.Encoding // nil for UTF-8
	book     *workbook         // nil for what is text itself
	length   int64             // bytes of its text, before it is decoded
	remarks  []remark          // on the file as a whole
}

// remark is a warning that concerns a file as a whole.
type remark struct {
	reason event.Reason
	line   uint64 // where it was noticed first
}

// reading is what a source says about how its files are written.
type reading struct {
	encoding encoding.Encoding // nil when none is stated
	sheet    string            // of a workbook; "" is the first that can be seen
	country  string            // lower case alpha-2, "" for none: what Windows writes there
}

func (m *Mapping) reading() reading {
	return reading{encoding: m.encoding, sheet: m.source.Sheet, country: m.country}
}

// readSize is how much is read from a file at once.
const readSize = 256 << 10

// inspect reads the whole file: for its hash, and to refuse what cannot be read before anything of it is queued. The
// error is a refusal when the file is wrong; the input is usable as far as its hash even then.
func inspect(ctx context.Context, path, name string, how reading) (*input, error) {
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
	in := &input{path: path, name: name, modified: info.ModTime(), encoding: how.encoding}
	hash := sha256.New()
	check := newTextCheck(how.country)
	var dropped wrongKind
	err = chunks(ctx, f, func(chunk []byte, first bool) {
		hash.Write(chunk)
		in.size += int64(len(chunk))
		if first {
			dropped.head(chunk)
			if in.gz = bytes.HasPrefix(chunk, []byte(gzipMagic)); !in.gz {
				in.detect(chunk)
			}
			chunk = chunk[min(in.mark, len(chunk)):]
		}
		dropped.add(chunk)
		if dropped.kind == kindUnknown && in.plain() {
			check.add(chunk)
		}
	})
	hash.Sum(in.sha256[:0])
	switch {
	case err != nil:
		return nil, fmt.Errorf("read %s: %w", name, err)
	case dropped.kind == kindZip:
		return in, in.openBook(ctx, f, how)
	case dropped.kind != kindUnknown:
		return in, dropped.refusal()
	}
	in.length = in.size - int64(in.mark)
	if !in.plain() {
		if check, err = in.inspectText(ctx, how); err != nil {
			return in, err
		}
	}
	return in, in.judge(check)
}

// plain reports whether the bytes of the file are its text.
func (in *input) plain() bool { return !in.gz && in.encoding == nil }

// chunks reads to the end.
func chunks(ctx context.Context, r io.Reader, take func(chunk []byte, first bool)) error {
	buffer := make([]byte, readSize)
	for first := true; ; first = false {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(r, buffer)
		take(buffer[:n], first)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// detect looks at the beginning of a text for a byte order mark, which says more than any configuration, or for what UTF-16
// without one looks like.
func (in *input) detect(head []byte) {
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		in.mark, in.encoding = 3, nil
	case bytes.HasPrefix(head, []byte("\xff\xfe")):
		in.mark, in.encoding = 2, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case bytes.HasPrefix(head, []byte("\xfe\xff")):
		in.mark, in.encoding = 2, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case in.encoding == nil && wide(head, 1):
		in.encoding = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case in.encoding == nil && wide(head, 0):
		in.encoding = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	}
}

// wide reports whether text is UTF-16 whose upper bytes are at even places (0) or odd ones (1): most of what a table holds is
// ASCII, whose upper byte is zero, and a lower byte never is.
func wide(head []byte, upper int) bool {
	head = head[:min(len(head), 8192)&^1]
	zeros := 0
	for i := 0; i < len(head); i += 2 {
		if head[i+upper] == 0 {
			zeros++
		}
		if head[i+1-upper] == 0 {
			return false
		}
	}
	return len(head) >= 8 && zeros*10 >= len(head)/2*7
}

func isUTF16(enc encoding.Encoding) bool {
	if enc == nil {
		return false
	}
	name, err := htmlindex.Name(enc)
	return err == nil && strings.HasPrefix(name, "utf-16")
}

// inspectText reads the text of a file that is compressed or in another encoding, as it will be read again.
func (in *input) inspectText(ctx context.Context, how reading) (*textCheck, error) {
	if in.gz {
		if err := in.inspectPacked(ctx); err != nil {
			return nil, err
		}
	}
	text, err := in.text()
	if err != nil {
		return nil, err
	}
	defer text.Close()
	check := newTextCheck(how.country)
	check.decoded, check.wide = in.encoding != nil, isUTF16(in.encoding)
	err = chunks(ctx, text, func(chunk []byte, _ bool) { check.add(chunk) })
	var no *refusal
	if err != nil && !errors.As(err, &no) {
		return nil, fmt.Errorf("read %s: %w", in.name, err)
	}
	return check, err
}

// judge decides about what was found in the text.
func (in *input) judge(check *textCheck) error {
	windows, err := check.end()
	if err != nil {
		return err
	}
	if windows {
		in.encoding = charmap.Windows1252
		in.remarks = append(in.remarks, remark{event.ReasonReadAsWindows1252, check.badLine})
	}
	if check.garbled > 0 {
		in.remarks = append(in.remarks, remark{event.ReasonTextGarbled, check.garbled})
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
	text := openText{f, f}
	switch {
	case in.book != nil:
		text.Reader, err = in.book.open(f, in.size)
	case in.gz:
		if text.Reader, err = unpack(f); err == nil {
			_, err = io.CopyN(io.Discard, text, int64(in.mark))
		}
	default:
		_, err = f.Seek(int64(in.mark), io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read %s: %w", in.name, err)
	}
	if in.encoding != nil {
		text.Reader = transform.NewReader(text.Reader, in.encoding.NewDecoder())
	}
	return text, nil
}

type openText struct {
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
