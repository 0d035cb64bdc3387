package importer

import (
	"crypto/sha256"
	"fmt"

	"capibara/event"
	"capibara/importer/normalize"
	"capibara/store"
)

// lookup finds what is known of people by their keys.
type lookup func(keys []event.Hash) ([][]byte, error)

// people are those that the records of a stretch refer to. They are looked up for the whole stretch at once, and anew for
// every stretch, because another import may bring people meanwhile.
type people struct {
	find  lookup
	found map[event.Hash][]byte // those of the stretch that are known
	asked []event.Hash
	user  event.UserData
	alone [1]lineCells // memory for the lines of a record of one
}

// personScheme is the version of the key under which a person is kept. Another makes strangers of all of them.
const personScheme = 1

// personKey is the key of the person with an id in a source of kind people. A Salesforce id of 15 characters and its
// 18-character form are one.
func personKey(source, id string) event.Hash {
	var room [256]byte
	b := append(room[:0], "capibara person "...)
	b = append(b, personScheme)
	b = append(b, source...)
	b = append(b, 0)
	return sha256.Sum256(append(b, event.CanonicalKey(id)...))
}

// personID is the id of a person in a cell; "" when there is none.
func personID(cell string) string {
	if cell == "" {
		return ""
	}
	if id := keyText(cell); !normalize.IsMissing(id) {
		return id
	}
	return ""
}

// bindJoin finds the column of join.
func (b *binding) bindJoin(open bool) (err error) {
	switch {
	case !b.Joins():
	case b.inherited.join():
		b.join, err = b.optional(b.source.Join.Column, "join")
	default:
		if b.join, err = b.one(b.source.Join.Column, "join", open); err == nil {
			b.matchedSlot("join", b.join, ByColumns)
		}
	}
	return err
}

// completePeople refuses a file of people without a column that identifies them to Meta.
func (b *binding) completePeople() error {
	if len(b.user) == 0 {
		return b.refuse("Add columns such as Email, Phone or Lead ID to the export, or map them to email, phone or lead_id.",
			"no column identifies a person, so that Meta could match nobody")
	}
	return nil
}

// readPerson ends the reading of a record of people: its id, and what is kept of it as it is, must be nobody's address.
func (m *mapper) readPerson(wrongKey fault) fault {
	if !wrongKey.none() {
		return wrongKey
	}
	for _, v := range m.event.User.Plain() {
		if v.Key == event.ExternalID && event.LooksPersonal(v.Value) {
			return fault{event.ReasonPersonalData, m.columnOf(v.Key.String(), &m.events[0])}
		}
	}
	return fault{}
}

// person is what a record of people says about a person.
func (m *mapper) person() *store.NewPerson {
	key := personKey(m.source.Name, m.key[0].Value)
	return &store.NewPerson{Key: key, Identifiers: m.encoded(m.event.User.AppendBinary)}
}

// ask remembers whom a record refers to, given its cells.
func (m *mapper) ask(cells []string) {
	id := personID(cells[m.join])
	if id == "" {
		return
	}
	for _, source := range m.joined {
		key := personKey(source, id)
		if _, known := m.people.found[key]; !known {
			m.people.found[key] = nil
			m.people.asked = append(m.people.asked, key)
		}
	}
}

// meet looks up everybody who was asked for since the last time.
func (m *mapper) meet() error {
	all, err := m.people.find(m.people.asked)
	if err != nil {
		return err
	}
	if len(all) != len(m.people.asked) {
		return fmt.Errorf("look people up: the database answered for %d of %d", len(all), len(m.people.asked))
	}
	for i, key := range m.people.asked {
		if all[i] != nil {
			if err := m.people.user.DecodeBinary(all[i]); err != nil {
				return fmt.Errorf("look people up: %w", err)
			}
		}
		m.people.found[key] = all[i]
	}
	return nil
}

// part forgets everybody before the next stretch.
func (m *mapper) part() {
	if m.people.found == nil {
		m.people.found = map[event.Hash][]byte{}
	}
	clear(m.people.found)
	m.people.asked = m.people.asked[:0]
}

// meetAll looks up everybody whom lines of a table refer to.
func (m *mapper) meetAll(rows []row) error {
	if m.join < 0 {
		return nil
	}
	m.part()
	for i := range rows {
		m.ask(rows[i].Cells)
	}
	return m.meet()
}

// meetOne looks up everybody whom one record refers to.
func (m *mapper) meetOne(cells []string) error {
	if m.join < 0 {
		return nil
	}
	m.part()
	m.ask(cells)
	return m.meet()
}

// joinPeople adds the identifiers of the people whom the record refers to, behind its own, and judges them together. A
// person who is not known can be imported first, so that a record which has nobody else is rejected and not skipped.
func (m *mapper) joinPeople() fault {
	u := &m.event.User
	var missing, destroyed bool
	if m.join >= 0 {
		described := u.Has(event.FirstName) || u.Has(event.LastName)
		lines := m.lines
		if len(lines) == 0 {
			m.people.alone[0].cells = m.cells
			lines = m.people.alone[:]
		}
		for _, l := range lines {
			if !m.mayUse(l) {
				continue
			}
			id := personID(l.cells[m.join])
			switch {
			case id == "":
			case event.DestroyedID(id):
				destroyed = true
			case !m.addPerson(id, &described):
				missing = true
			}
		}
	}
	usable := u.Usable()
	if m.People() {
		usable = len(u.Hashed())+len(u.Plain()) > 0 // what is weak by itself may help a record
	}
	switch {
	case usable && (missing || destroyed):
		m.warn(event.ReasonPersonUnknown)
	case usable:
	case destroyed:
		return fault{event.ReasonRecordKeyDestroyed, m.slots[m.join]}
	case missing:
		return fault{event.ReasonPersonNotFound, m.slots[m.join]}
	case len(u.Hashed())+len(u.Plain()) == 0:
		return fault{reason: event.ReasonIdentifierMissing}
	default:
		return fault{reason: event.ReasonIdentifierWeak}
	}
	return fault{}
}

// addPerson adds what is known of a person; false when nobody has the id. Of the names and places of several people only
// those of one are taken, and none when the record has a name of its own.
func (m *mapper) addPerson(id string, described *bool) bool {
	known := false
	u := &m.event.User
	for _, source := range m.joined {
		identifiers := m.people.found[personKey(source, id)]
		if identifiers == nil || m.people.user.DecodeBinary(identifiers) != nil { // meet has read it once
			continue
		}
		known = true
		had := *described
		for _, v := range m.people.user.Hashed() {
			switch {
			case several(v.Key):
				u.AddHash(v.Key, v.Hash)
			case !had && !u.Has(v.Key):
				u.AddHash(v.Key, v.Hash)
				*described = true
			}
		}
		for _, v := range m.people.user.Plain() {
			if v.Key == event.FBC {
				if _, fresh := event.CheckFBC(v.Value, m.now); !fresh {
					m.warn(event.ReasonFBCDropped)
					continue
				}
			}
			if v.Key == event.ExternalID || !u.Has(v.Key) {
				u.SetPlain(v.Key, v.Value)
			}
		}
	}
	return known
}
