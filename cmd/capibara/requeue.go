package main

import "github.com/spf13/cobra"

func newRequeueCommand(a *app) *cobra.Command {
	v := verdict{What: decideRequeue}
	var yes, dry bool
	cmd := &cobra.Command{
		Use:   "requeue",
		Short: "Let events wait to be sent again",
		Long: `Lets events wait to be sent again that Meta refused, that became too old, or that were withdrawn. Use it when the cause is
mended: a permission that was missing, a window that was too short, a withdrawal that was a mistake.

Every event gets the window that its source has now in the configuration. What is still too old stays as it is, and so
does what may have arrived at Meta: it would count twice. Who requeued it, when and why is kept in the audit log.`,
		Example: `  capibara requeue --source deals --state rejected --reason rejected_by_meta_2804003
  capibara requeue --file 12 --state expired --dry-run
  capibara requeue --event-id cb-0123456789abcdef0123456789abcdef`,
		Args: arguments(0, 0, "no arguments: name the events with flags"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.decide(cmd.Context(), v, yes, dry) },
	}
	v.selection.flags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&v.State, "state", "", "of them, those that are rejected, expired or withdrawn; needed unless --event-id names one")
	flags.StringVar(&v.Reason, "reason", "", "of them, those with this `reason`, as capibara history events shows it")
	flags.StringVar(&v.Note, "note", "", "why, in your own words; kept in the audit log, so name no person in it")
	flags.BoolVar(&yes, "yes", false, "do not ask")
	flags.BoolVar(&dry, "dry-run", false, "show what would be requeued, and change nothing")
	addOutput(a, cmd, asTable, asJSON, asJSONL)
	return cmd
}
