package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"strings"
)

// archive is an opened workbook: a zip file whose parts are found by name whatever their case.
type archive struct {
	parts map[string]*zip.File
}

const (
	maxDirectory = 8 << 20 // bytes of the list of parts at the end of the file
	endLength    = 22      // bytes of what closes a zip file, without its comment
)

// openArchive opens a zip file once the list of its parts is known to be of a sensible size: the library would keep it whole.
func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	tail := make([]byte, min(size, endLength+1<<16))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return nil, err
	}
	at := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if at < 0 || len(tail)-at < endLength {
		return nil, refuse("Export it again; the transfer may have been cut off.", "the compressed file is damaged or not whole")
	}
	length, offset := int64(binary.LittleEndian.Uint32(tail[at+12:])), int64(binary.LittleEndian.Uint32(tail[at+16:]))
	if length > maxDirectory || size-offset > maxDirectory+int64(len(tail)) {
		return nil, refuse(saveAsCSV, "the compressed file has more parts than a workbook has, or is larger than is read")
	}
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, damaged("list of parts", err)
	}
	a := &archive{parts: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		a.parts[partName(f.Name)] = f
	}
	return a, nil
}

// partName makes the spellings of a part's name equal.
func partName(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/"))
}

// open reads a part of at most limit bytes.
func (a *archive) open(name string, limit int64) (io.ReadCloser, error) {
	f := a.parts[partName(name)]
	if f == nil {
		return nil, refuse(saveAgain, "the workbook is damaged or not whole: its part %q is missing", name)
	}
	if f.Flags&1 != 0 {
		return nil, refuse("Save it without a password and drop that file.", "the workbook is protected by a password")
	}
	content, err := f.Open()
	if err != nil {
		return nil, damaged(name, err)
	}
	grown := max(freeToGrow, min(int64(min(f.CompressedSize64, 1<<40))*MaxRatio, limit))
	return &bounded{ReadCloser: content, part: name, left: min(grown, limit)}, nil
}

// bounded refuses to unpack more than left bytes.
type bounded struct {
	io.ReadCloser
	part string
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, refuse(saveAsCSV, "the part %q of the workbook unpacks to more than is read, as a file does that is made to fill memory", b.part)
	}
	if err != nil && err != io.EOF {
		err = damaged(b.part, err)
	}
	return n, err
}
