package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"capibara/uploader"
)

// DryRun tells what an upload would send.
func (l *local) DryRun(ctx context.Context) (uploader.DryRun, error) {
	u := l.uploader
	if u == nil {
		var err error
		if u, err = l.newUploader(); err != nil {
			return uploader.DryRun{}, err
		}
	}
	return u.DryRun(ctx)
}

func (a *app) dryRun(ctx context.Context) error {
	var r uploader.DryRun
	err := a.visit(ctx, "upload", toRead, func(c *config, h house) (err error) {
		if r, err = h.DryRun(ctx); err != nil {
			return err
		}
		st, err := standing(ctx, c, h)
		if st.Ledger != nil {
			fmt.Fprintf(a.stderr, "note: an upload would send nothing: %s\n", st.Ledger.Sentence)
		}
		for i := range r.Datasets {
			for _, d := range st.Datasets {
				// The ledger says in our own words why a dataset is stopped.
				if x := &r.Datasets[i]; x.Stopped != "" && x.Alias == d.Alias {
					x.Stopped = cmp.Or(d.Circuit.Reason, x.Stopped)
				}
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	switch a.output {
	case asJSON:
		return writeJSON(a.stdout, r)
	case asJSONL:
		return writeJSONL(a.stdout, r.Datasets)
	}
	a.line("Nothing is sent. An upload now would send:")
	for _, d := range r.Datasets {
		a.printDry(d)
	}
	return nil
}

// printDry shows what would be sent to a dataset, with the first events as they would be sent.
func (a *app) printDry(d uploader.DryDataset) {
	a.line("\ndataset %s (%s): %s in %s, %s bytes", d.Alias, d.ID, counted(d.Events, "event", "events"), counted(d.Batches, "batch", "batches"), grouped(d.Bytes))
	for _, n := range d.Names {
		var sums []string
		for _, s := range d.Sums {
			if s.EventName == n.EventName {
				sums = append(sums, fmt.Sprintf("%s %s", s.Sum, printable(s.Currency)))
			}
		}
		text := fmt.Sprintf("  %-24s %s", printable(n.EventName), grouped(n.Events))
		if len(sums) > 0 {
			text += ", worth " + strings.Join(sums, " and ")
		}
		a.line("%s", text)
	}
	for _, n := range []struct {
		count int
		text  string
	}{
		{d.Open, "sent before without an answer, or in the middle of a search for a bad event: they come first"},
		{d.Waiting, "not to be sent yet, because their time lies in the future or their source holds them back (hold_back)"},
		{d.Halted, "halted: they wait until somebody allows them, see `capibara status`"},
		{d.Expiring, "too old by now: they expire instead"},
		{d.Wrong, "would be refused here, unsent"},
	} {
		if n.count > 0 {
			a.line("  %s %s", grouped(n.count), n.text)
		}
	}
	if d.Stopped != "" {
		a.line("  but it is stopped: %s", d.Stopped)
	}
	if !d.Live {
		a.line("  but it is not live yet: `capibara go-live %s`", d.Alias)
	}
	if len(d.Samples) > 0 {
		a.line("  The first of them, as they would be sent; identifiers are hashed:")
	}
	for _, s := range d.Samples {
		a.line("  %s", s)
	}
}
