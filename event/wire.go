package event

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends the event as it is sent: one JSON object, its members in a fixed order, absent ones left out,
// hashed identifiers as lists of lowercase hex, amounts as numbers with exactly their decimals. The same event always
// gives the same bytes, because an event whose fate is unknown is only ever sent again as itself. The result is valid
// JSON in UTF-8 whatever the event holds; that Meta accepts it is what [Event.Validate] is for.
func (e *Event) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	dst = appendText(dst, "event_name", e.Name)
	dst = appendInt(dst, "event_time", e.Time)
	dst = appendText(dst, "event_id", e.ID)
	dst = appendText(dst, "action_source", string(e.ActionSource))
	dst = appendText(dst, "event_source_url", e.SourceURL)
	dst = appendText(dst, "referrer_url", e.ReferrerURL)
	if e.OptOut {
		dst = append(appendMember(dst, "opt_out"), "true"...)
	}
	dst = e.Processing.appendJSON(dst)
	if o := e.Original; o != nil {
		dst = append(appendMember(dst, "original_event_data"), '{')
		dst = appendText(dst, "event_name", o.Name)
		dst = appendInt(dst, "event_time", o.Time)
		dst = appendText(dst, "order_id", o.OrderID)
		dst = append(appendText(dst, "event_id", o.ID), '}')
	}
	dst = e.User.appendJSON(append(appendMember(dst, "user_data"), '{'))
	dst = append(dst, '}')
	before := len(dst)
	dst = append(appendMember(dst, "custom_data"), '{')
	empty := len(dst)
	if dst = e.Custom.appendJSON(dst); len(dst) == empty {
		dst = dst[:before]
	} else {
		dst = append(dst, '}')
	}
	if e.AppData != nil {
		dst = appendObject(dst, "app_data", e.AppData)
	}
	return append(dst, '}')
}

func (p *DataProcessing) appendJSON(dst []byte) []byte {
	switch {
	case p == nil:
		return dst
	case !p.LDU:
		return append(appendMember(dst, "data_processing_options"), "[]"...)
	}
	dst = append(appendMember(dst, "data_processing_options"), `["LDU"]`...)
	dst = strconv.AppendInt(appendMember(dst, "data_processing_options_country"), int64(p.Country), 10)
	return strconv.AppendInt(appendMember(dst, "data_processing_options_state"), int64(p.State), 10)
}

func (u *UserData) appendJSON(dst []byte) []byte {
	plain := u.plain
	for i, v := range u.hashed {
		if i == 0 || u.hashed[i-1].Key != v.Key {
			dst = append(appendMember(dst, v.Key.String()), '[')
		} else {
			dst = append(dst, ',')
		}
		dst = append(hex.AppendEncode(append(dst, '"'), v.Hash[:]), '"')
		if i+1 < len(u.hashed) && u.hashed[i+1].Key == v.Key {
			continue
		}
		// external_id is the one member that may be both; it is the last of the hashed and the first of the plain ones.
		for v.Key == ExternalID && len(plain) > 0 && plain[0].Key == ExternalID {
			dst = appendString(append(dst, ','), plain[0].Value)
			plain = plain[1:]
		}
		dst = append(dst, ']')
	}
	for i, v := range plain {
		switch {
		case v.Key == ExternalID:
			if i == 0 {
				dst = append(appendMember(dst, v.Key.String()), '[')
			} else {
				dst = append(dst, ',')
			}
			dst = appendString(dst, v.Value)
			if i+1 == len(plain) || plain[i+1].Key != ExternalID {
				dst = append(dst, ']')
			}
		case v.Key == LeadID && leadID(v.Value):
			dst = append(appendMember(dst, "lead_id"), v.Value...)
		default:
			dst = appendText(dst, v.Key.String(), v.Value)
		}
	}
	return dst
}

