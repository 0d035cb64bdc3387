package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"capibara/store/bolt"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
)

func newCompactCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "compact",
		Short: "Write the database anew without the space that is free in it",
		Long: `Writes all that is in the database into a new file, verifies that, and puts it in the place of the old one. Nothing is
taken out but pages that hold nothing any more. It needs as much room on the disk as the database holds, and runs while
nothing else does. Cut off at any moment there is one whole database: the old or the new one.`,
		Example: `  capibara compact
  capibara compact --output json`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.compact(cmd.Context()) },
	}
	addOutput(a, cmd, asTable, asJSON)
	return cmd
}

// compacting is one compaction, in steps of which each is on disk before the next begins.
type compacting struct {
	*local
	temporary string
	fresh     *bolt.DB // the new file; nil until it is verified
	swapped   bool     // it is the database
	report    compactReport
}

// compactReport is what came of it, in the shape that --output json prints.
type compactReport struct {
	Before int64 `json:"before"` // bytes
	After  int64 `json:"after"`
}

// compactedTemporary is the name of the new file until it is the database.
const compactedTemporary = "capibara.db.compacting"

func (a *app) compact(ctx context.Context) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	log, err := a.logger(zerolog.WarnLevel)
	if err != nil {
		return err
	}
	if err := a.unserved(ctx, c); err != nil {
		return err
	}
	l, err := a.openLocal(ctx, c, "compact", toAct, log)
	if err != nil {
		return err
	}
	m := &compacting{local: l, temporary: filepath.Join(c.Folders.Data, compactedTemporary)}
	if err := m.run(ctx); err != nil {
		if m.swapped {
			return err
		}
		return failed(compactHint(err), "compacting the database: %w; nothing was changed", err)
	}
	if a.output == asJSON {
		return writeJSON(a.stdout, m.report)
	}
	if m.report.After >= m.report.Before {
		a.line("The database %s is written anew. It had hardly any free space: it has %s bytes, room to grow included.", c.database(), grouped(m.report.After))
		return nil
	}
	a.line("The database %s had %s bytes, and has %s now.", c.database(), grouped(m.report.Before), grouped(m.report.After))
	return nil
}

func compactHint(err error) string {
	if diskHint(err) != "" {
		return "make room on the disk for a second database, then run the same command again"
	}
	return hintOf(err)
}

// steps are the steps of the compaction. Up to swap the old file is the database.
func (m *compacting) steps() []func(context.Context) error {
	return []func(context.Context) error{m.write, m.verify, m.announce, m.swap}
}

// run makes every step and closes what is open. When one fails, nothing is left of those before it.
func (m *compacting) run(ctx context.Context) (err error) {
	if d := m.testimony.inDoubt(); d != nil {
		return errors.Join(failed(d.fix, "it is in doubt whether this is the ledger: %s", d.why), m.Close())
	}
	for _, step := range m.steps() {
		if err = ctx.Err(); err != nil {
			err = context.Cause(ctx)
			break
		}
		if err = step(ctx); err != nil {
			break
		}
	}
	if m.swapped {
		return errors.Join(err, m.erased.settled(m.config), m.close(ctx))
	}
	if m.fresh != nil {
		err = errors.Join(err, m.fresh.Close())
	}
	if rerr := os.Remove(m.temporary); !errors.Is(rerr, fs.ErrNotExist) {
		err = errors.Join(err, rerr)
	}
	m.testimony.expect("")
	return errors.Join(err, m.Close())
}

// close ends a compaction whose file is the database: from here on the witness is of the new one.
func (m *compacting) close(ctx context.Context) error {
	old := m.db
	if m.fresh == nil { // it could not be opened under its name: the next command settles the witness
		return errors.Join(old.Close(), clearHolder(m.config))
	}
	m.db, m.testimony = m.fresh, &testimony{config: m.config, db: m.fresh, log: m.log, now: m.now, file: fileIdentity(m.config.database())}
	err := m.testimony.settle(context.WithoutCancel(ctx))
	if err != nil {
		err = failed("make the home writable; the next command settles it", "the database is compacted, and %s could not be written: %w", m.config.witnessPath(), err)
	}
	return errors.Join(err, old.Close(), m.Close())
}

// write makes the new file.
func (m *compacting) write(ctx context.Context) error {
	if err := os.Remove(m.temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	info, err := os.Stat(m.config.database())
	if err != nil {
		return err
	}
	m.report.Before = info.Size()
	return m.db.CompactTo(ctx, m.temporary)
}

// verify reads everything that is in the new file.
func (m *compacting) verify(ctx context.Context) error {
	want, err := m.db.Head(ctx)
	if err != nil {
		return err
	}
	if m.fresh, err = bolt.Open(m.temporary, bolt.Options{}); err != nil {
		return err
	}
	if got, err := m.fresh.Head(ctx); err != nil || got != want {
		return errors.Join(errors.New("the new file does not end where the database does"), err)
	}
	problems := 0
	if err := m.fresh.Check(ctx, func(string) { problems++ }); err != nil {
		return err
	}
	if problems > 0 {
		return failed("run `capibara check --database`, which tells them; compacting would not mend them",
			"the database does not agree with itself in %s", counted(problems, "place", "places"))
	}
	if err := m.fresh.Note(ctx, "compacted", fmt.Sprintf("by %s: a file of %d bytes was written anew without free pages", operator(), m.report.Before), m.now()); err != nil {
		return err
	}
	info, err := os.Stat(m.temporary)
	if err != nil {
		return err
	}
	m.report.After = info.Size()
	return nil
}

// announce lets the witness take the new file for the ledger as well: it has to be right whichever file a loss of power leaves.
func (m *compacting) announce(ctx context.Context) error {
	return m.testimony.announce(ctx, fileIdentity(m.temporary))
}

// swap gives the new file the name of the database.
func (m *compacting) swap(context.Context) error {
	// Both stay locked, so that nobody works on the old one in between; Windows renames no open file.
	reopen := runtime.GOOS == "windows"
	if reopen {
		if err := errors.Join(m.fresh.Close(), m.db.Close()); err != nil {
			return err
		}
	}
	if err := os.Rename(m.temporary, m.config.database()); err != nil {
		return err
	}
	m.swapped = true
	if reopen {
		var err error
		if m.fresh, err = bolt.Open(m.config.database(), bolt.Options{}); err != nil {
			return err
		}
	}
	return syncFolder(m.config.Folders.Data)
}
