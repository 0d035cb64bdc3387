package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"capibara/event"
	"capibara/importer/normalize"
	"capibara/store"
)

// MaxPage is the largest number of entries that one page may hold.
const MaxPage = 5000

// Query narrows a history. Every field is text as a person types it, so that the same query comes from flags and from
// the socket. E-mail addresses, telephone numbers and external ids are hashed when the query is made ready and are
// neither stored nor logged.
type Query struct {
	Since      string `json:"since,omitempty"`       // RFC 3339, a date, or an age such as 36h or 7d; inclusive
	Until      string `json:"until,omitempty"`       // the same; exclusive, a date means the end of that day
	EventID    string `json:"event_id,omitempty"`    // exact
	RecordKey  string `json:"record_key,omitempty"`  // exact, or one of its columns
	OrderID    string `json:"order_id,omitempty"`    // exact
	Key        string `json:"key,omitempty"`         // what is a record key, one of its columns, or an order id
	Email      string `json:"email,omitempty"`       // plain, or its SHA-256
	Phone      string `json:"phone,omitempty"`       // with country code, or its SHA-256
	ExternalID string `json:"external_id,omitempty"` // plain, or its SHA-256
	File       string `json:"file,omitempty"`        // number, or base name for a list of files
	Source     string `json:"source,omitempty"`      // name of the source that read it, exact
	Batch      string `json:"batch,omitempty"`       // number
	FBTraceID  string `json:"fbtrace_id,omitempty"`  // batches: of one of their answers, exact
	State      string `json:"state,omitempty"`
	EventName  string `json:"event_name,omitempty"`
	Changed    bool   `json:"changed,omitempty"` // with which a record disagreed since, unless they are withdrawn
	Dataset    string `json:"dataset,omitempty"` // alias or Meta's id
	Cursor     string `json:"cursor,omitempty"`  // next of the page before
	Limit      int    `json:"limit,omitempty"`   // entries a page; 0 means 100
}

// Personal reports whether the query names a person, so that it must not stand in an address.
func (q Query) Personal() bool { return q.Email != "" || q.Phone != "" || q.ExternalID != "" }

// Values writes the query as URL parameters, for the socket.
func (q Query) Values() url.Values {
	v := url.Values{}
	for name, field := range q.fields() {
		switch f := field.Interface().(type) {
		case string:
			if f != "" {
				v.Set(name, f)
			}
		case int:
			if f != 0 {
				v.Set(name, strconv.Itoa(f))
			}
		case bool:
			if f {
				v.Set(name, "true")
			}
		}
	}
	return v
}

// ParseQuery reads what Values wrote. An unknown parameter is an error: it would be ignored in silence otherwise. Whether the
// query is Personal is for the caller to ask.
func ParseQuery(v url.Values) (Query, error) {
	var q Query
	fields := q.fields()
	for name := range v {
		field, ok := fields[name]
		if !ok {
			return Query{}, fmt.Errorf("a history has no filter %q", name)
		}
		switch field.Kind() {
		case reflect.String:
			field.SetString(v.Get(name))
			continue
		case reflect.Bool:
			is, err := strconv.ParseBool(v.Get(name))
			if err != nil {
				return Query{}, fmt.Errorf("%s must be true or false, not %q", name, v.Get(name))
			}
			field.SetBool(is)
			continue
		}
		n, err := strconv.Atoi(v.Get(name))
		if err != nil {
			return Query{}, fmt.Errorf("%s must be a number, not %q", name, v.Get(name))
		}
		field.SetInt(int64(n))
	}
	return q, nil
}

func (q *Query) fields() map[string]reflect.Value { return fieldsOf(q) }

// fieldsOf are the fields of a query, by their names in JSON.
func fieldsOf(query any) map[string]reflect.Value {
	fields := map[string]reflect.Value{}
	v := reflect.ValueOf(query).Elem()
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		fields[name] = v.Field(i)
	}
	return fields
}

// PersonKinds says by which kinds of identifiers a person is looked for, in words and without their values; "" when nobody is.
func (q Query) PersonKinds() string {
	var kinds []string
	for _, k := range []struct{ name, typed string }{{"e-mail address", q.Email}, {"telephone number", q.Phone}, {"external id", q.ExternalID}} {
		if k.typed != "" {
			kinds = append(kinds, k.name)
		}
	}
	return strings.Join(kinds, " and ")
}

// String leaves the values out: a query may hold an e-mail address, and a query ends up in a log sooner or later.
func (q Query) String() string {
	var set []string
	for name := range q.Values() {
		set = append(set, name)
	}
	b, _ := json.Marshal(set)
	return "query by " + string(b)
}