func (c *CustomData) appendJSON(dst []byte) []byte {
	dst = appendMoney(dst, "value", c.Value)
	dst = appendText(dst, "currency", c.Currency)
	dst = appendText(dst, "content_name", c.ContentName)
	dst = appendText(dst, "content_category", c.ContentCategory)
	for i, id := range c.ContentIDs {
		if i == 0 {
			dst = append(appendMember(dst, "content_ids"), '[')
		} else {
			dst = append(dst, ',')
		}
		if dst = appendString(dst, id); i+1 == len(c.ContentIDs) {
			dst = append(dst, ']')
		}
	}
	dst = appendText(dst, "content_type", c.ContentType)
	for i := range c.Contents {
		if i == 0 {
			dst = append(appendMember(dst, "contents"), '[')
		} else {
			dst = append(dst, ',')
		}
		if dst = c.Contents[i].appendJSON(dst); i+1 == len(c.Contents) {
			dst = append(dst, ']')
		}
	}
	dst = appendText(dst, "order_id", c.OrderID)
	dst = appendText(dst, "item_number", c.ItemNumber)
	dst = appendInt(dst, "num_items", c.NumItems)
	dst = appendMoney(dst, "predicted_ltv", c.PredictedLTV)
	dst = appendMoney(dst, "net_revenue", c.NetRevenue)
	dst = appendText(dst, "search_string", c.SearchString)
	dst = appendText(dst, "status", c.Status)
	dst = appendText(dst, "delivery_category", c.DeliveryCategory)
	dst = appendText(dst, "event_source", c.EventSource)
	dst = appendText(dst, "lead_event_source", c.LeadEventSource)
	dst = appendText(dst, "customer_segmentation", c.Segmentation)
	for i := range c.Properties {
		p := &c.Properties[i]
		dst = appendString(appendComma(dst), p.Name)
		dst = append(dst, ':')
		if p.Kind != Text && p.literal() {
			dst = append(dst, p.Value...)
		} else {
			dst = appendString(dst, p.Value)
		}
	}
	return dst
}

func (c *Content) appendJSON(dst []byte) []byte {
	dst = appendText(append(dst, '{'), "id", c.ID)
	dst = appendInt(dst, "quantity", c.Quantity)
	dst = appendMoney(dst, "item_price", c.ItemPrice)
	dst = appendText(dst, "title", c.Title)
	dst = appendText(dst, "description", c.Description)
	dst = appendText(dst, "brand", c.Brand)
	dst = appendText(dst, "category", c.Category)
	return append(appendText(dst, "delivery_category", c.DeliveryCategory), '}')
}

// literal reports whether the value of a number or a boolean can stand in JSON without quotes.
func (p *Property) literal() bool {
	if p.Kind == Boolean {
		return p.Value == "true" || p.Value == "false"
	}
	return p.Kind == Number && jsonNumber(p.Value)
}

// jsonNumber reports whether s is a JSON number without an exponent, as decimal digits are.
func jsonNumber(s string) bool {
	if s != "" && s[0] == '-' {
		s = s[1:]
	}
	whole := digits(s)
	if whole == 0 || whole > 1 && s[0] == '0' {
		return false
	}
	if s = s[whole:]; s == "" {
		return true
	}
	return s[0] == '.' && len(s) > 1 && digits(s[1:]) == len(s)-1
}

// digits is the number of decimal digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// appendComma separates a member from one before it.
func appendComma(dst []byte) []byte {
	if len(dst) > 0 && dst[len(dst)-1] != '{' {
		return append(dst, ',')
	}
	return dst
}

// appendMember appends a name of Meta's, which needs no escaping, and its colon.
func appendMember(dst []byte, name string) []byte {
	dst = append(appendComma(dst), '"')
	return append(append(dst, name...), '"', ':')
}

func appendText(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return appendString(appendMember(dst, name), value)
}

func appendInt(dst []byte, name string, value int64) []byte {
	if value == 0 {
		return dst
	}
	return strconv.AppendInt(appendMember(dst, name), value, 10)
}

func appendMoney(dst []byte, name string, value Money) []byte {
	if !value.Present() {
		return dst
	}
	return value.append(appendMember(dst, name))
}

// appendObject appends a JSON object that came from outside; anything else is left out, so that one event can never
// break the request it travels in.
func appendObject(dst []byte, name string, raw []byte) []byte {
	if !jsonObject(raw) {
		return dst
	}
	var b bytes.Buffer
	if err := json.Compact(&b, bytes.ToValidUTF8(raw, []byte("\ufffd"))); err != nil {
		return dst
	}
	return append(appendMember(dst, name), b.Bytes()...)
}

// jsonObject reports whether raw is one JSON object.
func jsonObject(raw []byte) bool {
	t := bytes.TrimLeft(raw, " \t\r\n")
	return len(t) > 0 && t[0] == '{' && json.Valid(t)
}

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string the way encoding/json does without HTML escaping: what must be escaped is,
// bytes that are not UTF-8 become U+FFFD, and so are the two line separators that break JavaScript.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			switch {
			case r == utf8.RuneError && n == 1:
				dst = append(append(dst, s[start:i]...), `\ufffd`...)
				start = i + n
			case r == '\u2028' || r == '\u2029':
				dst = append(append(dst, s[start:i]...), `\u202`...)
				dst = append(dst, hexDigits[r&0xf])
				start = i + n
			}
			i += n
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}
