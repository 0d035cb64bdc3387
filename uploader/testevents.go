package uploader

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"capibara/event"
	"capibara/uploader/capi"
)

// testPerson is whom the events of a test are about: an address of example.com, which is reserved and nobody has.
const testPerson = "capibara-test@example.com"

// TestKind is a kind of event to test a dataset with.
type TestKind struct {
	EventName       string             `json:"event_name"`
	ActionSource    event.ActionSource `json:"action_source"`
	LeadEventSource string             `json:"lead_event_source,omitempty"` // "" for none
	Currency        string             `json:"currency,omitempty"`          // of the value, where the event needs one
}

// TestOrder is a person's order to test a dataset.
type TestOrder struct {
	Dataset string     `json:"dataset"` // Meta's id
	Code    string     `json:"test_event_code"`
	By      string     `json:"by"` // who, for the audit log
	Kinds   []TestKind `json:"kinds"`
}

// TestReport is what came of a test. Nothing in it is an event of a customer.
type TestReport struct {
	Dataset        string      `json:"dataset"` // its alias
	ID             string      `json:"id"`
	Events         []TestEvent `json:"events"`
	Requests       int         `json:"requests"`
	EventsReceived int         `json:"events_received"` // of all of them, as Meta counted
	Note           string      `json:"note"`            // what to bear in mind, a sentence
}

// TestEvent is one event of a test, and what Meta answered to the last request that held it.
type TestEvent struct {
	EventID      string             `json:"event_id"`
	EventName    string             `json:"event_name"`
	ActionSource event.ActionSource `json:"action_source"`
	End          string             `json:"end"` // as in an attempt; acknowledged when Meta received it
	HTTPStatus   int                `json:"http_status"`
	Class        string             `json:"class"` // of the error, as in Stop; "" when it was received
	Code         int                `json:"code"`
	Subcode      int                `json:"subcode"`
	FBTraceID    string             `json:"fbtrace_id"`
	Messages     []string           `json:"messages"`
	Error        string             `json:"error"` // "" when it was received

	json []byte
}

// testCode is what a test_event_code looks like, such as TEST12345. It is kept loose: Meta does not say.
var testCode = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// CheckTestCode refuses a text that cannot be a test_event_code.
func CheckTestCode(code string) error {
	if !testCode.MatchString(code) {
		return errors.New("this is no test event code; it is a word such as TEST12345, and Events Manager shows it under Test events")
	}
	return nil
}

// MayCount says in a sentence what a test of so many events may do at Meta.
func MayCount(n int) string {
	which := fmt.Sprintf("these %d events", n)
	if n == 1 {
		which = "this event"
	}
	return "Meta may count " + which + ": a test event code shows them under Test events, and does not keep them out of measurement."
}

// Test sends one made-up event of every kind to a dataset, with a test_event_code: about a person that nobody is, of this
// moment, in one request. When Meta refuses them for one of them, each is sent by itself, so that it shows which. It needs
// no dataset that is live, makes no batch and acknowledges nothing; the audit log has its beginning and its end. The error
// says that it could not be made, or written down; what Meta answered is in the report.
func (u *Uploader) Test(ctx context.Context, o TestOrder) (r TestReport, err error) {
	d, err := u.dataset(o.Dataset)
	if err != nil {
		return r, err
	}
	if err := CheckTestCode(o.Code); err != nil {
		return r, err
	}
	if len(o.Kinds) == 0 || len(o.Kinds) > capi.MaxEvents {
		return r, fmt.Errorf("a test of %d kinds of events is not made", len(o.Kinds))
	}
	token, err := d.Token()
	if err != nil {
		return r, err
	}
	r = TestReport{Dataset: d.Alias, ID: d.ID, Note: MayCount(len(o.Kinds))}
	if r.Events, err = testEvents(o.Kinds, u.c.Now()); err != nil {
		return r, err
	}
	note := func(detail string) error {
		return u.c.Store.Note(context.WithoutCancel(ctx), "test", detail, u.c.Now())
	}
	// Before it is sent, like everything that leaves.
	if err := note(fmt.Sprintf("a test of dataset %s with %d made-up events, %s and so on, was asked for by %s", d.ID, len(r.Events), r.Events[0].EventID, o.By)); err != nil {
		return r, err
	}
	send := func(events []TestEvent) capi.End {
		parts := make([][]byte, len(events))
		for i := range events {
			parts[i] = events[i].json
		}
		out := u.c.Client.Send(ctx, d.ID, token, u.c.Client.TestBody(nil, parts, o.Code), len(parts))
		for i := range events {
			events[i].answered(out)
		}
		r.Requests++
		r.EventsReceived += out.EventsReceived
		return out.End
	}
	if send(r.Events) == capi.InvalidEvent && len(r.Events) > 1 {
		for i := range r.Events {
			if end := send(r.Events[i : i+1]); end != capi.Acknowledged && end != capi.InvalidEvent {
				break // the account, not the event
			}
		}
	}
	return r, note(r.detail(o.By))
}

