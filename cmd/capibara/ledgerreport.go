package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"capibara/audit"

	"github.com/spf13/cobra"
)

// The ways in which a whole is written into a file.
const (
	asXLSX = "xlsx"
	asHTML = "html"
)

func newReportCommand(a *app) *cobra.Command {
	var q audit.ReportQuery
	var to string
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Reconcile a month: what became of every record and every event",
		Long: `Adds up what became of every record that was read in a period, and of every event that came of it: records = accepted +
duplicate + conflict + expired + skipped + rejected, by source and by file, with reasons; events by state, and what they
are worth by currency. "Meta accepted" is what Meta answered that it received; what Events Manager counts may differ.

The period means the time of import: the files whose import began in it, with their events as they stand now. With
--by event-time it means the time of the events instead, whichever file brought them. Without a period it is this month.

The figures are compared with each other: what does not add up is said, with the file, and the exit code is then 1. The
report is written all the same.`,
		Example: `  capibara report --month 2026-11
  capibara report --day 2026-11-20 --source tills
  capibara report --month 2026-11 --output xlsx --to november.xlsx
  capibara report --since 2026-10-01 --until 2026-12-31 --by event-time --output html --to quarter.html`,
		Args: arguments(0, 0, "no arguments: name the period with flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := q.Check(); err != nil {
				return misused("`capibara report --help` shows how a period is written", "%w", err)
			}
			if err := a.fitsTerminal(to); err != nil {
				return err
			}
			return a.visit(cmd.Context(), "report", toRead, func(_ *config, h house) error {
				m := a.newMeter("report", "events")
				p, err := h.Report(cmd.Context(), q, m.tell)
				m.end()
				if err != nil {
					return err
				}
				if err := a.into(to, func(w io.Writer) error { return a.writeLedgerReport(w, p) }); err != nil {
					return err
				}
				return reportOutcome(p)
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&q.Month, "month", "", "a month, such as 2026-11 (default: this one)")
	flags.StringVar(&q.Day, "day", "", "a day, such as 2026-11-20")
	flags.StringVar(&q.Since, "since", "", "from an instant, a day or an age such as 36h or 7d on")
	flags.StringVar(&q.Until, "until", "", "before an instant, or up to the end of a day")
	flags.StringVar(&q.By, "by", audit.ByImportTime, "which time the period means: "+audit.ByImportTime+" or "+audit.ByEventTime)
	flags.StringVar(&q.Source, "source", "", "of this source alone")
	flags.StringVar(&q.Dataset, "dataset", "", "the events of this dataset alone, by name or id")
	addTo(cmd, &to)
	addOutput(a, cmd, asTable, asJSON, asCSV, asXLSX, asHTML)
	return cmd
}

// reportOutcome is the error of a report that does not add up.
func reportOutcome(p audit.Report) error {
	if p.OK {
		return nil
	}
	text := p.Verdict()
	for i, problem := range p.Problems {
		if i == 10 {
			text += fmt.Sprintf("\n  and %d more, which the report lists", len(p.Problems)-i)
			break
		}
		text += "\n  " + printable(problem.Sentence)
	}
	return failed("run `capibara check --database`, which reads everything, and keep a copy of the data folder", "%s", text)
}

// addTo gives a command the flag --to.
func addTo(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "to", "", "write the answer into this file, whole or not at all, instead of standard output")
}

// fitsTerminal refuses to write a workbook to a terminal.
func (a *app) fitsTerminal(to string) error {
	if a.output == asXLSX && to == "" && isTerminal(a.terminal()) {
		return misused("add --to FILE.xlsx", "a workbook cannot be shown on a terminal")
	}
	return nil
}

// into has write write to a file, or to standard output when none is named. The file is there whole or not at all.
func (a *app) into(path string, write func(io.Writer) error) error {
	if path == "" {
		return write(a.stdout)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return failed("name a file", "%s is no regular file", path)
	}
	temporary := path + ".part"
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return failed("name a file in a folder where you may write", "writing the answer: %w", err)
	}
	err = write(f)
	if serr := f.Sync(); err == nil {
		err = serr
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		_ = os.Remove(temporary)
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if a.output == asTable {
		fmt.Fprintf(a.stderr, "note: the answer is in %s\n", path)
	}
	return nil
}

// Report reconciles a period.
func (l *local) Report(ctx context.Context, q audit.ReportQuery, tell func(progress)) (audit.Report, error) {
	return l.reader().Report(ctx, q, func(done, total uint64) {
		tell(progress{Done: int64(done), Total: int64(total), Count: int64(done)})
	})
}

// Report has the running process reconcile a period.
func (c *client) Report(ctx context.Context, q audit.ReportQuery, tell func(progress)) (p audit.Report, err error) {
	return asking[audit.Report](ctx, c, "/v1/report", q, tell)
}
