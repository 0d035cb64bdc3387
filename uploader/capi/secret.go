package capi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
)

// Secret is an app secret: the key of the proof that some apps ask for with every call. It never leaves this machine, and
// every way of printing or encoding it shows nothing of it. What [Token] says about fields and keys holds here too.
type Secret string

// String names the secret without telling it.
func (s Secret) String() string {
	if s == "" {
		return "no app secret"
	}
	return "an app secret (hidden)"
}

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// Format writes String whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText writes String.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON writes String as a JSON string.
func (s Secret) MarshalJSON() ([]byte, error) { return appendString(nil, s.String()), nil }

// LogValue is String, for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// prove returns the appsecret_proof of a token: it shows that whoever sends the token also has the app's secret
// (https://developers.facebook.com/docs/graph-api/guides/secure-requests).
func (s Secret) prove(t Token) string {
	mac := hmac.New(sha256.New, []byte(s))
	mac.Write([]byte(t.Reveal()))
	return hex.EncodeToString(mac.Sum(nil))
}

// withProof returns a copy of a body with the proof as its last member. data comes first and stays byte for byte as it
// is: what a repeated request is recognised by.
func withProof(body []byte, proof string) []byte {
	end := len(body) - 1 // the closing brace
	out := make([]byte, 0, len(body)+len(proof)+24)
	out = append(out, body[:end]...)
	if end > 1 {
		out = append(out, ',')
	}
	out = append(out, `"appsecret_proof":"`...)
	out = append(out, proof...)
	return append(out, '"', '}')
}
