package main

import (
	"slices"

	"capibara/event"
	"capibara/importer"
	"capibara/store"
)

// conflictKinds counts records that disagree with an event by how they do.
type conflictKinds struct {
	Changed           uint64 `json:"changed"`
	NoLongerQualified uint64 `json:"no_longer_qualified"`
	Refunded          uint64 `json:"refunded"`
}

// takenBack are events that were withdrawn before they were sent, because a record of this file says that they are no
// conversions any more.
type takenBack struct {
	Events            uint64      `json:"events"`
	NoLongerQualified uint64      `json:"no_longer_qualified"`
	Refunded          uint64      `json:"refunded"`
	Items             []takenItem `json:"items"` // the first of them
}

// takenItem is one of these events.
type takenItem struct {
	Line      uint64 `json:"line"`
	FirstFile uint64 `json:"first_file"`
	FirstLine uint64 `json:"first_line"`
	Reason    string `json:"reason"`
}

// halted says what of a file is not sent before somebody allows it.
type halted struct {
	Kind      string `json:"kind"` // file for all of it, events for single ones
	Events    uint64 `json:"events"`
	Reason    string `json:"reason"`
	FirstLine uint64 `json:"first_line,omitempty"` // of single events
}

func newConflict(c store.Conflict) conflict {
	out := conflict{Line: c.Line, FirstFile: c.FirstFile, FirstLine: c.FirstLine, Source: c.FirstSource, Kind: c.Kind.String()}
	if c.Kind == store.ConflictRefunded && c.Value.Present() {
		out.Refund, out.Currency = c.Value.String(), c.Currency
	}
	return out
}

func newTakenBack(r importer.Report) *takenBack {
	if r.Retracting.Events() == 0 {
		return nil
	}
	out := &takenBack{Events: r.Retracting.Events(), NoLongerQualified: r.Retracting.NoLongerQualified, Refunded: r.Retracting.Refunded}
	for _, x := range r.Retracted {
		out.Items = append(out.Items, takenItem{Line: x.Line, FirstFile: x.FirstFile, FirstLine: x.FirstLine, Reason: string(x.Reason)})
	}
	return out
}

func newHalted(r importer.Report) []halted {
	var out []halted
	if r.Halt != "" {
		out = append(out, halted{Kind: "file", Events: r.Events, Reason: r.Halt})
	}
	if r.Large > 0 {
		out = append(out, halted{Kind: "events", Events: r.Large, FirstLine: r.LargeLine,
			Reason: "Each of them is worth more than limits.value of the source lets through by itself."})
	}
	return out
}

// haltedEvents is how many of the events wait for somebody to allow them.
func (r *fileReport) haltedEvents() uint64 {
	n := uint64(0)
	for _, h := range r.Halted {
		n = max(n, h.Events)
	}
	return min(n, r.Events)
}

// ofKind are the conflicts of one kind.
func (r *fileReport) ofKind(k store.ConflictKind) []conflict {
	return slices.DeleteFunc(slices.Clone(r.Changed), func(x conflict) bool { return x.Kind != k.String() })
}

// printTakenBack lists the events that records of this file took back.
func (a *app) printTakenBack(r fileReport) {
	if t := r.Taken; t != nil {
		a.line("  Taken back before they were sent (on_no_longer_qualified: withdraw), %s:", counted(t.Events, "event", "events"))
		// A record that yielded several events says the same of each.
		items := slices.Compact(slices.Clone(t.Items))
		for _, x := range items[:min(len(items), 5)] {
			why := "no longer qualifies"
			if x.Reason == string(event.ReasonRefunded) {
				why = "was refunded"
			}
			a.line("    line %d says that what line %d of file %d brought %s", x.Line, x.FirstLine, x.FirstFile, why)
		}
		if len(items) > 5 || t.Events > uint64(len(t.Items)) {
			a.line("    and more: `capibara history events --state withdrawn`")
		}
	}
}

// printStanding lists the records that say of an event that it is no conversion any more, or not for all of its amount, while it
// is not taken back.
func (a *app) printStanding(r fileReport) {
	of := append(r.ofKind(store.ConflictUnqualified), r.ofKind(store.ConflictRefunded)...)
	n := r.Kinds.NoLongerQualified + r.Kinds.Refunded
	if n == 0 {
		return
	}
	a.line("  Not taken back, because it was sent, may have been, or was refunded in part only:")
	for _, x := range of[:min(len(of), 5)] {
		switch {
		case x.Kind == store.ConflictUnqualified.String():
			a.line("    line %d says that what line %d of file %d brought no longer qualifies", x.Line, x.FirstLine, x.FirstFile)
		case x.Refund != "":
			a.line("    line %d says that %s %s of what line %d of file %d brought was refunded", x.Line, x.Refund, printable(x.Currency), x.FirstLine, x.FirstFile)
		default:
			a.line("    line %d says that what line %d of file %d brought was refunded", x.Line, x.FirstLine, x.FirstFile)
		}
	}
	if more := n - uint64(min(len(of), 5)); more > 0 {
		a.line("    and %s more: `capibara show file %d`", grouped(more), r.File)
	}
}

// printHalted says what waits for somebody, why, and what that person does.
func (a *app) printHalted(r fileReport) {
	for i, h := range r.Halted {
		if i == 0 {
			a.line("  Halted, and not sent before somebody allows it:")
		}
		if h.Kind == "file" {
			a.line("    all %s of this file: %s", counted(h.Events, "event", "events"), printable(h.Reason))
		} else {
			a.line("    %s worth more than limits.value of the source lets through (first on line %d)", counted(h.Events, "event is", "events are"), h.FirstLine)
		}
	}
	if len(r.Halted) > 0 {
		a.line("    `capibara allow --file %d` lets them go, `capibara withdraw --file %d` takes back all of the file that waits.", r.File, r.File)
	}
}
