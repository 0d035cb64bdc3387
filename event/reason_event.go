package event

// What [Event.Validate] finds in an event.
const (
	ReasonEventNameMissing        Reason = "event_name_missing"
	ReasonEventNameLong           Reason = "event_name_long"
	ReasonEventNameStyle          Reason = "event_name_style"
	ReasonEventNameMended         Reason = "event_name_mended"
	ReasonEventTimeMissing        Reason = "event_time_missing"
	ReasonEventTimeMilliseconds   Reason = "event_time_milliseconds"
	ReasonEventTimeFuture         Reason = "event_time_future"
	ReasonFutureWaits             Reason = "future_waits"
	ReasonEventIDMissing          Reason = "event_id_missing"
	ReasonEventIDMalformed        Reason = "event_id_malformed"
	ReasonActionSourceMissing     Reason = "action_source_missing"
	ReasonActionSourceUnknown     Reason = "action_source_unknown"
	ReasonSourceURLMissing        Reason = "source_url_missing"
	ReasonUserAgentMissing        Reason = "user_agent_missing"
	ReasonURLMalformed            Reason = "url_malformed"
	ReasonDataProcessingMalformed Reason = "data_processing_malformed"
	ReasonDataProcessingNoState   Reason = "data_processing_no_state"
	ReasonOriginalEventMalformed  Reason = "original_event_malformed"
	ReasonAppDataMisplaced        Reason = "app_data_misplaced"
	ReasonAppDataMissing          Reason = "app_data_missing"
	ReasonAppDataMalformed        Reason = "app_data_malformed"
	ReasonIdentifierMissing       Reason = "identifier_missing"
	ReasonIdentifierWeak          Reason = "identifier_weak"
	ReasonHashOfNothing           Reason = "hash_of_nothing"
	ReasonLeadIDMalformed         Reason = "lead_id_malformed"
	ReasonFBCMalformed            Reason = "fbc_malformed"
	ReasonFBCOld                  Reason = "fbc_old"
	ReasonFBPMalformed            Reason = "fbp_malformed"
	ReasonIPMalformed             Reason = "ip_malformed"
	ReasonValueMissing            Reason = "value_missing"
	ReasonValueNegative           Reason = "value_negative"
	ReasonCountNegative           Reason = "count_negative"
	ReasonCurrencyMissing         Reason = "currency_missing"
	ReasonCurrencyUnknown         Reason = "currency_unknown"
	ReasonContentTypeUnknown      Reason = "content_type_unknown"
	ReasonContentsMalformed       Reason = "contents_malformed"
	ReasonDeliveryCategoryUnknown Reason = "delivery_category_unknown"
	ReasonCRMFieldsMissing        Reason = "crm_fields_missing"
	ReasonPropertyShadows         Reason = "property_shadows"
	ReasonPropertyTwice           Reason = "property_twice"
	ReasonPropertyMalformed       Reason = "property_malformed"
	ReasonPersonalData            Reason = "personal_data"
	ReasonInvalidBytes            Reason = "invalid_bytes"
)

func eventReasons() []Reason {
	return []Reason{
		ReasonEventNameMissing,
		ReasonEventNameLong,
		ReasonEventNameStyle,
		ReasonEventNameMended,
		ReasonEventTimeMissing,
		ReasonEventTimeMilliseconds,
		ReasonEventTimeFuture,
		ReasonFutureWaits,
		ReasonEventIDMissing,
		ReasonEventIDMalformed,
		ReasonActionSourceMissing,
		ReasonActionSourceUnknown,
		ReasonSourceURLMissing,
		ReasonUserAgentMissing,
		ReasonURLMalformed,
		ReasonDataProcessingMalformed,
		ReasonDataProcessingNoState,
		ReasonOriginalEventMalformed,
		ReasonAppDataMisplaced,
		ReasonAppDataMissing,
		ReasonAppDataMalformed,
		ReasonIdentifierMissing,
		ReasonIdentifierWeak,
		ReasonHashOfNothing,
		ReasonLeadIDMalformed,
		ReasonFBCMalformed,
		ReasonFBCOld,
		ReasonFBPMalformed,
		ReasonIPMalformed,
		ReasonValueMissing,
		ReasonValueNegative,
		ReasonCountNegative,
		ReasonCurrencyMissing,
		ReasonCurrencyUnknown,
		ReasonContentTypeUnknown,
		ReasonContentsMalformed,
		ReasonDeliveryCategoryUnknown,
		ReasonCRMFieldsMissing,
		ReasonPropertyShadows,
		ReasonPropertyTwice,
		ReasonPropertyMalformed,
		ReasonPersonalData,
		ReasonInvalidBytes,
	}
}

