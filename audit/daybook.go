package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"capibara/event"
	"capibara/store"
)

// overviewDays is how many days an overview shows.
const overviewDays = 30

// How a Daybook that is kept goes about it.
const (
	daybookPace   = 5 * time.Second        // between two looks at what is new
	daybookStint  = 50 * time.Millisecond  // it reads for so long, and lets others go on for as long
	countAtOnce   = 400 * time.Millisecond // for how long a count without a Daybook goes on
	recountsApart = 20                     // how many times as long as counting what expired took it is left alone
)

// Daybook keeps count of what became of events lately, so that nobody who asks for an overview waits for it, however large the
// ledger is. A batch that ended never changes, so that each is counted once; those that have no end yet, or one that a person may
// still change, are looked at again. What expired, which may be requeued, is counted anew when there is more or less of it. Make
// one in a process, and keep it while the process lives. It may be used from several goroutines.
type Daybook struct {
	store Store
	zone  *time.Location
	now   func() time.Time

	counting sync.Mutex // held by the one count that is under way; it guards all below but figures and lately
	batches  dayBatches
	expired  dayExpired
	sources  coverages
	figures  atomic.Pointer[figures] // what was counted last
	lately   lately                  // what a status looked for last
	rests    bool                    // it lets others go on now and then
	stint    time.Time               // when it began to read
	until    time.Time               // when a count has to end; the zero time never
}

// figures are what was counted, in days of the zone such as 2026-11-28.
type figures struct {
	sent, rejected, expired map[string]uint64
	sums                    map[string][]store.Sum
	sources                 []SourceCoverage
	whole                   bool
}

// errEnough ends a count whose time is over.
var errEnough = errors.New("the time for counting is over")

// NewDaybook returns a Daybook in which nothing is counted yet. zone is the one in which days begin; now is the clock.
func NewDaybook(s Store, zone *time.Location, now func() time.Time) *Daybook {
	d := &Daybook{store: s, zone: zone, now: now}
	d.batches.open, d.batches.days = map[uint64]bool{}, map[string]*dayTotals{}
	d.sources.bySource, d.sources.open = map[string]sourceSample{}, map[uint64]bool{}
	d.figures.Store(&figures{sources: []SourceCoverage{}})
	return d
}

// Keep counts until ctx is done. tell hears why something could not be counted, when that is not what it heard last.
func (d *Daybook) Keep(ctx context.Context, tell func(error)) {
	told := ""
	for {
		err := d.count(ctx, time.Time{}, true)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			told = ""
		} else if err.Error() != told {
			told = err.Error()
			tell(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(daybookPace):
		}
	}
}

// count brings the figures up to date, until then at the most; the zero time is no bound.
func (d *Daybook) count(ctx context.Context, until time.Time, rests bool) error {
	d.counting.Lock()
	defer d.counting.Unlock()
	d.until, d.rests, d.stint = until, rests, time.Now()
	counts, err := d.store.Counts(ctx, time.Time{})
	if err != nil {
		return fmt.Errorf("counting the events: %w", err)
	}
	var expired uint64
	for _, c := range counts.Datasets {
		expired += c.Events[store.StateExpired]
	}
	whole := true
	for _, part := range []func() error{
		func() error { return d.readBatches(ctx, counts.Batches) },
		func() error { return d.readSources(ctx, counts.Files) },
		func() error { return d.readExpired(ctx, expired) },
		func() error { return d.readWorth(ctx) },
	} {
		perr := part()
		if errors.Is(perr, errEnough) {
			whole = false
			continue
		}
		err = errors.Join(err, perr)
	}
	d.publish(whole && err == nil && !d.batches.damaged)
	return err
}

// breathe lets others go on now and then, and says when the time for counting is over.
func (d *Daybook) breathe(ctx context.Context) error {
	if !d.until.IsZero() && time.Now().After(d.until) {
		return errEnough
	}
	if d.rests && time.Since(d.stint) > daybookStint {
		d.publish(d.figures.Load().whole)
		select {
		case <-ctx.Done():
		case <-time.After(daybookStint):
		}
		d.stint = time.Now()
	}
	return ctx.Err()
}

// publish lets others see what is counted.
func (d *Daybook) publish(whole bool) {
	f := &figures{sent: map[string]uint64{}, rejected: map[string]uint64{}, sums: map[string][]store.Sum{}, expired: d.expired.days,
		sources: d.sources.shaped(), whole: whole}
	first := d.firstDay()
	for day, t := range d.batches.days {
		if day < first {
			delete(d.batches.days, day)
			continue
		}
		f.sent[day], f.rejected[day], f.sums[day] = t.sent, t.rejected, t.worth.Sums()
	}
	d.figures.Store(f)
}

// firstDay is the oldest day of an overview.
func (d *Daybook) firstDay() string { return d.day(d.now().In(d.zone).AddDate(0, 0, 1-overviewDays)) }

func (d *Daybook) day(t time.Time) string { return t.In(d.zone).Format(time.DateOnly) }

// dayExpired is what expired here, by the day of its deadline.
type dayExpired struct {
	days    map[string]uint64
	total   uint64 // how many events were expired in all when it was counted
	first   string // the oldest day then
	counted time.Time
	took    time.Duration
}

// readExpired counts what expired here, when that may have changed; what came too late does not count. total is how many events are
// expired in all.
func (d *Daybook) readExpired(ctx context.Context, total uint64) error {
	x, first, began := &d.expired, d.firstDay(), time.Now()
	since := began.Sub(x.counted)
	if x.days != nil && (since < recountsApart*x.took || x.total == total && x.first == first && since < time.Hour) {
		return nil
	}
	days := map[string]uint64{}
	from := d.now().AddDate(0, 0, -overviewDays)
	f := store.Filter{State: store.StateExpired, Since: from.Add(-event.MaxAgePhysicalStore), Limit: expiredPage}
	for total > 0 {
		page, err := d.store.Events(ctx, f)
		if err != nil {
			return fmt.Errorf("counting what expired: %w", err)
		}
		for i := range page.Items {
			if e := &page.Items[i]; !e.Late {
				if day := d.day(time.Unix(e.Deadline, 0)); day >= first {
					days[day]++
				}
			}
		}
		if page.Next == "" {
			break
		}
		f.Cursor = page.Next
		if err := d.breathe(ctx); err != nil {
			if errors.Is(err, errEnough) {
				x.days = days // what there was time for
			}
			return err
		}
	}
	*x = dayExpired{days: days, total: total, first: first, counted: began, took: time.Since(began)}
	return nil
}
