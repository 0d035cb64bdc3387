package bolt

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"capibara/event"
	"capibara/store"
)

// personOverhead bounds what encoding a person adds to the identifiers.
const personOverhead = sumSize + 2*10

// appendPerson encodes a person behind room for the checksum.
func (in *importing) appendPerson(dst []byte, p *store.NewPerson) []byte {
	dst = append(dst, 0, 0, 0, 0)
	dst = appendTime(appendUint(dst, in.file.Number), in.now)
	return append(dst, p.Identifiers...)
}

// decodePerson reads what appendPerson wrote behind the checksum. The identifiers are not copied.
func decodePerson(b []byte) (file uint64, identifiers []byte, ok bool) {
	d := decoder{b: b}
	file = d.uint()
	d.time()
	return file, d.b, !d.bad && len(d.b) > 0
}

// person returns the identifiers of a person, valid inside the transaction only; nil when nobody has the key. One that is
// damaged is nobody: Check finds it, and the person's next record mends it.
func (t *txn) person(key []byte) []byte {
	b := t.bucket(peopleBucket)
	if b == nil {
		return nil
	}
	body, whole := unseal(key, b.Get(key))
	if !whole {
		return nil
	}
	_, identifiers, ok := decodePerson(body)
	if !ok {
		return nil
	}
	return identifiers
}

// addPeople stores what is new about people, in order of their keys: bbolt is several times faster that way. Records of
// one person keep their order, so that the last one counts.
func (in *importing) addPeople() error {
	var order []int
	size := 0
	for i := range in.chunk.Records {
		if p := in.chunk.Records[i].Person; p != nil {
			order = append(order, i)
			size += personOverhead + len(p.Identifiers)
		}
	}
	if len(order) == 0 {
		return nil
	}
	if _, err := in.tx.CreateBucketIfNotExists([]byte(peopleBucket)); err != nil {
		return fmt.Errorf("create bucket %s: %w", peopleBucket, err)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return bytes.Compare(in.chunk.Records[a].Person.Key[:], in.chunk.Records[b].Person.Key[:])
	})
	in.people = make(map[int]store.Fate, len(order))
	values := make([]byte, 0, size)
	for _, i := range order {
		p := in.chunk.Records[i].Person
		if bytes.Equal(in.person(p.Key[:]), p.Identifiers) {
			in.people[i] = store.FateDuplicate
			continue
		}
		in.people[i] = store.FateAccepted
		at := len(values)
		values = in.appendPerson(values, p)
		if err := in.put(peopleBucket, p.Key[:], values[at:len(values):len(values)]); err != nil {
			return err
		}
	}
	return nil
}

// People returns the identifiers of the people with these keys.
func (d *DB) People(ctx context.Context, keys []event.Hash) (all [][]byte, err error) {
	err = d.read(ctx, func(t *txn) error {
		all = make([][]byte, len(keys))
		for i := range keys {
			all[i] = bytes.Clone(t.person(keys[i][:]))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look people up: %w", err)
	}
	return all, nil
}

// allPeople verifies that the identifiers of every person can be read and come from a file that is there.
func (c *checker) allPeople() error {
	if c.bucket(peopleBucket) == nil {
		return nil
	}
	files, err := c.lastFile()
	if err != nil {
		return c.damage(err)
	}
	var u event.UserData
	return c.each(peopleBucket, func(key, body []byte) error {
		file, identifiers, ok := decodePerson(body)
		if !ok || len(key) != len(event.Hash{}) || u.DecodeBinary(identifiers) != nil {
			return damaged(peopleBucket, key)
		}
		if file == 0 || file > files {
			c.problem("people: %x is from file %d, which is not there", key, file)
		}
		return nil
	})
}
