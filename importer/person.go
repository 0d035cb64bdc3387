package importer

import (
	"net/netip"
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

// fillProcessing reads data_processing_options: LDU or ["LDU"], or [] for no restriction.
func (m *mapper) fillProcessing() fault {
	cell := m.cell(fieldProcessing)
	if cell == "" {
		return fault{}
	}
	options := strings.Trim(cell, "[]\"' ")
	if options != "" && !strings.EqualFold(options, "LDU") {
		return fault{event.ReasonDataProcessingMalformed, m.header(m.fields[fieldProcessing])}
	}
	p := &event.DataProcessing{LDU: options != ""}
	for _, part := range [2]struct {
		field field
		into  *int
	}{{fieldProcessingCountry, &p.Country}, {fieldProcessingState, &p.State}} {
		text := m.cell(part.field)
		if text == "" {
			continue
		}
		n, ok := number(text)
		if !ok {
			return fault{event.ReasonDataProcessingMalformed, m.header(m.fields[part.field])}
		}
		*part.into = n
	}
	m.event.Processing = p
	return fault{}
}

// fillPerson normalises and hashes the identifiers. One that cannot be used is left out with a warning.
func (m *mapper) fillPerson() {
	m.country = m.Mapping.country
	for _, u := range m.user {
		if u.key == event.Country {
			if cell := present(m.cells[u.slot]); cell != "" {
				m.country = cell
			}
		}
	}
	for _, u := range m.user {
		if cell := m.cells[u.slot]; cell != "" {
			m.identifier(u.key, cell)
		}
	}
	if id := m.cell(fieldClickID); id != "" && !m.event.User.Has(event.FBC) {
		m.clickID(id)
	}
}

func (m *mapper) identifier(k event.Key, cell string) {
	var hash normalize.Hash
	var ok bool
	var note normalize.Note
	switch k {
	case event.Email:
		hash, ok, note = m.hasher.Email(cell)
	case event.Phone:
		hash, ok, note = m.hasher.Phone(cell, m.country, m.Mapping.country)
	case event.FirstName:
		hash, ok, note = m.hasher.FirstName(cell)
	case event.LastName:
		hash, ok, note = m.hasher.LastName(cell)
	case event.City:
		hash, ok, note = m.hasher.City(cell)
	case event.State:
		hash, ok, note = m.hasher.State(cell, m.country)
	case event.Zip:
		hash, ok, note = m.hasher.Zip(cell, m.country)
	case event.Country:
		hash, ok, note = m.hasher.Country(cell)
	case event.Birth:
		hash, ok, note = m.hasher.Birth(cell, m.birth, m.today)
	case event.Gender:
		hash, ok, note = m.hasher.Gender(cell)
	case event.ExternalID:
		if !m.hashID {
			m.event.User.SetPlain(k, present(cell))
			return
		}
		hash, ok, note = m.hasher.ExternalID(cell, false)
	default:
		m.plain(k, cell)
		return
	}
	switch {
	case note == normalize.WeakHash:
		m.warn(event.ReasonDroppedHash)
	case note == normalize.ZeroRestored:
		m.warn(event.ReasonZipZeroRestored)
	case note.Dropped():
		m.warn(event.Dropped(k))
	}
	if ok {
		m.event.User.AddHash(k, hash)
	}
}

// plain takes an identifier that Meta wants as it is. One that would cost the whole request is left out.
func (m *mapper) plain(k event.Key, cell string) {
	value := present(cell)
	if value == "" {
		return
	}
	usable := true
	switch k {
	case event.LeadID:
		value = strings.TrimPrefix(value, "l:")
		_, digits := number(value)
		usable = digits && len(value) >= 15 && len(value) <= 17 && value[0] != '0' && !event.DestroyedID(value)
	case event.FBC:
		_, usable = event.CheckFBC(value, m.now)
	case event.ClientIP:
		address, err := netip.ParseAddr(value)
		usable = err == nil && address.Zone() == ""
	case event.UserAgent:
	default:
		usable = len(value) <= 256 && !event.LooksPersonal(value)
	}
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
