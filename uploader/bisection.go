package uploader

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"capibara/store"
	"capibara/uploader/capi"
)

// bisection is the search for the bad events of one refused batch. Everything in it can be derived from the store, see
// [Uploader.resume]; it is kept to save the walk.
//
// Its order is depth first with the parts of one split side by side: all of them are sent before one of them is split
// again, so that a good part, which is the evidence against a bad one, shows up within the first few requests.
type bisection struct {
	root     uint64
	evidence bool // a request of it was acknowledged
	probed   bool // a probe has passed since the first event was refused by itself
	splits   int  // how often something was split while there was no evidence
	busy     bool // one of its batches is being sent
	level    []uint64
	deeper   [][]uint64        // the parts of what was refused in level, in order
	later    [][]uint64        // groups of parts, the next one last
	suspects []uint64          // batches of one that were refused without evidence; each is sent once more when there is some
	charges  map[uint64]charge // what they are refused for
	parked   bool              // its source is halted; what is left may have arrived, and waits for evidence or the end of its window
}

// next returns the batch to send now; false when there is none, or none that could lead anywhere.
func (s *bisection) next() (uint64, bool) {
	for len(s.level) == 0 {
		for _, parts := range slices.Backward(s.deeper) {
			s.later = append(s.later, parts)
		}
		s.deeper = nil
		if n := len(s.later); n > 0 {
			s.level, s.later = s.later[n-1], s.later[:n-1]
			continue
		}
		if !s.evidence || len(s.suspects) == 0 {
			return 0, false
		}
		s.level, s.suspects = s.suspects, nil
	}
	return s.level[0], true
}

// sent takes a batch off the list: it was sent, or is open no more.
func (s *bisection) sent(n uint64) {
	if len(s.level) > 0 && s.level[0] == n {
		s.level = s.level[1:]
	}
}

// split adds the parts of a refused batch, the largest first.
func (s *bisection) split(parts []store.Batch) {
	s.deeper = append(s.deeper, largestFirst(parts))
	if !s.evidence {
		s.splits++
	}
}

// blind reports whether hints are no longer listened to.
func (s *bisection) blind() bool { return !s.evidence && s.splits >= maxHinted }

func largestFirst(parts []store.Batch) []uint64 {
	slices.SortStableFunc(parts, func(a, b store.Batch) int { return cmp.Compare(b.Events, a.Events) })
	numbers := make([]uint64, len(parts))
	for i, p := range parts {
		numbers[i] = p.Number
	}
	return numbers
}

// hopeless reports whether nothing but refusals came back, and no other answer is to come. open is the number of its
// open batches.
func (s *bisection) hopeless(open int) bool {
	if s.evidence || s.busy || s.parked || len(s.suspects) == 0 {
		return false
	}
	return len(s.suspects) == open || len(s.suspects) >= maxSuspects
}

// refusedAlone reports whether b is one event that was refused by itself when it was last sent.
func refusedAlone(b store.Batch) bool {
	if b.Events != 1 || len(b.Attempts) == 0 {
		return false
	}
	end := b.Attempts[len(b.Attempts)-1].End
	return end == capi.InvalidEvent.String() || end == capi.TooLarge.String()
}

// resume finds the bisections that open batches belong to, after a restart or an interrupted pass.
func (u *Uploader) resume(ctx context.Context, open []store.Batch) (map[uint64]*bisection, error) {
	found := map[uint64]*bisection{}
	groups := map[uint64][]store.Batch{} // by parent
	roots := map[uint64]uint64{}         // parent → root
	for _, b := range open {
		if b.Parent == 0 {
			continue
		}
		root, err := u.root(ctx, b.Parent, roots)
		if err != nil {
			return nil, err
		}
		s := found[root]
		if s == nil {
			s = &bisection{root: root}
			found[root] = s
			if s.evidence, err = u.acknowledgedUnder(ctx, root); err != nil {
				return nil, err
			}
		}
		switch {
		case refusedAlone(b):
			s.suspect(b.Number, u.chargeOf(ctx, b))
		case b.State == store.BatchReady:
			groups[b.Parent] = append(groups[b.Parent], b)
		}
	}
	parents := make([]uint64, 0, len(groups))
	for p := range groups {
		parents = append(parents, p)
	}
	slices.Sort(parents) // the parts that were cut last lie deepest
	for _, p := range parents {
		s := found[roots[p]]
		s.later = append(s.later, largestFirst(groups[p]))
	}
	return found, nil
}

// root climbs from a batch to the one that was planned.
func (u *Uploader) root(ctx context.Context, n uint64, known map[uint64]uint64) (uint64, error) {
	at := n
	for {
		b, err := u.c.Store.Batch(ctx, at)
		if err != nil {
			return 0, fmt.Errorf("look up batch %d, of which batch %d is a part: %w", at, n, err)
		}
		if b.Parent == 0 || b.Parent >= at {
			known[n] = at
			return at, nil
		}
		at = b.Parent
	}
}

// acknowledgedUnder reports whether Meta acknowledged a part of a batch. That a person said so is no evidence against the
// others.
func (u *Uploader) acknowledgedUnder(ctx context.Context, n uint64) (bool, error) {
	b, err := u.c.Store.Batch(ctx, n)
	if err != nil {
		return false, fmt.Errorf("look up batch %d: %w", n, err)
	}
	if b.State == store.BatchAcknowledged && b.Resolution == nil {
		return true, nil
	}
	for _, child := range b.Children {
		if child <= n {
			continue
		}
		if yes, err := u.acknowledgedUnder(ctx, child); yes || err != nil {
			return yes, err
		}
	}
	return false, nil
}
