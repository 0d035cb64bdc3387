package main

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"capibara/audit"
	"capibara/store"
)

// writeLedgerReport writes a report in the form that was asked for.
func (a *app) writeLedgerReport(w io.Writer, p audit.Report) error {
	switch a.output {
	case asJSON:
		return writeJSON(w, p)
	case asCSV:
		return writeReportCSV(w, p)
	case asXLSX:
		return writeReportBook(w, p)
	case asHTML:
		return p.WritePage(w)
	}
	screen := *a
	screen.stdout = w
	screen.printLedgerReport(p)
	return nil
}

// figure is one figure of a report, as a row of CSV.
type figure struct {
	section, source, event, action, dataset string
	file                                    uint64
	fileName, name, reason                  string
	count                                   string // "" for a figure without one
	currency, value                         string
}

// figures are all figures of a report.
func figures(p audit.Report, yield func(figure)) {
	fates := func(f figure, c *store.FileCounts) {
		if c == nil {
			return
		}
		for _, n := range fateCounts(*c) {
			f.name, f.count = n.Name, strconv.FormatUint(n.Count, 10)
			yield(f)
		}
	}
	reasons := func(f figure, all []audit.ReasonCount) {
		for _, r := range all {
			f.name, f.reason, f.count = r.Fate, r.Reason, strconv.FormatUint(r.Records, 10)
			yield(f)
		}
	}
	events := func(f figure, c audit.EventCounts) {
		for _, n := range eventCounts(c) {
			f.name, f.count = n.Name, strconv.FormatUint(n.Count, 10)
			yield(f)
		}
	}
	sums := func(f figure, name string, all []store.Sum) {
		for _, s := range all {
			f.name, f.count, f.currency, f.value = name, strconv.FormatUint(s.Events, 10), s.Currency, s.Value
			yield(f)
		}
	}
	worth := func(f figure, w audit.EventWorth) {
		sums(f, "accepted", w.Accepted)
		sums(f, "acknowledged", w.Acknowledged)
		sums(f, "expired", w.Expired)
		sums(f, "late", w.Late)
	}
	fates(figure{section: "records"}, p.Records)
	for _, s := range p.Sources {
		fates(figure{section: "records_of_source", source: s.Source}, s.Records)
		reasons(figure{section: "reasons_of_source", source: s.Source}, s.Reasons)
		events(figure{section: "events_of_source", source: s.Source}, s.Events)
	}
	events(figure{section: "events"}, p.Events)
	worth(figure{section: "worth"}, p.Worth)
	for _, g := range p.Groups {
		f := figure{source: g.Source, event: g.EventName, action: g.ActionSource, dataset: g.Dataset}
		f.section = "events_of_group"
		events(f, g.Events)
		f.section = "worth_of_group"
		worth(f, g.Worth)
	}
	for _, c := range p.Changed {
		yield(figure{section: "changed", name: "events", reason: c.Kind, count: strconv.FormatUint(c.Events, 10)})
		yield(figure{section: "changed", name: "unknown", reason: c.Kind, count: strconv.FormatUint(c.Unknown, 10)})
		sums(figure{section: "changed", reason: c.Kind}, "sent", c.Sent)
		sums(figure{section: "changed", reason: c.Kind}, "now", c.Now)
	}
	for _, f := range p.Files {
		of := figure{source: f.Source, file: f.File, fileName: f.Name}
		of.section = "records_of_file"
		fates(of, f.Records)
		of.section = "reasons_of_file"
		reasons(of, f.Reasons)
		of.section = "events_of_file"
		events(of, f.Events)
	}
	for _, x := range p.Problems {
		yield(figure{section: "problem", file: x.File, fileName: x.Name, name: x.What, reason: x.Sentence})
	}
}

