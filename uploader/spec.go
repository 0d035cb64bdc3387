package uploader

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

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
