// Package audit is the read side of Capibara: it answers what was sent, when, from which file and line, and what Meta
// said, in the shapes that the command line prints and the socket serves. It changes nothing.
package audit

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"capibara/store"
)

// Store is what an auditor needs of the outbox.
type Store interface {
	store.Reading
	Circuit(ctx context.Context, dataset string) (store.Circuit, error)
	Live(ctx context.Context, dataset string) (bool, error)
	LastRun(ctx context.Context, schedule string) (store.Run, error)
	Bound(ctx context.Context) (store.Binding, error)
	OpenBatches(ctx context.Context, dataset string) ([]store.Batch, error)
	Decisions(ctx context.Context, seq uint64) ([]store.DecisionEntry, error)
	Halts(ctx context.Context) ([]store.Halt, error)
	// AuditBytes calls yield for the entries of the audit log from number from on, with the bytes that each hash is of.
	AuditBytes(ctx context.Context, from uint64, yield func(store.AuditEntry, []byte) bool) error
}

// Dataset is a configured dataset.
type Dataset struct {
	Alias string // its name in the configuration
	ID    string // Meta's id
	Live  bool   // the configuration or a loopback endpoint allows sending without a person's word
}

// Config is what a Reader works with.
type Config struct {
	Store    Store
	Datasets []Dataset
	// Zone is the zone in which instants are written; nil means UTC.
	Zone *time.Location
	// NextUpload returns when the schedule uploads next; nil when nothing is scheduled.
	NextUpload func(after time.Time) time.Time
	// Graph is how the version of the Graph API stands; only the caller knows what is configured.
	Graph GraphStatus
	// Ledger says why nothing is sent of it; nil when nothing is wrong. Only the caller knows what its home remembers.
	Ledger *LedgerStatus
	// Lost says why people who were erased cannot be told any more, and what to do; nil when they can.
	Lost *LedgerStatus
	// Daybook has what an overview counts; nil has each overview count for itself.
	Daybook *Daybook
	// Rules returns the sources in force, in the order in which a file is offered to them; nil for none.
	Rules func() []SourceRule
	// MappingText writes a mapping, which is kept as JSON, as people read it; nil leaves it as it is.
	MappingText func(mapping string) string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Reader answers questions about the outbox. It may be used from several goroutines.
type Reader struct {
	store    Store
	datasets []Dataset
	zone     *time.Location
	next     func(time.Time) time.Time
	now      func() time.Time
	graph    GraphStatus
	ledger   *LedgerStatus
	lost     *LedgerStatus
	daybook  *Daybook
	rules    func() []SourceRule
	readable func(string) string

	unattended bool // no process works on the ledger
	scheduled  bool // one should, by the configuration's schedule
}

// New returns a Reader.
func New(c Config) *Reader {
	r := &Reader{store: c.Store, datasets: c.Datasets, zone: c.Zone, next: c.NextUpload, now: c.Now, graph: c.Graph, ledger: c.Ledger, lost: c.Lost,
		daybook: c.Daybook, rules: c.Rules, readable: c.MappingText}
	if r.zone == nil {
		r.zone = time.UTC
	}
	if r.readable == nil {
		r.readable = func(mapping string) string { return mapping }
	}
	if r.now == nil {
		r.now = time.Now
	}
	return r
}

// Unattended returns a Reader for a ledger that no process works on, which only the caller can know: a batch that is
// being sent was left behind by a process that ended, and a schedule of the configuration does not happen.
func (r *Reader) Unattended(scheduled bool) *Reader {
	alone := *r
	alone.unattended, alone.scheduled = true, scheduled
	return &alone
}

// UploadSchedule is the name under which the outbox keeps the last upload, by schedule or by hand.
const UploadSchedule = "upload"

// datasetID turns an alias into Meta's id, and lets an id through that the configuration or the outbox knows.
func (r *Reader) datasetID(ctx context.Context, name string) (string, error) {
	var aliases []string
	for _, d := range r.datasets {
		switch {
		case d.Alias == name && d.ID == "":
			return "", fmt.Errorf("dataset %s has no id yet, so nothing belongs to it: %w", name, store.ErrNotFound)
		case d.Alias == name, d.ID == name:
			return d.ID, nil
		}
		aliases = append(aliases, d.Alias)
	}
	// A dataset that the configuration names no longer has its history all the same.
	counts, err := r.store.Counts(ctx, time.Time{})
	if err != nil {
		return "", fmt.Errorf("looking for dataset %s: %w", name, err)
	}
	for _, d := range counts.Datasets {
		if d.Dataset == name {
			return name, nil
		}
	}
	return "", fmt.Errorf("no dataset is named %q, and none has this id; the configuration has %s: %w", name,
		cmp.Or(strings.Join(aliases, ", "), "none"), store.ErrNotFound)
}

// instant is t in the reader's zone, nil when there is none, cut to whole seconds: finer ones tell an auditor nothing.
func (r *Reader) instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.In(r.zone).Truncate(time.Second)
	return &t
}

func (r *Reader) unix(sec int64) *time.Time {
	if sec == 0 {
		return nil
	}
	return r.instant(time.Unix(sec, 0))
}
