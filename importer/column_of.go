package importer

import "slices"

// ColumnOf names the column that a member of an event such as custom_data.value is read from; "" when none is mapped, or it
// depends on the file or the event which one it is.
func (m *Mapping) ColumnOf(member string) string {
	t, ok := parseTarget(member)
	if !ok {
		return ""
	}
	var headers []string
	for _, r := range m.rules {
		switch {
		case t.field == fieldEventTime && r.eventTime != "":
			headers = append(headers, r.eventTime)
		case t.field == fieldValue && r.value != "":
			headers = append(headers, r.value)
		}
	}
	for _, to := range m.targets {
		if to.target == t {
			headers = append(headers, to.headers...)
		}
	}
	slices.Sort(headers)
	if headers = slices.Compact(headers); len(headers) != 1 {
		return ""
	}
	return headers[0]
}
