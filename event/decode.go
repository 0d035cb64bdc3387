package event

// DecodeBinary makes e the event that src holds, as AppendBinary wrote it, reusing e's memory. It copies what it
// keeps: src may be reused, but slices that were taken from e before are overwritten. The texts of an event share one
// piece of memory, so clone one that outlives the rest. The error is ErrCorrupt, and e is then empty.
func (e *Event) DecodeBinary(src []byte) error {
	e.Reset()
	if len(src) == 0 || src[0] != codecVersion {
		return ErrCorrupt
	}
	d := decoder{src: src, text: string(src), at: 1}
	last := byte(0)
	for d.at < len(src) {
		tag := d.byte()
		if tag < last || tag == last && !repeats(tag) {
			d.fail()
		}
		last = tag
		e.decodeMember(&d, tag)
	}
	if d.bad {
		e.Reset()
		return ErrCorrupt
	}
	return nil
}

func repeats(tag byte) bool {
	switch tag {
	case tagHashed, tagPlain, tagContentID, tagContent, tagProperty:
		return true
	}
	return false
}

func (e *Event) decodeMember(d *decoder, tag byte) {
	switch tag {
	case tagName:
		e.Name = d.string()
	case tagTime:
		e.Time = d.varint()
	case tagID:
		e.ID = d.string()
	case tagSource:
		a, ok := numberedSource(d.byte())
		if !ok {
			d.fail()
		}
		e.ActionSource = a
	case tagSourceText:
		e.ActionSource = ActionSource(d.string())
	case tagSourceURL:
		e.SourceURL = d.string()
	case tagReferrerURL:
		e.ReferrerURL = d.string()
	case tagOptOut:
		e.OptOut = true
	case tagProcessing:
		ldu := d.byte()
		if ldu > 1 {
			d.fail()
		}
		e.Processing = &DataProcessing{LDU: ldu == 1, Country: d.int(), State: d.int()}
	case tagOriginal:
		e.Original = &OriginalEvent{Name: d.string(), Time: d.varint(), OrderID: d.string(), ID: d.string()}
	case tagHashed:
		e.User.decodeHashed(d)
	case tagPlain:
		e.User.decodePlain(d)
	case tagAppData:
		e.AppData = []byte(d.string())
	default:
		e.Custom.decodeMember(d, tag)
	}
}

func (u *UserData) decodeHashed(d *decoder) {
	v := HashedValue{Key: Key(d.byte())}
	n := copy(v.Hash[:], d.src[d.at:])
	d.at += n
	if n < len(v.Hash) || !v.Key.Hashed() || len(u.hashed) > 0 && u.hashed[len(u.hashed)-1].Key > v.Key {
		d.fail()
		return
	}
	u.hashed = append(u.hashed, v)
}

func (u *UserData) decodePlain(d *decoder) {
	v := PlainValue{Key: Key(d.byte()), Value: d.string()}
	if !v.Key.plain() || v.Value == "" {
		d.fail()
		return
	}
	if n := len(u.plain); n > 0 && (u.plain[n-1].Key > v.Key || u.plain[n-1].Key == v.Key && v.Key != ExternalID) {
		d.fail()
		return
	}
	u.plain = append(u.plain, v)
}

func (c *CustomData) decodeMember(d *decoder, tag byte) {
	switch tag {
	case tagValue:
		c.Value = d.money()
	case tagCurrency:
		c.Currency = d.string()
	case tagContentName:
		c.ContentName = d.string()
	case tagContentCategory:
		c.ContentCategory = d.string()
	case tagContentID:
		c.ContentIDs = append(c.ContentIDs, d.string())
	case tagContentType:
		c.ContentType = d.string()
	case tagContent:
		c.Contents = append(c.Contents, Content{ID: d.string(), Quantity: d.varint(), ItemPrice: d.money(), Title: d.string(),
			Description: d.string(), Brand: d.string(), Category: d.string(), DeliveryCategory: d.string()})
	case tagOrderID:
		c.OrderID = d.string()
	case tagItemNumber:
		c.ItemNumber = d.string()
	case tagNumItems:
		c.NumItems = d.varint()
	case tagPredictedLTV:
		c.PredictedLTV = d.money()
	case tagNetRevenue:
		c.NetRevenue = d.money()
	case tagSearchString:
		c.SearchString = d.string()
	case tagStatus:
		c.Status = d.string()
	case tagDeliveryCategory:
		c.DeliveryCategory = d.string()
	case tagEventSource:
		c.EventSource = d.string()
	case tagLeadEventSource:
		c.LeadEventSource = d.string()
	case tagSegmentation:
		c.Segmentation = d.string()
	case tagProperty:
		p := Property{Name: d.string(), Kind: PropertyKind(d.byte()), Value: d.string()}
		if p.Kind > Boolean {
			d.fail()
		}
		c.Properties = append(c.Properties, p)
	default:
		d.fail()
	}
}
