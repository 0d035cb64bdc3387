package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"capibara/event"
	"capibara/importer"
	"capibara/uploader"
	"capibara/uploader/capi"
)

// testFlags are what upload takes to send a test.
type testFlags struct {
	code, dataset string
	yes           bool
}

func (f testFlags) check(dry bool) error {
	switch {
	case f.code == "" && (f.dataset != "" || f.yes):
		return misused("`capibara upload --help` shows an example", "--dataset and --yes belong to --test-event-code; an upload sends to every dataset that is live")
	case f.code == "":
		return nil
	case dry:
		return misused("leave one of them out", "--dry-run sends nothing, and --test-event-code sends a test")
	}
	if err := uploader.CheckTestCode(f.code); err != nil {
		return misused("copy the code from Events Manager, under Test events", "--test-event-code: %w", err)
	}
	return nil
}

// Test sends made-up events. It binds the ledger to nothing, and is refused where an upload would be: what a home that
// rehearses sends never goes to Meta, and the other way round.
func (l *local) Test(ctx context.Context, o uploader.TestOrder) (uploader.TestReport, error) {
	if err := l.testimony.maySend(); err != nil {
		return uploader.TestReport{}, err
	}
	if err := unbound(ctx, l.db, l.config); err != nil {
		return uploader.TestReport{}, err
	}
	u := l.uploader
	if u == nil {
		var err error
		if u, err = l.newUploader(); err != nil {
			return uploader.TestReport{}, err
		}
	}
	return u.Test(ctx, o)
}

// testUpload tests a dataset with made-up events.
func (a *app) testUpload(ctx context.Context, f testFlags) error {
	return a.visit(ctx, "upload", toAct, func(c *config, h house) error {
		alias, d, err := c.tested(f.dataset)
		if err != nil {
			return err
		}
		kinds, blind, err := c.testKinds(ctx, h, string(d.ID))
		if err != nil {
			return err
		}
		if len(kinds) == 0 {
			return failed("state event_name or events in a source of this dataset, or import a file first", "no source says which events dataset %s gets, so there is nothing to test it with", alias)
		}
		out := a.stdout
		if a.output != asTable {
			out = a.stderr
		}
		fmt.Fprintf(out, "A test of dataset %s (%s) at %s, with one made-up event of each kind, about a person that nobody is:\n", alias, d.ID, c.Graph.BaseURL)
		for _, k := range kinds {
			fmt.Fprintf(out, "  %-24s %s\n", printable(k.EventName), printable(strings.Join(nonEmpty(string(k.ActionSource), k.LeadEventSource), ", ")))
		}
		for _, name := range blind {
			fmt.Fprintf(out, "  The events of source %s are named by a column, and none of them waits: they are not tested.\n", printable(name))
		}
		if !c.rehearses() {
			fmt.Fprintln(out, uploader.MayCount(len(kinds)))
			if !f.yes {
				if err := a.agreed(out, "Send them?", "nothing was sent", "or pass --yes"); err != nil {
					return err
				}
			}
		}
		r, err := h.Test(ctx, uploader.TestOrder{Dataset: string(d.ID), Code: f.code, By: operator(), Kinds: kinds})
		if err != nil && r.Requests == 0 {
			return err
		}
		if c.rehearses() {
			r.Note = "The requests went to this machine: Meta saw nothing of it."
		}
		return cmp.Or(err, a.printTest(c, r), testOutcome(alias, r))
	})
}

// tested finds the dataset to test; without a name the only one.
func (c *config) tested(name string) (string, datasetConfig, error) {
	all := c.aliases()
	switch {
	case name != "" || len(all) == 0:
		return c.dataset(name)
	case len(all) > 1:
		return "", datasetConfig{}, misused("say which one with --dataset", "there are several datasets: %s", strings.Join(all, ", "))
	}
	return c.dataset(all[0])
}

