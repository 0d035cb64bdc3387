package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"capibara/audit"
	"capibara/event"
	"capibara/store"

	"github.com/spf13/cobra"
)

// resolution is a person's word about a batch of unknown fate.
type resolution struct {
	Batch uint64 `json:"batch"`
	Sent  bool   `json:"sent"`
	By    string `json:"by"`
	Note  string `json:"note,omitempty"`
}

func newResolveCommand(a *app) *cobra.Command {
	var (
		w             resolution
		sent, notSent bool
		yes           bool
	)
	cmd := &cobra.Command{
		Use:   "resolve",
		Short: "Say whether a batch of unknown fate was sent",
		Long: `When the connection breaks after a request has left, nobody knows whether Meta received it. Capibara asks again for a day
and a half, and then holds the batch until a person says what happened. This shows the batch, its attempts and what to
compare them with in Meta's Events Manager, and takes that word: --sent, and its events count as acknowledged; or
--not-sent, and they wait to be sent again, unless a record took them back meanwhile.

A wrong --not-sent sends every event of the batch twice, and every conversion may count twice. When in doubt leave it as
it is: what is held is never sent.`,
		Example: `  capibara history batches --state held
  capibara resolve --batch 12 --sent
  capibara resolve --batch 12 --not-sent --note "not in Events Manager"`,
		Args: arguments(0, 0, "no arguments: name the batch with --batch"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case w.Batch == 0:
				return misused("`capibara history batches --state held` lists those that wait for a word", "no batch is named")
			case sent == notSent:
				return misused("add --sent or --not-sent", "it is not said whether the batch was sent")
			}
			if err := checkNote(w.Note); err != nil {
				return err
			}
			if a.output != asTable && !yes {
				return misused("add --yes; `capibara show batch` shows it first", "--output %s leaves no room for a question", a.output)
			}
			w.Sent = sent
			return a.resolve(cmd.Context(), w, yes)
		},
	}
	flags := cmd.Flags()
	flags.Uint64Var(&w.Batch, "batch", 0, "the number of the batch")
	flags.BoolVar(&sent, "sent", false, "Meta received it: its events are acknowledged")
	flags.BoolVar(&notSent, "not-sent", false, "Meta did not receive it: its events are sent again")
	flags.StringVar(&w.Note, "note", "", "why, in your own words; kept in the audit log, so name no person in it")
	flags.BoolVar(&yes, "yes", false, "do not ask")
	addOutput(a, cmd, asTable, asJSON, asJSONL)
	return cmd
}

func (a *app) resolve(ctx context.Context, w resolution, yes bool) error {
	return a.visit(ctx, "resolve", toAct, func(_ *config, h house) error {
		s, err := h.ShowBatch(ctx, w.Batch)
		if err != nil {
			return err
		}
		if s.State != store.BatchHeld.String() && s.State != store.BatchUnknown.String() {
			return failed("`capibara history batches --state held` lists those that wait for a word",
				"batch %d is %s: its fate is known, or it is being sent; nothing was changed", w.Batch, s.State)
		}
		if a.output == asTable {
			a.tellResolve(s, w.Sent)
		}
		question := fmt.Sprintf("Count %s as sent?", counted(s.Events, "event", "events"))
		if !w.Sent {
			question = fmt.Sprintf("Send %s again?", counted(s.Events, "event", "events"))
		}
		if err := a.sure(question, yes); err != nil {
			return err
		}
		w.By = operator()
		b, err := h.Resolve(ctx, w)
		if err != nil {
			return err
		}
		switch a.output {
		case asJSON:
			return writeJSON(a.stdout, b)
		case asJSONL:
			return writeJSONL(a.stdout, []audit.Batch{b})
		}
		if w.Sent {
			a.line("Batch %d is acknowledged on your word; its %s.", b.Batch, counted(b.Events, "event counts as sent", "events count as sent"))
		} else {
			a.line("Batch %d is released on your word; its %s to be sent again, but for what a record took back meanwhile.", b.Batch,
				counted(b.Events, "event waits", "events wait"))
		}
		return nil
	})
}

// tellResolve shows what somebody should see before giving a word.
func (a *app) tellResolve(s audit.BatchStory, sent bool) {
	a.printBatch(s.Batch)
	names := map[string]int{}
	var first, last *time.Time
	id := ""
	for _, e := range s.List {
		if e.Batch != s.Batch.Batch || e.State == store.StateExpired.String() {
			continue // it left the batch
		}
		names[e.EventName]++
		if e.EventTime != nil && (first == nil || e.EventTime.Before(*first)) {
			first, id = e.EventTime, e.EventID
		}
		if e.EventTime != nil && (last == nil || e.EventTime.After(*last)) {
			last = e.EventTime
		}
	}
	var held []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		held = append(held, fmt.Sprintf("%s %s", grouped(names[name]), printable(name)))
	}
	if s.State == store.BatchUnknown.String() {
		a.line("\nIt need not be resolved yet: the next upload sends it again as it was, so that Meta can tell by the event_ids. A word ends that.")
	}
	a.line("\nTo find out, open dataset %s in Meta's Events Manager, and compare the events received", s.Dataset)
	for _, at := range s.Attempts {
		a.line("  at %s", audit.Moment(at.StartedAt))
	}
	a.line("with what this batch holds: %s, with event times from %s to %s, such as event_id %s.", strings.Join(held, ", "), audit.Moment(first), audit.Moment(last), printable(id))
	if !sent {
		a.line("\nWhen they are there after all, this sends them twice, and every conversion may count twice.")
	}
}

// Resolve takes a person's word about a batch.
func (l *local) Resolve(ctx context.Context, w resolution) (audit.Batch, error) {
	if err := checkNote(w.Note); err != nil {
		return audit.Batch{}, err
	}
	by := store.Decision{By: w.By, Note: w.Note, Reason: event.ReasonResolvedNotSent}
	if w.Sent {
		by.Reason = event.ReasonResolvedSent
	}
	if _, err := l.db.Resolve(ctx, w.Batch, w.Sent, by, l.now()); err != nil {
		return audit.Batch{}, err
	}
	if err := l.eraseLeft(ctx); err != nil {
		return audit.Batch{}, err
	}
	l.testimony.keep(ctx)
	s, err := l.reader().ShowBatch(ctx, w.Batch)
	return s.Batch, err
}
