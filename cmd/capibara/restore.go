package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"capibara/audit"
	"capibara/store"
	"capibara/store/bolt"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
)

func newRestoreCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "restore FILE",
		Short: "Put a backup in the place of the database",
		Long: `Verifies FILE, a copy that "capibara backup" made, and puts a copy of it in the place of the database. The database that
is there is kept beside it, under a name that says when. Cut off at any moment there is one whole database: the old or
the new one.

A backup does not know what was sent after it was made. So nothing is sent after a restore until "capibara adopt" was
told what is to become of what waits; the safe choice is "capibara adopt --hold". Import files that came after the
backup again before that.`,
		Example: `  capibara restore /mnt/backup/capibara-2026-11-28.db
  capibara adopt --hold`,
		Args: arguments(1, 1, "the file to restore"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.restore(cmd.Context(), args[0]) },
	}
}

// restoring is one restore, in steps of which each is on disk before the next begins.
type restoring struct {
	config    *config
	now       func() time.Time
	by        string
	file      string       // the backup
	temporary string       // its copy beside the database
	kept      string       // where the database that was there is kept; "" when there was none
	release   func() error // lets go of that database; nil without one
	head      bolt.Head    // how far the backup had come
	again     swept        // what the backup knew of people who were erased
	lost      string       // why such people cannot be told; "" when they can
	done      bool         // it is the database
	steps     []func(context.Context) error
}

// restoredTemporary is the name of the copy until it is the database.
const restoredTemporary = "capibara.db.restoring"

func (a *app) restore(ctx context.Context, file string) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	r, err := a.newRestoring(ctx, c, file)
	if err != nil {
		return err
	}
	err = r.run(ctx)
	var known *failure
	switch {
	case r.done && err != nil, errors.As(err, &known):
		return err
	case err != nil:
		return failed(restoreHint(err), "restoring %s: %w; nothing was changed", r.file, err)
	}
	a.line("The database of %s is the backup %s now.", c.Home, r.file)
	a.line("  last entry  %s (%s)", c.day(r.head.Entry.At), audit.FormatHead(r.head.Entry.N, r.head.Entry.Hash))
	if r.kept != "" {
		a.line("  before      the database that was there is %s", r.kept)
	}
	if r.again.any() {
		a.line("  erased      %s and %s of people who were erased after it was made were erased again", counted(r.again.events, "event", "events"), counted(r.again.people, "entry", "entries"))
	}
	if r.again.left > 0 {
		a.line("              %s, because the fate of the batch is not known: nothing of it is sent anew, and it is erased when it is known", counted(r.again.left, "event stays", "events stay"))
	}
	if r.lost != "" {
		a.note("%s; %s", r.lost, newKeyHint)
	}
	a.line("\nIt does not know what was sent after it was made. NOTHING IS SENT until you say what is to become of what waits:")
	a.line("  1. Import again what came after the backup, so that it is held as well: `capibara import FILE`, from %s.", c.relative(c.Folders.Archive))
	a.line("  2. Run `capibara adopt --hold`, which is the safe choice; `capibara adopt --send` when nothing was sent since.")
	return nil
}

func restoreHint(err error) string {
	if hint := hintOf(err); hint != "" && !errors.Is(err, store.ErrCorrupt) {
		return hint
	}
	return "try an older backup"
}

// newRestoring looks whether a backup can be restored here, before anything is changed.
func (a *app) newRestoring(ctx context.Context, c *config, file string) (*restoring, error) {
	if err := a.unserved(ctx, c); err != nil {
		return nil, err
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("finding the backup: %w", err)
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, failed("check the path; `capibara backup FILE` makes one", "there is no file %s", path)
	case err != nil:
		return nil, failed("let the user who runs capibara read it", "restoring %s: %w", path, err)
	case !info.Mode().IsRegular():
		return nil, failed("name the file that `capibara backup` wrote", "%s is no ordinary file", path)
	}
	if there, err := os.Stat(c.database()); err == nil && os.SameFile(info, there) {
		return nil, failed("name the backup", "%s is the database itself; nothing was changed", path)
	}
	if m, err := readMoveMark(c.Home); err != nil {
		return nil, err
	} else if m != nil {
		return nil, failed(m.doubt().fix, "nothing was changed: %s", m.doubt().why)
	}
	if err := os.MkdirAll(c.Folders.Data, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	if _, err := c.steadyData(); err != nil {
		return nil, err
	}
	r := &restoring{config: c, now: a.now, by: operator(), file: path, temporary: filepath.Join(c.Folders.Data, restoredTemporary)}
	// Up to the last step the old database is the one.
	r.steps = []func(context.Context) error{r.lock, r.fetch, r.verify, r.mark, r.forget, r.keep, r.swap}
	return r, nil
}

// run makes every step. When one fails, nothing is left of those before it.
func (r *restoring) run(ctx context.Context) (err error) {
	for _, step := range r.steps {
		if err = ctx.Err(); err != nil {
			err = context.Cause(ctx)
			break
		}
		if err = step(ctx); err != nil {
			break
		}
	}
	if err != nil && !r.done {
		for _, left := range []string{r.temporary, r.kept} {
			if rerr := os.Remove(left); left != "" && !errors.Is(rerr, fs.ErrNotExist) {
				err = errors.Join(err, rerr)
			}
		}
	}
	if r.release != nil {
		err = errors.Join(err, r.release())
	}
	return err
}

// lock keeps other processes away from the database that is there, whatever state it is in.
func (r *restoring) lock(context.Context) error {
	release, err := bolt.Lock(r.config.database())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, store.ErrLocked):
		return lockedError(r.config)
	case err != nil:
		return err
	}
	r.release = release
	return nil
}

