package uploader

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"capibara/store"
	"capibara/uploader/capi"

	"github.com/rs/zerolog"
)

// ErrBusy says that a pass is under way already; a second one would only compete with it.
var ErrBusy = errors.New("an upload is under way already")

// The defaults of a Config.
const (
	DefaultInFlight     = 4
	DefaultResendWindow = 36 * time.Hour // Meta drops what it has seen for 48 hours; this stays well inside
	DefaultPatience     = 20 * time.Second
	DefaultGrace        = 10 * time.Second
)

// Outbox is the part of store.Outbox that an uploader uses.
type Outbox interface {
	store.Uploading
	store.Halting
	// Batch returns one batch; see store.Reading.
	Batch(ctx context.Context, n uint64) (store.Batch, error)
	// Counts counts events by dataset and state; see store.Reading.
	Counts(ctx context.Context, horizon time.Time) (store.Counts, error)
	// Expiring adds up pending events by their deadlines; see store.Reading.
	Expiring(ctx context.Context, dataset string, from, until time.Time) (store.Tally, error)
}

// Dataset is one dataset to send to.
type Dataset struct {
	Alias string                     // its name in the configuration, for messages
	ID    string                     // Meta's dataset id
	Token func() (capi.Token, error) // read again for every pass, so that a new token needs no restart
	// Live says that the configuration allows sending, or that the endpoint is this machine. Otherwise the store decides.
	Live bool
}

// Config is what an Uploader needs. Store, Client and Datasets are required; a zero elsewhere means the default.
type Config struct {
	Store        Outbox
	Client       *capi.Client
	Datasets     []Dataset
	Log          zerolog.Logger
	BatchEvents  int           // events a request, at most and by default capi.MaxEvents
	BatchBytes   int           // bytes of a request's body, by default capi.MaxBodyBytes; one event alone may exceed it
	InFlight     int           // requests at once, over all datasets
	MaxEvents    int           // new events that a pass sends, over all datasets; 0: all. For a first look at a few
	ResendWindow time.Duration // how long a batch of unknown fate may be sent again
	// ResendUnknown says whether it is sent again at all.
	ResendUnknown Resend
	// Column names the column of a source that a member such as custom_data.value is read from, "" when that cannot be told;
	// nil is allowed. It is for the sentence that says why a source was halted.
	Column func(source, member string) string
	// Next is when the next scheduled upload after an instant is, the zero time for never; nil when nothing is scheduled. With
	// it, Due says that an upload is due at once when events would become too old before.
	Next     func(after time.Time) time.Time
	Patience time.Duration    // how long a pass waits without progress, for each dataset; negative: not at all
	Grace    time.Duration    // how long requests under way may go on after the context of a pass is done
	Now      func() time.Time // time.Now when nil
	// Progress is called after every request that ended; nil is allowed. It must return quickly.
	Progress func(Progress)
}

// Resend says what becomes of a batch of unknown fate.
type Resend string

// The ways to deal with a batch of unknown fate.
const (
	ResendWithinWindow Resend = "within_window" // it is sent again as itself within Config.ResendWindow; the default
	ResendNever        Resend = "never"         // it is held for a person at once: rather an event too few than one twice
)

// Uploader empties the outbox. Its methods may be called from several goroutines.
type Uploader struct {
	c    Config
	pass sync.Mutex // held during a pass, which refuses another one
	// lanes has room for one: whoever works on the circuits, a pass, which waits for it, or a probe on a quiet day.
	lanes chan struct{}
	owed  []owed // settlements that the store did not take yet; guarded by pass
	haste haste
	build sync.Pool // of *builder

	version versionNote
	renewed renewedNote
}

// owed is an end that is known and could not be written down, for instance because the disk was full. While this process
// lives the batch is better settled with it than recovered as unknown.
type owed struct {
	settlement store.Settlement
	at         time.Time
}

