package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"

	"capibara/importer"
	"capibara/store"
)

// fileReport is what became of one file, in the shape that --output json prints and the socket carries.
type fileReport struct {
	File     uint64           `json:"file"` // its number; 0 when it was refused before it got one
	Name     string           `json:"name"`
	Source   string           `json:"source"`
	State    string           `json:"state"`
	Reason   string           `json:"reason,omitempty"` // why it was refused
	Counts   store.FileCounts `json:"counts"`
	Rejects  string           `json:"rejects_path"` // relative to the home
	Book     string           `json:"rejects_workbook_path,omitempty"`
	Receipt  string           `json:"receipt_path,omitempty"`
	Mends    uint64           `json:"mends,omitempty"` // the file whose rejected records it brings back
	Archived string           `json:"archived_as,omitempty"`
	People   bool             `json:"people,omitempty"` // the records are people, of whom nothing is sent
	Events   uint64           `json:"events"`           // that wait for the next upload
	Reasons  []reasonCount    `json:"reasons"`
	Warnings []reasonCount    `json:"warnings"`
	Sums     []currencySum    `json:"sums"`
	Waiting  uint64           `json:"waiting,omitempty"`       // of Events, those that must not be sent yet
	Replaced *replacements    `json:"replaced,omitempty"`      // events that gave way to those of this file
	Changed  []conflict       `json:"conflicts"`               // the first of them
	Kinds    conflictKinds    `json:"conflict_kinds,omitzero"` // all of them, by kind
	Taken    *takenBack       `json:"taken_back,omitempty"`    // events that records of this file withdrew
	// Withdrawn counts duplicates of events that were withdrawn, and stay so.
	Withdrawn uint64   `json:"withdrawn,omitempty"`
	Halted    []halted `json:"halted,omitempty"` // what is not sent before somebody allows it
	TooOld    *tooOld  `json:"too_old,omitempty"`

	Columns *importer.Matching `json:"columns,omitempty"` // what the columns were taken for

	Resumed uint64  `json:"resumed"` // records that an interrupted import had done before
	Seconds float64 `json:"seconds"`
}

// reasonCount says how many records met one fate for one reason.
type reasonCount struct {
	Fate      string `json:"fate,omitempty"`
	Reason    string `json:"reason"`
	Sentence  string `json:"sentence"`
	Fix       string `json:"fix,omitempty"`
	Column    string `json:"column,omitempty"`
	Records   uint64 `json:"records"`
	FirstLine uint64 `json:"first_line"`
}

// currencySum is the value of the accepted events of one name in one currency.
type currencySum struct {
	EventName string `json:"event_name"`
	Currency  string `json:"currency"`
	Events    uint64 `json:"events"`
	Sum       string `json:"sum"`
}

// conflict is a record whose event is in the outbox already with another content.
type conflict struct {
	Line      uint64 `json:"line"`
	FirstFile uint64 `json:"first_file"`
	FirstLine uint64 `json:"first_line"`
	Source    string `json:"first_source"`     // that read the file
	Kind      string `json:"kind"`             // changed, no_longer_qualified or refunded
	Refund    string `json:"refund,omitempty"` // what was given back; "" for all of it, and unless it is refunded
	Currency  string `json:"refund_currency,omitempty"`
}

// replacements are events that were withdrawn before they were sent, because a record of this file changed.
type replacements struct {
	Events      uint64        `json:"events"`
	Corrections uint64        `json:"corrections,omitempty"` // of Events, those of an event that was withdrawn earlier
	Items       []replacement `json:"items"`                 // the first of them
}

// replacement is a record whose event took the place of an earlier one.
type replacement struct {
	Line      uint64 `json:"line"`
	FirstFile uint64 `json:"first_file"`
	FirstLine uint64 `json:"first_line"`
}

