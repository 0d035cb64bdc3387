package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"capibara/audit"
	"capibara/event"
	"capibara/store"
)

// erasedFile is what a home remembers of people who were erased, outside of its database: the key, without which nobody can
// tell from the sums in the database who they are, and the sums, so that a backup of the database that is put back brings nobody
// back.
type erasedFile struct {
	Note string      `json:"note"`
	Key  string      `json:"key"` // hex
	Sums []erasedSum `json:"sums"`
	// Again says that the database may hold what these sums have: it lacked some of them and has them now, an erasure was cut off
	// while it emptied events, or it left some whose batch's fate was not known.
	Again bool `json:"erase_again,omitempty"`
	// Owed says that something was erased, or is about to be, and that the database was not compacted since.
	Owed bool `json:"compaction_owed,omitempty"`

	key event.Hash
}

// erasedSum is a keyed sum of an identifier or of an event_id; see event.Suppression.
type erasedSum struct {
	Sum hexHash   `json:"sum"`
	At  time.Time `json:"at"`
}

// hexHash is a hash that is written in hex.
type hexHash event.Hash

// MarshalText writes the hex.
func (h hexHash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads it.
func (h *hexHash) UnmarshalText(text []byte) error {
	if hex.DecodedLen(len(text)) != len(h) {
		return errors.New("a sum has 64 hexadecimal digits")
	}
	_, err := hex.Decode(h[:], text)
	return err
}

const erasedNote = "This file keeps people out who were erased on request. It holds nothing that tells who they are. Leave it where it is, and copy it " +
	"with the home: without it the next export brings them back."

// erasedPath is where that lies: beside the witness, because the data folder may be lost or put back as a whole.
func (c *config) erasedPath() string { return filepath.Join(c.Home, ".capibara-erased") }

// readErased returns what the home remembers; nil when nobody was ever erased, or the file is lost.
func (c *config) readErased() (*erasedFile, error) {
	text, err := os.ReadFile(c.erasedPath())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, failed("let the user who runs capibara read it", "reading who was erased: %w", err)
	}
	f := &erasedFile{}
	err = json.Unmarshal(text, f)
	if err == nil {
		err = (*hexHash)(&f.key).UnmarshalText([]byte(f.Key))
	}
	if err != nil {
		return nil, failed("put a copy of it back, such as that of the last backup of the home; if there is none, move the file away and run the command again, which then says what else there is",
			"%s, which keeps out people who were erased, was not written by capibara, or only in part", c.erasedPath())
	}
	return f, nil
}

// newErasedFile makes a key.
func newErasedFile() (*erasedFile, error) {
	f := &erasedFile{}
	if _, err := rand.Read(f.key[:]); err != nil {
		return nil, fmt.Errorf("making a key for those who are erased: %w", err)
	}
	f.Key = hex.EncodeToString(f.key[:])
	return f, nil
}

// write puts the file in its place, whole and for good.
func (f *erasedFile) write(c *config) error {
	f.Note = erasedNote
	slices.SortFunc(f.Sums, func(x, y erasedSum) int { return bytes.Compare(x.Sum[:], y.Sum[:]) })
	text, err := json.MarshalIndent(f, "", "  ")
	if err == nil {
		err = writeWhole(c.erasedPath(), append(text, '\n'), 0o600)
	}
	if err != nil {
		return failed(hintOf(err), "keeping who was erased in %s: %w", c.erasedPath(), err)
	}
	return nil
}

// sums are all of them.
func (f *erasedFile) sums() []event.Hash {
	all := make([]event.Hash, len(f.Sums))
	for i := range f.Sums {
		all[i] = event.Hash(f.Sums[i].Sum)
	}
	return all
}

// add adds those that are not there, and reports whether there were any.
func (f *erasedFile) add(sums []event.Hash, now time.Time) bool {
	known := event.NewSuppression(f.key, f.sums())
	added := false
	for _, sum := range sums {
		if !known.Holds(sum) {
			f.Sums, added = append(f.Sums, erasedSum{hexHash(sum), now.UTC().Truncate(time.Second)}), true
		}
	}
	return added
}

// suppression is who is kept out.
func (f *erasedFile) suppression() *event.Suppression { return event.NewSuppression(f.key, f.sums()) }

// erased is what an open ledger knows of people who were erased.
type erased struct {
	mu   sync.Mutex // held while it is changed
	file *erasedFile
	lost string // why people who were erased cannot be told any more, a sentence without its full stop; "" when they can
	who  atomic.Pointer[event.Suppression]
	// again is what the database brought back when it was opened.
	again swept
}

// newKeyHint is the way out when the key is lost.
const newKeyHint = "put .capibara-erased back from a copy of the home; if there is none, look for the people again in your requests, and erase them " +
	"with `capibara erase --new-key`, which begins with a new key"

