package importer

import (
	"slices"
	"strings"

	"capibara/event"
	"capibara/importer/normalize"
	"capibara/store"
)

// refunded is an event of the record at hand whose money was given back.
type refunded struct {
	name     string
	amount   event.Money // absolute; absent for all of it
	currency string
}

// retract lists in rec what the record shows to be no conversion any more. f is why it yields no event, none when it yields
// some.
//
//	the record                                        takes back
//	no rule of events covers its stage                every event of the source
//	some rules cover it, under events                 the events of the others
//	some rules cover it, under event_name by values   nothing: it went on to its next stage
//	keep or ignore leaves it out, or there is         every event of the source
//	no consent (any more)
//	it is a refund                                    the event that would be refunded
//	its dataset is not known, it is a blank line      nothing
//	it is rejected                                    nothing, until somebody has mended it
//
// An event is never taken back that the record itself still stands for. What is taken back is an event under the record's
// own key, in the dataset that the record names.
func (m *mapper) retract(rec *store.Record, f fault, out *output) {
	if rec.Fate == store.FateRejected || !m.wrongKey.none() || !m.destine().none() {
		return
	}
	first := len(out.retractions)
	switch {
	case f.reason == event.ReasonBlankLine || f.reason == event.ReasonFooterLine:
	case m.matched && f.reason != event.ReasonNoConsent:
		if f.reason == event.ReasonIdentifierMissing || f.reason == event.ReasonIdentifierWeak {
			m.refundsOfNobody() // most tills do not say again who brought something back
		}
		m.retractSome(out)
	case m.saysRefund() >= 0:
		m.retractRefund(out)
	default:
		for i := range m.events {
			m.retractOne(m.nameOf(&m.events[i]), event.ReasonNoLongerQualified, refunded{}, out, first)
		}
	}
	rec.Retractions = out.retractions[first:len(out.retractions):len(out.retractions)]
}

// retractSome takes back what the amounts of the record show to be refunded, and what the rules that do not hold for it
// stand for.
func (m *mapper) retractSome(out *output) {
	first := len(out.retractions)
	for _, r := range m.refunded {
		m.retractOne(r.name, event.ReasonRefunded, r, out, first)
	}
	if m.staged || len(m.matching) == len(m.events) {
		return
	}
	for i := range m.events {
		name := m.events[i].name
		stands := slices.ContainsFunc(m.matching, func(j int) bool { return m.events[j].name == name })
		if !stands {
			m.retractOne(name, event.ReasonNoLongerQualified, refunded{}, out, first)
		}
	}
}

// retractRefund takes back what a record that says of itself that it is a refund concerns.
func (m *mapper) retractRefund(out *output) {
	first := len(out.retractions)
	r := m.givenBack()
	for i := range m.events {
		m.retractOne(m.nameOf(&m.events[i]), event.ReasonRefunded, r, out, first)
	}
}

// givenBack is what such a record gives back: the column of refund_amount tells, else an amount below zero. An amount above
// it may be that of the order, and tells nothing.
func (m *mapper) givenBack() refunded {
	if !m.fillCurrency().none() {
		return refunded{}
	}
	if value := m.plainAmount(m.refund.amount); value.Sign() != 0 {
		return refunded{amount: absolute(value), currency: m.event.Custom.Currency}
	}
	for i := range m.events {
		if value := m.plainAmount(m.events[i].value); value.Sign() < 0 {
			return refunded{amount: absolute(value), currency: m.event.Custom.Currency}
		}
	}
	return refunded{}
}

// refundsOfNobody finds the amounts below zero of a record that was left before they were read.
func (m *mapper) refundsOfNobody() {
	if !m.fillCurrency().none() {
		return
	}
	for _, i := range m.matching {
		if value := m.plainAmount(m.events[i].value); value.Sign() < 0 {
			m.refunded = append(m.refunded, refunded{m.nameOf(&m.events[i]), absolute(value), m.event.Custom.Currency})
		}
	}
}

// plainAmount is the amount in a slot; none when it cannot be read.
func (m *mapper) plainAmount(slot int) event.Money {
	m.event.Custom.Currency = m.known
	value, f := m.amount(slot, m.sums)
	if !f.none() {
		return event.Money{}
	}
	return value
}

// absolute is an amount without its sign.
func absolute(m event.Money) event.Money {
	if m.Sign() >= 0 {
		return m
	}
	value, err := event.ParseMoney(strings.TrimPrefix(m.String(), "-"))
	if err != nil {
		return event.Money{}
	}
	return value
}

// nameOf is the event_name of a rule for the record at hand; "" when its column does not tell.
func (m *mapper) nameOf(r *boundRule) string {
	if r.name != "" {
		return r.name
	}
	cell := normalize.Clean(m.cells[m.fields[fieldEventName]])
	if normalize.IsMissing(cell) {
		return ""
	}
	name, _ := event.MendName(cell)
	return name
}

// retractOne adds one retraction, unless the record's are there from first on with the same name, or nobody can tell which
// event it is.
func (m *mapper) retractOne(name string, reason event.Reason, r refunded, out *output, first int) {
	if name == "" || slices.ContainsFunc(out.retractions[first:], func(o store.Retraction) bool { return o.EventName == name }) {
		return
	}
	id := m.ownID(name)
	if reason == event.ReasonRefunded && len(m.refund.of) > 0 {
		id = m.refundedID(name)
	}
	if id == "" {
		return
	}
	out.retractions = append(out.retractions, store.Retraction{Dataset: m.to, EventID: id, EventName: name, Reason: reason, Refund: r.amount, Currency: r.currency})
}

// ownID is the event_id of the record's own event of that name; "" when it has none.
func (m *mapper) ownID(name string) string {
	switch {
	case m.mappedID != "":
		return usableID(m.mappedID)
	case len(m.key) > 0:
		return event.DeriveID(m.to, name, m.key)
	}
	return ""
}

// refundedID is the event_id of what a refund names in the columns of refund_of; "" when it names nothing.
func (m *mapper) refundedID(name string) string {
	if m.fields[fieldEventID] >= 0 {
		return usableID(event.CanonicalKey(keyText(m.cells[m.refund.of[0]])))
	}
	m.original = m.original[:0]
	for _, slot := range m.refund.of {
		value := keyText(m.cells[slot])
		if usableID(value) == "" {
			return ""
		}
		m.original = append(m.original, event.KeyPart{Column: m.slots[slot], Value: value})
	}
	return event.DeriveID(m.to, name, m.original)
}

// usableID is a value that may identify something; "" for one that cannot.
func usableID(value string) string {
	if normalize.IsMissing(value) || len(value) > 256 || event.DestroyedID(value) || event.LooksPersonal(value) || strings.IndexByte(value, 0) >= 0 {
		return ""
	}
	return value
}
