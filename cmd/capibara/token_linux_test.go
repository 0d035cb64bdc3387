package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTerminal makes a terminal: what is written to keys was typed, and what a person sees is read from it.
func openTerminal(t *testing.T) (keys, terminal *os.File) {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	fd := int(keys.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	t.Cleanup(func() {
		_ = terminal.Close()
		_ = keys.Close()
	})
	return keys, terminal
}

func shows(t *testing.T, terminal *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// TestTokenIsNotShown asks for a token at a terminal.
func TestTokenIsNotShown(t *testing.T) {
	t.Parallel()
	type answer struct {
		text string
		err  error
	}
	asked := func(ctx context.Context) (*os.File, *os.File, chan answer, *safeBuffer) {
		keys, terminal := openTerminal(t)
		said := &safeBuffer{}
		a := &app{stdin: terminal, stderr: said}
		got := make(chan answer, 1)
		go func() {
			text, err := a.askToken(ctx, "main")
			got <- answer{text, err}
		}()
		for range 400 {
			if !shows(t, terminal) {
				return keys, terminal, got, said
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Fatal("the terminal goes on showing what is typed")
		return nil, nil, nil, nil
	}

	keys, terminal, got, said := asked(t.Context())
	if _, err := keys.WriteString(goodToken + "\n"); err != nil {
		t.Fatal(err)
	}
	if a := <-got; a.err != nil || a.text != goodToken {
		t.Errorf("read %d bytes, %v", len(a.text), a.err)
	}
	if !shows(t, terminal) {
		t.Error("the terminal stays silent")
	}
	if err := unix.SetNonblock(int(keys.Fd()), true); err != nil {
		t.Fatal(err)
	}
	seen := make([]byte, 1<<10)
	n, _ := unix.Read(int(keys.Fd()), seen)
	if bytes.Contains(append(seen[:max(n, 0)], said.Bytes()...), []byte(goodToken[:8])) || !strings.Contains(string(said.Bytes()), "It is not shown") {
		t.Errorf("the terminal shows %q, and the command says %q", seen[:max(n, 0)], said.Bytes())
	}

	// Ctrl-C lets the terminal show again what is typed.
	ctx, stop := context.WithCancelCause(t.Context())
	keys, terminal, got, _ = asked(ctx)
	stop(errors.New("asked to stop"))
	if a := <-got; a.err == nil || !strings.Contains(a.err.Error(), "asked to stop") || !shows(t, terminal) {
		t.Errorf("interrupted: %v, shows %v", a.err, shows(t, terminal))
	}
	if _, err := keys.WriteString("\n"); err != nil { // ends the reading
		t.Error(err)
	}
}