// dataset finds one that is configured by its id.
func (u *Uploader) dataset(id string) (Dataset, error) {
	for _, d := range u.c.Datasets {
		if d.ID == id {
			return d, nil
		}
	}
	return Dataset{}, fmt.Errorf("no dataset with the id %q is configured", id)
}

// testEvents makes the events of a test, all of which Meta should accept.
func testEvents(kinds []TestKind, now time.Time) ([]TestEvent, error) {
	var chance [6]byte
	if _, err := rand.Read(chance[:]); err != nil {
		return nil, fmt.Errorf("make the ids of a test: %w", err)
	}
	var all []TestEvent
	for i, k := range kinds {
		e := event.Event{Name: k.EventName, Time: now.Unix(), ActionSource: k.ActionSource,
			ID: fmt.Sprintf("cb-test-%s-%s-%d", now.UTC().Format("20060102T150405"), hex.EncodeToString(chance[:]), i+1)}
		e.User.AddHash(event.Email, sha256.Sum256([]byte(testPerson)))
		if k.LeadEventSource != "" {
			e.Custom.EventSource, e.Custom.LeadEventSource = "crm", k.LeadEventSource
		}
		switch k.ActionSource {
		case event.SourcePhysicalStore:
			// By which Meta tells two sales of one person and one second apart.
			e.Custom.OrderID = e.ID
		case event.SourceWebsite:
			e.SourceURL = "https://example.com/"
			e.User.SetPlain(event.UserAgent, "capibara test")
		case event.SourceApp:
			e.AppData = []byte(`{"advertiser_tracking_enabled":0,"application_tracking_enabled":0}`)
		}
		if needs(e, now, event.ReasonValueMissing) {
			e.Custom.Value, _ = event.ParseMoney("1")
			e.Custom.Currency = k.Currency
		}
		for _, p := range e.Validate(now) {
			if p.Severity() != event.Warn {
				return nil, fmt.Errorf("a test with %s: %s", e.Name, p.Sentence())
			}
		}
		all = append(all, TestEvent{EventID: e.ID, EventName: e.Name, ActionSource: e.ActionSource, Messages: []string{}, json: e.AppendJSON(nil)})
	}
	return all, nil
}

func needs(e event.Event, now time.Time, r event.Reason) bool {
	for _, p := range e.Validate(now) {
		if p.Reason == r {
			return true
		}
	}
	return false
}

func (e *TestEvent) answered(o capi.Outcome) {
	e.End, e.HTTPStatus, e.FBTraceID, e.Messages = o.End.String(), o.HTTPStatus, o.FBTraceID, append([]string{}, o.Messages...)
	e.Class, e.Code, e.Subcode, e.Error = "", 0, 0, ""
	if o.Err != nil {
		e.Class, e.Code, e.Subcode, e.Error = o.Err.Class.String(), o.Err.Code, o.Err.Subcode, o.Err.Error()
	}
}

// Received is how many of the events Meta received.
func (r *TestReport) Received() int {
	n := 0
	for i := range r.Events {
		if r.Events[i].End == capi.Acknowledged.String() {
			n++
		}
	}
	return n
}

// detail is what the audit log keeps of the end of a test.
func (r *TestReport) detail(by string) string {
	var traces []string
	for i := range r.Events {
		if t := r.Events[i].FBTraceID; t != "" && (len(traces) == 0 || traces[len(traces)-1] != t) {
			traces = append(traces, t)
		}
	}
	last := r.Events[len(r.Events)-1]
	said := last.End
	if last.HTTPStatus != 0 {
		said += fmt.Sprintf(", HTTP %d", last.HTTPStatus)
	}
	if last.Code != 0 {
		said += fmt.Sprintf(", code %d, subcode %d", last.Code, last.Subcode)
	}
	if len(traces) > 0 {
		said += ", fbtrace_id " + strings.Join(traces, " ")
	}
	return fmt.Sprintf("of the test of dataset %s by %s Meta received %d of %d made-up events in %d requests: %s", r.ID, by, r.Received(), len(r.Events), r.Requests, said)
}
