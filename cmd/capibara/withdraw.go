package main

import "github.com/spf13/cobra"

func newWithdrawCommand(a *app) *cobra.Command {
	v := verdict{What: decideWithdraw}
	var yes, dry bool
	cmd := &cobra.Command{
		Use:   "withdraw",
		Short: "Take events back before they are sent",
		Long: `Takes events back that wait to be sent: those of a wrong export, of a source whose mapping is wrong, or of one order. It
shows how many there are and what they are worth, says what can no longer be taken back because it was sent, and asks.

What was withdrawn is kept and never sent. When the export is imported again, a record that says something else than the
withdrawn event is accepted as a correction; one that says the same brings nothing back. "capibara requeue" does. Who
withdrew it, when and why is kept in the audit log.`,
		Example: `  capibara withdraw --file deals.csv --note "wrong currency"
  capibara withdraw --source tills --dataset main --dry-run
  capibara withdraw --record-key 4711 --yes`,
		Args: arguments(0, 0, "no arguments: name the events with flags"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.decide(cmd.Context(), v, yes, dry) },
	}
	v.selection.flags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&v.Note, "note", "", "why, in your own words; kept in the audit log, so name no person in it")
	flags.BoolVar(&yes, "yes", false, "do not ask")
	flags.BoolVar(&dry, "dry-run", false, "show what would be withdrawn, and change nothing")
	addOutput(a, cmd, asTable, asJSON, asJSONL)
	return cmd
}
