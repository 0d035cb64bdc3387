package main

import (
	"context"
	"fmt"
	"os/user"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
)

func newGoLiveCommand(a *app) *cobra.Command {
	var confirm string
	cmd := &cobra.Command{
		Use:   "go-live DATASET",
		Short: "Allow sending to a dataset, after a look at what would be sent",
		Long: `Nothing reaches a dataset at Meta before a person has said so once. This tests the token, shows what the next upload
would send, and asks for the last four digits of the dataset's id. It sends no event itself. Who allowed it, and when,
is kept in the audit log.

A script passes the four digits with --confirm.`,
		Example: `  capibara go-live main
  capibara go-live main --confirm 7890`,
		Args: arguments(1, 1, "the name of a dataset"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.goLive(cmd.Context(), args[0], confirm) },
	}
	cmd.Flags().StringVar(&confirm, "confirm", "", "the last four digits of the dataset's id, instead of typing them")
	return cmd
}

func (a *app) goLive(ctx context.Context, name, confirm string) error {
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
		if err := a.tellGoLive(ctx, c, h, alias); err != nil {
			return err
		}
		id := string(d.ID)
		if err := a.confirmed(alias, id[len(id)-4:], confirm); err != nil {
			return err
		}
		if err := h.GoLive(ctx, id, operator()); err != nil {
			return err
		}
		a.line("Dataset %s is live. The next upload sends to it: `capibara upload`, or the schedule of `capibara run`.", alias)
		return nil
	})
}

// tellGoLive shows what somebody should see before allowing it.
func (a *app) tellGoLive(ctx context.Context, c *config, h house, alias string) error {
	log, err := a.logger(zerolog.WarnLevel)
	if err != nil {
		return err
	}
	// First what this machine knows: a ledger that rehearsed is refused before anybody is asked.
	r, err := h.DryRun(ctx)
	if err != nil {
		return err
	}
	client, err := c.client(a.now)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	said, err := probe(ctx, c, client, alias, log)
	if err != nil {
		return err
	}
	a.line("Dataset %s at %s %s.\nThe next upload would send:", alias, c.Graph.BaseURL, said)
	for _, d := range r.Datasets {
		if d.Alias == alias {
			a.printDry(d)
		}
	}
	return nil
}

// confirmed asks for the last four digits, which nobody types without a look at the id.
func (a *app) confirmed(alias, want, given string) error {
	if given == "" {
		fmt.Fprintf(a.stdout, "\nTo allow it, type the last four digits of the id of dataset %s: ", alias)
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
	return l.db.GoLive(ctx, dataset, by, l.now())
}
