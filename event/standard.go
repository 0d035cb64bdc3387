package event

import (
	"slices"
	"strings"
)

// Standard returns Meta's standard event names, sorted. They are case-sensitive on the wire.
//
// Source: https://developers.facebook.com/docs/meta-pixel/reference#standard-events
func Standard() []string {
	return []string{"AddPaymentInfo", "AddToCart", "AddToWishlist", "CompleteRegistration", "Contact", "CustomizeProduct",
		"Donate", "FindLocation", "InitiateCheckout", "Lead", "Purchase", "Schedule", "Search", "StartTrial",
		"SubmitApplication", "Subscribe", "ViewContent"}
}

// IsStandard reports whether name is exactly one of Meta's standard event names.
func IsStandard(name string) bool {
	switch name {
	case "AddPaymentInfo", "AddToCart", "AddToWishlist", "CompleteRegistration", "Contact", "CustomizeProduct",
		"Donate", "FindLocation", "InitiateCheckout", "Lead", "Purchase", "Schedule", "Search", "StartTrial",
		"SubmitApplication", "Subscribe", "ViewContent":
		return true
	}
	return false
}

// MendName returns the standard event name that s spells in another way ("PURCHASE", "add to cart", "add_to_cart"),
// and true when it had to be changed for that, because Meta would otherwise count a custom event that no campaign
// optimises for. A custom name comes back trimmed and else unchanged.
func MendName(s string) (name string, mended bool) {
	name = strings.TrimSpace(s)
	if IsStandard(name) {
		return name, false
	}
	all := Standard()
	if at := slices.IndexFunc(all, func(n string) bool { return sameName(n, name) }); at >= 0 {
		return all[at], true
	}
	return name, false
}

// Required returns the members of custom_data without which an event of this name is refused.
func Required(name string) []string {
	if needsValue(name) {
		return []string{"value", "currency"}
	}
	return nil
}

// needsValue is the rule behind Required, for the hot path.
func needsValue(name string) bool { return name == "Purchase" || name == "Subscribe" }

// Recommended returns the members of custom_data that make an event of this standard name more useful to Meta beyond
// the required ones, most useful first; nil for a custom name. They are hints, not errors.
//
// Source: https://developers.facebook.com/docs/meta-pixel/reference#standard-events
func Recommended(name string) []string {
	switch name {
	case "Purchase":
		return []string{"order_id", "contents", "content_ids", "content_type", "num_items"}
	case "Subscribe":
		return []string{"predicted_ltv", "order_id"}
	case "StartTrial":
		return []string{"value", "currency", "predicted_ltv"}
	case "InitiateCheckout":
		return []string{"value", "currency", "contents", "content_ids", "content_type", "num_items"}
	case "AddToCart", "ViewContent":
		return []string{"value", "currency", "contents", "content_ids", "content_type"}
	case "AddPaymentInfo", "AddToWishlist":
		return []string{"value", "currency", "contents", "content_ids"}
	case "Search":
		return []string{"search_string", "content_ids", "content_type", "contents", "value", "currency"}
	case "CompleteRegistration":
		return []string{"value", "currency", "status"}
	case "Lead", "Contact", "Schedule", "SubmitApplication", "Donate":
		return []string{"value", "currency"}
	case "CustomizeProduct", "FindLocation":
		return []string{"content_ids"}
	}
	return nil
}
