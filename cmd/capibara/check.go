package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"capibara/uploader/capi"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
)

func newCheckCommand(a *app) *cobra.Command {
	var database bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Ask Meta whether token and dataset work; verify the database with --database",
		Long: `Asks Meta, for every dataset of the configuration, whether the access token works and reaches the dataset. The
question is a request without an event, which Meta refuses in a telling way; nothing is stored there.

With --database it reads the whole database instead and verifies that it agrees with itself: checksums, indexes, sums
and the chain of the audit log.`,
		Example: `  capibara check
  capibara check --database`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if database {
				return a.checkDatabase(cmd.Context())
			}
			return a.checkDatasets(cmd.Context())
		},
	}
	cmd.Flags().BoolVar(&database, "database", false, "verify the database instead")
	return cmd
}

func (a *app) checkDatasets(ctx context.Context) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	log, err := a.logger(zerolog.WarnLevel)
	if err != nil {
		return err
	}
	if len(c.Datasets) == 0 {
		return c.noDatasets()
	}
	client, err := c.client(a.now)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	if ends := c.versionEnds(a.now()); ends != "" {
		a.line("%s", ends)
	}
	var worst error
	for _, alias := range c.aliases() {
		said, err := probe(ctx, c, client, alias, log)
		if err != nil {
			said = "FAILED: " + err.Error()
			if worst == nil || worse(exitCode(worst), exitCode(err)) != exitCode(worst) {
				worst = err
			}
		}
		a.line("%-12s  %s", alias, said)
	}
	if worst != nil {
		return &failure{code: exitCode(worst), hint: hintOf(worst), err: errors.New("not every dataset can be sent to")}
	}
	return nil
}

// probe asks whether a dataset can be sent to, without sending an event.
func probe(ctx context.Context, c *config, client *capi.Client, alias string, log zerolog.Logger) (string, error) {
	if err := c.usable(alias); err != nil {
		return "", err
	}
	d := c.Datasets[alias]
	token, err := tokenSource(alias, d, log)()
	if err != nil {
		return "", err
	}
	p := client.Probe(ctx, string(d.ID), token)
	if !p.OK {
		return "", refusedProbe(alias, p.Outcome)
	}
	return fmt.Sprintf("works: %s reaches dataset %s", token, string(d.ID)), nil
}

// refusedProbe says why a dataset cannot be sent to.
func refusedProbe(alias string, o capi.Outcome) error {
	why, known := capi.Explain(o.Err.Code, o.Err.Subcode)
	hint := ""
	if known {
		hint = why.Person
	}
	switch o.Err.Class {
	case capi.ClassCredentials, capi.ClassPermission:
		return unauthorized(cmp.Or(hint, "generate a new access token for dataset "+alias+" in Events Manager"), "%w", o.Err)
	case capi.ClassTransient, capi.ClassThrottle:
		return failed(cmp.Or(hint, "try again in a while; nothing was sent"), "%w", o.Err)
	}
	return failed(hint, "%w", o.Err)
}

func (a *app) checkDatabase(ctx context.Context) error {
	return a.visit(ctx, "check", toRead, func(c *config, h house) error {
		problems, err := h.CheckDatabase(ctx)
		if err != nil {
			return err
		}
		for _, p := range problems {
			a.line("%s", p)
		}
		if len(problems) > 0 {
			return failed("stop capibara, keep a copy of "+c.Folders.Data+", and report what is listed above",
				"the database does not agree with itself in %s", counted(len(problems), "place", "places"))
		}
		a.line("The database agrees with itself.")
		return nil
	})
}
