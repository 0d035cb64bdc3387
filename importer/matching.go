package importer

import (
	"slices"
	"strings"

	"capibara/event"
)

// The ways in which a column of a file got its meaning.
const (
	ByColumns = "source" // the source of the configuration names it
	ByPreset  = "preset" // its preset does
	ByAlias   = "alias"  // its header is one that everybody understands
)

// Matching tells what the columns of a file were taken for.
type Matching struct {
	Matched []Match   `json:"matched"`
	Unused  []string  `json:"unused"`             // headers of columns that nothing uses
	Others  int       `json:"others,omitempty"`   // how many more there are, whose headers are not told
	Missing []string  `json:"missing"`            // members that are worth having and that nothing fills
	LeftOut []LeftOut `json:"left_out,omitempty"` // events of the preset that this file cannot prove
}

// Match is one column and the member of an event that it fills.
type Match struct {
	Member string `json:"member"` // as it is written under columns, or "NAME, when" and the like for a rule of events
	Header string `json:"header"`
	By     string `json:"by"` // ByColumns, ByPreset or ByAlias
}

// LeftOut is an event of a preset for which the file lacks a column.
type LeftOut struct {
	EventName string `json:"event_name"`
	Column    string `json:"column"`
}

// ByItself reports whether at least half of the columns were understood without the source naming them, so that it is worth
// telling what they were taken for.
func (m *Matching) ByItself() bool {
	if m == nil {
		return false
	}
	n := 0
	for _, x := range m.Matched {
		if x.By != ByColumns {
			n++
		}
	}
	return n > 0 && 2*n >= len(m.Matched)
}

// maxUnused bounds the headers that a matching lists.
const maxUnused = 40

func (b *binding) matched(member string, column int, by string) {
	if trimSpace(b.headers[column]) != "" {
		b.matches = append(b.matches, Match{member, b.headers[column], by})
	}
}

// matchedSlot is matched for a slot; one that a JSON file's first records do not have is no match.
func (b *binding) matchedSlot(member string, slot int, by string) {
	if column := slices.Index(b.slotOf, slot); column >= 0 {
		b.matched(member, column, by)
	}
}

// matching tells what the binding made of the file's headers. Headers that nothing uses are named only where they can be
// nothing else than headers: the members of JSON may be called after people.
func (b *binding) matching(open bool) *Matching {
	m := &Matching{Matched: slices.Clone(b.matches), Unused: []string{}, Missing: b.wanted(), LeftOut: b.leftOut}
	named := !open && !slices.ContainsFunc(b.headers, dataLike)
	for column, h := range b.headers {
		switch h = trimSpace(h); {
		case h == "" || b.slotOf[column] >= 0 || strings.HasPrefix(fold(h), "capibara"): // the last are those of a rejects file
		case named && len(m.Unused) < maxUnused:
			m.Unused = append(m.Unused, h)
		default:
			m.Others++
		}
	}
	return m
}

// wanted lists the members that are worth having and that nothing fills.
func (b *binding) wanted() []string {
	has := func(k event.Key) bool {
		return slices.ContainsFunc(b.user, func(u userSlot) bool { return u.key == k })
	}
	missing := []string{}
	for _, k := range []event.Key{event.Email, event.Phone, event.FirstName, event.LastName} {
		if !has(k) {
			missing = append(missing, target{key: k}.plainName())
		}
	}
	if b.People() {
		return missing
	}
	priced := slices.ContainsFunc(b.events, func(r boundRule) bool { return r.value >= 0 })
	if !priced {
		missing = append(missing, fieldValue.String())
	}
	if priced && b.fields[fieldCurrency] < 0 && b.source.Currency == "" {
		missing = append(missing, fieldCurrency.String())
	}
	return missing
}

// plainName is the name of a member as people write it under columns.
func (t target) plainName() string {
	switch t.key {
	case event.Email:
		return "email"
	case event.Phone:
		return "phone"
	case event.FirstName:
		return "first_name"
	case event.LastName:
		return "last_name"
	case event.Birth:
		return "date_of_birth"
	case event.Gender:
		return "gender"
	case event.City:
		return "city"
	case event.State:
		return "state"
	case event.Zip:
		return "zip"
	}
	return t.String()
}

// PlainName is the name of an identifier as people write it under columns.
func PlainName(k event.Key) string { return target{key: k}.plainName() }
