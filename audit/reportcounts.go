package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"capibara/event"
	"capibara/store"
)

// groupKey is what events are grouped by.
type groupKey struct{ source, name, action, dataset string }

// groupTotals are the events of one group.
type groupTotals struct {
	counts                                EventCounts
	accepted, acknowledged, expired, late store.Totals
}

// changedTotals are the events that disagree in one way.
type changedTotals struct {
	events, unknown uint64
	sent, now       store.Totals
}

// counting is what was counted of some events, such as those of a file.
type counting struct {
	groups  map[groupKey]*groupTotals
	changed map[store.ConflictKind]*changedTotals
	last    groupKey // of the event before, which the next one is most often in too
	group   *groupTotals
	decoded event.Event

	// entered counts the events that entered as pending for sure; decided those of which somebody decided something since, so
	// that their cell does not tell any more how they came; unread those whose amount cannot be read.
	entered, decided, unread uint64
	records                  uint64 // records with an event that entered for sure
	either                   uint64 // records with such an event, or with one that was decided about
	record                   uint64
	seenSure, seenEither     bool
	worth                    store.Totals // of those that entered for sure
}

func newCounting() *counting {
	return &counting{groups: map[groupKey]*groupTotals{}, changed: map[store.ConflictKind]*changedTotals{}}
}

// value decodes what an event is worth.
func (c *counting) value(e *store.EventEntry) (value event.Money, currency, action string, ok bool) {
	if e.Damaged || e.Payload == nil || c.decoded.DecodeBinary(e.Payload) != nil {
		return event.Money{}, "", "", false
	}
	return c.decoded.Custom.Value, c.decoded.Custom.Currency, string(c.decoded.ActionSource), true
}

// arrived takes in how an event came, to compare it with what its file says.
func (c *counting) arrived(e *store.EventEntry, value event.Money, currency string, ok bool) {
	if e.Record != c.record {
		c.record, c.seenSure, c.seenEither = e.Record, false, false
	}
	sure := !e.Late && !e.Decided
	switch {
	case e.Decided:
		c.decided++
	case sure:
		c.entered++
		if ok {
			c.worth.Add(value, currency)
		}
	}
	if !ok {
		c.unread++
	}
	if sure && !c.seenSure {
		c.seenSure = true
		c.records++
	}
	if (sure || e.Decided) && !c.seenEither {
		c.seenEither = true
		c.either++
	}
}

// add counts an event in its group.
func (c *counting) add(e *store.EventEntry, source string, value event.Money, currency, action string) {
	key := groupKey{source, e.EventName, action, e.Dataset}
	if c.group == nil || key != c.last {
		c.last = key
		if c.group = c.groups[key]; c.group == nil {
			c.group = &groupTotals{}
			c.groups[key] = c.group
		}
	}
	g := c.group
	g.counts.one(e)
	if e.Late {
		g.late.Add(value, currency)
		return
	}
	g.accepted.Add(value, currency)
	switch e.State {
	case store.StateAcknowledged:
		g.acknowledged.Add(value, currency)
	case store.StateExpired:
		g.expired.Add(value, currency)
	}
}

// one counts an event.
func (c *EventCounts) one(e *store.EventEntry) {
	c.Events++
	if e.Late {
		c.Late++
		return
	}
	c.Accepted++
	if c.StateCounts.one(e.State); e.State == store.StateAcknowledged && e.PossiblySent {
		c.Relied++
	}
}

func (c *StateCounts) one(s store.State) {
	switch s {
	case store.StatePending:
		c.Pending++
	case store.StateInFlight:
		c.InFlight++
	case store.StateAcknowledged:
		c.Acknowledged++
	case store.StateRejected:
		c.Rejected++
	case store.StateExpired:
		c.Expired++
	case store.StateHeld:
		c.Held++
	case store.StateWithdrawn:
		c.Withdrawn++
	case store.StateErased:
		c.Erased++
	}
}

func (c *EventCounts) plus(o EventCounts) {
	c.Events, c.Late, c.Accepted, c.Relied = c.Events+o.Events, c.Late+o.Late, c.Accepted+o.Accepted, c.Relied+o.Relied
	c.Pending, c.InFlight, c.Acknowledged = c.Pending+o.Pending, c.InFlight+o.InFlight, c.Acknowledged+o.Acknowledged
	c.Rejected, c.Expired, c.Held = c.Rejected+o.Rejected, c.Expired+o.Expired, c.Held+o.Held
	c.Withdrawn, c.Erased = c.Withdrawn+o.Withdrawn, c.Erased+o.Erased
}

