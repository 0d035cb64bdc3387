package importer

import (
	"slices"
	"strings"

	"capibara/event"
)

// Lacks says what the source still needs, in the order in which to ask.
func (p *Proposal) Lacks() []Lack {
	var lacks []Lack
	s, b := p.whole(), p.bound
	if b.People() {
		return p.lacksOfPeople()
	}
	if len(b.user) == 0 && b.join < 0 {
		lacks = append(lacks, LackPerson) // first, because nobody can answer it
	}
	if !p.hasEvent() {
		lacks = append(lacks, LackEvent)
	}
	if !p.hasTime() {
		lacks = append(lacks, LackTime)
	}
	if len(b.key) == 0 && b.fields[fieldEventID] < 0 && s.Identity == "" {
		lacks = append(lacks, LackKey)
	}
	if s.ActionSource == "" && b.fields[fieldActionSource] < 0 {
		lacks = append(lacks, LackAction)
	}
	if dayFirst, monthFirst := p.proof(); len(s.DateFormats) == 0 && p.parted() && dayFirst == monthFirst {
		lacks = append(lacks, LackDateOrder)
	}
	if values := p.valueColumns(); len(values) > 0 {
		if points, commas, unclear := p.marks(); s.Decimal == "" && unclear > 0 && (points > 0) == (commas > 0) {
			lacks = append(lacks, LackDecimal)
		}
		signs := slices.ContainsFunc(values, func(c *ColumnSight) bool { return c.amounts > 0 && c.signs == c.amounts })
		if s.Currency == "" && b.fields[fieldCurrency] < 0 && !signs {
			lacks = append(lacks, LackCurrency)
		}
	}
	if s.Country == "" && p.fills(target{key: event.Phone}) {
		lacks = append(lacks, LackCountry)
	}
	return lacks
}

// lacksOfPeople says what a source of people still needs.
func (p *Proposal) lacksOfPeople() []Lack {
	var lacks []Lack
	if len(p.bound.user) == 0 {
		lacks = append(lacks, LackPerson)
	}
	if len(p.bound.key) == 0 {
		lacks = append(lacks, LackKey)
	}
	if p.whole().Country == "" && p.fills(target{key: event.Phone}) {
		lacks = append(lacks, LackCountry)
	}
	return lacks
}

// Optional reports whether an import works without it, if less well.
func (l Lack) Optional() bool { return l == LackCountry }

// whole is the source with what its preset adds.
func (p *Proposal) whole() Source { return p.bound.source }

func (p *Proposal) hasEvent() bool {
	if s := p.whole(); s.EventName.Name != "" || s.EventName.Column != "" {
		return true
	} else if len(s.Events) > 0 {
		return len(p.bound.events) > 0
	}
	return p.bound.fields[fieldEventName] >= 0
}

func (p *Proposal) hasTime() bool {
	if p.bound.fields[fieldEventTime] >= 0 {
		return true
	}
	return len(p.bound.events) > 0 && !slices.ContainsFunc(p.bound.events, func(r boundRule) bool { return r.time < 0 })
}

// LeftOut are the events of the preset that the file cannot prove, each with the column that it lacks.
func (p *Proposal) LeftOut() []LeftOut { return p.bound.leftOut }

// Person is what to do when no column tells who the customer is.
func (p *Proposal) Person() string {
	if in := p.bound.inherited; in != nil && in.person != "" {
		return in.person
	}
	return "Add the e-mail address or the telephone number of the customer to the export."
}

// fills reports whether a column fills the member.
func (p *Proposal) fills(t target) bool {
	if t.key == 0 {
		return p.bound.fields[t.field] >= 0
	}
	return slices.ContainsFunc(p.bound.user, func(u userSlot) bool { return u.key == t.key })
}

// personal reports whether a column fills an identifier of the person.
func (p *Proposal) personal(header string) bool {
	return slices.ContainsFunc(p.bound.matches, func(m Match) bool {
		t, ok := parseTarget(m.Member)
		return ok && t.key != 0 && t.key != event.ExternalID && fold(m.Header) == fold(header)
	})
}

func (p *Proposal) used(header string) bool {
	return slices.ContainsFunc(p.bound.matches, func(m Match) bool { return fold(m.Header) == fold(header) })
}

