package main

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"sync"
	"time"

	"capibara/store/bolt"

	"github.com/rs/zerolog"
)

// testimonyPause is how often the witness is looked at and written while batches are sent: syncing a file for each would
// cost as much as the batches.
const testimonyPause = time.Second

// testimony keeps the witness of an open ledger, and says whether the ledger may send.
type testimony struct {
	config *config
	db     *bolt.DB
	log    zerolog.Logger
	now    func() time.Time
	file   string // which file the database is
	next   string // which file it may be soon; "" for none

	mu      sync.Mutex
	doubt   *doubt    // why nothing may be sent; nil when it may
	last    *witness  // what the witness says; nil when it says nothing
	text    []byte    // the file that it was read from or written to
	looked  time.Time // when this was so
	written time.Time
	warned  bool
}

// testify compares a ledger that was just opened with its witness.
func testify(ctx context.Context, c *config, db *bolt.DB, log zerolog.Logger, now func() time.Time) (*testimony, error) {
	t := &testimony{config: c, db: db, log: log, now: now, file: fileIdentity(c.database()), looked: time.Now()}
	var err error
	t.doubt, t.last, t.text, err = c.doubts(ctx, db, t.file)
	return t, err
}

// inDoubt is why nothing may be sent; nil when it may.
func (t *testimony) inDoubt() *doubt {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.doubt
}

// maySend refuses to send while it is in doubt whether this is the one ledger. It looks at the witness again when it did
// not lately: somebody else may have put another ledger in its place, behind whose back this one goes on.
func (t *testimony) maySend() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.doubt == nil && time.Since(t.looked) >= testimonyPause {
		t.look()
	}
	return t.doubt.err()
}

// look finds out whether somebody else wrote the witness. One that is gone or cannot be read is written again.
func (t *testimony) look() {
	t.looked = time.Now()
	text, err := os.ReadFile(t.config.witnessPath())
	if err != nil || t.text == nil || bytes.Equal(text, t.text) {
		if errors.Is(err, fs.ErrNotExist) {
			t.last, t.text = nil, nil
		}
		return
	}
	t.doubt = &doubt{doubtReplaced, "another copy of this ledger was put to work in " + t.config.Home + " while this process had it open",
		"stop this process; the next start works with the database that is there now"}
	t.log.Error().Str("hint", t.doubt.fix).Msg(t.doubt.why + "; it sends nothing any more")
}

// keep writes how far the ledger came. That it cannot be written is said once, and stops nothing: the ledger itself knows
// what was sent.
func (t *testimony) keep(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keepLocked(ctx)
}

// pass says that a pass begins: before its first request leaves, the witness is written whenever that was done last.
func (t *testimony) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.written = time.Time{}
}

// keepLately is keep, when that was not done lately.
func (t *testimony) keepLately(ctx context.Context) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if time.Since(t.written) >= testimonyPause {
		t.keepLocked(ctx)
	}
}

func (t *testimony) keepLocked(ctx context.Context) {
	if t.doubt == nil {
		t.look()
	}
	if t.doubt != nil {
		return
	}
	t.written = time.Now()
	if err := t.write(context.WithoutCancel(ctx)); err != nil && !t.warned {
		t.warned = true
		t.log.Warn().Err(err).Str("file", t.config.witnessPath()).
			Msg("cannot keep how far the ledger came; work goes on, and an old copy of the database would not be noticed until this can be written")
	}
}

func (t *testimony) write(ctx context.Context) error {
	id, err := t.db.ID(ctx)
	if err != nil {
		return err
	}
	h, err := t.db.Head(ctx)
	if err != nil {
		return err
	}
	w := t.config.witnessOf(id, h, t.file, t.now())
	w.Next = t.next
	if t.last.remembers(w) {
		return nil
	}
	text, err := w.write(t.config.witnessPath())
	if text != nil {
		t.last, t.text = &w, text
	}
	if err != nil {
		return err
	}
	return t.db.SetWitnessed(ctx)
}

// expect makes the witness, when it is written next, take another file for the ledger as well: one that is about to take the
// place of this one, with the same entries. "" ends that.
func (t *testimony) expect(file string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = file
}

// announce is expect, and writes the witness.
func (t *testimony) announce(ctx context.Context, file string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = file
	return t.write(ctx)
}

// became says that a file that was announced is the database now, and nothing else is.
func (t *testimony) became(ctx context.Context, file string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.file, t.next = file, ""
	return t.write(ctx)
}

// settle ends the doubt by a person's decision, which is kept in the ledger's audit log before: from here on this ledger is
// the one.
func (t *testimony) settle(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last, t.text = nil, nil
	if err := t.write(ctx); err != nil {
		return err
	}
	t.doubt = nil
	return nil
}
