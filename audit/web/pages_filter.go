package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"capibara/audit"
	"capibara/event"
	"capibara/store"
)

// filterForm is the form by which a list is narrowed.
type filterForm struct {
	Path    string // where it is sent
	Fields  []filterField
	Person  []filterField // those that find a person, which never stand in an address; empty for lists of other things
	Set     int           // how many of Fields narrow the list
	Problem string        // what no single field is to blame for, a sentence
}

// filterField is one field of such a form.
type filterField struct {
	Name, Label, Hint string
	Kind              string // text, date, choice or tick
	Value             string
	Problem           string // why the value cannot be read, a clause
	Options           []filterOption
	Suggested         []string // what may be typed
}

// filterOption is one choice of a field.
type filterOption struct {
	Value, Word string
	Chosen      bool
}

// InForce are the fields that narrow the list.
func (f filterForm) InForce() []filterField {
	return slices.DeleteFunc(slices.Clone(f.Fields), func(f filterField) bool { return f.Value == "" })
}

// Shown is the value of the field in words; "" of one that is ticked.
func (f filterField) Shown() string {
	if f.Kind == "tick" {
		return ""
	}
	for _, o := range f.Options {
		if o.Chosen {
			return o.Word
		}
	}
	return f.Value
}

// eventFields, batchFields and fileFields are the filters of the command line that make sense for a list.
func eventFields() []filterField {
	states := filterField{Name: "state", Label: "State", Kind: "choice", Options: []filterOption{{Word: "any"}}}
	for _, st := range store.States() {
		states.Options = append(states.Options, filterOption{Value: st.String(), Word: eventState(st.String()).Word})
	}
	return []filterField{states,
		{Name: "event_name", Label: "Event name", Kind: "text", Suggested: event.Standard()},
		{Name: "since", Label: "Happened from", Kind: "date"},
		{Name: "until", Label: "Happened until", Kind: "date", Hint: "that day included"},
		{Name: "key", Label: "Deal or order", Kind: "text", Hint: "record key, or order id"},
		{Name: "record_key", Label: "Record key", Kind: "text"},
		{Name: "order_id", Label: "Order id", Kind: "text"},
		{Name: "event_id", Label: "Event id", Kind: "text"},
		{Name: "source", Label: "Source", Kind: "text"},
		{Name: "dataset", Label: "Dataset", Kind: "text"},
		{Name: "file", Label: "File", Kind: "text", Hint: "number, or name"},
		{Name: "batch", Label: "Batch", Kind: "text", Hint: "number"},
		{Name: "changed", Label: "Changed since sent", Kind: "tick"},
	}
}

func batchFields() []filterField {
	states := filterField{Name: "state", Label: "State", Kind: "choice", Options: []filterOption{{Word: "any"}}}
	for _, st := range store.BatchStates() {
		states.Options = append(states.Options, filterOption{Value: st.String(), Word: batchState(st.String()).Word})
	}
	return []filterField{states,
		{Name: "since", Label: "Begun from", Kind: "date"},
		{Name: "until", Label: "Begun until", Kind: "date", Hint: "that day included"},
		{Name: "dataset", Label: "Dataset", Kind: "text"},
		{Name: "batch", Label: "Batch", Kind: "text", Hint: "number"},
		{Name: "fbtrace_id", Label: "fbtrace_id", Kind: "text", Hint: "of one of Meta's answers"},
	}
}

func fileFields() []filterField {
	return []filterField{
		{Name: "file", Label: "File", Kind: "text", Hint: "number, or name"},
		{Name: "source", Label: "Source", Kind: "text"},
		{Name: "since", Label: "Imported from", Kind: "date"},
		{Name: "until", Label: "Imported until", Kind: "date", Hint: "that day included"},
	}
}

func personFields() []filterField {
	return []filterField{
		{Name: "email", Label: "E-mail address", Kind: "text", Hint: "or its SHA-256"},
		{Name: "phone", Label: "Telephone number", Kind: "text", Hint: "with country code, such as +31 20 123 4567"},
		{Name: "external_id", Label: "External id", Kind: "text", Hint: "as your system knows the person"},
	}
}

