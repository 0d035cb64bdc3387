package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"capibara/audit"

	"golang.org/x/term"
)

// askedFor is what stands in place of a value that is asked for.
const askedFor = "-"

// hidden reads a line from a terminal without showing it.
func hidden(ctx context.Context, f *os.File) (string, error) {
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("the terminal cannot be asked without showing what is typed: %w", err)
	}
	type answer struct {
		text []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		answered <- answer{text, err}
	}()
	select {
	case got := <-answered:
		if got.err != nil && !errors.Is(got.err, io.EOF) {
			return "", fmt.Errorf("reading from the terminal: %w", got.err)
		}
		return string(got.text), nil
	case <-ctx.Done():
		// The terminal must show again what is typed, though the reading goes on until the process ends.
		return "", errors.Join(context.Cause(ctx), term.Restore(fd, before))
	}
}

// askPerson asks for what a query says of a person and the command line leaves out: what stands there is kept in the shell's
// history, and every user of the machine can see it. On standard input there is one line for each, in the order of the flags.
func (a *app) askPerson(ctx context.Context, q *audit.Query) error {
	for _, one := range []struct {
		into       *string
		flag, what string
	}{{&q.Email, "email", "The e-mail address"}, {&q.Phone, "phone", "The telephone number, with country code"}, {&q.ExternalID, "external-id", "The external_id"}} {
		if *one.into != askedFor {
			continue
		}
		text, err := a.askHidden(ctx, one.what)
		if err != nil {
			return failed("nothing was searched; type it when it is asked for, or pass it as a line of standard input", "--%s -: %w", one.flag, err)
		}
		if text == "" {
			return misused("type it when it is asked for, or pass it as a line of standard input", "--%s -: nothing was given", one.flag)
		}
		*one.into = text
	}
	return nil
}

// askHidden asks for a line that is not shown, or reads one line of standard input.
func (a *app) askHidden(ctx context.Context, what string) (string, error) {
	f, ok := a.stdin.(*os.File)
	if !ok || !terminalFile(f) {
		text, err := a.answerLine()
		if errors.Is(err, io.EOF) {
			return "", nil
		}
		return text, err
	}
	fmt.Fprintf(a.stderr, "%s, which is not shown: ", what)
	defer fmt.Fprintln(a.stderr)
	return hidden(ctx, f)
}
