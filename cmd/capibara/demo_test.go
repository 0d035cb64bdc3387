package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// interrupter interrupts as soon as a text is printed.
type interrupter struct {
	at     string
	seen   bytes.Buffer
	cancel context.CancelCauseFunc
}

// Write watches for the text.
func (i *interrupter) Write(p []byte) (int, error) {
	i.seen.Write(p)
	if strings.Contains(i.seen.String(), i.at) {
		i.cancel(&interruptedError{signal: os.Interrupt})
	}
	return len(p), nil
}

// TestInterruptedDemo holds that a demo does not promise to go on where it stopped: its folder is gone.
func TestInterruptedDemo(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	a := &app{stdin: strings.NewReader(""), stdout: &interrupter{at: "1. Import", cancel: cancel}, stderr: io.Discard, now: time.Now}
	err := a.demo(ctx)
	if exitCode(err) != exitFailed || hintOf(err) != "run it again: it starts anew" || !strings.Contains(err.Error(), "asked to stop") {
		t.Errorf("it ended with %v (%d), hint %q", err, exitCode(err), hintOf(err))
	}
}
