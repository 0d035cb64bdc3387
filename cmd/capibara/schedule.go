package main

import (
	"context"
	"time"

	"capibara/audit"
	"capibara/store"
	"capibara/uploader"

	"github.com/rs/zerolog"
)

// schedule makes the schedule of uploads; nil when none is configured.
func (c *config) schedule(runs uploader.Runs, run func(context.Context) (string, error), again func(context.Context) (time.Time, error),
	log zerolog.Logger, now func() time.Time) (*uploader.Schedule, error) {
	if len(c.Schedule.Upload) == 0 {
		return nil, nil
	}
	s, err := uploader.NewSchedule(uploader.ScheduleConfig{Name: audit.UploadSchedule, Specs: c.Schedule.Upload, Zone: c.zone,
		CatchUp: c.Schedule.CatchUp, Store: runs, Run: run, Again: again, Log: log, Now: now})
	if err != nil {
		return nil, failed("write it as minute hour day month weekday, such as \"0 2 * * *\" for every night at two",
			"%s: %w", c.path, err)
	}
	return s, nil
}

// checkSchedule finds out whether the schedule can happen, without a database to remember its runs in.
func (c *config) checkSchedule(now func() time.Time) error {
	_, err := c.schedule(neverRuns{}, func(context.Context) (string, error) { return "", nil }, nil, zerolog.Nop(), now)
	return err
}

// neverRuns stands for the memory of a schedule that is only looked at.
type neverRuns struct{}

// LastRun knows of no run.
func (neverRuns) LastRun(context.Context, string) (store.Run, error) { return store.Run{}, nil }

// SetRun is never called.
func (neverRuns) SetRun(context.Context, string, store.Run) error { return nil }
