package bolt

import (
	"bytes"

	"capibara/store"

	"go.etcd.io/bbolt"
)

// telling rules rows out by their stored bytes: identifiers and texts stand in a row as they are, so that a row that does not
// hold the bytes of what is looked for need not be decoded. What it lets through is decoded and compared all the same.
type telling struct {
	all    [][]byte // a row holds all of these
	any    [][]byte // and one of these, unless there is none
	cursor *bbolt.Cursor
	at     uint64 // row where the cursor is; 0 for none
}

func tellingOf(f store.Filter) telling {
	var t telling
	if f.OrderID != "" {
		t.all = append(t.all, []byte(f.OrderID))
	}
	for _, key := range []string{f.RecordKey, f.Key} {
		if key != "" {
			t.all = append(t.all, keyProbe(key))
		}
	}
	for _, p := range f.Person {
		t.any = append(t.any, p.Hash[:])
	}
	for _, p := range f.PersonPlain {
		t.any = append(t.any, []byte(p.Value))
	}
	return t
}

// ruledOut reports whether the row cannot be what is looked for. One that is not there is not ruled out: the caller says of it
// what there is to say.
func (s *search) ruledOut(seq uint64) bool {
	t := &s.telling
	if t.all == nil && t.any == nil {
		return false
	}
	v := s.stored(seq)
	if v == nil {
		return false
	}
	for _, text := range t.all {
		if !bytes.Contains(v, text) {
			return true
		}
	}
	for _, text := range t.any {
		if bytes.Contains(v, text) {
			return false
		}
	}
	return t.any != nil
}

// stored is a row as it is stored, its checksum not looked at. Rows lie side by side: stepping from one to the next costs a fifth
// of looking each of them up.
func (s *search) stored(seq uint64) []byte {
	t := &s.telling
	if t.cursor == nil {
		t.cursor = s.bucket(rowsBucket).Cursor()
	}
	var k, v []byte
	if t.at == seq+1 {
		k, v = t.cursor.Prev()
	}
	if !isNumber(k, seq) {
		if k, v = t.cursor.Seek(numberKey(seq)); !isNumber(k, seq) {
			t.at = 0
			return nil
		}
	}
	t.at = seq
	return v
}

// rowBeside is the row, found beside the one that was read before.
func (s *search) rowBeside(seq uint64) (row, error) {
	if body, ok := unseal(numberKey(seq), s.stored(seq)); ok {
		if r, ok := decodeRow(body); ok {
			return r, nil
		}
	}
	return s.row(seq) // says what is wrong with it
}

func isNumber(key []byte, n uint64) bool { return bytes.Equal(key, numberKey(n)) }
