package importer

import (
	"fmt"
	"slices"
	"strings"
)

// compileRetractions checks what a source says about events that its records yield no longer.
func (m *Mapping) compileRetractions(s *Source) error {
	switch s.OnNoLongerQualified {
	case "", "keep":
	case "withdraw":
		m.withdraw = true
	default:
		return fmt.Errorf("on_no_longer_qualified: %q is neither keep nor withdraw", s.OnNoLongerQualified)
	}
	named := slices.ContainsFunc(m.targets, func(t mapped) bool { return t.target.field == fieldEventID })
	switch {
	case !m.withdraw:
		return m.compileRefundsKept(s)
	case s.Identity == "content":
		return fmt.Errorf("on_no_longer_qualified: withdraw needs records that keep their id when they change, and with identity: content they do not; name a record_key")
	case len(s.RecordKey) == 0 && !named:
		return fmt.Errorf("on_no_longer_qualified: withdraw needs to know which event a record had; name the columns that identify it under record_key, or the column with the event_id under columns")
	}
	return m.compileRefunds(s, named)
}

// compileRefundsKept refuses keys that would do nothing while nothing is taken back. What a preset says waits for the day on
// which its source asks for it.
func (m *Mapping) compileRefundsKept(s *Source) error {
	key := ""
	switch {
	case len(s.RefundOf) > 0 && !m.inherited.refundOf():
		key = "refund_of"
	case s.RefundAmount != "" && !m.inherited.refundAmount():
		key = "refund_amount"
	}
	if key != "" {
		return fmt.Errorf("%s: it says what a refund takes back, and nothing is taken back without on_no_longer_qualified: withdraw; add that, or take %s out", key, key)
	}
	// What a preset knows as a refund it does not keep either.
	m.refunds = slices.DeleteFunc(m.refunds, func(r screen) bool { return r.optional })
	return nil
}

// compileRefunds checks how a refund names what it takes back.
func (m *Mapping) compileRefunds(s *Source, named bool) error {
	switch n := len(s.RefundOf); {
	case slices.ContainsFunc(s.RefundOf, func(h string) bool { return strings.TrimSpace(h) == "" }):
		return fmt.Errorf("refund_of: a header is empty; write it like refund_of: [Original Receipt]")
	case n == 0:
	case named && n != 1 && len(s.RecordKey) == 0:
		return fmt.Errorf("refund_of: the events have their event_id from one column, so that a refund names one by one column too")
	case n != len(s.RecordKey) && !(named && n == 1):
		return fmt.Errorf("refund_of: it needs a column for each of record_key, in the same order (%s)", strings.Join(s.RecordKey, ", "))
	}
	m.refundHeaders = slices.Clone(s.RefundOf)
	if s.RefundAmount != "" {
		m.refundHeaders = append(m.refundHeaders, m.inherited.alternatives(s.RefundAmount)...)
	}
	if s.RefundAmount != "" && len(m.refunds) == 0 && !m.inherited.refundAmount() {
		return fmt.Errorf("refund_amount: nothing says which records are refunds; name the column and its values under refunds, such as refunds: {Type: [Return]}")
	}
	return nil
}

// refundOf reports whether refund_of comes from the preset.
func (in *Inherited) refundOf() bool { return in != nil && len(in.Source.RefundOf) > 0 }

// refundAmount reports whether refund_amount comes from the preset.
func (in *Inherited) refundAmount() bool { return in != nil && in.Source.RefundAmount != "" }

// boundRefund is what tells which order a refund concerns, in the columns of one file.
type boundRefund struct {
	of     []int // slots, as record_key or the column of event_id; none: the record's own
	amount int   // slot, -1 without
}

// bindRefund finds the columns of refund_of and refund_amount.
func (b *binding) bindRefund(open bool) error {
	b.refund.amount = -1
	if !b.withdraw {
		return nil
	}
	for _, header := range b.source.RefundOf {
		slot, err := b.one(header, "refund_of", open)
		if err != nil {
			return err
		}
		b.refund.of = append(b.refund.of, slot)
		b.matchedSlot("refund_of", slot, ByColumns)
	}
	if n := len(b.refund.of); n > 1 && b.fields[fieldEventID] >= 0 {
		return b.refuse("Name the one column that holds the event_id of what is refunded under refund_of.",
			"the file has a column of event_id, and refund_of names %d columns", n)
	}
	header := b.source.RefundAmount
	if header == "" {
		return nil
	}
	if b.inherited.refundAmount() {
		// What a refund gave back is known in the newer exports only.
		slot, err := b.optional(header, "refund_amount")
		b.refund.amount = slot
		return err
	}
	slot, err := b.one(header, "refund_amount", open)
	if err != nil {
		return err
	}
	b.refund.amount = slot
	b.matchedSlot("refund_amount", slot, ByColumns)
	return nil
}
