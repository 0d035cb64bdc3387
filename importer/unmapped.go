package importer

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"capibara/event"
	"capibara/importer/normalize"
)

// compileUnmapped maps further columns to properties of custom_data that are named after their headers.
func (m *Mapping) compileUnmapped(s *Source) error {
	known := newAliases()
	for _, header := range s.Unmapped {
		name := propertyName(header)
		t := target{property: name}
		meant, _, alias := known.find(header)
		switch {
		case strings.TrimSpace(header) == "":
			return fmt.Errorf("unmapped: a header is empty; write it like unmapped: [Region]")
		case event.LooksPersonal(header):
			return fmt.Errorf("unmapped: a header looks like an e-mail address or a phone number")
		case name == "":
			return fmt.Errorf("unmapped: the header %q has no letter to make a name of; write custom_data: {a_name: %q}", header, header)
		case slices.ContainsFunc(m.targets, func(o mapped) bool { return o.target == t }):
			return fmt.Errorf("unmapped: %q would be sent as %s, which is there already; write custom_data: {another_name: %q}", header, name, header)
		case m.identifies(header), alias && personal(meant):
			return fmt.Errorf("unmapped: %q tells who somebody is, and that is sent hashed or not at all; take it out of unmapped", header)
		case alias, event.StandardMember(name):
			return fmt.Errorf("unmapped: %q has a meaning of its own at Meta or here; to send it under another name, write custom_data: {my_%s: %q}", header, name, header)
		}
		m.targets = append(m.targets, mapped{target: t, headers: []string{header}})
	}
	return nil
}

// identifies reports whether the header fills a member of user_data.
func (m *Mapping) identifies(header string) bool {
	return slices.ContainsFunc(m.targets, func(o mapped) bool {
		return personal(o.target) && slices.ContainsFunc(o.headers, func(h string) bool { return fold(h) == fold(header) })
	})
}

func personal(t target) bool { return t.key != 0 }

// propertyName makes a name in snake case of a header: "Lead Source" and LeadSource are lead_source.
func propertyName(header string) string {
	var b strings.Builder
	gap, small := false, false
	for _, r := range normalize.Clean(header) {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			gap, small = true, false
			continue
		}
		if b.Len() > 0 && (gap || small && unicode.IsUpper(r)) {
			b.WriteByte('_')
		}
		gap, small = false, !unicode.IsUpper(r)
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
