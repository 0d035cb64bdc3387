package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"capibara/store"
)

// holder is a note beside the database that says which process has it open. It is for people alone: the database's own
// lock decides, and a note that a killed process left behind is not read while nobody holds the lock.
type holder struct {
	PID     int       `json:"pid"`
	Command string    `json:"command"`
	Since   time.Time `json:"since"`
}

func holderPath(c *config) string { return filepath.Join(c.Folders.Data, "capibara.pid") }

// write leaves the note; the caller has the database open for writing. Half a note is none.
func (h holder) write(c *config) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := os.WriteFile(holderPath(c), append(text, '\n'), 0o600); err != nil {
		return errors.Join(err, clearHolder(c))
	}
	return nil
}

// clearHolder takes the note away before the database is closed.
func clearHolder(c *config) error {
	if err := os.Remove(holderPath(c)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// lockedError says who has the database.
func lockedError(c *config) error {
	hint := "wait until it has finished, then run the command again"
	who := "another process"
	var h holder
	if text, rerr := os.ReadFile(holderPath(c)); rerr == nil && json.Unmarshal(text, &h) == nil && h.PID > 0 {
		who = fmt.Sprintf("process %d (capibara %s, since %s)", h.PID, h.Command, h.Since.In(c.zone).Format("15:04:05"))
		if h.Command == "run" {
			hint = "it is starting or ending, or serves another user: try again in a moment, or stop it"
		}
	}
	return &failure{code: exitLocked, hint: hint, err: inUseError("the database " + c.database() + " is in use by " + who)}
}

// inUseError is store.ErrLocked with the name of who it is.
type inUseError string

// Error is the sentence.
func (e inUseError) Error() string { return string(e) }

// Is makes errors.Is find store.ErrLocked.
func (e inUseError) Is(target error) bool { return target == store.ErrLocked }
