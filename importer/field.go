package importer

import (
	"strings"
	"unicode"

	"capibara/event"
)

// field is a member of an event that a column can fill, other than those of user_data.
type field uint8

const (
	fieldNone field = iota
	fieldEventID
	fieldEventName
	fieldEventTime
	fieldActionSource
	fieldSourceURL
	fieldReferrerURL
	fieldOptOut
	fieldProcessing
	fieldProcessingCountry
	fieldProcessingState
	fieldClickID
	fieldClickTime
	fieldValue
	fieldCurrency
	fieldOrderID
	fieldItemNumber
	fieldContentName
	fieldContentCategory
	fieldContentType
	fieldContentIDs
	fieldNumItems
	fieldPredictedLTV
	fieldNetRevenue
	fieldSearchString
	fieldStatus
	fieldDeliveryCategory
	fieldEventSource
	fieldLeadEventSource
	fieldSegmentation
	fieldItemID
	fieldItemQuantity
	fieldItemPrice
	fieldItemTitle
	fieldItemDescription
	fieldItemBrand
	fieldItemCategory
	fieldItemDelivery
	fieldCount
)

func (f field) String() string {
	switch f {
	case fieldEventID:
		return "event_id"
	case fieldEventName:
		return "event_name"
	case fieldEventTime:
		return "event_time"
	case fieldActionSource:
		return "action_source"
	case fieldSourceURL:
		return "event_source_url"
	case fieldReferrerURL:
		return "referrer_url"
	case fieldOptOut:
		return "opt_out"
	case fieldProcessing:
		return "data_processing_options"
	case fieldProcessingCountry:
		return "data_processing_options_country"
	case fieldProcessingState:
		return "data_processing_options_state"
	case fieldClickID:
		return "fbclid"
	case fieldClickTime:
		return "click_time"
	}
	return f.custom()
}

// custom is the name of a member of custom_data.
func (f field) custom() string {
	switch f {
	case fieldValue:
		return "value"
	case fieldCurrency:
		return "currency"
	case fieldOrderID:
		return "order_id"
	case fieldItemNumber:
		return "item_number"
	case fieldContentName:
		return "content_name"
	case fieldContentCategory:
		return "content_category"
	case fieldContentType:
		return "content_type"
	case fieldContentIDs:
		return "content_ids"
	case fieldNumItems:
		return "num_items"
	case fieldPredictedLTV:
		return "predicted_ltv"
	case fieldNetRevenue:
		return "net_revenue"
	case fieldSearchString:
		return "search_string"
	case fieldStatus:
		return "status"
	case fieldDeliveryCategory:
		return "delivery_category"
	case fieldEventSource:
		return "event_source"
	case fieldLeadEventSource:
		return "lead_event_source"
	case fieldSegmentation:
		return "customer_segmentation"
	case fieldItemID:
		return "contents.id"
	case fieldItemQuantity:
		return "contents.quantity"
	case fieldItemPrice:
		return "contents.item_price"
	case fieldItemTitle:
		return "contents.title"
	case fieldItemDescription:
		return "contents.description"
	case fieldItemBrand:
		return "contents.brand"
	case fieldItemCategory:
		return "contents.category"
	case fieldItemDelivery:
		return "contents.delivery_category"
	}
	return ""
}

// target is what a column fills: a member of user_data, another field, or a property of the user's own.
type target struct {
	key      event.Key
	field    field
	property string
}

func (t target) String() string {
	switch {
	case t.key != 0:
		return t.key.String()
	case t.field != fieldNone:
		return t.field.String()
	}
	return "custom_data." + t.property
}

// columns is how many columns of a file may fill the target.
func (t target) columns() int {
	if t.key == event.Email || t.key == event.Phone {
		return 3
	}
	return 1
}

// parseTarget reads a name as it stands under columns: Meta's own or the plain one, with or without user_data,
// match_keys or custom_data before it.
func parseTarget(name string) (target, bool) {
	rest, custom := strings.CutPrefix(name, "custom_data.")
	if !custom {
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, "user_data."), "match_keys.")
		if k, ok := event.ParseKey(rest); ok {
			return target{key: k}, true
		}
	}
	for f := fieldEventID; f < fieldCount; f++ {
		if f.String() == rest && (!custom || f >= fieldValue) {
			return target{field: f}, true
		}
	}
	if custom && rest != "" {
		return target{property: rest}, true
	}
	return target{}, false
}

// fold makes spellings of one header equal: lower case, letters and digits only.
func fold(header string) string {
	plain := true
	for i := range len(header) {
		if c := header[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			plain = false
			break
		}
	}
	if plain {
		return header
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, header)
}
