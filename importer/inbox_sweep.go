package importer

import (
	"context"
	"errors"
	"path/filepath"
	"time"
)

// failuresInARow end a pass: one file's trouble may be its own, two in a row are everybody's, such as a full disk or
// a locked database, and taking more files would only move them about.
const failuresInARow = 2

// failure is a failed import of a claimed file.
type failure struct {
	err   error
	delay time.Duration
	again time.Time // not before this
}

// sweep is one pass over the folder.
type sweep struct {
	inbox    *Inbox
	places   []*claims       // of the inbox and of the folders in it
	present  map[string]bool // paths that are there
	reports  []Report
	errs     []error
	failures int // in a row
	waiting  []string
	settling bool   // a file is left to the next pass, because it may still be written
	coming   string // a file of people that is still being written, as far as anybody can tell, or whose import failed; "" for none
}

// parkUnfit returns the files that may be taken. It comes before any import, so that a pass that ends early has still
// named all the others.
func (s *sweep) parkUnfit(ctx context.Context, files []found) []found {
	fit := files[:0]
	for _, f := range files {
		s.present[f.path] = true
		if why := s.inbox.unfit(ctx, f); why != "" {
			s.park(f, why)
			continue
		}
		if f.people && s.inbox.failed[f.path].err != nil {
			s.coming = f.name
		}
		fit = append(fit, f)
	}
	return fit
}

// take imports f when it is ready.
func (s *sweep) take(ctx context.Context, f found) {
	b := s.inbox
	if last := b.failed[f.path]; last.err != nil && b.c.Now().Before(last.again) {
		s.retryLater(f, last)
		return
	}
	stands, err := b.settled(f)
	if err != nil {
		s.fail(err)
		return
	}
	if !stands {
		s.settling = true
		if f.people {
			s.coming = f.name
		}
		return
	}
	if f.joins && s.coming != "" {
		s.park(f, "waits for the people in "+printable(s.coming)+", who are not imported yet.")
		return
	}
	ready, why := b.complete(f)
	if why != "" {
		s.park(f, why)
	}
	if !ready {
		if f.people && b.c.Now().Sub(b.seen[f.path].since) < cutShort {
			s.coming = f.name
		}
		return
	}
	if !f.claimed {
		claimed, err := f.from.claim(f)
		if err != nil {
			s.fail(err)
			return
		}
		if claimed == nil {
			return
		}
		claimed.people, claimed.joins = f.people, f.joins
		f = *claimed
		s.present[f.path] = true
	}
	s.load(ctx, f)
}

// load imports the claimed file f.
func (s *sweep) load(ctx context.Context, f found) {
	b := s.inbox
	report, err := b.c.Importer.Import(ctx, Input{Path: f.path, Name: f.name, Folder: f.from.folder, Archive: true})
	if _, refused := errors.AsType[*RefusedError](err); err != nil && !refused {
		if ctx.Err() == nil {
			s.failed(f, err)
		}
		if f.people {
			s.coming = f.name
		}
		return
	}
	s.failures = 0
	s.reports = append(s.reports, report)
	delete(s.present, f.path)
	f.from.finish(f)
}

// failed remembers that the import of f failed; the next try comes after twice the time.
func (s *sweep) failed(f found, err error) {
	b := s.inbox
	last := b.failed[f.path]
	delay := min(max(2*last.delay, b.c.Poll), slowestRetry)
	b.failed[f.path] = failure{err, delay, b.c.Now().Add(delay)}
	s.failures++
	s.retryLater(f, b.failed[f.path])
}

func (s *sweep) retryLater(f found, last failure) {
	s.errs = append(s.errs, last.err)
	s.waiting = append(s.waiting, f.shown()+" is tried again, because its import failed: "+last.err.Error()+".")
}

func (s *sweep) fail(err error) {
	s.failures++
	s.errs = append(s.errs, err)
}

// park leaves f where it is and tells Waiting why, and the log once.
func (s *sweep) park(f found, why string) {
	sentence := f.shown() + " " + why
	if f.claimed {
		sentence += " It was claimed before and lies in " + printable(filepath.Dir(f.path)) + "."
	}
	s.tell(f, sentence)
}

// tell tells Waiting, and the log once.
func (s *sweep) tell(f found, sentence string) {
	s.waiting = append(s.waiting, sentence)
	if b := s.inbox; b.told[f.path] != sentence {
		b.told[f.path] = sentence
		b.c.Log.Warn().Str("name", printable(f.name)).Msg("A file stays in the inbox: " + sentence)
	}
}
