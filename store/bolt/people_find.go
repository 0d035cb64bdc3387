package bolt

import (
	"context"
	"fmt"

	"capibara/event"
	"capibara/store"
)

// FindPeople returns the keys of the people that records of other files refer to, of whose identifiers match is true, and changes
// nothing. See ForgetPeople.
func (d *DB) FindPeople(ctx context.Context, match func(identifiers []byte) bool) (found []event.Hash, err error) {
	for start := []byte{}; start != nil; {
		var keys [][]byte
		if keys, start, err = d.peopleToForget(ctx, start, match); err != nil {
			return nil, fmt.Errorf("look for people: %w", err)
		}
		for _, k := range keys {
			if len(k) != len(event.Hash{}) {
				return nil, fmt.Errorf("%w: the key of a person has %d bytes", store.ErrCorrupt, len(k))
			}
			found = append(found, event.Hash(k))
		}
	}
	return found, nil
}
