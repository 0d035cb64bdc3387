package importer

import (
	"context"
	"fmt"
	"hash/maphash"
	"time"

	"capibara/event"
	"capibara/store"
)

// maxPreviewed is how many different events a preview tells apart; what is repeated beyond them counts as new.
const maxPreviewed = 1 << 20

// maxSamples is how many events a preview shows as they would be sent.
const maxSamples = 3

// counting is an outbox that keeps nothing: it finds out what would become of the records in an empty ledger.
type counting struct {
	now  time.Time
	file store.File
	seed maphash.Seed
	ids  map[uint64]uint64 // event → fingerprint

	coverage event.Coverage
	samples  []string
	events   map[string]*eventFacts // by event_name
	ages     ages
	retracts map[event.Reason]uint64 // events that records say are no conversions any more
}

// eventFacts is what the events of one name have in common.
type eventFacts struct {
	events, priced uint64
	time           int64 // of the first one
	value          event.Money
	oneTime        bool // all have the time of the first one
	oneValue       bool // all have its value
}

// ages says how late the events come.
type ages struct {
	events  uint64
	late    uint64 // more than 48 hours old
	expired uint64 // too old to be sent
	weekly  uint64 // would be lost if the file were exported once a week
}

const (
	lateAfter = 48 * time.Hour
	week      = 7 * 24 * time.Hour
	// untilUpload is how long an import waits for its upload at worst, when the upload runs every night.
	untilUpload = 24 * time.Hour
)

func newCounting(now time.Time) *counting {
	return &counting{now: now, seed: maphash.MakeSeed(), ids: map[uint64]uint64{}, events: map[string]*eventFacts{},
		retracts: map[event.Reason]uint64{}}
}

// OpenFile registers nothing.
func (s *counting) OpenFile(_ context.Context, f store.NewFile, now time.Time) (store.File, error) {
	s.file = store.File{Name: f.Name, Source: f.Source, State: store.FileImporting, StartedAt: now}
	return s.file, nil
}

// Import finds out what would become of the records.
func (s *counting) Import(_ context.Context, _ uint64, c store.Chunk, _ time.Time) (store.ImportResult, error) {
	out := store.ImportResult{Done: c.First + uint64(len(c.Records)) - 1}
	for i := range c.Records {
		r := &c.Records[i]
		fate := r.Fate
		if r.Person != nil {
			fate = store.FateAccepted
		}
		for j := range r.Rows {
			f, err := s.fate(&r.Rows[j])
			if err != nil {
				return out, err
			}
			fate = weightiest(fate, f)
			out.Accepted = append(out.Accepted, f == store.FateAccepted)
			if f == store.FateAccepted {
				out.Events++
			}
		}
		out.Fates = append(out.Fates, fate)
		for _, x := range r.Retractions {
			s.retracts[x.Reason]++
		}
	}
	return out, nil
}

// weightiest is the fate of a record with a row of each fate, as a ledger finds it.
func weightiest(a, b store.Fate) store.Fate {
	for _, f := range [...]store.Fate{store.FateAccepted, store.FateConflict, store.FateExpired, store.FateDuplicate} {
		if a == f || b == f {
			return f
		}
	}
	return a
}

func (s *counting) fate(r *store.NewRow) (store.Fate, error) {
	var h maphash.Hash
	h.SetSeed(s.seed)
	for _, part := range [...]string{r.Dataset, r.EventID, r.EventName} {
		h.WriteString(part)
		h.WriteByte(0)
	}
	id := h.Sum64()
	switch fingerprint, known := s.ids[id]; {
	case known && fingerprint == r.Fingerprint:
		return store.FateDuplicate, nil
	case known:
		return store.FateConflict, nil
	case len(s.ids) < maxPreviewed:
		s.ids[id] = r.Fingerprint
	}
	s.ages.add(r, s.now)
	if r.Deadline <= s.now.Unix() {
		return store.FateExpired, nil
	}
	var e event.Event
	if err := e.DecodeBinary(r.Payload); err != nil {
		return 0, fmt.Errorf("read an event back: %w", err)
	}
	s.coverage.Add(&e.User)
	if len(s.samples) < maxSamples {
		s.samples = append(s.samples, string(e.AppendJSON(nil)))
	}
	s.note(&e)
	return store.FateAccepted, nil
}

func (s *counting) note(e *event.Event) {
	f := s.events[e.Name]
	if f == nil {
		if len(s.events) >= maxSums {
			return
		}
		f = &eventFacts{time: e.Time, value: e.Custom.Value, oneTime: true, oneValue: true}
		s.events[e.Name] = f
	}
	f.events++
	if e.Custom.Value.Present() {
		f.priced++
	}
	f.oneTime = f.oneTime && f.time == e.Time
	f.oneValue = f.oneValue && f.value == e.Custom.Value
}

// add counts the age of an event. In a week's rhythm whose export is at this hour, an event waits for the next export and
// then for its upload; when that is later than its deadline, the rhythm loses it.
func (a *ages) add(r *store.NewRow, now time.Time) {
	age := now.Unix() - r.EventTime
	if age < 0 {
		age = 0
	}
	a.events++
	if age > int64(lateAfter/time.Second) {
		a.late++
	}
	if r.Deadline <= now.Unix() {
		a.expired++
	}
	waits := age % int64(week/time.Second)
	if waits+int64(untilUpload/time.Second) >= r.Deadline-r.EventTime {
		a.weekly++
	}
}

// CloseFile ends nothing.
func (s *counting) CloseFile(_ context.Context, _ uint64, end store.FileEnd, now time.Time) (store.File, error) {
	s.file.State, s.file.Reason, s.file.EndedAt = end.State, end.Reason, now
	return s.file, nil
}

// People knows nobody: who was imported from other sources is in the ledger alone.
func (s *counting) People(_ context.Context, keys []event.Hash) ([][]byte, error) {
	return make([][]byte, len(keys)), nil
}

// File is the file that is looked at.
func (s *counting) File(context.Context, uint64) (store.File, error) { return s.file, nil }

// Files has none: what is usual for a source is in the ledger alone.
func (s *counting) Files(context.Context, store.Filter) (store.Page[store.File], error) {
	return store.Page[store.File]{}, nil
}

// FateRuns has none: what became of every single record is not kept.
func (s *counting) FateRuns(context.Context, uint64, func(store.FateRun) bool) error { return nil }

// Events has none: an event is counted and forgotten.
func (s *counting) Events(context.Context, store.Filter) (store.Page[store.EventEntry], error) {
	return store.Page[store.EventEntry]{}, nil
}

// Rejects has none: a preview writes no file of rejects.
func (s *counting) Rejects(context.Context, uint64, func(store.Reject) bool) error { return nil }
