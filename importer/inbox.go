package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	defaultPoll   = 5 * time.Second
	defaultSettle = 10 * time.Second
	// slowestPoll is how seldom a folder is looked at while passes fail, slowestRetry how seldom a file is tried again.
	slowestPoll  = time.Minute
	slowestRetry = 5 * time.Minute
)

// InboxConfig says which folder is watched and who imports what is dropped there.
type InboxConfig struct {
	Importer fileImporter  // an *Importer
	Dir      string        // the folder, absolute
	Owner    string        // whose ledger the files go to: letters and digits; what another owner claimed is left to it. "" for anybody
	Receipts string        // the folder of receipts, which may lie in Dir and is no source's; "" without one
	Poll     time.Duration // from one look to the next; 0 is 5 s
	Settle   time.Duration // how long size and time of a file must stand still before it is taken; 0 is 10 s
	Log      zerolog.Logger
	Now      func() time.Time // nil is time.Now
}

// fileImporter is what an inbox needs of an [Importer].
type fileImporter interface {
	Find(ctx context.Context, folder, name string) (*Mapping, error)
	InFolder(folder string) (*Mapping, bool)
	Import(ctx context.Context, in Input) (Report, error)
	patterns() []string
	sourceNames() []string
	resembles(path, name string) string
}

// Inbox imports the files that are dropped into a folder.
//
// The folder is polled, because network shares do not tell when something changes. A file is taken when it is complete
// as far as anybody can see (see [Inbox.Sweep]), and claimed by renaming it into a folder of its own below .claimed/,
// which exactly one process can do. From there it is imported and archived. Whatever is found below .claimed/ was
// claimed by a process that did not finish, and goes first; the ledger knows how far it came.
//
// A folder in the inbox whose name is a source's holds files of that source, whatever they are named; see inbox_folders.go.
//
// When several ledgers share a folder, a file that one of them has claimed is never taken by another: half of its records may
// be in the first one, and both would send them.
//
// A file that cannot be taken stays where it is and is named by [Inbox.Waiting]. A file whose import failed for a reason
// that is not its own (a locked database, a full disk) stays claimed and is tried again, ever more seldom up to every five
// minutes. No file is ever deleted here.
type Inbox struct {
	c    InboxConfig
	turn chan struct{} // holds one token; whoever has it makes a pass

	// The following belong to whoever makes a pass.
	seen   map[string]sight   // by path: since when a file looks as it does
	failed map[string]failure // by path: claimed files whose last import failed
	told   map[string]string  // by path: the sentence that was logged
	alike  map[string]alike   // by path: what a file that fits no source resembles

	mu       sync.Mutex
	waiting  []string
	settling bool          // the last pass left a file to the next one, because it may still be written
	begun    int           // passes that began
	ended    int           // the number of the last that ended
	trouble  error         // of that one
	turned   chan struct{} // closed when a pass ends, and made anew
}

// NewInbox returns an inbox. It touches nothing; a folder that does not exist is an error of Sweep.
func NewInbox(c InboxConfig) (*Inbox, error) {
	if c.Poll == 0 {
		c.Poll = defaultPoll
	}
	if c.Settle == 0 {
		c.Settle = defaultSettle
	}
	if c.Poll < 0 || c.Settle < 0 {
		return nil, fmt.Errorf("inbox: poll %s and settle %s must not be negative", c.Poll, c.Settle)
	}
	if c.Importer == nil || c.Dir == "" {
		return nil, errors.New("inbox: needs an importer and a folder")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	b := &Inbox{c: c, turn: make(chan struct{}, 1), turned: make(chan struct{}),
		seen: map[string]sight{}, failed: map[string]failure{}, told: map[string]string{}, alike: map[string]alike{}}
	b.turn <- struct{}{}
	return b, nil
}

// Run makes a pass every Poll until ctx is done, then returns nil. While passes fail it makes them ever more seldom, up
// to once a minute; a failure is logged when it begins and when it changes.
func (b *Inbox) Run(ctx context.Context) error {
	wait, trouble := b.c.Poll, ""
	for {
		_, err := b.Sweep(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			if text := causes(err); text != trouble {
				b.c.Log.Error().Err(err).Str("folder", b.c.Dir).Msg("The inbox cannot be worked off; it is tried again.")
				trouble = text
			}
			wait = max(b.c.Poll, min(2*wait, slowestPoll))
		case trouble != "":
			b.c.Log.Info().Str("folder", b.c.Dir).Msg("The inbox is worked off again.")
			wait, trouble = b.c.Poll, ""
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}

// causes is what went wrong without the files that it went wrong with, of which there may be others every time.
func causes(err error) string {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err.Error()
	}
	var all []string
	for _, e := range joined.Unwrap() {
		if inner := errors.Unwrap(e); inner != nil {
			e = inner
		}
		all = append(all, e.Error())
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "; ")
}

// Sweep makes one pass: it imports every file that is ready, those of people before all others, because the others may
// join them, then the ones that an earlier process left behind, then the oldest first. A file that joins people waits
// while one of people is still being written. It returns their reports, those of refused files included. The error joins
// what went wrong with files that are tried again, and is what kept the pass from beginning or going on. A second call at
// the same time waits for the first.
//
// A file is ready when a source claims it, it is a regular file, its name is not that of an unfinished download, it
// does not end in zero bytes as a half-copied file does, and its size and time of change have stood still for Settle:
// as this inbox saw it, or by the clock of the file system that holds it, so that a single pass need not wait.
func (b *Inbox) Sweep(ctx context.Context) (reports []Report, err error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-b.turn:
	}
	defer func() { b.turn <- struct{}{} }()
	s := sweep{inbox: b, present: map[string]bool{}}
	b.begin()
	defer func() { b.end(s.settling, err) }()
	defer s.close()
	files, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range s.parkUnfit(ctx, files) {
		if ctx.Err() != nil || s.failures == failuresInARow {
			break
		}
		s.take(ctx, f)
	}
	b.keep(s)
	if ctx.Err() != nil {
		return s.reports, ctx.Err()
	}
	return s.reports, errors.Join(s.errs...)
}

// Waiting names the files that the last pass could not take, each with the reason in a sentence, in the order of the
// folder.
func (b *Inbox) Waiting() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.waiting)
}

// peopleFirst orders files of people before others.
func peopleFirst(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return -1
	}
	return 1
}

func older(x, y found) int {
	return cmp.Or(x.info.ModTime().Compare(y.info.ModTime()), cmp.Compare(x.name, y.name))
}

// keep forgets the files that are gone and publishes what waits.
func (b *Inbox) keep(s sweep) {
	gone := func(path string) bool { return !s.present[path] }
	maps.DeleteFunc(b.seen, func(path string, _ sight) bool { return gone(path) })
	maps.DeleteFunc(b.failed, func(path string, _ failure) bool { return gone(path) })
	maps.DeleteFunc(b.told, func(path, _ string) bool { return gone(path) })
	maps.DeleteFunc(b.alike, func(path string, _ alike) bool { return gone(path) })
	b.mu.Lock()
	b.waiting = s.waiting
	b.mu.Unlock()
}
