package main

import (
	"errors"
	"io"
	"syscall"

	"github.com/spf13/cobra"
)

// printout is standard output that remembers when it could not be written: a script must not take half an answer, or none,
// for the whole.
type printout struct {
	w   io.Writer
	err error // the first one
}

// Write writes on until it fails once.
func (o *printout) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

// answering makes every command fail whose answer could not be written.
func (a *app) answering(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		a.answering(sub)
	}
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error { return a.written(run(cmd, args)) }
	}
}

// written is the error of a command, and the one of its answer when that is worse.
func (a *app) written(err error) error {
	out, ok := a.stdout.(*printout)
	if !ok || out.err == nil || worse(exitCode(err), exitFailed) != exitFailed {
		return err
	}
	if err != nil && exitCode(err) == exitFailed && !errors.Is(err, out.err) {
		return err // a failure of its own says more
	}
	if errors.Is(out.err, syscall.EPIPE) {
		// A pager that was closed, or head: whoever read has enough.
		return &failure{code: exitFailed, err: errors.New("")}
	}
	return failed("what the command did is done and kept; `capibara status` and `capibara history` tell it again",
		"standard output cannot be written: %w", out.err)
}

// terminal is what is behind standard output, to ask whether a person looks at it.
func (a *app) terminal() io.Writer {
	if out, ok := a.stdout.(*printout); ok {
		return out.w
	}
	return a.stdout
}
