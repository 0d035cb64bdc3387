package main

import (
	"fmt"
	"strconv"
	"strings"

	"capibara/audit"
	"capibara/store"
)

// printFileStory tells what an import was, what became of its records, and what became of their events.
func (a *app) printFileStory(s audit.FileStory) error {
	switch a.output {
	case asJSON:
		return writeJSON(a.stdout, s)
	case asJSONL:
		return writeJSONL(a.stdout, []audit.FileStory{s})
	case asCSV:
		return writeList(a, audit.FileColumns(), []audit.File{s.File})
	}
	a.line("File %d: %s, %s", s.File.File, printable(s.Name), s.State)
	if s.Reason != "" {
		a.line("%s", printable(s.Reason))
	}
	a.line("")
	a.facts([][2]string{{"source", printable(s.Source)}, {"started", audit.Moment(s.StartedAt)}, {"ended", audit.Moment(s.EndedAt)},
		{"bytes", grouped(s.Size)}, {"SHA-256", s.SHA256}, {"archived as", printable(s.ArchivedAs)}, {"rejects", printable(s.File.Rejects)},
		{"receipt", printable(s.Receipt)}, {"mends", filesNamed(s.Mends)}, {"mended by", filesNamed(s.MendedBy...)},
		{"removed", removedEvents(s.File.Removed)}})
	a.line("")
	a.printCounts(s.Counts)
	if s.People {
		a.line("  %s", peopleKnown(s.Counts))
	}
	for _, r := range s.Reasons {
		a.line("  %s %s, the first is record %d: %s", grouped(r.Records), r.Fate, r.First, r.Sentence)
	}
	a.printFileEvents(s)
	if err := a.printRejects(s); err != nil {
		return err
	}
	a.printMapping(s.Mapping, "How it was read, as its source was then:")
	return nil
}

// printFileEvents tells what became of the events that a file brought.
func (a *app) printFileEvents(s audit.FileStory) {
	e := s.Events
	var states []string
	for _, one := range []struct {
		name string
		n    uint64
	}{{"pending", e.Pending}, {"in flight", e.InFlight}, {"acknowledged", e.Acknowledged}, {"rejected", e.Rejected}, {"expired", e.Expired},
		{"held", e.Held}, {"withdrawn", e.Withdrawn}, {"erased", e.Erased}} {
		if one.n > 0 {
			states = append(states, grouped(one.n)+" "+one.name)
		}
	}
	if len(states) > 0 {
		late := ""
		if e.Late > 0 {
			late = fmt.Sprintf(" (%s of the expired came too late)", grouped(e.Late))
		}
		a.line("\nIts events: %s%s. `capibara history events --file %d` lists them.", strings.Join(states, ", "), late, s.File.File)
	}
	for _, h := range s.Halts {
		a.line("Halted, so that %s: %s `%s` lets them go, `%s` takes them back.", waits(h.Events), printable(h.Reason), printable(h.Allow), printable(h.Withdraw))
	}
	if e.Withdrawn > 0 {
		a.line("%s taken back before they were sent: `capibara history events --file %d --state withdrawn` says why.", counted(e.Withdrawn, "event was", "events were"), s.File.File)
	}
	if e.TookBack > 0 {
		a.line("Its records took back %s that had not been sent.", counted(e.TookBack, "event", "events"))
	}
	if e.BatchCount > 0 {
		a.line("Batches that carried them: %s%s.", batchRanges(e.Batches), map[bool]string{true: ", and more", false: ""}[e.BatchCount > len(e.Batches)])
	}
}

// waits says how many events wait.
func waits(n uint64) string { return counted(n, "event waits", "events wait") }

// batchRanges lists batches by their numbers, those that follow each other as 3 to 7.
func batchRanges(batches []store.FileBatch) string {
	var parts []string
	for i := 0; i < len(batches); {
		j := i
		for j+1 < len(batches) && batches[j+1].Batch == batches[j].Batch+1 {
			j++
		}
		text := strconv.FormatUint(batches[i].Batch, 10)
		if j > i {
			text += map[bool]string{true: " and ", false: " to "}[j == i+1] + strconv.FormatUint(batches[j].Batch, 10)
		}
		parts, i = append(parts, text), j+1
	}
	return strings.Join(parts, ", ")
}

// printRejects lists the first of the records that a person can mend.
func (a *app) printRejects(s audit.FileStory) error {
	if len(s.Rejects) == 0 {
		return nil
	}
	a.line("")
	return writeList(a, []audit.Column[audit.Reject]{
		{Name: "line", Value: func(r audit.Reject) string { return audit.Number(r.Line) }, Right: true},
		{Name: "column", Value: func(r audit.Reject) string { return r.Column }},
		{Name: "record_key", Value: func(r audit.Reject) string { return r.RecordKey }},
		{Name: "reason", Value: func(r audit.Reject) string { return r.Sentence }},
		{Name: "what_to_do", Value: func(r audit.Reject) string { return r.Fix }},
	}, s.Rejects)
}

// filesNamed lists files by their numbers; "" for none.
func filesNamed(numbers ...uint64) string {
	var names []string
	for _, n := range numbers {
		if n != 0 {
			names = append(names, "file "+strconv.FormatUint(n, 10))
		}
	}
	return strings.Join(names, ", ")
}
