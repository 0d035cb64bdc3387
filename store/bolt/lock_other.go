//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package bolt

import (
	"errors"
	"fmt"

	"capibara/store"
)

// Lock makes sure that no process has the database at path. These systems do not let a file be replaced while it is open, so
// that nothing is kept locked: whoever opens it meanwhile makes the replacing fail. The error wraps store.ErrLocked when a
// process has it.
func Lock(path string) (release func() error, err error) {
	db, err := Open(path, Options{})
	switch {
	case errors.Is(err, store.ErrCorrupt), errors.Is(err, store.ErrSchema):
		return func() error { return nil }, nil
	case err != nil:
		return nil, fmt.Errorf("lock database %s: %w", path, err)
	}
	return func() error { return nil }, db.Close()
}
