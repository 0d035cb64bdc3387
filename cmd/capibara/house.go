package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"capibara/audit"
	"capibara/store"
	"capibara/store/bolt"
	"capibara/uploader"

	"github.com/rs/zerolog"
)

// house is what a command asks of a ledger, whether this process has it open or a running one is asked over its socket.
type house interface {
	Status(ctx context.Context) (audit.Status, error)
	Events(ctx context.Context, q audit.Query) (audit.List[audit.Event], error)
	// Search is Events for a search that may take long, or for a person.
	Search(ctx context.Context, q audit.Query, tell func(progress)) (audit.List[audit.Event], error)
	Batches(ctx context.Context, q audit.Query) (audit.List[audit.Batch], error)
	Files(ctx context.Context, q audit.Query) (audit.List[audit.File], error)
	ShowEvent(ctx context.Context, id string) ([]audit.EventStory, error)
	ShowBatch(ctx context.Context, n uint64) (audit.BatchStory, error)
	ShowFile(ctx context.Context, n uint64) (audit.FileStory, error)
	// Report reconciles a period.
	Report(ctx context.Context, q audit.ReportQuery, tell func(progress)) (audit.Report, error)
	// CheckDatabase reads the whole database and returns what does not agree.
	CheckDatabase(ctx context.Context) ([]string, error)
	// Verify reads the audit log and the whole database, and compares them with a head that was kept elsewhere; "" for none.
	Verify(ctx context.Context, kept string) (verification, error)

	// Import imports one file. The error is one that a person reads; the report is whole when it is nil.
	Import(ctx context.Context, o order, tell func(progress)) (fileReport, error)
	Upload(ctx context.Context, tell func(progress)) (uploader.Summary, error)
	DryRun(ctx context.Context) (uploader.DryRun, error)
	// Test sends made-up events with a test_event_code.
	Test(ctx context.Context, o uploader.TestOrder) (uploader.TestReport, error)
	// Try sends the first few events of a dataset, named by its id, before it is live.
	Try(ctx context.Context, dataset, by string, tell func(progress)) (uploader.Trial, error)
	// GoLive allows sending to a dataset, named by its id.
	GoLive(ctx context.Context, dataset, by string) error
	// Look tells what a decision would be about, and Decide carries it out.
	Look(ctx context.Context, v verdict) (verdictReport, error)
	Decide(ctx context.Context, v verdict) (verdictReport, error)
	// Resolve takes a person's word about a batch of unknown fate.
	Resolve(ctx context.Context, w resolution) (audit.Batch, error)
	// Allow lets go what is halted, and says how many events that lets go.
	Allow(ctx context.Context, k store.HaltKey, by string) (uint64, error)

	// Erase tells what is held of people, and erases it.
	Erase(ctx context.Context, o erasure, tell func(progress)) (erasureReport, error)
	// Subject tells all that is held of people.
	Subject(ctx context.Context, o subjectOrder, tell func(progress)) (subjectReport, error)

	// Evidence puts together what is known of the events with an event_id.
	Evidence(ctx context.Context, id string) (audit.Evidence, error)
	// PageToken keeps that somebody made or revoked a token of the page.
	PageToken(ctx context.Context, act pageTokenAct) error
	// TokenSet keeps that somebody put an access token of a dataset, named as in the configuration, in place.
	TokenSet(ctx context.Context, dataset, by string) error
	// Backup writes a copy of the database.
	Backup(ctx context.Context, o backupOrder) (backupReport, error)
	// Compact writes the database anew, without what is free in it.
	Compact(ctx context.Context, o compactOrder) (compactReport, error)

	Close() error
}

// order asks for the import of one file.
type order struct {
	Path    string    // absolute; "" when Content is read instead
	Name    string    // base name to record and to match sources by
	Source  string    // name of the source to read it with; "" finds it by name
	Content io.Reader // of standard input
}

// access is what a command wants to do with the ledger.
type access bool

const (
	toRead access = false
	toAct  access = true
)

