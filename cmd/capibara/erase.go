package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"capibara/event"
	"capibara/importer"
	"capibara/store"
)

// erasureReport is what an erasure is about, and what it did.
type erasureReport struct {
	DryRun   bool            `json:"dry_run"` // nothing was changed
	By       string          `json:"by_identifiers"`
	Events   []erasedState   `json:"events"` // by state, as it was before
	Found    uint64          `json:"found"`
	Erased   uint64          `json:"erased"`
	Left     uint64          `json:"left"` // of a batch whose fate is not known
	People   uint64          `json:"people"`
	Files    []importer.Held `json:"files"`
	Waiting  []importer.Held `json:"waiting_files"` // what is erased is taken out of them when they are imported
	Others   []otherReport   `json:"other_identifiers"`
	Extended bool            `json:"extended"`
	// Compacted says that the bytes are gone from the database; Owed why they are not yet.
	Compacted bool            `json:"compacted"`
	Owed      string          `json:"owed,omitempty"`
	Beyond    []beyondControl `json:"cannot_reach"`
	// Unrecorded says why the audit log does not hold that somebody looked for the person.
	Unrecorded string `json:"unrecorded,omitempty"`
}

// erasedState counts events of one state.
type erasedState struct {
	State  string `json:"state"`
	Events uint64 `json:"events"`
}

// Erase tells what is held of people, and erases it. In this order: those who are erased are kept out; the files are scrubbed while
// the ledger still says which of their lines are meant; events and people are erased; the database is compacted. Every step may
// be made again: cut off at any moment, the same call ends it.
func (l *local) Erase(ctx context.Context, o erasure, tell func(progress)) (r erasureReport, err error) {
	l.eraseTurn.Lock()
	defer l.eraseTurn.Unlock()
	var w wanted
	if err := w.read(ctx, l.reader(), o.Of); err != nil {
		return r, err
	}
	if len(o.Of) == 0 {
		return r, misused("say whom with --email, --phone, --external-id, --event-id or --list", "nobody is named to erase")
	}
	if err := l.erased.ready(o.NewKey); err != nil {
		return r, err
	}
	if !o.Look {
		release, err := l.quiet(ctx)
		if err != nil {
			return r, err
		}
		defer release()
	}
	found, err := l.find(ctx, &w)
	if err == nil {
		err = l.weigh(ctx, &w, &found.others)
	}
	if err != nil {
		return r, err
	}
	r = erasureReport{DryRun: o.Look, By: kindsOf(o.Of), Others: found.others.report(o.Extend), Extended: o.Extend}
	if o.Extend {
		found.others.extend(&w)
		if found, err = l.find(ctx, &w); err != nil {
			return r, err
		}
	}
	r.count(found)
	e := &eraser{local: l, order: o, wanted: &w, found: found, report: &r, tell: tell}
	if err := e.run(ctx); err != nil {
		return r, err
	}
	r.Beyond, err = l.beyond(ctx, found)
	return r, err
}

// count takes in what was found.
func (r *erasureReport) count(found *foundEvents) {
	r.Events, r.Found, r.Left = []erasedState{}, uint64(len(found.seqs)), found.states[store.StateInFlight]+found.states[store.StateHeld]
	for _, s := range store.States() {
		if n := found.states[s]; n > 0 {
			r.Events = append(r.Events, erasedState{s.String(), n})
		}
	}
}

// eraser is one erasure under way.
type eraser struct {
	*local
	order  erasure
	wanted *wanted
	found  *foundEvents
	report *erasureReport
	tell   func(progress)
	keys   uint64 // of rejected records, that were taken out
	owed   bool   // a compaction was owed already, by an erasure that was cut off
}

// run looks, or does it.
func (e *eraser) run(ctx context.Context) error {
	mappings, err := e.config.mappings()
	if err != nil { // one that is not ready yet is good enough to look through files
		if mappings, err = e.config.compileForLook(); err != nil {
			return err
		}
	}
	im, err := e.importer(mappings, func(progress) {})
	if err != nil {
		return err
	}
	if e.wanted.people, err = e.db.FindPeople(ctx, personMatch(e.wanted.among)); err != nil {
		return err
	}
	s, err := e.scrubber(im, e.wanted, e.found)
	if err != nil {
		return err
	}
	files, err := e.heldFiles(ctx, im, mappings, e.found.places)
	if err != nil {
		return err
	}
	if e.report.Waiting, err = eachHeld(ctx, files.waiting, s.Look, func(progress) {}); err != nil {
		return err
	}
	if e.order.Look {
		return e.look(ctx, files, s)
	}
	if err := e.suppress(ctx); err != nil {
		return err
	}
	e.forgetRejects(files)
	if e.report.Files, err = files.scrub(ctx, s, e.tell); err != nil {
		return err
	}
	if err := e.noteScrubbed(ctx, files, e.report.Files); err != nil {
		return err
	}
	if err := e.empty(ctx); err != nil {
		return err
	}
	return e.finish(ctx)
}

