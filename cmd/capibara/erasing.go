package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"capibara/audit"
	"capibara/event"
	"capibara/importer"
	"capibara/store"
)

// The kinds of identifiers by which a person, or an event, is named.
const (
	byEmail      = "email"
	byPhone      = "phone"
	byExternalID = "external_id"
	byEventID    = "event_id"
)

// identifier is one that somebody typed. It is never stored or logged.
type identifier struct {
	Kind  string `json:"kind"`
	Value string `json:"value"`
}

// String leaves the value out: sooner or later an order ends up in an error.
func (i identifier) String() string { return i.Kind }

// erasure asks for what is held of people to be erased.
type erasure struct {
	Of     []identifier `json:"of"`
	Extend bool         `json:"extend,omitempty"`  // to the other identifiers of the events that are found, unless somebody else has them too
	NewKey bool         `json:"new_key,omitempty"` // begin with a new key, because the old one is lost
	Look   bool         `json:"look,omitempty"`    // change nothing
	By     string       `json:"by"`
}

// kindsOf says by what the people are named, without a value.
func kindsOf(of []identifier) string {
	var all []string
	for _, k := range []struct{ kind, one, many string }{{byEmail, "e-mail address", "e-mail addresses"}, {byPhone, "telephone number", "telephone numbers"},
		{byExternalID, "external id", "external ids"}, {byEventID, "event_id", "event_ids"}} {
		n := 0
		for _, i := range of {
			if i.Kind == k.kind {
				n++
			}
		}
		if n > 0 {
			all = append(all, counted(n, k.one, k.many))
		}
	}
	return strings.Join(all, " and ")
}

// wanted is who is looked for.
type wanted struct {
	hashed   map[event.HashedValue]bool
	plain    map[event.PlainValue]bool
	eventIDs []string
	people   []event.Hash // keys under which they are known to records that refer to them
	typed    []string     // addresses and numbers in the clear
}

// read reads what somebody typed. The error names the kind and never the value.
func (w *wanted) read(ctx context.Context, r *audit.Reader, of []identifier) error {
	w.hashed, w.plain = map[event.HashedValue]bool{}, map[event.PlainValue]bool{}
	for _, i := range of {
		q := audit.Query{}
		switch i.Kind {
		case byEmail:
			q.Email = i.Value
		case byPhone:
			q.Phone = i.Value
		case byExternalID:
			q.ExternalID = i.Value
		case byEventID:
			if !slices.Contains(w.eventIDs, i.Value) {
				w.eventIDs = append(w.eventIDs, i.Value)
			}
			continue
		default:
			return misused("the kinds are email, phone, external_id and event_id", "%q is no kind of identifier", i.Kind)
		}
		f, err := r.Filter(ctx, q)
		if err != nil {
			return err
		}
		for _, v := range f.Person {
			w.hashed[v] = true
		}
		for _, v := range f.PersonPlain {
			w.plain[v] = true
		}
		if i.Kind != byExternalID {
			w.typed = append(w.typed, i.Value)
		}
	}
	return nil
}

// filter finds the events of the people.
func (w *wanted) filter() store.Filter {
	f := store.Filter{}
	for v := range w.hashed {
		f.Person = append(f.Person, v)
	}
	for v := range w.plain {
		f.PersonPlain = append(f.PersonPlain, v)
	}
	return f
}

// sums are what is kept of them under the key of s.
func (w *wanted) sums(s *event.Suppression) []event.Hash {
	all := []event.Hash{}
	for v := range w.hashed {
		all = append(all, s.Sum(v))
	}
	for v := range w.plain {
		all = append(all, s.SumPlain(v))
	}
	for _, id := range w.eventIDs {
		all = append(all, s.SumEventID(id))
	}
	for _, key := range w.people {
		all = append(all, s.SumPersonKey(key))
	}
	return all
}

// among reports whether identifiers are of somebody who is wanted.
func (w *wanted) among(u *event.UserData) bool {
	return slices.ContainsFunc(u.Hashed(), func(v event.HashedValue) bool { return w.hashed[v] }) ||
		slices.ContainsFunc(u.Plain(), func(v event.PlainValue) bool { return w.plain[v] })
}

// foundEvents are the events of those who are wanted.
type foundEvents struct {
	seqs   []uint64
	ids    map[string]bool
	places map[uint64][]importer.Place // by file
	states map[store.State]uint64
	others otherIdentifiers
}

// eachEvent calls f for every event that a filter finds. f must not keep what it is given.
func (l *local) eachEvent(ctx context.Context, f store.Filter, do func(*store.EventEntry) error) error {
	for f.Limit = decidePage; ; {
		page, err := l.db.Events(ctx, f)
		if err != nil {
			return err
		}
		for i := range page.Items {
			if err := do(&page.Items[i]); err != nil {
				return err
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
	}
}

// find finds the events of those who are wanted.
func (l *local) find(ctx context.Context, w *wanted) (*foundEvents, error) {
	found := &foundEvents{ids: map[string]bool{}, places: map[uint64][]importer.Place{}, states: map[store.State]uint64{}, others: newOthers()}
	seen := map[uint64]bool{}
	var decoded event.Event
	take := func(person bool) func(*store.EventEntry) error {
		return func(e *store.EventEntry) error {
			if seen[e.Seq] || e.Damaged || e.Emptied == store.EmptiedErased {
				return nil
			}
			seen[e.Seq] = true
			found.seqs = append(found.seqs, e.Seq)
			found.ids[strings.Clone(e.EventID)] = true
			found.states[e.State]++
			found.places[e.File] = append(found.places[e.File], importer.Place{Record: e.Record, Line: e.Line})
			decoded.Reset()
			if person && decoded.DecodeBinary(e.Payload) == nil {
				found.others.see(e.Seq, &decoded.User, w)
			}
			return nil
		}
	}
	if len(w.hashed)+len(w.plain) > 0 {
		if err := l.eachEvent(ctx, w.filter(), take(true)); err != nil {
			return nil, err
		}
	}
	for _, id := range w.eventIDs {
		all, err := l.db.EventsByID(ctx, id)
		if err != nil {
			return nil, err
		}
		for i := range all {
			if err := take(false)(&all[i]); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// erasing is the decision that a person makes.
func (l *local) erasing(by string) store.Decision {
	return store.Decision{By: by, Reason: event.ReasonErased}
}

// personMatch finds people among those that records of other files refer to.
func personMatch(has func(*event.UserData) bool) func([]byte) bool {
	var u event.UserData
	return func(identifiers []byte) bool { return u.DecodeBinary(identifiers) == nil && has(&u) }
}

// scrubber finds those who are wanted in files. The event_ids of their events find the records that name them by their number
// in another system alone.
func (l *local) scrubber(im *importer.Importer, w *wanted, found *foundEvents) (*importer.Scrubber, error) {
	key, err := newErasedFile() // it is for this one search
	if err != nil {
		return nil, err
	}
	s := event.NewSuppression(key.key, nil)
	sums := w.sums(s)
	for id := range found.ids {
		sums = append(sums, s.SumEventID(id))
	}
	scrubber, err := im.Scrubber(importer.Wanted{People: event.NewSuppression(key.key, sums), Typed: w.typed})
	if err != nil {
		return nil, fmt.Errorf("making ready to look through files: %w", err)
	}
	return scrubber, nil
}