// open returns the ledger of the configured home: through the socket of a running process when there is one, else by
// opening the database itself.
func (a *app) open(ctx context.Context, c *config, command string, want access) (house, error) {
	running, err := a.askRunning(ctx, c, want)
	if running != nil || err != nil {
		return running, err
	}
	log, err := a.logger(zerolog.WarnLevel)
	if err != nil {
		return nil, err
	}
	l, err := a.openLocal(ctx, c, command, want, log)
	if errors.Is(err, store.ErrLocked) {
		// The process that has it may have begun to serve meanwhile.
		if running, rerr := a.askRunning(ctx, c, want); running != nil || rerr != nil {
			return running, rerr
		}
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// askRunning returns the house that a running process serves; nil and no error when nobody serves.
func (a *app) askRunning(ctx context.Context, c *config, want access) (house, error) {
	conn, err := dialSocket(ctx, c)
	if conn == nil || err != nil {
		return nil, err
	}
	running := newClient(c, conn)
	if want == toAct {
		if err := a.agree(ctx, c, running); err != nil {
			return nil, errors.Join(err, running.Close())
		}
	}
	return running, nil
}

// visit loads the configuration, opens the ledger for as long as do takes, and closes it.
func (a *app) visit(ctx context.Context, command string, want access, do func(*config, house) error) (err error) {
	c, err := a.load()
	if err != nil && want == toRead {
		return a.visitRunning(ctx, err, do)
	}
	if err != nil {
		return err
	}
	h, err := a.open(ctx, c, command, want)
	if err != nil {
		return err
	}
	defer closing(&err, h, "the database")
	return explained(do(c, h))
}

// visitPerson is visit for a question about a person, which is kept in the audit log: by the running process, else by opening
// the database for writing. Where that cannot be, as for somebody who may only read, the answer says that it was not kept.
func (a *app) visitPerson(ctx context.Context, command string, _ access, do func(*config, house) error) (err error) {
	c, err := a.load()
	if err != nil {
		return a.visitRunning(ctx, err, do)
	}
	running, err := a.askRunning(ctx, c, toRead)
	if err != nil {
		return err
	}
	h := running
	if h == nil {
		log, lerr := a.logger(zerolog.WarnLevel)
		if lerr != nil {
			return lerr
		}
		l, oerr := a.openLocal(ctx, c, command, toAct, log)
		if oerr != nil { // opening it to read says what is wrong with it
			h, err = a.open(ctx, c, command, toRead)
		} else {
			h = l
		}
		if err != nil {
			return err
		}
	}
	defer closing(&err, h, "the database")
	return explained(do(c, h))
}

// visitRunning answers a question although the configuration cannot be read: a running process goes on with the one that
// it read when it started. Without such a process the configuration's error stands.
func (a *app) visitRunning(ctx context.Context, broken error, do func(*config, house) error) (err error) {
	path, home, err := a.locate()
	if err != nil {
		return broken
	}
	c := defaults()
	c.resolve(filepath.Dir(path), home)
	c.zone = time.UTC
	h, err := a.askRunning(ctx, &c, toRead)
	if h == nil || err != nil {
		return broken
	}
	defer closing(&err, h, "the connection to the running capibara")
	fmt.Fprintf(a.stderr, "note: %v; the running capibara answers, with the configuration as it was when it started\n", broken)
	return explained(do(&c, h))
}

// openLocal opens the database in this process. One that was moved elsewhere answers questions, and does nothing else.
func (a *app) openLocal(ctx context.Context, c *config, command string, want access, log zerolog.Logger) (*local, error) {
	l, err := a.openLedger(ctx, c, command, want, log)
	if err != nil {
		return nil, err
	}
	if d := l.testimony.inDoubt(); want == toAct && d != nil && d.kind == doubtRetired {
		return nil, errors.Join(failed(d.fix, "nothing was done: %s", d.why), l.Close())
	}
	if want == toAct {
		if err := l.noteConfiguration(ctx); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	return l, nil
}

// openLedger is openLocal for those who decide about the ledger as a whole.
func (a *app) openLedger(ctx context.Context, c *config, command string, want access, log zerolog.Logger) (*local, error) {
	if _, err := os.Stat(c.database()); errors.Is(err, os.ErrNotExist) {
		return nil, c.missingError()
	}
	if want == toAct {
		remark, err := c.steadyData()
		if err != nil {
			return nil, err
		}
		if remark != "" && command == "run" {
			log.Warn().Msg(remark)
		}
	}
	db, err := bolt.Open(c.database(), bolt.Options{ReadOnly: want == toRead})
	if errors.Is(err, store.ErrLocked) {
		return nil, lockedError(c)
	}
	if err != nil {
		return nil, err
	}
	l := &local{config: c, db: db, log: log, now: a.now}
	if l.testimony, err = testify(ctx, c, db, log, a.now); err != nil {
		if want == toAct {
			return nil, errors.Join(err, l.Close())
		}
		// Whoever only looks sees the damage where it is.
		log.Warn().Err(err).Msg("cannot tell whether this is the ledger that sent last")
	}
	if want == toAct {
		l.acts = true
		l.testimony.keep(ctx)
		// The note informs, and nothing depends on it: without it, as on a full disk, the work goes on.
		if err := (holder{PID: os.Getpid(), Command: command, Since: a.now().Truncate(time.Second)}).write(c); err != nil {
			log.Warn().Err(err).Msg("cannot leave a note of who has the database; other commands can only say that it is in use")
		} else {
			l.noted = true
		}
		if err := l.clearSpool(); err != nil {
			return nil, errors.Join(err, l.Close())
		}
		if d := l.testimony.inDoubt(); d == nil || d.kind != doubtRetired {
			if err := l.joinErased(ctx); err != nil {
				return nil, errors.Join(err, l.Close())
			}
		}
	} else if err := l.lookErased(ctx); err != nil {
		log.Warn().Err(err).Msg("cannot tell whether people who were erased are kept out")
	}
	return l, nil
}

// spoolPattern names the files that hold standard input while it is imported. They are raw personal data.
const spoolPattern = "stdin-*.tmp"

// clearSpool removes what killed commands left behind: standard input that was imported, and copies of the database that were to
// take its place, which may hold people who were erased since. Whoever writes one of them has the database.
func (l *local) clearSpool() error {
	left, err := filepath.Glob(filepath.Join(l.config.Folders.Data, spoolPattern))
	if err != nil {
		return err
	}
	for _, name := range []string{compactedTemporary, restoredTemporary, restoredTemporary + ".compacting"} {
		left = append(left, filepath.Join(l.config.Folders.Data, name))
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failed("", "removing what an interrupted command left behind: %w", err)
		}
	}
	return nil
}
