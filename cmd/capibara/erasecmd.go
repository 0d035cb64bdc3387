package main

import (
	"context"
	"fmt"
	"strings"

	"capibara/event"
	"capibara/importer"

	"github.com/spf13/cobra"
)

// named are the flags that name people.
type named struct {
	emails, phones, externalIDs, eventIDs []string
	list                                  string
}

func newEraseCommand(a *app) *cobra.Command {
	var n named
	o := erasure{}
	var yes, dry bool
	cmd := &cobra.Command{
		Use:   "erase",
		Short: "Erase what is held of a person, and keep the person out",
		Long: `Erases what this home holds of a person: the content of events, with the hashed identifiers, the person among those that
records of other files refer to, and the records in archived, rejected and claimed files, which become blank lines. It shows
what there is, and asks. What proves that an event was there and what became of it stays: its id, time, amount, batch and
Meta's answer.

The person stays out: the next export that names the person is imported without those records, and a backup of the database
that is put back is erased again. For that .capibara-erased in the home keeps sums that tell nobody who it is.

With - in place of a value the command asks for it and does not show it, or reads it as a line of standard input. What is
typed is neither stored nor logged. A list for --list is CSV with one identifier a line, its kind first: email, phone,
external_id or event_id.

  kind,value
  email,anna@example.com
  phone,+31 6 12345678

The events that are found may carry other identifiers. It says how many, of which kind, and how many more events each would
find; --extend erases those as well, but for identifiers by which events of somebody else are found too, such as a telephone
that two share: name those yourself when they are meant. What is sent at this moment, or may have been, cannot be erased
before its fate is known; it says so.

Nobody needs to stop "capibara run". Cut off at any moment, the same command goes on where it stopped.`,
		Example: `  capibara erase --email - --dry-run
  capibara erase --email anna@example.com --phone "+31 6 12345678" --extend
  capibara erase --list requests.csv --yes
  capibara erase --event-id cb-0123456789abcdef0123456789abcdef`,
		Args: arguments(0, 0, "no arguments: name the person with flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if o.Of, err = a.named(cmd.Context(), n, true); err != nil {
				return err
			}
			return a.erase(cmd.Context(), o, yes, dry)
		},
	}
	n.flags(cmd, true)
	flags := cmd.Flags()
	flags.BoolVar(&o.Extend, "extend", false, "erase by the other identifiers of the found events too, unless somebody else has them")
	flags.BoolVar(&o.NewKey, "new-key", false, "go on with a new key when the old one is lost; who was erased before is not kept out any more")
	flags.BoolVar(&yes, "yes", false, "do not ask")
	flags.BoolVar(&dry, "dry-run", false, "show what would be erased, and change nothing")
	addOutput(a, cmd, asTable, asJSON)
	return cmd
}

// flags adds those that name people; events says whether events may be named too, and a list.
func (n *named) flags(cmd *cobra.Command, events bool) {
	flags := cmd.Flags()
	flags.StringArrayVar(&n.emails, "email", nil, "the person with this e-mail `address`; - asks for it; may be given several times")
	flags.StringArrayVar(&n.phones, "phone", nil, "the person with this telephone `number`, with country code; - asks for it")
	flags.StringArrayVar(&n.externalIDs, "external-id", nil, "the person with this external_`id`; - asks for it")
	if events {
		flags.StringArrayVar(&n.eventIDs, "event-id", nil, "the events with this event_`id`")
		flags.StringVar(&n.list, "list", "", "everybody in this `file`: CSV, one identifier a line, its kind first; - reads standard input")
	}
}

// erase looks, shows, asks and erases.
func (a *app) erase(ctx context.Context, o erasure, yes, dry bool) error {
	if a.output != asTable && !yes && !dry {
		return misused("add --yes, or --dry-run to look first", "--output %s leaves no room for a question", a.output)
	}
	o.By = operator()
	visit := a.visit
	if dry {
		visit = a.visitPerson
	}
	return visit(ctx, "erase", toAct, func(_ *config, h house) error {
		o.Look = true
		r, err := a.erasure(ctx, h, o)
		if err != nil {
			return err
		}
		if a.output == asTable {
			a.printErasure(r)
		}
		if dry {
			if a.output == asTable {
				a.line("\nNothing was changed: this was a look.")
				return nil
			}
			return writeJSON(a.stdout, r)
		}
		if err := a.sure("Erase this for good, and keep it out?", yes); err != nil {
			return err
		}
		o.Look = false
		if r, err = a.erasure(ctx, h, o); err != nil {
			return failed("run the same command again: it goes on where it stopped", "%w", err)
		}
		if a.output != asTable {
			return writeJSON(a.stdout, r)
		}
		a.printErased(r)
		return nil
	})
}

func (a *app) erasure(ctx context.Context, h house, o erasure) (erasureReport, error) {
	m := a.newMeter("looking through files", "files")
	defer m.end()
	return h.Erase(ctx, o, m.tell)
}

