package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
)

// app is what every command works with: the streams, the clock and the flags that hold everywhere.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time

	homeFlag, configFlag string
	logLevel             string
	output               string
	asks                 bool // a test answers questions, without a terminal

	noted map[string]bool // notes that were written
}

// newRootCommand returns the whole command line.
func newRootCommand(a *app) *cobra.Command {
	if _, ok := a.stdout.(*printout); !ok {
		a.stdout = &printout{w: a.stdout}
	}
	root := &cobra.Command{
		Use:   "capibara",
		Short: "Upload offline conversions to Meta's Conversions API",
		Long: `Capibara uploads offline conversions to Meta's Conversions API: what your CRM or your tills export (a
workbook, CSV or JSON) becomes events in an embedded ledger, and every event is sent once.

Start in an empty folder with "capibara init".`,
		Example: `  capibara demo                       see the whole job done, without account or server
  capibara init                       make folders, database and a commented capibara.yaml
  capibara map deals.csv              say what the columns of an export mean
  capibara preview deals.csv          what an import would do
  capibara import deals.csv           what becomes of every record, with reasons
  capibara upload --dry-run           what would be sent
  capibara run                        watch inbox/ and upload on schedule`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
		RunE:          func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) },
	}
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagError)
	flags := root.PersistentFlags()
	flags.StringVar(&a.homeFlag, "home", "", "folder with inbox, archive, rejected, receipts and data (default: the configuration's folder; env CAPIBARA_HOME)")
	flags.StringVar(&a.configFlag, "config", "", "configuration (default: capibara.yaml in the home; env CAPIBARA_CONFIG)")
	flags.StringVar(&a.logLevel, "log-level", "", "debug, info, warn or error (default: info for run, else warn)")
	for _, g := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"try", "To try it:", []*cobra.Command{newDemoCommand(a), newSampleCommand(a), newSandboxCommand(a)}},
		{"set up", "To set it up, once:", []*cobra.Command{newInitCommand(a), newTokenCommand(a), newMapCommand(a), newPreviewCommand(a),
			newCheckCommand(a), newGoLiveCommand(a), newConfigCommand(a), newMoveCommand(a)}},
		{"work", "Every day:", []*cobra.Command{newRunCommand(a), newImportCommand(a), newUploadCommand(a), newStatusCommand(a)}},
		{"ask", "To find out what happened:", []*cobra.Command{newHistoryCommand(a), newShowCommand(a), newReportCommand(a), newExplainCommand(a),
			newVerifyCommand(a), newEvidenceCommand(a)}},
		{"decide", "When something waits for you:", []*cobra.Command{newAllowCommand(a), newWithdrawCommand(a), newRequeueCommand(a),
			newResolveCommand(a), newAdoptCommand(a)}},
		{"privacy", "When a person asks:", []*cobra.Command{newSubjectCommand(a), newEraseCommand(a)}},
		{"keep", "To keep the database:", []*cobra.Command{newBackupCommand(a), newRestoreCommand(a), newCompactCommand(a)}},
	} {
		root.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, cmd := range g.commands {
			cmd.GroupID = g.id
			root.AddCommand(cmd)
		}
	}
	root.AddCommand(newVersionCommand(a))
	root.SetHelpCommand(newHelpCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Args, completion.RunE = cobra.ArbitraryArgs, unknownCommand
	}
	a.answering(root)
	return root
}

// newHelpCommand is cobra's own, but for a command that there is not: that is a wrong command line.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Help about any command",
		Example: "  capibara help history events",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return unknownCommand(about, rest)
			}
			return about.Help()
		},
	}
}

// unknownCommand answers a command with subcommands that was called without one it has.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	hint := fmt.Sprintf("`%s --help` lists the commands", cmd.CommandPath())
	var known []string
	for _, sub := range cmd.Commands() {
		known = append(known, sub.Name())
	}
	if near := nearest(args[0], known); near != "" {
		hint = fmt.Sprintf("did you mean `%s %s`? %s", cmd.CommandPath(), near, hint)
	}
	return misused(hint, "%s has no command %q", cmd.CommandPath(), args[0])
}

// flagError makes a wrong flag a usage error that names the nearest flag.
func flagError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("`%s --help` lists the flags", cmd.CommandPath())
	if name, ok := strings.CutPrefix(err.Error(), "unknown flag: --"); ok {
		var known []string
		for _, set := range []interface{ FlagUsages() string }{cmd.Flags(), cmd.InheritedFlags()} {
			for _, word := range strings.Fields(set.FlagUsages()) {
				if flag, ok := strings.CutPrefix(word, "--"); ok {
					known = append(known, flag)
				}
			}
		}
		if near := nearest(name, known); near != "" {
			hint = fmt.Sprintf("did you mean --%s? %s", near, hint)
		}
	}
	return misused(hint, "%w", err)
}

// note tells something beside what was asked for, once: a command that waits tries the same thing again and again.
func (a *app) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if a.noted[text] {
		return
	}
	if a.noted == nil {
		a.noted = map[string]bool{}
	}
	a.noted[text] = true
	fmt.Fprintf(a.stderr, "note: %s\n", text)
}

// arguments makes a wrong number of arguments a usage error. want says in words what is expected, such as "a dataset".
func arguments(least, most int, want string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) >= least && (most < 0 || len(args) <= most) {
			return nil
		}
		return misused(fmt.Sprintf("`%s --help` shows an example", cmd.CommandPath()),
			"`%s` takes %s; it got %s", cmd.CommandPath(), want, counted(len(args), "argument", "arguments"))
	}
}

// logger returns the root logger: for people on a terminal, JSON elsewhere. usual is the level without --log-level.
func (a *app) logger(usual zerolog.Level) (zerolog.Logger, error) {
	level := usual
	if a.logLevel != "" {
		var err error
		level, err = zerolog.ParseLevel(strings.ToLower(a.logLevel))
		if err != nil || level < zerolog.DebugLevel || level > zerolog.ErrorLevel {
			return zerolog.Nop(), misused("use debug, info, warn or error", "--log-level %q is no level", a.logLevel)
		}
	}
	w := a.stderr
	if isTerminal(w) {
		w = zerolog.ConsoleWriter{Out: w, TimeFormat: "15:04:05"}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger(), nil
}

// counted is "1 event" or "12 events".
func counted[N int | int64 | uint64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// grouped is a number with its thousands set apart, as in 1,234,567.
func grouped[N int | int64 | uint64](n N) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// isTerminal reports whether a stream is a terminal that a person looks at.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && terminalFile(f)
}

// closing adds the error of closing something to the error of what was done with it.
func closing(err *error, c io.Closer, what string) {
	if cerr := c.Close(); cerr != nil {
		*err = errors.Join(*err, fmt.Errorf("closing %s: %w", what, cerr))
	}
}
