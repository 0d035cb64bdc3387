package importer

import (
	"slices"
	"strings"
	"time"

	"capibara/event"
	"capibara/importer/normalize"
	"capibara/store"
)

// cellKind tells how JSON wrote a value; CSV has text only.
type cellKind uint8

const (
	kindText cellKind = iota
	kindNumber
	kindBoolean
)

// mapper makes events of records. It keeps memory between records: one worker has one.
type mapper struct {
	*binding
	now    time.Time
	today  time.Time
	hasher normalize.Hasher

	cells []string   // of the record at hand, by slot
	kinds []cellKind // likewise; nil in CSV
	// totals says that the record begins with a word that stands before a sum.
	totals bool

	event    event.Event
	key      []event.KeyPart
	warnings []event.Reason
	matching []int // rules that hold
	country  string
	known    string // currency that is stated beside the amounts
	buffer   []byte
}

func newMapper(b *binding, now time.Time) *mapper {
	return &mapper{binding: b, now: now, today: now.In(b.clock.zone), key: make([]event.KeyPart, 0, len(b.key))}
}

// fault is why a record yields no event.
type fault struct {
	reason event.Reason
	column string
}

func (f fault) none() bool { return f.reason == "" }

// output collects what the records of a block became.
type output struct {
	records []store.Record
	rows    []store.NewRow
	sums    []rowSum // for every row
}

// rowSum is what a row adds to the sums of a report.
type rowSum struct {
	name, currency string
	value          event.Money
}

// record maps one record and appends what became of it to out.
func (m *mapper) record(cells []string, kinds []cellKind, line uint64, out *output) {
	m.cells, m.kinds = cells, kinds
	m.event.Reset()
	m.warnings = m.warnings[:0]
	rec := store.Record{Line: line}
	first := len(out.rows)
	f := m.identify(&rec)
	if f.none() {
		f = m.match()
	}
	if f.none() {
		f = m.fillShared()
	}
	if f.none() {
		f = m.yield(out)
	}
	if rec.Rows = out.rows[first:len(out.rows):len(out.rows)]; len(rec.Rows) == 0 {
		rec.Fate, rec.Reason, rec.Column, rec.Rows = store.FateRejected, f.reason, f.column, nil
		if f.reason.Severity() == event.Skip {
			rec.Fate = store.FateSkipped
		}
	}
	out.records = append(out.records, rec)
}

// identify reads the record key, and knows a line of sums.
func (m *mapper) identify(rec *store.Record) fault {
	if m.totals && m.nobody() {
		return fault{reason: event.ReasonFooterLine}
	}
	m.key = m.key[:0]
	var missing, destroyed fault
	length := 0
	for _, slot := range m.binding.key {
		value := trimSpace(m.cells[slot])
		length += len(value)
		switch {
		case event.LooksPersonal(value):
			return fault{event.ReasonPersonalData, m.slots[slot]}
		case length > 256 || strings.IndexByte(value, 0) >= 0:
			return fault{event.ReasonEventIDMalformed, m.slots[slot]}
		case event.DestroyedID(value):
			destroyed = fault{event.ReasonRecordKeyDestroyed, m.slots[slot]}
		case normalize.IsMissing(value):
			missing = fault{event.ReasonRecordKeyMissing, m.slots[slot]}
		}
		m.key = append(m.key, event.KeyPart{Column: m.slots[slot], Value: value})
	}
	rec.RecordKey = joinKey(m.key)
	if !missing.none() && m.cell(fieldEventID) == "" {
		return missing
	}
	return destroyed
}

// nobody reports whether the record has neither a person nor a time, as a line of sums below the records has not.
func (m *mapper) nobody() bool {
	empty := func(slot int) bool { return totalWord(m.cells[slot]) || normalize.IsMissing(m.cells[slot]) }
	return empty(m.events[0].time) && !slices.ContainsFunc(m.user, func(u userSlot) bool { return !empty(u.slot) })
}

func joinKey(key []event.KeyPart) string {
	if len(key) == 1 {
		return key[0].Value
	}
	values := make([]string, len(key))
	for i := range key {
		values[i] = key[i].Value
	}
	return strings.Join(values, " · ")
}

