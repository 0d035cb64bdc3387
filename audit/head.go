package audit

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"capibara/event"
)

// FormatHead writes how far an audit log has come, so that it can be kept elsewhere: the number of an entry, a colon, and
// the hash of that entry in hex.
func FormatHead(n uint64, hash event.Hash) string { return fmt.Sprintf("%d:%x", n, hash[:]) }

// ParseHead reads what FormatHead wrote.
func ParseHead(text string) (n uint64, hash event.Hash, err error) {
	number, digits, found := strings.Cut(strings.TrimSpace(text), ":")
	if n, err = strconv.ParseUint(number, 10, 64); err != nil || !found || n == 0 {
		return 0, hash, fmt.Errorf("%q is no head: it is the number of an entry, a colon and 64 hexadecimal digits", text)
	}
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) != len(hash) {
		return 0, hash, fmt.Errorf("%q is no head: %d digits follow the colon, and 64 hexadecimal ones should", text, len(digits))
	}
	copy(hash[:], b)
	return n, hash, nil
}
