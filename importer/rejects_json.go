package importer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"capibara/store"
)

// jsonRejects writes the rejects as JSON lines.
func (p *pass) jsonRejects(ctx context.Context, w io.Writer) error {
	out := bufio.NewWriter(w)
	err := p.eachReject(ctx, func(text string, flag spanFlag, r store.Reject) error {
		reason := reasonText(r)
		if flag&spanBroken != 0 {
			reason += " The file ends before its list does, or goes on after it."
		}
		rejectObject(out, text, p.ownCells(r, reason))
		return nil
	})
	return errors.Join(err, out.Flush())
}

// rejectObject writes a JSON record on one line with its reason among its members. What cannot be read as an object is
// kept as a text.
func rejectObject(out *bufio.Writer, text string, own []string) {
	object := jsontext.Value(strings.Clone(text))
	if err := object.Compact(); err != nil || len(object) < 2 || object[0] != '{' {
		raw, _ := json.Marshal(text)
		object = jsontext.Value(`{"capibara_raw":` + string(raw) + `}`)
	}
	object = withoutOwn(object)
	out.Write(object[:len(object)-1])
	if len(object) > 2 {
		out.WriteByte(',')
	}
	for i, name := range ownColumns() {
		value := []byte(own[i])
		if name == columnReason || name == columnFix {
			value, _ = json.Marshal(own[i])
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(`"` + name + `":`)
		out.Write(value)
	}
	out.WriteString("}\n")
}

// withoutOwn leaves our own members out of a compact object that began in a rejects file. All others stay byte for byte.
func withoutOwn(object jsontext.Value) jsontext.Value {
	if !bytes.Contains(object, []byte(`"capibara_`)) {
		return object
	}
	kept := []byte{'{'}
	d := jsontext.NewDecoder(bytes.NewReader(object))
	if _, err := d.ReadToken(); err != nil {
		return object
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadValue()
		if err != nil {
			return object
		}
		name = name.Clone()
		value, err := d.ReadValue()
		if err != nil {
			return object
		}
		if ownColumn(strings.Trim(string(name), `"`)) != "" {
			continue
		}
		if len(kept) > 1 {
			kept = append(kept, ',')
		}
		kept = append(append(append(kept, name...), ':'), value...)
	}
	return append(kept, '}')
}
