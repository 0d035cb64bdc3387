package importer

import (
	"hash/maphash"

	"capibara/event"
	"capibara/store"
)

const (
	startRecords = 1000 // the records that a file is judged by
	startLeast   = 20   // fewer say nothing
	startPercent = 10   // of them may be rejected
)

// idle reports whether a record with that reason is no record to whoever made the file.
func idle(r event.Reason) bool { return r == event.ReasonBlankLine || r == event.ReasonFooterLine }

// judgeStart refuses the file when so many of its first records are rejected that the file or its mapping must be wrong.
// A file that began as rejects is expected to have some left.
func (c *committer) judgeStart() error {
	if c.bound != nil && fromRejects(c.bound.headers) {
		return nil
	}
	var read, rejected uint64
	frequent := newReport(store.File{})
	for i := range c.chunk.Records {
		r := &c.chunk.Records[i]
		if idle(r.Reason) {
			continue
		}
		unknown := c.watched != nil && r.Reason == event.ReasonPersonNotFound // a preview knows nobody of other sources
		if read++; r.Fate == store.FateRejected && !unknown {
			rejected++
			frequent.reason(store.FateRejected, r)
		}
		if read == startRecords {
			break
		}
	}
	if read < startLeast || rejected*100 <= read*startPercent {
		return nil
	}
	most := frequent.result().Reasons[0]
	where := ""
	if most.Column != "" {
		where = " in the column \"" + most.Column + "\""
	}
	return refuse(most.Reason.Fix(), "%d of the first %d records cannot be used, most of them%s from line %d on for this reason: %s",
		rejected, read, where, most.FirstLine, most.Reason.Sentence())
}

// seenIDs remembers which events a file has brought, to tell one that comes twice in it from one that an earlier file
// brought. It is bounded: a repetition of an event beyond the first quarter of a million is not told.
type seenIDs struct {
	seed  maphash.Seed
	known map[uint64]struct{}
}

const maxSeen = 1 << 18

// again remembers a row that is fresh, and reports whether one that is not came earlier in the same file.
func (s *seenIDs) again(r *store.NewRow, fresh bool) bool {
	if s.known == nil {
		s.seed, s.known = maphash.MakeSeed(), map[uint64]struct{}{}
	}
	if fresh && len(s.known) >= maxSeen {
		return false
	}
	sum := eventSum(s.seed, r.Dataset, r.EventID, r.EventName)
	if _, there := s.known[sum]; there || !fresh {
		return there
	}
	s.known[sum] = struct{}{}
	return false
}

// eventSum tells one event from another.
func eventSum(seed maphash.Seed, dataset, id, name string) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	h.WriteString(dataset)
	h.WriteByte(0)
	h.WriteString(id)
	h.WriteByte(0)
	h.WriteString(name)
	return h.Sum64()
}
