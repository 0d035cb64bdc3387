package importer

import (
	"slices"

	"capibara/event"
	"capibara/importer/normalize"
	"capibara/store"
)

// yield makes an event of every rule that holds. A stage whose date is blank, or that is nobody's business, leaves the
// other events of the record as they are, with its reason as a warning. Anything else that a person can mend refuses the
// record as a whole: the events that could be made would hide that one with its amount is missing, and once it is mended
// they all come in under the same ids.
func (m *mapper) yield(out *output) fault {
	var failed, refused fault
	shared := len(m.warnings)
	first, firstSum := len(out.rows), len(out.sums)
	for _, i := range m.matching {
		m.warnings = m.warnings[:shared]
		f := m.one(&m.events[i], out)
		if m.withdraw && f.reason == event.ReasonRefund {
			c := &m.event.Custom
			m.refunded = append(m.refunded, refunded{m.event.Name, absolute(c.Value), c.Currency})
		}
		switch {
		case f.none():
		case refused.none() && m.refuses(f, &m.events[i]):
			refused = f
		case failed.none() || f.reason.Severity() > failed.reason.Severity():
			failed = f
		}
	}
	if !refused.none() {
		out.rows, out.sums = out.rows[:first], out.sums[:firstSum]
		return refused
	}
	if made := out.rows[first:]; !failed.none() && len(made) > 0 {
		remark := failed.reason
		if remark == event.ReasonEventTimeMissing {
			remark = event.ReasonStageDateMissing // the event that carries the remark has a date
		}
		made[0].Warnings = append(slices.Clip(made[0].Warnings), remark)
	}
	return failed
}

// refuses reports whether one event that cannot be made costs the record all of them. A date may honestly be blank where
// the file has a place for it; where no record has, the mapping is wrong.
func (m *mapper) refuses(f fault, r *boundRule) bool {
	return f.reason.Severity() == event.Reject && (f.reason != event.ReasonEventTimeMissing || m.absent[r.time])
}

// one makes the event of one rule.
func (m *mapper) one(r *boundRule, out *output) fault {
	e := &m.event
	if f := m.name(r); !f.none() {
		return f
	}
	if f := m.time(r); !f.none() {
		return f
	}
	if f := m.value(r); !f.none() {
		return f
	}
	m.id()
	if m.suppressed != nil && m.suppressed.HasEventID(e.ID) {
		return fault{reason: event.ReasonPersonErased}
	}
	if f := m.judge(r); !f.none() {
		return f
	}
	deadline := m.Window(e.ActionSource).Deadline(e.Time)
	row := store.NewRow{Dataset: m.to, EventID: e.ID, EventName: e.Name, EventTime: e.Time,
		NotBefore: m.notBefore(deadline), Deadline: deadline, Fingerprint: e.Fingerprint(),
		Warnings: m.shareWarnings(), Payload: m.encode(), Replace: m.replace,
		Value: e.Custom.Value, Currency: e.Custom.Currency, Halt: m.limits.over(e.Custom.Value, e.Custom.Currency)}
	out.rows = append(out.rows, row)
	out.sums = append(out.sums, rowSum{e.Name, e.Custom.Currency, e.Custom.Value})
	return fault{}
}

func (m *mapper) name(r *boundRule) fault {
	m.event.Name = r.name
	if r.name != "" {
		return fault{}
	}
	slot := m.fields[fieldEventName]
	cell := normalize.Clean(m.cells[slot])
	if normalize.IsMissing(cell) {
		return fault{event.ReasonEventNameMissing, m.slots[slot]}
	}
	name, mended := event.MendName(cell)
	if mended {
		m.warn(event.ReasonEventNameMended)
	}
	m.event.Name = name
	return fault{}
}

func (m *mapper) time(r *boundRule) fault {
	cell := m.cells[r.time]
	if normalize.IsMissing(cell) {
		return fault{event.ReasonEventTimeMissing, m.slots[r.time]}
	}
	at, reason, blamed := moment{}, event.Reason(""), r.time
	if m.ofDay >= 0 && r.time == m.fields[fieldEventTime] {
		var ofDay bool
		if at, reason, ofDay = m.clock.join(cell, m.cells[m.ofDay]); ofDay {
			blamed = m.ofDay
		}
	} else {
		at, reason = m.clock.parse(cell)
	}
	if reason != "" {
		return fault{reason, m.slots[blamed]}
	}
	if at.warning != "" {
		m.warn(at.warning)
	}
	m.event.Time = at.at.Unix()
	return fault{}
}

// id gives the event its id: the mapped one, else one that is derived.
func (m *mapper) id() {
	e := &m.event
	e.ID = ""
	switch {
	case m.mappedID != "":
		e.ID = m.mappedID
	case len(m.key) > 0:
		e.ID = event.DeriveID(m.to, e.Name, m.key)
	case m.source.Identity == "content":
		e.ID = event.DeriveContentID(m.to, e.Name, e)
	}
}

// judge holds the event against Meta's rules, and against those that make a record none of its business.
func (m *mapper) judge(r *boundRule) fault {
	e := &m.event
	switch sign := e.Custom.Value.Sign(); {
	case sign < 0:
		return fault{event.ReasonRefund, m.header(r.value)}
	case sign == 0 && e.Custom.Value.Present() && e.ActionSource == event.SourcePhysicalStore && e.Name == "Purchase":
		return fault{event.ReasonZeroSale, m.header(r.value)}
	}
	var found fault
	for _, p := range e.Validate(m.now) {
		switch p.Severity() {
		case event.Warn:
			m.warn(p.Reason)
		case event.Skip:
			return fault{reason: p.Reason}
		case event.Reject:
			if found.none() {
				found = fault{p.Reason, m.columnOf(p.Member, r)}
			}
		}
	}
	return found
}

// Window is the source's window, cut to what Meta accepts for an action source.
func (m *Mapping) Window(src event.ActionSource) event.Window { return m.window.For(src) }

func (m *mapper) encode() []byte { return m.encoded(m.event.AppendBinary) }

// encoded is what appendTo writes, in memory that is shared.
func (m *mapper) encoded(appendTo func([]byte) []byte) []byte {
	const slab = 256 << 10
	if cap(m.buffer)-len(m.buffer) < 2048 {
		m.buffer = make([]byte, 0, slab)
	}
	at := len(m.buffer)
	m.buffer = appendTo(m.buffer)
	return m.buffer[at:len(m.buffer):len(m.buffer)]
}

// shareWarnings is a copy of the warnings that nobody changes.
func (m *mapper) shareWarnings() []event.Reason {
	if len(m.warnings) == 0 {
		return nil
	}
	if !slices.Equal(m.shared, m.warnings) {
		m.shared = slices.Clip(slices.Clone(m.warnings))
	}
	return m.shared
}

func (m *mapper) warn(r event.Reason) {
	if !slices.Contains(m.warnings, r) {
		m.warnings = append(m.warnings, r)
	}
}
