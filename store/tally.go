package store

import (
	"maps"
	"slices"
	"strings"

	"capibara/event"
)

// Totals adds up what events are worth, by currency and exactly. The zero Totals is empty.
type Totals struct {
	by map[string]*total
}

type total struct {
	events uint64
	sum    event.Sum
}

func (t *Totals) of(currency string) *total {
	if t.by == nil {
		t.by = map[string]*total{}
	}
	one := t.by[currency]
	if one == nil {
		one = &total{}
		t.by[currency] = one
	}
	return one
}

// Add adds one event; one without an amount adds nothing.
func (t *Totals) Add(value event.Money, currency string) {
	if value.Present() {
		one := t.of(currency)
		one.events++
		one.sum.Add(value)
	}
}

// AddSums adds sums. The error is event.ErrMoney when the value of one is none that Sums writes.
func (t *Totals) AddSums(sums []Sum) error {
	for _, s := range sums {
		sum, err := event.ParseSum(s.Value)
		if err != nil {
			return err
		}
		one := t.of(s.Currency)
		one.events += s.Events
		one.sum.AddSum(sum)
	}
	return nil
}

// Sums is what was added, in order of the currencies; empty and not nil when there is nothing.
func (t *Totals) Sums() []Sum {
	sums := make([]Sum, 0, len(t.by))
	for _, currency := range slices.Sorted(maps.Keys(t.by)) {
		one := t.by[currency]
		sums = append(sums, Sum{Currency: currency, Events: one.events, Value: one.sum.String()})
	}
	return sums
}

// Plus adds two tallies. The error is event.ErrMoney when a sum is none that a store writes.
func (t Tally) Plus(o Tally) (Tally, error) {
	var sums Totals
	for _, s := range [...][]Sum{t.Sums, o.Sums} {
		if err := sums.AddSums(s); err != nil {
			return Tally{}, err
		}
	}
	return Tally{Events: t.Events + o.Events, Sums: sums.Sums(), PhysicalStore: t.PhysicalStore + o.PhysicalStore,
		Halted: t.Halted + o.Halted, CameLate: t.CameLate + o.CameLate}, nil
}

// Worth is what the events are worth, such as "1250.00 EUR and 3.00 USD"; "" when none has an amount.
func (t Tally) Worth() string { return Worth(t.Sums) }

// Worth writes sums as people read them, such as "1250.00 EUR and 3.00 USD"; "" for none.
func Worth(sums []Sum) string {
	texts := make([]string, 0, len(sums))
	for _, s := range sums {
		texts = append(texts, strings.TrimSpace(s.Value+" "+s.Currency))
	}
	if n := len(texts); n > 1 {
		return strings.Join(texts[:n-1], ", ") + " and " + texts[n-1]
	}
	return strings.Join(texts, "")
}
