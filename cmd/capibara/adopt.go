package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"capibara/event"
	"capibara/store"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
)

// decision is what a person says about a ledger in doubt.
type decision struct {
	hold bool // what waits may have been sent
	send bool // nothing was sent since this copy was made
	yes  bool // without being asked
}

func newAdoptCommand(a *app) *cobra.Command {
	var d decision
	cmd := &cobra.Command{
		Use:   "adopt",
		Short: "Decide that this database is the ledger that goes on, when that is in doubt",
		Long: `There must never be two ledgers that both send, nor one that is older than what was sent. A home therefore remembers,
outside of its database, how far the database came; when the database is an old copy, another one, or a copy of the
home, nothing is sent until somebody decides here. It shows what is known, and asks.

  --hold   What waits now may have been sent by the ledger that is lost. It is held, and not sent. This is the safe
           choice. Files that were imported after the copy was made are not in it: import them again before, so that
           their events are held as well.
  --send   Nothing was sent since this copy was made. What waits is sent as usual.

A copy that lacks nothing, such as a home that was moved by hand, needs neither: only the word that the other copy is
gone. A ledger that was moved with "capibara move" is put to work again in the same way, when its new home is lost.
Who decided, and what, is kept in the audit log.`,
		Example: `  capibara adopt --hold
  capibara adopt --send --yes`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.adopt(cmd.Context(), d) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&d.hold, "hold", false, "hold what waits, because the lost ledger may have sent it")
	flags.BoolVar(&d.send, "send", false, "send what waits, because nothing was sent since this copy was made")
	flags.BoolVar(&d.yes, "yes", false, "do not ask")
	return cmd
}

func (a *app) adopt(ctx context.Context, d decision) (err error) {
	if d.hold && d.send {
		return misused("`capibara adopt --help` says what each of them means", "--hold and --send exclude each other")
	}
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
	l, err := a.openLedger(ctx, c, "adopt", toAct, log)
	if err != nil {
		return err
	}
	defer closing(&err, l, "the database")
	why := l.testimony.inDoubt()
	if why == nil {
		a.line("This is the ledger of %s, and nothing speaks against it. Nothing was changed.", c.Home)
		return nil
	}
	if why.kind == doubtMoving {
		return failed(why.fix, "nothing was changed: %s", why.why)
	}
	if err := a.tellDoubt(ctx, l, why); err != nil {
		return err
	}
	if why.kind != doubtCopied && !d.hold && !d.send {
		return failed("run `capibara adopt --hold`, which is the safe choice; `capibara adopt --send` when nothing was sent since this copy was made",
			"say what is to become of what waits; nothing was changed")
	}
	if err := l.stillThere(ctx, d, why); err != nil {
		return err
	}
	if err := a.sure(d.question(), d.yes); err != nil {
		return err
	}
	return a.settleDoubt(ctx, l, d, why)
}

// unserved refuses while a running process has the ledger: it goes on with what it decided when it started.
func (a *app) unserved(ctx context.Context, c *config) error {
	conn, err := dialSocket(ctx, c)
	if err != nil {
		return err
	}
	if conn != nil {
		return runningError(ctx, c, conn)
	}
	return nil
}

// tellDoubt shows what is known about a ledger in doubt.
func (a *app) tellDoubt(ctx context.Context, l *local, why *doubt) error {
	c := l.config
	h, err := l.db.Head(ctx)
	if err != nil {
		return err
	}
	s, err := l.Status(ctx)
	if err != nil {
		return err
	}
	a.line("%s.\n", capital(why.why))
	a.line("  database        %s", c.database())
	a.line("  last entry      %s (number %d)", c.day(h.Entry.At), h.Entry.N)
	if w := l.testimony.last; w != nil {
		a.line("  seen before     %s, when the last entry was from %s (number %d)", c.day(w.At), c.day(w.EntryAt), w.Entry)
		if h.Batches < w.Batches && (why.kind == doubtOlder || why.kind == doubtRestored) {
			a.line("  missing         %s that the lost ledger began", counted(w.Batches-h.Batches, "batch", "batches"))
		}
	}
	a.line("  waiting         %s, and %s in batches without an end", counted(s.Events.Pending, "event", "events"), grouped(s.Events.InFlight))
	unknown, err := l.unknownFiles(ctx)
	if err != nil {
		return err
	}
	if len(unknown) > 0 {
		a.line("\n%s in %s, and this database does not know of it:", counted(len(unknown), "file lies", "files lie"), c.relative(c.Folders.Archive))
		for _, name := range unknown[:min(len(unknown), 10)] {
			a.line("  %s", printable(name))
		}
		if more := len(unknown) - 10; more > 0 {
			a.line("  and %s more", grouped(more))
		}
		a.line("The lost ledger may have sent what was in them. Import them again BEFORE you adopt with --hold, so that it is held as well:\nwhat is imported afterwards is sent.")
	}
	a.line("")
	return nil
}

