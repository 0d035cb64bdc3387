package event

import (
	"encoding/binary"
	"errors"
)

// ErrCorrupt says that bytes are not an event as AppendBinary writes it, or one that a newer version wrote.
var ErrCorrupt = errors.New("the stored event is corrupt or was written by a newer version")

// codecVersion is the first byte of an encoded event.
const codecVersion = 1

// The tags of the stored form. They are in databases: never renumber one, only add. A reader refuses a tag it does
// not know, because an event that is sent without one of its members is another event.
const (
	tagName byte = iota + 1
	tagTime
	tagID
	tagSource     // a number for a source that Meta defines
	tagSourceText // any other text
	tagSourceURL
	tagReferrerURL
	tagOptOut
	tagProcessing
	tagOriginal
	tagHashed // repeats
	tagPlain  // repeats
	tagValue
	tagCurrency
	tagContentName
	tagContentCategory
	tagContentID // repeats
	tagContentType
	tagContent // repeats
	tagOrderID
	tagItemNumber
	tagNumItems
	tagPredictedLTV
	tagNetRevenue
	tagSearchString
	tagStatus
	tagDeliveryCategory
	tagEventSource
	tagLeadEventSource
	tagSegmentation
	tagProperty // repeats
	tagAppData
)

// AppendBinary appends the event in a compact form that [Event.DecodeBinary] reads back exactly: a version, then a tag
// and a value for every member that is there, hashes as their 32 bytes.
func (e *Event) AppendBinary(dst []byte) []byte {
	dst = append(dst, codecVersion)
	dst = putText(dst, tagName, e.Name)
	dst = putInt(dst, tagTime, e.Time)
	dst = putText(dst, tagID, e.ID)
	if n := sourceNumber(e.ActionSource); n > 0 {
		dst = append(dst, tagSource, n)
	} else {
		dst = putText(dst, tagSourceText, string(e.ActionSource))
	}
	dst = putText(dst, tagSourceURL, e.SourceURL)
	dst = putText(dst, tagReferrerURL, e.ReferrerURL)
	if e.OptOut {
		dst = append(dst, tagOptOut)
	}
	if p := e.Processing; p != nil {
		ldu := byte(0)
		if p.LDU {
			ldu = 1
		}
		dst = append(dst, tagProcessing, ldu)
		dst = binary.AppendVarint(dst, int64(p.Country))
		dst = binary.AppendVarint(dst, int64(p.State))
	}
	if o := e.Original; o != nil {
		dst = appendCounted(append(dst, tagOriginal), o.Name)
		dst = binary.AppendVarint(dst, o.Time)
		dst = appendCounted(dst, o.OrderID)
		dst = appendCounted(dst, o.ID)
	}
	dst = e.User.appendBinary(dst)
	dst = e.Custom.appendBinary(dst)
	if e.AppData != nil {
		dst = binary.AppendUvarint(append(dst, tagAppData), uint64(len(e.AppData)))
		dst = append(dst, e.AppData...)
	}
	return dst
}

func (c *CustomData) appendBinary(dst []byte) []byte {
	dst = putMoney(dst, tagValue, c.Value)
	dst = putText(dst, tagCurrency, c.Currency)
	dst = putText(dst, tagContentName, c.ContentName)
	dst = putText(dst, tagContentCategory, c.ContentCategory)
	for _, id := range c.ContentIDs {
		dst = appendCounted(append(dst, tagContentID), id)
	}
	dst = putText(dst, tagContentType, c.ContentType)
	for i := range c.Contents {
		dst = c.Contents[i].appendBinary(append(dst, tagContent))
	}
	dst = putText(dst, tagOrderID, c.OrderID)
	dst = putText(dst, tagItemNumber, c.ItemNumber)
	dst = putInt(dst, tagNumItems, c.NumItems)
	dst = putMoney(dst, tagPredictedLTV, c.PredictedLTV)
	dst = putMoney(dst, tagNetRevenue, c.NetRevenue)
	dst = putText(dst, tagSearchString, c.SearchString)
	dst = putText(dst, tagStatus, c.Status)
	dst = putText(dst, tagDeliveryCategory, c.DeliveryCategory)
	dst = putText(dst, tagEventSource, c.EventSource)
	dst = putText(dst, tagLeadEventSource, c.LeadEventSource)
	dst = putText(dst, tagSegmentation, c.Segmentation)
	for i := range c.Properties {
		p := &c.Properties[i]
		dst = append(appendCounted(append(dst, tagProperty), p.Name), byte(p.Kind))
		dst = appendCounted(dst, p.Value)
	}
	return dst
}

