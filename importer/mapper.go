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
	hashes map[knownHash]hashed

	cells  []string    // of the record at hand, by slot
	kinds  []cellKind  // likewise; nil in CSV
	lines  []lineCells // of a record of several lines; none else. cells and kinds are then what they have in common
	merged lineCells   // what the lines of a record have in common
	// totals says that the record begins with a word that stands before a sum.
	totals bool

	event    event.Event
	key      []event.KeyPart
	to       string // dataset of the record
	mappedID string // event_id that the record itself has, "" for none
	warnings []event.Reason
	shared   []event.Reason // the warnings of the row before, which are often those of the next
	matching []int          // rules that hold
	matched  bool           // matching is of the record at hand
	wrongKey fault          // of the record key at hand
	refunded []refunded     // of the record at hand, by its amounts
	original []event.KeyPart
	country  string
	known    string // currency that is stated beside the amounts
	people   people // that records refer to
	buffer   []byte
	watch    *watch // of a preview; nil in an import

	suppressed *event.Suppression // who was erased; nil for nobody
	filled     bool               // the identifiers of the record at hand were collected
}

func newMapper(b *binding, now time.Time) *mapper {
	return &mapper{binding: b, to: b.dataset, now: now, today: now.In(b.clock.zone), hashes: map[knownHash]hashed{}, key: make([]event.KeyPart, 0, len(b.key))}
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
	// retractions are those of all records, one after another.
	retractions []store.Retraction
	warned      []warned // of records that yield no event
}

// warned is a warning of a record that yields no event, such as the one telephone number that could not be used.
type warned struct {
	reason event.Reason
	line   uint64
}

// rowSum is what a row adds to the sums of a report.
type rowSum struct {
	name, currency string
	value          event.Money
}

// record maps one record and appends what became of it to out.
func (m *mapper) record(cells []string, kinds []cellKind, line uint64, out *output) {
	if m.watch != nil && m.watch.raw != nil {
		m.watch.raw(cells, kinds)
		out.records = append(out.records, withoutRows(line, fault{reason: event.ReasonBlankLine}))
		return
	}
	m.cells, m.kinds = cells, kinds
	m.event.Reset()
	m.warnings = m.warnings[:0]
	m.matched, m.filled, m.refunded = false, false, m.refunded[:0]
	rec := store.Record{Line: line}
	first := len(out.rows)
	f := m.read(&rec)
	switch {
	case m.suppressed != nil && m.erased():
		f = m.forget(&rec)
	case !f.none():
	case m.People():
		rec.Person = m.person()
	default:
		f = m.yield(out)
	}
	if rec.Rows = out.rows[first:len(out.rows):len(out.rows)]; len(rec.Rows) == 0 {
		rec.Rows = nil
		if rec.Person == nil {
			rec.Fate, rec.Reason, rec.Column = store.FateRejected, f.reason, f.column
			if f.reason.Severity() == event.Skip {
				rec.Fate = store.FateSkipped
			}
		}
		for _, w := range m.warnings {
			out.warned = append(out.warned, warned{w, line})
		}
	}
	if m.withdraw && f.reason != event.ReasonPersonErased {
		m.retract(&rec, f, out)
	}
	out.records = append(out.records, rec)
}

// read fills what all events of the record have in common. What nobody should mend is found before what a person could:
// an anonymous sale stays skipped, however its amount is written.
func (m *mapper) read(rec *store.Record) fault {
	if m.totals && m.nobody() {
		return fault{reason: event.ReasonFooterLine}
	}
	wrongKey := m.identify(rec)
	m.wrongKey = wrongKey
	if f := m.disagreement(true); !f.none() {
		return f
	}
	if f := m.screened(); !f.none() {
		return f
	}
	if f := m.match(); !f.none() {
		return f
	}
	m.matched = true
	if f := m.destine(); !f.none() {
		return f
	}
	consent := m.agreed()
	if consent.reason == event.ReasonNoConsent {
		return consent
	}
	m.fillPerson()
	if f := m.joinPeople(); !f.none() {
		return f
	}
	if m.People() {
		return m.readPerson(wrongKey)
	}
	if !wrongKey.none() {
		return wrongKey
	}
	if !consent.none() {
		return consent
	}
	if f := m.disagreement(false); !f.none() {
		return f
	}
	if f := m.fillSource(); !f.none() {
		return f
	}
	if f := m.fillCurrency(); !f.none() {
		return f
	}
	return m.fillCustom()
}

// identify reads the record key and the mapped event_id.
func (m *mapper) identify(rec *store.Record) fault {
	m.key, m.mappedID = m.key[:0], m.keyCell(fieldEventID)
	if slot := m.fields[fieldEventID]; slot >= 0 && strings.IndexByte(m.cells[slot], 0) >= 0 {
		return fault{event.ReasonEventIDMalformed, m.slots[slot]}
	}
	var missing, destroyed fault
	length := 0
	for _, slot := range m.binding.key {
		value := keyText(m.cells[slot])
		length += len(value)
		switch {
		case event.LooksPersonal(value):
			return fault{event.ReasonPersonalData, m.slots[slot]}
		case length > 256 || strings.IndexByte(m.cells[slot], 0) >= 0:
			return fault{event.ReasonEventIDMalformed, m.slots[slot]}
		case event.DestroyedID(value):
			destroyed = fault{event.ReasonRecordKeyDestroyed, m.slots[slot]}
		case normalize.IsMissing(value):
			missing = fault{event.ReasonRecordKeyMissing, m.slots[slot]}
		}
		m.key = append(m.key, event.KeyPart{Column: m.slots[slot], Value: value})
	}
	rec.RecordKey = joinKey(m.key)
	if !missing.none() && m.mappedID == "" {
		return missing
	}
	return destroyed
}

// nobody reports whether the record has neither a person nor a time, as a line of sums below the records has not.
func (m *mapper) nobody() bool {
	empty := func(slot int) bool {
		return totalWord(m.cells[slot]) || footerWord(m.cells[slot]) || normalize.IsMissing(m.cells[slot])
	}
	if m.join >= 0 && !empty(m.join) || m.events[0].time >= 0 && !empty(m.events[0].time) {
		return false
	}
	return !slices.ContainsFunc(m.user, func(u userSlot) bool { return !empty(u.slot) })
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
			if m.watch != nil {
				m.watch.noRule(column, m.cells[w[0].slot])
			}
		}
		return fault{event.ReasonStageNotMapped, column}
	}
	return fault{}
}

func (m *mapper) holds(when []boundCondition) bool {
	for i := range when {
		if c := &when[i]; !c.has(m.cells[c.slot]) {
			return false
		}
	}
	return true
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
	case member == "custom_data.contents":
		for f := fieldItemID; f < fieldCount; f++ {
			if slot := m.fields[f]; slot >= 0 && event.LooksPersonal(m.cells[slot]) {
				return m.slots[slot]
			}
		}
	case member == "data_processing_options":
		for _, f := range [...]field{fieldProcessing, fieldProcessingCountry, fieldProcessingState} {
			if m.cell(f) != "" {
				return m.header(m.fields[f])
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