// look completes the report of what would be done.
func (e *eraser) look(ctx context.Context, files heldFiles, s *importer.Scrubber) (err error) {
	if e.report.Files, err = eachHeld(ctx, files.kept, s.Look, e.tell); err != nil {
		return err
	}
	e.report.People = uint64(len(e.wanted.people))
	e.report.Unrecorded = e.noteLookUp(ctx, kindsOf(e.order.Of))
	return nil
}

// suppress keeps the people out from now on: outside of the database first, so that one that is put back later is told.
func (e *eraser) suppress(ctx context.Context) (err error) {
	var sums []event.Hash
	sums, e.owed, err = e.erased.add(e.config, e.wanted, e.now())
	if err != nil {
		return err
	}
	return e.db.Suppress(ctx, sums, e.order.By, e.now())
}

// eraseChunk is how many events one transaction empties.
const eraseChunk = 1000

// empty erases events and people. Up to its end the home remembers that it is under way: those that are emptied do not tell any
// more by what the others were to be found.
func (e *eraser) empty(ctx context.Context) error {
	before, err := e.erased.lookAgain(e.config, true)
	if err != nil {
		return err
	}
	d := e.erasing(e.order.By)
	e.report.Left = 0
	for seqs := range slices.Chunk(e.found.seqs, eraseChunk) {
		done, err := e.db.Erase(ctx, seqs, d, e.now())
		if err != nil {
			return err
		}
		e.report.Erased, e.report.Left = e.report.Erased+done.Changed, e.report.Left+done.Left
	}
	if e.report.People, err = e.db.ForgetPeople(ctx, personMatch(e.wanted.among), d, e.now()); err != nil {
		return err
	}
	left := e.report.Left
	if before { // one was cut off, or left something
		n, err := e.sweep(ctx, e.erased.who.Load())
		if err != nil {
			return err
		}
		left, e.report.Erased, e.report.People = n.left, e.report.Erased+n.events, e.report.People+n.people
	}
	_, err = e.erased.lookAgain(e.config, left > 0)
	return err
}

// finish keeps what was done, and takes the bytes out of the database.
func (e *eraser) finish(ctx context.Context) error {
	r := e.report
	records, deleted := 0, 0
	for _, f := range r.Files {
		if f.Whole != "" {
			deleted++
		} else {
			records += f.Records
		}
	}
	detail := fmt.Sprintf("by %s: what is held under %s: %d events, %d left because the fate of their batch is not known, %d people that records refer to, %d records in files, and %d files as a whole",
		e.order.By, r.By, r.Erased, r.Left, r.People, records, deleted)
	if err := e.db.Note(ctx, "erasure", detail, e.now()); err != nil {
		return err
	}
	if r.Erased+r.People+e.keys == 0 && !e.owed {
		return e.erased.settled(e.config)
	}
	if _, err := e.writeAnew(ctx, e.order.By); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		r.Owed = err.Error()
		return nil
	}
	r.Compacted = true
	return e.erased.settled(e.config)
}

// ready makes sure that people can be told once they are erased.
func (e *erased) ready(anew bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lost != "" && !anew {
		return failed(newKeyHint, "nothing was erased: %s", e.lost)
	}
	return nil
}

// add keeps those who are wanted outside of the database, and returns all the sums that it is to have. From now on a compaction
// is owed; owed says whether one was before.
func (e *erased) add(c *config, w *wanted, now time.Time) (sums []event.Hash, owed bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.file == nil {
		if e.file, err = newErasedFile(); err != nil {
			e.file = nil
			return nil, false, err
		}
	}
	f := e.file
	s := event.NewSuppression(f.key, nil)
	f.add(append(w.sums(s), s.Mark()), now)
	owed, f.Owed = f.Owed, true
	if err := f.write(c); err != nil {
		return nil, false, err
	}
	e.lost = ""
	e.who.Store(f.suppression())
	return f.sums(), owed, nil
}

// settled keeps that the database was compacted.
func (e *erased) settled(c *config) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.file == nil || !e.file.Owed {
		return nil
	}
	e.file.Owed = false
	return e.file.write(c)
}
