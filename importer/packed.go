package importer

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

const gzipMagic = "\x1f\x8b"

// The bounds of what a compressed file may unpack to: from packedFree on no more than packedRatio times its size, and never
// more than packedMost. A table shrinks to a tenth or a thirtieth; what is made to fill a disk, to a thousandth.
const (
	packedFree  = 64 << 20
	packedRatio = 250
	packedMost  = 64 << 30
)

// unpack reads a file that gzip has compressed, all its members one after another.
func unpack(f *os.File) (io.Reader, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(f, readSize))
	if err != nil {
		return nil, damagedPack(err)
	}
	return &unpacked{source: z, left: max(packedFree, min(info.Size()*packedRatio, packedMost))}, nil
}

type unpacked struct {
	source *gzip.Reader
	left   int64
}

// Read reads on, unless that is more than the file may unpack to.
func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.source.Read(p)
	if u.left -= int64(n); u.left < 0 {
		return 0, refuse("Unpack it first, look whether it is what you expect, and drop the files that are in it.",
			"the compressed file unpacks to more than %d times its size, as a file does that is made to fill a disk", packedRatio)
	}
	if err != nil && err != io.EOF {
		err = damagedPack(err)
	}
	return n, err
}

// damagedPack makes a refusal of what is wrong with a compressed file, unless the disk is at fault.
func damagedPack(err error) error {
	var disk *fs.PathError
	switch {
	case errors.As(err, &disk):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return refuse("Export or copy it again; the transfer may have been cut off.", "the compressed file ends in the middle")
	}
	return refuse("Export or copy it again.", "the compressed file is damaged")
}

// inspectPacked finds out what a compressed file holds, and how the text in it is encoded.
func (in *input) inspectPacked(ctx context.Context) error {
	f, err := os.Open(in.path)
	if err != nil {
		return fmt.Errorf("open %s: %w", in.name, err)
	}
	defer f.Close()
	text, err := unpack(f)
	if err != nil {
		return err
	}
	var dropped wrongKind
	in.length = 0
	err = chunks(ctx, text, func(chunk []byte, first bool) {
		in.length += int64(len(chunk))
		if first {
			dropped.head(chunk)
			if bytes.HasPrefix(chunk, []byte(gzipMagic)) {
				dropped.kind = kindPacked
			}
			in.detect(chunk)
		}
	})
	switch {
	case err != nil:
		return err
	case dropped.kind == kindZip || dropped.kind == kindPacked:
		return refuse("Unpack it first and drop the files that are in it.", "the compressed file holds another compressed file or a workbook")
	case dropped.kind != kindUnknown:
		return dropped.refusal()
	}
	in.length -= int64(in.mark)
	return nil
}
