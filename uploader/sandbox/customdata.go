package sandbox

import "slices"

var (
	textMembers   = []string{"content_name", "content_category", "order_id", "item_number", "search_string", "event_source", "lead_event_source"}
	numberMembers = []string{"predicted_ltv", "net_revenue"}
	deliveries    = []string{"in_store", "curbside", "home_delivery"}
)

// checkCustom checks custom_data. Members it does not know are the user's own and may hold anything.
func checkCustom(custom value, eventName string) *eventFault {
	amount, currency := custom.member("value"), custom.member("currency")
	if amount.given() && amount.kind != number || eventName == "Purchase" && !amount.given() {
		return &eventFault{subNoValue, "value"}
	}
	if currency.given() && !moneyCode.MatchString(currency.text) || eventName == "Purchase" && !currency.given() {
		return &eventFault{subNoCurrency, "currency"}
	}
	for _, m := range custom.members {
		if m.value.given() && !customShape(m.name, m.value) {
			return &eventFault{subParameter, m.name}
		}
	}
	return nil
}

func customShape(name string, v value) bool {
	switch {
	case slices.Contains(textMembers, name):
		return v.kind == text
	case slices.Contains(numberMembers, name):
		return v.kind == number
	}
	switch name {
	case "num_items":
		return wholeNumber(v)
	case "content_type":
		return v.text == "product" || v.text == "product_group"
	case "delivery_category":
		return slices.Contains(deliveries, v.text)
	case "content_ids":
		return v.kind == list && !slices.ContainsFunc(v.items, func(id value) bool { return id.kind != text && id.kind != number })
	case "contents":
		return v.kind == list && !slices.ContainsFunc(v.items, func(c value) bool { return !contentShape(c) })
	}
	return true
}

func contentShape(c value) bool {
	id, quantity, price, delivery := c.member("id"), c.member("quantity"), c.member("item_price"), c.member("delivery_category")
	return c.kind == object &&
		(id.kind == text || id.kind == number) &&
		(!quantity.given() || wholeNumber(quantity)) &&
		(!price.given() || price.kind == number) &&
		(!delivery.given() || slices.Contains(deliveries, delivery.text))
}

// wholeNumber holds for a JSON integer that is not negative.
func wholeNumber(v value) bool { return v.kind == number && digits(string(v.raw)) }
