package receipt

import (
	"encoding/hex"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"time"
)

// Mark says which import a page is the receipt of. Two imports never have the same one, not even in two homes that share a
// folder of receipts, and the same import has the same one after a crash.
type Mark struct {
	File    uint64    // its number
	Started time.Time // to the millisecond
	SHA256  [32]byte  // of the file's bytes
}

// String is the mark as it stands in the page.
func (m Mark) String() string {
	return fmt.Sprintf("%d %d %s", m.File, m.Started.UnixMilli(), hex.EncodeToString(m.SHA256[:8]))
}

// markForm is how a page says its mark, within its first bytes.
var markForm = regexp.MustCompile(`<meta name="capibara-receipt" content="([0-9]{1,20}) ([0-9]{1,15}) ([0-9a-f]{16})">`)

// markWithin is how many bytes of a page are looked at for its mark.
const markWithin = 1024

// ReadMark reads the mark of a page: what Mark.String was, and when the import began. ok is false when it is no receipt.
func ReadMark(page io.Reader) (mark string, started time.Time, ok bool) {
	head := make([]byte, markWithin)
	n, _ := io.ReadFull(page, head) // a short page is none
	found := markForm.FindSubmatch(head[:n])
	if found == nil {
		return "", time.Time{}, false
	}
	ms, err := strconv.ParseInt(string(found[2]), 10, 64)
	if err != nil {
		return "", time.Time{}, false
	}
	return fmt.Sprintf("%s %s %s", found[1], found[2], found[3]), time.UnixMilli(ms), true
}
