package importer

import (
	"strings"

	"capibara/event"
	"capibara/importer/normalize"
)

func (m *mapper) fillSource() fault {
	e := &m.event
	e.ActionSource = m.action
	if cell := m.cell(fieldActionSource); cell != "" {
		a, err := event.ParseActionSource(cell)
		if err != nil {
			return fault{event.ReasonActionSourceUnknown, m.header(m.fields[fieldActionSource])}
		}
		e.ActionSource = a
	}
	e.SourceURL, e.ReferrerURL = m.cell(fieldSourceURL), m.cell(fieldReferrerURL)
	e.OptOut = m.source.OptOut
	if cell := m.cell(fieldOptOut); cell != "" {
		yes, ok := truth(cell)
		if !ok {
			return fault{event.ReasonBooleanUnreadable, m.header(m.fields[fieldOptOut])}
		}
		e.OptOut = yes
	}
	return m.fillProcessing()
}

func truth(s string) (yes, ok bool) {
	switch strings.ToLower(s) {
	case "true", "yes", "y", "1", "t", "x", "ja", "oui", "si", "sí":
		return true, true
	case "false", "no", "n", "0", "f", "nein", "nee", "non":
		return false, true
	}
	return false, false
}

// fillProcessing reads data_processing_options: LDU or ["LDU"], or [] for no restriction. What the record says comes before
// what the source says: a blank cell takes the source's.
func (m *mapper) fillProcessing() fault {
	cell := m.cell(fieldProcessing)
	if cell == "" && m.processing == nil {
		return fault{}
	}
	options := strings.Trim(cell, "[]\"' ")
	if options != "" && !strings.EqualFold(options, "LDU") {
		return fault{event.ReasonDataProcessingMalformed, m.header(m.fields[fieldProcessing])}
	}
	country, f := m.processingPart(fieldProcessingCountry)
	if !f.none() {
		return f
	}
	state, f := m.processingPart(fieldProcessingState)
	if !f.none() {
		return f
	}
	if cell == "" && country == nil && state == nil {
		m.event.Processing = m.processing
		return fault{}
	}
	p := &event.DataProcessing{LDU: options != ""}
	if m.processing != nil && (cell == "" || p.LDU) {
		*p = *m.processing // with the place that it names
		p.LDU = p.LDU || cell != ""
	}
	if country != nil {
		p.Country = *country
	}
	if state != nil {
		p.State = *state
	}
	m.event.Processing = p
	return fault{}
}

// processingPart is the country or the state of data_processing_options, nil when the record has none.
func (m *mapper) processingPart(part field) (*int, fault) {
	text := m.cell(part)
	if text == "" {
		return nil, fault{}
	}
	n, ok := number(text)
	if !ok {
		return nil, fault{event.ReasonDataProcessingMalformed, m.header(m.fields[part])}
	}
	return &n, fault{}
}

// fillPerson normalises and hashes the identifiers. One that cannot be used is left out with a warning.
func (m *mapper) fillPerson() {
	m.filled = true
	if len(m.lines) > 0 {
		m.fillPeople()
		return
	}
	m.findCountry()
	for _, u := range m.user {
		if cell := m.cells[u.slot]; cell != "" {
			m.identifier(u.key, cell)
			if m.watch != nil && u.key.Hashed() {
				m.watch.identifier(u.slot, cell)
			}
		}
	}
	if id := m.cell(fieldClickID); id != "" && !m.event.User.Has(event.FBC) {
		m.clickID(id)
	}
}

// findCountry finds the country that telephone numbers and postal codes are read by.
func (m *mapper) findCountry() {
	m.country = m.Mapping.country
	for _, u := range m.user {
		if u.key == event.Country {
			if cell := present(m.cells[u.slot]); cell != "" {
				m.country = cell
			}
		}
	}
}

