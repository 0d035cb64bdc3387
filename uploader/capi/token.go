package capi

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// Token is an access token. Every way of printing or encoding it shows at most its last four characters. Two ways
// are out of its reach, so keep it out of them: package fmt calls no method on an unexported struct field, and
// encoding/json none on the key of a map.
type Token string

// String names the token without telling it.
func (t Token) String() string {
	switch {
	case t == "":
		return "no token"
	case len(t) < 16:
		return "a token (hidden)"
	}
	return "token ending in " + string(t[len(t)-4:])
}

// GoString is String, for %#v.
func (t Token) GoString() string { return t.String() }

// Format writes String whatever the verb, so that %x and %d do not tell it either.
func (t Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, t.String()) }

// MarshalText writes String.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON writes String as a JSON string.
func (t Token) MarshalJSON() ([]byte, error) { return appendString(nil, t.String()), nil }

// LogValue is String, for log/slog.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// Reveal returns the token itself. Only a request may hold it.
func (t Token) Reveal() string { return string(t) }

// check refuses what cannot be a token before it breaks a header. The text tells nothing of the token.
func (t Token) check() error {
	if t == "" {
		return errors.New("there is no access token for this dataset")
	}
	for i := range len(t) {
		if t[i] <= ' ' || t[i] > '~' {
			return errors.New("the access token holds a space, a line break or another character no token has; copy it again")
		}
	}
	return nil
}
