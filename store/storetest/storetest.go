// Package storetest is the suite that every backend of the outbox passes: what store promises, tried on the real thing.
package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
)

// Harness is one database of a backend.
type Harness struct {
	// Outbox is the open, empty database. The suite closes what is open at the end.
	Outbox store.Outbox
	// Reopen opens the database again after it was closed.
	Reopen func() (store.Outbox, error)
}

// tester is what the suite needs of a test; a random one of rapid has it as well.
type tester interface {
	Helper()
	Error(...any)
	Errorf(string, ...any)
	Fatal(...any)
	Fatalf(string, ...any)
}

// Run tries the backend on the databases that open makes: a new one each time, called from several tests at once.
func Run(t *testing.T, open func(t testing.TB) Harness) {
	for _, suite := range []struct {
		name  string
		tests map[string]func(*desk)
	}{{"importing", importing()}, {"people", people()}, {"uploading", uploading()}, {"reading", reading()},
		{"deciding", deciding()}, {"retracting", retracting()}, {"halting", halting()}, {"erasing", erasing()}, {"pruning", pruning()}} {
		for name, try := range suite.tests {
			t.Run(suite.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, open(t))
				try(d)
				d.finish()
			})
		}
	}
	t.Run("model", func(t *testing.T) { model(t, open) })
}

// The datasets of the suite.
const (
	main  = "1234567890"
	other = "9876543210"
)

// desk is a test at work: an outbox, a clock, and what every test needs.
type desk struct {
	tester
	Harness
	ctx   context.Context
	now   time.Time
	files int
}