// unknownFiles are archived files that this ledger has not imported, under whatever name.
func (l *local) unknownFiles(ctx context.Context) ([]string, error) {
	names, contents := map[string]bool{}, map[event.Hash]bool{}
	for f := (store.Filter{Limit: 1000}); ; {
		page, err := l.db.Files(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, file := range page.Items {
			names[filepath.FromSlash(file.ArchivedAs)], contents[file.SHA256] = true, true
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	var unknown []string
	err := filepath.WalkDir(l.config.Folders.Archive, func(path string, d fs.DirEntry, err error) error {
		name := l.config.relative(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") || names[name]:
			return nil
		}
		sum, err := sumOf(path)
		if err == nil && !contents[sum] {
			unknown = append(unknown, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for files that were imported since: %w", err)
	}
	return unknown, nil
}

// sumOf is the SHA-256 of a file's bytes.
func sumOf(path string) (sum event.Hash, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer closing(&err, f, path)
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, fmt.Errorf("reading %s: %w", path, err)
	}
	return event.Hash(h.Sum(nil)), nil
}

// stillThere refuses a decision that what lies on this machine contradicts: the other copy, or the new home of a ledger
// that was moved.
func (l *local) stillThere(ctx context.Context, d decision, why *doubt) error {
	const fix = "work there; or move that file away first, so that it can never send again"
	switch w := l.testimony.last; {
	case why.kind == doubtCopied && !d.hold && !d.send && w.Path != l.config.database() && fileIdentity(w.Path) == w.File:
		return failed(fix, "the other copy is still there: %s; nothing was changed", w.Path)
	case why.kind == doubtRetired:
		r, err := l.db.Retired(ctx)
		if err != nil {
			return err
		}
		path := filepath.Join(r.To, l.config.relative(l.config.database()))
		if _, err := os.Lstat(path); err == nil {
			return failed(fix, "the ledger is still there where it was moved to: %s; nothing was changed", path)
		}
	}
	return nil
}

// question asks for the yes that the decision needs.
func (d decision) question() string {
	switch {
	case d.hold:
		return "Hold all that waits, and go on with this database?"
	case d.send:
		return "Was nothing sent since this copy was made? What waits will be sent."
	}
	return "Is the other copy gone for good, and did it send nothing since this copy was made?"
}

// settleDoubt carries a decision out. Until the last step the ledger stays in doubt, whatever happens: holding what waits again
// holds nothing more.
func (a *app) settleDoubt(ctx context.Context, l *local, d decision, why *doubt) error {
	by, held := operator(), 0
	if d.hold {
		var err error
		if held, err = l.holdAll(ctx, by); err != nil {
			return err
		}
	}
	detail := fmt.Sprintf("%s; the other copy is gone", why.kind)
	switch {
	case d.hold:
		detail = fmt.Sprintf("%s; what waited is held, %d events now", why.kind, held)
	case d.send:
		detail = fmt.Sprintf("%s; nothing was sent since this copy was made", why.kind)
	}
	if err := l.db.Adopt(ctx, by, detail, l.now()); err != nil {
		return err
	}
	if err := l.testimony.settle(ctx); err != nil {
		return failed("make the home writable and run the command again; until then nothing is sent",
			"the decision could not be kept in %s: %w", l.config.witnessPath(), err)
	}
	if d.hold {
		a.line("%s held: `capibara history events --state held` lists them. Nobody knows whether Meta has them.", counted(held, "event is", "events are"))
		a.line("This database is the ledger of %s from now on. What is held is never sent by itself: `capibara resolve` takes a person's word about\nit, batch by batch. What is imported from now on is sent by the next upload.", l.config.Home)
		return nil
	}
	a.line("This database is the ledger of %s from now on. The next upload sends what waits: `capibara upload`, or the schedule of `capibara run`.", l.config.Home)
	return nil
}

// holdChunk is how many rows are held in one transaction, as a batch of the usual size.
const holdChunk = 1_000

// holdAll holds all that may have been sent by another ledger: what waits, and what is in a batch without an end.
func (l *local) holdAll(ctx context.Context, by string) (held int, err error) {
	now := l.now()
	if _, err := l.db.Recover(ctx, now); err != nil {
		return 0, err
	}
	counts, err := l.db.Counts(ctx, now)
	if err != nil {
		return 0, err
	}
	for _, d := range counts.Datasets {
		open, err := l.db.OpenBatches(ctx, d.Dataset)
		if err != nil {
			return held, err
		}
		for _, b := range open {
			s := store.Settlement{Batch: b.Number, Verdict: store.VerdictHeld}
			if b.FirstMaybeAt.IsZero() { // its rows are held with what waits
				s.Verdict = store.VerdictReleased
			} else {
				held += len(b.Seqs)
			}
			if _, err := l.db.Conclude(ctx, s, now); err != nil {
				return held, err
			}
		}
		for {
			n, err := l.db.Hold(ctx, d.Dataset, "held by "+by+", because a ledger that is lost may have sent them", now, holdChunk)
			if err != nil {
				return held, err
			}
			if n == 0 {
				break
			}
			held += n
		}
	}
	return held, nil
}

// capital begins a sentence with a capital letter.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
