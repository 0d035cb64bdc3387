package importer

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"capibara/event"
	"capibara/store"
)

// writeRejects writes what a person can mend beside the reasons why, in the form of the file itself so that it can be
// dropped in again: it reads the file once more for the records that the database says are rejected. It returns the
// path, "" when nothing is rejected. The same call after a crash writes the same file.
func (p *pass) writeRejects(ctx context.Context) (string, error) {
	if p.file.Counts.Rejected == 0 {
		return "", nil
	}
	stem, ext := splitName(p.file.Name)
	if ext = unpackedName(strings.ToLower(ext)); p.format != "csv" {
		ext = ".jsonl"
	} else if ext == "" || ext == ".json" || ext == ".jsonl" || p.in.book != nil {
		ext = ".csv"
	}
	path := filepath.Join(p.im.c.Folders.Rejected, day(p.mapping, p.file), stem+"."+strconv.FormatUint(p.file.Number, 10)+".rejects"+ext)
	err := p.im.writeWhole(path, func(w io.Writer) error {
		out := bufio.NewWriter(w)
		if err := p.copyRejects(ctx, out); err != nil {
			return err
		}
		return out.Flush()
	})
	return path, err
}

// errRejectGone says that the file no longer holds a record that the database knows.
var errRejectGone = errors.New("the file no longer holds a record that was rejected")

func (p *pass) copyRejects(ctx context.Context, out *bufio.Writer) error {
	cut, closer, err := p.cutter()
	if err != nil {
		return err
	}
	defer closer.Close()
	if p.format == "csv" {
		p.rejectHeader(out)
	}
	var b *block
	next, more := uint64(1), true
	var failed error
	err = p.im.c.Store.Rejects(ctx, p.file.Number, func(r store.Reject) bool {
		for b == nil || r.Record >= b.first+uint64(len(b.spans)) {
			if !more {
				failed = errRejectGone
				return false
			}
			b = &block{first: next}
			if more, failed = cut.next(b); failed != nil {
				return false
			}
			next += uint64(len(b.spans))
		}
		at := int(r.Record - b.first)
		if p.format == "csv" {
			p.rejectRows(out, b, at, r)
		} else {
			rejectObject(out, b.record(at), b.spans[at].flag, r)
		}
		return true
	})
	return errors.Join(err, failed)
}

// rejectHeader begins a CSV of rejects with the mark by which spreadsheets know UTF-8.
func (p *pass) rejectHeader(out *bufio.Writer) {
	out.WriteString("\ufeff")
	for _, h := range p.sheet.headers {
		p.writeCell(out, h)
		out.WriteByte(p.sheet.delimiter)
	}
	fmt.Fprintf(out, "capibara_line%ccapibara_reason%ccapibara_fix\r\n", p.sheet.delimiter, p.sheet.delimiter)
}

// rejectRows writes all lines of a record, the good ones too: mended and dropped in again, they are the whole record.
func (p *pass) rejectRows(out *bufio.Writer, b *block, at int, r store.Reject) {
	for _, line := range b.lines(at) {
		of := r
		if b.spans[at].group > 0 {
			of.Line = line.line
		}
		p.rejectRow(out, b.slice(line), of)
	}
}

// rejectRow writes a line with its reason. Missing cells are empty; those that are too many follow the reason, so that the
// columns stay where they belong.
func (p *pass) rejectRow(out *bufio.Writer, text string, r store.Reject) {
	cells := allCells(text, p.sheet.delimiter)
	reason := reasonText(r)
	if r.Reason == event.ReasonRaggedRow && len(cells) != len(p.sheet.headers) {
		reason = fmt.Sprintf("%s It has %d cells, and the header has %d.", reason, len(cells), len(p.sheet.headers))
	}
	for i := range p.sheet.headers {
		if i < len(cells) {
			p.writeCell(out, cells[i])
		}
		out.WriteByte(p.sheet.delimiter)
	}
	p.writeCell(out, strconv.FormatUint(r.Line, 10))
	out.WriteByte(p.sheet.delimiter)
	p.writeCell(out, reason)
	out.WriteByte(p.sheet.delimiter)
	p.writeCell(out, r.Reason.Fix())
	for i := len(p.sheet.headers); i < len(cells); i++ {
		out.WriteByte(p.sheet.delimiter)
		p.writeCell(out, cells[i])
	}
	out.WriteString("\r\n")
}

// reasonText is the reason's code and sentence, with the column at fault.
func reasonText(r store.Reject) string {
	text := string(r.Reason) + ": " + r.Reason.Sentence()
	if r.Column != "" {
		text = strings.TrimSuffix(text, ".") + " (" + r.Column + ")."
	}
	return text
}

func (p *pass) writeCell(out *bufio.Writer, text string) {
	if !strings.ContainsAny(text, "\"\r\n"+string(rune(p.sheet.delimiter))) && strings.TrimSpace(text) == text {
		out.WriteString(text)
		return
	}
	out.WriteByte('"')
	out.WriteString(strings.ReplaceAll(text, `"`, `""`))
	out.WriteByte('"')
}

// rejectObject writes a JSON record on one line with its reason among its members. What cannot be read as an object is
// kept as a text.
func rejectObject(out *bufio.Writer, text string, flag spanFlag, r store.Reject) {
	reason := reasonText(r)
	if flag&spanBroken != 0 {
		reason += " The file ends before its list does, or goes on after it."
	}
	members := []string{strconv.FormatUint(r.Line, 10), reason, r.Reason.Fix()}
	object := jsontext.Value(strings.Clone(text))
	if err := object.Compact(); err != nil || len(object) < 2 || object[0] != '{' {
		raw, _ := json.Marshal(text)
		object = jsontext.Value(`{"capibara_raw":` + string(raw) + `}`)
	}
	out.Write(object[:len(object)-1])
	if len(object) > 2 {
		out.WriteByte(',')
	}
	for i, name := range []string{"capibara_line", "capibara_reason", "capibara_fix"} {
		value := []byte(members[i])
		if i > 0 {
			value, _ = json.Marshal(members[i])
			out.WriteByte(',')
		}
		fmt.Fprintf(out, "%q:%s", name, value)
	}
	out.WriteString("}\n")
}
