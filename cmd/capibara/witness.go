package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"capibara/store/bolt"
)

// witness is what a home remembers of its ledger, outside of the database and of the data folder: how far the ledger came,
// and which file it is. A database that was restored, or copied with its home, is told by it.
type witness struct {
	Note     string    `json:"note"`
	Database string    `json:"database"` // its id, which a copy has as well
	Path     string    `json:"path"`     // of the database, in full
	Entry    uint64    `json:"audit_entry"`
	Hash     string    `json:"audit_hash"` // of that entry, in hex
	EntryAt  time.Time `json:"audit_at"`
	Batches  uint64    `json:"batches"`             // an intent to send adds no audit entry
	File     string    `json:"file,omitempty"`      // which file the database is, as fileIdentity tells; "" where it cannot be told
	Next     string    `json:"file_next,omitempty"` // which file it is after a compaction that is at its end
	At       time.Time `json:"at"`                  // when this was written
}

const witnessNote = "The database of this home knows what was sent, and this file remembers how far it came. Leave it where it is: " +
	"it shows when a database is an old copy, which would send everything again."

// plainMark opens the text that earlier versions left, which says no more than that there is a database.
const plainMark = "This home has a database since "

// witnessPath is where the witness lies. The data folder may be lost as a whole, or be a disk that is not mounted.
func (c *config) witnessPath() string { return filepath.Join(c.Home, ".capibara-ledger") }

// readWitness returns the witness of the home with the text that it was read from; nil when there is none that says how
// far the ledger came. The error is an unusableWitness when the text is none.
func (c *config) readWitness() (w *witness, text []byte, err error) {
	text, err = os.ReadFile(c.witnessPath())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, nil
	case err != nil:
		return nil, nil, &unusableWitness{err}
	case len(bytes.TrimSpace(text)) == 0 || strings.HasPrefix(string(text), plainMark):
		return nil, text, nil
	}
	w = new(witness)
	if err := json.Unmarshal(text, w); err != nil || w.Database == "" || w.Entry == 0 {
		return nil, text, &unusableWitness{errors.New("what is in it was not written by capibara")}
	}
	return w, text, nil
}

// unusableWitness is why a witness that is there says nothing.
type unusableWitness struct{ err error }

// Error is the sentence.
func (e *unusableWitness) Error() string { return e.err.Error() }

// Unwrap returns what the system says.
func (e *unusableWitness) Unwrap() error { return e.err }

// write replaces the witness of a home, as a whole and for good. It returns the text that is there now, nil when it is not
// this one.
func (w witness) write(path string) ([]byte, error) {
	w.Note = witnessNote
	text, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return nil, err
	}
	text = append(text, '\n')
	if err := writeWhole(path, text, 0o644); err != nil {
		// It may have its name and not be durable: then it is this process that changed it.
		if there, rerr := os.ReadFile(path); rerr != nil || !bytes.Equal(there, text) {
			text = nil
		}
		return text, err
	}
	return text, nil
}

// remembers reports whether the witness says already what another one would say.
func (w *witness) remembers(other witness) bool {
	return w != nil && w.Database == other.Database && w.Path == other.Path && w.Entry == other.Entry && w.Hash == other.Hash &&
		w.Batches == other.Batches && w.File == other.File && w.Next == other.Next
}

// witnessOf is what is to be remembered of a ledger.
func (c *config) witnessOf(id string, h bolt.Head, file string, now time.Time) witness {
	return witness{Database: id, Path: c.database(), Entry: h.Entry.N, Hash: fmt.Sprintf("%x", h.Entry.Hash), EntryAt: h.Entry.At,
		Batches: h.Batches, File: file, At: now.UTC().Truncate(time.Second)}
}
