package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"
)

// broken is a standard output that fails.
type broken struct{ err error }

// Write fails.
func (b broken) Write([]byte) (int, error) { return 0, b.err }

// TestAnswerThatCannotBeWritten holds what becomes of a command by the way in which its output ends.
func TestAnswerThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	own := failed("", "its own failure")
	for name, tc := range map[string]struct {
		write, err error
		code       int
		text       string
	}{
		"all is well":            {nil, nil, exitOK, ""},
		"full":                   {syscall.ENOSPC, nil, exitFailed, "standard output cannot be written"},
		"full, told already":     {syscall.ENOSPC, fmt.Errorf("writing: %w", syscall.ENOSPC), exitFailed, "standard output cannot be written"},
		"full, records rejected": {syscall.ENOSPC, &failure{code: exitRejected, err: errors.New("rejected")}, exitFailed, "standard output cannot be written"},
		"full and failed":        {syscall.ENOSPC, own, exitFailed, "its own failure"},
		"full and misused":       {syscall.ENOSPC, misused("", "wrong"), exitUsage, "wrong"},
		"closed by its reader":   {syscall.EPIPE, nil, exitFailed, ""},
	} {
		a := &app{stdout: &printout{w: broken{tc.write}}}
		if tc.write != nil {
			a.line("lost")
		}
		err := a.written(tc.err)
		if exitCode(err) != tc.code {
			t.Errorf("%s: exit code %d, want %d", name, exitCode(err), tc.code)
		}
		if err != nil && (!strings.Contains(err.Error(), tc.text) || tc.text == "" && err.Error() != "") {
			t.Errorf("%s: %q", name, err)
		}
	}
}

// TestEveryCommandMindsItsAnswer runs commands that need no home.
func TestEveryCommandMindsItsAnswer(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"version"}, {"help"}, {"completion"}} {
		a := &app{stdin: strings.NewReader(""), stdout: broken{syscall.ENOSPC}, stderr: io.Discard, now: time.Now}
		root := newRootCommand(a)
		root.SetArgs(args)
		if err := root.ExecuteContext(context.Background()); exitCode(err) == exitOK {
			t.Errorf("%q succeeds without having answered", args)
		}
	}
}
