package bolt

import (
	"encoding/binary"
	"fmt"

	"capibara/event"
)

// dictionary remembers the numbers of names for one transaction.
type dictionary struct {
	numbers [4]map[string]uint32
	texts   [4]map[uint32]string
}

// The kinds of names that have numbers. They are stored: never renumber them.
const (
	datasetName byte = 1
	eventName   byte = 2
	reasonName  byte = 3
)

// number returns the number of a name, 0 when it has none and add is false. Numbers start at 1. Reasons are short and
// few; the empty reason is 0.
func (t *txn) number(kind byte, text string, add bool) (uint32, error) {
	if text == "" && kind == reasonName {
		return 0, nil
	}
	if n, ok := t.dict.numbers[kind][text]; ok {
		return n, nil
	}
	key := append([]byte{kind, 0}, text...)
	body, err := t.get(namesBucket, key)
	if err != nil {
		return 0, err
	}
	var n uint32
	if body != nil {
		d := decoder{b: body}
		n = uint32(d.uint())
		if !d.done() {
			return 0, damaged(namesBucket, key)
		}
	} else if !add {
		return 0, nil
	} else if n, err = t.addName(kind, key); err != nil {
		return 0, err
	}
	t.dict.remember(kind, text, n)
	return n, nil
}

func (t *txn) addName(kind byte, key []byte) (uint32, error) {
	c := t.bucket(namesBucket).Cursor()
	var n uint32 = 1
	k, _ := c.Seek([]byte{kind + 1})
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	if len(k) == 6 && k[0] == kind && k[1] == 1 {
		n = binary.BigEndian.Uint32(k[2:]) + 1
	}
	if kind == datasetName && n > 1<<16-1 {
		return 0, fmt.Errorf("there are more than %d datasets; is the column that names the dataset the right one?", 1<<16-1)
	}
	if err := t.put(namesBucket, key, appendUint(unsealed(5), uint64(n))); err != nil {
		return 0, err
	}
	return n, t.put(namesBucket, textKey(kind, n), append(unsealed(len(key)), key[2:]...))
}

func textKey(kind byte, n uint32) []byte { return binary.BigEndian.AppendUint32([]byte{kind, 1}, n) }

// text returns the name with a number; the number 0 is the empty reason.
func (t *txn) text(kind byte, n uint32) (string, error) {
	if n == 0 && kind == reasonName {
		return "", nil
	}
	if s, ok := t.dict.texts[kind][n]; ok {
		return s, nil
	}
	body, err := t.get(namesBucket, textKey(kind, n))
	if err != nil {
		return "", err
	}
	if body == nil {
		return "", damaged(namesBucket, textKey(kind, n))
	}
	s := string(body)
	t.dict.remember(kind, s, n)
	return s, nil
}

func (t *txn) reasons(numbers []uint32) ([]event.Reason, error) {
	var rs []event.Reason
	for _, n := range numbers {
		r, err := t.text(reasonName, n)
		if err != nil {
			return nil, err
		}
		rs = append(rs, event.Reason(r))
	}
	return rs, nil
}

func (d *dictionary) remember(kind byte, text string, n uint32) {
	if d.numbers[kind] == nil {
		d.numbers[kind], d.texts[kind] = map[string]uint32{}, map[uint32]string{}
	}
	d.numbers[kind][text], d.texts[kind][n] = n, text
}

// dataset returns the number of a dataset that is known, or false.
func (t *txn) dataset(name string) (uint16, bool, error) {
	n, err := t.number(datasetName, name, false)
	return uint16(n), n != 0, err
}

// addDataset returns the number of a dataset, which it gives it when it has none.
func (t *txn) addDataset(name string) (uint16, error) {
	if name == "" {
		return 0, fmt.Errorf("a dataset needs a name")
	}
	n, err := t.number(datasetName, name, true)
	return uint16(n), err
}

func (t *txn) datasetText(n uint16) (string, error) { return t.text(datasetName, uint32(n)) }
