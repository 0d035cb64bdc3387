package importer

import (
	"strconv"
	"strings"

	"capibara/event"
	"capibara/importer/normalize"
)

func appendInt(dst []byte, n int64) []byte { return strconv.AppendInt(dst, n, 10) }

// fillCurrency finds the currency that is stated beside the amounts: by the record, else by the source.
func (m *mapper) fillCurrency() fault {
	m.known = m.source.Currency
	cell := m.cell(fieldCurrency)
	if cell == "" {
		return fault{}
	}
	code := strings.ToUpper(cell)
	if len(code) != 3 {
		if _, a := cutCurrency(cell); a.currency != "" {
			code = a.currency
		}
	}
	if m.known != "" && code != m.known {
		return fault{event.ReasonCurrencyConflict, m.header(m.fields[fieldCurrency])}
	}
	m.known = code
	return fault{}
}

// money reads the amount in a slot; no amount when the slot is empty or -1.
func (m *mapper) money(slot int) (event.Money, fault) {
	if slot < 0 {
		return event.Money{}, fault{}
	}
	cell := m.cells[slot]
	if normalize.IsMissing(cell) {
		return event.Money{}, fault{}
	}
	decimal, known := m.decimal, m.event.Custom.Currency
	if m.kinds != nil && m.kinds[slot] == kindNumber {
		cell, decimal, known = withoutExponent(cell), '.', "" // JSON has no thousands that could be meant
	}
	a, reason := parseAmount(cell, decimal, known)
	switch stated := m.event.Custom.Currency; {
	case reason != "":
		return event.Money{}, fault{reason, m.slots[slot]}
	case a.currency != "" && stated == "":
		m.event.Custom.Currency = a.currency
	case a.currency != "" && a.currency != stated, a.shared != "" && stated != "" && !sharedBy(a.shared, stated):
		return event.Money{}, fault{event.ReasonCurrencyConflict, m.slots[slot]}
	}
	return a.value, fault{}
}

// withoutExponent writes a number of JSON out: 1.5e3 is 1500. One that is too long to be an amount stays as it is.
func withoutExponent(number string) string {
	at := strings.IndexAny(number, "eE")
	if at < 0 {
		return number
	}
	exponent, err := strconv.Atoi(number[at+1:])
	if err != nil || exponent > event.MaxMoneyDigits || exponent < -event.MaxMoneyDigits {
		return number
	}
	sign, digits := "", number[:at]
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	whole, frac, _ := strings.Cut(digits, ".")
	point := len(whole) + exponent
	digits = whole + frac
	if point <= 0 {
		digits, point = strings.Repeat("0", 1-point)+digits, 1
	}
	if point >= len(digits) {
		return sign + digits + strings.Repeat("0", point-len(digits))
	}
	return sign + digits[:point] + "." + digits[point:]
}

// value reads the amount of one rule.
func (m *mapper) value(r *boundRule) fault {
	c := &m.event.Custom
	c.Currency = m.known
	var f fault
	if c.Value, f = m.amount(r.value, m.sums); !f.none() {
		return f
	}
	if r.amount && !c.Value.Present() {
		m.warn(event.ReasonAmountMissing)
	}
	if c.PredictedLTV, f = m.amount(m.fields[fieldPredictedLTV], false); !f.none() {
		return f
	}
	if c.NetRevenue, f = m.amount(m.fields[fieldNetRevenue], false); !f.none() {
		return f
	}
	if len(m.lines) > 0 {
		return m.priceLines()
	}
	for i := range c.Contents {
		if c.Contents[i].ItemPrice, f = m.money(m.fields[fieldItemPrice]); !f.none() {
			return f
		}
	}
	return fault{}
}

