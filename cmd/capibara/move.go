package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"capibara/store"
	"capibara/store/bolt"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
)

func newMoveCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "move FOLDER",
		Short: "Move this home to another folder, so that only the new one sends",
		Long: `Copies configuration, inbox, archive, rejected and receipts into FOLDER, which must be empty or not exist, then the
database. The old database is retired before the new one gets its name: from then on it answers questions and does
nothing else. At no moment do two ledgers send. When the move is cut off, run it again: it goes on where it stopped.

Access tokens are not copied; "capibara token set" puts them in place again. Folders outside of the home, and those
that the configuration names by an absolute path, stay where they are and are named. The old home is left as it is:
delete it when the new one works.`,
		Example: `  capibara move /srv/conversions
  capibara move "D:\conversions" --home "C:\conversions"`,
		Args: arguments(1, 1, "the folder to move to"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.move(cmd.Context(), args[0]) },
	}
}

// move is one move of a home, in steps that may each be made again.
type move struct {
	*local
	to      string // the new home
	by, id  string
	folders []string // that are copied, relative to the home
	remarks []string // what a person has to know afterwards
	files   int      // that were copied
}

// temporaryDatabase is the name of the copy until the old database is retired.
const temporaryDatabase = "capibara.db.moving"

func (a *app) move(ctx context.Context, to string) (err error) {
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
	l, err := a.openLedger(ctx, c, "move", toAct, log)
	if err != nil {
		return err
	}
	defer closing(&err, l, "the database")
	m, err := newMove(ctx, l, to)
	if err != nil {
		return err
	}
	for _, step := range m.steps() {
		if err := ctx.Err(); err != nil {
			return failed("nothing is lost: run the same command again and it goes on where it stopped", "moving the home: %w", context.Cause(ctx))
		}
		if err := step(ctx); err != nil {
			return failed(moveHint(err), "moving the home to %s: %w", m.to, err)
		}
	}
	a.tellMove(m)
	return nil
}

// moveHint is the way out of a move that failed.
func moveHint(err error) string {
	if hint := hintOf(err); hint != "" {
		return hint
	}
	return "when that is mended run the same command again: it goes on where it stopped"
}

// newMove looks whether a home can be moved, before anything is changed.
func newMove(ctx context.Context, l *local, to string) (*move, error) {
	c := l.config
	to, err := filepath.Abs(to)
	if err != nil {
		return nil, fmt.Errorf("finding the folder to move to: %w", err)
	}
	m := &move{local: l, to: to, by: operator()}
	if m.id, err = l.db.ID(ctx); err != nil {
		return nil, err
	}
	if inside(c.Home, to) {
		return nil, failed("name a folder outside of the home", "%s lies inside of %s, which is to be moved; nothing was changed", to, c.Home)
	}
	if d := l.testimony.inDoubt(); d != nil && d.kind != doubtRetired {
		return nil, failed(d.fix, "nothing was moved: %s", d.why)
	}
	return m, m.plan()
}

// inside reports whether a path is a folder or below it, by whatever way both are named.
func inside(folder, path string) bool {
	for path = real(path); ; path = filepath.Dir(path) {
		if path == real(folder) {
			return true
		}
		if filepath.Dir(path) == path {
			return false
		}
	}
}

// real is a path without links, as far as it is there.
func real(path string) string {
	if found, err := filepath.EvalSymlinks(path); err == nil {
		return found
	}
	if above := filepath.Dir(path); above != path {
		return filepath.Join(real(above), filepath.Base(path))
	}
	return path
}

