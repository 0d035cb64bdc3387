package importer

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"capibara/event"
)

// binding is a mapping applied to the headers of one file: which of its columns fill what. It is immutable.
type binding struct {
	*Mapping
	headers []string       // of the file; in JSON the members seen in its first records
	slotOf  []int          // column of the file → slot, -1 for one that is not needed
	slots   []string       // slot → header
	literal map[string]int // header → slot + 1
	folded  map[string]int // folded header → slot + 1
	absent  map[int]bool   // slots of members that the first records of a JSON file do not have

	user    []userSlot
	fields  [fieldCount]int // slot, -1 without
	ofDay   int             // slot of the time of day when event_time is in two columns, -1 without
	key     []int           // slots of record_key
	events  []boundRule
	props   []propertySlot
	admits  boundAdmission
	join    int // slot of the ids of people, -1 without
	refund  boundRefund
	settled []settledSlot // of what the lines of one record must agree on; none without group_by

	matches []Match   // in the order in which they were made
	leftOut []LeftOut // of the events of a preset
}

type userSlot struct {
	key  event.Key
	slot int
}

type propertySlot struct {
	name string
	slot int
}

type boundRule struct {
	name  string // "" takes the event_name column
	when  []boundCondition
	time  int // slot
	value int // slot, -1 without
	// amount says that the rule itself names the column of its amount, so that the event is expected to have one.
	amount bool
}

type boundCondition struct {
	slot   int
	values map[string]bool
}

// bind finds the columns that a mapping needs among the headers of a file. open says that a record may have members that
// are not among headers, as in JSON. The error is a refusal that names what is missing and what is there.
func (m *Mapping) bind(headers []string, open bool) (*binding, error) {
	b, err := m.lay(headers, open)
	if err != nil {
		return nil, err
	}
	return b, b.complete()
}

// lay binds what can be bound. With an error the binding is unfinished, and its matches are those made so far.
func (m *Mapping) lay(headers []string, open bool) (*binding, error) {
	b := &binding{Mapping: m, headers: headers, slotOf: make([]int, len(headers)),
		literal: map[string]int{}, folded: map[string]int{}, absent: map[int]bool{}, join: -1}
	for i := range b.slotOf {
		b.slotOf[i] = -1
	}
	for i := range b.fields {
		b.fields[i] = -1
	}
	taken, err := b.bindTargets(open)
	if err != nil {
		return b, err
	}
	b.bindAliases(taken)
	err = cmp.Or(b.bindTimeOfDay(open), b.bindKey(open), b.bindNeeds(), b.bindJoin(open), b.bindRules(open), b.bindAdmission(open), b.bindRefund(open), b.bindCurrency())
	slices.SortStableFunc(b.props, func(x, y propertySlot) int { return cmp.Compare(x.name, y.name) })
	slices.SortStableFunc(b.user, func(x, y userSlot) int { return cmp.Compare(x.key, y.key) })
	if err == nil && m.grouped() {
		b.settle()
	}
	return b, err
}

// bindTimeOfDay binds the column with the time of day, when event_time is in two.
func (b *binding) bindTimeOfDay(open bool) (err error) {
	b.ofDay = -1
	if in := b.inherited; in != nil && in.TimeOfDay != "" && b.fields[fieldEventTime] >= 0 {
		b.ofDay, err = b.optional(in.TimeOfDay, "event_time")
		return err
	}
	if b.timeOfDay == "" {
		return nil
	}
	if b.ofDay, err = b.one(b.timeOfDay, "event_time", open); err == nil {
		b.matchedSlot("event_time", b.ofDay, ByColumns)
	}
	return err
}

// bindTargets binds what the configuration names under columns and custom_data. taken are the columns it uses.
func (b *binding) bindTargets(open bool) (taken map[int]bool, err error) {
	taken = map[int]bool{}
	for _, t := range b.targets {
		if t.preset {
			if err := b.bindPreset(t, open, taken); err != nil {
				return nil, err
			}
			continue
		}
		bound := 0
		for _, header := range t.headers {
			found := b.find(header)
			if t.target.columns() == 1 {
				if found = b.exact(found, header); len(found) > 1 {
					return nil, twice(header, t.target.String())
				}
			}
			if len(found) == 0 && !open {
				return nil, b.missing(header, t.target.String())
			}
			if len(found) == 0 {
				b.fill(t.target, b.slotNamed(header))
			}
			for _, column := range found {
				taken[column] = true
				if bound++; bound <= t.target.columns() {
					b.fill(t.target, b.slot(column))
					b.matched(t.target.plainName(), column, ByColumns)
				}
			}
		}
	}
	return taken, nil
}

// bindAliases binds the columns that are left by what their headers usually mean.
func (b *binding) bindAliases(taken map[int]bool) {
	known := newAliases()
	type candidate struct {
		target target
		rank   int
		column int
	}
	var found []candidate
	for column, header := range b.headers {
		if taken[column] || strings.TrimSpace(header) == "" {
			continue
		}
		if t, rank, ok := known.find(header); ok && !b.stated(t) {
			found = append(found, candidate{t, rank, column})
		}
	}
	slices.SortStableFunc(found, func(x, y candidate) int { return cmp.Compare(x.rank, y.rank) })
	bound := map[target]int{}
	for _, c := range found {
		if bound[c.target]++; bound[c.target] <= c.target.columns() {
			b.fill(c.target, b.slot(c.column))
			b.matched(c.target.plainName(), c.column, ByAlias)
		}
	}
}

