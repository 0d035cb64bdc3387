package capi

import (
	"encoding/json"
)

// Limits of one request.
const (
	// MaxEvents is Meta's: at most 1,000 events in data
	// (https://developers.facebook.com/docs/marketing-api/conversions-api/using-the-api).
	MaxEvents = 1000
	// MaxBodyBytes is ours, a default for whoever fills a request: Meta documents no limit of bytes. 1,000 events with
	// every identifier stay under 2 MiB. Send does not enforce it, since one event larger than that cannot be split.
	MaxBodyBytes = 4 << 20
	// MaxPartnerAgent is Meta's: partner_agent has fewer than 23 characters.
	MaxPartnerAgent = 22
)

// AppendBody appends a request body to dst: {"data":[e1,e2,…],"partner_agent":"…"}, the last member only when
// partnerAgent is not empty. The events are JSON objects and are copied as they are, byte for byte.
func AppendBody(dst []byte, events [][]byte, partnerAgent string) []byte {
	dst = append(dst, `{"data":[`...)
	for i, event := range events {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, event...)
	}
	dst = append(dst, ']')
	if partnerAgent != "" {
		dst = append(dst, `,"partner_agent":`...)
		dst = appendString(dst, partnerAgent)
	}
	return append(dst, '}')
}

// AppendTestBody appends the body of a test: as AppendBody does, with test_event_code as its last member. data comes first
// and is the same. A test code is no sandbox: Meta shows such events under Test events, and its documentation says that
// they are not dropped and are used for measurement
// (https://developers.facebook.com/docs/marketing-api/conversions-api/using-the-api#testEvents).
func AppendTestBody(dst []byte, events [][]byte, partnerAgent, code string) []byte {
	dst = AppendBody(dst, events, partnerAgent)
	dst = append(dst[:len(dst)-1], `,"test_event_code":`...)
	return append(appendString(dst, code), '}')
}

func appendString(dst []byte, text string) []byte {
	encoded, err := json.Marshal(text)
	if err != nil { // json.Marshal cannot fail on a string
		return append(dst, `""`...)
	}
	return append(dst, encoded...)
}
