package event

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"unicode"
)

// KeyPart is one of the columns that identify a record: the till's number, the receipt's, the date.
type KeyPart struct {
	Column string
	Value  string
}

// The schemes by which an event_id is derived. They are frozen: another scheme makes a second conversion of every
// record that is exported again.
const (
	schemeRecordKey byte = 1
	schemeContent   byte = 2
)

// DeriveID derives an event_id from the columns that identify a record: "cb-" and 32 hex digits of a SHA-256 over the
// scheme, Meta's dataset id, the event name and the columns' values in their order, each with its length before it.
// The names of the columns take no part, because a CRM that renames a header must not double its conversions; nor do
// the time, the amount and the person, because a record that is corrected stays the same conversion. Values count in
// their [CanonicalKey] form.
func DeriveID(dataset, eventName string, key []KeyPart) string {
	var room [512]byte
	b := append(room[:0], schemeRecordKey)
	b = appendSized(appendSized(b, dataset), eventName)
	b = binary.BigEndian.AppendUint32(b, uint32(len(key)))
	for i := range key {
		at := len(b)
		b = appendCanonical(append(b, 0, 0, 0, 0), key[i].Value)
		binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	}
	return derivedID(sha256.Sum256(b))
}

// DeriveContentID derives an event_id from everything that is sent, for a source whose records have no id. Two records
// that are equal in every column that is sent are then one conversion, and a correction makes a second one. The hashed
// identifiers are a part of that: a later version that normalises one better makes a second conversion too, which the
// frozen scheme cannot prevent. The id that e may have takes no part.
func DeriveContentID(dataset, eventName string, e *Event) string {
	var room [1024]byte
	b := append(room[:0], schemeContent)
	b = appendSized(appendSized(b, dataset), eventName)
	sent := *e
	sent.ID = ""
	return derivedID(sha256.Sum256(sent.AppendJSON(b)))
}

func derivedID(sum [32]byte) string {
	var id [3 + 32]byte
	copy(id[:], "cb-")
	hex.Encode(id[3:], sum[:16])
	return string(id[:])
}

func appendSized(dst []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(s))), s...)
}

// CanonicalKey is the form in which a value identifies a record: without the white space around it, and a Salesforce id
// of 15 characters as the 18-character one, because reports export the first and the API the second. It looks like
// such an id when it is 15 ASCII letters and digits and begins with the key prefix of an object: 0 with two more
// characters that are not both 0 (001 account, 003 contact, 006 opportunity, 00Q lead, 01t product), the numeric prefixes 500, 501, 701,
// 800, 801 and 802 (case, solution, campaign, contract, order, order product) when there is a letter in it, or a lower
// case a with two more characters (a custom object) when there is a digit in it.
//
// Source: https://help.salesforce.com/s/articleView?id=000385008 (15- and 18-character record ids)
func CanonicalKey(value string) string {
	t := trimKey(value)
	if !salesforceID(t) {
		return t
	}
	return string(appendCanonical(nil, t))
}

func appendCanonical(dst []byte, value string) []byte {
	t := trimKey(value)
	dst = append(dst, t...)
	if !salesforceID(t) {
		return dst
	}
	for chunk := 0; chunk < 15; chunk += 5 {
		n := 0
		for i := range 5 {
			if c := t[chunk+i]; c >= 'A' && c <= 'Z' {
				n |= 1 << i
			}
		}
		dst = append(dst, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[n])
	}
	return dst
}

func trimKey(s string) string {
	return strings.TrimFunc(s, func(r rune) bool {
		return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b'
	})
}

func salesforceID(s string) bool {
	if len(s) != 15 {
		return false
	}
	letters := 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letters++
		case c < '0' || c > '9':
			return false
		}
	}
	switch s[:3] {
	case "000":
		return false
	case "500", "501", "701", "800", "801", "802":
		return letters > 0
	}
	return s[0] == '0' || s[0] == 'a' && letters < len(s)
}

// Fingerprint tells whether an event that comes again is the same: the first 8 bytes of a SHA-256 over event_time,
// value, currency, order_id and item_number. Amounts count by what they are worth: 20 and 20.00 are one.
func (e *Event) Fingerprint() uint64 {
	var room [256]byte
	b := binary.BigEndian.AppendUint64(room[:0], uint64(e.Time))
	at := len(b)
	b = e.Custom.Value.append(append(b, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4))
	b = appendSized(b, e.Custom.Currency)
	b = appendSized(b, e.Custom.OrderID)
	b = appendSized(b, e.Custom.ItemNumber)
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:8])
}