func newFileReport(r importer.Report) fileReport {
	f := r.File
	out := fileReport{File: f.Number, Name: f.Name, Source: f.Source, State: f.State.String(), Reason: f.Reason, Counts: f.Counts,
		Rejects: f.Rejects, Book: r.RejectsBook, Receipt: f.Receipt, Mends: f.Mends, Archived: f.ArchivedAs, People: r.People, Events: r.Events, Reasons: reasonCounts(r.Reasons), Warnings: reasonCounts(r.Warnings),
		Sums: []currencySum{}, Changed: []conflict{}, Columns: r.Matching, Resumed: r.Resumed, Seconds: r.Elapsed.Seconds()}
	for _, s := range r.Sums {
		out.Sums = append(out.Sums, currencySum(s))
	}
	for _, c := range r.Conflicts {
		out.Changed = append(out.Changed, newConflict(c))
	}
	out.Kinds = conflictKinds{r.Kinds[store.ConflictChanged], r.Kinds[store.ConflictUnqualified], r.Kinds[store.ConflictRefunded]}
	out.Taken, out.Halted = newTakenBack(r), newHalted(r)
	out.Waiting, out.Withdrawn = r.Waiting, r.Withdrawn
	if r.Replacing > 0 {
		out.Replaced = &replacements{Events: r.Replacing, Corrections: r.Correcting}
		for _, x := range r.Replaced {
			out.Replaced.Items = append(out.Replaced.Items, replacement{Line: x.Line, FirstFile: x.FirstFile, FirstLine: x.FirstLine})
		}
	}
	return out
}

func reasonCounts(counts []importer.ReasonCount) []reasonCount {
	out := []reasonCount{}
	for _, c := range counts {
		r := reasonCount{Reason: string(c.Reason), Sentence: c.Reason.Sentence(), Column: c.Column,
			Records: c.Count, FirstLine: c.FirstLine}
		if c.Fate != 0 {
			r.Fate, r.Fix = c.Fate.String(), c.Reason.Fix()
		}
		out = append(out, r)
	}
	return out
}

// importProgress passes on how far an import is.
func importProgress(tell func(progress)) func(importer.Progress) {
	return func(p importer.Progress) {
		tell(progress{Done: min(p.Bytes, p.Total), Total: p.Total, Count: int64(p.Records)})
	}
}

// printReport says what became of a file, for people.
func (a *app) printReport(c *config, r fileReport) {
	a.line("%s  (file %d, source %s, %s)", printable(r.Name), r.File, printable(r.Source), cmp.Or(r.State, "not imported"))
	if r.State == store.FileRefused.String() {
		return // the error says why, and what to do
	}
	if r.Resumed > 0 {
		a.line("  An interrupted import had done %s; this one went on after them. The numbers of records below are of the whole file,", counted(r.Resumed, "record", "records"))
		a.line("  reasons and events of what was left: `capibara show file %d` has them all.", r.File)
	}
	a.printCounts(r.Counts)
	if r.People {
		a.line("  %s", peopleKnown(r.Counts))
	}
	for _, group := range []struct{ fate, title string }{{"skipped", "Skipped, nothing to mend"}, {"rejected", "Rejected, please mend"}} {
		a.printReasons(group.title, group.fate, r.Reasons)
	}
	if c := r.Counts; c.Skipped > 0 && c.Skipped == c.Records && r.Taken == nil && r.Kinds == (conflictKinds{}) {
		a.line("  Nothing of this file is sent. If that is not what you expect, a column may be read wrong: `capibara map %s` asks what each means.", quotedArg(r.Name))
	}
	a.printTooOld(r)
	remarks := "Accepted with a remark"
	if r.Counts.Accepted == 0 {
		remarks = "Read with a remark"
	}
	a.printReasons(remarks, "", r.Warnings)
	a.printChanged(r)
	a.printReplaced(r)
	a.printTakenBack(r)
	a.printStanding(r)
	if r.Withdrawn > 0 {
		a.line("  %s: `capibara requeue --source %s --state withdrawn` shows what it would bring back, and asks.",
			counted(r.Withdrawn, "duplicate is of an event that was withdrawn, with the same content, and stays so",
				"duplicates are of events that were withdrawn, with the same content, and stay so"), quotedArg(r.Source))
	}
	for _, s := range r.Sums {
		worth := ""
		if s.Sum != "" {
			worth = " worth " + s.Sum + " " + printable(s.Currency)
		}
		a.line("  %s: %s%s", printable(s.EventName), counted(s.Events, "event", "events"), worth)
	}
	a.printHalted(r)
	a.printMatching(r.Columns)
	if r.Mends > 0 {
		a.line("  It brings back records that file %d had rejected.", r.Mends)
	}
	switch {
	case r.Book != "":
		a.line("  The rejected records are in %s: mend them there and import that file.", filepath.Join(c.Home, r.Rejects))
		a.line("  In a spreadsheet, mend them in %s instead: it keeps telephone numbers and ids as they are.", printable(filepath.Base(r.Book)))
	case r.Rejects != "":
		a.line("  The rejected records are in %s: mend them there and import that file.", filepath.Join(c.Home, r.Rejects))
	}
}

