package importer

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"capibara/event"
	"capibara/importer/receipt"
	"capibara/store"
)

// Report tells what became of a file. File.Counts covers the whole file; everything else covers the records that this
// call read, which are all of them unless Resumed says that an earlier, interrupted call had done some.
type Report struct {
	File       store.File
	People     bool                          // the records are people, of whom nothing is sent
	Events     uint64                        // that entered the outbox as pending
	Waiting    uint64                        // of Events, those that must not be sent yet and are not Large: held back, or with a time in the future
	Reasons    []ReasonCount                 // of skipped and rejected records, most frequent first
	Warnings   []ReasonCount                 // what was mended or left out, in records that yield no event too; most frequent first
	Conflicts  []store.Conflict              // at most 100 of those not reported before
	Replaced   []store.Replaced              // at most 100 of the pending events whose place events of this file took
	Replacing  uint64                        // of Events, those that took the place of one
	Correcting uint64                        // of Replacing, those that correct an event that was withdrawn
	Retracted  []store.Retracted             // at most 100 of the pending events that records of this file took back
	Retracting ReasonTally                   // all of those, by why they were taken back
	Withdrawn  uint64                        // duplicates of an event that was withdrawn, which they do not bring back
	Kinds      map[store.ConflictKind]uint64 // all of those whose first ones are Conflicts, by kind; nil for none
	Large      uint64                        // of Events, those that are halted because they are worth more than limits.value of the source
	LargeLine  uint64                        // of the first of them
	Halt       string                        // why the whole file is halted, sentences; "" when it is not
	Sums       []CurrencySum                 // of accepted events, those that took the place of one included
	Matching   *Matching                     // what the file's columns were taken for; nil when that was not found out
	Resumed    uint64                        // records that an earlier, interrupted import had done
	Elapsed    time.Duration
	// RejectsBook is the path of the workbook beside File.Rejects, relative to the home; "" when there is none, and
	// WithoutBook is then a sentence that says why not, unless the rejects are JSON or there are none.
	RejectsBook, WithoutBook string
}

// ReasonTally counts events by why they are no conversions any more.
type ReasonTally struct {
	NoLongerQualified, Refunded uint64
}

// Events is how many there are in all.
func (t ReasonTally) Events() uint64 { return t.NoLongerQualified + t.Refunded }

// ReasonCount counts the records or events with one reason.
type ReasonCount struct {
	Fate      store.Fate // 0 for a warning
	Reason    event.Reason
	Column    string // header of the column at fault; "" when none is
	Count     uint64
	FirstLine uint64 // line of the first one
}

// CurrencySum adds up the values of the accepted events of one name in one currency.
type CurrencySum struct {
	EventName string
	Currency  string // "" for events without an amount
	Events    uint64
	Sum       string // plain decimal; "" without an amount
}

// maxConflicts bounds the conflicts, and the replaced events, that a report lists.
const maxConflicts = 100

// tally collects a report. It is bounded: reasons and columns come from the catalogue and the mapping, and of event
// names, which may come from a file, only so many are told apart.
type tally struct {
	report   Report
	reasons  map[reasonKey]*ReasonCount
	warnings map[event.Reason]*ReasonCount
	sums     map[[2]string]*sumCount
	others   map[string]*sumCount // by currency, of the events whose names are not told apart
	late     ReasonCount          // of records that came too late
}

type reasonKey struct {
	fate   store.Fate
	reason event.Reason
	column string
}

type sumCount struct {
	events uint64
	sum    event.Sum
}

// maxSums is how many pairs of event name and currency are told apart.
const maxSums = 1000

func newReport(f store.File) *tally {
	return &tally{report: Report{File: f, Resumed: f.Counts.Records}, reasons: map[reasonKey]*ReasonCount{},
		warnings: map[event.Reason]*ReasonCount{}, sums: map[[2]string]*sumCount{}, others: map[string]*sumCount{}}
}

func (t *tally) reason(fate store.Fate, r *store.Record) {
	k := reasonKey{fate, r.Reason, r.Column}
	c := t.reasons[k]
	if c == nil {
		c = &ReasonCount{Fate: fate, Reason: r.Reason, Column: r.Column, FirstLine: r.Line}
		t.reasons[k] = c
	}
	c.Count++
}

