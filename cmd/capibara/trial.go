package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"capibara/uploader"
	"capibara/uploader/capi"
)

// Try sends the first few events of a dataset. It is a pass like any other, and one at a time; to the schedule it is no
// upload.
func (l *local) Try(ctx context.Context, dataset, by string, tell func(progress)) (uploader.Trial, error) {
	if err := l.testimony.maySend(); err != nil {
		return uploader.Trial{}, err
	}
	if err := unbound(ctx, l.db, l.config); err != nil {
		return uploader.Trial{}, err
	}
	u, err := l.upstream(ctx)
	if err != nil {
		return uploader.Trial{}, err
	}
	if !l.passing.TryLock() {
		return uploader.Trial{}, uploader.ErrBusy
	}
	defer l.passing.Unlock()
	defer l.audience.join(tell)()
	if err := l.eraseLeft(ctx); err != nil {
		return uploader.Trial{}, err
	}
	l.testimony.pass()
	defer l.testimony.keep(ctx)
	return u.Try(ctx, dataset, by)
}

// try sends the first events of a dataset and shows what Meta answered. It returns how many Meta received, and an error
// when that is not good enough to be asked whether the rest may follow.
func (a *app) try(ctx context.Context, h house, alias, id string, dry uploader.DryDataset) (received int, err error) {
	if dry.Events == 0 && dry.Open == 0 && dry.Wrong == 0 {
		a.line("\nNothing waits that could be tried.")
		return 0, nil
	}
	m := a.newMeter("go-live", "events")
	t, err := h.Try(ctx, id, operator(), m.tell)
	m.end()
	if err != nil && t.Requests == 0 {
		return 0, err
	}
	a.printTrial(t)
	return t.Acknowledged, errors.Join(err, trialOutcome(alias, t))
}

func (a *app) printTrial(t uploader.Trial) {
	if t.Idle() {
		a.line("\nNothing could be tried: what waits is not to be sent yet.")
		return
	}
	a.line("\nThe trial: Meta received %d of %s.", t.Acknowledged, counted(tried(t), "event", "events"))
	for _, r := range t.Answers {
		said := []string{r.End}
		if r.HTTPStatus != 0 {
			said = append(said, fmt.Sprintf("HTTP %d", r.HTTPStatus), fmt.Sprintf("events_received %d", r.EventsReceived))
		}
		if r.Code != 0 {
			said = append(said, "code "+codes(r.Code, r.Subcode))
		}
		a.line("  %s: %s", counted(r.Events, "event", "events"), printable(strings.Join(nonEmpty(append(said, traced(r.FBTraceID))...), ", ")))
		for _, text := range r.Messages {
			a.line("    Meta says: %s", printable(text))
		}
	}
	for _, r := range t.Refused {
		a.line("  refused: %s %s: %s", printable(r.EventName), printable(r.EventID), printable(r.Error))
		if entry, ok := capi.Explain(r.Code, r.Subcode); ok && r.Code != 0 {
			a.line("    %s %s", entry.Cause, entry.Person)
		}
	}
	if t.Acknowledged > 0 {
		a.line("They show in Events Manager within some minutes, in the overview of the dataset.")
	}
}

// tried counts the events of a trial, whatever became of them.
func tried(t uploader.Trial) int {
	return t.Acknowledged + t.Rejected + t.Unknown + t.Held + t.Released
}

// trialOutcome is why nobody is asked after a trial whether the rest may follow; nil when somebody is.
func trialOutcome(alias string, t uploader.Trial) error {
	err := uploadOutcome(t.Summary)
	var f *failure
	switch {
	case err == nil && t.Rejected > 0 && t.Acknowledged == 0:
		err = failed("mend the mapping by what Meta says, and run it again: `capibara explain CODE` says what a code means", "Meta took none of the first events")
	case err == nil:
		return nil
	}
	if errors.As(err, &f) {
		return &failure{code: f.code, hint: f.hint, err: fmt.Errorf("dataset %s is not live: %w", alias, f.err)}
	}
	return err
}
