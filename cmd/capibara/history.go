package main

import (
	"context"
	"io"
	"strconv"

	"capibara/audit"
	"capibara/store"

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
kept in the audit log, with the kind of identifier and nothing of what was typed. Where that cannot be written the answer says so.`,
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
		historyOf(a, "events", "event_time", eventColumns(), house.Search,
			"event-id", "record-key", "order-id", "email", "phone", "external-id", "file", "batch", "state", "event-name", "dataset", "source"),
		historyOf(a, "batches", "the time they were begun", batchColumns(), quickly(house.Batches), "batch", "state", "dataset", "fbtrace-id"),
		historyOf(a, "files", "the time they were imported", fileColumns(), quickly(house.Files), "file", "source"))
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
func historyOf[T any](a *app, what, when string, columns []column[T], ask asker[T], filters ...string) *cobra.Command {
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
					l := listing[T]{a: a, w: w, what: what, columns: columns, ask: ask, everything: everything}
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

func historyExample(what string) string {
	switch what {
	case "events":
		return "  capibara history events --record-key 4711\n  capibara history events --state rejected --since 7d --output csv"
	case "batches":
		return "  capibara history batches --state unknown\n  capibara history batches --since 2026-11-20"
	}
	return "  capibara history files\n  capibara history files --file deals.csv"
}

func eventColumns() []column[audit.Event] {
	return []column[audit.Event]{
		{name: "event_id", value: func(e audit.Event) string { return e.EventID }},
		{name: "event_name", value: func(e audit.Event) string { return e.EventName }},
		{name: "state", value: func(e audit.Event) string { return e.State }},
		{name: "reason", value: func(e audit.Event) string { return e.Reason }},
		{name: "event_time", value: func(e audit.Event) string { return moment(e.EventTime) },
			exact: func(e audit.Event) string { return instant(e.EventTime) }},
		{name: "dataset", value: func(e audit.Event) string { return e.Dataset }, hide: true},
		{name: "deadline", value: func(e audit.Event) string { return instant(e.Deadline) }, hide: true},
		{name: "imported_at", value: func(e audit.Event) string { return instant(e.ImportedAt) }, hide: true},
		{name: "file", value: func(e audit.Event) string { return number(e.File) }, right: true},
		{name: "file_name", value: func(e audit.Event) string { return e.FileName }, hide: true},
		{name: "line", value: func(e audit.Event) string { return number(e.Line) }, right: true},
		{name: "record_key", value: func(e audit.Event) string { return e.RecordKey }},
		{name: "batch", value: func(e audit.Event) string { return number(e.Batch) }, right: true},
	}
}

func batchColumns() []column[audit.Batch] {
	last := func(b audit.Batch) audit.Attempt {
		if len(b.Attempts) == 0 {
			return audit.Attempt{}
		}
		return b.Attempts[len(b.Attempts)-1]
	}
	return []column[audit.Batch]{
		{name: "batch", value: func(b audit.Batch) string { return number(b.Batch) }, right: true},
		{name: "parent", value: func(b audit.Batch) string { return number(b.Parent) }, right: true},
		{name: "dataset", value: func(b audit.Batch) string { return b.Dataset }},
		{name: "state", value: func(b audit.Batch) string { return b.State }},
		{name: "events", value: func(b audit.Batch) string { return strconv.Itoa(b.Events) }, right: true},
		{name: "created_at", value: func(b audit.Batch) string { return moment(b.CreatedAt) },
			exact: func(b audit.Batch) string { return instant(b.CreatedAt) }},
		{name: "attempts", value: func(b audit.Batch) string { return strconv.Itoa(len(b.Attempts)) }, right: true},
		{name: "last_end", value: func(b audit.Batch) string { return last(b).End }},
		{name: "http_status", value: func(b audit.Batch) string { return number(uint64(last(b).HTTPStatus)) }, right: true},
		{name: "code", value: func(b audit.Batch) string { return number(uint64(last(b).Code)) }, hide: true},
		{name: "subcode", value: func(b audit.Batch) string { return number(uint64(last(b).Subcode)) }, hide: true},
		{name: "fbtrace_id", value: func(b audit.Batch) string { return last(b).FBTraceID }},
		{name: "body_sha256", value: func(b audit.Batch) string { return b.BodySHA256 }, hide: true},
		{name: "next_try", rare: true, value: func(b audit.Batch) string { return moment(b.NextTry) },
			exact: func(b audit.Batch) string { return instant(b.NextTry) }},
	}
}

func fileColumns() []column[audit.File] {
	count := func(name string, of func(store.FileCounts) uint64) column[audit.File] {
		return column[audit.File]{name: name, value: func(f audit.File) string { return strconv.FormatUint(of(f.Counts), 10) }, right: true}
	}
	return []column[audit.File]{
		{name: "file", value: func(f audit.File) string { return number(f.File) }, right: true},
		{name: "name", value: func(f audit.File) string { return f.Name }},
		{name: "source", value: func(f audit.File) string { return f.Source }},
		{name: "state", value: func(f audit.File) string { return f.State }},
		count("records", func(c store.FileCounts) uint64 { return c.Records }),
		count("accepted", func(c store.FileCounts) uint64 { return c.Accepted }),
		count("duplicate", func(c store.FileCounts) uint64 { return c.Duplicate }),
		count("conflict", func(c store.FileCounts) uint64 { return c.Conflict }),
		count("expired", func(c store.FileCounts) uint64 { return c.Expired }),
		count("skipped", func(c store.FileCounts) uint64 { return c.Skipped }),
		count("rejected", func(c store.FileCounts) uint64 { return c.Rejected }),
		{name: "started_at", value: func(f audit.File) string { return moment(f.StartedAt) },
			exact: func(f audit.File) string { return instant(f.StartedAt) }},
		{name: "mends", rare: true, value: func(f audit.File) string { return number(f.Mends) }, right: true},
		{name: "reason", value: func(f audit.File) string { return f.Reason }, hide: true},
		{name: "size", value: func(f audit.File) string { return strconv.FormatInt(f.Size, 10) }, hide: true},
		{name: "sha256", value: func(f audit.File) string { return f.SHA256 }, hide: true},
		{name: "archived_as", value: func(f audit.File) string { return f.ArchivedAs }, hide: true},
		{name: "rejects_path", value: func(f audit.File) string { return f.Rejects }, hide: true},
		{name: "receipt_path", value: func(f audit.File) string { return f.Receipt }, hide: true},
	}
}
