package uploader

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"capibara/store"

	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog"
)

// Runs remembers the runs of a schedule; see store.Uploading.
type Runs interface {
	LastRun(ctx context.Context, schedule string) (store.Run, error)
	SetRun(ctx context.Context, schedule string, r store.Run) error
}

// ScheduleConfig is what a Schedule needs. Again, Gather and Now may be nil.
type ScheduleConfig struct {
	Name    string         // under which its runs are remembered
	Specs   []string       // standard cron with five fields, a descriptor such as @daily, or @every 1h
	Zone    *time.Location // of the specs that name none with TZ=
	CatchUp bool           // run once at the start when a run was missed or cut off
	Store   Runs
	// Run does what is scheduled and says in a sentence what came of it.
	Run func(ctx context.Context) (summary string, err error)
	// Again says, at the start and after a run, when another one makes sense before the next scheduled one; the zero time
	// for never.
	Again func(ctx context.Context) (time.Time, error)
	// Gather comes before a run that makes up for one that was missed, while nobody was there or the machine slept: it
	// brings in what came meanwhile. It bounds its own time, and ends early when ctx is done.
	Gather func(ctx context.Context)
	// Urgent says, every minute while nothing runs, when a run should not wait for its time; the zero time for never. Nil is
	// allowed.
	Urgent func(ctx context.Context) (time.Time, error)
	Log    zerolog.Logger
	Now    func() time.Time
}

// Schedule runs something at the times that cron specifications name, one run at a time.
type Schedule struct {
	c     ScheduleConfig
	specs []cron.Schedule

	mu      sync.Mutex
	running bool
	next    time.Time // when the next run is due
	again   time.Time // when a run is due in between, zero for none
	late    bool      // that one makes up for a run that was missed

	wake    chan struct{} // a look is due now; it has room for one
	trouble string        // what the last run failed with, "" when it did not; only the run under way uses it
}

// NewSchedule returns a Schedule, or an error that says which specification cannot be used and why.
func NewSchedule(c ScheduleConfig) (*Schedule, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Zone == nil || c.Store == nil || c.Run == nil || c.Name == "" {
		return nil, errors.New("a schedule needs a name, a time zone, a store and something to run")
	}
	if len(c.Specs) == 0 {
		return nil, fmt.Errorf("the schedule %q has no time; give it one such as \"0 2 * * *\", every night at two", c.Name)
	}
	s := &Schedule{c: c, wake: make(chan struct{}, 1)}
	for _, text := range c.Specs {
		spec, err := parseSpec(text, c.Zone)
		if err != nil {
			return nil, fmt.Errorf("the schedule %q: %w", c.Name, err)
		}
		if spec.Next(c.Now()).IsZero() {
			return nil, fmt.Errorf("the schedule %q: %q never happens; there is no such day", c.Name, text)
		}
		s.specs = append(s.specs, spec)
	}
	return s, nil
}

