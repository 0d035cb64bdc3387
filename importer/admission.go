package importer

import (
	"slices"
	"time"

	"capibara/event"
)

// boundAdmission is an admission applied to the columns of one file.
type boundAdmission struct {
	keep, ignore     []boundCondition
	consent, dataset int // slots, -1 without
	refunds          []boundCondition
}

// bindAdmission finds the columns that decide about a record. A file that lacks one is refused: without the column that
// tells what to leave out, everything would be sent.
func (b *binding) bindAdmission(open bool) (err error) {
	b.admits.consent, b.admits.dataset = -1, -1
	if b.admits.keep, err = b.bindScreens(b.keep, "keep", open); err != nil {
		return err
	}
	if b.admits.ignore, err = b.bindScreens(b.ignore, "ignore", open); err != nil {
		return err
	}
	if b.admits.refunds, err = b.bindScreens(b.refunds, "refunds", open); err != nil {
		return err
	}
	if b.consent != nil {
		if b.admits.consent, err = b.one(b.consent.header, "consent", open); err != nil {
			return err
		}
	}
	if b.choice != nil {
		b.admits.dataset, err = b.one(b.choice.header, "dataset", open)
	}
	return err
}

func (b *binding) bindScreens(rules []screen, role string, open bool) ([]boundCondition, error) {
	var bound []boundCondition
	for _, r := range rules {
		if r.optional {
			slot, err := b.optional(r.header, role)
			if err != nil {
				return nil, err
			}
			if slot >= 0 {
				bound = append(bound, boundCondition{slot, r.values})
			}
			continue
		}
		slot, err := b.one(r.header, role, open)
		if err != nil {
			return nil, err
		}
		b.matchedSlot(role, slot, ByColumns)
		bound = append(bound, boundCondition{slot, r.values})
	}
	return bound, nil
}

// need adds the slots without which nothing can be decided, by their role.
func (a *boundAdmission) need(by map[string][]int) {
	for _, c := range a.keep {
		by["keep"] = append(by["keep"], c.slot)
	}
	for _, c := range a.ignore {
		by["ignore"] = append(by["ignore"], c.slot)
	}
	for _, c := range a.refunds {
		by["refunds"] = append(by["refunds"], c.slot)
	}
	if a.consent >= 0 {
		by["consent"] = []int{a.consent}
	}
	if a.dataset >= 0 {
		by["dataset"] = []int{a.dataset}
	}
}

// has reports whether a cell is one of the values, whatever its case and white space.
func (c *boundCondition) has(cell string) bool { return c.values[cell] || c.values[foldValue(cell)] }

// screened says why the source wants to know nothing of the record.
func (m *mapper) screened() fault {
	for i := range m.admits.keep {
		if c := &m.admits.keep[i]; !c.has(m.cells[c.slot]) {
			return fault{event.ReasonNotKept, m.slots[c.slot]}
		}
	}
	for i := range m.admits.ignore {
		if c := &m.admits.ignore[i]; c.has(m.cells[c.slot]) {
			return fault{event.ReasonIgnored, m.slots[c.slot]}
		}
	}
	if slot := m.saysRefund(); slot >= 0 {
		return fault{event.ReasonRefund, m.slots[slot]}
	}
	return fault{}
}

// saysRefund is the slot of the column that says that the record is a refund; -1 when none does.
func (m *mapper) saysRefund() int {
	for i := range m.admits.refunds {
		if c := &m.admits.refunds[i]; c.has(m.cells[c.slot]) {
			return c.slot
		}
	}
	return -1
}

// destine finds the dataset of the record.
func (m *mapper) destine() fault {
	if m.choice == nil {
		return fault{}
	}
	cell := m.cells[m.admits.dataset]
	id, known := m.choice.ids[cell]
	if !known {
		if id, known = m.choice.ids[foldValue(cell)]; !known {
			return fault{event.ReasonDatasetNotMapped, m.slots[m.admits.dataset]}
		}
	}
	m.to = id
	return fault{}
}

// agreed says why the record may not be sent as far as consent goes. Where the usual words are to tell, one that is none
// of them is neither a yes nor a no: to send it could break a promise, to skip it would lose a conversion in silence.
func (m *mapper) agreed() fault {
	slot := m.admits.consent
	if slot < 0 {
		return fault{}
	}
	if slices.ContainsFunc(m.lines, m.mayUse) {
		return fault{} // of the others nothing is taken
	}
	return m.agreedIn(m.cells[slot])
}

// mayUse reports whether the person on one line of a record of several agreed.
func (m *mapper) mayUse(l lineCells) bool {
	return m.admits.consent < 0 || m.agreedIn(l.cells[m.admits.consent]).none()
}

// agreedIn is agreed for the cell that tells.
func (m *mapper) agreedIn(cell string) fault {
	slot := m.admits.consent
	if given := m.consent.values; len(given) > 0 {
		if c := (boundCondition{slot, given}); c.has(cell) {
			return fault{}
		}
		return fault{event.ReasonNoConsent, m.slots[slot]}
	}
	word := present(cell)
	yes, known := truth(word)
	switch {
	case yes:
		return fault{}
	case known || word == "":
		return fault{event.ReasonNoConsent, m.slots[slot]}
	}
	return fault{event.ReasonConsentUnreadable, m.slots[slot]}
}

// notBefore is when an event may be sent at the earliest, 0 for at once: when its time is past, and when it was held back
// as long as the source says, but not so long that it would miss its deadline.
func (m *mapper) notBefore(deadline int64) int64 {
	at := m.event.Time
	if m.holdBack > 0 {
		at = max(at, min(at+int64(m.holdBack/time.Second), deadline-int64(lastCall/time.Second)))
	}
	if at > m.now.Unix() {
		return at
	}
	return 0
}