// New returns an Uploader, or an error that says what of the configuration cannot be.
func New(c Config) (*Uploader, error) {
	if c.Store == nil || c.Client == nil {
		return nil, errors.New("an uploader needs a store and a client")
	}
	seen := map[string]string{}
	for _, d := range c.Datasets {
		if d.ID == "" || d.Token == nil {
			return nil, fmt.Errorf("dataset %q needs an id and an access token", d.Alias)
		}
		if other, twice := seen[d.ID]; twice {
			return nil, fmt.Errorf("datasets %q and %q have the same id %s; keep one of them", other, d.Alias, d.ID)
		}
		seen[d.ID] = d.Alias
	}
	if c.MaxEvents < 0 {
		return nil, fmt.Errorf("the events of a pass are %d; they must be positive", c.MaxEvents)
	}
	for _, n := range []struct {
		name  string
		value *int
		whole int
	}{{"events of a batch", &c.BatchEvents, capi.MaxEvents}, {"bytes of a batch", &c.BatchBytes, capi.MaxBodyBytes},
		{"requests in flight", &c.InFlight, DefaultInFlight}} {
		if *n.value < 0 {
			return nil, fmt.Errorf("the %s are %d; they must be positive", n.name, *n.value)
		}
		if *n.value == 0 {
			*n.value = n.whole
		}
	}
	if c.BatchEvents > capi.MaxEvents {
		return nil, fmt.Errorf("a batch of %d events is more than the %d that Meta takes in one request", c.BatchEvents, capi.MaxEvents)
	}
	if c.ResendWindow < 0 || c.ResendWindow > DefaultResendWindow {
		return nil, fmt.Errorf("a resend window of %s is not between 0 and %s: Meta recognises a repeated event for 48 hours only, and some of them pass on the way",
			c.ResendWindow, DefaultResendWindow)
	}
	c.ResendWindow = orElse(c.ResendWindow, DefaultResendWindow)
	switch c.ResendUnknown {
	case "", ResendWithinWindow:
	case ResendNever:
		c.ResendWindow = 0
	default:
		return nil, fmt.Errorf("%q is no way to deal with a batch of unknown fate; the ways are %s and %s", c.ResendUnknown,
			ResendWithinWindow, ResendNever)
	}
	c.Patience = max(orElse(c.Patience, DefaultPatience), 0)
	c.Grace = orElse(c.Grace, DefaultGrace)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Column == nil {
		c.Column = func(string, string) string { return "" }
	}
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	u := &Uploader{c: c, lanes: make(chan struct{}, 1)}
	u.build.New = func() any { return new(builder) }
	return u, nil
}

func orElse(d, whole time.Duration) time.Duration {
	if d == 0 {
		return whole
	}
	return d
}

// Recover is called once when the process starts, before the first pass: every batch whose process died while it was
// sending becomes one of unknown fate. It returns how many there were.
func (u *Uploader) Recover(ctx context.Context) (int, error) {
	batches, err := u.c.Store.Recover(ctx, u.c.Now())
	if err != nil {
		return 0, fmt.Errorf("recover the batches of the process before: %w", err)
	}
	for _, b := range batches {
		u.c.Log.Warn().Uint64("batch", b.Number).Str("dataset", b.Dataset).Int("events", b.Events).
			Msg("the process before ended while this batch was being sent; it is sent again as itself once the dataset answers")
	}
	return len(batches), nil
}

// settleOwed writes down the ends that the store did not take in an earlier pass.
func (u *Uploader) settleOwed(ctx context.Context) error {
	for len(u.owed) > 0 {
		o := u.owed[0]
		if _, err := u.c.Store.Settle(ctx, o.settlement, o.at); err != nil && !errors.Is(err, store.ErrStale) {
			return fmt.Errorf("settle batch %d of an earlier pass: %w", o.settlement.Batch, err)
		}
		u.owed = u.owed[1:]
	}
	return nil
}
