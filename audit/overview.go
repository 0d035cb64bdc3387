package audit

import (
	"context"
	"fmt"
	"time"

	"capibara/store"
)

// Overview is what somebody wants to see first: how things stand, and how they went lately.
type Overview struct {
	Status
	// Days are the last thirty days in the reader's zone, the oldest first, days on which nothing happened included.
	Days []Day `json:"days"`
	// Counted says that Days and Sums are whole; false for a moment after a start, while a large ledger is counted.
	Counted bool `json:"counted"`
	// Sums are what the events are worth that Meta accepted in those thirty days, by currency.
	Sums    []store.Sum      `json:"sums"`
	Sources []SourceCoverage `json:"sources"` // by name
}

// Day is what became of events on one day: not of those imported on it.
type Day struct {
	Day     string `json:"day"` // such as 2026-11-28
	Sent    uint64 `json:"sent"`
	Reject  uint64 `json:"rejected"`
	Expired uint64 `json:"expired"`
}

// SourceCoverage tells which identifiers the newest events of a source carry, and what that lets expect.
type SourceCoverage struct {
	Source   string     `json:"source"`
	Events   uint64     `json:"events"`  // that were looked at: the newest, a thousand at most
	Quality  string     `json:"quality"` // an estimate out of ten, such as "6.4"; not Meta's Event Match Quality
	Keys     []KeyShare `json:"keys"`    // the most frequent first
	LastFile uint64     `json:"last_file"`
	LastAt   *time.Time `json:"last_at"` // when that file was imported
}

// KeyShare is how many of the events carry an identifier.
type KeyShare struct {
	Key    string `json:"key"` // as Meta names it, such as em
	Label  string `json:"label"`
	Events uint64 `json:"events"`
}

// Found is what a search of one box found.
type Found struct {
	// Events are those whose event_id, record key, order id or person it is; the first page of them.
	Events  List[Event] `json:"events"`
	Batches []Batch     `json:"batches"` // by number, or by the fbtrace_id of one of their attempts
	Files   []File      `json:"files"`   // by number or name
	// Records are rejected records with this record key, of which no event came: the newest hundred.
	Records []RejectedRecord `json:"records"`
	// As says how what was typed was understood, such as "an e-mail address"; for people.
	As    []string `json:"as"`
	kinds string
	// Filter names the filter of Query under which Events goes on, such as key; "" for a person, and when nothing was looked for.
	Filter string `json:"filter"`
	// Unfinished are sentences about what was not looked through to its end, because it takes long.
	Unfinished []string `json:"unfinished"`
}

// Rules are the sources in force.
type Rules struct {
	Sources []SourceRule `json:"sources"` // in the order in which a file is offered to them
}

// SourceRule is one source.
type SourceRule struct {
	Name     string   `json:"name"`
	Files    []string `json:"files"`    // patterns of names
	Datasets []string `json:"datasets"` // aliases
	Mapping  string   `json:"mapping"`  // everything that holds for it, as YAML
}

// Overview tells how things stand and how they went lately. With a Daybook that costs no more than a Status; without one it counts
// for a moment, and says when that was not enough.
func (r *Reader) Overview(ctx context.Context) (Overview, error) {
	status, err := r.Status(ctx)
	if err != nil {
		return Overview{}, err
	}
	book := r.daybook
	if book == nil {
		book = NewDaybook(r.store, r.zone, r.now)
		if err := book.count(ctx, time.Now().Add(countAtOnce), false); err != nil {
			return Overview{}, err
		}
	}
	f := book.figures.Load()
	o := Overview{Status: status, Days: make([]Day, 0, overviewDays), Counted: f.whole, Sources: make([]SourceCoverage, len(f.sources))}
	var sums store.Totals
	today := r.now().In(r.zone)
	for ago := overviewDays - 1; ago >= 0; ago-- {
		day := today.AddDate(0, 0, -ago).Format(time.DateOnly)
		o.Days = append(o.Days, Day{Day: day, Sent: f.sent[day], Reject: f.rejected[day], Expired: f.expired[day]})
		if err := sums.AddSums(f.sums[day]); err != nil {
			return Overview{}, fmt.Errorf("adding up what was sent on %s: %w", day, err)
		}
	}
	o.Sums = sums.Sums()
	for i, s := range f.sources {
		s.LastAt = r.instant(*s.LastAt)
		o.Sources[i] = s
	}
	return o, nil
}

// Rules are the sources in force, as the configuration has them.
func (r *Reader) Rules(context.Context) (Rules, error) {
	out := Rules{Sources: []SourceRule{}}
	if r.rules != nil {
		out.Sources = append(out.Sources, r.rules()...)
	}
	return out, nil
}
