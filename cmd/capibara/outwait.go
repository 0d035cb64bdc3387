package main

import (
	"context"
	"fmt"
	"time"
)

// lookAgain is how often a command that waits for the database tries it.
const lookAgain = 500 * time.Millisecond

// outwait tries something until nobody else is at it any more, for at most so long. What is tried does nothing while
// somebody is: it ends with the exit code for that before anything is done or printed.
func (a *app) outwait(ctx context.Context, most time.Duration, try func() error) error {
	until := time.Now().Add(most)
	for {
		err := try()
		left := time.Until(until)
		if exitCode(err) != exitLocked || left <= 0 {
			return err
		}
		a.note("%v; waiting for it, at most %s", err, most)
		select {
		case <-time.After(min(lookAgain, left)):
		case <-ctx.Done():
			return fmt.Errorf("no longer waiting: %w", context.Cause(ctx))
		}
	}
}
