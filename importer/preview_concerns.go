package importer

import (
	"fmt"
	"maps"
	"slices"

	"capibara/event"
)

// Concern is something about a file that a person should look at before importing it.
type Concern struct {
	Code     string `json:"code"`
	Sentence string `json:"sentence"`
	Fix      string `json:"fix,omitempty"`
}

// fewest is how many events say something about all of them.
const fewest = 5

// concerns finds what a person should look at.
func concerns(v *Preview, p *pass, sink *counting, seen *watch) []Concern {
	var all []Concern
	add := func(code, fix, format string, args ...any) {
		all = append(all, Concern{code, fmt.Sprintf(format, args...), fix})
	}
	records, nobody, dateOnly := v.File.Counts.Records, uint64(0), uint64(0)
	for _, r := range v.Reasons {
		switch r.Reason {
		case event.ReasonBlankLine, event.ReasonFooterLine:
			records -= r.Count
		case event.ReasonIdentifierMissing, event.ReasonIdentifierWeak:
			nobody += r.Count
		}
	}
	for _, w := range v.Warnings {
		if w.Reason == event.ReasonDateOnly {
			dateOnly = w.Count
		}
	}
	if nobody*20 >= records && nobody > 0 {
		add("no_identifier", "Add the e-mail address or the telephone number to the export, or map the column that has it.",
			"%d of %d records (%d %%) do not tell who the person is, so that Meta could match nobody and they are skipped.", nobody, records, percent(nobody, records))
	}
	if p.bound != nil && p.bound.join >= 0 {
		add("join", "Import it to see them joined.",
			"Who the people of other sources are is in the ledger, which a look does not read: records that only name them by an id count as naming nobody here.")
	}
	if a := sink.ages; a.late > 0 {
		old := ""
		if a.expired > 0 {
			old = fmt.Sprintf(", and %d too old to be sent", a.expired)
		}
		add("late", "Export every day, so that events reach Meta while they are fresh.",
			"Of %d events %d (%d %%) are more than 48 hours old%s.", a.events, a.late, percent(a.late, a.events), old)
	}
	if a := sink.ages; a.weekly > 0 && a.events >= fewest {
		add("weekly", "Export every day.",
			"Exported once a week and uploaded the night after, %d of these %d events (%d %%) would come too late and be lost.",
			a.weekly, a.events, percent(a.weekly, a.events))
	}
	if n := v.Events; dateOnly > 0 && n >= fewest && dateOnly*10 >= n*9 {
		add("date_only", "Export the date with its time, if the product has it.",
			"Nearly all dates come without a time of day, so that many events get the same event_time; Meta then tells them apart less well.")
	}
	for _, name := range slices.Sorted(maps.Keys(sink.events)) {
		f := sink.events[name]
		if f.events < fewest {
			continue
		}
		if f.oneTime {
			add("one_time", "Check that the mapped column tells when each conversion happened, and not when the file was made.",
				"All %d events %s have the same event_time.", f.events, name)
		}
		if f.oneValue && f.priced == f.events {
			add("one_value", "Check that the mapped column is the amount of each record.", "All %d events %s have the same value.", f.events, name)
		}
	}
	for _, slot := range slices.Sorted(maps.Keys(seen.hashed)) {
		if hashed, plain := seen.hashed[slot], seen.plain[slot]; plain > 0 {
			add("mixed_hashes", "Export it the same way in every record; both are understood, but a value that is no SHA-256 of the right form matches nobody.",
				"The column %q holds %d values that were hashed before and %d that were not.", p.bound.slots[slot], hashed, plain)
		}
	}
	if n, back := sink.retracts[event.ReasonNoLongerQualified], sink.retracts[event.ReasonRefunded]; n+back > 0 {
		add("takes_back", "on_no_longer_qualified: withdraw of the source says so.",
			"The records name %d events that no longer qualify and %d that were refunded: those of them that earlier files brought and that are not sent yet, an import takes back.", n, back)
	}
	if v.Large > 0 {
		add("halts", "limits.value of the source says so.",
			"%d of %d events are worth so much that an import halts them: they are not sent before somebody allows it.", v.Large, v.Events)
	}
	joined := slices.ContainsFunc(v.Reasons, func(r ReasonCount) bool { return r.Reason == event.ReasonPersonNotFound })
	if v.Refusal == "" && v.File.Counts.Records > 0 && v.Events == 0 && !joined && !p.mapping.People() {
		add("nothing", "The reasons above say why.", "No event of this file would be sent.")
	}
	return all
}

func percent(n, of uint64) uint64 {
	if of == 0 {
		return 0
	}
	return (n*100 + of/2) / of
}
