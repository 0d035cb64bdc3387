package main

import (
	"context"
	"time"

	"capibara/audit"
	"capibara/store"
	"capibara/uploader"

	"github.com/rs/zerolog"
)

// schedule makes the schedule of uploads, with what its keeper knows; nil when none is configured.
func (c *config) schedule(k uploader.ScheduleConfig) (*uploader.Schedule, error) {
	if len(c.Schedule.Upload) == 0 {
		return nil, nil
	}
	k.Name, k.Specs, k.Zone, k.CatchUp = audit.UploadSchedule, c.Schedule.Upload, c.zone, c.Schedule.CatchUp
	s, err := uploader.NewSchedule(k)
	if err != nil {
		return nil, failed("write it as minute hour day month weekday, such as \"0 2 * * *\" for every night at two",
			"%s: %w", c.path, err)
	}
	return s, nil
}

// checkSchedule finds out whether the schedule can happen, without a database to remember its runs in.
func (c *config) checkSchedule(now func() time.Time) error {
	_, err := c.schedule(uploader.ScheduleConfig{Store: neverRuns{}, Run: func(context.Context) (string, error) { return "", nil }, Log: zerolog.Nop(), Now: now})
	return err
}

// neverRuns stands for the memory of a schedule that is only looked at.
type neverRuns struct{}

// LastRun knows of no run.
func (neverRuns) LastRun(context.Context, string) (store.Run, error) { return store.Run{}, nil }

// SetRun is never called.
func (neverRuns) SetRun(context.Context, string, store.Run) error { return nil }

// nextUrgent is when the schedule uploads next, for whoever must not wait for it; the zero time when there is none, the
// configuration says that everything waits, or nothing may be sent before somebody decides.
func (l *local) nextUrgent(after time.Time) time.Time {
	if l.next == nil || !l.config.Upload.Urgent || l.testimony.inDoubt() != nil {
		return time.Time{}
	}
	return l.next(after)
}

// datasetIDs are the names of the datasets and Meta's ids.
func (c *config) datasetIDs() map[string]string {
	ids := map[string]string{}
	for _, alias := range c.aliases() {
		if id := string(c.Datasets[alias].ID); id != "" {
			ids[alias] = id
		}
	}
	return ids
}