// asked reads what somebody asked of a list. Fields that were left empty are none; ok is false when an answer was given.
func (s *Site) asked(w http.ResponseWriter, r *http.Request, v url.Values, fields []filterField) (q audit.Query, kept url.Values, ok bool) {
	kept = url.Values{}
	for name, values := range v {
		if len(values) == 0 || values[0] == "" {
			continue
		}
		known := name == "cursor" || name == "limit" || slices.ContainsFunc(fields, func(f filterField) bool { return f.Name == name })
		if !known {
			s.trouble(w, r, trouble{Status: http.StatusBadRequest, Sentence: "This list has no filter of the name " + name + ".", Fix: "Choose from those above the list."})
			return q, kept, false
		}
		kept.Set(name, values[0])
	}
	q, err := audit.ParseQuery(kept)
	if err != nil {
		s.trouble(w, r, trouble{Status: http.StatusBadRequest, Sentence: sentenceOf(err)})
		return q, kept, false
	}
	if q.Limit == 0 {
		q.Limit = pageLimit
	}
	return q, kept, true
}

// filled is the form with what was asked, and with what could not be read beside the field concerned. handled is false for an error
// that no form can show.
func (s *Site) filled(ctx context.Context, path string, fields, person []filterField, v url.Values, err error) (form filterForm, handled bool) {
	form = filterForm{Path: path, Fields: fields, Person: person}
	problems := map[string]string{}
	for _, e := range flattened(err) {
		var usage *audit.UsageError
		switch {
		case errors.As(e, &usage):
			problems[usage.Filter] = usage.Reason
		case errors.Is(e, store.ErrNotFound):
			form.Problem = sentenceOf(e)
		default:
			return form, false
		}
	}
	rules, _ := s.ledger.Rules(ctx) // what it suggests is a convenience
	for _, group := range [][]filterField{form.Fields, form.Person} {
		for i := range group {
			f := &group[i]
			f.Value, f.Problem = v.Get(f.Name), problems[f.Name]
			delete(problems, f.Name)
			if f.Kind == "date" && f.Value != "" {
				if _, err := time.Parse(time.DateOnly, f.Value); err != nil {
					f.Kind = "text" // an instant, an age, or what cannot be read: a field for dates would not show it
				}
			}
			for o := range f.Options {
				f.Options[o].Chosen = f.Options[o].Value == f.Value
			}
			if f.Kind == "choice" && f.Value != "" && !slices.ContainsFunc(f.Options, func(o filterOption) bool { return o.Chosen }) {
				f.Options = append(f.Options, filterOption{Value: f.Value, Word: f.Value, Chosen: true})
			}
			for _, source := range rules.Sources {
				switch f.Name {
				case "source":
					f.Suggested = append(f.Suggested, source.Name)
				case "dataset":
					f.Suggested = append(f.Suggested, source.Datasets...)
				}
			}
			if f.Name == "dataset" {
				slices.Sort(f.Suggested)
				f.Suggested = slices.Compact(f.Suggested)
			}
		}
	}
	for _, f := range form.Fields {
		if f.Value != "" {
			form.Set++
		}
	}
	for name, problem := range problems { // of a field that the form does not have, such as the cursor
		form.Problem = strings.TrimSpace(form.Problem + " The " + name + " cannot be read: " + problem + ".")
	}
	return form, true
}

// flattened are the errors that were joined into one.
func flattened(err error) []error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, flattened(e)...)
		}
		return all
	}
	return []error{err}
}

// short is the address of a list without the fields that were left empty; "" when it has none of these.
func short(r *http.Request) string {
	v := r.URL.Query()
	var empty bool
	for name, values := range v {
		if len(values) == 0 || values[0] == "" {
			delete(v, name)
			empty = true
		}
	}
	if !empty {
		return ""
	}
	return pathWith(r.URL.Path, v)
}

func pathWith(path string, v url.Values) string {
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}
