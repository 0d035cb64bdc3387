package main

import (
	"errors"
	"syscall"
)

// diskHint is the way out of an error that the disk is to blame for; "" when it is not.
func diskHint(err error) string {
	const kept = ", then run the same command again: what was done is kept, and it goes on from there"
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return "the disk is full: make room on it" + kept
	case errors.Is(err, syscall.EDQUOT):
		return "the quota of the user who runs capibara is used up: make room, or have it raised" + kept
	case errors.Is(err, syscall.EROFS):
		return "this disk may only be read, as one is after an error: look into the system's log and make it writable" + kept
	case errors.Is(err, syscall.EIO):
		return "the disk or its connection failed: look into the system's log, and keep a copy of the data folder elsewhere" + kept
	}
	return ""
}
