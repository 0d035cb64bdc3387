package uploader

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// TrialEvents is how many events a trial sends, at most: few enough to look at, and for Meta to show within minutes.
const TrialEvents = 10

// Trial is what came of the first few events of a dataset. They are real ones, and what is acknowledged stays so.
type Trial struct {
	Dataset string `json:"dataset"` // its alias
	ID      string `json:"id"`
	Summary
	Answers []Answer  `json:"answers"` // to every request, in their order
	Refused []Refused `json:"refused"` // events that Meta refused, or that were refused here
}

// Answer is what Meta answered to one request.
type Answer struct {
	Batch          uint64   `json:"batch"`
	Events         int      `json:"events"`
	End            string   `json:"end"` // as in an attempt
	HTTPStatus     int      `json:"http_status"`
	EventsReceived int      `json:"events_received"`
	Messages       []string `json:"messages"`
	Code           int      `json:"code"`
	Subcode        int      `json:"subcode"`
	FBTraceID      string   `json:"fbtrace_id"`
	Error          string   `json:"error"` // "" when acknowledged
}

// Refused is an event that was refused by itself.
type Refused struct {
	EventID   string `json:"event_id"`
	EventName string `json:"event_name"`
	Code      int    `json:"code"` // Meta's, 0 when it was refused here
	Subcode   int    `json:"subcode"`
	Error     string `json:"error"`
}

// Try makes a pass over one dataset, named by its id, that need not be live yet: it sends the TrialEvents most urgent of its
// events in one request, and more requests only to find out which of them Meta refuses. Before them it ends, as every
// pass does, what an earlier one left open. by is who asked for it, for the audit log, which has the beginning and the end.
// Its errors are those of Upload.
func (u *Uploader) Try(ctx context.Context, dataset, by string) (Trial, error) {
	d, err := u.dataset(dataset)
	if err != nil {
		return Trial{}, err
	}
	t := Trial{Dataset: d.Alias, ID: d.ID, Answers: []Answer{}, Refused: []Refused{}}
	note := func(detail string) error {
		return u.c.Store.Note(context.WithoutCancel(ctx), "trial", detail, u.c.Now())
	}
	if err := note(fmt.Sprintf("a trial of dataset %s with at most %d events was asked for by %s", d.ID, TrialEvents, by)); err != nil {
		return t, err
	}
	t.Summary, err = u.walk(ctx, &pass{u: u, most: TrialEvents, trial: &t})
	return t, errors.Join(err, note(t.detail(by, err)))
}

// take keeps what a person wants to see of an attempt. On the nil Trial of an upload it does nothing.
func (t *Trial) take(r result) {
	if t == nil {
		return
	}
	t.Refused = append(t.Refused, r.refused...)
	if !r.sent {
		return
	}
	a := attempt(r.outcome)
	t.Answers = append(t.Answers, Answer{Batch: r.batch.Number, Events: r.batch.Events, End: a.End, HTTPStatus: a.HTTPStatus,
		EventsReceived: a.EventsReceived, Messages: append([]string{}, a.Messages...), Code: a.Code, Subcode: a.Subcode,
		FBTraceID: a.FBTraceID, Error: a.Error})
}

// detail is what the audit log keeps of the end of a trial.
func (t *Trial) detail(by string, err error) string {
	said := fmt.Sprintf("the trial of dataset %s by %s ended: %d events acknowledged, %d rejected, %d of unknown fate in %d requests",
		t.ID, by, t.Acknowledged, t.Rejected, t.Unknown+t.Held, t.Requests)
	var traces []string
	for _, a := range t.Answers {
		if a.FBTraceID != "" {
			traces = append(traces, a.FBTraceID)
		}
	}
	if len(traces) > 0 {
		said += ", fbtrace_id " + strings.Join(traces, " ")
	}
	switch {
	case errors.Is(err, ErrBusy):
		said = fmt.Sprintf("the trial of dataset %s by %s was not made: an upload was under way", t.ID, by)
	case err != nil:
		said += "; it was cut short"
	case t.Stopped != nil:
		said += "; it was stopped: " + t.Stopped.Class
	}
	return said
}

// Idle reports whether there was nothing to send.
func (t *Trial) Idle() bool {
	return t.Requests == 0 && t.Rejected == 0 && t.Stopped == nil && t.Unknown == 0 && t.Held == 0
}
