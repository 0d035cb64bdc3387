package audit

import (
	"cmp"
	"context"
	"errors"
	"time"

	"capibara/store"
)

// ReportQuery says what a report is about. Every field is text as a person types it.
type ReportQuery struct {
	Month   string `json:"month,omitempty"` // such as 2026-11
	Day     string `json:"day,omitempty"`   // such as 2026-11-20
	Since   string `json:"since,omitempty"` // as in Query
	Until   string `json:"until,omitempty"` // as in Query
	By      string `json:"by,omitempty"`    // ByImportTime or ByEventTime; "" is the first
	Source  string `json:"source,omitempty"`
	Dataset string `json:"dataset,omitempty"` // alias or Meta's id
}

// The times that the period of a report may mean.
const (
	ByImportTime = "import-time" // the files whose import began in it, with all events that they brought
	ByEventTime  = "event-time"  // the events whose event_time lies in it, whichever file brought them
)

// Report is the reconciliation of a period: what became of every record of its files, and of every event that they brought.
type Report struct {
	By      string     `json:"by"`
	Since   *time.Time `json:"since"` // inclusive; null for no bound
	Until   *time.Time `json:"until"` // exclusive; null for no bound
	Zone    string     `json:"zone"`
	MadeAt  *time.Time `json:"made_at"`
	Source  string     `json:"source,omitempty"`  // it is about this source alone
	Dataset string     `json:"dataset,omitempty"` // its events are those of this dataset alone, by Meta's id
	// OK says that everything adds up; Problems say where it does not.
	OK       bool            `json:"ok"`
	Problems []ReportProblem `json:"problems"`
	Notes    []string        `json:"notes"` // sentences about what the figures do not hold
	// Records are those of all files; null by event time, because a record has none.
	Records *store.FileCounts `json:"records"`
	Sources []ReportSource    `json:"sources"`
	Files   []ReportFile      `json:"files"` // oldest first
	Events  EventCounts       `json:"events"`
	Worth   EventWorth        `json:"worth"`
	Groups  []EventGroup      `json:"groups"`
	Changed []ChangedEvents   `json:"changed"` // since they were sent
}

// ReportProblem is a place where two counts that must be equal are not.
type ReportProblem struct {
	File     uint64 `json:"file"`
	Name     string `json:"name"`
	What     string `json:"what"`     // a fate, records, events, worth or damaged
	Counted  string `json:"counted"`  // what the file says; "" when it cannot be read
	Found    string `json:"found"`    // what there is; "" when it cannot be read
	Sentence string `json:"sentence"` // where and what, without its full stop
}

// ReportSource is what became of the records of a source's files.
type ReportSource struct {
	Source  string            `json:"source"`
	Files   uint64            `json:"files"`
	Records *store.FileCounts `json:"records"`
	Reasons []ReasonCount     `json:"reasons"`
	Events  EventCounts       `json:"events"`
}

// ReportFile is what became of the records of one import.
type ReportFile struct {
	File      uint64            `json:"file"`
	Name      string            `json:"name"`
	Source    string            `json:"source"`
	State     string            `json:"state"`
	StartedAt *time.Time        `json:"started_at"`
	Records   *store.FileCounts `json:"records"`
	Reasons   []ReasonCount     `json:"reasons"`
	Events    EventCounts       `json:"events"`
}

// ReasonCount counts the records that were skipped or rejected for one reason.
type ReasonCount struct {
	Fate     string `json:"fate"`
	Reason   string `json:"reason"`
	Sentence string `json:"sentence"`
	Records  uint64 `json:"records"`
}

// EventCounts counts events: Events = Accepted + Late, and Accepted is the sum of the states.
type EventCounts struct {
	Events   uint64 `json:"events"`
	Late     uint64 `json:"late"`     // came too late to be sent, and were never accepted
	Accepted uint64 `json:"accepted"` // entered the outbox
	StateCounts
	Relied uint64 `json:"relied"` // of the acknowledged: an attempt before may have brought them too
}

// EventWorth is what events are worth, by currency and exactly; an event without an amount adds nothing.
type EventWorth struct {
	Accepted     []store.Sum `json:"accepted"`
	Acknowledged []store.Sum `json:"acknowledged"`
	Expired      []store.Sum `json:"expired"` // became too old here
	Late         []store.Sum `json:"late"`    // came too late
}

