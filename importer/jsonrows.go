package importer

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"capibara/event"
	"capibara/store"
)

const (
	sampleRecords = 1000 // the records whose members are looked at before the file is bound
	sampleMembers = 2000 // different members that are told apart there
	maxDepth      = 64   // of members within members
)

// members lists the dotted paths of the members of the first records, in the order of their first appearance.
func (p *pass) members() ([]string, error) {
	text, err := p.in.text()
	if err != nil {
		return nil, err
	}
	defer text.Close()
	cut, err := p.list.cutter(text)
	if err != nil {
		return nil, err
	}
	var paths []string
	known := map[string]bool{}
	reader := newFlattener(func(path []byte) int {
		if !known[string(path)] && len(paths) < sampleMembers {
			known[string(path)] = true
			paths = append(paths, string(path))
		}
		return -1
	}, nil)
	for more, seen := true, 0; more && seen < sampleRecords; {
		b := &block{}
		if more, err = cut.next(b); err != nil {
			return nil, err
		}
		for i := range b.spans {
			if b.spans[i].flag == 0 && seen < sampleRecords {
				reader.record(b.record(i)) // what is malformed is told when it is imported
				seen++
			}
		}
	}
	return paths, nil
}

// jsonWorker makes events of blocks of JSON.
type jsonWorker struct {
	*mapper
	reader *flattener
	places map[string]int // member's path → slot
	values []string
	types  []cellKind
}

func newJSONWorker(m *mapper) *jsonWorker {
	w := &jsonWorker{mapper: m, places: map[string]int{}, values: make([]string, len(m.slots)), types: make([]cellKind, len(m.slots))}
	w.reader = newFlattener(w.place, func(slot int, value string, kind cellKind) { w.values[slot], w.types[slot] = value, kind })
	return w
}

// maxPlaces bounds the members that a worker remembers: objects may use ids as names.
const maxPlaces = 10_000

// place finds the slot of a member; -1 when it is not needed.
func (w *jsonWorker) place(path []byte) int {
	slot, known := w.places[string(path)]
	if !known {
		slot = w.member(string(path))
		if len(w.places) < maxPlaces {
			w.places[string(path)] = slot
		}
	}
	return slot
}

// work fills b.out.
func (w *jsonWorker) work(b *block) error {
	b.out.records = make([]store.Record, 0, len(b.spans))
	b.out.rows = make([]store.NewRow, 0, len(b.spans)*len(w.events))
	b.out.sums = make([]rowSum, 0, len(b.spans)*len(w.events))
	for i := range b.spans {
		line := b.spans[i].line
		if f := w.read(b.record(i), b.spans[i].flag); !f.none() {
			b.out.records = append(b.out.records, withoutRows(line, f))
			continue
		}
		w.record(w.values, w.types, line, &b.out)
	}
	return nil
}

func (w *jsonWorker) read(record string, flag spanFlag) fault {
	switch {
	case flag&spanTooLarge != 0:
		return fault{reason: event.ReasonRecordTooLarge}
	case flag&spanBroken != 0:
		return fault{reason: event.ReasonJSONMalformed}
	case strings.TrimSpace(record) == "":
		return fault{reason: event.ReasonBlankLine}
	}
	clear(w.values)
	clear(w.types)
	return fault{reason: w.reader.record(record)}
}

// flattener reads one JSON object and puts the members that are asked for, by their dotted paths, where they belong. Numbers
// keep their digits. A list of plain values is one value with commas; a list of objects is passed over.
type flattener struct {
	place   func(path []byte) int // -1 for a member that is not wanted
	put     func(slot int, value string, kind cellKind)
	decoder *jsontext.Decoder
	source  strings.Reader
	path    []byte
}

func newFlattener(place func(path []byte) int, put func(slot int, value string, kind cellKind)) *flattener {
	f := &flattener{place: place, put: put}
	f.decoder = jsontext.NewDecoder(&f.source)
	return f
}

// record reads one record; the reason is "" when it could be read.
func (f *flattener) record(text string) event.Reason {
	f.source.Reset(text)
	f.decoder.Reset(&f.source)
	f.path = f.path[:0]
	kind := f.decoder.PeekKind()
	if kind != '{' {
		if err := f.decoder.SkipValue(); kind == 0 || err != nil {
			return event.ReasonJSONMalformed
		}
		return event.ReasonJSONNotObject
	}
	if err := f.object(0); err != nil {
		return event.ReasonJSONMalformed
	}
	if _, err := f.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return event.ReasonJSONMalformed
	}
	return ""
}

var errDeep = errors.New("members are nested too deeply")

func (f *flattener) object(depth int) error {
	if depth > maxDepth {
		return errDeep
	}
	if _, err := f.decoder.ReadToken(); err != nil {
		return err
	}
	above := len(f.path)
	for f.decoder.PeekKind() != '}' {
		name, err := f.decoder.ReadToken()
		if err != nil {
			return err
		}
		f.path = f.path[:above]
		if above > 0 {
			f.path = append(f.path, '.')
		}
		f.path = append(f.path, name.String()...)
		if err := f.value(depth); err != nil {
			return err
		}
	}
	f.path = f.path[:above]
	_, err := f.decoder.ReadToken()
	return err
}

func (f *flattener) value(depth int) error {
	kind := f.decoder.PeekKind()
	if kind == '{' {
		return f.object(depth + 1)
	}
	slot := f.place(f.path)
	switch {
	case slot < 0:
		return f.decoder.SkipValue()
	case kind == '[':
		return f.list(slot)
	}
	token, err := f.decoder.ReadToken()
	if err != nil {
		return err
	}
	value, cell := scalar(token)
	f.put(slot, value, cell)
	return nil
}

// list puts a list of plain values down as one.
func (f *flattener) list(slot int) error {
	raw, err := f.decoder.ReadValue()
	if err != nil {
		return err
	}
	inner := jsontext.NewDecoder(bytes.NewReader(raw))
	if _, err := inner.ReadToken(); err != nil {
		return err
	}
	var values []string
	for inner.PeekKind() != ']' {
		if k := inner.PeekKind(); k == '{' || k == '[' {
			return nil
		}
		token, err := inner.ReadToken()
		if err != nil {
			return err
		}
		if value, _ := scalar(token); value != "" {
			values = append(values, value)
		}
	}
	f.put(slot, strings.Join(values, ","), kindText)
	return nil
}

func scalar(token jsontext.Token) (string, cellKind) {
	switch token.Kind() {
	case '"':
		return token.String(), kindText
	case '0':
		return token.String(), kindNumber
	case 't', 'f':
		return token.String(), kindBoolean
	}
	return "", kindText
}