// fillCustom fills custom_data but for its amounts.
func (m *mapper) fillCustom() fault {
	c := &m.event.Custom
	c.OrderID, c.ItemNumber = m.keyCell(fieldOrderID), m.keyCell(fieldItemNumber)
	for _, id := range [2]struct {
		field field
		value string
	}{{fieldOrderID, c.OrderID}, {fieldItemNumber, c.ItemNumber}} {
		if event.DestroyedID(id.value) {
			return fault{event.ReasonRecordKeyDestroyed, m.header(m.fields[id.field])}
		}
	}
	c.ContentName, c.ContentCategory = m.cell(fieldContentName), m.cell(fieldContentCategory)
	c.ContentType = strings.ToLower(m.cell(fieldContentType))
	c.SearchString, c.Status = m.cell(fieldSearchString), m.cell(fieldStatus)
	c.DeliveryCategory = delivery(m.cell(fieldDeliveryCategory))
	c.EventSource, c.LeadEventSource = m.cell(fieldEventSource), m.cell(fieldLeadEventSource)
	c.Segmentation = m.cell(fieldSegmentation)
	if c.LeadEventSource == "" {
		c.LeadEventSource = m.source.LeadEventSource
	}
	if c.EventSource == "" && c.LeadEventSource != "" {
		c.EventSource = "crm"
	}
	if len(m.lines) > 0 {
		m.collectContentIDs()
	} else if cell := m.cell(fieldContentIDs); cell != "" {
		c.ContentIDs = appendList(c.ContentIDs, cell)
	}
	if cell := m.cell(fieldNumItems); cell != "" {
		n, ok := number(strings.TrimSuffix(cell, ".0"))
		if !ok {
			return fault{event.ReasonNumberUnreadable, m.header(m.fields[fieldNumItems])}
		}
		c.NumItems = int64(n)
	}
	if f := m.fillContents(); !f.none() {
		return f
	}
	m.fillProperties()
	return fault{}
}

func (m *mapper) fillContents() fault {
	if len(m.lines) > 0 {
		return m.fillLines()
	}
	return m.fillContent()
}

// fillContent makes an element of contents of the cells at hand.
func (m *mapper) fillContent() fault {
	item := event.Content{ID: m.cell(fieldItemID), Title: m.cell(fieldItemTitle), Description: m.cell(fieldItemDescription),
		Brand: m.cell(fieldItemBrand), Category: m.cell(fieldItemCategory), DeliveryCategory: delivery(m.cell(fieldItemDelivery))}
	if item.ID == "" {
		return fault{}
	}
	if cell := m.cell(fieldItemQuantity); cell != "" {
		n, ok := number(strings.TrimSuffix(cell, ".0"))
		if !ok {
			return fault{event.ReasonNumberUnreadable, m.header(m.fields[fieldItemQuantity])}
		}
		item.Quantity = int64(n)
	}
	m.event.Custom.Contents = append(m.event.Custom.Contents, item)
	return fault{}
}

// fillProperties fills the members that Meta does not define. They come sorted by name from the mapping.
func (m *mapper) fillProperties() {
	for _, p := range m.props {
		value := present(m.cells[p.slot])
		if value == "" {
			continue
		}
		kind := event.Text
		if m.kinds != nil {
			switch m.kinds[p.slot] {
			case kindNumber:
				kind = event.Number
			case kindBoolean:
				kind = event.Boolean
			}
		}
		m.event.Custom.Properties = append(m.event.Custom.Properties, event.Property{Name: p.name, Kind: kind, Value: value})
	}
}

// delivery writes a delivery category as Meta does: "Home delivery" is home_delivery.
func delivery(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(s), " ", "_"), "-", "_")
}

// appendList takes a list in one cell apart: A1,B2 or A1;B2 or A1|B2 or ["A1","B2"].
func appendList(dst []string, cell string) []string {
	for part := range strings.FieldsFuncSeq(strings.Trim(cell, "[]"), func(r rune) bool { return r == ',' || r == ';' || r == '|' }) {
		if id := strings.Trim(part, "\"' "); id != "" {
			dst = append(dst, id)
		}
	}
	return dst
}

// totalWord reports whether a cell is what stands before a sum.
func totalWord(cell string) bool {
	if cell == "" || len(cell) > 40 || !letterByte(cell[0]) {
		return false
	}
	switch f := fold(cell); f {
	case "total", "totals", "grandtotal", "grandtotals", "subtotal", "subtotals", "sum", "summe", "gesamt", "totaal", "totale":
		return true
	default:
		return strings.HasPrefix(f, "grandtotals") && len(f) < 30
	}
}
