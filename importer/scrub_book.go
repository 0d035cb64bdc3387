package importer

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"strings"
)

// maxPart is how much of a part of a workbook is searched: as much as is read of any.
const maxPart = 1 << 30

// searchBook looks for what was typed in all parts of a workbook, because an import reads one sheet alone.
func (e *examination) searchBook(ctx context.Context, path string) (err error) {
	if len(e.s.typed.texts) == 0 {
		return nil
	}
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	for _, part := range z.File {
		if !strings.HasSuffix(strings.ToLower(part.Name), ".xml") {
			continue
		}
		content, err := part.Open()
		if err != nil {
			return err
		}
		f := &finder{n: e.s.typed}
		err = chunks(ctx, io.LimitReader(content, maxPart), func(chunk []byte, _ bool) { f.add(chunk) })
		if err := errors.Join(err, content.Close()); err != nil {
			return err
		}
		if f.end() {
			e.held.Whole = "a workbook cannot be scrubbed row by row"
		}
	}
	return nil
}