func (t *tally) warning(r event.Reason, line uint64) {
	c := t.warnings[r]
	if c == nil {
		c = &ReasonCount{Reason: r, FirstLine: line}
		t.warnings[r] = c
	}
	c.Count++
}

func (t *tally) sum(s rowSum) {
	k := [2]string{s.name, s.currency}
	if !s.value.Present() {
		k[1] = ""
	}
	c := t.sums[k]
	if c == nil && len(t.sums) >= maxSums {
		c = sumOf(t.others, k[1])
	}
	if c == nil {
		c = &sumCount{}
		t.sums[[2]string{strings.Clone(k[0]), strings.Clone(k[1])}] = c
	}
	c.events++
	c.sum.Add(s.value)
}

// sumOf is the sum of a currency, a new one for the first amount.
func sumOf(sums map[string]*sumCount, currency string) *sumCount {
	if sums[currency] == nil {
		sums[strings.Clone(currency)] = &sumCount{}
	}
	return sums[currency]
}

// tooLate counts a record that came too late.
func (t *tally) tooLate(line uint64) {
	if t.late.Count++; t.late.Count == 1 {
		t.late.Reason, t.late.FirstLine = event.ReasonTooOld, line
	}
}

// large counts an event that is worth more than its source lets through by itself.
func (t *tally) large(line uint64) {
	if t.report.Large++; t.report.Large == 1 {
		t.report.LargeLine = line
	}
}

// takenBack counts what the records of a chunk took back, and what they say of events that cannot be taken back any more.
func (t *tally) takenBack(done store.ImportResult) {
	r := &t.report
	r.Withdrawn += done.Withdrawn
	for _, x := range done.Retracted {
		if x.Reason == event.ReasonRefunded {
			r.Retracting.Refunded++
		} else {
			r.Retracting.NoLongerQualified++
		}
	}
	if room := maxConflicts - len(r.Retracted); room > 0 {
		r.Retracted = append(r.Retracted, done.Retracted[:min(room, len(done.Retracted))]...)
	}
	for _, x := range done.Conflicts {
		if r.Kinds == nil {
			r.Kinds = map[store.ConflictKind]uint64{}
		}
		r.Kinds[x.Kind]++
	}
}

// worth is what the accepted events are worth, whatever their names; those without an amount come last.
func (t *tally) worth() []receipt.Sum {
	money := map[string]*sumCount{}
	add := func(currency string, c *sumCount) {
		all := sumOf(money, currency)
		all.events += c.events
		all.sum.AddSum(&c.sum)
	}
	for k, c := range t.sums {
		add(k[1], c)
	}
	for currency, c := range t.others {
		add(currency, c)
	}
	var sums []receipt.Sum
	for _, currency := range slices.Sorted(maps.Keys(money)) {
		if c := money[currency]; currency != "" {
			sums = append(sums, receipt.Sum{Currency: currency, Events: c.events, Amount: c.sum.String()})
		}
	}
	if c := money[""]; c != nil {
		sums = append(sums, receipt.Sum{Events: c.events})
	}
	return sums
}

// result sorts what was collected.
func (t *tally) result() Report {
	r := t.report
	order := func(x, y ReasonCount) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.Fate, y.Fate), cmp.Compare(x.Reason, y.Reason),
			cmp.Compare(x.Column, y.Column))
	}
	for _, c := range t.reasons {
		r.Reasons = append(r.Reasons, *c)
	}
	for _, c := range t.warnings {
		r.Warnings = append(r.Warnings, *c)
	}
	slices.SortFunc(r.Reasons, order)
	slices.SortFunc(r.Warnings, order)
	keys := slices.SortedFunc(maps.Keys(t.sums), func(x, y [2]string) int {
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]))
	})
	for _, k := range keys {
		c := t.sums[k]
		s := CurrencySum{EventName: k[0], Currency: k[1], Events: c.events}
		if s.Currency != "" {
			s.Sum = c.sum.String()
		}
		r.Sums = append(r.Sums, s)
	}
	return r
}

// sentence makes a full sentence of a reason.
func sentence(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(r)) + s[size:]
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
