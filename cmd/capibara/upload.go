package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"capibara/uploader"
	"capibara/uploader/capi"

	"github.com/spf13/cobra"
)

func newUploadCommand(a *app) *cobra.Command {
	var (
		dry        bool
		wait, lock time.Duration
		test       testFlags
	)
	cmd := &cobra.Command{
		Use:   "upload",
		Short: "Send what waits, now",
		Long: `Sends everything that may be sent now and says what Meta answered. What cannot be sent now, because Meta throttles,
the token does not work or nobody answers, keeps waiting and nothing is lost. --dry-run shows what would be sent and
sends nothing.

--test-event-code sends one made-up event of every kind that the sources yield for a dataset, about a person that nobody
is, and nothing that waits. Events Manager shows the code, and what arrives, under Test events. Meta may count such
events: the code shows them there, and does not keep them out of measurement. A dataset need not be live for it.

For an outside cron: --wait-lock 10m waits so long for another process that has the database, or for an upload that is
under way, before it gives up. The exit code is 0 when nothing is left that should have gone, 1 when something is left,
because a dataset is stopped or not live or because the fate of events is unknown, 4 when somebody else was at it all
the time, 5 when an access token does not work.

In JSON every number but batches and requests counts events. One that was given back because a request did not arrive
counts in "released" each time: ` + "`capibara status`" + ` tells how many wait in the end.`,
		Example: `  capibara upload --dry-run
  capibara upload --output json
  capibara upload --wait-lock 10m
  capibara upload --test-event-code TEST12345 --dataset main`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := test.check(dry); err != nil {
				return err
			}
			if wait < 0 || lock < 0 {
				return misused("write it like --wait-lock 10m", "a time to wait cannot be negative")
			}
			return a.outwait(cmd.Context(), lock, func() error {
				switch {
				case test.code != "":
					return a.testUpload(cmd.Context(), test)
				case dry:
					return a.dryRun(cmd.Context())
				}
				return a.upload(cmd.Context(), wait, cmd.Flags().Changed("wait"))
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&dry, "dry-run", false, "show what would be sent, and send nothing")
	flags.DurationVar(&wait, "wait", uploader.DefaultPatience, "how long to go on asking a dataset that does not answer")
	flags.DurationVar(&lock, "wait-lock", 0, "how long to wait for another process that has the database, or for an upload that is under way")
	flags.StringVar(&test.code, "test-event-code", "", "send made-up events with this code, and nothing that waits; Meta may count them")
	flags.StringVar(&test.dataset, "dataset", "", "the dataset to test, when there are several")
	flags.BoolVar(&test.yes, "yes", false, "send a test to Meta without asking")
	addOutput(a, cmd, asTable, asJSON, asJSONL)
	return cmd
}

func (a *app) upload(ctx context.Context, wait time.Duration, asked bool) error {
	return a.visit(ctx, "upload", toAct, func(c *config, h house) error {
		if l, ok := h.(*local); ok {
			l.patience = wait
			if wait == 0 {
				l.patience = -1 // not at all
			}
		} else if asked {
			a.note("a running capibara uploads, and --wait does not change how long it waits")
		}
		m := a.newMeter("upload", "events")
		s, err := h.Upload(ctx, m.tell)
		m.end()
		if err != nil && s.Batches+s.Requests+s.Expired == 0 {
			return err
		}
		next, unnamed, halted := afterwards(ctx, c, h, &s)
		switch a.output {
		case asJSON:
			err = errors.Join(err, writeJSON(a.stdout, s))
		case asJSONL:
			err = errors.Join(err, writeJSONL(a.stdout, []uploader.Summary{s}))
		default:
			a.printSummary(c, s, halted)
		}
		if err != nil {
			return err
		}
		if outcome := uploadOutcome(s); outcome != nil {
			return tryAgain(outcome, next)
		}
		return c.unnamedError(unnamed)
	})
}

// afterwards looks at how things stand after a pass. The ledger says in our own words why a dataset is stopped, and when
// the next try makes sense; the zero time when it does not tell, because nothing is due or it cannot be asked any more.
// unnamed counts what waits for datasets that are no longer configured, and halted says that events wait for a yes.
func afterwards(ctx context.Context, c *config, h house, s *uploader.Summary) (next time.Time, unnamed map[string]uint64, halted bool) {
	st, err := standing(ctx, c, h)
	if err != nil {
		return next, nil, false
	}
	for _, one := range st.Halts {
		halted = halted || one.Events > 0
	}
	if st.NextTry != nil {
		next = *st.NextTry
	}
	for _, d := range st.Datasets {
		if s.Stopped != nil && d.Alias == s.Stopped.Dataset && d.Circuit.Reason != "" {
			s.Stopped.Reason = strings.TrimSuffix(d.Circuit.Reason, ".")
			if d.Circuit.Until != nil {
				next = *d.Circuit.Until
			}
		}
	}
	return next, st.Unnamed, halted
}

// haltedNote says that not everything that waits may be sent.
const haltedNote = "Some events wait until somebody allows them: `capibara status` says why."

// unnamedError says that events wait for a dataset that no upload sends to: they would expire in silence.
func (c *config) unnamedError(unnamed map[string]uint64) error {
	for _, id := range slices.Sorted(maps.Keys(unnamed)) {
		return failed(fmt.Sprintf("write it into %s under datasets again, or let them expire", cmp.Or(c.path, configName)),
			"%s for dataset %s, which the configuration does not name", counted(unnamed[id], "event waits", "events wait"), id)
	}
	return nil
}

// tryAgain adds to the error of a pass that left something behind, and which no person has to mend, when to try again.
func tryAgain(outcome error, next time.Time) error {
	var f *failure
	if next.IsZero() || !errors.As(outcome, &f) || f.code != exitFailed {
		return outcome
	}
	return &failure{code: f.code, err: f.err, hint: f.hint + "; run `capibara upload` again at " + next.Format("15:04:05") + " or later"}
}

func (a *app) printSummary(c *config, s uploader.Summary, halted bool) {
	said := summarySentence(s)
	if halted && said == nothingWaits {
		said = "Nothing was sent."
	}
	a.line("%s", said)
	for _, n := range []struct {
		count int
		text  string
	}{
		{s.Relied, "sent again, because an answer was lost: they may have arrived twice, under one event_id each"},
		{s.Rejected, "refused by Meta one by one: see `capibara history events --state rejected`"},
		{s.Released, "given back, because nothing was taken of a request, counted each time: they wait again or were sent since"},
		{s.Unknown, "in requests that nobody answered: sent again only as they were"},
		{s.Held, "held, because nobody can say whether they arrived: see `capibara history events --state held`"},
		{s.Expired, "expired before they could be sent: see `capibara history events --state expired`"},
	} {
		if n.count > 0 {
			a.line("  %s %s", grouped(n.count), n.text)
		}
	}
	for _, h := range s.Halted {
		a.line("Source %s is halted. %s", h.Source, h.Reason)
	}
	for _, t := range s.TooLate {
		worth := t.Worth()
		if worth != "" {
			worth = ", worth " + worth + ","
		}
		a.line("Too late for dataset %s: %s%s expired. %s", t.Dataset, counted(t.Events, "event", "events"), worth, t.Why)
	}
	if c.rehearses() && s.Requests > 0 {
		a.line("Requests went to %s, which is on this machine: a rehearsal, Meta saw nothing of it.", c.Graph.BaseURL)
	}
	if halted {
		a.line("%s", haltedNote)
	}
}

const nothingWaits = "Nothing waits to be sent."

// summarySentence is a pass in one sentence, as the log, the schedule and people read it.
func summarySentence(s uploader.Summary) string {
	switch {
	case s.Requests == 0 && (s.Stopped != nil || len(s.NotLive) > 0):
		return "Nothing was sent."
	case s.Requests == 0 && s.Unknown > 0:
		return "Nothing was sent."
	case s.Requests == 0:
		return nothingWaits
	}
	return fmt.Sprintf("%s acknowledged in %s.", counted(s.Acknowledged, "event was", "events were"), counted(s.Requests, "request", "requests"))
}

// uploadOutcome is the error of a pass that left something behind.
func uploadOutcome(s uploader.Summary) error {
	if s.Stopped != nil {
		code, hint := exitFailed, "nothing is lost: what waits is sent as soon as it can be; `capibara check` tests token and dataset"
		if s.Stopped.Class == capi.ClassCredentials.String() || s.Stopped.Class == capi.ClassPermission.String() {
			code, hint = exitCredentials, "nothing is lost: put a working access token in place and run `capibara check`"
		}
		return &failure{code: code, hint: hint, err: fmt.Errorf("dataset %s is stopped: %s", s.Stopped.Dataset, s.Stopped.Reason)}
	}
	for _, h := range s.Halted {
		return failed(fmt.Sprintf("mend the mapping, then let `capibara requeue --source %s --state rejected` and `capibara withdraw --source %[1]s` take back what it made, and import the file again; or let it go as it is: `capibara allow --source %[1]s`", quotedArg(h.Source)),
			"source %s is halted. %s", h.Source, strings.TrimSuffix(h.Reason, "."))
	}
	for _, n := range s.NotLive {
		if n.Events > 0 {
			return failed(fmt.Sprintf("run `capibara go-live %s`, which shows what would be sent before it asks", n.Alias),
				"dataset %s is not live yet, so its %s", n.Alias, counted(n.Events, "event waits", "events wait"))
		}
	}
	if s.Unknown > 0 {
		return failed("they are sent again only as they were", "the fate of %s is not known yet", counted(s.Unknown, "event", "events"))
	}
	if s.Held > 0 {
		return failed("compare the counts of that day in Events Manager; `capibara history events --state held` lists them",
			"nobody can say whether %s arrived, so nothing is sent again by itself", counted(s.Held, "event", "events"))
	}
	return nil
}
