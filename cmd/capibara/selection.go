package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"capibara/audit"
	"capibara/event"
	"capibara/store"

	"github.com/spf13/cobra"
)

// selection names the events that a decision is about.
type selection struct {
	File      string `json:"file,omitempty"` // number, or base name: the newest file that has it
	Source    string `json:"source,omitempty"`
	EventID   string `json:"event_id,omitempty"`
	RecordKey string `json:"record_key,omitempty"`
	Dataset   string `json:"dataset,omitempty"` // name or Meta's id
	State     string `json:"state,omitempty"`
	Reason    string `json:"reason,omitempty"` // as a history shows it
}

func (s *selection) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&s.File, "file", "", "the events of a file: its number, or its name for the newest one with it")
	flags.StringVar(&s.Source, "source", "", "the events of a source")
	flags.StringVar(&s.EventID, "event-id", "", "the events with this event_id")
	flags.StringVar(&s.RecordKey, "record-key", "", "the events whose record key is this, or has a column that is")
	flags.StringVar(&s.Dataset, "dataset", "", "of them, those of this dataset, by name or id")
}

// query is the selection as a history takes it. The state is compared by whoever goes through the events.
func (s selection) query() audit.Query {
	return audit.Query{File: s.File, Source: s.Source, EventID: s.EventID, RecordKey: s.RecordKey, Dataset: s.Dataset}
}

// typed is the selection as flags, to be typed again. A file has its number: the newest of a name may be another one tomorrow.
func (s selection) typed(r verdictReport) string {
	if r.File != 0 {
		s.File = strconv.FormatUint(r.File, 10)
	}
	var out string
	for _, f := range [][2]string{{"file", s.File}, {"source", s.Source}, {"event-id", s.EventID}, {"record-key", s.RecordKey}, {"dataset", s.Dataset}} {
		if f[1] != "" {
			out += " --" + f[0] + " " + quotedArg(f[1])
		}
	}
	return out
}

// check refuses a selection that names nothing: a slip of the hand must not be about everything.
func (v verdict) check() error {
	const hint = "say which: --file, --source, --event-id or --record-key"
	if v.File == "" && v.Source == "" && v.EventID == "" && v.RecordKey == "" {
		return misused(hint, "no events are named to %s", v.What)
	}
	if err := checkNote(v.Note); err != nil {
		return err
	}
	if err := v.query().Check(false); err != nil {
		return explained(err)
	}
	if v.What != decideRequeue {
		return nil
	}
	switch v.State {
	case store.StateRejected.String(), store.StateExpired.String(), store.StateWithdrawn.String():
	case "":
		if v.EventID == "" {
			return misused("add --state rejected, --state expired or --state withdrawn", "it is not said which of the events to requeue")
		}
	default:
		return misused("the states are rejected, expired and withdrawn", "--state %s: what is %s is not requeued", v.State, v.State)
	}
	return nil
}