// plan finds out what is copied and what stays: a path that the configuration names in full means the same in the new home,
// one that leaves the home does not.
func (m *move) plan() error {
	c := m.config
	written := defaults()
	if c.path != "" {
		text, err := os.ReadFile(c.path)
		if err == nil {
			written, err = parseConfig(text)
		}
		if err != nil {
			return failed("", "reading the configuration again: %w", err)
		}
	}
	if copied := m.configuration() != ""; copied && from(c.Home, written.Home) != c.Home || copied && filepath.IsAbs(written.Home) {
		return failed("write `home: .` into the configuration, or take the key out",
			"%s says home: %s, and would mean the old home in the new one too; nothing was changed", c.path, written.Home)
	}
	for _, f := range []struct{ key, written, path string }{
		{"data", written.Folders.Data, c.Folders.Data}, {"inbox", written.Folders.Inbox, c.Folders.Inbox},
		{"archive", written.Folders.Archive, c.Folders.Archive}, {"rejected", written.Folders.Rejected, c.Folders.Rejected},
		{"receipts", written.Folders.Receipts, c.Folders.Receipts},
	} {
		relative, err := filepath.Rel(c.Home, f.path)
		outside, full := err != nil || !filepath.IsLocal(relative), filepath.IsAbs(f.written) || strings.HasPrefix(f.written, "~")
		switch {
		case (outside || full) && f.key == "data":
			return failed("stop capibara, move the database by hand and change folders.data; then run `capibara adopt`",
				"folders.data is %s, which is outside of the home or named in full: the database would stay where it is; nothing was changed", f.written)
		case relative == "." && f.key != "data":
			return failed("name a folder of its own for it", "folders.%s is the home itself, which holds what must not be copied; nothing was changed", f.key)
		case full:
			m.remarks = append(m.remarks, fmt.Sprintf("folders.%s is %s, named in full: it stays there, and the new home uses it. Change the key if it is to move.", f.key, f.written))
		case outside:
			m.remarks = append(m.remarks, fmt.Sprintf("folders.%s is %s, which counts from the home and leaves it: it was not copied, and is another folder now. Change the key if need be.", f.key, f.written))
		case f.key != "data":
			m.folders = append(m.folders, relative)
		}
	}
	return nil
}

// configuration is the path of the configuration in the home; "" when it lies elsewhere or there is none.
func (m *move) configuration() string {
	if m.config.path == "" || filepath.Dir(m.config.path) != m.config.Home {
		return ""
	}
	return m.config.path
}

// dataFolder is where the database goes.
func (m *move) dataFolder() string {
	relative, err := filepath.Rel(m.config.Home, m.config.Folders.Data)
	if err != nil {
		relative = "data"
	}
	return filepath.Join(m.to, relative)
}

// steps are the steps of the move. Each is on disk before the next begins. Up to retire the old ledger is the one, and from
// name on the new one; between them nobody sends.
func (m *move) steps() []func(context.Context) error {
	return []func(context.Context) error{m.mark, m.copyFolders, m.copyDatabase, m.retire, m.name, m.finish}
}

// retiredHere reports whether the old ledger is retired already, by a move to the same folder that was cut off.
func (m *move) retiredHere(ctx context.Context) (bool, error) {
	r, err := m.db.Retired(ctx)
	if err != nil || r.To == "" {
		return false, err
	}
	if r.To != m.to {
		d := m.config.retiredDoubt(r)
		return false, failed(d.fix, "%s", d.why)
	}
	return true, nil
}

// mark makes the new home and marks it as being moved to.
func (m *move) mark(ctx context.Context) error {
	if done, err := m.retiredHere(ctx); done || err != nil {
		return err
	}
	found, err := readMoveMark(m.to)
	if err != nil {
		return err
	}
	there, err := os.ReadDir(m.to)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// A move that was killed while it wrote its mark leaves a part of it.
	there = slices.DeleteFunc(there, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), filepath.Base(moveMarkPath(m.to))) })
	switch {
	case found != nil && found.Database != "" && found.Database != m.id:
		return failed("name another folder", "the ledger of %s is being moved there", found.From)
	case found == nil && len(there) > 0:
		return failed("name a folder that is empty, or does not exist yet", "the folder is not empty; nothing was changed")
	}
	if err := os.MkdirAll(m.to, 0o755); err != nil {
		return err
	}
	if err := syncFolder(filepath.Dir(m.to)); err != nil {
		return err
	}
	return moveMark{Database: m.id, From: m.config.Home, To: m.to, By: m.by, At: m.now().UTC()}.write()
}

// copyDatabase makes the copy under a temporary name, verified, with its witness.
func (m *move) copyDatabase(ctx context.Context) (err error) {
	if done, err := m.retiredHere(ctx); done || err != nil {
		return err
	}
	path := filepath.Join(m.dataFolder(), temporaryDatabase)
	if err := os.MkdirAll(m.dataFolder(), 0o700); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := m.copyPageTokens(); err != nil {
		return err
	}
	if err := m.db.CopyTo(ctx, path); err != nil {
		return err
	}
	want, err := m.db.Head(ctx)
	if err != nil {
		return err
	}
	fresh, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return fmt.Errorf("opening the copy: %w", err)
	}
	defer closing(&err, fresh, "the copy")
	if got, err := fresh.Head(ctx); err != nil || got != want {
		return errors.Join(errors.New("the copy is not what the database is"), err)
	}
	if err := fresh.Arrive(ctx, m.config.Home, m.by, m.now()); err != nil {
		return err
	}
	c := *m.config
	c.Home, c.Folders.Data = m.to, m.dataFolder()
	t := &testimony{config: &c, db: fresh, now: m.now, file: fileIdentity(path)}
	if err := t.settle(ctx); err != nil {
		return err
	}
	return syncFolder(m.dataFolder())
}

