package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"capibara/importer"
	"capibara/store"
)

// The exit codes. They are part of the command's interface: scripts and monitors rely on them.
const (
	exitOK          = 0
	exitFailed      = 1 // failed, refused, or left pending by a circuit
	exitUsage       = 2 // the command line is wrong
	exitRejected    = 3 // some records were rejected, everything else was done
	exitLocked      = 4 // another process has the database open, or an upload is under way already
	exitCredentials = 5 // an access token is missing or does not work
)

// worse returns the code that is reported when both apply: 2 before 4 before 5 before 1 before 3.
func worse(a, b int) int {
	order := []int{exitOK, exitRejected, exitFailed, exitCredentials, exitLocked, exitUsage}
	if slices.Index(order, a) > slices.Index(order, b) {
		return a
	}
	return b
}

// failure is an error that knows its exit code and, where there is one, the way out.
type failure struct {
	code int
	hint string
	err  error
}

// Error is the sentence that a person reads after "error:".
func (f *failure) Error() string { return f.err.Error() }

// Hint is the sentence that a person reads after "hint:"; "" without one.
func (f *failure) Hint() string { return f.hint }

// Unwrap returns the error that the failure is about.
func (f *failure) Unwrap() error { return f.err }

func failed(hint, format string, args ...any) error {
	return &failure{code: exitFailed, hint: hint, err: fmt.Errorf(format, args...)}
}

func misused(hint, format string, args ...any) error {
	return &failure{code: exitUsage, hint: hint, err: fmt.Errorf(format, args...)}
}

func unauthorized(hint, format string, args ...any) error {
	return &failure{code: exitCredentials, hint: hint, err: fmt.Errorf(format, args...)}
}

// interruptedError is why a context ended when a person or the system asked the process to stop.
type interruptedError struct{ signal os.Signal }

// Error names the signal.
func (e *interruptedError) Error() string { return "asked to stop (" + e.signal.String() + ")" }

// exitCode is the exit code of an error.
func exitCode(err error) int {
	var f *failure
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &f):
		return f.code
	case errors.Is(err, store.ErrLocked):
		return exitLocked
	}
	return exitFailed
}

// hintOf is the way out of an error, "" when there is none.
func hintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		return hinted.Hint()
	}
	var refused *importer.RefusedError
	switch {
	case errors.As(err, &refused):
		return refused.Hint
	case errors.Is(err, store.ErrSchema):
		return "install the version of capibara that wrote this database, or a newer one; nothing was changed"
	case errors.Is(err, store.ErrLocked):
		return "wait until it has finished, or stop it"
	case errors.Is(err, store.ErrCorrupt):
		return "run `capibara check --database`, which tells all that is wrong, and keep a copy of the data folder"
	case diskHint(err) != "":
		return diskHint(err)
	case errors.Is(err, fs.ErrPermission):
		return "run the command as the user whom the home belongs to"
	case errors.Is(err, context.Canceled):
		return "nothing is lost: run the same command again and it goes on where it stopped"
	}
	return ""
}

// printError is the only place that writes "error:" and "hint:".
func printError(w io.Writer, err error) {
	text := strings.TrimSpace(err.Error())
	if text == "" {
		return
	}
	fmt.Fprintf(w, "error: %s\n", text)
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(w, "hint: %s\n", hint)
	}
}
