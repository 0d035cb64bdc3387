package importer

import (
	"errors"
	"fmt"
)

// ErrNoSource says that no configured source claims the file.
var ErrNoSource = errors.New("no source of the configuration matches this file name")

// ErrReceipt says that the receipt of a file cannot be written. The file stays where it is until it can.
var ErrReceipt = errors.New("the receipt cannot be written")

// RefusedError says that a file is wrong as a whole: nothing of it was queued.
type RefusedError struct {
	Name   string // base name of the file
	Reason string // a sentence
	Hint   string // a sentence that says what to do; may be empty
}

func (e *RefusedError) Error() string { return "file " + e.Name + " was refused: " + e.Reason }

// refusal is why a file is refused, before its name is known to the code that finds it.
type refusal struct{ reason, hint string }

func (r *refusal) Error() string { return r.reason }

func refuse(hint, format string, args ...any) error {
	return &refusal{reason: fmt.Sprintf(format, args...), hint: hint}
}