// checkNote refuses a note that the ledger would not keep, or must not.
func checkNote(note string) error {
	switch {
	case len(note) > store.MaxNote:
		return misused("say it in fewer words", "--note has %d bytes; the ledger keeps %d", len(note), store.MaxNote)
	case strings.ContainsFunc(note, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return misused("write it as one line of text", "--note holds a control character")
	case event.LooksPersonal(note):
		return misused("name the order or the deal instead", "--note seems to hold an e-mail address or a telephone number, which the ledger does not keep in the clear")
	}
	return nil
}

// decide looks, shows, asks and carries out.
func (a *app) decide(ctx context.Context, v verdict, yes, dry bool) error {
	if err := v.check(); err != nil {
		return err
	}
	if a.output != asTable && !yes && !dry {
		return misused("add --yes, or --dry-run to look first", "--output %s leaves no room for a question", a.output)
	}
	want := toAct
	if dry {
		want = toRead
	}
	v.By = operator()
	return a.visit(ctx, v.What, want, func(_ *config, h house) error {
		r, err := h.Look(ctx, v)
		if err != nil {
			return err
		}
		if a.output == asTable {
			a.printVerdict(r)
		}
		if r.Events == 0 {
			if a.output != asTable {
				if err := a.writeVerdict(r); err != nil {
					return err
				}
			}
			return v.nothing(r)
		}
		if dry {
			if a.output == asTable {
				a.line("\nNothing was changed: this was a look.")
				return nil
			}
			return a.writeVerdict(r)
		}
		if err := a.sure(v.question(r), yes); err != nil {
			return err
		}
		v.Through = r.Through
		if r, err = h.Decide(ctx, v); err != nil {
			return failed("what was decided so far stays so; run the same command again for the rest", "%w", err)
		}
		if a.output != asTable {
			return a.writeVerdict(r)
		}
		a.printDecided(v, r)
		return nil
	})
}

func (a *app) writeVerdict(r verdictReport) error {
	if a.output == asJSONL {
		return writeJSONL(a.stdout, []verdictReport{r})
	}
	return writeJSON(a.stdout, r)
}

// nothing is the error of a decision that is about no event.
func (v verdict) nothing(r verdictReport) error {
	_, numbered := strconv.ParseUint(v.File, 10, 64)
	switch {
	case len(r.Left) == 0 && r.File != 0 && numbered != nil:
		return failed("an earlier file of that name is meant? `capibara history files` shows the numbers, for --file",
			"no event of file %d, the newest with that name, matches, so nothing was changed", r.File)
	case len(r.Left) == 0:
		return failed("`capibara history events` lists what there is, and takes the same filters", "no event matches, so nothing was changed")
	}
	if v.What == decideWithdraw && !slices.ContainsFunc(r.Left, func(l verdictLeft) bool { return l.Why == store.StateAcknowledged.String() }) {
		return failed("the lines above say why", "none of these events waits to be sent, so nothing was changed")
	}
	if v.What == decideWithdraw {
		return failed("what was sent cannot be taken back: see `capibara history events --state acknowledged`", "none of these events waits to be sent, so nothing was changed")
	}
	return failed("the lines above say why", "none of these events can be requeued, so nothing was changed")
}

func (v verdict) question(r verdictReport) string {
	if v.What == decideWithdraw {
		return "Take " + map[bool]string{true: "it", false: "them"}[r.Events == 1] + " back, so that " +
			map[bool]string{true: "it is", false: "they are"}[r.Events == 1] + " not sent?"
	}
	return "Let " + map[bool]string{true: "it", false: "them"}[r.Events == 1] + " wait to be sent again?"
}

// printVerdict shows what a decision is about.
func (a *app) printVerdict(r verdictReport) {
	file := ""
	if r.File != 0 {
		file = fmt.Sprintf(" of file %d", r.File)
	}
	if r.Action == decideWithdraw {
		a.line("%s%s can be taken back.", counted(r.Events, "event", "events"), file)
	} else {
		a.line("%s%s can be requeued.", counted(r.Events, "event", "events"), file)
	}
	for _, g := range r.Groups {
		worth := ""
		for _, s := range g.Sums {
			worth += fmt.Sprintf(", %s %s", s.Value, printable(s.Currency))
		}
		why := ""
		if g.Reason != "" {
			why = " (" + g.Reason + ")"
		}
		a.line("  %s of dataset %s: %s%s%s", printable(g.EventName), g.Dataset, counted(g.Events, "event", "events"), worth, why)
	}
	if r.Disagreed > 0 {
		a.line("  With %s a later record disagrees: see `capibara history events --changed`.", counted(r.Disagreed, "of them", "of them"))
	}
	for _, l := range r.Left {
		a.line("  %s: %s", counted(l.Events, "event stays as it is", "events stay as they are"), leftSentence(l.Why, r.TooOld))
	}
}

// leftSentence says why events stay as they are.
func leftSentence(why string, old *outOfWindow) string {
	switch why {
	case store.StateInFlight.String():
		return "being sent, or nobody knows yet whether it arrived."
	case store.StateAcknowledged.String():
		return "sent, and Meta has acknowledged it."
	case store.StateHeld.String():
		return "held, because nobody can say whether it arrived; `capibara resolve` is for those."
	case store.StatePending.String():
		return "waiting to be sent already."
	case store.StateWithdrawn.String():
		return "withdrawn already."
	case leftPossiblySent:
		return "may have arrived at Meta, and would count twice."
	case leftReplaced:
		return "another event took its place."
	case leftDamaged:
		return "its record in the database is damaged: run `capibara check --database`."
	case leftTooOld:
		if old == nil {
			break
		}
		s := fmt.Sprintf("too old; the oldest would need a window of %d days.", old.Days)
		if old.PhysicalStore > 0 {
			return s + fmt.Sprintf(" %s with action_source physical_store, for which Meta takes up to 62 days: `window: 62d` in the source.",
				counted(old.PhysicalStore, "is", "are"))
		}
		return s + " Meta takes events of up to 7 days, and of up to 62 for physical_store alone."
	}
	return why + "."
}

// printDecided says what was changed.
func (a *app) printDecided(v verdict, r verdictReport) {
	if r.Action == decideWithdraw {
		a.line("%s withdrawn. A corrected record is accepted, and `capibara requeue%s --state withdrawn` brings back what should be sent after all.",
			counted(r.Changed, "event was", "events were"), v.typed(r))
	} else {
		a.line("%s requeued: the next upload sends what may be sent.", counted(r.Changed, "event was", "events were"))
	}
	if r.Changed < r.Events {
		a.line("%s changed meanwhile, or was refunded, and stayed as it was.", counted(r.Events-r.Changed, "event", "events"))
	}
}
