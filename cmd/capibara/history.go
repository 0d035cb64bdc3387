package main

import (
	"context"
	"io"

	"capibara/audit"

	"github.com/spf13/cobra"
)

func newHistoryCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "history",
		Short: "List events, batches or files",
		Long: `Lists what was imported and sent, the newest first. A table and JSON show one page; jsonl, csv and xlsx everything, as it
was when the listing began. CSV puts ' before a cell that a spreadsheet would take for a formula.

With - in place of an e-mail address, a telephone number or an external_id the command asks for it and does not show it, or
reads it as a line of standard input: what stands on the command line stays in the shell's history. Who looks for a person is
kept in the audit log, with the kind of identifier and nothing of what was typed. Where that cannot be written the answer says so.

Filters narrow together; several identifiers of a person find the events that carry any of them. --record-key finds the records
that were rejected too, of which no event came: jsonl, csv and xlsx list them last, without event_id.`,
		Example: `  capibara history events --record-key 4711
  capibara history events --email - --since 2026-11-01
  capibara history batches --state unknown
  capibara history files --output csv
  capibara history events --since 2026-11-01 --output xlsx --to november.xlsx`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misused("for instance `capibara history events --since 7d`", "say which history: events, batches or files")
			}
			return unknownCommand(cmd, args)
		},
	}
	addOutput(a, cmd, asTable, asJSON, asJSONL, asCSV, asXLSX)
	cmd.AddCommand(
		historyOf(a, "events", "event_time", audit.EventColumns(), house.Search,
			"event-id", "record-key", "order-id", "email", "phone", "external-id", "file", "batch", "state", "event-name", "dataset", "source"),
		historyOf(a, "batches", "the time they were begun", audit.BatchColumns(), quickly(house.Batches), "batch", "state", "dataset", "fbtrace-id"),
		historyOf(a, "files", "the time they were imported", audit.FileColumns(), quickly(house.Files), "file", "source"))
	return cmd
}

// asker asks for a page of a list, and tells how far that is.
type asker[T any] func(house, context.Context, audit.Query, func(progress)) (audit.List[T], error)

// quickly asks for a page that needs no telling.
func quickly[T any](ask func(house, context.Context, audit.Query) (audit.List[T], error)) asker[T] {
	return func(h house, ctx context.Context, q audit.Query, _ func(progress)) (audit.List[T], error) {
		return ask(h, ctx, q)
	}
}

// historyOf makes the subcommand of one list. when says which instants --since and --until look at.
func historyOf[T any](a *app, what, when string, columns []audit.Column[T], ask asker[T], filters ...string) *cobra.Command {
	var q audit.Query
	var to string
	cmd := &cobra.Command{
		Use:     what,
		Short:   "List " + what + ", the newest first",
		Example: historyExample(what),
		Args:    arguments(0, 0, "no arguments: narrow with flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := a.askPerson(cmd.Context(), &q); err != nil {
				return err
			}
			if err := q.Check(what == "batches"); err != nil {
				return explained(err)
			}
			if err := a.fitsTerminal(to); err != nil {
				return err
			}
			visit := a.visit
			if q.PersonKinds() != "" {
				visit = a.visitPerson
			}
			return visit(cmd.Context(), "history", toRead, func(_ *config, h house) error {
				return a.into(to, func(w io.Writer) error {
					// Programs and spreadsheets want everything, unless somebody says how much.
					everything := a.output != asTable && a.output != asJSON && !cmd.Flags().Changed("limit")
					l := listing[T]{a: a, w: w, what: what, columns: columns, ask: ask, everything: everything, besides: rejectedAs[T]()}
					return l.write(cmd.Context(), h, q)
				})
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&q.Since, "since", "", "from an instant, a day or an age such as 36h or 7d on ("+when+")")
	flags.StringVar(&q.Until, "until", "", "before an instant, or up to the end of a day ("+when+")")
	flags.IntVar(&q.Limit, "limit", 0, "entries a page (default 100; jsonl, csv and xlsx: everything)")
	flags.StringVar(&q.Cursor, "cursor", "", "go on where the page before ended")
	addTo(cmd, &to)
	all := map[string]struct {
		into  *string
		usage string
	}{
		"event-id":    {&q.EventID, "with this event_id"},
		"record-key":  {&q.RecordKey, "whose record key is this, or has a column that is"},
		"order-id":    {&q.OrderID, "with this order_id"},
		"email":       {&q.Email, "of the person with this e-mail address, which is hashed before the search; - asks for it"},
		"phone":       {&q.Phone, "of the person with this telephone number, with country code, which is hashed before the search; - asks for it"},
		"external-id": {&q.ExternalID, "of the person with this external_id; - asks for it"},
		"file":        {&q.File, "file: its number or its name"},
		"batch":       {&q.Batch, "batch: its number"},
		"fbtrace-id":  {&q.FBTraceID, "of which an answer had this fbtrace_id"},
		"state":       {&q.State, "in this state, such as " + map[string]string{"events": "pending or acknowledged", "batches": "unknown or acknowledged"}[what]},
		"event-name":  {&q.EventName, "with this event_name"},
		"dataset":     {&q.Dataset, "of this dataset, by name or id"},
		"source":      {&q.Source, "that this source read"},
	}
	if what == "events" {
		flags.BoolVar(&q.Changed, "changed", false, "with which a later record disagrees, or which was refunded or no longer qualifies")
	}
	for _, name := range filters {
		flags.StringVar(all[name].into, name, "", all[name].usage)
	}
	return cmd
}

// rejectedAs makes a rejected record an entry of a list of events; nil for any other list.
func rejectedAs[T any]() func(audit.RejectedRecord) T {
	as, _ := any(func(r audit.RejectedRecord) audit.Event { return r.Event() }).(func(audit.RejectedRecord) T)
	return as
}

func historyExample(what string) string {
	switch what {
	case "events":
		return "  capibara history events --record-key 4711\n  capibara history events --state rejected --since 7d --output csv"
	case "batches":
		return "  capibara history batches --state unknown\n  capibara history batches --since 2026-11-20"
	}
	return "  capibara history files\n  capibara history files --file deals.csv"
}