// match finds the rules that hold for the record.
func (m *mapper) match() fault {
	m.matching = m.matching[:0]
	for i := range m.events {
		if m.holds(m.events[i].when) {
			m.matching = append(m.matching, i)
		}
	}
	if len(m.matching) == 0 {
		column := ""
		if w := m.events[0].when; len(w) > 0 {
			column = m.slots[w[0].slot]
		}
		return fault{event.ReasonStageNotMapped, column}
	}
	return fault{}
}

func (m *mapper) holds(when []boundCondition) bool {
	for _, c := range when {
		if cell := m.cells[c.slot]; !c.values[cell] && !c.values[foldValue(cell)] {
			return false
		}
	}
	return true
}

// yield makes an event of every rule that holds. When some of several cannot be made, the others are kept and carry
// the reason as a warning.
func (m *mapper) yield(out *output) fault {
	var failed fault
	shared := len(m.warnings)
	first := len(out.rows)
	for _, i := range m.matching {
		m.warnings = m.warnings[:shared]
		if f := m.one(&m.events[i], out); !f.none() && (failed.none() || f.reason.Severity() > failed.reason.Severity()) {
			failed = f
		}
	}
	if made := out.rows[first:]; !failed.none() && len(made) > 0 {
		made[0].Warnings = append(slices.Clip(made[0].Warnings), failed.reason)
	}
	return failed
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
	if f := m.judge(r); !f.none() {
		return f
	}
	row := store.NewRow{Dataset: m.dataset, EventID: e.ID, EventName: e.Name, EventTime: e.Time,
		Deadline: m.windowOf(e.ActionSource).Deadline(e.Time), Fingerprint: e.Fingerprint(),
		Warnings: slices.Clone(m.warnings), Payload: m.encode()}
	if e.Time > m.now.Unix() {
		row.NotBefore = e.Time
	}
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
	at, reason := m.clock.parse(cell)
	if reason != "" {
		return fault{reason, m.slots[r.time]}
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
	switch mapped := m.cell(fieldEventID); {
	case mapped != "":
		e.ID = mapped
	case len(m.key) > 0:
		e.ID = event.DeriveID(m.dataset, e.Name, m.key)
	case m.source.Identity == "content":
		e.ID = event.DeriveContentID(m.dataset, e.Name, e)
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

// windowOf is the source's window, cut to what Meta accepts for the action source of the record at hand.
func (m *mapper) windowOf(src event.ActionSource) event.Window {
	w := m.window
	if w.Length > event.MaxAge && src != event.SourcePhysicalStore {
		w.Length = event.MaxAge
	}
	return w
}

func (m *mapper) encode() []byte {
	const slab = 256 << 10
	if cap(m.buffer)-len(m.buffer) < 2048 {
		m.buffer = make([]byte, 0, slab)
	}
	at := len(m.buffer)
	m.buffer = m.event.AppendBinary(m.buffer)
	return m.buffer[at:len(m.buffer):len(m.buffer)]
}

func (m *mapper) warn(r event.Reason) {
	if !slices.Contains(m.warnings, r) {
		m.warnings = append(m.warnings, r)
	}
}

// cell is the cleaned value of a field; "" when there is none or a word that means none.
func (m *mapper) cell(f field) string {
	slot := m.fields[f]
	if slot < 0 {
		return ""
	}
	return present(m.cells[slot])
}

func present(s string) string {
	if s == "" {
		return ""
	}
	if s = normalize.Clean(s); normalize.IsMissing(s) {
		return ""
	}
	return s
}

func (m *mapper) header(slot int) string {
	if slot < 0 {
		return ""
	}
	return m.slots[slot]
}

// columnOf finds the column that fills a member, as Validate names it; the member's own name when none does.
func (m *mapper) columnOf(member string, r *boundRule) string {
	t, ok := parseTarget(member)
	switch {
	case member == "custom_data":
		for _, p := range m.props {
			if event.LooksPersonal(m.cells[p.slot]) {
				return m.slots[p.slot]
			}
		}
	case !ok:
		return member
	case t.field == fieldEventTime:
		return m.header(r.time)
	case t.field == fieldValue && r.value >= 0:
		return m.header(r.value)
	case t.key != 0:
		for _, u := range m.user {
			if u.key == t.key {
				return m.slots[u.slot]
			}
		}
	case t.field != fieldNone && m.fields[t.field] >= 0:
		return m.slots[m.fields[t.field]]
	}
	return member
}
