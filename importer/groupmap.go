package importer

import (
	"slices"
	"strings"

	"capibara/event"
	"capibara/importer/normalize"
)

// settledSlot is a column on which the lines of one record must agree.
type settledSlot struct {
	slot  int
	kind  settledKind
	stage bool // it says which events the record yields
}

// settledKind tells when two cells say the same.
type settledKind uint8

const (
	settledWord settledKind = iota
	settledTime
	settledID
)

// settle finds the columns on which the lines of one record must agree: all but those that may differ from line to
// line, so that whatever else a mapping goes by is never taken from one line when another contradicts it.
func (b *binding) settle() {
	free := make([]bool, len(b.slots))
	kinds := make([]settledKind, len(b.slots))
	for _, u := range b.user {
		free[u.slot] = true
	}
	for _, p := range b.props {
		free[p.slot] = true
	}
	for f := fieldEventID; f < fieldCount; f++ {
		if slot := b.fields[f]; slot >= 0 && f.mayDiffer() {
			free[slot] = true
		}
	}
	stages := make([]bool, len(b.slots))
	for _, r := range b.events {
		if r.value >= 0 {
			free[r.value] = true
		}
		for _, c := range r.when {
			stages[c.slot] = true
		}
	}
	if slot := b.fields[fieldEventName]; slot >= 0 {
		stages[slot] = true
	}
	for _, c := range slices.Concat(b.admits.keep, b.admits.ignore, b.admits.refunds) {
		stages[c.slot] = true
	}
	for f := fieldEventID; f < fieldCount; f++ {
		if slot := b.fields[f]; slot >= 0 && !f.mayDiffer() {
			free[slot] = false
			if f == fieldEventID || f == fieldOrderID {
				kinds[slot] = settledID
			}
		}
	}
	for _, r := range b.events {
		if r.time >= 0 {
			free[r.time], kinds[r.time] = false, settledTime
		}
	}
	if b.join >= 0 {
		free[b.join] = true
	}
	if b.refund.amount >= 0 {
		free[b.refund.amount] = true
	}
	if b.admits.consent >= 0 {
		free[b.admits.consent] = true // everybody on the lines answers for himself
	}
	for _, slot := range b.key {
		free[slot] = true // they are equal, or the lines would not be one record
	}
	for slot := range b.slots {
		if !free[slot] || stages[slot] {
			b.settled = append(b.settled, settledSlot{slot, kinds[slot], stages[slot]})
		}
	}
}

// mayDiffer reports whether the lines of one record may say different things about a member: of texts the first is taken,
// amounts and items have rules of their own, and a click is taken from one line.
func (f field) mayDiffer() bool {
	switch f {
	case fieldClickID, fieldClickTime, fieldValue, fieldContentName, fieldContentCategory, fieldContentType, fieldContentIDs,
		fieldPredictedLTV, fieldNetRevenue, fieldSearchString, fieldStatus, fieldDeliveryCategory, fieldItemNumber:
		return true
	}
	return f >= fieldItemID
}

// lineCells is one line of a record of several.
type lineCells struct {
	cells []string
	kinds []cellKind // nil in CSV
}

// readLine makes a line the one whose cells are read.
func (m *mapper) readLine(l lineCells) { m.cells, m.kinds = l.cells, l.kinds }

// group maps a record of several lines, which are in m.lines, and appends what became of it to out.
func (m *mapper) group(line uint64, out *output) {
	width := len(m.slots)
	m.merged.cells = slices.Grow(m.merged.cells[:0], width)[:width]
	if m.merged.kinds = nil; m.lines[0].kinds != nil {
		m.merged.kinds = make([]cellKind, width)
	}
	for slot := range width {
		from := max(slices.IndexFunc(m.lines, func(l lineCells) bool { return !normalize.IsMissing(l.cells[slot]) }), 0)
		m.merged.cells[slot] = m.lines[from].cells[slot]
		if m.merged.kinds != nil {
			m.merged.kinds[slot] = m.lines[from].kinds[slot]
		}
	}
	m.record(m.merged.cells, m.merged.kinds, line, out)
	clear(m.lines)
	m.lines = m.lines[:0]
}

// disagreement finds a column in which the lines of the record contradict one another: among those that say which
// events it yields, or among all others.
func (m *mapper) disagreement(stage bool) fault {
	for i := range m.settled {
		if s := &m.settled[i]; len(m.lines) > 0 && s.stage == stage && !m.agree(s) {
			return fault{event.ReasonLinesDisagree, m.slots[s.slot]}
		}
	}
	return fault{}
}

