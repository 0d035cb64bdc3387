package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// moveMark lies in the new home of a ledger for as long as the move is under way. While it is there nothing is sent from
// there.
type moveMark struct {
	Database string    `json:"database"` // its id
	From     string    `json:"from"`     // the home that it comes from
	To       string    `json:"to"`
	By       string    `json:"by"`
	At       time.Time `json:"at"`
}

func moveMarkPath(home string) string { return filepath.Join(home, ".capibara-move") }

// readMoveMark returns the mark of a move into a home; nil when there is none.
func readMoveMark(home string) (*moveMark, error) {
	text, err := os.ReadFile(moveMarkPath(home))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("finding out whether a ledger is being moved here: %w", err)
	}
	m := &moveMark{To: home}
	if json.Unmarshal(text, m) != nil {
		m.From = "another home" // half of it: the move begins again, and writes it whole
	}
	return m, nil
}

func (m moveMark) write() error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := writeWhole(moveMarkPath(m.To), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return syncFolder(m.To)
}

// doubt is why nothing is sent from a home that a ledger is being moved to.
func (m moveMark) doubt() *doubt {
	return &doubt{doubtMoving, fmt.Sprintf("the ledger of %s is being moved here, and that has not come to its end", m.From),
		fmt.Sprintf("run `capibara move %s --home %s` again, which goes on where it stopped", m.To, m.From)}
}