// fateCounts are the counts of records, under the names that JSON gives them.
func fateCounts(c store.FileCounts) []audit.NamedCount {
	return []audit.NamedCount{{Name: "records", Count: c.Records}, {Name: "accepted", Count: c.Accepted}, {Name: "duplicate", Count: c.Duplicate}, {Name: "conflict", Count: c.Conflict},
		{Name: "expired", Count: c.Expired}, {Name: "skipped", Count: c.Skipped}, {Name: "rejected", Count: c.Rejected}}
}

// eventCounts are the counts of events, under the names that JSON gives them.
func eventCounts(c audit.EventCounts) []audit.NamedCount {
	return []audit.NamedCount{{Name: "events", Count: c.Events}, {Name: "late", Count: c.Late}, {Name: "accepted", Count: c.Accepted}, {Name: "pending", Count: c.Pending},
		{Name: "in_flight", Count: c.InFlight}, {Name: "acknowledged", Count: c.Acknowledged}, {Name: "rejected", Count: c.Rejected}, {Name: "expired", Count: c.Expired},
		{Name: "held", Count: c.Held}, {Name: "withdrawn", Count: c.Withdrawn}, {Name: "erased", Count: c.Erased}, {Name: "relied", Count: c.Relied}}
}

// writeReportCSV writes one figure a row, so that a spreadsheet can filter and pivot them. The first rows say what the report
// is about.
func writeReportCSV(w io.Writer, p audit.Report) error {
	out := csv.NewWriter(w)
	row := func(f figure) {
		_ = out.Write([]string{f.section, audit.HarmlessCell(f.source), audit.HarmlessCell(f.event), f.action, f.dataset, audit.Number(f.file), audit.HarmlessCell(f.fileName), f.name,
			audit.HarmlessCell(f.reason), f.count, f.currency, f.value}) // Error tells below
	}
	_ = out.Write([]string{"section", "source", "event_name", "action_source", "dataset", "file", "file_name", "name", "reason", "count", "currency", "value"})
	for _, fact := range reportFacts(p) {
		row(figure{section: "report", name: fact[0], reason: fact[1]})
	}
	figures(p, row)
	out.Flush()
	return out.Error()
}

// reportFacts are what a report is about.
func reportFacts(p audit.Report) [][2]string {
	facts := [][2]string{{"by", p.By}, {"since", audit.Instant(p.Since)}, {"until", audit.Instant(p.Until)}, {"zone", p.Zone}, {"made_at", audit.Instant(p.MadeAt)},
		{"source", p.Source}, {"dataset", p.Dataset}, {"ok", strconv.FormatBool(p.OK)}}
	for _, n := range p.Notes {
		facts = append(facts, [2]string{"note", n})
	}
	return facts
}

// names are the names of counts, as headers.
func names(counts []audit.NamedCount) (out []string) {
	for _, n := range counts {
		out = append(out, n.Name)
	}
	return out
}

func values(counts []audit.NamedCount) (out []any) {
	for _, n := range counts {
		out = append(out, n.Count)
	}
	return out
}

// amount is a decimal as a cell: a number where a spreadsheet keeps every digit of it, else text.
func amount(value string) any {
	if digits := strings.Trim(value, "-."); len(strings.Replace(digits, ".", "", 1)) <= exactDigits {
		if f, err := strconv.ParseFloat(value, 64); err == nil {
			return f
		}
	}
	return value
}

// writeReportBook writes a workbook with a sheet for every kind of figure.
func writeReportBook(w io.Writer, p audit.Report) (err error) {
	b, err := newWorkbook()
	if err != nil {
		return err
	}
	defer closing(&err, b, "the workbook")
	for _, sheet := range []func(*workbook, audit.Report) error{bookSummary, bookSources, bookGroups, bookWorth, bookReasons, bookFiles} {
		if err := sheet(b, p); err != nil {
			return err
		}
	}
	return b.write(w)
}