func (m *mapper) agree(s *settledSlot) bool {
	first := m.cells[s.slot]
	for _, l := range m.lines {
		if cell := l.cells[s.slot]; cell != first && !normalize.IsMissing(cell) && !m.same(s.kind, first, cell) {
			return false
		}
	}
	return true
}

func (m *mapper) same(kind settledKind, x, y string) bool {
	switch kind {
	case settledTime:
		a, unreadable := m.clock.parse(x)
		b, too := m.clock.parse(y)
		return unreadable == "" && too == "" && a.at.Equal(b.at)
	case settledID:
		return event.CanonicalKey(keyText(x)) == event.CanonicalKey(keyText(y))
	}
	return foldValue(x) == foldValue(y)
}

// fillPeople collects the identifiers of all lines. What describes a person beside addresses, numbers and ids is taken from one
// line alone, so that nobody is made up of two.
func (m *mapper) fillPeople() {
	described := m.describedBy()
	for i, l := range m.lines {
		if !m.mayUse(l) {
			continue
		}
		m.readLine(l)
		m.findCountry()
		for _, u := range m.user {
			cell := l.cells[u.slot]
			if cell != "" && (several(u.key) || u.key.Hashed() && i == described || !u.key.Hashed() && !m.event.User.Has(u.key)) {
				m.identifier(u.key, cell)
			}
		}
		if id := m.cell(fieldClickID); id != "" && m.cell(fieldClickTime) != "" && !m.event.User.Has(event.FBC) {
			m.clickID(id)
		}
	}
	m.readLine(m.merged)
}

// several reports whether a person may have more than one of k, as Meta sees it, without becoming another.
func several(k event.Key) bool { return k == event.Email || k == event.Phone || k == event.ExternalID }

// describedBy is the line that tells who the person is: the first with a name, else the first with anything of the kind.
func (m *mapper) describedBy() int {
	found := -1
	for i, l := range m.lines {
		for _, u := range m.user {
			if !m.mayUse(l) || several(u.key) || !u.key.Hashed() || normalize.IsMissing(l.cells[u.slot]) {
				continue
			}
			if u.key == event.FirstName || u.key == event.LastName {
				return i
			}
			if found < 0 {
				found = i
			}
		}
	}
	return found
}

// amount reads an amount of the record. Of several lines that have one, all must have the same; or, when sum is set, all
// must have one, and it is what they add up to.
func (m *mapper) amount(slot int, sum bool) (event.Money, fault) {
	if len(m.lines) == 0 || slot < 0 {
		return m.money(slot)
	}
	defer m.readLine(m.merged)
	var total event.Sum
	var first event.Money
	with := 0
	for _, l := range m.lines {
		m.readLine(l)
		value, f := m.money(slot)
		switch {
		case !f.none():
			return event.Money{}, f
		case !value.Present():
			continue
		case with == 0:
			first = value
		case value != first && !sum:
			return event.Money{}, fault{event.ReasonGroupValueDiffers, m.slots[slot]}
		}
		with++
		total.Add(value)
	}
	switch {
	case !sum || with == 0:
		return first, fault{}
	case with < len(m.lines):
		return event.Money{}, fault{event.ReasonGroupValueMissing, m.slots[slot]}
	}
	value, err := event.ParseMoney(total.String())
	if err != nil {
		return event.Money{}, fault{event.ReasonNumberUnreadable, m.slots[slot]}
	}
	return value, fault{}
}

// collectContentIDs collects content_ids of all lines, each once.
func (m *mapper) collectContentIDs() {
	defer m.readLine(m.merged)
	c := &m.event.Custom
	for _, l := range m.lines {
		m.readLine(l)
		var room [8]string
		for _, id := range appendList(room[:0], m.cell(fieldContentIDs)) {
			if !slices.Contains(c.ContentIDs, id) {
				c.ContentIDs = append(c.ContentIDs, id)
			}
		}
	}
}

// fillLines makes an element of contents of every line that has one.
func (m *mapper) fillLines() fault {
	defer m.readLine(m.merged)
	for _, l := range m.lines {
		m.readLine(l)
		if f := m.fillContent(); !f.none() {
			return f
		}
	}
	return fault{}
}

// priceLines reads the prices of contents: the lines that fillLines made elements of, in the same order.
func (m *mapper) priceLines() fault {
	defer m.readLine(m.merged)
	at := 0
	for _, l := range m.lines {
		m.readLine(l)
		if m.cell(fieldItemID) == "" {
			continue
		}
		var f fault
		if m.event.Custom.Contents[at].ItemPrice, f = m.money(m.fields[fieldItemPrice]); !f.none() {
			return f
		}
		at++
	}
	return fault{}
}

// keyHeaders names the columns of record_key in a sentence.
func (m *Mapping) keyHeaders() string { return strings.Join(m.source.RecordKey, ", ") }
