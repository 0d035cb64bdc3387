package web

import (
	"context"
	"maps"
	"net/http"
	"net/url"

	"capibara/audit"
	"capibara/store"
)

// listView is a page of a list.
type listView struct {
	Form filterForm
	List any // the items, of the type that the page is about

	Count   int
	First   bool                   // it is the first page
	Newest  string                 // the address of the first page
	Older   string                 // the address of the next one; "" at the end
	CSV     string                 // the address of the whole list as CSV
	Records []audit.RejectedRecord // of which no event came, beside the events of a record key
	Busy    bool                   // something on it is going on, so that it is looked at again

	// Person is set on a list that looks for a person: the same is asked again by POST.
	Person     *personView
	Unrecorded string // why the audit log does not hold that a person was looked for; "" when it does
}

// personView is what is sent again to go on with a list that looks for a person.
type personView struct {
	Kinds  string // by what the person was looked for, in words
	Hidden []filterField
	Cursor string // of the next page; "" at the end
}

// Says tells how many entries there are, for people and for screen readers.
func (l listView) Says() string {
	what := map[string][2]string{"/events": {"event", "events"}, "/batches": {"batch", "batches"}, "/files": {"file", "files"}}[l.Form.Path]
	says := plural(l.Count, what[0], what[1])
	switch {
	case l.Form.Problem != "":
		return l.Form.Problem
	case l.Bad():
		return "A filter cannot be read."
	case l.Count == 0:
		return "No " + what[1] + "."
	case l.Older != "" || l.Person != nil && l.Person.Cursor != "":
		return says + ", newest first; there are older ones."
	case !l.First:
		return says + ", the last ones."
	}
	return says + ", newest first."
}

// Bad reports whether a field cannot be read, or names what is not there.
func (l listView) Bad() bool {
	if l.Form.Problem != "" {
		return true
	}
	for _, fields := range [][]filterField{l.Form.Fields, l.Form.Person} {
		for _, f := range fields {
			if f.Problem != "" {
				return true
			}
		}
	}
	return false
}

// shownList is a list that a page shows: where it is, which filters it has, and how it is asked for.
type shownList[T any] struct {
	path, title, page string
	fields            []filterField
	ask               func(context.Context, audit.Query) (audit.List[T], error)
	busy              func(T) bool
}

// showList answers with a page of a list, whose filters stand in the address.
func showList[T any](s *Site, w http.ResponseWriter, r *http.Request, l shownList[T]) {
	if to := short(r); to != "" {
		http.Redirect(w, r, to, http.StatusSeeOther)
		return
	}
	q, kept, ok := s.asked(w, r, r.URL.Query(), l.fields)
	if !ok {
		return
	}
	list, err := l.ask(r.Context(), q)
	v := listView{List: list.Items, Count: len(list.Items), First: q.Cursor == "", Records: list.Records}
	if v.Form, ok = s.filled(r.Context(), l.path, l.fields, nil, kept, err); !ok {
		s.unanswered(w, r, err)
		return
	}
	if l.path == "/events" {
		v.Form.Person = personFields()
	}
	base := maps.Clone(kept)
	base.Del("cursor")
	v.Newest = pathWith(l.path, base)
	if list.Next != nil {
		next := maps.Clone(base)
		next.Set("cursor", *list.Next)
		v.Older = pathWith(l.path, next)
	}
	base.Del("limit")
	v.CSV = pathWith(l.path+".csv", base)
	for _, item := range list.Items {
		v.Busy = v.Busy || v.First && l.busy != nil && l.busy(item)
	}
	s.show(w, r, listStatus(v), l.page, view{Title: l.title, Nav: l.path, Content: v})
}

func listStatus(v listView) int {
	if v.Bad() {
		return http.StatusBadRequest
	}
	return http.StatusOK
}

func (s *Site) eventsPage(w http.ResponseWriter, r *http.Request) {
	showList(s, w, r, shownList[audit.Event]{path: "/events", title: "Events", page: "events.html", fields: eventFields(), ask: s.ledger.Events})
}

func (s *Site) batchesPage(w http.ResponseWriter, r *http.Request) {
	showList(s, w, r, shownList[audit.Batch]{path: "/batches", title: "Batches", page: "batches.html", fields: batchFields(), ask: s.ledger.Batches,
		busy: func(b audit.Batch) bool {
			return b.State == store.BatchSending.String() || b.State == store.BatchReady.String()
		}})
}

func (s *Site) filesPage(w http.ResponseWriter, r *http.Request) {
	showList(s, w, r, shownList[audit.File]{path: "/files", title: "Files", page: "files.html", fields: fileFields(), ask: s.ledger.Files,
		busy: func(f audit.File) bool { return f.State == store.FileImporting.String() }})
}

// personPage answers with a page of the events of a person. What names the person came in the body and never goes into an address.
func (s *Site) personPage(w http.ResponseWriter, r *http.Request) {
	if !s.form(w, r) {
		return
	}
	fields, person := eventFields(), personFields()
	q, kept, ok := s.asked(w, r, r.PostForm, append(eventFields(), person...))
	if !ok {
		return
	}
	if !q.Personal() {
		http.Redirect(w, r, pathWith("/events", kept), http.StatusSeeOther)
		return
	}
	list, err := s.ledger.Events(r.Context(), q)
	v := listView{List: list.Items, Count: len(list.Items), First: q.Cursor == "", Unrecorded: list.Unrecorded, CSV: "/events.csv",
		Person: &personView{Kinds: q.PersonKinds(), Hidden: hidden(kept)}}
	if v.Form, ok = s.filled(r.Context(), "/events", fields, person, kept, err); !ok {
		s.unanswered(w, r, err)
		return
	}
	v.Newest = "/events"
	if list.Next != nil {
		v.Person.Cursor = *list.Next
	}
	s.show(w, r, listStatus(v), "events.html", view{Title: "Events of a person", Nav: "/events", Content: v})
}

// hidden are the fields that ask for the same list again, from its first page.
func hidden(v url.Values) []filterField {
	var all []filterField
	for _, f := range append(eventFields(), personFields()...) {
		if value := v.Get(f.Name); value != "" {
			all = append(all, filterField{Name: f.Name, Value: value})
		}
	}
	return all
}