// columnsAt are the columns that fill some places of a row.
func (p *Proposal) columnsAt(slots ...int) []*ColumnSight {
	var all []*ColumnSight
	for column, slot := range p.bound.slotOf {
		if slot >= 0 && slices.Contains(slots, slot) {
			all = append(all, &p.Sight.Columns[column])
		}
	}
	return all
}

// columnsOf are the columns that fill an identifier.
func (p *Proposal) columnsOf(k event.Key) []*ColumnSight {
	var slots []int
	for _, u := range p.bound.user {
		if u.key == k {
			slots = append(slots, u.slot)
		}
	}
	return p.columnsAt(slots...)
}

func (p *Proposal) timeColumns() []*ColumnSight {
	slots := []int{p.bound.fields[fieldEventTime]}
	for _, r := range p.bound.events {
		slots = append(slots, r.time)
	}
	return p.columnsAt(slots...)
}

func (p *Proposal) valueColumns() []*ColumnSight {
	slots := []int{p.bound.fields[fieldValue]}
	for _, r := range p.bound.events {
		slots = append(slots, r.value)
	}
	return p.columnsAt(slots...)
}

func (p *Proposal) parted() bool {
	return slices.ContainsFunc(p.timeColumns(), func(c *ColumnSight) bool { return len(c.parted) > 0 })
}

// TimeColumns are the columns that hold dates.
func (p *Proposal) TimeColumns() []string {
	return p.headers(func(c *ColumnSight) bool {
		dates := c.times + c.dates + c.unix
		for _, n := range c.parted {
			dates += n
		}
		return dates*10 >= c.Filled*8 && !p.personal(c.Header)
	})
}

// AmountColumns are the columns that hold amounts and are not used yet.
func (p *Proposal) AmountColumns() []string {
	return p.headers(func(c *ColumnSight) bool {
		return !p.used(c.Header) && c.amounts*10 >= c.Filled*8 && c.phones*2 < c.Filled && c.unix == 0
	})
}

// HasValue reports whether some event has an amount.
func (p *Proposal) HasValue() bool { return len(p.valueColumns()) > 0 }

// KeyColumns are the columns that can identify a record, those first whose headers say so.
func (p *Proposal) KeyColumns() []string {
	all := p.headers(func(c *ColumnSight) bool {
		return !p.personal(c.Header) && c.emails == 0 && c.codes == 0 && c.phones*2 < c.Filled && c.times+c.dates == 0 && len(c.parted) == 0 && c.points+c.commas == 0 && !holdsNames(c.Header) && c.Filled*10 >= p.Sight.Records*9
	})
	slices.SortStableFunc(all, func(x, y string) int { return rankKey(x) - rankKey(y) })
	return all
}

func rankKey(header string) int {
	f := fold(header)
	for _, word := range []string{"id", "number", "nummer", "nr", "receipt", "order", "bon", "key", "code", "ref"} {
		if strings.HasSuffix(f, word) || strings.HasPrefix(f, word) {
			return 0
		}
	}
	return 1
}

// StageColumns are the columns whose values can be stages, those first whose headers say so.
func (p *Proposal) StageColumns() []string {
	all := p.headers(func(c *ColumnSight) bool {
		if c.Values() == nil || c.amounts > 0 || c.codes > 0 || c.times+c.dates > 0 || c.emails > 0 || p.used(c.Header) {
			return false
		}
		// What no header calls a stage must come again. Its values are shown once a person says that they are stages.
		return rankStage(c.Header) == 0 || len(c.values) <= 12 && len(c.values) < c.Filled && !holdsNames(c.Header)
	})
	slices.SortStableFunc(all, func(x, y string) int { return rankStage(x) - rankStage(y) })
	return all
}

// holdsNames reports whether a header is one of a column that holds names.
func holdsNames(header string) bool {
	f := fold(header)
	return aboutStaff(header) || slices.ContainsFunc([]string{"name", "client", "customer", "contact", "kunde", "klant", "person", "street", "address"},
		func(word string) bool { return strings.Contains(f, word) })
}

func rankStage(header string) int {
	f := fold(header)
	for _, word := range []string{"stage", "status", "phase", "fase", "etapa", "étape", "state"} {
		if strings.Contains(f, word) {
			return 0
		}
	}
	return 1
}

func (p *Proposal) headers(fits func(*ColumnSight) bool) []string {
	var all []string
	for i := range p.Sight.Columns {
		if c := &p.Sight.Columns[i]; c.Filled > 0 && c.Header != "" && fits(c) {
			all = append(all, c.Header)
		}
	}
	return all
}