func (m *mapper) identifier(k event.Key, cell string) {
	if !k.Hashed() {
		m.plain(k, cell)
		return
	}
	if k == event.ExternalID {
		if id := keyText(cell); event.DestroyedID(id) && !normalize.IsMissing(id) {
			m.warn(event.Dropped(k)) // many ids become the same one, and so would their owners
			return
		}
	}
	if k == event.ExternalID && !m.hashID {
		m.plain(k, cell)
		return
	}
	h := m.hash(k, cell)
	switch {
	case h.note == normalize.WeakHash:
		m.warn(event.ReasonDroppedHash)
	case h.note == normalize.ZeroRestored:
		m.warn(event.ReasonZipZeroRestored)
	case h.note == normalize.Ambiguous:
		m.warn(event.ReasonGenderAmbiguous)
	case h.note.Dropped():
		m.warn(event.Dropped(k))
	}
	if h.ok {
		m.event.User.AddHash(k, h.hash)
	}
}

// hashed is what a normaliser makes of a value.
type hashed struct {
	hash normalize.Hash
	ok   bool
	note normalize.Note
}

// knownHash names a value whose hash is remembered.
type knownHash struct {
	key           event.Key
	cell, country string
}

// maxKnown bounds the hashes that a mapper remembers. A file that has more different names than that gains nothing from
// remembering others.
const maxKnown = 16 << 10

// hash normalises and hashes a value. Names and places come again and again: their hashes are remembered.
func (m *mapper) hash(k event.Key, cell string) hashed {
	var h hashed
	switch k {
	case event.Email:
		h.hash, h.ok, h.note = m.hasher.Email(cell)
		return h
	case event.Phone:
		h.hash, h.ok, h.note = m.hasher.Phone(cell, m.country, m.Mapping.country)
		return h
	case event.Zip:
		h.hash, h.ok, h.note = m.hasher.Zip(cell, m.country)
		return h
	case event.Birth:
		h.hash, h.ok, h.note = m.hasher.Birth(cell, m.birth, m.today)
		return h
	case event.ExternalID:
		if event.DestroyedID(cell) {
			return hashed{note: normalize.Unusable}
		}
		h.hash, h.ok, h.note = m.hasher.ExternalID(cell, false)
		return h
	}
	name := knownHash{key: k, cell: cell}
	if k == event.State || k == event.Gender {
		name.country = m.country
	}
	h, there := m.hashes[name]
	if there {
		return h
	}
	switch k {
	case event.FirstName:
		h.hash, h.ok, h.note = m.hasher.FirstName(cell)
	case event.LastName:
		h.hash, h.ok, h.note = m.hasher.LastName(cell)
	case event.City:
		h.hash, h.ok, h.note = m.hasher.City(cell)
	case event.State:
		h.hash, h.ok, h.note = m.hasher.State(cell, m.country)
	case event.Country:
		h.hash, h.ok, h.note = m.hasher.Country(cell)
	case event.Gender:
		h.hash, h.ok, h.note = m.hasher.Gender(cell, m.country, m.Mapping.country)
	}
	if len(m.hashes) < maxKnown && len(cell) <= 64 {
		// Copies, because a cell is a part of a whole block of text.
		m.hashes[knownHash{k, strings.Clone(cell), strings.Clone(name.country)}] = h
	}
	return h
}

// plain takes an identifier that Meta wants as it is. One that would cost the whole request is left out.
func (m *mapper) plain(k event.Key, cell string) {
	value, usable := plainIdentifier(k, cell, m.now)
	if !usable {
		m.warn(event.Dropped(k))
		return
	}
	m.event.User.SetPlain(k, value)
}

// clickID makes fbc of an fbclid and the time of its click. Without a usable time there is none: the time of the import
// or of the conversion would be another click.
func (m *mapper) clickID(id string) {
	at, reason := m.clock.parse(m.cell(fieldClickTime))
	if reason != "" {
		m.warn(event.ReasonFBCDropped)
		return
	}
	var room [256]byte
	fbc := append(room[:0], "fb.1."...)
	fbc = appendInt(fbc, at.at.UnixMilli())
	fbc = append(append(fbc, '.'), id...)
	m.plain(event.FBC, string(fbc))
}