// Next returns the first scheduled time after an instant.
func (s *Schedule) Next(after time.Time) time.Time {
	var first time.Time
	for _, spec := range s.specs {
		if at := spec.Next(after); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// lookEvery is how often the clock on the wall is compared with what is due. A timer alone would be late by the time
// that the machine slept, or by which its clock was set.
const (
	lookEvery = time.Minute
	// lookLate leaves it to the timer to be on time.
	lookLate = 10 * time.Second
	// missedBy is how late a run is that the machine slept through.
	missedBy = 3 * time.Minute
	// failedAgain is when a run that failed is made again, at the latest. What it failed with, such as a full disk, may pass.
	failedAgain = 15 * time.Minute
)

// Run runs what is scheduled until ctx is done, and returns after the run that is under way then has ended. The runs get
// ctx, and end gracefully when it does.
func (s *Schedule) Run(ctx context.Context) error {
	now := s.c.Now()
	missed, err := s.missed(ctx, now)
	if err != nil {
		return err
	}
	s.next = s.Next(now)
	if missed {
		s.again, s.late = now, true
	} else {
		s.again = s.askAgain(ctx) // what the process before was waiting for
	}
	log := cronLog{s.c.Log, s.c.Name}
	run := cron.NewChain(cron.Recover(log)).Then(cron.FuncJob(func() { s.due(ctx) }))
	clock := cron.New(cron.WithLocation(s.c.Zone), cron.WithLogger(log))
	for _, spec := range s.specs {
		clock.Schedule(spec, run)
	}
	var looks sync.WaitGroup
	look := func() {
		s.press(ctx)
		if s.overdue() {
			looks.Go(run.Run)
		}
	}
	clock.Start()
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for look(); ctx.Err() == nil; {
		select {
		case <-ticker.C:
			look()
		case <-s.wake:
			look()
		case <-ctx.Done():
		}
	}
	<-clock.Stop().Done()
	looks.Wait()
	return nil
}

// Soon makes a run due now, because something has changed that may let it through. When one is under way, another one
// follows it. It returns at once.
func (s *Schedule) Soon() {
	s.mu.Lock()
	s.again = s.c.Now()
	s.mu.Unlock()
	s.look()
}

// look has Run look at what is due.
func (s *Schedule) look() {
	select {
	case s.wake <- struct{}{}:
	default: // it is going to
	}
}

// missed reports whether a run was due while nobody was there to run it. A schedule that is met for the first time
// is remembered from now on, so that a machine that sleeps every night catches up from its second day.
func (s *Schedule) missed(ctx context.Context, now time.Time) (bool, error) {
	if !s.c.CatchUp {
		return false, nil
	}
	last, err := s.c.Store.LastRun(ctx, s.c.Name)
	if err != nil {
		return false, fmt.Errorf("look up the last run of the schedule %q: %w", s.c.Name, err)
	}
	since := last.ScheduledAt
	if last.StartedAt.After(since) {
		since = last.StartedAt
	}
	if since.IsZero() {
		if err := s.c.Store.SetRun(ctx, s.c.Name, store.Run{ScheduledAt: now}); err != nil {
			return false, fmt.Errorf("remember the schedule %q: %w", s.c.Name, err)
		}
		return false, nil
	}
	cutOff := !last.StartedAt.IsZero() && last.EndedAt.IsZero()
	due := s.Next(since)
	missed := cutOff || !due.IsZero() && !due.After(now)
	if missed {
		s.c.Log.Info().Str("schedule", s.c.Name).Time("due", due).Bool("cut_off", cutOff).Msg("a run was missed; catching up")
	}
	return missed, nil
}

// overdue reports whether a run was not begun by the timer, or is one that the timer knows nothing of.
func (s *Schedule) overdue() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.c.Now()
	if next := s.Next(now); !s.running && !next.IsZero() && s.next.After(next) { // the clock was set back
		s.next = next
	}
	return !s.running && (reached(s.next, now.Add(-lookLate)) || reached(s.again, now))
}

func reached(due, now time.Time) bool { return !due.IsZero() && !due.After(now) }

// take returns the time for which a run is due now, and looks ahead. Two specifications that meet make one run. missed
// says that it makes up for one.
func (s *Schedule) take() (due time.Time, missed, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.c.Now()
	switch {
	case s.running:
		if reached(s.next, now) {
			s.c.Log.Info().Str("schedule", s.c.Name).Msg("the run before is still under way; this one is left out")
		}
		return due, false, false
	case reached(s.next, now):
		due, missed = s.next, s.late || now.Sub(s.next) >= missedBy
	case reached(s.again, now):
		due, missed = s.again, s.late
	default:
		return due, false, false
	}
	s.running, s.next, s.again, s.late = true, s.Next(now), time.Time{}, false
	return due, missed, true
}

// leave ends a run. What was due while it lasted is left out.
func (s *Schedule) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running, s.next = false, s.Next(s.c.Now())
	s.look() // somebody may have asked for another run meanwhile
}

// due runs what is due.
func (s *Schedule) due(ctx context.Context) {
	due, missed, ok := s.take()
	if !ok {
		return
	}
	defer s.leave() // after a panic, too
	if ctx.Err() != nil {
		return
	}
	run := store.Run{ScheduledAt: due, StartedAt: s.c.Now()}
	s.remember(ctx, run)
	if missed && s.c.Gather != nil {
		s.c.Gather(ctx)
	}
	summary, err := s.c.Run(ctx)
	run.Summary = summary
	if ctx.Err() == nil || err == nil { // else it was cut off, and is caught up with
		run.EndedAt = s.c.Now()
	}
	if err != nil {
		run.Summary = strings.TrimSpace(summary + " It failed: " + err.Error())
	}
	s.tellTrouble(err)
	s.remember(ctx, run)
	if ctx.Err() != nil {
		return
	}
	again := s.askAgain(ctx)
	if err != nil && s.c.Again != nil {
		again = earlier(again, s.c.Now().Add(failedAgain))
	}
	s.mu.Lock()
	s.again = earlier(s.again, again) // it may have been asked for meanwhile
	s.mu.Unlock()
}

