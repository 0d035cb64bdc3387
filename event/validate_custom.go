package event

func (c *CustomData) validate(f *findings, e *Event) {
	c.validateAmounts(f, e.Name)
	c.validateContents(f)
	f.text("custom_data.content_name", c.ContentName)
	f.text("custom_data.content_category", c.ContentCategory)
	f.text("custom_data.order_id", c.OrderID)
	f.text("custom_data.item_number", c.ItemNumber)
	f.text("custom_data.search_string", c.SearchString)
	f.text("custom_data.status", c.Status)
	if !delivery(c.DeliveryCategory) {
		f.add(ReasonDeliveryCategoryUnknown, "custom_data.delivery_category", "")
	}
	f.text("custom_data.event_source", c.EventSource)
	f.text("custom_data.lead_event_source", c.LeadEventSource)
	f.text("custom_data.customer_segmentation", c.Segmentation)
	crm := c.EventSource != "" || c.LeadEventSource != "" || e.ActionSource == SourceSystemGenerated && !IsStandard(e.Name)
	if crm && (c.EventSource != "crm" || c.LeadEventSource == "") {
		f.add(ReasonCRMFieldsMissing, "custom_data.lead_event_source", "")
	}
	for i := range c.Properties {
		c.validateProperty(f, i)
	}
}

func (c *CustomData) validateAmounts(f *findings, name string) {
	if needsValue(name) && !c.Value.Present() {
		f.add(ReasonValueMissing, "custom_data.value", "")
	}
	if c.Value.Sign() < 0 {
		f.add(ReasonValueNegative, "custom_data.value", "")
	}
	if c.PredictedLTV.Sign() < 0 {
		f.add(ReasonValueNegative, "custom_data.predicted_ltv", "")
	}
	switch amount := c.Value.Present() || c.PredictedLTV.Present() || c.NetRevenue.Present(); {
	case c.Currency == "" && (needsValue(name) || amount):
		f.add(ReasonCurrencyMissing, "custom_data.currency", "")
	case c.Currency != "" && !isCurrency(c.Currency):
		f.add(ReasonCurrencyUnknown, "custom_data.currency", "")
	}
	if c.NumItems < 0 {
		f.add(ReasonCountNegative, "custom_data.num_items", "")
	}
}

func (c *CustomData) validateContents(f *findings) {
	for _, id := range c.ContentIDs {
		if id == "" {
			f.add(ReasonContentsMalformed, "custom_data.content_ids", "")
		}
		f.text("custom_data.content_ids", id)
	}
	if c.ContentType != "" && c.ContentType != "product" && c.ContentType != "product_group" {
		f.add(ReasonContentTypeUnknown, "custom_data.content_type", "")
	}
	for i := range c.Contents {
		item := &c.Contents[i]
		if item.ID == "" {
			f.add(ReasonContentsMalformed, "custom_data.contents", "id")
		}
		if item.Quantity < 0 {
			f.add(ReasonContentsMalformed, "custom_data.contents", "quantity")
		}
		if item.ItemPrice.Sign() < 0 {
			f.add(ReasonValueNegative, "custom_data.contents", "item_price")
		}
		f.text("custom_data.contents", item.ID)
		f.text("custom_data.contents", item.Title)
		f.text("custom_data.contents", item.Description)
		f.text("custom_data.contents", item.Brand)
		f.text("custom_data.contents", item.Category)
		if !delivery(item.DeliveryCategory) {
			f.add(ReasonDeliveryCategoryUnknown, "custom_data.contents", "delivery_category")
		}
	}
}

// delivery reports whether s is a delivery_category or absent.
func delivery(s string) bool {
	return s == "" || s == "in_store" || s == "curbside" || s == "home_delivery"
}

func (c *CustomData) validateProperty(f *findings, i int) {
	p := &c.Properties[i]
	// The name of a property comes from the configuration or a header, so a person's data cannot hide in it, but it may
	// be what a file without a header has in its place.
	f.text("custom_data", p.Name)
	switch {
	case p.Name == "":
		f.add(ReasonPropertyMalformed, "custom_data", "name")
	case StandardMember(p.Name):
		f.add(ReasonPropertyShadows, "custom_data", "")
	case p.Kind != Text && !p.literal():
		f.add(ReasonPropertyMalformed, "custom_data", "")
	case p.Kind == Text:
		f.text("custom_data", p.Value)
	}
	for j := range i {
		if c.Properties[j].Name == p.Name {
			f.add(ReasonPropertyTwice, "custom_data", "")
			return
		}
	}
}

// StandardMember reports whether Meta defines a member of custom_data by that name.
func StandardMember(name string) bool {
	switch name {
	case "value", "currency", "content_name", "content_category", "content_ids", "content_type", "contents", "order_id",
		"item_number", "num_items", "predicted_ltv", "net_revenue", "search_string", "status", "delivery_category",
		"event_source", "lead_event_source", "customer_segmentation":
		return true
	}
	return false
}