// lostKey says why people who were erased cannot be told any more, by what the home and its database remember of them, a sentence
// without its full stop; "" when they can, and when nobody was erased.
func lostKey(c *config, f *erasedFile, there []event.Hash) string {
	switch {
	case len(there) == 0:
		return ""
	case f == nil:
		return fmt.Sprintf("%s is not there, and without it people who were erased cannot be told any more: a file that names them brings them back", c.erasedPath())
	case !slices.Contains(there, event.NewSuppression(f.key, nil).Mark()):
		return fmt.Sprintf("the key in %s is not the one of this database, so that people who were erased cannot be told any more: a file that names them brings them back", c.erasedPath())
	}
	return ""
}

// lookErased finds out whether the key is lost, for who only reads.
func (l *local) lookErased(ctx context.Context) error {
	there, err := l.db.Suppressed(ctx)
	if err != nil || len(there) == 0 {
		return err
	}
	f, err := l.config.readErased()
	if err != nil {
		l.erased.lost = err.Error() // what is asked is answered all the same
		return nil
	}
	l.erased.lost = lostKey(l.config, f, there)
	return nil
}

// status tells of a lost key; nil when people who were erased are kept out.
func (e *erased) status() *audit.LedgerStatus {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.lost == "" {
		return nil
	}
	return &audit.LedgerStatus{State: "key_lost", Sentence: e.lost, Fix: newKeyHint}
}

// joinErased brings together what the home and its database know of people who were erased. Where the database lacks some, as
// a backup does that was made before, what it brought back is erased again.
func (l *local) joinErased(ctx context.Context) error {
	l.erased.mu.Lock()
	defer l.erased.mu.Unlock()
	f, err := l.config.readErased()
	if err != nil {
		return err
	}
	there, err := l.db.Suppressed(ctx)
	if err != nil {
		return err
	}
	e := &l.erased
	if e.lost = lostKey(l.config, f, there); e.lost != "" {
		l.log.Error().Str("hint", newKeyHint).Msg(e.lost)
	}
	if e.file = f; f == nil {
		return nil
	}
	if e.lost != "" {
		e.who.Store(f.suppression())
		return nil
	}
	known := event.NewSuppression(f.key, there)
	missing := slices.DeleteFunc(f.sums(), known.Holds)
	added := f.add(there, l.now())
	e.who.Store(f.suppression())
	if f.Again = f.Again || len(missing) > 0; added || len(missing) > 0 {
		if err := f.write(l.config); err != nil {
			return err
		}
	}
	if len(missing) > 0 {
		if err := l.db.Suppress(ctx, missing, operator(), l.now()); err != nil {
			return err
		}
	}
	if !f.Again {
		return nil
	}
	return l.eraseAgain(ctx, f)
}

// eraseAgain takes out of the database what it holds of people who were erased.
func (l *local) eraseAgain(ctx context.Context, f *erasedFile) error {
	n, err := l.sweep(ctx, f.suppression())
	if err != nil {
		return fmt.Errorf("erasing again what the database holds of people who were erased: %w", err)
	}
	if l.erased.again = n; n.events+n.people > 0 {
		l.log.Warn().Uint64("events", n.events).Uint64("people", n.people).Uint64("left", n.left).
			Str("hint", "run `capibara compact` so that their bytes are gone as well").
			Msg("the database held people who were erased, as a backup does that was made before, and what an erasure had to leave; they were erased again")
		f.Owed = true
	}
	f.Again = n.left > 0
	return f.write(l.config)
}

// eraseLeft erases what an erasure had to leave, because the fate of its batch was not known, as soon as it is: what waits again must
// not be sent.
func (l *local) eraseLeft(ctx context.Context) error {
	l.erased.mu.Lock()
	defer l.erased.mu.Unlock()
	if f := l.erased.file; f != nil && f.Again {
		return l.eraseAgain(ctx, f)
	}
	return nil
}

// lookAgain keeps whether the database may hold people who were erased, and returns what was kept before.
func (e *erased) lookAgain(c *config, again bool) (before bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if before = e.file.Again; before == again {
		return before, nil
	}
	e.file.Again = again
	return before, e.file.write(c)
}

// swept counts what a sweep took out.
type swept struct{ events, people, left uint64 }

func (s swept) any() bool { return s.events+s.people+s.left > 0 }

// sweep erases all events and people that a suppression has.
func (l *local) sweep(ctx context.Context, who *event.Suppression) (n swept, err error) {
	var decoded event.Event
	d := l.erasing(operator())
	var seqs []uint64
	err = l.eachEvent(ctx, store.Filter{}, func(e *store.EventEntry) error {
		if e.Emptied == store.EmptiedErased || e.Damaged {
			return nil // a pruned one keeps its record key
		}
		decoded.Reset()
		if !who.HasEventID(e.EventID) && (decoded.DecodeBinary(e.Payload) != nil || !who.Has(&decoded.User)) {
			return nil
		}
		seqs = append(seqs, e.Seq)
		return nil
	})
	if err != nil {
		return n, err
	}
	for chunk := range slices.Chunk(seqs, eraseChunk) {
		done, err := l.db.Erase(ctx, chunk, d, l.now())
		if err != nil {
			return n, err
		}
		n.events, n.left = n.events+done.Changed, n.left+done.Left
	}
	n.people, err = l.db.ForgetPeople(ctx, personMatch(who.Has), d, l.now())
	return n, err
}
