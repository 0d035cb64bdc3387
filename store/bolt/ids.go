package bolt

import (
	"bytes"
	"encoding/binary"
)

// known is what ids says of an event that is in the outbox.
type known struct {
	seq, fingerprint uint64
}

// idTail is the length of what follows an event_id in a key: a zero, the dataset, the name.
const idTail = 1 + 2 + 4

func appendIDKey(dst []byte, eventID string, dataset uint16, name uint32) []byte {
	dst = append(append(dst, eventID...), 0)
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(dst, dataset), name)
}

func appendKnown(dst []byte, k known) []byte {
	dst = append(dst, 0, 0, 0, 0)
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(dst, k.seq), k.fingerprint)
}

const knownSize = sumSize + 16

func decodeKnown(b []byte) (known, bool) {
	if len(b) != 16 {
		return known{}, false
	}
	return known{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}, true
}

// known looks an event up by its key; false when it is not in the outbox.
func (t *txn) known(key []byte) (known, bool, error) {
	for _, b := range [2]bucket{idsNewBucket, idsBucket} {
		body, err := t.get(b, key)
		if err != nil {
			return known{}, false, err
		}
		if body == nil {
			continue
		}
		k, ok := decodeKnown(body)
		if !ok {
			return known{}, false, damaged(b, key)
		}
		return k, true, nil
	}
	return known{}, false, nil
}

// seqsOf returns the rows with this event_id in every dataset and under every name, replaced ones too, in no order.
func (t *txn) seqsOf(eventID string) ([]uint64, error) {
	prefix := append([]byte(eventID), 0)
	var seqs []uint64
	for _, b := range [2]bucket{idsNewBucket, idsBucket} {
		c := t.bucket(b).Cursor()
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
			if n := len(k) - len(eventID) - idTail; n != 0 && n != 8 {
				continue // an event_id that goes on with a zero byte
			}
			body, ok := unseal(k, v)
			found, whole := decodeKnown(body)
			if !ok || !whole {
				return nil, damaged(b, k)
			}
			if len(k) == len(eventID)+idTail || found.replaced(k) {
				seqs = append(seqs, found.seq)
			}
		}
	}
	return seqs, nil
}