// UsageError says that a filter cannot be read: the person has to type it differently.
type UsageError struct {
	Filter string // its name, such as "since"
	Reason string // a clause
}

func (e *UsageError) Error() string {
	return "--" + strings.ReplaceAll(e.Filter, "_", "-") + ": " + e.Reason
}

// Check finds what no outbox could answer, before one is opened: the error is a *UsageError. batches says whether State
// names a state of a batch.
func (q Query) Check(batches bool) error {
	_, err := New(Config{}).read(q, batches)
	return err
}

// filter makes the query ready.
func (r *Reader) filter(ctx context.Context, q Query, batches bool) (store.Filter, error) {
	f, err := r.read(q, batches)
	if err != nil || q.Dataset == "" {
		return f, err
	}
	f.Dataset, err = r.datasetID(ctx, q.Dataset)
	return f, err
}

// read reads what a person typed.
func (r *Reader) read(q Query, batches bool) (store.Filter, error) {
	f := store.Filter{EventID: q.EventID, RecordKey: q.RecordKey, OrderID: q.OrderID, Key: q.Key, EventName: q.EventName, Source: q.Source,
		FBTraceID: q.FBTraceID, Changed: q.Changed, Cursor: q.Cursor, Limit: q.Limit}
	if q.Limit < 0 || q.Limit > MaxPage {
		return f, &UsageError{"limit", fmt.Sprintf("a page holds 1 to %d entries", MaxPage)}
	}
	var errs []error
	keep := func(name string, err error) {
		if err != nil {
			errs = append(errs, &UsageError{name, err.Error()})
		}
	}
	var err error
	f.Since, err = r.parseInstant(q.Since, false)
	keep("since", err)
	f.Until, err = r.parseInstant(q.Until, true)
	keep("until", err)
	f.Batch, err = parseNumber(q.Batch, "batch")
	keep("batch", err)
	if q.File != "" {
		if f.File, err = parseNumber(q.File, "file"); err != nil {
			f.FileName = q.File
		}
	}
	if _, err := parseNumber(q.Cursor, "cursor"); err != nil {
		keep("cursor", errors.New("write the number that the page before ended with"))
	}
	switch {
	case q.State != "" && batches:
		f.BatchState, err = store.ParseBatchState(q.State)
		keep("state", err)
	case q.State != "":
		f.State, err = store.ParseState(q.State)
		keep("state", err)
	}
	keep("email", person(&f, event.Email, q.Email))
	keep("phone", person(&f, event.Phone, q.Phone))
	keep("external_id", person(&f, event.ExternalID, q.ExternalID))
	return f, errors.Join(errs...)
}

// person adds the hashes of what was typed. The error never holds the value.
func person(f *store.Filter, key event.Key, typed string) error {
	if typed == "" {
		return nil
	}
	add := func(h event.Hash, ok bool, _ normalize.Note) bool {
		if ok {
			f.Person = append(f.Person, event.HashedValue{Key: key, Hash: h})
		}
		return ok
	}
	switch key {
	case event.Email:
		if !add(normalize.Email(typed)) {
			return errors.New("this does not look like an e-mail address")
		}
	case event.Phone:
		if !add(normalize.Phone(typed, "", "")) {
			return errors.New("write the number with its country code, such as +31 20 123 4567")
		}
	case event.ExternalID:
		// A source may hash it as it is, in lower case, or not at all.
		plain := add(normalize.ExternalID(typed, false))
		if lower := add(normalize.ExternalID(typed, true)); !plain && !lower {
			return errors.New("this is no external id")
		}
		f.PersonPlain = append(f.PersonPlain, event.PlainValue{Key: key, Value: normalize.Clean(typed)})
	}
	return nil
}

func parseNumber(s, what string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("a %s is named by its number, such as 12", what)
	}
	return n, nil
}

// parseInstant reads an instant, a day or an age. The end of a day is the start of the next.
func (r *Reader) parseInstant(s string, end bool) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation("2006-01-02", s, r.zone); err == nil {
		if end {
			t = t.AddDate(0, 0, 1)
		}
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.ParseInLocation(layout, s, r.zone); err == nil {
			return t, nil
		}
	}
	days := strings.HasSuffix(s, "d")
	if n, err := strconv.ParseUint(strings.TrimSuffix(s, "d"), 10, 16); err == nil && days {
		return r.now().AddDate(0, 0, -int(n)), nil
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return r.now().Add(-d), nil
	}
	return time.Time{}, errors.New("write an instant (2026-11-20T14:00:00+01:00), a day (2026-11-20) or an age (36h, 7d)")
}
