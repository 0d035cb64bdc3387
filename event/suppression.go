package event

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sync"
)

// Suppression tells people whose data was erased, and single events that were, so that no later record brings them back.
// It holds no identifier and no hash of one that could be looked up: only sums under a key that belongs to one home. It may
// be used from several goroutines.
type Suppression struct {
	key  [32]byte
	sums map[Hash]struct{}
	macs sync.Pool // of hash.Hash, ready under the key
}

// What is summed besides the identifiers; their keys are one byte. The numbers are in sums that are kept: never renumber them.
const (
	sumEventID uint16 = 0x100
	sumMark    uint16 = 0x101
	sumPerson  uint16 = 0x102
)

// NewSuppression returns the suppression of these sums, which [Suppression.Sum] made under the same key.
func NewSuppression(key [32]byte, sums []Hash) *Suppression {
	s := &Suppression{key: key, sums: make(map[Hash]struct{}, len(sums))}
	s.macs.New = func() any { return hmac.New(sha256.New, s.key[:]) }
	for _, sum := range sums {
		s.sums[sum] = struct{}{}
	}
	return s
}

// Identifies reports whether one identifier is enough to tell a person by. A name, a town or a browser is not.
func (k Key) Identifies() bool {
	switch k {
	case Email, Phone, ExternalID, LeadID, MADID, FBLoginID, SubscriptionID, PageScopedID, IGAccountID:
		return true
	}
	return false
}

// Sum is HMAC-SHA-256 of a hashed identifier.
func (s *Suppression) Sum(v HashedValue) Hash { return s.sum(uint16(v.Key), v.Hash[:]) }

// SumPlain is HMAC-SHA-256 of an identifier that is sent as it is. That of a plain value differs from that of its hash.
func (s *Suppression) SumPlain(v PlainValue) Hash {
	return s.sum(uint16(v.Key), append([]byte{0}, v.Value...))
}

// SumEventID is HMAC-SHA-256 of an event_id.
func (s *Suppression) SumEventID(id string) Hash { return s.sum(sumEventID, []byte(id)) }

// SumPersonKey is HMAC-SHA-256 of the key under which a person is kept to whom records of other files refer.
func (s *Suppression) SumPersonKey(key Hash) Hash { return s.sum(sumPerson, key[:]) }

// Mark is a sum that tells the key and nobody: who kept it beside other sums can say whether a key is the one of these.
func (s *Suppression) Mark() Hash { return s.sum(sumMark, nil) }

func (s *Suppression) sum(what uint16, value []byte) (sum Hash) {
	m := s.macs.Get().(hash.Hash)
	m.Reset()
	m.Write(binary.BigEndian.AppendUint16(nil, what))
	m.Write(value)
	m.Sum(sum[:0])
	s.macs.Put(m)
	return sum
}

// Empty reports whether there is nobody and nothing. A nil Suppression is empty.
func (s *Suppression) Empty() bool { return s == nil || len(s.sums) == 0 }

// Holds reports whether a sum is among those that were given.
func (s *Suppression) Holds(sum Hash) bool {
	if s == nil {
		return false
	}
	_, ok := s.sums[sum]
	return ok
}

// HasEventID reports whether the event_id is of an event that was erased by it.
func (s *Suppression) HasEventID(id string) bool { return !s.Empty() && s.Holds(s.SumEventID(id)) }

// HasPersonKey reports whether the key is that of a person who was erased.
func (s *Suppression) HasPersonKey(key Hash) bool { return !s.Empty() && s.Holds(s.SumPersonKey(key)) }

// Has reports whether the identifiers hold one of a person who was erased. A nil Suppression, and an empty one, has nobody,
// at no cost.
func (s *Suppression) Has(u *UserData) bool {
	if s.Empty() {
		return false
	}
	for _, v := range u.hashed {
		if v.Key.Identifies() && s.Holds(s.Sum(v)) {
			return true
		}
	}
	for _, v := range u.plain {
		if v.Key.Identifies() && s.Holds(s.SumPlain(v)) {
			return true
		}
	}
	return false
}
