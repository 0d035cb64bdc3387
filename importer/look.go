package importer

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/text/encoding/charmap"

	"capibara/event"
	"capibara/store"
)

// lookRecords is how many records a look takes in.
const lookRecords = 2000

// lookColumns is how many columns of a file a look tells apart.
const lookColumns = 2000

// Sight is what a file looks like before anybody has said what its columns mean. It holds no value of a record but such
// as can only be stages.
type Sight struct {
	Name     string
	Encoding string // to state under encoding; "" when nothing need be stated
	Preset   *Preset
	Columns  []ColumnSight
	Records  int // that were looked at
}

// Headers are the headers of the file.
func (s *Sight) Headers() []string {
	var all []string
	for i := range s.Columns {
		all = append(all, s.Columns[i].Header)
	}
	return all
}

// Column finds a column by its header; nil when there is none.
func (s *Sight) Column(header string) *ColumnSight {
	for i := range s.Columns {
		if fold(s.Columns[i].Header) == fold(header) {
			return &s.Columns[i]
		}
	}
	return nil
}

// Look reads the beginning of a file and tells what its columns look like. The error is a *RefusedError when nobody could
// read the file.
func Look(ctx context.Context, path, name string) (*Sight, error) {
	if name == "" {
		name = filepath.Base(path)
	}
	m, err := everyHeader()
	if err != nil {
		return nil, err
	}
	s := &Sight{Name: name}
	// Most of what is not UTF-8 comes from Windows in the west; whoever sees the sight is told.
	src, err := inspect(ctx, path, name, reading{country: "us"})
	if err == nil {
		if src.encoding == charmap.Windows1252 {
			s.Encoding = "windows-1252"
		}
		err = s.read(ctx, m, src)
	}
	var no *refusal
	if errors.As(err, &no) {
		return nil, &RefusedError{Name: name, Reason: sentence(no.reason), Hint: no.hint}
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// everyHeader is a mapping that knows the headers of all presets, so that the line of headers is found below titles.
func everyHeader() (*Mapping, error) {
	m := &Mapping{clock: clock{zone: time.UTC, dateOnly: 12 * time.Hour}, folders: time.UTC}
	all, err := allPresets()
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		for header, others := range p.Headers {
			m.targets = append(m.targets, mapped{headers: append([]string{header}, others...), preset: true})
		}
		m.targets = append(m.targets, mapped{headers: p.Recognise.Headers, preset: true})
	}
	return m, nil
}

// read looks at the first records.
func (s *Sight) read(ctx context.Context, m *Mapping, src *input) error {
	im := New(Config{Log: zerolog.Nop()})
	p := &pass{im: im, mapping: m, in: src, report: newReport(store.File{}), watched: []*watch{}}
	head, err := headOf(p.in)
	if err != nil {
		return err
	}
	headers, err := p.headers(head)
	if err != nil {
		return err
	}
	if len(headers) > lookColumns {
		return refuse("Export the columns that tell of conversions and leave the others out.", "the file has %d columns", len(headers))
	}
	p.bound = everyColumn(m, headers)
	switch {
	case p.format == "csv" && (personalHeader(headers) || len(headers) > 0 && allDataLike(headers)):
		return refuse("Export the file with a line of headers.", "%s", p.bound.describeHeaders())
	case personalHeader(headers):
		return refuse("Export the records so that their members are named after fields, such as email.",
			"members of the records are named with e-mail addresses or telephone numbers")
	}
	s.Columns = make([]ColumnSight, len(headers))
	for i, h := range headers {
		s.Columns[i] = newColumnSight(h)
	}
	s.Preset = RecognisePreset(headers)
	cut, closer, err := p.cutter()
	if err != nil {
		return err
	}
	defer closer.Close()
	w := p.worker(ctx)
	p.watched[0].raw = s.take
	for more := true; more && s.Records < lookRecords; {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := &block{}
		if more, err = cut.next(b); err != nil {
			return err
		}
		if err := safely(w, b); err != nil {
			return err
		}
	}
	return nil
}

// take looks at one record.
func (s *Sight) take(cells []string, kinds []cellKind) {
	if s.Records >= lookRecords {
		return
	}
	s.Records++
	for i := range s.Columns {
		kind := kindText
		if kinds != nil {
			kind = kinds[i]
		}
		s.Columns[i].add(cells[i], kind)
	}
}

// everyColumn binds every column of a file to a place of its own.
func everyColumn(m *Mapping, headers []string) *binding {
	b := &binding{Mapping: m, headers: headers, slotOf: make([]int, len(headers)), literal: map[string]int{}, folded: map[string]int{},
		absent: map[int]bool{}, join: -1, ofDay: -1}
	b.admits.consent, b.admits.dataset = -1, -1
	for i := range headers {
		b.slotOf[i] = b.newSlot(headers[i])
	}
	for i := range b.fields {
		b.fields[i] = -1
	}
	return b
}

// allDataLike reports whether the first line must be a record: most of what stands there looks like values.
func allDataLike(headers []string) bool {
	n := 0
	for _, h := range headers {
		if dataLike(trimSpace(h)) {
			n++
		}
	}
	return 2*n > len(headers)
}

// personalHeader reports whether an e-mail address or a telephone number stands among the headers, which would be shown.
func personalHeader(headers []string) bool { return slices.ContainsFunc(headers, event.LooksPersonal) }
