package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"capibara/audit"
	"capibara/store/bolt"

	"github.com/spf13/cobra"
)

func newBackupCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write a copy of the database, also while capibara runs",
		Long: `Writes a copy of the database as it is at one moment into FILE, readable for you alone, and work goes on meanwhile. The
copy is written under another name, read back and opened, and gets its name only then: a file of that name is whole.
One that is there already is never written over.

The database holds hashed identifiers, and no configuration, token or archived file, nor .capibara-erased of the home, which
keeps people out who were erased: keep a copy of that too. Keep both on another machine.
An old copy does not know what was sent after it was made: "capibara restore" puts one back and sees to that.`,
		Example: `  capibara backup /mnt/backup/capibara-2026-11-28.db
  capibara backup "/mnt/backup/capibara-$(date +%F).db" --output json`,
		Args: arguments(1, 1, "the file to write"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.backup(cmd.Context(), args[0]) },
	}
	addOutput(a, cmd, asTable, asJSON)
	return cmd
}

// backupOrder asks for a copy of the database.
type backupOrder struct {
	Path string `json:"path"` // absolute; no file may be there
	By   string `json:"by"`
}

// backupReport is what was written, in the shape that --output json prints.
type backupReport struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	// Head is how far the ledger had come: number and hash of the last entry of the audit log, as `capibara verify --head`
	// takes them.
	Head    string    `json:"head"`
	EntryAt time.Time `json:"entry_at"` // of that entry
}

func (a *app) backup(ctx context.Context, file string) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("finding the file to write: %w", err)
	}
	return a.visit(ctx, "backup", toAct, func(c *config, h house) error {
		r, err := h.Backup(ctx, backupOrder{Path: path, By: operator()})
		if err != nil {
			return err
		}
		if a.output == asJSON {
			return writeJSON(a.stdout, r)
		}
		a.line("The database is copied to %s.", r.File)
		a.line("  size        %s bytes", grouped(r.Bytes))
		a.line("  SHA-256     %s", r.SHA256)
		a.line("  last entry  %s", c.day(r.EntryAt))
		a.line("  head        %s", r.Head)
		a.line("\nKeep it on another machine. `capibara restore FILE` puts it back; what is sent from now on it does not know.")
		if _, err := os.Lstat(c.erasedPath()); err == nil {
			a.line("Keep a copy of %s beside it: it keeps people out who were erased, and is not in the database.", c.erasedPath())
		}
		return nil
	})
}

// Backup writes a copy of the database.
func (l *local) Backup(ctx context.Context, o backupOrder) (r backupReport, err error) {
	l.copying.Lock()
	defer l.copying.Unlock()
	if err := l.config.backupPlace(o.Path); err != nil {
		return r, err
	}
	temporary := filepath.Join(filepath.Dir(o.Path), "."+filepath.Base(o.Path)+"-"+strconv.Itoa(os.Getpid())+".tmp")
	copied, err := l.db.Backup(ctx, temporary, o.Path)
	switch {
	case errors.Is(err, fs.ErrExist):
		return r, takenError(o.Path)
	case err != nil:
		return r, backupError(o.Path, err)
	}
	r = newBackupReport(o.Path, copied)
	if err := l.db.Note(ctx, "backup", fmt.Sprintf("by %s: up to entry %d, %d bytes with SHA-256 %x, to %s", o.By, copied.Head.Entry.N, copied.Size,
		copied.SHA256, o.Path), l.now()); err != nil {
		return r, failed(hintOf(err), "%s is whole, and that it was made could not be kept: %w", o.Path, err)
	}
	return r, nil
}

func newBackupReport(path string, c bolt.Copy) backupReport {
	return backupReport{File: path, Bytes: c.Size, SHA256: fmt.Sprintf("%x", c.SHA256), Head: audit.FormatHead(c.Head.Entry.N, c.Head.Entry.Hash),
		EntryAt: c.Head.Entry.At}
}

// backupPlace refuses a place that is taken, or where the copy would be taken for a file to import.
func (c *config) backupPlace(path string) error {
	if !filepath.IsAbs(path) {
		return misused("", "%s is no whole path", path)
	}
	if _, err := os.Lstat(path); err == nil {
		return takenError(path)
	}
	if inside(c.Folders.Inbox, path) {
		return failed("name a file elsewhere, best on another disk", "%s lies in the inbox, and what lies there is imported; nothing was written", path)
	}
	return nil
}

func takenError(path string) error {
	return failed("name a file that is not there, with the day in its name for instance", "%s is there already, and a backup is never written over; nothing was changed", path)
}

// backupError adds the way out to what the system says about the place of a backup.
func backupError(path string, err error) error {
	switch {
	case diskHint(err) != "":
		return failed("make room where the copy goes, or name another place; nothing was changed", "backing up to %s: %w", path, err)
	case errors.Is(err, fs.ErrNotExist):
		return failed("make the folder first, or mount the disk; nothing was changed", "backing up to %s: there is no folder %s", path, filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission):
		return failed("let the user who runs capibara write there; nothing was changed", "backing up to %s: %w", path, err)
	}
	return failed(hintOf(err), "backing up to %s: %w", path, err)
}

// Backup has the running process write a copy of the database. It writes the file as itself.
func (c *client) Backup(ctx context.Context, o backupOrder) (backupReport, error) {
	return asking[backupReport](ctx, c, "/v1/backup", o, func(progress) {})
}

// doBackup writes the copy that the body names.
func (s *server) doBackup(w http.ResponseWriter, r *http.Request) {
	var o backupOrder
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAsked)).Decode(&o); err != nil {
		writeFailure(w, http.StatusBadRequest, misused("", "this is no order for a backup"))
		return
	}
	o.By = caller(r.Context(), o.By)
	answerLong(w, r, patience, func(func(progress)) (any, error) { return s.house.Backup(s.alive, o) })
}
