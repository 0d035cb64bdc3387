package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capibara/audit"
	"capibara/event"
	"capibara/store"
)

// tooOld is what of a file was past its deadline when it arrived: whole records, and single events of records that had
// another one.
type tooOld struct {
	Events uint64   `json:"events"`
	Partly uint64   `json:"records_with_other_events"`
	Lines  []uint64 `json:"lines"` // of all these records, the first ones
	more   uint64   // lines that are left out
}

// maxLines is how many lines a report lists.
const maxLines = 10

// findTooOld finds out which lines were too late; nil when none was, or when there are too many to look at.
func findTooOld(ctx context.Context, h house, r fileReport) (*tooOld, error) {
	list, err := h.Events(ctx, audit.Query{File: strconv.FormatUint(r.File, 10), State: store.StateExpired.String(), Limit: audit.MaxPage})
	if err != nil || list.Next != nil {
		return nil, err
	}
	old := &tooOld{}
	for _, e := range list.Items {
		// What expired since, in a file that took days, is another matter.
		if e.Reason == string(event.ReasonTooOld) {
			old.Events++
			old.Lines = append(old.Lines, e.Line)
		}
	}
	if old.Events == 0 {
		return nil, nil
	}
	slices.Sort(old.Lines)
	old.Lines = slices.Compact(old.Lines)
	lines := uint64(len(old.Lines))
	old.Partly = lines - min(lines, r.Counts.Expired)
	old.Lines = old.Lines[:min(lines, maxLines)]
	old.more = lines - uint64(len(old.Lines))
	return old, nil
}

// printTooOld says what came too late, and what to do.
func (a *app) printTooOld(r fileReport) {
	if r.Counts.Expired == 0 && r.TooOld == nil {
		return
	}
	a.line("  Expired, kept and never sent:")
	where := fmt.Sprintf("`capibara history events --file %d --state expired` lists them", r.File)
	if r.TooOld != nil {
		var lines []string
		for _, n := range r.TooOld.Lines {
			lines = append(lines, strconv.FormatUint(n, 10))
		}
		where = map[bool]string{true: "line ", false: "lines "}[len(lines) == 1] + strings.Join(lines, ", ")
		if r.TooOld.more > 0 {
			where += fmt.Sprintf(" and %s more", grouped(r.TooOld.more))
		}
	}
	if n := r.Counts.Expired; n > 0 {
		a.line("    %s x %s (%s)", grouped(n), event.ReasonTooOld.Sentence(), where)
	}
	switch old := r.TooOld; {
	case old == nil || old.Partly == 0:
	case r.Counts.Expired > 0:
		a.line("    %s among these lines had other events too, which count above.", counted(old.Partly, "record", "records"))
	case old.Events == 1:
		a.line("    1 event of an accepted record was too old (%s).", where)
	default:
		a.line("    %s of %s were too old (%s).", counted(old.Events, "event", "events"), counted(old.Partly, "accepted record", "accepted records"), where)
	}
	a.line("      %s", event.ReasonTooOld.Fix())
}
