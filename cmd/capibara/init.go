package main

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"capibara/store"
	"capibara/store/bolt"
	"capibara/uploader/capi"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
)

//go:embed initial.yaml
var initialConfig string

func newInitCommand(a *app) *cobra.Command {
	var anew bool
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make what is missing: folders, database, a commented capibara.yaml",
		Long: `Makes the folders, an empty database and, when there is none, a capibara.yaml in which every key is explained.
What exists already is left as it is, so that it may be run again at any time. Nothing else makes a database: when it
is missing, that is an error and never a fresh start.

A home that had a database and lost it needs the copy of its data folder back. A new database would not know what was
sent, and the next upload would send it again. --new-ledger makes one all the same, when that is what you want.`,
		Example: `  mkdir conversions && cd conversions && capibara init
  capibara init --home /srv/conversions`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.initialize(cmd.Context(), anew) },
	}
	cmd.Flags().BoolVar(&anew, "new-ledger", false, "make a database although this home had one, which knew what was sent")
	return cmd
}

func (a *app) initialize(ctx context.Context, anew bool) error {
	path, home, err := a.locate()
	if err != nil {
		return err
	}
	folder := cmp.Or(home, filepath.Dir(path))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return failed("", "making the home: %w", err)
	}
	var made []string
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := writeNew(path, firstConfig()); err != nil {
			return failed("", "writing the configuration: %w", err)
		}
		made = append(made, path)
	}
	c, err := a.loadFrom(path, home)
	if err != nil {
		return err
	}
	remark, err := c.steadyData()
	if err != nil {
		return err
	}
	if remark != "" {
		fmt.Fprintln(a.stderr, "note: "+remark)
	}
	there, err := c.ledgerThere()
	if err != nil {
		return err
	}
	if !there {
		if m, err := readMoveMark(c.Home); err != nil {
			return err
		} else if m != nil {
			return failed(m.doubt().fix, "no database was made: %s", m.doubt().why)
		}
	}
	if trace := c.trace(); !there && !anew && trace != "" {
		return c.lostError(trace, "restore the copy of "+c.Folders.Data+"; if there is none and that is all right, run `capibara init --new-ledger`")
	}
	more, err := c.furnish()
	if err != nil {
		return err
	}
	made = append(made, more...)
	if !there {
		if err := a.makeLedger(ctx, c); err != nil {
			return err
		}
		made = append(made, c.database())
	} else {
		if anew {
			fmt.Fprintln(a.stderr, "note: there is a database already, so --new-ledger changes nothing")
		}
		if err := a.witnessLedger(ctx, c); err != nil {
			return err
		}
	}
	a.tellInit(c, made)
	return nil
}

// witnessLedger leaves a witness of a database that never had one: the init that made it may have gone no further. Whoever has
// the database open does so as well.
func (a *app) witnessLedger(ctx context.Context, c *config) error {
	if _, err := os.Lstat(c.witnessPath()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	l, err := a.openLocal(ctx, c, "init", toAct, zerolog.Nop())
	if errors.Is(err, store.ErrLocked) {
		return nil
	}
	if err != nil {
		return err
	}
	return l.Close()
}

func (a *app) makeLedger(ctx context.Context, c *config) (err error) {
	db, err := bolt.Create(c.database(), bolt.Options{Now: a.now()})
	if err != nil {
		return failed("", "making the database: %w", err)
	}
	defer closing(&err, db, "the new database")
	// The witness of a ledger that this home had is of no use any more: only --new-ledger comes here with one.
	t := &testimony{config: c, db: db, now: a.now, file: fileIdentity(c.database())}
	if err := t.settle(ctx); err != nil {
		return failed("", "keeping word that there is a database: %w", err)
	}
	return nil
}

// furnish makes the folders that are missing. Those that hold personal data are for the owner alone; receipts hold none.
func (c *config) furnish() ([]string, error) {
	var made []string
	for _, f := range []struct {
		path string
		mode os.FileMode
	}{{c.Folders.Inbox, 0o755}, {c.Folders.Archive, 0o700}, {c.Folders.Data, 0o700}} {
		switch info, err := os.Stat(f.path); {
		case errors.Is(err, fs.ErrNotExist):
			if err := os.MkdirAll(f.path, f.mode); err != nil {
				return made, failed("", "making a folder: %w", err)
			}
			made = append(made, f.path+string(filepath.Separator))
		case err != nil:
			return made, failed("", "looking at a folder: %w", err)
		case !info.IsDir():
			return made, failed("move it away, or name another folder under folders: in the configuration", "%s is not a folder", f.path)
		}
	}
	switch here, err := c.furnishRejected(); {
	case err != nil:
		return made, err
	case here:
		made = append(made, c.Folders.Rejected+string(filepath.Separator))
	}
	switch here, err := c.furnishReceipts(); {
	case err != nil:
		return made, err
	case here:
		made = append(made, c.Folders.Receipts+string(filepath.Separator))
	}
	return made, nil
}

func (a *app) tellInit(c *config, made []string) {
	if len(made) == 0 {
		a.line("Everything is there already in %s; nothing was changed.", c.Home)
	} else {
		a.line("Made in %s:", c.Home)
		for _, path := range made {
			a.line("  %s", c.relative(path))
		}
	}
	var steps []string
	for _, alias := range c.aliases() {
		d := c.Datasets[alias]
		if d.ID == "" {
			steps = append(steps, fmt.Sprintf("Write the id of dataset %s into %s.", alias, c.relative(c.path)))
		}
		_, err := os.Stat(d.AccessTokenFile)
		switch {
		case os.Getenv(tokenVariable(alias)) != "" || err == nil:
		case d.AccessTokenFile == "":
			steps = append(steps, fmt.Sprintf("Set %s to the access token of dataset %s, or name an access_token_file for it in %s.",
				tokenVariable(alias), alias, c.relative(c.path)))
		default:
			steps = append(steps, fmt.Sprintf("Put the access token of dataset %s into %s with `capibara token set %s`, or set %s.", alias,
				c.relative(d.AccessTokenFile), alias, tokenVariable(alias)))
		}
	}
	if slices.Contains(made, c.path) {
		steps = append(steps,
			fmt.Sprintf("Run `capibara map FILE` with an export of yours: it asks what the columns mean and writes that into %s; `capibara sample` writes some to try.", c.relative(c.path)))
	}
	if len(made) > 0 {
		steps = append(steps, "Run `capibara import FILE`, then `capibara upload --dry-run`.")
	}
	if len(steps) > 0 {
		a.line("\nNext:")
	}
	for i, s := range steps {
		a.line("  %d. %s", i+1, s)
	}
}

// firstConfig is the configuration of a new home.
func firstConfig() []byte {
	return []byte(strings.NewReplacer("TIMEZONE", machineZone(), "GRAPHVERSION", capi.DefaultVersion).Replace(initialConfig))
}
