package importer

import (
	"slices"
	"strings"

	"github.com/bojanz/currency"
)

// bindCurrency makes sure that an amount and its currency belong together. A report of Salesforce has every amount in the
// record's currency and, converted, in the company's, each beside a column with its currency: one with the other's would
// be wrong money that nobody sees.
func (b *binding) bindCurrency() error {
	amounts := b.amounts()
	stated := slices.ContainsFunc(b.targets, func(o mapped) bool { return o.target.field == fieldCurrency && !o.preset })
	if !stated {
		if column := b.currencyBeside(amounts); column >= 0 {
			b.fields[fieldCurrency] = b.slot(column)
		}
	}
	slot := b.fields[fieldCurrency]
	for _, amount := range amounts {
		name := b.slots[amount]
		if first := b.slots[amounts[0]]; converted(first) != converted(name) {
			return refuse("Take the value of every event from amounts in one currency.",
				"events take their value from the columns %q and %q, and only one of them was converted into another currency", first, name)
		}
		if code := bracketed(name); code != "" && b.source.Currency != "" && code != b.source.Currency {
			return refuse("Correct the currency of the source, or map value to another column.",
				"the column %q says that its amounts are in %s, and the source says currency: %s", name, code, b.source.Currency)
		}
		if slot < 0 || converted(name) == converted(b.slots[slot]) {
			continue
		}
		if b.source.Currency != "" && !stated {
			b.fields[fieldCurrency] = -1 // the source says what the amounts are in, and this column is of others
			break
		}
		return refuse("Map value and currency to two columns that belong together, such as Amount with Amount Currency, or state the currency of the source.",
			"the amounts are in the column %q, and their currency is in the column %q, which belongs to other amounts", name, b.slots[slot])
	}
	return nil
}

// amounts are the slots from which events take their value.
func (b *binding) amounts() []int {
	var slots []int
	for _, r := range b.events {
		if r.value >= 0 && !slices.Contains(slots, r.value) {
			slots = append(slots, r.value)
		}
	}
	return slots
}

// ofAmount reports whether a column of the file holds amounts.
func (b *binding) ofAmount(column int) bool {
	if column >= len(b.slotOf) || b.slotOf[column] < 0 {
		return false
	}
	slot := b.slotOf[column]
	return slices.Contains(b.amounts(), slot) ||
		slices.Contains([]int{b.fields[fieldPredictedLTV], b.fields[fieldNetRevenue], b.fields[fieldItemPrice]}, slot)
}

// currencyBeside finds the column that is named after the one amount that there is: "Amount (converted) Currency" for
// "Amount (converted)". -1 when there is none.
func (b *binding) currencyBeside(amounts []int) int {
	if len(amounts) != 1 {
		return -1
	}
	amount := fold(b.slots[amounts[0]])
	return slices.IndexFunc(b.headers, func(h string) bool {
		rest, ok := strings.CutPrefix(fold(h), amount)
		return ok && slices.Contains([]string{"currency", "currencycode", "währung", "valuta", "devise", "divisa"}, rest)
	})
}

// converted reports whether a header says that its amounts were converted into another currency.
func converted(header string) bool {
	_, rest, found := strings.Cut(strings.ToLower(header), "(")
	word, _, _ := strings.Cut(rest, ")")
	return found && slices.Contains([]string{"converted", "konvertiert", "umgerechnet", "geconverteerd", "omgerekend", "converti", "convertie",
		"convertido", "convertida", "convertito"}, strings.TrimSpace(word))
}

// bracketed is the currency that a header names in brackets, as "Total (USD)" does; "" when it names none.
func bracketed(header string) string {
	header = strings.TrimSpace(header)
	if len(header) < 5 || header[len(header)-5] != '(' || header[len(header)-1] != ')' {
		return ""
	}
	if code := header[len(header)-4 : len(header)-1]; currency.IsValid(code) {
		return code
	}
	return ""
}
