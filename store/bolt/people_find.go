package bolt

import (
	"context"
	"fmt"
)

// FindPeople counts the people that records of other files refer to, of whose identifiers match is true, and changes nothing. See
// ForgetPeople.
func (d *DB) FindPeople(ctx context.Context, match func(identifiers []byte) bool) (found uint64, err error) {
	only := func(identifiers []byte) bool {
		if match(identifiers) {
			found++
		}
		return false
	}
	for start := []byte{}; start != nil; {
		if _, start, err = d.peopleToForget(ctx, start, only); err != nil {
			return found, fmt.Errorf("look for people: %w", err)
		}
	}
	return found, nil
}
