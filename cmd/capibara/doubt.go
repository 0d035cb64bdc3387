package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"capibara/audit"
	"capibara/store/bolt"
)

// doubt is why nothing of a ledger may be sent before somebody decides.
type doubt struct {
	kind doubtKind
	why  string // a sentence without its full stop
	fix  string // what a person does
}

// doubtKind tells the doubts apart. The texts are in the JSON of status: never change them.
type doubtKind string

const (
	doubtOlder      doubtKind = "older"            // behind what its witness saw
	doubtDiverged   doubtKind = "diverged"         // not behind it, and with another history
	doubtAnother    doubtKind = "another_database" // has another id
	doubtCopied     doubtKind = "copied"           // the same history in another file
	doubtNoWitness  doubtKind = "witness_missing"  // had a witness, and has none
	doubtUnreadable doubtKind = "witness_unreadable"
	doubtReplaced   doubtKind = "replaced" // another ledger was put in its place while it was open
	doubtRetired    doubtKind = "retired"  // was moved elsewhere
	doubtMoving     doubtKind = "moving"   // is on its way here
	doubtRestored   doubtKind = "restored" // is a backup that was put in its place
)

// err is why a command does not send.
func (d *doubt) err() error {
	if d == nil {
		return nil
	}
	return failed(d.fix, "nothing was sent: %s", d.why)
}

// status is the doubt as status tells it; nil without one.
func (d *doubt) status() *audit.LedgerStatus {
	if d == nil {
		return nil
	}
	return &audit.LedgerStatus{State: string(d.kind), Sentence: d.why, Fix: d.fix}
}

// day is an instant as the sentences say it.
func (c *config) day(t time.Time) string { return t.In(c.zone).Format("2 Jan 2006 15:04:05") }

const decide = "stop capibara if it is running, then run `capibara adopt`, which shows what is known and asks"

// doubts compares a ledger with what its home remembers of it. w is what is remembered, nil for nothing.
func (c *config) doubts(ctx context.Context, db *bolt.DB, file string) (d *doubt, w *witness, text []byte, err error) {
	if r, err := db.Retired(ctx); err != nil {
		return nil, nil, nil, err
	} else if r.To != "" {
		return c.retiredDoubt(r), nil, nil, nil
	}
	if m, err := readMoveMark(c.Home); err != nil {
		return nil, nil, nil, err
	} else if m != nil {
		return m.doubt(), nil, nil, nil
	}
	w, text, err = c.readWitness()
	var unusable *unusableWitness
	if errors.As(err, &unusable) {
		return &doubt{doubtUnreadable, fmt.Sprintf("%s, which remembers how far the ledger came, cannot be used: %v", c.witnessPath(), err),
			"restore it if you can; else " + decide}, nil, text, nil
	}
	if err != nil {
		return nil, nil, nil, err
	}
	if r, err := db.Restored(ctx); err != nil {
		return nil, nil, nil, err
	} else if r.By != "" {
		return c.restoredDoubt(r), w, text, nil
	}
	if w == nil {
		had, err := db.Witnessed(ctx)
		if err != nil || !had {
			return nil, nil, text, err
		}
		return &doubt{doubtNoWitness, fmt.Sprintf("%s, which remembers how far the ledger came, is not there, as when a home is copied without its hidden files",
			c.witnessPath()), "put it back if you have it; else " + decide}, nil, text, nil
	}
	d, err = c.compare(ctx, db, w, file)
	return d, w, text, err
}

// compare finds out whether a ledger is the one that its witness saw.
func (c *config) compare(ctx context.Context, db *bolt.DB, w *witness, file string) (*doubt, error) {
	id, err := db.ID(ctx)
	if err != nil {
		return nil, err
	}
	if id != w.Database {
		return &doubt{doubtAnother, fmt.Sprintf("the database is another one than this home had until %s, and does not know what that one sent", c.day(w.At)),
			"put the one of this home back; else " + decide}, nil
	}
	h, err := db.Head(ctx)
	if err != nil {
		return nil, err
	}
	if h.Entry.N < w.Entry || h.Batches < w.Batches {
		return &doubt{doubtOlder, fmt.Sprintf("the database is older than what was sent: it is a copy or a backup, and lacks what this home did until %s",
			c.day(w.At)), "put the newest copy of " + c.Folders.Data + " back; else " + decide}, nil
	}
	e, err := db.AuditEntry(ctx, w.Entry)
	switch {
	case err != nil:
		return nil, err
	case fmt.Sprintf("%x", e.Hash) != w.Hash:
		return &doubt{doubtDiverged, fmt.Sprintf("the database is not the one that this home saw on %s: it is an older copy that went its own way, and does not know what was sent meanwhile",
			c.day(w.At)), "put the newest copy of " + c.Folders.Data + " back; else " + decide}, nil
	case w.File != "" && file != "" && w.File != file && w.Next != file:
		return &doubt{doubtCopied, fmt.Sprintf("the database is a copy: on %s this home had it as another file, and if both are at work everything is sent twice", c.day(w.At)),
			decide}, nil
	}
	return nil, nil
}

func (c *config) retiredDoubt(r bolt.Retirement) *doubt {
	return &doubt{doubtRetired, fmt.Sprintf("this ledger was moved to %s on %s by %s, and does no work any more", r.To, c.day(r.At), r.By),
		fmt.Sprintf("work there: `capibara status --home %s`; if the move was cut off, run `capibara move %s` here again; if what is there is lost, `capibara adopt` puts this one to work again", r.To, r.To)}
}

func (c *config) restoredDoubt(r bolt.Restoration) *doubt {
	return &doubt{doubtRestored, fmt.Sprintf("the database is a backup, which %s put in its place on %s, and does not know what was sent after it was made", r.By, c.day(r.At)),
		"import again what came after the backup; then run `capibara adopt`, which shows what is known and asks"}
}