// testKinds are the kinds of events that the sources can yield for a dataset. Where a column names the event, the names of
// what waits count; blind are the sources of which none is known even so.
func (c *config) testKinds(ctx context.Context, h house, dataset string) (kinds []uploader.TestKind, blind []string, err error) {
	all, err := c.mappings()
	if err != nil {
		return nil, nil, err
	}
	var waiting []string // event names
	looked := false
	add := func(name string, k importer.EventKind) {
		// A column tells what is left out here. What a test needs most is an event that Meta takes.
		t := uploader.TestKind{EventName: name, ActionSource: cmp.Or(k.ActionSource, event.SourcePhysicalStore),
			LeadEventSource: k.LeadEventSource, Currency: cmp.Or(k.Currency, "USD")}
		if !slices.ContainsFunc(kinds, func(o uploader.TestKind) bool { return o.EventName == name }) {
			kinds = append(kinds, t)
		}
	}
	for _, m := range all {
		for _, k := range m.EventKinds(dataset) {
			if k.EventName != "" {
				add(k.EventName, k)
				continue
			}
			if !looked {
				if waiting, err = waitingNames(ctx, h, dataset); err != nil {
					return nil, nil, err
				}
				looked = true
			}
			if len(waiting) == 0 {
				blind = append(blind, m.Name())
			}
			for _, name := range waiting {
				add(name, k)
			}
		}
	}
	return kinds, blind, nil
}

// waitingNames are the event names of what would be sent to a dataset.
func waitingNames(ctx context.Context, h house, dataset string) ([]string, error) {
	r, err := h.DryRun(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, d := range r.Datasets {
		if d.ID == dataset {
			for _, n := range d.Names {
				names = append(names, n.EventName)
			}
		}
	}
	return names, nil
}

func (a *app) printTest(c *config, r uploader.TestReport) error {
	switch a.output {
	case asJSON:
		return writeJSON(a.stdout, r)
	case asJSONL:
		return writeJSONL(a.stdout, r.Events)
	}
	a.line("%d of %s received, in %s.", r.Received(), counted(len(r.Events), "event was", "events were"), counted(r.Requests, "request", "requests"))
	for _, e := range r.Events {
		a.line("  %-24s %s  %s", printable(e.EventName), e.EventID, printable(testAnswer(e)))
		for _, m := range e.Messages {
			a.line("    %s", printable(m))
		}
	}
	switch {
	case c.rehearses():
		a.line("Requests went to %s, which is on this machine: a rehearsal, Meta saw nothing of it.", c.Graph.BaseURL)
	case r.Received() > 0:
		a.line("Look for them in Events Manager, under Test events. %s", r.Note)
	}
	return nil
}

// testAnswer is what became of an event of a test, in a line.
func testAnswer(e uploader.TestEvent) string {
	if e.Error == "" {
		return strings.Join(nonEmpty("received", traced(e.FBTraceID)), ", ")
	}
	said := e.Error
	if entry, ok := capi.Explain(e.Code, e.Subcode); ok && e.Code != 0 {
		said += "; " + entry.Cause
	}
	return said
}

// traced names what Meta's support asks for; "" for none.
func traced(id string) string {
	if id == "" {
		return ""
	}
	return "fbtrace_id " + id
}

// testOutcome is the error of a test of which not everything was received, with the exit codes of an upload.
func testOutcome(alias string, r uploader.TestReport) error {
	if r.Received() == len(r.Events) {
		return nil
	}
	code, hint := exitFailed, "`capibara explain CODE` says what a code means; nothing that waits was touched"
	for _, e := range r.Events {
		if e.Class == capi.ClassCredentials.String() || e.Class == capi.ClassPermission.String() {
			code, hint = exitCredentials, "put a working access token in place and run `capibara check`; nothing that waits was touched"
		}
	}
	return &failure{code: code, hint: hint, err: fmt.Errorf("%s of the test of dataset %s", counted(len(r.Events)-r.Received(), "event was not received", "events were not received"), alias)}
}

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(s string) bool { return s == "" })
}
