package main

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"capibara/event"
	"capibara/store"
)

// otherIdentifiers are those by which events carry the people who are wanted, besides the ones that somebody typed: by which more
// events of the same people may be found, or events of somebody who shares a telephone with them.
type otherIdentifiers struct {
	hashed map[event.HashedValue]*other
	plain  map[event.PlainValue]*other
	seqs   map[uint64]bool // of the events that are found already
}

// other is one such identifier.
type other struct {
	key    event.Key
	events uint64 // of those that are found already
	adds   uint64 // more that it would find
	shared bool   // of those some name somebody else, by an address or an id that none of the found ones has
}

func newOthers() otherIdentifiers {
	return otherIdentifiers{map[event.HashedValue]*other{}, map[event.PlainValue]*other{}, map[uint64]bool{}}
}

// see takes in an event that is found.
func (o *otherIdentifiers) see(seq uint64, u *event.UserData, w *wanted) {
	o.seqs[seq] = true
	for _, v := range u.Hashed() {
		if v.Key.Identifies() && !w.hashed[v] {
			if o.hashed[v] == nil {
				o.hashed[v] = &other{key: v.Key}
			}
			o.hashed[v].events++
		}
	}
	for _, v := range u.Plain() {
		if v.Key.Identifies() && !w.plain[v] {
			if o.plain[v] == nil {
				o.plain[v] = &other{key: v.Key}
			}
			o.plain[v].events++
		}
	}
}

// weigh finds out how many events each would add, and whether they are of somebody else.
func (l *local) weigh(ctx context.Context, w *wanted, o *otherIdentifiers) error {
	if len(o.hashed)+len(o.plain) == 0 {
		return nil
	}
	all := wanted{hashed: map[event.HashedValue]bool{}, plain: map[event.PlainValue]bool{}}
	for v := range o.hashed {
		all.hashed[v] = true
	}
	for v := range o.plain {
		all.plain[v] = true
	}
	var decoded event.Event
	return l.eachEvent(ctx, all.filter(), func(e *store.EventEntry) error {
		decoded.Reset()
		if o.seqs[e.Seq] || e.Damaged || e.Emptied == store.EmptiedErased || decoded.DecodeBinary(e.Payload) != nil {
			return nil
		}
		u := &decoded.User
		another := o.another(u, w)
		for _, v := range u.Hashed() {
			if one := o.hashed[v]; one != nil {
				one.adds, one.shared = one.adds+1, one.shared || another
			}
		}
		for _, v := range u.Plain() {
			if one := o.plain[v]; one != nil {
				one.adds, one.shared = one.adds+1, one.shared || another
			}
		}
		return nil
	})
}

// another reports whether identifiers hold an address or an id that nobody who is wanted has.
func (o *otherIdentifiers) another(u *event.UserData, w *wanted) bool {
	own := func(k event.Key) bool { return k.Identifies() && k != event.Phone }
	return slices.ContainsFunc(u.Hashed(), func(v event.HashedValue) bool { return own(v.Key) && !w.hashed[v] && o.hashed[v] == nil }) ||
		slices.ContainsFunc(u.Plain(), func(v event.PlainValue) bool { return own(v.Key) && !w.plain[v] && o.plain[v] == nil })
}

// extend makes all of them wanted but those that somebody else has too.
func (o *otherIdentifiers) extend(w *wanted) {
	for v, one := range o.hashed {
		if !one.shared {
			w.hashed[v] = true
		}
	}
	for v, one := range o.plain {
		if !one.shared {
			w.plain[v] = true
		}
	}
}

// otherReport tells of one of them, without its value.
type otherReport struct {
	Kind   string `json:"kind"`   // as Meta names it, such as ph
	Events uint64 `json:"events"` // that are found already and carry it
	Adds   uint64 `json:"adds"`   // more events that carry it
	Shared bool   `json:"shared"` // some of them name somebody else as well
	Taken  bool   `json:"taken"`  // it is erased too, as was asked for
}

// report tells of them all, by kind, those first that would add most.
func (o *otherIdentifiers) report(taken bool) []otherReport {
	all := []otherReport{}
	for _, one := range slices.Concat(slices.Collect(maps.Values(o.hashed)), slices.Collect(maps.Values(o.plain))) {
		all = append(all, otherReport{one.key.String(), one.events, one.adds, one.shared, taken && !one.shared})
	}
	slices.SortFunc(all, func(x, y otherReport) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(y.Adds, x.Adds), cmp.Compare(y.Events, x.Events))
	})
	return all
}
