package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"

	"capibara/store/bolt"

	"github.com/spf13/cobra"
)

func newCompactCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "compact",
		Short: "Write the database anew without the space that is free in it, also while capibara runs",
		Long: `Writes all that is in the database into a new file, verifies that, and puts it in the place of the old one. Nothing is
taken out but pages that hold nothing any more, with what is left in them of what was erased. It needs as much room on the
disk as the database holds. A running capibara does it itself: what it sends and imports waits meanwhile. Cut off at any
moment there is one whole database: the old or the new one.`,
		Example: `  capibara compact
  capibara compact --output json`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.compact(cmd.Context()) },
	}
	addOutput(a, cmd, asTable, asJSON)
	return cmd
}

// compactOrder asks for a compaction.
type compactOrder struct {
	By string `json:"by"`
}

// compactReport is what came of it, in the shape that --output json prints.
type compactReport struct {
	Before int64 `json:"before"` // bytes
	After  int64 `json:"after"`
}

// compactedTemporary is the name of the new file until it is the database.
const compactedTemporary = "capibara.db.compacting"

func (a *app) compact(ctx context.Context) error {
	return a.visit(ctx, "compact", toAct, func(c *config, h house) error {
		r, err := h.Compact(ctx, compactOrder{By: operator()})
		if err != nil {
			return err
		}
		if a.output == asJSON {
			return writeJSON(a.stdout, r)
		}
		if r.After >= r.Before {
			a.line("The database %s is written anew. It had hardly any free space: it has %s bytes, room to grow included.", c.database(), grouped(r.After))
			return nil
		}
		a.line("The database %s had %s bytes, and has %s now.", c.database(), grouped(r.Before), grouped(r.After))
		return nil
	})
}

// Compact writes the database anew, and so ends what an erasure that was cut off owes.
func (l *local) Compact(ctx context.Context, o compactOrder) (r compactReport, err error) {
	l.copying.Lock()
	defer l.copying.Unlock()
	if r, err = l.writeAnew(ctx, o.By); err != nil {
		return r, err
	}
	return r, l.erased.settled(l.config)
}

// writeAnew is Compact for whoever keeps others from copying meanwhile. The witness takes the new file for the ledger before it
// is, and nothing else afterwards: it has to be right whichever file a loss of power leaves.
func (l *local) writeAnew(ctx context.Context, by string) (r compactReport, err error) {
	if d := l.testimony.inDoubt(); d != nil {
		return r, failed(d.fix, "compacting the database: it is in doubt whether this is the ledger: %s; nothing was changed", d.why)
	}
	c := bolt.Compaction{Temporary: filepath.Join(l.config.Folders.Data, compactedTemporary), By: by, At: l.now()}
	c.Announce = func() error { return l.testimony.announce(ctx, fileIdentity(c.Temporary)) }
	out, err := l.db.Compact(ctx, c)
	if !out.Swapped {
		l.testimony.expect("")
		return r, failed(compactHint(err), "compacting the database: %w; nothing was changed", err)
	}
	if err != nil {
		return r, failed(hintOf(err), "the database is compacted, and then something went wrong: %w", err)
	}
	if err := l.testimony.became(context.WithoutCancel(ctx), fileIdentity(l.config.database())); err != nil {
		return r, failed("make the home writable; the next command settles it", "the database is compacted, and %s could not be written: %w", l.config.witnessPath(), err)
	}
	return compactReport{Before: out.Before, After: out.After}, nil
}

func compactHint(err error) string {
	var disagreement *bolt.DisagreementError
	switch {
	case errors.As(err, &disagreement):
		return "run `capibara check --database`, which tells them; compacting would not mend them"
	case diskHint(err) != "":
		return "make room on the disk for a second database, then run the same command again"
	}
	return hintOf(err)
}

// Compact has the running process write the database anew.
func (c *client) Compact(ctx context.Context, o compactOrder) (compactReport, error) {
	return asking[compactReport](ctx, c, "/v1/compact", o, func(progress) {})
}

// doCompact writes the database anew.
func (s *server) doCompact(w http.ResponseWriter, r *http.Request) {
	var o compactOrder
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAsked)).Decode(&o); err != nil {
		writeFailure(w, http.StatusBadRequest, misused("", "this is no order for a compaction"))
		return
	}
	o.By = caller(r.Context(), o.By)
	answerLong(w, r, patience, func(func(progress)) (any, error) { return s.house.Compact(s.alive, o) })
}