// fetch copies the backup beside the database.
func (r *restoring) fetch(ctx context.Context) (err error) {
	if err := os.Remove(r.temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	in, err := os.Open(r.file)
	if err != nil {
		return err
	}
	defer closing(&err, in, r.file)
	out, err := os.OpenFile(r.temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, contextReader{ctx, in})
	return errors.Join(err, out.Sync(), out.Close())
}

// verify reads everything that is in the copy.
func (r *restoring) verify(ctx context.Context) (err error) {
	db, err := bolt.Open(r.temporary, bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer closing(&err, db, "the copy")
	var first string
	problems := 0
	if err := db.Check(ctx, func(p string) {
		if problems++; problems == 1 {
			first = p
		}
	}); err != nil {
		return err
	}
	if problems > 0 {
		return fmt.Errorf("%w: it does not agree with itself in %s, the first of them: %s", store.ErrCorrupt, counted(problems, "place", "places"), first)
	}
	r.head, err = db.Head(ctx)
	return err
}

// mark keeps in the copy that it was restored: that is what keeps it from sending, whatever the home remembers.
func (r *restoring) mark(ctx context.Context) (err error) {
	db, err := bolt.Open(r.temporary, bolt.Options{})
	if err != nil {
		return err
	}
	defer closing(&err, db, "the copy")
	return db.MarkRestored(ctx, r.by, fmt.Sprintf("the backup %s took the place of the database in %s; its last entry was %d", r.file, r.config.Home, r.head.Entry.N), r.now())
}

// forget erases again whom the backup brings back although they were erased after it was made, with their bytes.
func (r *restoring) forget(ctx context.Context) (err error) {
	db, err := bolt.Open(r.temporary, bolt.Options{})
	if err != nil {
		return err
	}
	defer closing(&err, db, "the copy")
	l := &local{config: r.config, db: db, log: zerolog.Nop(), now: r.now}
	if err := l.joinErased(ctx); err != nil {
		return err
	}
	r.again, r.lost = l.erased.again, l.erased.lost
	if !r.again.any() {
		return nil
	}
	if _, err := db.Compact(ctx, bolt.Compaction{Temporary: r.temporary + ".compacting", By: r.by, At: r.now()}); err != nil {
		return err
	}
	return l.erased.settled(r.config)
}

// keep gives the database that is there a second name.
func (r *restoring) keep(context.Context) error {
	if r.release == nil {
		return nil
	}
	name := r.config.database() + ".before-restore-" + r.now().UTC().Format("20060102T150405Z")
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			break
		}
		name = fmt.Sprintf("%s.before-restore-%s-%d", r.config.database(), r.now().UTC().Format("20060102T150405Z"), n)
	}
	if err := os.Link(r.config.database(), name); err != nil {
		// No hard links on this file system.
		if err := copyOne(r.config.database(), name); err != nil {
			return errors.Join(err, os.Remove(name))
		}
	}
	r.kept = name
	return syncFolder(r.config.Folders.Data)
}

// swap gives the copy the name of the database.
func (r *restoring) swap(context.Context) error {
	if err := os.Rename(r.temporary, r.config.database()); err != nil {
		return err
	}
	r.done = true
	if err := syncFolder(r.config.Folders.Data); err != nil {
		return failed("nothing is sent before `capibara adopt`; run `capibara status`, which shows which database is there", "the backup is in place, and that may not last through a loss of power: %w", err)
	}
	return nil
}
