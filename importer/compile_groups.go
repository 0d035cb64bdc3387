package importer

import (
	"fmt"
	"slices"
)

// compileGroups checks group_by.
func (m *Mapping) compileGroups(s *Source, _ Defaults) error {
	switch {
	case s.GroupBy == (GroupBy{}):
		return nil
	case s.GroupBy.Key != groupByRecordKey:
		return fmt.Errorf("group_by: %q is not known; write group_by: record_key, or {key: record_key, value: sum} when every line has an amount of its own", s.GroupBy.Key)
	case s.GroupBy.Value != valueOnce && s.GroupBy.Value != valueSum:
		return fmt.Errorf("group_by: value %q is not known; write once when the amount of the whole record stands on its lines, or sum when the amounts of the lines add up to it", s.GroupBy.Value)
	case len(s.RecordKey) == 0:
		return fmt.Errorf("group_by: nothing says which lines belong together; name the columns under record_key")
	case s.Format == "json" || s.Format == "jsonl":
		return fmt.Errorf("group_by: it joins the lines of a table, and format is %s; export the file as CSV, or leave group_by out", s.Format)
	case slices.ContainsFunc(m.targets, func(t mapped) bool { return t.target.field == fieldItemNumber }):
		return fmt.Errorf("group_by: an event that stands for all lines of a record has no item_number; take item_number out of columns")
	}
	m.sums = s.GroupBy.Value == valueSum
	return nil
}

// grouped reports whether several lines may be one record.
func (m *Mapping) grouped() bool { return m.source.GroupBy.Key != "" }
