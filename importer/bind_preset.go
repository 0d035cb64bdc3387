package importer

// bindKey binds the columns that identify a record.
func (b *binding) bindKey(open bool) error {
	for _, header := range b.source.RecordKey {
		var slot int
		var err error
		by := ByColumns
		if b.inherited.recordKey() {
			by = ByPreset
			if slot, err = b.firstOf(header, "record_key"); err != nil && b.fields[fieldEventID] >= 0 && !b.grouped() {
				b.key = nil // the file has ids of its own
				return nil
			}
		} else {
			slot, err = b.one(header, "record_key", open)
		}
		if err != nil {
			return err
		}
		b.key = append(b.key, slot)
		b.matchedSlot("record_key", slot, by)
	}
	return nil
}

// bindNeeds refuses a file without the columns by which the preset tells what is a conversion and what is none.
func (b *binding) bindNeeds() error {
	if b.inherited == nil {
		return nil
	}
	for _, header := range b.inherited.Needs {
		if _, err := b.firstOf(header, "preset "+b.source.Preset); err != nil {
			return err
		}
	}
	return nil
}

// optional finds a column of the preset that a file may lack: -1 when it does.
func (b *binding) optional(header, role string) (int, error) {
	slot, err := b.firstOf(header, role)
	if slot >= 0 {
		b.matchedSlot(role, slot, ByPreset)
	} else if b.several(header) {
		return -1, err
	}
	return slot, nil
}

// bindPreset binds the first of a preset's headers that is there; for what several columns may fill, the first ones.
func (b *binding) bindPreset(t mapped, open bool, taken map[int]bool) error {
	bound := map[int]bool{}
	for _, header := range t.headers {
		found := b.find(header)
		if t.target.columns() == 1 {
			if found = b.exact(found, header); len(found) > 1 {
				return twice(header, t.target.String())
			}
		}
		for _, column := range found {
			if bound[column] || len(bound) == t.target.columns() {
				continue
			}
			bound[column], taken[column] = true, true
			b.fill(t.target, b.slot(column))
			b.matched(t.target.plainName(), column, ByPreset)
		}
	}
	if len(bound) == 0 && open && t.target.key != 0 {
		// A person's members may be missing from the first records of a JSON file and come later.
		b.fill(t.target, b.slotNamed(t.headers[0]))
	}
	return nil
}

// bindPresetRule binds a rule of a preset. A rule whose columns are not there falls away; without its amount alone it stays.
func (b *binding) bindPresetRule(r *rule, into *boundRule) error {
	for _, c := range r.when {
		slot, err := b.firstOf(c.header, "events, when")
		if err != nil {
			b.leftOut = append(b.leftOut, LeftOut{r.name, c.header})
			return err
		}
		into.when = append(into.when, boundCondition{slot, c.values})
		b.matchedSlot(r.name+", when", slot, ByPreset)
	}
	if r.eventTime != "" {
		slot, err := b.firstOf(r.eventTime, "event_time")
		if err != nil {
			b.leftOut = append(b.leftOut, LeftOut{r.name, r.eventTime})
			return err
		}
		into.time = slot
		b.matchedSlot(r.name+", event_time", slot, ByPreset)
	}
	if r.value != "" {
		// Another column than the one that the preset names is never taken for the amount.
		into.value = -1
		slot, err := b.firstOf(r.value, "value")
		if err == nil {
			into.value = slot
			into.amount = true
			b.matchedSlot(r.name+", value", slot, ByPreset)
		} else if b.several(r.value) {
			return err
		}
	}
	return nil
}

// firstOf finds the column under a header of the preset, or under the first of its other names that is there.
func (b *binding) firstOf(header, role string) (int, error) {
	for _, name := range b.inherited.alternatives(header) {
		found := b.exact(b.find(name), name)
		if len(found) > 1 {
			return -1, twice(name, role)
		}
		if len(found) == 1 {
			return b.slot(found[0]), nil
		}
	}
	return -1, b.missing(header, role)
}

// several reports whether more than one column has the header of the preset, or one of its other names.
func (b *binding) several(header string) bool {
	for _, name := range b.inherited.alternatives(header) {
		if len(b.exact(b.find(name), name)) > 1 {
			return true
		}
	}
	return false
}

// settles reports whether what a preset says about a member keeps aliases from filling it. Money and time are never taken
// from a column that the preset does not name.
func (b *binding) settles(t target) bool {
	if t.field == fieldValue || t.field == fieldEventTime {
		return true
	}
	if t.field != fieldNone {
		return b.fields[t.field] >= 0
	}
	for _, u := range b.user {
		if u.key == t.key {
			return true
		}
	}
	return false
}
