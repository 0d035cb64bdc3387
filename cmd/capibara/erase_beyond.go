package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"capibara/store"
)

// beyondControl is something that an erasure cannot reach.
type beyondControl struct {
	What string     `json:"what"`           // backup, copy, moved, meta or source
	Path string     `json:"path,omitempty"` // of a backup or a copy
	At   *time.Time `json:"at,omitempty"`   // when it was made
	Say  string     `json:"say"`            // a sentence
}

// beyond lists what holds the people still, as far as anybody here can know.
func (l *local) beyond(ctx context.Context, found *foundEvents) ([]beyondControl, error) {
	all := []beyondControl{}
	err := l.reader().BackupsMade(ctx, func(e store.AuditEntry) {
		at := e.At.In(l.config.zone)
		if e.Kind == "moved" {
			all = append(all, beyondControl{What: "moved", At: &at, Say: fmt.Sprintf("The ledger was moved on %s, %s: the folder that it was moved from may still be there. Delete it.", l.config.day(e.At), e.Detail)})
			return
		}
		if e.Kind == "restored" { // the database does not know that this backup was made
			if _, named, ok := strings.Cut(e.Detail, "the backup "); ok {
				path, _, _ := strings.Cut(named, " took the place of ")
				all = append(all, beyondControl{"backup", path, &at, fmt.Sprintf("The backup %s, which was put back on %s, may hold hashes of the person. Replace it by a new one.%s", path, l.config.day(e.At), absent(path))})
			}
			return
		}
		i := strings.LastIndex(e.Detail, ", to ")
		if i < 0 {
			return
		}
		path := e.Detail[i+len(", to "):]
		all = append(all, beyondControl{"backup", path, &at, fmt.Sprintf("The backup %s of %s may hold hashes of the person. Replace it by a new one.%s", path, l.config.day(e.At), absent(path))})
	})
	if err != nil {
		return nil, err
	}
	copies, err := filepath.Glob(filepath.Join(l.config.Folders.Data, filepath.Base(l.config.database())+".*"))
	if err != nil {
		return nil, fmt.Errorf("looking for copies of the database: %w", err)
	}
	for _, path := range copies {
		if !slices.Contains([]string{compactedTemporary, restoredTemporary, restoredTemporary + ".compacting", temporaryDatabase}, filepath.Base(path)) {
			all = append(all, beyondControl{What: "copy", Path: path, Say: fmt.Sprintf("The copy %s of the database may hold hashes of the person. Delete it when it is no longer needed.", path)})
		}
	}
	if n := found.states[store.StateAcknowledged]; n > 0 {
		all = append(all, beyondControl{What: "meta", Say: fmt.Sprintf("Meta accepted %s, with hashed identifiers. What is there is deleted by Meta alone, on request.", counted(n, "event", "events"))})
	}
	return append(all, beyondControl{What: "source", Say: "The system that the exports come from, and copies of exports outside of its archive/ and rejected/, still hold the person. Take the person out there: a record that comes again is skipped here, and counted as person_erased."}), nil
}

// absent says that a file is not where it was written, "" when it is.
func absent(path string) string {
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return " It is not there now; it may lie elsewhere."
	}
	return ""
}

// quiet waits until nobody imports, copies or prunes and lets nobody begin before release is called.
func (l *local) quiet(ctx context.Context) (release func(), err error) {
	l.copying.Lock()
	if l.still == nil {
		return l.copying.Unlock, nil
	}
	others, err := l.still(ctx)
	if err != nil {
		l.copying.Unlock()
		return nil, err
	}
	return func() {
		others()
		l.copying.Unlock()
	}, nil
}
