package bolt

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"capibara/event"
	"capibara/store"
)

// keySeparator joins the columns of a record key.
const keySeparator = " · "

// search is one page of events being looked for.
type search struct {
	*txn
	f       store.Filter
	dataset uint16 // 0 for any
	name    uint32 // 0 for any
	began   time.Time
	looked  int
	overdue bool
	decoded event.Event
	page    store.Page[store.EventEntry]
	telling telling

	fromBatch bool // the rows that are looked at are those of f.Batch
}

// Events returns a page of events, the newest import first.
func (d *DB) Events(ctx context.Context, f store.Filter) (store.Page[store.EventEntry], error) {
	var page store.Page[store.EventEntry]
	err := d.read(ctx, func(t *txn) error {
		before, err := cursor(f.Cursor)
		if err != nil {
			return err
		}
		s := &search{txn: t, f: f, began: time.Now()}
		known, err := s.resolve()
		if err != nil || !known {
			return err
		}
		ranges, err := s.ranges()
		if err != nil {
			return err
		}
		s.telling = tellingOf(f)
		err = s.walk(ranges, before)
		page = s.page
		return err
	})
	if err != nil {
		return store.Page[store.EventEntry]{}, fmt.Errorf("list events: %w", err)
	}
	return page, nil
}

// cursor reads the number that the page before ended at; without one it is beyond every number.
func cursor(s string) (uint64, error) {
	if s == "" {
		return math.MaxUint64, nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no cursor of a page", s)
	}
	return n, nil
}

// limit is the number of entries of a page.
func limit(f store.Filter) int {
	if f.Limit <= 0 {
		return 100
	}
	return min(f.Limit, pageRows)
}

// resolve looks up the numbers of the names in the filter; false when one of them never occurred.
func (s *search) resolve() (bool, error) {
	if s.f.Dataset != "" {
		n, ok, err := s.txn.dataset(s.f.Dataset)
		if !ok || err != nil {
			return false, err
		}
		s.dataset = n
	}
	if s.f.EventName != "" {
		n, err := s.number(eventName, s.f.EventName, false)
		if n == 0 || err != nil {
			return false, err
		}
		s.name = n
	}
	return true, nil
}

// ranges are the rows that the filter's most telling member leaves, the greatest first.
func (s *search) ranges() ([]extent, error) {
	var ranges []extent
	switch {
	case s.f.EventID != "":
		seqs, err := s.seqsOf(s.f.EventID)
		return singles(seqs), err
	case s.f.Batch != 0:
		b, err := s.batch(s.f.Batch)
		if err != nil {
			return nil, err
		}
		s.fromBatch = true
		return singles(slices.Concat(b.Seqs, b.dropped)), nil
	case s.f.Seq != 0:
		return []extent{{s.f.Seq, 1}}, nil
	case s.f.File != 0:
		f, err := s.file(s.f.File)
		if err != nil {
			return nil, err
		}
		ranges = slices.Clone(f.extents)
		slices.Reverse(ranges)
		return ranges, nil
	case s.f.Source != "":
		return s.ofSource()
	}
	seq, err := s.metaUint("seq")
	return append(ranges, extent{1, seq}), err
}

func singles(seqs []uint64) []extent {
	slices.Sort(seqs)
	slices.Reverse(seqs)
	ranges := make([]extent, 0, len(seqs))
	for _, seq := range seqs {
		ranges = append(ranges, extent{seq, 1})
	}
	return ranges
}

// walk goes through the ranges below before, block by block, until the page is full or its time is over.
func (s *search) walk(ranges []extent, before uint64) error {
	var b *block
	for i, x := range ranges {
		for seq := min(x.first+x.count, before); seq > x.first; {
			n := blockOf(seq - 1)
			low := max(x.first, firstSeq(n))
			possible, err := s.possible(n)
			if err != nil {
				return err
			}
			if !possible {
				seq = low
			} else if b, err = s.block(n); err != nil {
				return err
			}
			for seq > low && !s.full() {
				seq--
				if err := s.look(b, seq); err != nil {
					return err
				}
			}
			if s.full() {
				if seq > x.first || i < len(ranges)-1 {
					s.page.Next = strconv.FormatUint(seq, 10)
				}
				return nil
			}
		}
	}
	return nil
}

// full looks at the clock now and then: a page that found nothing ends as well.
func (s *search) full() bool {
	if s.looked++; s.looked%64 == 0 && time.Since(s.began) > pageTime {
		s.overdue = true
	}
	return s.overdue || len(s.page.Items) >= limit(s.f)
}

