package main

import (
	"context"
	"fmt"
	"os/user"

	"capibara/uploader"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
)

func newGoLiveCommand(a *app) *cobra.Command {
	var (
		confirm string
		yes     bool
	)
	cmd := &cobra.Command{
		Use:   "go-live DATASET",
		Short: "Allow sending to a dataset, after a look at what would be sent and at the first ten events",
		Long: `Nothing reaches a dataset at Meta before a person has said so. This tests the token, shows what the next upload would
send, and asks for the last four digits of the dataset's id. Then it sends ten events, the most urgent ones, shows what
Meta answered, and waits for a yes before the dataset is live. Without a yes the dataset is not sent to; the ten that Meta
received stay sent, since they are real ones. Who allowed it, and when, is kept in the audit log, and so is the trial.

A script passes the four digits with --confirm, and the yes with --yes. With --confirm alone it ends after the ten.`,
		Example: `  capibara go-live main
  capibara go-live main --confirm 7890 --yes`,
		Args: arguments(1, 1, "the name of a dataset"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.goLive(cmd.Context(), args[0], confirm, yes) },
	}
	cmd.Flags().StringVar(&confirm, "confirm", "", "the last four digits of the dataset's id, instead of typing them")
	cmd.Flags().BoolVar(&yes, "yes", false, "allow it when Meta takes the first ten events, without asking again")
	return cmd
}

func (a *app) goLive(ctx context.Context, name, confirm string, yes bool) error {
	return a.visit(ctx, "go-live", toAct, func(c *config, h house) error {
		alias, d, err := c.dataset(name)
		if err != nil {
			return err
		}
		if c.rehearses() {
			return failed("to allow sending to Meta, unset CAPIBARA_GRAPH_BASE_URL and graph.base_url and run it again; a rehearsal needs no word",
				"requests go to %s, which is on this machine: nothing needs allowing there, and nothing was changed", c.Graph.BaseURL)
		}
		s, err := h.Status(ctx)
		if err != nil {
			return err
		}
		for _, known := range s.Datasets {
			if known.Alias == alias && known.Live {
				a.line("Dataset %s is live already; nothing was changed.", alias)
				return nil
			}
		}
		if s.Ledger != nil {
			return failed(s.Ledger.Fix, "nothing was changed: %s", s.Ledger.Sentence)
		}
		dry, err := a.tellGoLive(ctx, c, h, alias)
		if err != nil {
			return err
		}
		id := string(d.ID)
		if err := a.confirmed(alias, id[len(id)-4:], confirm, dry); err != nil {
			return err
		}
		received, err := a.try(ctx, h, alias, id, dry)
		if err != nil {
			return err
		}
		if !yes {
			kept := fmt.Sprintf("dataset %s is not live", alias)
			if received > 0 {
				kept += fmt.Sprintf("; the %s that Meta received stay%s sent", counted(received, "event", "events"), map[bool]string{true: "s"}[received == 1])
			}
			if err := a.agreed(a.stdout, "Is dataset "+alias+" to be sent to from now on?", kept,
				fmt.Sprintf("or run `capibara go-live %s --confirm %s --yes`", alias, id[len(id)-4:])); err != nil {
				return err
			}
		}
		if err := h.GoLive(ctx, id, operator()); err != nil {
			return err
		}
		a.line("Dataset %s is live. The next upload sends to it: `capibara upload`, or the schedule of `capibara run`, which makes up for\none that this dataset missed.", alias)
		return nil
	})
}

// tellGoLive shows what somebody should see before allowing it.
func (a *app) tellGoLive(ctx context.Context, c *config, h house, alias string) (dry uploader.DryDataset, err error) {
	log, err := a.logger(zerolog.WarnLevel)
	if err != nil {
		return dry, err
	}
	if l, ok := h.(*local); ok {
		l.toldTokens = true // the probe below tells it, before anything is sent
	}
	// First what this machine knows: a ledger that rehearsed is refused before anybody is asked.
	r, err := h.DryRun(ctx)
	if err != nil {
		return dry, err
	}
	client, err := c.client(a.now)
	if err != nil {
		return dry, err
	}
	defer client.CloseIdleConnections()
	said, err := probe(ctx, c, client, alias, log)
	if err != nil {
		return dry, err
	}
	a.line("Dataset %s at %s %s.\nThe next upload would send:", alias, c.Graph.BaseURL, said)
	for _, d := range r.Datasets {
		if d.Alias == alias {
			dry = d
			d.Live = true // whether it is to be is what is asked
			a.printDry(d)
		}
	}
	return dry, nil
}

// confirmed asks for the last four digits, which nobody types without a look at the id.
func (a *app) confirmed(alias, want, given string, dry uploader.DryDataset) error {
	if given == "" {
		first := "To allow it"
		if n := min(dry.Events, uploader.TrialEvents); n > 0 {
			first = fmt.Sprintf("First %s sent, and you are asked again.\nTo send them", counted(n, "event is", "events are"))
		}
		fmt.Fprintf(a.stdout, "\n%s, type the last four digits of the id of dataset %s: ", first, alias)
		line, err := a.answerLine()
		if err != nil {
			a.line("")
			return failed("type the digits, or pass them with --confirm", "nobody confirmed it, so dataset %s stays as it is", alias)
		}
		given = line
	}
	if given != want {
		return failed(fmt.Sprintf("`capibara config` shows the id of dataset %s", alias),
			"these are not the last four digits of its id, so dataset %s stays as it is", alias)
	}
	return nil
}

// operator names who is at the keyboard, for the audit log.
func operator() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "unknown"
}

// GoLive allows sending to a dataset.
func (l *local) GoLive(ctx context.Context, dataset, by string) error {
	if err := l.testimony.maySend(); err != nil { // nor may it be allowed to
		return err
	}
	_, d, err := l.config.dataset(dataset)
	if err != nil {
		return err
	}
	dataset = string(d.ID)
	if err := l.db.GoLive(ctx, dataset, by, l.now()); err != nil {
		return err
	}
	l.pay(dataset)
	l.testimony.keep(ctx)
	return nil
}