func (r Reason) explainEvent() (explanation, bool) {
	switch r {
	case ReasonEventNameMissing:
		return explanation{Reject,
			"The event has no name.",
			"Map a column to event_name, or state the event's name in the source's configuration."}, true
	case ReasonEventNameLong:
		return explanation{Reject,
			"The event name is longer than the 50 characters that Meta accepts.",
			"Give the stage or event a shorter name in the mapping."}, true
	case ReasonEventNameStyle:
		return explanation{Warn,
			"The event name is not in the recommended form of at most 40 lowercase letters, digits and underscores.",
			"Map it to a name such as deal_closed, so that it reads the same everywhere at Meta."}, true
	case ReasonEventNameMended:
		return explanation{Warn,
			"The event name was a standard name of Meta in another spelling, and the standard spelling was used.",
			"Write the name exactly as Meta does to make this note disappear."}, true
	case ReasonEventTimeMissing:
		return explanation{Reject,
			"The event has no date and time of the conversion.",
			"Fill in the date of the conversion, or map the right column to event_time."}, true
	case ReasonEventTimeMilliseconds:
		return explanation{Reject,
			"The time of the conversion lies thousands of years ahead, as it does when milliseconds are read as seconds.",
			"State that the column holds milliseconds, or export seconds."}, true
	case ReasonEventTimeFuture:
		return explanation{Reject,
			"The time of the conversion lies more than 36 hours in the future.",
			"Correct the date in the source system, and check the order of day and month."}, true
	case ReasonFutureWaits:
		return explanation{Warn,
			"The time of the conversion lies a little in the future, so the event is not sent before then.",
			"Check the clock of the till or the time zone of the source when this was not expected."}, true
	case ReasonEventIDMissing:
		return explanation{Reject,
			"The event has no id, so a second import could not be told from a second conversion.",
			"Name the columns that identify a record under record_key, or map a column to event_id."}, true
	case ReasonEventIDMalformed:
		return explanation{Reject,
			"The event id holds control characters or is longer than 256 bytes.",
			"Map a column that holds a short identifier."}, true
	case ReasonActionSourceMissing:
		return explanation{Reject,
			"The event does not say where the conversion took place.",
			"Set action_source for the source, for example physical_store or system_generated."}, true
	case ReasonActionSourceUnknown:
		return explanation{Reject,
			"The action source is not one that Meta knows.",
			"Use one of email, website, app, phone_call, chat, physical_store, system_generated, business_messaging or other."}, true
	case ReasonSourceURLMissing:
		return explanation{Reject,
			"A website event has no event_source_url, which Meta requires.",
			"Map the page's address to event_source_url, or choose the action source that tells where the conversion really took place."}, true
	case ReasonUserAgentMissing:
		return explanation{Reject,
			"A website event has no client_user_agent, which Meta requires.",
			"Map the browser's user agent, or choose the action source that tells where the conversion really took place."}, true
	case ReasonURLMalformed:
		return explanation{Reject,
			"An address of a page does not begin with http:// or https://.",
			"Export the full address of the page, or leave the column unmapped."}, true
	case ReasonDataProcessingMalformed:
		return explanation{Reject,
			"The data processing options name an option, a country or a state that Meta does not define.",
			"Use LDU with country 1 and a state from 1000 to 1013, or with 0 for both."}, true
	case ReasonDataProcessingNoState:
		return explanation{Warn,
			"Limited data use was asked for without a state, and an event without an IP address does not let Meta find one.",
			"State the country and state under data_processing_options."}, true
	case ReasonOriginalEventMalformed:
		return explanation{Reject,
			"The original event that this one refers to is not identified.",
			"Give the original event's name with its time, order id or event id."}, true
	case ReasonAppDataMisplaced:
		return explanation{Reject,
			"The event carries app_data although it did not take place in an app.",
			"Leave app_data out, or set the action source to app."}, true
	case ReasonAppDataMissing:
		return explanation{Warn,
			"An app event carries no app_data, so Meta can use little of it.",
			"Add app_data, or choose the action source that tells where the conversion really took place."}, true
	case ReasonAppDataMalformed:
		return explanation{Reject,
			"The app_data of the event is not a JSON object.",
			"Correct it in the source so that it reads as a JSON object."}, true
	case ReasonIdentifierMissing:
		return explanation{Skip,
			"The record holds nothing by which Meta could find the person.",
			"Map at least an e-mail address, a phone number, a lead id or an external id."}, true
	case ReasonIdentifierWeak:
		return explanation{Skip,
			"The record holds only details that fit many people, and Meta refuses such an event.",
			"Add an e-mail address, a phone number, a lead id, or the full name with a city or date of birth."}, true
	case ReasonHashOfNothing:
		return explanation{Reject,
			"A hashed identifier is the hash of an empty text.",
			"Leave the cell empty in the source instead of hashing an empty value."}, true
	case ReasonLeadIDMalformed:
		return explanation{Reject,
			"The lead id is not a number of 15 to 17 digits.",
			"Export the lead id from Meta as text, so that a spreadsheet does not round it."}, true
	case ReasonFBCMalformed:
		return explanation{Reject,
			"The click id (fbc) does not have the form fb.1.time.fbclid.",
			"Map the original fbclid and its click time, or leave the column unmapped."}, true
	case ReasonFBCOld:
		return explanation{Warn,
			"The click id (fbc) belongs to a click more than 90 days ago, which Meta no longer uses.",
			"Nothing needs to be done; the other identifiers are used."}, true
	case ReasonFBPMalformed:
		return explanation{Warn,
			"The browser id (fbp) does not have the form fb.1.time.number.",
			"Map the value of the _fbp cookie as it is, or leave the column unmapped."}, true
	case ReasonIPMalformed:
		return explanation{Reject,
			"The client IP address is not an IPv4 or IPv6 address.",
			"Map a column that holds one address alone, or leave it unmapped."}, true
	case ReasonValueMissing:
		return explanation{Reject,
			"A purchase or subscription has no amount, and Meta requires one.",
			"Fill in the amount, or map the right column to value."}, true
	case ReasonValueNegative:
		return explanation{Reject,
			"An amount is below zero.",
			"Correct the amount, or leave refunds out of the export."}, true
	case ReasonCountNegative:
		return explanation{Reject,
			"A number of items is below zero.",
			"Correct the number in the source system."}, true
	case ReasonCurrencyMissing:
		return explanation{Reject,
			"An amount comes without its currency, and Meta requires one.",
			"Map a currency column, or set currency for the source."}, true
	case ReasonCurrencyUnknown:
		return explanation{Reject,
			"The currency is not an active ISO 4217 code.",
			"Use the three-letter code in capitals, for example EUR or USD."}, true
	case ReasonContentTypeUnknown:
		return explanation{Reject,
			"The content_type is neither product nor product_group.",
			"Use product or product_group, or leave it out."}, true
	case ReasonContentsMalformed:
		return explanation{Reject,
			"The list of products is not in the form that Meta expects.",
			"Give every product an id, and a quantity above zero where one is stated."}, true
	case ReasonDeliveryCategoryUnknown:
		return explanation{Reject,
			"The delivery_category is none of in_store, curbside and home_delivery.",
			"Use in_store, curbside or home_delivery, or leave it out."}, true
	case ReasonCRMFieldsMissing:
		return explanation{Warn,
			"The event looks like a stage of a CRM but does not say so, and Meta will not recognise it as one.",
			"Set lead_event_source to the name of the CRM for this source."}, true
	case ReasonPropertyShadows:
		return explanation{Reject,
			"A property of your own has the name of one of Meta's.",
			"Rename the property, or map the column to Meta's own member."}, true
	case ReasonPropertyTwice:
		return explanation{Reject,
			"Two properties of the event have the same name.",
			"Rename one of the two properties in the mapping."}, true
	case ReasonPropertyMalformed:
		return explanation{Reject,
			"A property has no name, or a value that does not fit its kind.",
			"Correct the property's name, or send it as text."}, true
	case ReasonPersonalData:
		return explanation{Reject,
			"A text that is sent as it is seems to hold an e-mail address or a phone number.",
			"Remove it from the column, or do not send that column."}, true
	case ReasonInvalidBytes:
		return explanation{Reject,
			"A text holds bytes that are not valid in its encoding.",
			"State the file's encoding in the source's configuration, or export the file as UTF-8."}, true
	}
	return explanation{}, false
}