func newDesk(t tester, h Harness) *desk {
	return &desk{tester: t, Harness: h, ctx: context.Background(), now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
}

// finish verifies that the database agrees with itself, closes it, and verifies that it is the same afterwards.
func (d *desk) finish() {
	d.Helper()
	d.sound()
	before := d.counts()
	d.reopen()
	d.sound()
	if after := d.counts(); fmt.Sprint(before) != fmt.Sprint(after) {
		d.Errorf("after opening again Counts is %v, before it was %v", after, before)
	}
	if err := d.Outbox.Close(); err != nil {
		d.Errorf("Close: %v", err)
	}
	if err := d.Outbox.Close(); err != nil {
		d.Errorf("closing again: %v", err)
	}
}

func (d *desk) reopen() {
	d.Helper()
	if err := d.Outbox.Close(); err != nil {
		d.Fatalf("Close: %v", err)
	}
	var err error
	d.Outbox, err = d.Harness.Reopen()
	d.must(err)
}

// sound runs Check, and adds up everything that must add up.
func (d *desk) sound() {
	d.Helper()
	if err := d.Outbox.Check(d.ctx, func(p string) { d.Errorf("Check: %s", p) }); err != nil {
		d.Fatalf("Check: %v", err)
	}
	states := map[string]map[store.State]uint64{}
	relied := map[string]uint64{}
	for _, e := range d.events(store.Filter{}) {
		if states[e.Dataset] == nil {
			states[e.Dataset] = map[store.State]uint64{}
		}
		states[e.Dataset][e.State]++
		if e.State == store.StateAcknowledged && e.PossiblySent {
			relied[e.Dataset]++
		}
	}
	for _, c := range d.counts().Datasets {
		if !maps.Equal(states[c.Dataset], c.Events) {
			d.Errorf("Counts says %v of dataset %s, its history shows %v", c.Events, c.Dataset, states[c.Dataset])
		}
		if relied[c.Dataset] != c.Relied {
			d.Errorf("Counts says that %d events of dataset %s relied on Meta, its history shows %d", c.Relied, c.Dataset, relied[c.Dataset])
		}
		delete(states, c.Dataset)
	}
	if len(states) > 0 {
		d.Errorf("Counts leaves out %v", states)
	}
	for _, f := range d.allFiles(store.Filter{}) {
		var sum store.FileCounts
		for _, run := range d.runs(f.Number) {
			if run.First != sum.Records+1 {
				d.Errorf("file %d: a run of fates starts at record %d after %d records", f.Number, run.First, sum.Records)
			}
			sum.Add(run.Fate, run.Count)
		}
		if sum != f.Counts {
			d.Errorf("file %d: its fates add up to %+v, its counts are %+v", f.Number, sum, f.Counts)
		}
		if got := uint64(len(d.rejects(f.Number))); got != f.Counts.Rejected {
			d.Errorf("file %d: %d rejects, counted %d", f.Number, got, f.Counts.Rejected)
		}
	}
}

func (d *desk) counts() store.Counts {
	d.Helper()
	c, err := d.Outbox.Counts(d.ctx, d.now.Add(24*time.Hour))
	d.must(err)
	return c
}

func (d *desk) must(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// row is an event of the main dataset that happened minutes ago.
func (d *desk) row(id string, change ...func(*store.NewRow, *event.Event)) store.NewRow {
	e := event.Event{Name: "Purchase", ID: id, Time: d.now.Add(-time.Minute).Unix(), ActionSource: "physical_store"}
	e.Custom.OrderID = "order-" + id
	r := store.NewRow{Dataset: main, EventName: e.Name, EventID: id, EventTime: e.Time,
		Deadline: d.now.Add(6 * 24 * time.Hour).Unix(), Fingerprint: uint64(len(id)) + 1}
	for _, f := range change {
		f(&r, &e)
	}
	e.Name, e.Time = r.EventName, r.EventTime
	r.Payload = e.AppendBinary(nil)
	return r
}

// The usual changes to a row.
func in(dataset string) func(*store.NewRow, *event.Event) {
	return func(r *store.NewRow, _ *event.Event) { r.Dataset = dataset }
}
func named(name string) func(*store.NewRow, *event.Event) {
	return func(r *store.NewRow, _ *event.Event) { r.EventName = name }
}
func at(t time.Time) func(*store.NewRow, *event.Event) {
	return func(r *store.NewRow, _ *event.Event) { r.EventTime = t.Unix() }
}
func until(t time.Time) func(*store.NewRow, *event.Event) {
	return func(r *store.NewRow, _ *event.Event) { r.Deadline = t.Unix() }
}
func notBefore(t time.Time) func(*store.NewRow, *event.Event) {
	return func(r *store.NewRow, _ *event.Event) { r.NotBefore = t.Unix() }
}
func content(fingerprint uint64) func(*store.NewRow, *event.Event) {
	return func(r *store.NewRow, _ *event.Event) { r.Fingerprint = fingerprint }
}
func replacing(r *store.NewRow, _ *event.Event) { r.Replace = true }
func person(hash event.Hash, lead string) func(*store.NewRow, *event.Event) {
	return func(_ *store.NewRow, e *event.Event) {
		e.User.AddHash(event.Email, hash)
		e.User.SetPlain(event.LeadID, lead)
	}
}

// record is a record that yields rows.
func record(rows ...store.NewRow) store.Record {
	return store.Record{Rows: rows, RecordKey: "K-" + rows[0].EventID + " · S1"}
}

func skipped(r event.Reason) store.Record { return store.Record{Fate: store.FateSkipped, Reason: r} }

func rejected(r event.Reason, column string) store.Record {
	return store.Record{Fate: store.FateRejected, Reason: r, Column: column, RecordKey: "R"}
}

// open registers a file with bytes of its own.
func (d *desk) open(name string) store.File {
	d.Helper()
	d.files++
	f, err := d.Outbox.OpenFile(d.ctx, store.NewFile{Name: name, Source: "deals", SHA256: event.Hash{byte(d.files), byte(d.files >> 8)},
		Size: 10, Mapping: "columns: {}"}, d.now)
	d.must(err)
	return f
}

// add imports records behind those that the file has.
func (d *desk) add(file uint64, records ...store.Record) store.ImportResult {
	d.Helper()
	f, err := d.Outbox.File(d.ctx, file)
	d.must(err)
	for i := range records {
		records[i].Line = f.Counts.Records + uint64(i) + 2
	}
	res, err := d.Outbox.Import(d.ctx, file, store.Chunk{First: f.Counts.Records + 1, Records: records}, d.now)
	d.must(err)
	return res
}

// queue imports rows in a file of their own and returns their numbers.
func (d *desk) queue(rows ...store.NewRow) []uint64 {
	d.Helper()
	f := d.open("queue.csv")
	records := make([]store.Record, 0, len(rows))
	for _, r := range rows {
		records = append(records, record(r))
	}
	d.add(f.Number, records...)
	_, err := d.Outbox.CloseFile(d.ctx, f.Number, store.FileEnd{State: store.FileImported}, d.now)
	d.must(err)
	seqs := make([]uint64, 0, len(rows))
	for _, e := range d.events(store.Filter{File: f.Number}) {
		seqs = append(seqs, e.Seq)
	}
	slices.Reverse(seqs)
	return seqs
}

// queueN queues n rows named prefix0, prefix1 and so on.
func (d *desk) queueN(prefix string, n int) []uint64 {
	d.Helper()
	rows := make([]store.NewRow, 0, n)
	for i := range n {
		rows = append(rows, d.row(fmt.Sprint(prefix, i)))
	}
	return d.queue(rows...)
}

func (d *desk) begin(seqs ...uint64) store.Batch {
	d.Helper()
	b, err := d.Outbox.Begin(d.ctx, store.Intent{Dataset: main, Rows: seqs, BodySHA256: event.Hash{1}}, d.now)
	d.must(err)
	return b
}

func (d *desk) settle(s store.Settlement) store.Batch {
	d.Helper()
	b, err := d.Outbox.Settle(d.ctx, s, d.now)
	d.must(err)
	return b
}

// events reads every page of a history.
func (d *desk) events(f store.Filter) []store.EventEntry {
	d.Helper()
	return pages(d, f, d.Outbox.Events)
}

func (d *desk) batches(f store.Filter) []store.Batch {
	d.Helper()
	return pages(d, f, d.Outbox.Batches)
}

func (d *desk) allFiles(f store.Filter) []store.File {
	d.Helper()
	return pages(d, f, d.Outbox.Files)
}

func pages[T any](d *desk, f store.Filter, read func(context.Context, store.Filter) (store.Page[T], error)) []T {
	d.Helper()
	var all []T
	for {
		p, err := read(d.ctx, f)
		d.must(err)
		if f.Limit > 0 && len(p.Items) > f.Limit {
			d.Fatalf("a page of %d entries has %d", f.Limit, len(p.Items))
		}
		all = append(all, p.Items...)
		if p.Next == "" {
			return all
		}
		if p.Next == f.Cursor {
			d.Fatalf("a page does not advance from %q", p.Next)
		}
		f.Cursor = p.Next
	}
}

func (d *desk) event(seq uint64) store.EventEntry {
	d.Helper()
	e, err := d.Outbox.Event(d.ctx, seq)
	d.must(err)
	return e
}

// states verifies the states of rows.
func (d *desk) states(want store.State, seqs ...uint64) {
	d.Helper()
	for _, seq := range seqs {
		if got := d.event(seq).State; got != want {
			d.Errorf("event %d is %s, want %s", seq, got, want)
		}
	}
}

func (d *desk) runs(file uint64) []store.FateRun {
	d.Helper()
	var runs []store.FateRun
	d.must(d.Outbox.FateRuns(d.ctx, file, func(r store.FateRun) bool { runs = append(runs, r); return true }))
	return runs
}

func (d *desk) rejects(file uint64) []store.Reject {
	d.Helper()
	var rejects []store.Reject
	d.must(d.Outbox.Rejects(d.ctx, file, func(r store.Reject) bool { rejects = append(rejects, r); return true }))
	return rejects
}

// kinds lists the kinds of the audit entries.
func (d *desk) kinds() string {
	d.Helper()
	var kinds []string
	d.must(d.Outbox.Audit(d.ctx, 1, func(e store.AuditEntry) bool { kinds = append(kinds, e.Kind); return true }))
	return strings.Join(kinds, " ")
}

func same[T any](d *desk, what string, got, want T) {
	d.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		d.Errorf("%s is %s, want %s", what, g, w)
	}
}
