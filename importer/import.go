package importer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"capibara/event"
	"capibara/importer/receipt"
	"capibara/store"
)

// Config is what an importer works with.
type Config struct {
	Store    store.Importing
	Log      zerolog.Logger
	Home     string // paths of archive and rejected files are told relative to it
	Folders  Folders
	Receipts ReceiptFolder    // where the pages go that tell what became of a file
	Mappings []*Mapping       // the first that matches a file's name wins
	Now      func() time.Time // nil is time.Now
	Progress func(Progress)   // nil for none; called a few times a second
	// Outlook tells what happens next to the events of a dataset, by Meta's id, for the receipt; nil when nobody knows.
	Outlook func(ctx context.Context, dataset string) (receipt.Outlook, error)
	// Suppressed tells who was erased, asked anew for every file: records about them are skipped. nil is nobody.
	Suppressed func() *event.Suppression
}

// Folders are where files go, and with which permissions.
type Folders struct {
	Inbox, Archive, Rejected string      // absolute
	FileMode, DirMode        os.FileMode // 0 is 0600 and 0700
	RejectedMode             os.FileMode // of rejected files, and with it of their folders; 0 is FileMode and DirMode
	RejectedGroup            *int        // id of the group that they belong to; nil leaves them as they come
}

// Progress tells how far an import is.
type Progress struct {
	Name    string // base name of the file
	Records uint64 // that have their fate
	Bytes   int64  // of text that were read; more than Total when the file is in another encoding than UTF-8
	Total   int64  // bytes of text in the file: its size, unless it is compressed or a workbook
}

// Importer turns files into events. Several imports may run at once.
type Importer struct {
	c Config
}

// New returns an importer.
func New(c Config) *Importer {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Folders.FileMode == 0 {
		c.Folders.FileMode = 0o600
	}
	if c.Folders.DirMode == 0 {
		c.Folders.DirMode = 0o700
	}
	return &Importer{c: c}
}

// Input is a file to import.
type Input struct {
	Path    string
	Name    string   // base name to record; "" is the base of Path
	Folder  string   // folder of the inbox that it was dropped into, "" for the inbox itself
	Mapping *Mapping // nil finds it by folder and name
	Archive bool     // move the file to the archive, or to the rejected files, when it is done
}

// Import reads the file and queues its events. What happens, in this order: the file is hashed and checked to be text;
// it is registered; its records are committed in chunks; the rejects files are written and synced; the file gets its place
// in the archive; its receipt is written and synced; it is closed in the database; it is removed from where it was. After a
// crash at any point the same call ends cleanly: before the close the import goes on after the last chunk, writes the same
// rejects files and the same receipt again and finds the archived file in its place; after it, the records of the file are
// duplicates and the file is archived under its new number as well. So the database never names an archived file or a
// receipt that is not there.
//
// The error is a *RefusedError when the file as a whole is wrong; the Report then tells the file's number.
func (im *Importer) Import(ctx context.Context, in Input) (Report, error) {
	started := im.c.Now()
	if in.Name == "" {
		in.Name = filepath.Base(in.Path)
	}
	m := in.Mapping
	if m == nil {
		var err error
		if m, err = im.Find(ctx, in.Folder, in.Name); err != nil {
			return Report{}, err
		}
	}
	src, err := inspect(ctx, in.Path, in.Name, m.reading())
	var no *refusal
	if err != nil && !errors.As(err, &no) {
		return Report{}, err
	}
	file, openErr := im.c.Store.OpenFile(ctx, store.NewFile{Name: in.Name, Source: m.source.Name, SHA256: src.sha256,
		Size: src.size, Mapping: m.effective, HaltUntilClosed: m.limits.compare()}, started)
	if openErr != nil {
		return Report{}, fmt.Errorf("register %s: %w", in.Name, openErr)
	}
	p := &pass{im: im, mapping: m, in: src, file: file, now: started, report: newReport(file), suppressed: im.suppressed()}
	p.report.report.People = m.People()
	if p.forget, openErr = im.forgetting(p.suppressed); openErr != nil {
		return p.finish(), openErr
	}
	if err == nil {
		err = p.run(ctx)
	}
	if errors.As(err, &no) {
		return p.refuse(ctx, in, no)
	}
	if err != nil {
		return p.finish(), fmt.Errorf("import %s: %w", in.Name, err)
	}
	return p.close(ctx, in)
}

// close ends an import that went through.
func (p *pass) close(ctx context.Context, in Input) (Report, error) {
	rejects, err := p.writeRejects(ctx)
	if err != nil {
		return p.finish(), fmt.Errorf("import %s: %w", in.Name, err)
	}
	p.rejects = rejects
	p.report.report.RejectsBook, p.report.report.WithoutBook = p.im.relative(rejects.workbook), rejects.without
	mends, err := p.mended(ctx)
	if err != nil {
		return p.finish(), err
	}
	end := store.FileEnd{State: store.FileImported, Rejects: p.im.relative(rejects.path), Mends: mends}
	if !in.Archive {
		return p.closeAs(ctx, end, nil)
	}
	report, err := p.closeInPlace(ctx, in, p.im.archivePath(p.mapping, p.file), end, nil)
	if err != nil {
		return report, fmt.Errorf("archive %s: %w", in.Name, err)
	}
	return report, nil
}

