package main

import (
	"context"
	"io"
	"time"

	"capibara/audit"
	"capibara/event"
	"capibara/importer"

	"github.com/spf13/cobra"
)

// subjectOrder asks what is held of a person.
type subjectOrder struct {
	Of []identifier `json:"of"`
}

// subjectReport is all that is held of a person.
type subjectReport struct {
	By string    `json:"by_identifiers"`
	At time.Time `json:"at"`
	// Suppressed says that the person was erased: records that name the person are skipped.
	Suppressed bool               `json:"erased_before"`
	Events     []audit.EventStory `json:"events"` // the newest import first
	People     uint64             `json:"people"` // entries to which records of other files refer
	Files      []importer.Held    `json:"files"`  // that hold the person in the clear
	Waiting    []importer.Held    `json:"waiting_files"`
	Beyond     []beyondControl    `json:"cannot_reach"`
	Unrecorded string             `json:"unrecorded,omitempty"`
}

func newSubjectCommand(a *app) *cobra.Command {
	var n named
	var out string
	cmd := &cobra.Command{
		Use:   "subject",
		Short: "Tell all that is held of a person",
		Long: `Tells what this home holds of a person, for somebody who asks: the events, with what was sent of each (identifiers are
hashes), in which batch, and what Meta answered; the files that hold the person in the clear, with their lines; whether
records of other files refer to the person; and what lies outside of this home. Several identifiers are taken for one person.

With - in place of a value the command asks for it and does not show it, or reads it as a line of standard input. Who looks
for a person is kept in the audit log, with the kind of identifier and nothing of what was typed.`,
		Example: `  capibara subject --email -
  capibara subject --email anna@example.com --phone "+31 6 12345678" --out anna.json
  capibara subject --external-id C-17 --output json`,
		Args: arguments(0, 0, "no arguments: name the person with flags"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			of, err := a.named(cmd.Context(), n, false)
			if err != nil {
				return err
			}
			return a.visitPerson(cmd.Context(), "subject", toRead, func(_ *config, h house) error {
				return a.subject(cmd.Context(), h, of, out)
			})
		},
	}
	n.flags(cmd, false)
	cmd.Flags().StringVar(&out, "out", "", "write all of it as JSON into this `file`, readable for you alone")
	addOutput(a, cmd, asTable, asJSON)
	return cmd
}

func (a *app) subject(ctx context.Context, h house, of []identifier, out string) error {
	m := a.newMeter("looking through files", "files")
	r, err := h.Subject(ctx, subjectOrder{of}, m.tell)
	m.end()
	if err != nil {
		return err
	}
	if r.Unrecorded != "" {
		a.note("that you looked is not in the audit log: %s", r.Unrecorded)
	}
	if out != "" || a.output == asJSON {
		return a.into(out, func(w io.Writer) error { return writeJSON(w, r) })
	}
	a.printSubject(r)
	return nil
}

// printSubject tells what is held.
func (a *app) printSubject(r subjectReport) {
	a.line("What is held under %s:", r.By)
	if r.Suppressed {
		a.line("  The person was erased before, and records that name the person are skipped.")
	}
	a.line("  events         %s", counted(len(r.Events), "event", "events"))
	a.line("  people         %s that records of other files refer to", counted(r.People, "person", "people"))
	a.printHeld("files", "with the person in the clear", r.Files)
	if len(r.Waiting) > 0 {
		a.printHeld("waiting", "still in the inbox", r.Waiting)
	}
	if len(r.Events) > 0 {
		a.line("")
		var rows []audit.Event
		for _, s := range r.Events {
			rows = append(rows, s.Event)
		}
		if err := writeList(a, audit.EventColumns(), rows); err != nil {
			a.note("the events could not be shown: %v", err)
		}
		a.line("\n--output json, or --out FILE, tells of each what was sent, and what Meta answered.")
	}
	a.line("\nOutside of this home:")
	for _, b := range r.Beyond {
		a.line("  %s", b.Say)
	}
}

// Subject tells all that is held of a person.
func (l *local) Subject(ctx context.Context, o subjectOrder, tell func(progress)) (r subjectReport, err error) {
	var w wanted
	if err := w.read(ctx, l.reader(), o.Of); err != nil {
		return r, err
	}
	found, err := l.find(ctx, &w)
	if err != nil {
		return r, err
	}
	r = subjectReport{By: kindsOf(o.Of), At: l.now().In(l.config.zone), Suppressed: l.keptOut(&w), Events: []audit.EventStory{}}
	for _, seq := range found.seqs {
		s, err := l.reader().Story(ctx, seq)
		if err != nil {
			return r, err
		}
		r.Events = append(r.Events, s)
	}
	looked := erasureReport{}
	e := &eraser{local: l, order: erasure{Of: o.Of, Look: true}, wanted: &w, found: found, report: &looked, tell: tell}
	if err := e.run(ctx); err != nil {
		return r, err
	}
	r.People, r.Files, r.Waiting, r.Unrecorded = looked.People, looked.Files, looked.Waiting, looked.Unrecorded
	r.Beyond, err = l.beyond(ctx, found)
	return r, err
}

// keptOut reports whether somebody was erased before.
func (l *local) keptOut(w *wanted) bool {
	s := l.erased.who.Load()
	if s == nil {
		f, err := l.config.readErased() // the ledger is open to read alone
		if err != nil || f == nil {
			return false
		}
		s = f.suppression()
	}
	var u event.UserData
	for v := range w.hashed {
		u.AddHash(v.Key, v.Hash)
	}
	for v := range w.plain {
		u.SetPlain(v.Key, v.Value)
	}
	return s.Has(&u)
}

// Subject has the running process tell it.
func (c *client) Subject(ctx context.Context, o subjectOrder, tell func(progress)) (subjectReport, error) {
	return asking[subjectReport](ctx, c, "/v1/subject", o, tell)
}