func bookSummary(b *workbook, p audit.Report) error {
	if err := b.sheet("Report", "what", "figure"); err != nil {
		return err
	}
	rows := [][2]any{{"report", p.Title()}, {"which time", p.Means()}, {"does it add up", p.Verdict()}}
	for _, f := range reportFacts(p) {
		rows = append(rows, [2]any{f[0], f[1]})
	}
	if p.Records != nil {
		for _, n := range fateCounts(*p.Records) {
			name := "records " + n.Name
			if n.Name == "records" {
				name = "records read"
			}
			rows = append(rows, [2]any{name, n.Count})
		}
	}
	for _, n := range eventCounts(p.Events) {
		name := "events " + n.Name
		if n.Name == "events" {
			name = "events in all"
		}
		rows = append(rows, [2]any{name, n.Count})
	}
	for _, x := range p.Problems {
		rows = append(rows, [2]any{"does not add up", x.Sentence})
	}
	for _, r := range rows {
		if err := b.add(r[0], r[1]); err != nil {
			return err
		}
	}
	return nil
}

func bookSources(b *workbook, p audit.Report) error {
	header := append([]string{"source", "files"}, names(fateCounts(store.FileCounts{}))...)
	if err := b.sheet("Sources", header...); err != nil {
		return err
	}
	for _, s := range p.Sources {
		row := []any{s.Source, s.Files}
		if s.Records != nil {
			row = append(row, values(fateCounts(*s.Records))...)
		}
		if err := b.add(row...); err != nil {
			return err
		}
	}
	return nil
}

func bookGroups(b *workbook, p audit.Report) error {
	header := append([]string{"source", "event_name", "action_source", "dataset"}, names(eventCounts(audit.EventCounts{}))...)
	if err := b.sheet("Events", header...); err != nil {
		return err
	}
	for _, g := range p.Groups {
		if err := b.add(append([]any{g.Source, g.EventName, g.ActionSource, g.Dataset}, values(eventCounts(g.Events))...)...); err != nil {
			return err
		}
	}
	return nil
}

func bookWorth(b *workbook, p audit.Report) error {
	if err := b.sheet("Worth", "section", "source", "event_name", "action_source", "dataset", "name", "kind", "events", "currency", "value"); err != nil {
		return err
	}
	var failed error
	figures(p, func(f figure) {
		if failed != nil || f.section != "worth" && f.section != "worth_of_group" && f.section != "changed" {
			return
		}
		n, _ := strconv.ParseUint(f.count, 10, 64) // as it was written
		row := []any{f.section, f.source, f.event, f.action, f.dataset, f.name, f.reason, n, f.currency, ""}
		if f.value != "" {
			row[9] = amount(f.value)
		}
		failed = b.add(row...)
	})
	return failed
}

func bookReasons(b *workbook, p audit.Report) error {
	if err := b.sheet("Reasons", "source", "file", "name", "fate", "reason", "meaning", "records"); err != nil {
		return err
	}
	for _, f := range p.Files {
		for _, r := range f.Reasons {
			if err := b.add(f.Source, f.File, f.Name, r.Fate, r.Reason, r.Sentence, r.Records); err != nil {
				return err
			}
		}
	}
	return nil
}

func bookFiles(b *workbook, p audit.Report) error {
	header := []string{"file", "name", "source", "state", "started_at"}
	if p.Records != nil {
		header = append(header, names(fateCounts(store.FileCounts{}))...)
	}
	for _, n := range names(eventCounts(audit.EventCounts{})) {
		header = append(header, "events "+n)
	}
	if err := b.sheet("Files", header...); err != nil {
		return err
	}
	for _, f := range p.Files {
		row := []any{f.File, f.Name, f.Source, f.State, audit.Moment(f.StartedAt)}
		if f.Records != nil {
			row = append(row, values(fateCounts(*f.Records))...)
		}
		if err := b.add(append(row, values(eventCounts(f.Events))...)...); err != nil {
			return err
		}
	}
	return nil
}