// copyPageTokens takes the tokens of the page along, which are hashes: without them everybody on the new machine could look.
func (m *move) copyPageTokens() error {
	from := pageTokensPath(m.config)
	to := filepath.Join(m.dataFolder(), filepath.Base(from))
	err := copyOne(from, to)
	if errors.Is(err, fs.ErrNotExist) { // and none that a move before copied
		if err = os.Remove(to); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	return err
}

// retire ends the work of the old ledger.
func (m *move) retire(ctx context.Context) error {
	if done, err := m.retiredHere(ctx); done || err != nil {
		return err
	}
	return m.db.Retire(ctx, m.to, m.by, m.now())
}

// name gives the new database its name.
func (m *move) name(ctx context.Context) error {
	path := filepath.Join(m.dataFolder(), filepath.Base(m.config.database()))
	temporary := filepath.Join(m.dataFolder(), temporaryDatabase)
	_, err := os.Lstat(path)
	if err == nil { // by a move that was cut off afterwards
		return m.arrived(ctx, path)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Lstat(temporary); errors.Is(err, fs.ErrNotExist) {
		return failed("put what was there back; if it is lost, run `capibara adopt --hold` here, which puts this ledger to work again",
			"the copy of the database that was made there is not there any more")
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncFolder(m.dataFolder())
}

// arrived makes sure that a database is this ledger.
func (m *move) arrived(ctx context.Context, path string) (err error) {
	db, err := bolt.Open(path, bolt.Options{ReadOnly: true})
	if errors.Is(err, store.ErrLocked) {
		return nil // it is at work there already
	}
	if err != nil {
		return err
	}
	defer closing(&err, db, path)
	if id, err := db.ID(ctx); err != nil || id != m.id {
		return errors.Join(failed("put this home's database back there; if it is lost, move that one away and run `capibara adopt --hold` here",
			"the database there is another one"), err)
	}
	return nil
}

// finish takes the mark away: from now on the new home is a home.
func (m *move) finish(context.Context) error {
	if err := os.Remove(moveMarkPath(m.to)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncFolder(m.to)
}

// tellMove says what was done and what is left to do.
func (a *app) tellMove(m *move) {
	c := m.config
	a.line("The home is %s now. The ledger in %s is retired: it answers questions, and does nothing else.", m.to, c.Home)
	if m.files > 0 {
		a.line("  %s copied", counted(m.files, "file was", "files were"))
	}
	for _, r := range m.remarks {
		a.line("  %s", r)
	}
	var steps []string
	if m.configuration() == "" && c.path != "" {
		steps = append(steps, fmt.Sprintf("The configuration is %s and was not copied: change `home:` in it, or name the new home with --home.", c.path))
	}
	if name := filepath.Base(m.configuration()); m.configuration() != "" && name != configName {
		steps = append(steps, fmt.Sprintf("The configuration is named %s: name it with --config %s.", name, filepath.Join(m.to, name)))
	}
	for _, alias := range c.aliases() {
		d := c.Datasets[alias]
		if d.AccessTokenFile != "" && inside(c.Home, d.AccessTokenFile) {
			steps = append(steps, fmt.Sprintf("The access token of dataset %s was not copied: run `capibara token set %s --home %s`.", alias, alias, m.to))
		}
		if d.AppSecretFile != "" && inside(c.Home, d.AppSecretFile) {
			steps = append(steps, fmt.Sprintf("The app secret of dataset %s was not copied: put it into %s.", alias, filepath.Join(m.to, c.relative(d.AppSecretFile))))
		}
	}
	steps = append(steps, "Let people and programs drop their files there, and start `capibara run` there: what runs here now is to be stopped for good.",
		fmt.Sprintf("Delete %s when the new home works.", c.Home))
	a.line("\nNext:")
	for i, s := range steps {
		a.line("  %d. %s", i+1, s)
	}
}