// possible reports whether a block may hold what is looked for. It reads no more of it than its summary.
func (s *search) possible(n uint64) (bool, error) {
	if s.f.State == 0 && s.f.Since.IsZero() && s.f.Until.IsZero() {
		return true, nil
	}
	body, err := s.get(blocksBucket, numberKey(n))
	if err != nil || len(body) < blockHead {
		return true, err
	}
	states, minTime, maxTime := decodeHead(body)
	switch {
	case s.f.State != 0 && states&(1<<(s.f.State&15)) == 0:
		return false, nil
	case !s.f.Since.IsZero() && maxTime < s.f.Since.Unix():
		return false, nil
	case !s.f.Until.IsZero() && minTime > s.f.Until.Unix():
		return false, nil
	}
	return true, nil
}

// look adds the event to the page when the filter lets it through.
func (s *search) look(b *block, seq uint64) error {
	at := int(seq - firstSeq(b.n))
	if at >= len(b.cells) {
		return nil
	}
	s.page.Looked++
	c := b.cells[at]
	if s.f.Changed && (c.flags&flagConflicts == 0 || c.state == store.StateWithdrawn) {
		return nil
	}
	if s.f.State != 0 && c.state != s.f.State || s.dataset != 0 && c.dataset != s.dataset {
		return nil
	}
	if s.ruledOut(seq) {
		return nil
	}
	r, err := s.rowBeside(seq)
	if err != nil && s.byContent() || err == nil && !s.matches(seq, &r) {
		return nil
	}
	var e store.EventEntry
	if err == nil {
		e, err = s.entry(seq, c, &r)
	} else {
		e, err = s.entryOrDamaged(seq, b, at)
	}
	if err != nil {
		return err
	}
	s.page.Items = append(s.page.Items, e)
	return nil
}

// byContent reports whether the filter asks for what only an undamaged row can tell.
func (s *search) byContent() bool {
	f := &s.f
	return f.EventName != "" || f.RecordKey != "" || f.OrderID != "" || f.Key != "" || f.Source != "" || len(f.Person) > 0 || len(f.PersonPlain) > 0 ||
		!f.Since.IsZero() || !f.Until.IsZero()
}

// matches compares a row with the filter. The dearest comparison, which decodes the payload, comes last.
func (s *search) matches(seq uint64, r *row) bool {
	f := &s.f
	at := time.Unix(r.eventTime, 0)
	switch {
	case s.name != 0 && r.name != s.name,
		f.EventID != "" && r.eventID != f.EventID,
		f.File != 0 && r.file != f.File,
		f.Seq != 0 && seq != f.Seq,
		(f.FileName != "" || f.Source != "") && !s.inFile(r.file),
		f.Batch != 0 && !s.fromBatch && !s.inBatch(seq),
		!f.Since.IsZero() && at.Before(f.Since),
		!f.Until.IsZero() && !at.Before(f.Until),
		f.RecordKey != "" && !isKey(r.recordKey, f.RecordKey):
		return false
	}
	byKey := f.Key == "" || isKey(r.recordKey, f.Key)
	if byKey && f.OrderID == "" && len(f.Person) == 0 && len(f.PersonPlain) == 0 {
		return true
	}
	if err := s.decoded.DecodeBinary(r.payload); err != nil {
		return false // a payload in a form that this version does not know carries no person that it could compare
	}
	order := s.decoded.Custom.OrderID
	return (byKey || order == f.Key) && (f.OrderID == "" || order == f.OrderID) && s.isPerson()
}

// isKey reports whether key is what is looked for, or has a column that is: an id of Salesforce in either of its two forms.
func isKey(key, looked string) bool {
	canonical := event.CanonicalKey(looked)
	return key == looked || slices.ContainsFunc(strings.Split(key, keySeparator), func(column string) bool {
		return column == looked || event.CanonicalKey(column) == canonical
	})
}

// keyProbe is what every key holds that isKey takes for the one that is looked for.
func keyProbe(looked string) []byte {
	if len(looked) == 18 && event.CanonicalKey(looked[:15]) == looked {
		looked = looked[:15]
	}
	return []byte(strings.TrimSpace(looked))
}

func (s *search) inFile(n uint64) bool {
	f, err := s.file(n)
	return err == nil && (s.f.FileName == "" || f.Name == s.f.FileName) && (s.f.Source == "" || f.Source == s.f.Source)
}

// inBatch is asked only when another member chose the rows: the batch's own rows are few.
func (s *search) inBatch(seq uint64) bool {
	b, err := s.batch(s.f.Batch)
	return err == nil && b.carried(seq)
}

// isPerson reports whether the decoded event carries any of the identifiers asked for, or none is asked for.
func (s *search) isPerson() bool {
	if len(s.f.Person) == 0 && len(s.f.PersonPlain) == 0 {
		return true
	}
	for _, p := range s.f.Person {
		if s.decoded.User.HasHash(p.Key, p.Hash) {
			return true
		}
	}
	for _, p := range s.f.PersonPlain {
		if slices.Contains(s.decoded.User.Plain(), p) {
			return true
		}
	}
	return false
}