// peopleKnown says what the records of people are good for.
func peopleKnown(c store.FileCounts) string {
	return counted(c.Accepted+c.Duplicate, "person", "people") + ", " + grouped(c.Accepted) +
		" of them new or changed: files that join them find them; nothing is sent."
}

// printChanged lists the records that came before with another content, each line once: one that yields several events
// may differ in all of them. Those that another source imported come first: there two conversions may have one number.
func (a *app) printChanged(r fileReport) {
	changed := slices.CompactFunc(r.ofKind(store.ConflictChanged), func(x, y conflict) bool { return x.Line == y.Line })
	if len(changed) == 0 {
		return
	}
	foreign := func(x conflict) bool { return x.Source != "" && x.Source != r.Source }
	slices.SortStableFunc(changed, func(x, y conflict) int {
		switch {
		case foreign(x) == foreign(y):
			return 0
		case foreign(x):
			return -1
		}
		return 1
	})
	a.line("  Changed since they were imported; what came first counts and nothing is sent twice:")
	for _, x := range changed[:min(len(changed), 5)] {
		about := ""
		if foreign(x) {
			about = fmt.Sprintf(", which source %s imported; unless both are one conversion, give one of the two sources another record_key", printable(x.Source))
		}
		a.line("    line %d differs from line %d of file %d%s", x.Line, x.FirstLine, x.FirstFile, about)
	}
	if n := len(changed); n > 5 {
		a.line("    and %d more: `capibara show file %d`", n-5, r.File)
	}
}

// printReplaced lists the events that gave way to those of this file, each line once.
func (a *app) printReplaced(r fileReport) {
	if r.Replaced == nil {
		return
	}
	title := "Changed before they were sent; %s the place of the earlier one, which is not sent (on_conflict: update):"
	if r.Replaced.Corrections == r.Replaced.Events {
		title = "Corrected after they were withdrawn; %s the place of the earlier one, which is not sent:"
	}
	a.line("  "+title, counted(r.Replaced.Events, "event takes", "events take"))
	items := slices.CompactFunc(slices.Clone(r.Replaced.Items), func(x, y replacement) bool { return x.Line == y.Line })
	for _, x := range items[:min(len(items), 5)] {
		a.line("    line %d replaces line %d of file %d", x.Line, x.FirstLine, x.FirstFile)
	}
	if len(items) > 5 {
		a.line("    and more: `capibara history events --file %d`", r.File)
	}
}

// printWaiting says what comes next, once for all files.
func (a *app) printWaiting(reports []fileReport) {
	var events, later uint64
	for _, r := range reports {
		halted := r.haltedEvents()
		if halted == r.Events {
			continue
		}
		events, later = events+r.Events-halted, later+r.Waiting
	}
	if soon := events - min(events, later); soon > 0 {
		a.line("%s for the next upload: `capibara upload --dry-run` shows them, with what waited before.", counted(soon, "new event waits", "new events wait"))
	}
	if later > 0 {
		a.line("%s longer, because the time lies in the future or the source holds it back: `capibara show event` says until when.",
			counted(later, "event waits", "events wait"))
	}
}

// printCounts shows that the fates add up.
func (a *app) printCounts(c store.FileCounts) {
	a.line("  %s = %s accepted + %s duplicate + %s conflict + %s expired + %s skipped + %s rejected",
		counted(c.Records, "record", "records"), grouped(c.Accepted), grouped(c.Duplicate), grouped(c.Conflict), grouped(c.Expired),
		grouped(c.Skipped), grouped(c.Rejected))
}

func (a *app) printReasons(title, fate string, reasons []reasonCount) {
	for _, r := range reasons {
		if r.Fate != fate {
			continue
		}
		if title != "" {
			a.line("  %s:", title)
			title = ""
		}
		where := ""
		if r.Column != "" {
			where = fmt.Sprintf(", column %q", r.Column)
		}
		a.line("    %s x %s (first on line %d%s)", grouped(r.Records), r.Sentence, r.FirstLine, where)
		if r.Fix != "" && fate == "rejected" {
			a.line("      %s", r.Fix)
		}
	}
}