// stated reports whether the configuration says where t comes from, so that no alias may.
func (b *binding) stated(t target) bool {
	if b.People() && t.key == 0 {
		return true
	}
	switch t.field {
	case fieldEventID:
		if len(b.source.RecordKey) > 0 || b.source.Identity != "" {
			return true
		}
	case fieldEventName:
		if len(b.rules) != 1 || b.rules[0].name != "" {
			return true
		}
	case fieldItemNumber:
		if b.grouped() {
			return true
		}
	case fieldEventTime:
		if !slices.ContainsFunc(b.rules, func(r rule) bool { return r.eventTime == "" }) {
			return true
		}
	case fieldValue:
		if slices.ContainsFunc(b.rules, func(r rule) bool { return r.value != "" }) {
			return true
		}
	case fieldActionSource:
		if b.action != "" {
			return true
		}
	case fieldEventSource, fieldLeadEventSource:
		if b.source.LeadEventSource != "" {
			return true
		}
	}
	return slices.ContainsFunc(b.targets, func(o mapped) bool { return o.target == t && (!o.preset || b.settles(t)) })
}

func (b *binding) bindRules(open bool) error {
	var lacking error
	for i := range b.rules {
		r := &b.rules[i]
		bound := boundRule{name: r.name, time: b.fields[fieldEventTime], value: b.fields[fieldValue]}
		if r.preset {
			if err := b.bindPresetRule(r, &bound); err != nil {
				lacking = cmp.Or(lacking, err)
				continue
			}
			b.events = append(b.events, bound)
			continue
		}
		for _, c := range r.when {
			slot, err := b.one(c.header, "events, when", open)
			if err != nil {
				return err
			}
			bound.when = append(bound.when, boundCondition{slot, c.values})
			b.matchedSlot(r.name+", when", slot, ByColumns)
		}
		var err error
		if r.eventTime != "" {
			if bound.time, err = b.one(r.eventTime, "event_time", open); err != nil {
				return err
			}
			b.matchedSlot(r.name+", event_time", bound.time, ByColumns)
		}
		if r.value != "" {
			if bound.value, err = b.one(r.value, "value", open); err != nil {
				return err
			}
			bound.amount = true
			b.matchedSlot(r.name+", value", bound.value, ByColumns)
		}
		b.events = append(b.events, bound)
	}
	if len(b.events) == 0 {
		return lacking
	}
	return nil
}

// complete refuses a file that cannot yield a single event.
func (b *binding) complete() error {
	if err := b.present(); err != nil {
		return err
	}
	if b.People() {
		return b.completePeople()
	}
	switch {
	case len(b.key) == 0 && b.fields[fieldEventID] < 0 && b.source.Identity == "":
		return b.refuse("Name the columns that identify a record under record_key, or map one to event_id.",
			"no column identifies a record, so that a second import could not be told from a second conversion")
	case b.events[0].name == "" && b.fields[fieldEventName] < 0:
		return b.refuse("Map a column to event_name, or state event_name or events for the source.", "no column says which event a record is (event_name)")
	case slices.ContainsFunc(b.events, func(r boundRule) bool { return r.time < 0 }):
		return b.refuse("Map the column that tells when the conversion happened to event_time.", "no column tells when a conversion happened (event_time)")
	case b.action == "" && b.fields[fieldActionSource] < 0:
		return b.refuse("Set action_source for the source, for example physical_store or system_generated.",
			"nothing says where the conversions took place (action_source)")
	case len(b.user) == 0 && (b.fields[fieldClickID] < 0 || b.fields[fieldClickTime] < 0) && b.join < 0:
		hint := "Map at least one of email, phone, lead_id, external_id, first_name with last_name. In Salesforce choose the report type" +
			" Opportunities with Contact Roles and add Email and Phone; or read the export of the contacts with a source of kind: people, and" +
			" name the column with the contact's id under join."
		if b.inherited != nil && b.inherited.person != "" {
			hint = b.inherited.person
		}
		return b.refuse(hint,
			"no column identifies a person, so that Meta could match nobody")
	}
	return nil
}

// present refuses a JSON file none of whose first records has a member that every event needs.
func (b *binding) present() error {
	need := map[string][]int{"record_key": b.key}
	b.admits.need(need)
	if b.join >= 0 {
		need["join"] = []int{b.join}
	}
	if slot := b.fields[fieldEventName]; slot >= 0 && b.events[0].name == "" {
		need["event_name"] = []int{slot}
	}
	for _, r := range b.events {
		for _, c := range r.when {
			need["events, when"] = append(need["events, when"], c.slot)
		}
	}
	for _, role := range slices.Sorted(maps.Keys(need)) {
		for _, slot := range need[role] {
			if b.absent[slot] {
				return b.missing(b.slots[slot], role)
			}
		}
	}
	if !b.People() && !slices.ContainsFunc(b.events, func(r boundRule) bool { return !b.absent[r.time] }) {
		return b.missing(b.slots[b.events[0].time], "event_time")
	}
	if len(b.user) > 0 && b.join < 0 && !slices.ContainsFunc(b.user, func(u userSlot) bool { return !b.absent[u.slot] }) {
		return b.missing(b.slots[b.user[0].slot], b.user[0].key.String())
	}
	return nil
}

func (b *binding) fill(t target, slot int) {
	switch {
	case t.key != 0:
		b.user = append(b.user, userSlot{t.key, slot})
	case t.field != fieldNone:
		b.fields[t.field] = slot
	default:
		b.props = append(b.props, propertySlot{t.property, slot})
	}
}
