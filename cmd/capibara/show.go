package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"capibara/audit"
	"capibara/event"
	"capibara/store"

	"github.com/spf13/cobra"
)

func newShowCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Tell the whole story of one event, batch or file",
		Example: `  capibara show event cb-0123456789abcdef0123456789abcdef
  capibara show batch 12
  capibara show file 3 --output json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misused("for instance `capibara show batch 12`", "say what to show: event, batch or file, and its id")
			}
			return unknownCommand(cmd, args)
		},
	}
	addOutput(a, cmd)
	cmd.AddCommand(
		&cobra.Command{
			Use:     "event EVENT_ID",
			Short:   "Show an event, from its line in the file to Meta's answer",
			Example: "  capibara show event cb-0123456789abcdef0123456789abcdef",
			Args:    arguments(1, 1, "one event_id"),
			RunE: func(cmd *cobra.Command, args []string) error {
				return show(a, cmd.Context(), func(ctx context.Context, h house) ([]audit.EventStory, error) {
					return h.ShowEvent(ctx, args[0])
				}, a.printEventStories)
			},
		},
		&cobra.Command{
			Use:     "batch NUMBER",
			Short:   "Show a batch, its attempts and its events",
			Example: "  capibara show batch 12",
			Args:    arguments(1, 1, "the number of a batch"),
			RunE:    showNumbered(a, "batch", house.ShowBatch, a.printBatchStory),
		},
		&cobra.Command{
			Use:     "file NUMBER",
			Short:   "Show an import and what became of its records",
			Example: "  capibara show file 3",
			Args:    arguments(1, 1, "the number of a file"),
			RunE:    showNumbered(a, "file", house.ShowFile, a.printFileStory),
		})
	return cmd
}

func showNumbered[T any](a *app, what string, ask func(house, context.Context, uint64) (T, error), print func(T) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		n, err := strconv.ParseUint(args[0], 10, 64)
		if err != nil || n == 0 {
			return misused("`capibara history "+map[string]string{"batch": "batches", "file": "files"}[what]+"` lists them",
				"%q is no number of a %s", args[0], what)
		}
		return show(a, cmd.Context(), func(ctx context.Context, h house) (T, error) { return ask(h, ctx, n) }, print)
	}
}

// show asks for a story and prints it.
func show[T any](a *app, ctx context.Context, ask func(context.Context, house) (T, error), print func(T) error) error {
	return a.visit(ctx, "show", toRead, func(_ *config, h house) error {
		story, err := ask(ctx, h)
		if err != nil {
			return err
		}
		return print(story)
	})
}

func (a *app) printEventStories(stories []audit.EventStory) error {
	switch a.output {
	case asJSON:
		return writeJSON(a.stdout, stories)
	case asJSONL:
		return writeJSONL(a.stdout, stories)
	case asCSV:
		var rows []audit.Event
		for _, s := range stories {
			rows = append(rows, s.Event)
		}
		return writeList(a, audit.EventColumns(), rows)
	}
	for i, s := range stories {
		if i > 0 {
			a.line("")
		}
		if err := a.printEventStory(s); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printEventStory(s audit.EventStory) error {
	a.line("%s  %s  %s", printable(s.EventID), printable(s.EventName), s.State)
	a.line("%s\n", s.Explanation)
	a.facts([][2]string{
		{"event time", audit.Moment(s.EventTime)}, {"not before", audit.Moment(s.NotBefore)}, {"deadline", audit.Moment(s.Deadline)},
		{"dataset", s.Dataset}, {"action source", s.ActionSource}, {"reason", s.Reason}, {"halted", printable(s.Halted)}, {"fbtrace_id", printable(s.FBTraceID)},
		{"imported", audit.Moment(s.ImportedAt)}, {"file", strconv.FormatUint(s.File, 10) + "  " + printable(s.FileName)},
		{"archived as", printable(s.ArchivedAs)}, {"file SHA-256", s.FileSHA256},
		{"source", printable(s.Source)}, {"line", audit.Number(s.Line)}, {"record", audit.Number(s.Record)}, {"record key", printable(s.RecordKey)},
	})
	for _, w := range s.Warnings {
		a.line("  warning        %s", w.Sentence)
	}
	for _, c := range s.Conflicts {
		source := ""
		if c.Source != s.Source {
			source = fmt.Sprintf(" (source %s, not the same)", printable(c.Source))
		}
		why := ": not sent, because the first content counts"
		if s.ReplacedBy != nil {
			why = "" // the last word is below
		}
		a.line("  %-13s  file %d, line %d%s, seen %s%s", conflictWord(c.Kind), c.File, c.Line, source, audit.Moment(c.At), conflictSays(c, why))
	}
	for _, d := range s.Decisions {
		a.line("  %-13s  %s by %s%s", decisionWord(d.Reason), audit.Moment(d.At), printable(d.By), noted(d.Note))
	}
	if o := s.Replaces; o != nil {
		a.line("  replaces       file %d, line %d, imported %s, which was not sent", o.File, o.Line, audit.Moment(o.ImportedAt))
	}
	if o := s.ReplacedBy; o != nil {
		a.line("  replaced by    file %d, line %d, imported %s", o.File, o.Line, audit.Moment(o.ImportedAt))
	}
	if len(s.Sent) > 0 && s.Emptied == store.NotEmptied {
		how := "was"
		switch s.State {
		case store.StatePending.String():
			how = "will be"
		case store.StateWithdrawn.String(), store.StateExpired.String():
			how = "would have been"
		}
		a.line("\nAs it %s sent; identifiers are hashed:", how)
		if err := writeJSON(a.stdout, s.Sent); err != nil {
			return err
		}
	}
	if s.Emptied != store.NotEmptied {
		a.line("\nWhat it said was %s. The JSON of it had the SHA-256 %s.", s.Emptied, s.SentSHA256)
	}
	for _, b := range s.Batches {
		a.line("")
		a.printBatch(b)
	}
	a.printMapping(s.Mapping, fmt.Sprintf("How it was read, as source %s was when file %d was imported:", printable(s.Source), s.File))
	more := fmt.Sprintf("`capibara show file %d`", s.File)
	if s.Batch != 0 {
		more = fmt.Sprintf("`capibara show batch %d` and %s", s.Batch, more)
	}
	a.line("\n%s tell more; `capibara evidence event %s` writes it down with its proof.", more, printable(s.EventID))
	return nil
}

// printMapping writes what records were read with.
func (a *app) printMapping(mapping, title string) {
	if mapping == "" {
		return
	}
	a.line("\n%s", title)
	for line := range strings.Lines(mappingText(mapping)) {
		a.line("  %s", printable(strings.TrimRight(line, "\n")))
	}
}

// conflictWord is how a record disagrees, in a word or two.
func conflictWord(kind string) string {
	switch kind {
	case store.ConflictRefunded.String():
		return "refunded"
	case store.ConflictUnqualified.String():
		return "unqualified"
	}
	return "changed since"
}

// conflictSays is what a record that disagrees says; why is the end of it when it merely changed.
func conflictSays(c audit.Conflict, why string) string {
	worth := strings.TrimSpace(c.Value + " " + c.Currency)
	switch {
	case c.Kind == store.ConflictRefunded.String() && worth != "":
		return ": " + printable(worth) + " was given back; the event stays as it is"
	case c.Kind == store.ConflictRefunded.String():
		return ": all of it was given back; the event stays as it is"
	case c.Kind == store.ConflictUnqualified.String():
		return ": it no longer qualifies; the event stays as it is"
	case worth != "":
		return " with " + printable(worth) + why
	}
	return why
}

// decisionWord is what was decided, in a word or two.
func decisionWord(reason string) string {
	switch event.Reason(reason) {
	case event.ReasonWithdrawn, event.ReasonNoLongerQualified, event.ReasonRefunded:
		return "withdrawn"
	case event.ReasonResolvedSent:
		return "declared sent"
	case event.ReasonResolvedNotSent:
		return "said not sent"
	}
	return reason
}

// noted is a person's note behind what it is about.
func noted(note string) string {
	if note == "" {
		return ""
	}
	return ": " + printable(note)
}

func (a *app) printBatchStory(s audit.BatchStory) error {
	switch a.output {
	case asJSON:
		return writeJSON(a.stdout, s)
	case asJSONL:
		return writeJSONL(a.stdout, []audit.BatchStory{s})
	case asCSV:
		return writeList(a, audit.BatchColumns(), []audit.Batch{s.Batch})
	}
	a.printBatch(s.Batch)
	a.line("  %s", s.Explanation)
	for _, f := range s.Files {
		a.line("  from file %d, %s (source %s): %s", f.File, printable(f.Name), printable(f.Source), counted(f.Events, "event", "events"))
	}
	if len(s.List) == 0 {
		return nil
	}
	a.line("")
	if err := writeList(a, audit.EventColumns(), s.List[:min(len(s.List), maxShown)]); err != nil {
		return err
	}
	if len(s.List) > maxShown {
		a.line("\nThere are %s more: `capibara history events --batch %d --output csv` lists all of them.", grouped(len(s.List)-maxShown), s.Batch.Batch)
	}
	return nil
}

// maxShown is how many events of a batch people are shown; programs get all of them.
const maxShown = 100

// printBatch tells what became of a batch, one attempt a line.
func (a *app) printBatch(b audit.Batch) {
	a.line("Batch %d of dataset %s: %s, %s", b.Batch, b.Dataset, counted(b.Events, "event", "events"), b.State)
	children := make([]string, len(b.Children))
	for i, c := range b.Children {
		children[i] = strconv.FormatUint(c, 10)
	}
	maybe := b.FirstMaybeAt
	if b.State == store.BatchAcknowledged.String() && len(b.Attempts) == 1 {
		maybe = nil // it did arrive
	}
	a.facts([][2]string{{"begun", audit.Moment(b.CreatedAt)}, {"next try", audit.Moment(b.NextTry)}, {"possibly sent", audit.Moment(maybe)}, {"split from", audit.Number(b.Parent)}, {"split into", strings.Join(children, ", ")},
		{"body SHA-256", b.BodySHA256}, {"removed", removedEvents(uint64(b.Removed))}})
	if w := b.Resolution; w != nil {
		word := "was not sent"
		if w.Sent {
			word = "was sent"
		}
		a.line("  %s said %s that it %s%s", printable(w.By), audit.Moment(w.At), word, noted(w.Note))
	}
	for _, at := range b.Attempts {
		parts := []string{cmp.Or(at.End, "under way")}
		if at.Error != "" {
			parts = append(parts, printable(at.Error)) // it tells status, codes and fbtrace_id too
		} else {
			parts = append(parts, answerFacts(at)...)
		}
		for _, m := range at.Messages {
			parts = append(parts, printable(m))
		}
		a.line("  attempt %d  %s  %s", at.N, span(at.StartedAt, at.EndedAt), strings.Join(parts, ", "))
	}
}

// span is how long something took, as people read it; its start alone while it has no end, or none is known.
func span(from, to *time.Time) string {
	if from == nil || to == nil || !to.After(*from) {
		return audit.Moment(from)
	}
	if to.Sub(*from) < time.Hour {
		return audit.Moment(from) + ", for " + to.Sub(*from).String()
	}
	return audit.Moment(from) + " to " + audit.Moment(to)
}

// answerFacts tells what an answer said in numbers.
func answerFacts(at audit.Attempt) []string {
	var facts []string
	for _, p := range []struct {
		name string
		n    int
	}{{"HTTP", at.HTTPStatus}, {"received", at.EventsReceived}, {"code", at.Code}, {"subcode", at.Subcode}} {
		if p.n != 0 {
			facts = append(facts, p.name+" "+strconv.Itoa(p.n))
		}
	}
	if at.FBTraceID != "" {
		facts = append(facts, "fbtrace_id "+printable(at.FBTraceID))
	}
	return facts
}

// removedEvents says how many events are not there any more; "" when all are.
func removedEvents(n uint64) string {
	if n == 0 {
		return ""
	}
	return grouped(n) + " of its events, as retention.history says"
}

// facts writes names and values, leaving out what has no value.
func (a *app) facts(pairs [][2]string) {
	for _, p := range pairs {
		if p[1] != "" {
			a.line("  %-13s  %s", p[0], p[1])
		}
	}
}