// printErasure shows what an erasure is about.
func (a *app) printErasure(r erasureReport) {
	a.line("What is held under %s:", r.By)
	a.line("  events         %s%s", counted(r.Found, "event", "events"), inStates(r.Events))
	if r.Left > 0 {
		a.line("                 %s a batch whose fate is not known, and stay until it is: see `capibara history batches --state unknown` and `--state held`, and `capibara resolve`.", counted(r.Left, "event is of", "events are of"))
	}
	a.line("  people         %s that records of other files refer to", counted(r.People, "person", "people"))
	a.printHeld("files", "to be scrubbed", r.Files)
	if len(r.Waiting) > 0 {
		a.printHeld("waiting", "still in the inbox, imported without the person when their turn comes", r.Waiting)
	}
	a.printOthers(r)
	if r.Unrecorded != "" {
		a.note("that you looked is not in the audit log: %s", r.Unrecorded)
	}
}

// inStates says in which states events are.
func inStates(all []erasedState) string {
	var parts []string
	for _, s := range all {
		parts = append(parts, grouped(s.Events)+" "+s.State)
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

// printHeld lists files.
func (a *app) printHeld(name, what string, files []importer.Held) {
	a.line("  %-14s %s %s", name, counted(len(files), "file", "files"), what)
	for _, f := range files {
		switch {
		case f.Whole != "":
			a.line("                 %s: as a whole, because %s", printable(f.Path), f.Whole)
		default:
			a.line("                 %s: %s", printable(f.Path), linesOf(f))
		}
	}
}

func linesOf(f importer.Held) string {
	const shown = 8
	var at []string
	for _, n := range f.Lines[:min(shown, len(f.Lines))] {
		at = append(at, fmt.Sprint(n))
	}
	if f.Records > len(at) {
		return fmt.Sprintf("%s, the first on lines %s", counted(f.Records, "record", "records"), strings.Join(at, ", "))
	}
	return map[bool]string{true: "line ", false: "lines "}[len(at) == 1] + strings.Join(at, ", ")
}

// fewOthers is how many other identifiers are told one by one.
const fewOthers = 8

// printOthers tells of the other identifiers, by kind.
func (a *app) printOthers(r erasureReport) {
	if len(r.Others) == 0 {
		return
	}
	a.line("  besides        the events carry %s", counted(len(r.Others), "other identifier", "other identifiers"))
	left, adds := 0, 0
	for _, o := range r.Others {
		if o.Adds == 0 && !o.Taken && len(r.Others) > fewOthers { // what would add nothing is only counted
			left++
			continue
		}
		adds++
		what := fmt.Sprintf("on %s; it would add %s", counted(o.Events, "event", "events"), counted(o.Adds, "event", "events"))
		switch {
		case o.Shared:
			what += ", some of somebody else: it is not taken unless you name it"
		case o.Taken:
			what += ", and is taken"
		default:
			left++
		}
		a.line("                 %s %s", labelOf(o.Kind), what)
	}
	if n := len(r.Others) - adds; n > 0 {
		a.line("                 %s would add no event", counted(n, "of them", "of them"))
	}
	if left > 0 {
		a.line("                 --extend takes %s too.", counted(left, "of them", "of them"))
	}
}

// labelOf is the name that people use for an identifier.
func labelOf(kind string) string {
	switch kind {
	case event.Email.String():
		return "an e-mail address"
	case event.Phone.String():
		return "a telephone number"
	case event.ExternalID.String():
		return "an external_id"
	}
	return "a " + kind
}

// printErased says what was done, and what is left to do.
func (a *app) printErased(r erasureReport) {
	records, whole := 0, 0
	for _, f := range r.Files {
		if f.Whole != "" {
			whole++
		} else {
			records += f.Records
		}
	}
	a.line("\nErased: %s, %s, %s in files%s.", counted(r.Erased, "event", "events"), counted(r.People, "person", "people"), counted(records, "record", "records"),
		map[bool]string{true: fmt.Sprintf(", and %s as a whole", counted(whole, "file", "files"))}[whole > 0])
	if r.Found == 0 && r.People == 0 && len(r.Files) == 0 && len(r.Waiting) == 0 {
		a.line("Nothing was found under it: compare the spelling with the request, and try the person's other addresses and numbers.")
	}
	a.line("Records that name the person are skipped from now on.")
	if r.Left > 0 {
		a.line("%s, because the fate of the batch is not known. Nothing of it is sent anew; run the same command again when it is known.", counted(r.Left, "event stays", "events stay"))
	}
	switch {
	case r.Compacted:
		a.line("The database is compacted: the bytes are gone from it.")
	case r.Owed != "":
		a.line("The bytes are still in free pages of the database: %s. Run `capibara compact`, or the same command again.", r.Owed)
	}
	a.line("\nOut of reach:")
	for _, b := range r.Beyond {
		a.line("  %s", b.Say)
	}
}

// Erase has the running process tell what is held, or erase it.
func (c *client) Erase(ctx context.Context, o erasure, tell func(progress)) (erasureReport, error) {
	return asking[erasureReport](ctx, c, "/v1/erase", o, tell)
}
