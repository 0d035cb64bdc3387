package main

import (
	"bufio"
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"capibara/importer"

	"github.com/spf13/cobra"
)

func newMapCommand(a *app) *cobra.Command {
	var m mapping
	cmd := &cobra.Command{
		Use:   "map FILE",
		Short: "Say what the columns of an export mean, and write that into the configuration",
		Long: `Looks at the first records of an export, proposes what each of its columns means, and asks what no file can tell: which
event a record is, what identifies it, where it happened, its currency. Then it shows what an import would do and writes
a source into capibara.yaml, which keeps everything else as it is, its comments too; the file as it was is kept beside it
as capibara.yaml.bak. Where the configuration cannot be written, the source is printed instead.

Values are never shown, only their form: letters as a, digits as 9. What is shown in full are the values of a column that
can only hold stages, such as "Closed Won".

Without a terminal it prints the proposal. --yes takes the proposal as it is, when nothing in it is open.`,
		Example: `  capibara map deals.csv
  capibara map "report 17.csv" --preset salesforce --name deals
  capibara map meta-offline.csv --yes`,
		Args: arguments(1, 1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.mapFile(cmd.Context(), args[0], m) },
	}
	cmd.Flags().StringVar(&m.preset, "preset", "", "start from this preset: "+strings.Join(importer.PresetNames(), ", "))
	cmd.Flags().StringVar(&m.name, "name", "", "name of the new source (default: from the name of the file)")
	cmd.Flags().BoolVar(&m.yes, "yes", false, "take the proposal without asking; it must leave nothing open")
	return cmd
}

// mapping is what the command line says about the source to be made.
type mapping struct {
	preset, name string
	yes          bool
}

func (a *app) mapFile(ctx context.Context, file string, m mapping) error {
	path, err := regularFile(file)
	if err != nil {
		return err
	}
	c, err := a.load()
	if err != nil {
		return err
	}
	sight, err := importer.Look(ctx, path, "")
	if err != nil {
		return err
	}
	p, err := importer.Propose(sight, m.preset)
	if err != nil {
		return misused("leave --preset out to have it found out", "%w", err)
	}
	if err := c.freshName(p, m.name); err != nil {
		return err
	}
	if err := p.Know(c.people()); err != nil {
		return failed("", "%w", err)
	}
	switch aliases := c.aliases(); {
	case p.People(): // they yield no events
	case len(aliases) == 0:
		p.Source.Dataset.Alias = "main"
	case len(aliases) == 1:
		p.Source.Dataset.Alias = aliases[0]
	}
	a.printSight(sight, p)
	asked := !m.yes && (a.asks || isTerminal(a.stdin))
	d := &dialogue{a: a, in: bufio.NewReader(a.stdin)}
	if asked {
		if err := d.columns(p); err != nil {
			return err
		}
		if err := d.open(c, p); err != nil {
			return err
		}
		if err := d.names(c, p); err != nil {
			return err
		}
	}
	if open := openPoints(c, p); len(open) > 0 {
		return a.unfinished(file, p, open, m.yes)
	}
	if !asked && !m.yes {
		a.printSource(p)
		a.line("\nNothing was written. `capibara map %s` in a terminal asks, and `capibara map %s --yes` takes it as it is.", quotedArg(file), quotedArg(file))
		return nil
	}
	if err := a.lookAgain(ctx, c, p, path); err != nil {
		return err
	}
	if asked {
		write, err := d.yes(fmt.Sprintf("Write this source into %s?", configName))
		if err != nil {
			return err
		}
		if !write {
			a.printSource(p)
			a.line("\nNothing was written.")
			return nil
		}
	}
	return a.writeSource(c, p, filepath.Base(path))
}

// freshName gives the source a name that no other has.
func (c *config) freshName(p *importer.Proposal, asked string) error {
	if asked != "" {
		p.Source.Name = asked
	}
	base := p.Source.Name
	for n := 2; c.hasSource(p.Source.Name); n++ {
		if asked != "" {
			return misused("choose another name", "there is a source named %q already", asked)
		}
		p.Source.Name = fmt.Sprintf("%s-%d", base, n)
	}
	return nil
}

func (c *config) hasSource(name string) bool {
	for _, s := range c.Sources {
		if s.Name == name {
			return true
		}
	}
	return false
}

// lookAgain shows what an import with the new source would do.
func (a *app) lookAgain(ctx context.Context, c *config, p *importer.Proposal, path string) error {
	s := p.Source
	compiled, err := s.Compile(c.lookDefaults())
	if err != nil {
		return failed("", "%w", err)
	}
	v, err := importer.MakePreview(ctx, importer.PreviewInput{Path: path, Mapping: compiled, Now: a.now()})
	if err != nil {
		return err
	}
	a.line("\nWhat an import would do:")
	a.printPreview(newPreview(v, reader{path: path, source: s.Name, sentence: "read with the new source " + s.Name}))
	if v.Refusal != "" {
		a.line("  The file would be refused: %s %s", v.Refusal, v.Hint)
	}
	a.line("")
	return nil
}

// unfinished tells what is open, for somebody who was not asked.
func (a *app) unfinished(file string, p *importer.Proposal, open []string, yes bool) error {
	a.printSource(p)
	a.line("\nThe file does not tell, and you have to say:")
	for _, o := range open {
		a.line("  %s", o)
	}
	if !yes {
		a.line("\nNothing was written. `capibara map %s` in a terminal asks.", quotedArg(file))
		return nil
	}
	return failed(fmt.Sprintf("`capibara map %s` in a terminal asks; or add the keys to the printed source and put it into %s yourself", quotedArg(file), configName),
		"the proposal leaves %s open, so nothing was written", counted(len(open), "thing", "things"))
}