// askAgain asks when another run makes sense; the zero time for never.
func (s *Schedule) askAgain(ctx context.Context) time.Time {
	if s.c.Again == nil {
		return time.Time{}
	}
	again, err := s.c.Again(ctx)
	if err != nil {
		s.c.Log.Error().Str("schedule", s.c.Name).Err(err).Msg("cannot tell when to run again")
		return time.Time{}
	}
	return again
}

// tellTrouble logs that a run failed, once until it fails with something else or does not.
func (s *Schedule) tellTrouble(err error) {
	was := s.trouble
	if s.trouble = ""; err == nil {
		return
	}
	if s.trouble = err.Error(); s.trouble != was {
		s.c.Log.Error().Str("schedule", s.c.Name).Err(err).Msg("a scheduled run failed")
	}
}

// earlier is the first of two times, of which the zero time is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func (s *Schedule) remember(ctx context.Context, r store.Run) {
	if err := s.c.Store.SetRun(context.WithoutCancel(ctx), s.c.Name, r); err != nil {
		s.c.Log.Error().Str("schedule", s.c.Name).Err(err).Msg("cannot remember a run")
	}
}

// cronLog passes on what cron says that a person wants to know.
type cronLog struct {
	log  zerolog.Logger
	name string
}

// Info is called for every step, which nobody wants to know.
func (l cronLog) Info(string, ...any) {}

// Error is called for a panic.
func (l cronLog) Error(err error, msg string, _ ...any) {
	l.log.Error().Str("schedule", l.name).Err(err).Msg("a scheduled run ended in a " + msg)
}

// parseSpec reads one cron specification, with an optional TZ= of its own.
func parseSpec(text string, zone *time.Location) (cron.Schedule, error) {
	spec := strings.TrimSpace(text)
	for _, prefix := range []string{"CRON_TZ=", "TZ="} {
		rest, ok := strings.CutPrefix(spec, prefix)
		if !ok {
			continue
		}
		// Not left to the library: it panics when nothing follows.
		name, fields, _ := strings.Cut(rest, " ")
		own, err := time.LoadLocation(name)
		if err != nil || name == "" || strings.TrimSpace(fields) == "" {
			return nil, fmt.Errorf("%q does not name a time zone and a time, as in \"TZ=Europe/Amsterdam 0 2 * * *\"", text)
		}
		zone, spec = own, strings.TrimSpace(fields)
	}
	if strings.Contains(spec, "TZ=") {
		return nil, fmt.Errorf("%q names a time zone twice", text)
	}
	parsed, err := cron.ParseStandard(spec)
	if err != nil {
		return nil, fmt.Errorf("%q is not a time as cron writes it (minute hour day month weekday, such as \"0 2 * * *\"): %w", text, err)
	}
	switch s := parsed.(type) {
	case cron.ConstantDelaySchedule:
		if s.Delay < time.Minute {
			return nil, fmt.Errorf("%q is more often than once a minute", text)
		}
	case *cron.SpecSchedule:
		if s.Hour&everyHour == everyHour {
			s.Location = zone
			return s, nil
		}
		s.Location = time.UTC
		return wallClock{s, zone}, nil
	}
	return parsed, nil
}

// everyHour has a bit for each of the hours 0 to 23.
const everyHour = 1<<24 - 1

// wallClock is a specification that names hours. It happens once on every day that it names, which cron by itself does
// not achieve when clocks change: a time that is left out in spring comes as much later as the clock jumps, and of one
// that happens twice in autumn the first counts.
type wallClock struct {
	spec *cron.SpecSchedule // in UTC, standing for the clock on the wall
	zone *time.Location
}

// Next returns the first time after t; the zero time when there is none within five years.
func (w wallClock) Next(t time.Time) time.Time {
	for wall := onWall(t.In(w.zone)); ; {
		if wall = w.spec.Next(wall); wall.IsZero() {
			return time.Time{}
		}
		if at := w.instant(wall); at.After(t) {
			return at
		}
	}
}

// onWall is what the clock on the wall shows, as if it were UTC.
func onWall(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// instant is when the clock on the wall shows wall first, or would have shown it by the offset of before a jump.
func (w wallClock) instant(wall time.Time) time.Time {
	// Offsets of half a day on either side cover any change of clocks between.
	_, before := wall.Add(-14 * time.Hour).In(w.zone).Zone()
	at := wall.Add(-time.Duration(before) * time.Second).In(w.zone)
	if onWall(at).Equal(wall) {
		return at
	}
	_, after := wall.Add(14 * time.Hour).In(w.zone).Zone()
	if later := wall.Add(-time.Duration(after) * time.Second).In(w.zone); onWall(later).Equal(wall) {
		return later
	}
	return at
}
