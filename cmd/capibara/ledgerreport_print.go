package main

import (
	"strings"

	"capibara/audit"
	"capibara/store"
)

// printLedgerReport writes a report for people.
func (a *app) printLedgerReport(p audit.Report) {
	a.line("Report: %s. %s", p.Title(), p.Verdict())
	a.line("%s Times are those of %s.", p.Means(), p.Zone)
	if p.Source != "" {
		a.line("Source: %s.", printable(p.Source))
	}
	if p.Dataset != "" {
		a.line("Dataset: %s.", p.Dataset)
	}
	for _, n := range p.Notes {
		a.line("%s", n)
	}
	if len(p.Problems) > 0 {
		a.line("\nWhat does not add up:")
		for _, x := range p.Problems {
			a.line("  %s", printable(x.Sentence))
		}
	}
	if p.Records != nil && len(p.Files) > 0 {
		a.line("\nRecords of %s:", counted(uint64(len(p.Files)), "file", "files"))
		a.printCounts(*p.Records)
		a.printReportSources(p.Sources)
	}
	a.line("\nEvents:")
	a.printEventCounts(p.Events)
	a.line("")
	a.line("Worth:")
	a.line("  accepted       %s", worthOr(p.Worth.Accepted))
	a.line("  Meta accepted  %s", worthOr(p.Worth.Acknowledged))
	a.line("  expired here   %s", worthOr(p.Worth.Expired))
	a.line("  came too late  %s", worthOr(p.Worth.Late))
	if len(p.Groups) > 0 {
		a.line("")
		writeTable(a, groupColumns(), p.Groups)
	}
	for i, c := range p.Changed {
		if i == 0 {
			a.line("\nChanged since they were sent; what was sent first counts, and nothing is sent twice:")
		}
		unknown := ""
		if c.Unknown > 0 {
			unknown = "; of " + grouped(c.Unknown) + " nobody kept what the record said"
		}
		a.line("  %s %s: sent with %s, now %s%s", counted(c.Events, "event", "events"), strings.ReplaceAll(c.Kind, "_", " "), worthOr(c.Sent), worthOr(c.Now), unknown)
	}
	if len(p.Files) > 0 {
		a.line("")
		writeTable(a, reportFileColumns(p), p.Files)
	}
}

func worthOr(sums []store.Sum) string {
	if len(sums) == 0 {
		return "nothing"
	}
	return printable(store.Worth(sums))
}

// printReportSources says of each source how many records were left out, and why.
func (a *app) printReportSources(sources []audit.ReportSource) {
	for _, s := range sources {
		a.line("  source %s, %s:", printable(s.Source), counted(s.Files, "file", "files"))
		if s.Records != nil {
			a.printCounts(*s.Records)
		}
		for _, r := range s.Reasons {
			a.line("    %s %s: %s", grouped(r.Records), r.Fate, r.Sentence)
		}
	}
}

func (a *app) printEventCounts(c audit.EventCounts) {
	a.line("  %s = %s accepted + %s that came too late", counted(c.Events, "event", "events"), grouped(c.Accepted), grouped(c.Late))
	var parts []string
	for _, n := range c.States() {
		parts = append(parts, grouped(n.Count)+" "+n.Name)
	}
	a.line("  %s accepted = %s", grouped(c.Accepted), strings.Join(parts, " + "))
	if c.Relied > 0 {
		a.line("  Of those that Meta accepted, %s may have been received twice and relied on Meta to drop the copy by its event_id.", grouped(c.Relied))
	}
}

func groupColumns() []audit.Column[audit.EventGroup] {
	n := func(name string, of func(audit.EventCounts) uint64) audit.Column[audit.EventGroup] {
		return audit.Column[audit.EventGroup]{Name: name, Right: true, Value: func(g audit.EventGroup) string { return grouped(of(g.Events)) }}
	}
	return []audit.Column[audit.EventGroup]{
		{Name: "source", Value: func(g audit.EventGroup) string { return g.Source }},
		{Name: "event_name", Value: func(g audit.EventGroup) string { return g.EventName }},
		{Name: "action_source", Value: func(g audit.EventGroup) string { return g.ActionSource }},
		{Name: "dataset", Value: func(g audit.EventGroup) string { return g.Dataset }},
		n("accepted", func(c audit.EventCounts) uint64 { return c.Accepted }),
		n("meta_accepted", func(c audit.EventCounts) uint64 { return c.Acknowledged }),
		n("open", func(c audit.EventCounts) uint64 { return c.Pending + c.InFlight + c.Held }),
		n("too_late", func(c audit.EventCounts) uint64 { return c.Late }),
		{Name: "worth_accepted", Right: true, Value: func(g audit.EventGroup) string { return worthOr(g.Worth.Accepted) }},
		{Name: "worth_meta_accepted", Right: true, Value: func(g audit.EventGroup) string { return worthOr(g.Worth.Acknowledged) }},
	}
}

func reportFileColumns(p audit.Report) []audit.Column[audit.ReportFile] {
	columns := []audit.Column[audit.ReportFile]{
		{Name: "file", Right: true, Value: func(f audit.ReportFile) string { return audit.Number(f.File) }},
		{Name: "name", Value: func(f audit.ReportFile) string { return f.Name }},
		{Name: "source", Value: func(f audit.ReportFile) string { return f.Source }},
		{Name: "imported", Value: func(f audit.ReportFile) string { return audit.Moment(f.StartedAt) }},
	}
	if p.Records != nil {
		for i, n := range fateCounts(store.FileCounts{}) {
			columns = append(columns, audit.Column[audit.ReportFile]{Name: n.Name, Right: true, Value: func(f audit.ReportFile) string { return grouped(fateCounts(*f.Records)[i].Count) }})
		}
	}
	return append(columns,
		audit.Column[audit.ReportFile]{Name: "events", Right: true, Value: func(f audit.ReportFile) string { return grouped(f.Events.Events) }},
		audit.Column[audit.ReportFile]{Name: "meta_accepted", Right: true, Value: func(f audit.ReportFile) string { return grouped(f.Events.Acknowledged) }})
}