// closeInPlace gives the file its place, or another name beside it when that is taken, closes it in the database and then
// removes it from where it was.
func (p *pass) closeInPlace(ctx context.Context, in Input, to string, end store.FileEnd, no *refusal) (Report, error) {
	kept, err := p.kept(ctx, in.Path, to)
	if err != nil {
		return p.finish(), err
	}
	if kept != "" {
		to = vacant(kept, to)
		end.ArchivedAs = p.im.relative(to)
		if kept != in.Path {
			end.ArchivedSHA256 = p.forget.sum
		}
		if no != nil {
			if err := p.im.writeReason(to, no); err != nil {
				return p.finish(), err
			}
		}
		if err := p.im.place(kept, to); err != nil {
			return p.finish(), err
		}
		if err := p.forget.done(); err != nil {
			return p.finish(), err
		}
	}
	if err := p.in.unchanged(); err != nil {
		if kept != "" {
			err = errors.Join(err, os.Remove(to))
		}
		return p.finish(), err
	}
	report, err := p.closeAs(ctx, end, no)
	if err != nil {
		return report, err
	}
	// What somebody appended in this very moment is not imported: the file stays where it is and is imported once more.
	if err := p.in.unchanged(); err != nil {
		return report, err
	}
	return report, removeSynced(in.Path)
}

// refuse ends an import of a file that is wrong as a whole.
func (p *pass) refuse(ctx context.Context, in Input, no *refusal) (Report, error) {
	mends, err := p.mended(ctx)
	if err != nil {
		return p.finish(), fmt.Errorf("refuse %s: %w", in.Name, err)
	}
	p.refused = true
	end := store.FileEnd{State: store.FileRefused, Reason: sentence(no.reason), Mends: mends}
	refused := &RefusedError{Name: in.Name, Reason: sentence(no.reason), Hint: no.hint}
	if !in.Archive {
		report, err := p.closeAs(ctx, end, no)
		if err != nil {
			return report, err
		}
		return report, refused
	}
	report, err := p.closeInPlace(ctx, in, p.im.refusedPath(p.mapping, p.file), end, no)
	if err != nil {
		return report, fmt.Errorf("move %s to the rejected files: %w", in.Name, err)
	}
	return report, refused
}

// closeAs writes the receipt, closes the file in the database and tells of it.
func (p *pass) closeAs(ctx context.Context, end store.FileEnd, no *refusal) (Report, error) {
	var err error
	if end.Halt, err = p.beyondUsual(ctx); err != nil {
		return p.finish(), fmt.Errorf("compare %s with the files before it: %w", p.file.Name, err)
	}
	p.report.report.Halt = end.Halt
	if end.Receipt, err = p.writeReceipt(ctx, end, no); err != nil {
		return p.finish(), err
	}
	closed, err := p.im.c.Store.CloseFile(ctx, p.file.Number, end, p.im.c.Now())
	if err != nil {
		return p.finish(), fmt.Errorf("close the import of %s: %w", p.file.Name, err)
	}
	p.file = closed
	report := p.finish()
	p.im.logFile(report)
	return report, nil
}

// logFile writes the one line that a file gets.
func (im *Importer) logFile(r Report) {
	f := r.File
	line := im.c.Log.Info()
	switch {
	case f.State == store.FileRefused:
		line = im.c.Log.Warn().Str("reason", f.Reason)
	case r.Halt != "":
		line = im.c.Log.Warn().Str("halted", r.Halt)
	case r.Large > 0:
		line = im.c.Log.Warn()
	}
	if r.Large > 0 {
		line.Uint64("halted_events", r.Large)
	}
	if r.Halt != "" || r.Large > 0 {
		line.Str("allow_with", fmt.Sprintf("capibara allow --file %d", f.Number)).Str("withdraw_with", fmt.Sprintf("capibara withdraw --file %d", f.Number))
	}
	line.Uint64("file", f.Number).Str("name", f.Name).Str("source", f.Source).Stringer("state", f.State).
		Uint64("records", f.Counts.Records).Uint64("accepted", f.Counts.Accepted).Uint64("duplicate", f.Counts.Duplicate).
		Uint64("conflict", f.Counts.Conflict).Uint64("expired", f.Counts.Expired).Uint64("skipped", f.Counts.Skipped).
		Uint64("rejected", f.Counts.Rejected).Uint64("replaced", r.Replacing).Uint64("taken_back", r.Retracting.Events()).Uint64("withdrawn_before", r.Withdrawn).
		Uint64("resumed", r.Resumed).Str("rejects_path", f.Rejects).
		Dur("elapsed", r.Elapsed).Msg("file " + f.State.String())
}
