package importer

import (
	"hash/maphash"
	"slices"

	"capibara/event"
	"capibara/store"
)

// standing are the events that a file itself stands for, so that none of its records takes them back as no longer qualified.
// An export with a line for every stage that a deal went through, or for every item of an order, has lines that are not the
// event's own beside the one that is. It is bounded: it knows the last quarter of a million events, and always all that are
// committed together.
type standing struct {
	seed  maphash.Seed
	known map[uint64]struct{}
}

// spare takes out of the records what they take back while this or an earlier chunk of the file stands for it. Refunds stay:
// they are usually in one file with what they refund.
func (s *standing) spare(records []store.Record) {
	if s.known == nil {
		s.seed, s.known = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	if len(s.known) >= maxSeen {
		clear(s.known)
	}
	for i := range records {
		for j := range records[i].Rows {
			r := &records[i].Rows[j]
			s.known[eventSum(s.seed, r.Dataset, r.EventID, r.EventName)] = struct{}{}
		}
	}
	for i := range records {
		r := &records[i]
		r.Retractions = slices.DeleteFunc(r.Retractions, func(x store.Retraction) bool {
			_, stands := s.known[eventSum(s.seed, x.Dataset, x.EventID, x.EventName)]
			return stands && x.Reason == event.ReasonNoLongerQualified
		})
	}
}