// EventGroup is the events of one source, name, action source and dataset.
type EventGroup struct {
	Source       string      `json:"source"`
	EventName    string      `json:"event_name"`
	ActionSource string      `json:"action_source"` // "" when its content was erased or is damaged
	Dataset      string      `json:"dataset"`
	Events       EventCounts `json:"events"`
	Worth        EventWorth  `json:"worth"`
}

// ChangedEvents are events that were sent, or may have been, and with which a later record disagrees.
type ChangedEvents struct {
	Kind    string      `json:"kind"` // changed, refunded or no_longer_qualified, by the last such record
	Events  uint64      `json:"events"`
	Sent    []store.Sum `json:"sent"` // what they were worth as they were sent
	Now     []store.Sum `json:"now"`  // what they are worth by the later records
	Unknown uint64      `json:"unknown"`
}

// Check finds what no outbox could answer, before one is opened: the error is a *UsageError.
func (q ReportQuery) Check() error {
	_, err := New(Config{}).period(q)
	return err
}

// period is the filter of a report without its dataset.
func (r *Reader) period(q ReportQuery) (f store.Filter, err error) {
	if q.By != "" && q.By != ByImportTime && q.By != ByEventTime {
		return f, &UsageError{"by", "write " + ByImportTime + " or " + ByEventTime}
	}
	given := 0
	for _, set := range []bool{q.Month != "", q.Day != "", q.Since != "" || q.Until != ""} {
		if set {
			given++
		}
	}
	if given > 1 {
		return f, &UsageError{"month", "name the period once: by --month, by --day, or by --since and --until"}
	}
	f.Source = q.Source
	switch {
	case q.Day != "":
		if f.Since, err = time.ParseInLocation("2006-01-02", q.Day, r.zone); err != nil {
			return f, &UsageError{"day", "write a day such as 2026-11-20"}
		}
		f.Until = f.Since.AddDate(0, 0, 1)
	case q.Since != "" || q.Until != "":
		if f.Since, err = r.parseInstant(q.Since, false); err != nil {
			return f, &UsageError{"since", err.Error()}
		}
		if f.Until, err = r.parseInstant(q.Until, true); err != nil {
			return f, &UsageError{"until", err.Error()}
		}
		if !f.Since.IsZero() && !f.Until.IsZero() && !f.Since.Before(f.Until) {
			return f, &UsageError{"until", "it is not after --since"}
		}
	default:
		month := cmp.Or(q.Month, r.now().In(r.zone).Format("2006-01"))
		if f.Since, err = time.ParseInLocation("2006-01", month, r.zone); err != nil {
			return f, &UsageError{"month", "write a month such as 2026-11"}
		}
		f.Until = f.Since.AddDate(0, 1, 0)
	}
	return f, nil
}

// Report reconciles a period. It reads in pages and never holds up an import; what changes meanwhile is counted once, as it
// was when it was read. tell hears how many of about how many events were read. The error is a *UsageError when the query
// cannot be read, and store.ErrNotFound when it names a source or a dataset that does not exist. That something does not
// add up is no error: the report says so.
func (r *Reader) Report(ctx context.Context, q ReportQuery, tell func(done, total uint64)) (Report, error) {
	f, err := r.period(q)
	if err != nil {
		return Report{}, err
	}
	if q.Source != "" {
		if _, err := r.Filter(ctx, Query{Source: q.Source}); err != nil {
			return Report{}, err
		}
	}
	w := newReporting(r, f, tell)
	if q.Dataset != "" {
		if w.dataset, err = r.datasetID(ctx, q.Dataset); err != nil {
			return Report{}, err
		}
	}
	w.out.By = cmp.Or(q.By, ByImportTime)
	if w.out.By == ByEventTime {
		err = w.events(ctx)
	} else {
		err = w.files(ctx)
	}
	if err != nil {
		return Report{}, err
	}
	return w.report(ctx, r.now())
}

// damagedAlone lets a report speak of a damaged record and of everything else.
func damagedAlone(err error) (damage string, other error) {
	if errors.Is(err, store.ErrCorrupt) {
		return err.Error(), nil
	}
	return "", err
}
