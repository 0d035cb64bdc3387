package event

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// Suppression tells people whose data was erased, so that no later record brings them back. It holds no identifier and no
// hash of one that could be looked up: only sums under a key that belongs to one home. It may be used from several
// goroutines.
type Suppression struct {
	key  [32]byte
	sums map[Hash]struct{}
}

// NewSuppression returns the suppression of these sums, which [Suppression.Sum] made under the same key.
func NewSuppression(key [32]byte, sums []Hash) *Suppression {
	s := &Suppression{key: key, sums: make(map[Hash]struct{}, len(sums))}
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
func (s *Suppression) Sum(v HashedValue) Hash { return s.sum(v.Key, v.Hash[:]) }

// SumPlain is HMAC-SHA-256 of an identifier that is sent as it is. That of a plain value differs from that of its hash.
func (s *Suppression) SumPlain(v PlainValue) Hash { return s.sum(v.Key, append([]byte{0}, v.Value...)) }

func (s *Suppression) sum(k Key, value []byte) (sum Hash) {
	m := hmac.New(sha256.New, s.key[:])
	m.Write(binary.BigEndian.AppendUint16(nil, uint16(k)))
	m.Write(value)
	m.Sum(sum[:0])
	return sum
}

// Has reports whether the identifiers hold one of a person who was erased. A nil Suppression, and an empty one, has nobody,
// at no cost.
func (s *Suppression) Has(u *UserData) bool {
	if s == nil || len(s.sums) == 0 {
		return false
	}
	for _, v := range u.hashed {
		if v.Key.Identifies() {
			if _, ok := s.sums[s.Sum(v)]; ok {
				return true
			}
		}
	}
	for _, v := range u.plain {
		if v.Key.Identifies() {
			if _, ok := s.sums[s.SumPlain(v)]; ok {
				return true
			}
		}
	}
	return false
}
