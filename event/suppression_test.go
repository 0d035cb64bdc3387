package event_test

import (
	"crypto/sha256"
	"testing"

	"capibara/event"
)

func TestSuppression(t *testing.T) {
	key := [32]byte{1, 2, 3}
	empty := event.NewSuppression(key, nil)
	anna, bert := event.Hash(sha256.Sum256([]byte("anna@example.com"))), event.Hash(sha256.Sum256([]byte("bert@example.com")))
	s := event.NewSuppression(key, []event.Hash{
		empty.Sum(event.HashedValue{Key: event.Email, Hash: anna}),
		empty.SumPlain(event.PlainValue{Key: event.LeadID, Value: "123456789012345"}),
		empty.Sum(event.HashedValue{Key: event.FirstName, Hash: anna}),
	})
	for _, c := range []struct {
		name string
		fill func(*event.UserData)
		want bool
	}{
		{"the person", func(u *event.UserData) { u.AddHash(event.Email, anna) }, true},
		{"the person among others", func(u *event.UserData) { u.AddHash(event.Email, bert); u.AddHash(event.Email, anna) }, true},
		{"somebody else", func(u *event.UserData) { u.AddHash(event.Email, bert) }, false},
		{"the same hash as another identifier", func(u *event.UserData) { u.AddHash(event.ExternalID, anna) }, false},
		{"a first name tells nobody", func(u *event.UserData) { u.AddHash(event.FirstName, anna) }, false},
		{"a plain identifier", func(u *event.UserData) { u.SetPlain(event.LeadID, "123456789012345") }, true},
		{"another plain one", func(u *event.UserData) { u.SetPlain(event.LeadID, "999999999012345") }, false},
		{"nobody", func(*event.UserData) {}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var u event.UserData
			c.fill(&u)
			if got := s.Has(&u); got != c.want {
				t.Errorf("Has = %v, want %v", got, c.want)
			}
			if empty.Has(&u) || (*event.Suppression)(nil).Has(&u) || event.NewSuppression([32]byte{9}, []event.Hash{s.Sum(event.HashedValue{Key: event.Email, Hash: anna})}).Has(&u) {
				t.Error("somebody is suppressed by nothing, or under another key")
			}
		})
	}
}

func TestSuppressionOfEvents(t *testing.T) {
	empty := event.NewSuppression([32]byte{1}, nil)
	s := event.NewSuppression([32]byte{1}, []event.Hash{empty.SumEventID("order-17"), empty.Mark()})
	other := event.NewSuppression([32]byte{2}, []event.Hash{empty.SumEventID("order-17")})
	if !s.HasEventID("order-17") || s.HasEventID("order-1") || empty.HasEventID("order-17") || other.HasEventID("order-17") ||
		(*event.Suppression)(nil).HasEventID("order-17") {
		t.Error("another event is suppressed than the one")
	}
	if !s.Holds(s.Mark()) || other.Holds(other.Mark()) || s.Mark() == other.Mark() || empty.SumEventID("") == empty.Mark() {
		t.Error("the mark does not tell the key")
	}
	key := event.Hash{3}
	if p := event.NewSuppression([32]byte{1}, []event.Hash{empty.SumPersonKey(key)}); !p.HasPersonKey(key) || p.HasPersonKey(event.Hash{4}) || s.HasPersonKey(key) {
		t.Error("another key is suppressed than the one")
	}
	if s.Empty() || !empty.Empty() {
		t.Error("nobody is somebody")
	}
}
