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
	places map[string]int // member's path → place
	values []string
	types  []cellKind
	filled []uint8 // slot → likenesses − likeness of the member that fills it, 0 when none does
}

func newJSONWorker(m *mapper) *jsonWorker {
	w := &jsonWorker{mapper: m, places: map[string]int{}, values: make([]string, len(m.slots)), types: make([]cellKind, len(m.slots)),
		filled: make([]uint8, len(m.slots))}
	w.reader = newFlattener(w.place, w.put)
	return w
}

const (
	// maxPlaces bounds the members that a worker remembers: objects may use ids as names.
	maxPlaces = 10_000
	// likenesses is how many there are.
	likenesses = int(innerName) + 1
)

// place is the slot of a member together with its likeness; -1 when it is not needed.
func (w *jsonWorker) place(path []byte) int {
	place, known := w.places[string(path)]
	if !known {
		slot, like := w.member(string(path))
		place = max(slot*likenesses+int(like), -1)
		if len(w.places) < maxPlaces {
			w.places[string(path)] = place
		}
	}
	return place
}

// put fills a slot, unless a member that is nearer to its name, or as near and earlier, has filled it.
func (w *jsonWorker) put(place int, value string, kind cellKind) {
	slot, near := place/likenesses, uint8(likenesses-place%likenesses)
	if near > w.filled[slot] {
		w.values[slot], w.types[slot], w.filled[slot] = value, kind, near
	}
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
		if err := w.meetOne(w.values); err != nil {
			return err
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
	clear(w.filled)
	return fault{reason: w.reader.record(record)}
}

// flattener reads one JSON object and puts the members that are asked for, by their dotted paths, where they belong. Numbers
// keep their digits. A list of plain values is one value with commas; a list of objects is passed over.
type flattener struct {
	place   func(path []byte) int // negative for a member that is not wanted
	put     func(place int, value string, kind cellKind)
	decoder *jsontext.Decoder
	source  strings.Reader
	path    []byte
}

func newFlattener(place func(path []byte) int, put func(place int, value string, kind cellKind)) *flattener {
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
	place := f.place(f.path)
	switch {
	case place < 0:
		return f.decoder.SkipValue()
	case kind == '[':
		return f.list(place)
	}
	token, err := f.decoder.ReadToken()
	if err != nil {
		return err
	}
	value, cell := scalar(token)
	f.put(place, value, cell)
	return nil
}

// list puts a list of plain values down as one.
func (f *flattener) list(place int) error {
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
	f.put(place, strings.Join(values, ","), kindText)
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