// disagreed counts an event that was sent and with which records disagree since, oldest first.
func (c *counting) disagreed(conflicts []store.Conflict, value event.Money, currency string) error {
	last := conflicts[len(conflicts)-1].Kind
	t := c.changed[last]
	if t == nil {
		t = &changedTotals{}
		c.changed[last] = t
	}
	t.events++
	t.sent.Add(value, currency)
	now, known := value, true
	var back []store.Sum // what was given back of it
	for _, x := range conflicts {
		switch x.Kind {
		case store.ConflictUnqualified:
			now, currency, back, known = event.Money{}, "", nil, true
		case store.ConflictRefunded:
			if !x.Value.Present() {
				now, currency, back, known = event.Money{}, "", nil, true
				continue
			}
			back = append(back, store.Sum{Currency: cmp.Or(x.Currency, currency), Value: "-" + strings.TrimPrefix(x.Value.String(), "-")})
		case store.ConflictChanged:
			// A version before these were kept left all three out.
			now, currency, back, known = x.Value, x.Currency, nil, x.Value.Present() || x.EventTime != 0
		}
	}
	if !known {
		t.unknown++
		return nil
	}
	t.now.Add(now, currency)
	return t.now.AddSums(back)
}

// plus adds what was counted elsewhere.
func (c *counting) plus(o *counting) error {
	for k, g := range o.groups {
		mine := c.groups[k]
		if mine == nil {
			c.groups[k] = g
			continue
		}
		mine.counts.plus(g.counts)
		if err := mine.addWorth(g.worth()); err != nil {
			return err
		}
	}
	for k, t := range o.changed {
		mine := c.changed[k]
		if mine == nil {
			c.changed[k] = t
			continue
		}
		mine.events, mine.unknown = mine.events+t.events, mine.unknown+t.unknown
		if err := mine.sent.AddSums(t.sent.Sums()); err != nil {
			return err
		}
		if err := mine.now.AddSums(t.now.Sums()); err != nil {
			return err
		}
	}
	return nil
}

// total is what was counted in all groups.
func (c *counting) total() (n EventCounts) {
	for _, g := range c.groups {
		n.plus(g.counts)
	}
	return n
}

// shaped are the groups and the changed events in a fixed order, with what all of them are worth.
func (c *counting) shaped() (groups []EventGroup, worth EventWorth, changed []ChangedEvents, err error) {
	groups, changed = []EventGroup{}, []ChangedEvents{}
	var all groupTotals
	keys := slices.SortedFunc(maps.Keys(c.groups), func(a, b groupKey) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.name, b.name), cmp.Compare(a.action, b.action), cmp.Compare(a.dataset, b.dataset))
	})
	for _, k := range keys {
		g := c.groups[k]
		one := EventGroup{Source: k.source, EventName: k.name, ActionSource: k.action, Dataset: k.dataset, Events: g.counts, Worth: g.worth()}
		groups = append(groups, one)
		if err := all.addWorth(one.Worth); err != nil {
			return nil, worth, nil, err
		}
	}
	for _, k := range slices.Sorted(maps.Keys(c.changed)) {
		t := c.changed[k]
		changed = append(changed, ChangedEvents{Kind: k.String(), Events: t.events, Sent: t.sent.Sums(), Now: t.now.Sums(), Unknown: t.unknown})
	}
	return groups, all.worth(), changed, nil
}

func (g *groupTotals) worth() EventWorth {
	return EventWorth{Accepted: g.accepted.Sums(), Acknowledged: g.acknowledged.Sums(), Expired: g.expired.Sums(), Late: g.late.Sums()}
}

func (g *groupTotals) addWorth(w EventWorth) error {
	for _, add := range []struct {
		into *store.Totals
		sums []store.Sum
	}{{&g.accepted, w.Accepted}, {&g.acknowledged, w.Acknowledged}, {&g.expired, w.Expired}, {&g.late, w.Late}} {
		if err := add.into.AddSums(add.sums); err != nil {
			return fmt.Errorf("adding up what events are worth: %w", err)
		}
	}
	return nil
}
