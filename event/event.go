// Package event is the domain of Capibara: what an offline conversion is, before it has anything to do with a file, a
// database or a network. It knows the members that Meta's Conversions API accepts, the rules that Meta enforces on
// them, how an event is identified, and the exact bytes that are sent. It is a leaf: standard library only.
package event

// Event is one server event as Meta's Conversions API defines it, with every customer-information value that Meta
// wants hashed already hashed. The zero value is not valid; see [Event.Validate].
//
// Source: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/server-event
type Event struct {
	// Name is event_name: one of the standard names (see [Standard]) or a custom one.
	Name string
	// Time is event_time in Unix seconds, UTC: when the conversion happened, never when it was exported or imported.
	Time int64
	// ID is event_id, unique for its Name within a dataset.
	ID string
	// ActionSource is where the conversion took place.
	ActionSource ActionSource
	// SourceURL is event_source_url; required when ActionSource is website.
	SourceURL string
	// ReferrerURL is referrer_url.
	ReferrerURL string
	// OptOut is opt_out: Meta then uses the event for attribution only, not for ads delivery.
	OptOut bool
	// Processing is data_processing_options with its country and state; nil when the member is not sent.
	Processing *DataProcessing
	// Original is original_event_data, which ties an event to an earlier one; nil when absent.
	Original *OriginalEvent
	// User is user_data.
	User UserData
	// Custom is custom_data.
	Custom CustomData
	// AppData is app_data as a JSON object, only with ActionSource app; nil when absent.
	AppData []byte
}

// DataProcessing is data_processing_options, data_processing_options_country and data_processing_options_state.
// An empty Options list says explicitly that no restriction applies.
//
// Source: https://developers.facebook.com/docs/marketing-apis/data-processing-options
type DataProcessing struct {
	// LDU asks for Limited Data Use.
	LDU bool
	// Country is 0 (Meta locates the person) or 1 (United States).
	Country int
	// State is 0 (Meta locates the person) or 1000 to 1013. Country and State go together. An offline event carries no
	// IP address, so Meta cannot locate anybody: name the state.
	State int
}

// OriginalEvent is original_event_data: the event that this one adds to.
type OriginalEvent struct {
	Name    string // event_name
	Time    int64  // event_time, Unix seconds; 0 when absent
	OrderID string // order_id
	ID      string // event_id
}

// CustomData is custom_data. Absent members are zero values; Value and the other amounts tell absence by
// [Money.Present].
//
// Source: https://developers.facebook.com/docs/marketing-api/conversions-api/parameters/custom-data
type CustomData struct {
	Value            Money     // value, in Currency
	Currency         string    // currency, ISO 4217, upper case
	ContentName      string    // content_name
	ContentCategory  string    // content_category
	ContentIDs       []string  // content_ids
	ContentType      string    // content_type: product or product_group
	Contents         []Content // contents
	OrderID          string    // order_id
	ItemNumber       string    // item_number; tells the lines of one order apart
	NumItems         int64     // num_items; 0 when absent
	PredictedLTV     Money     // predicted_ltv
	NetRevenue       Money     // net_revenue
	SearchString     string    // search_string
	Status           string    // status
	DeliveryCategory string    // delivery_category: in_store, curbside or home_delivery
	EventSource      string    // event_source: "crm" makes Meta recognise a CRM stage
	LeadEventSource  string    // lead_event_source: the name of the CRM
	Segmentation     string    // customer_segmentation
	// Properties are the user's own members, sent at the same level as Meta's, sorted by name. A name must not be one
	// of Meta's; see [Event.Validate].
	Properties []Property
}

// Content is one element of contents.
type Content struct {
	ID               string // id
	Quantity         int64  // quantity; 0 when absent
	ItemPrice        Money  // item_price, per unit
	Title            string // title
	Description      string // description
	Brand            string // brand
	Category         string // category
	DeliveryCategory string // delivery_category
}

// PropertyKind says how a property is written in JSON.
type PropertyKind uint8

// The kinds of a property.
const (
	Text    PropertyKind = iota // a JSON string
	Number                      // a JSON number; Property.Value holds its decimal digits
	Boolean                     // true or false
)

// Property is one member of custom_data that Meta does not define.
type Property struct {
	Name  string
	Kind  PropertyKind
	Value string
}