func (c *Content) appendBinary(dst []byte) []byte {
	dst = appendCounted(dst, c.ID)
	dst = binary.AppendVarint(dst, c.Quantity)
	dst = c.ItemPrice.appendBinary(dst)
	dst = appendCounted(dst, c.Title)
	dst = appendCounted(dst, c.Description)
	dst = appendCounted(dst, c.Brand)
	dst = appendCounted(dst, c.Category)
	return appendCounted(dst, c.DeliveryCategory)
}

// noAmount stands where a scale would, for an amount that is absent.
const noAmount = 0xff

func (m Money) appendBinary(dst []byte) []byte {
	if !m.set {
		return append(dst, noAmount)
	}
	return binary.AppendVarint(append(dst, m.scale), m.units)
}

func appendCounted(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func putText(dst []byte, tag byte, s string) []byte {
	if s == "" {
		return dst
	}
	return appendCounted(append(dst, tag), s)
}

func putInt(dst []byte, tag byte, n int64) []byte {
	if n == 0 {
		return dst
	}
	return binary.AppendVarint(append(dst, tag), n)
}

func putMoney(dst []byte, tag byte, m Money) []byte {
	if !m.set {
		return dst
	}
	return m.appendBinary(append(dst, tag))
}

// sourceNumber is how an action source is stored; 0 for one that Meta does not define. The numbers are in databases.
func sourceNumber(a ActionSource) byte {
	switch a {
	case SourceEmail:
		return 1
	case SourceWebsite:
		return 2
	case SourceApp:
		return 3
	case SourcePhoneCall:
		return 4
	case SourceChat:
		return 5
	case SourcePhysicalStore:
		return 6
	case SourceSystemGenerated:
		return 7
	case SourceBusinessMessaging:
		return 8
	case SourceOther:
		return 9
	}
	return 0
}

// numberedSource is the inverse of sourceNumber.
func numberedSource(n byte) (ActionSource, bool) {
	for _, a := range [...]ActionSource{SourceEmail, SourceWebsite, SourceApp, SourcePhoneCall, SourceChat,
		SourcePhysicalStore, SourceSystemGenerated, SourceBusinessMessaging, SourceOther} {
		if sourceNumber(a) == n {
			return a, true
		}
	}
	return "", false
}

// Reset empties the event and keeps its memory for the next one.
func (e *Event) Reset() {
	user, custom := e.User, CustomData{
		ContentIDs: e.Custom.ContentIDs[:0], Contents: e.Custom.Contents[:0], Properties: e.Custom.Properties[:0],
	}
	user.Reset()
	*e = Event{User: user, Custom: custom}
}

// decoder reads the stored form. After the first error everything it reads is empty.
type decoder struct {
	src  []byte
	text string // src as a string, so that all texts of an event share one allocation
	at   int
	bad  bool
}

func (d *decoder) fail() { d.bad, d.at = true, len(d.src) }

func (d *decoder) byte() byte {
	if d.at >= len(d.src) {
		d.fail()
		return 0
	}
	d.at++
	return d.src[d.at-1]
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.src[d.at:])
	if n <= 0 {
		d.fail()
		return 0
	}
	d.at += n
	return v
}

func (d *decoder) int() int {
	v := d.varint()
	if int64(int(v)) != v { // where an int has 32 bits
		d.fail()
	}
	return int(v)
}

// string reads a counted text.
func (d *decoder) string() string {
	v, n := binary.Uvarint(d.src[d.at:])
	if n <= 0 || v > uint64(len(d.src)-d.at-n) {
		d.fail()
		return ""
	}
	start := d.at + n
	d.at = start + int(v)
	return d.text[start:d.at]
}

func (d *decoder) money() Money {
	scale := d.byte()
	if scale == noAmount {
		return Money{}
	}
	m := Money{units: d.varint(), scale: scale, set: true}
	// Equality of amounts depends on there being one form of each.
	if scale > MaxMoneyDigits || m.units > maxUnits || m.units < -maxUnits || scale > 0 && m.units%10 == 0 {
		d.fail()
		return Money{}
	}
	return m
}
