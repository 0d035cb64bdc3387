package main

import (
	"context"
	"fmt"
	"path/filepath"

	"capibara/store/bolt"
)

// renew writes the database anew while it is open, so that what was taken out of it is in no page of its file.
func (l *local) renew(ctx context.Context) error {
	temporary := filepath.Join(l.config.Folders.Data, compactedTemporary)
	if err := l.testimony.renew(ctx, temporary); err != nil {
		return fmt.Errorf("compacting the database: %w", err)
	}
	return nil
}

// renew lets the database go on in a new file. The witness is right whichever of both a loss of power leaves: it names them both,
// and how far both have come, before the new one gets the name.
func (t *testimony) renew(ctx context.Context, temporary string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.doubt == nil {
		t.look()
	}
	if d := t.doubt; d != nil {
		return failed(d.fix, "it is in doubt whether this is the ledger: %s", d.why)
	}
	id, err := t.db.ID(ctx)
	if err != nil {
		return err
	}
	next := ""
	err = t.db.Renew(ctx, temporary, func(fresh *bolt.DB) error {
		problems := 0
		if err := fresh.Check(ctx, func(string) { problems++ }); err != nil {
			return err
		}
		if problems > 0 {
			return failed("run `capibara check --database`, which tells them; compacting would not mend them",
				"the database does not agree with itself in %s", counted(problems, "place", "places"))
		}
		h, err := fresh.Head(ctx)
		if err != nil {
			return err
		}
		next = fileIdentity(temporary)
		w := t.config.witnessOf(id, h, t.file, t.now())
		w.Next = next
		text, err := w.write(t.config.witnessPath())
		if text != nil {
			t.last, t.text = &w, text
		}
		if err != nil {
			return err
		}
		return fresh.Note(ctx, "compacted", fmt.Sprintf("by %s: the file was written anew without free pages, because something was erased", operator()), t.now())
	})
	if err == nil {
		t.file = next
	}
	return err
}
