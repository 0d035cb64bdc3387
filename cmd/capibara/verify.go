package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"capibara/audit"
	"capibara/store"
	"capibara/store/bolt"

	"github.com/spf13/cobra"
)

func newVerifyCommand(a *app) *cobra.Command {
	var kept string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Show that nobody changed the ledger: its audit log, checksums and sums",
		Long: `Reads the audit log from its first entry on, each of which holds the SHA-256 of the one before, and names the first entry
that is missing or is not what was written. Then it reads the whole database: checksums, sums and references.

Whoever may write the database can write it anew as a whole, so that it agrees with itself. What shows that is a head, the
number and the hash of an entry, that was kept where they cannot write: print it, mail it, or keep the line that
"capibara run" logs every day, and give it with --head.

"capibara check" is something else: it asks Meta whether the access tokens work.`,
		Example: `  capibara verify
  capibara verify --head 1204:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  capibara verify --output json`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.verify(cmd.Context(), kept) },
	}
	cmd.Flags().StringVar(&kept, "head", "", "a head that was kept elsewhere, as NUMBER:HASH")
	addOutput(a, cmd, asTable, asJSON)
	return cmd
}

// verification is what was found, in the shape that --output json prints.
type verification struct {
	OK      bool      `json:"ok"`
	Entries uint64    `json:"entries"` // of the audit log that follow each other from the first one on
	Head    string    `json:"head"`    // number and hash of the last of them
	HeadAt  time.Time `json:"head_at"`
	Kept    string    `json:"kept,omitempty"` // the head that it was compared with
	// Break is the first entry of the audit log that is not what was written; null when there is none.
	Break    *bolt.ChainBreak `json:"break"`
	Problems []string         `json:"problems"` // of the rest of the database, in sentences
}

func (a *app) verify(ctx context.Context, kept string) error {
	if kept != "" {
		if _, _, err := audit.ParseHead(kept); err != nil {
			return misused("it is the line that `capibara verify` prints as head", "--head: %w", err)
		}
	}
	err := a.visit(ctx, "verify", toRead, func(c *config, h house) error {
		v, err := h.Verify(ctx, kept)
		if err != nil {
			return err
		}
		if a.output == asJSON {
			if err := writeJSON(a.stdout, v); err != nil {
				return err
			}
		} else {
			a.printVerification(c, v)
		}
		const hint = "keep the database as it is, with its backups, and find out who could write it; `capibara restore` puts a backup back"
		switch {
		case v.Break != nil:
			return failed(hint, "the audit log is not what was written: entry %d should be %s, and there is %s", v.Break.Entry, v.Break.Expected, v.Break.Found)
		case len(v.Problems) > 0:
			return failed(hint, "the database does not agree with itself in %s", counted(len(v.Problems), "place", "places"))
		}
		// What its home remembers is a head that was kept elsewhere, if not far away.
		if st, err := h.Status(ctx); err == nil && st.Ledger != nil {
			return failed(st.Ledger.Fix, "the ledger agrees with itself, and is in doubt: %s", st.Ledger.Sentence)
		}
		return nil
	})
	if errors.Is(err, store.ErrCorrupt) {
		return failed("keep the data folder as it is, and restore a backup: `capibara restore FILE`", "%w", err)
	}
	return err
}

func (a *app) printVerification(c *config, v verification) {
	for _, p := range v.Problems {
		a.line("%s", p)
	}
	if !v.OK {
		a.line("%s of the audit log follow each other, from the first one on.", counted(v.Entries, "entry", "entries"))
		return
	}
	a.line("Every entry of the audit log follows the one before it, and the database agrees with itself: %s, the last one from %s.", counted(v.Entries, "entry", "entries"), c.day(v.HeadAt))
	if v.Kept != "" {
		a.line("The head that was kept is in it: nothing up to there was changed since.")
	}
	a.line("\nhead  %s\n", v.Head)
	a.line("Keep this line where nobody who works with this machine can change it: on paper, or in the mail of somebody else. As long as\n`capibara verify --head` with it finds nothing, no entry up to this one was changed, taken out or put in.")
}

// Verify reads the audit log and the whole database.
func (l *local) Verify(ctx context.Context, kept string) (v verification, err error) {
	v = verification{Kept: kept, Problems: []string{}}
	var known *bolt.Kept
	if kept != "" {
		known = new(bolt.Kept)
		if known.Entry, known.Hash, err = audit.ParseHead(kept); err != nil {
			return v, misused("", "%w", err)
		}
	}
	chain, err := l.db.Chain(ctx, known)
	if err != nil {
		return v, err
	}
	v.Entries, v.Break = chain.Entries, chain.Break
	if chain.Entries > 0 {
		v.Head, v.HeadAt = audit.FormatHead(chain.Last.N, chain.Last.Hash), chain.Last.At
	}
	if v.Problems, err = l.CheckDatabase(ctx); err != nil {
		return v, err
	}
	v.OK = v.Break == nil && len(v.Problems) == 0
	return v, nil
}

// Verify has the running process read everything.
func (c *client) Verify(ctx context.Context, kept string) (verification, error) {
	return get[verification](ctx, c, "/v1/verify", url.Values{"head": {kept}})
}

// tellHead logs the head of the audit log, once a day: a log that is collected elsewhere keeps it where nobody can change it
// with the database.
func (l *local) tellHead(ctx context.Context) {
	day := l.now().In(l.config.zone).Format(time.DateOnly)
	if day == l.toldHead {
		return
	}
	h, err := l.db.Head(ctx)
	if err != nil {
		if ctx.Err() == nil {
			l.log.Error().Err(err).Msg("cannot read the head of the audit log")
		}
		return
	}
	l.toldHead = day
	l.log.Info().Str("head", audit.FormatHead(h.Entry.N, h.Entry.Hash)).Msg("the audit log has come so far; `capibara verify --head` compares it")
}

// looking is who looks, for the audit log.
func looking(ctx context.Context) string {
	name, served := ctx.Value(callerKey{}).(string)
	switch {
	case !served:
		return operator()
	case name == "":
		return fmt.Sprintf("somebody whom %s lets read", operator())
	}
	return name
}

// lookedUp keeps that somebody looked for a person: who, and by which kinds of identifiers. It returns why that could not be
// kept, "" when it was.
func (l *local) lookedUp(ctx context.Context, q audit.Query) string {
	kinds := q.PersonKinds()
	if kinds == "" || q.Cursor != "" {
		return "" // the next page of a look-up that was kept
	}
	return l.noteLookUp(ctx, kinds)
}

// noteLookUp keeps that somebody looked for a person, by these kinds of identifiers.
func (l *local) noteLookUp(ctx context.Context, kinds string) string {
	if !l.acts {
		return "the database could only be opened for reading"
	}
	if err := l.db.Note(ctx, "looked_up", fmt.Sprintf("by %s: a person, by %s", looking(ctx), kinds), l.now()); err != nil {
		return err.Error()
	}
	return ""
}

// noteConfiguration keeps which configuration is in force, when that is another one than before. Secrets are in none: they are
// read from elsewhere.
func (l *local) noteConfiguration(ctx context.Context) error {
	hash, err := l.config.effectiveHash()
	if err != nil {
		return err
	}
	from := l.config.path
	if from == "" {
		from = "the defaults"
	}
	return l.db.Configured(ctx, hash, fmt.Sprintf("is in force, from %s, as %s works with it", from, operator()), l.now())
}
