// Command capibara uploads offline conversions, such as sales in a shop and stages of a deal, to Meta's Conversions
// API: it reads exports, keeps every event in an embedded ledger and sends each one exactly as often as it can prove
// to be right.
//
// This package wires the rooms together and speaks with the person at the terminal; every decision about an event is
// made elsewhere. One file holds one subcommand.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // a scratch container and Windows have no time zones of their own
)

func main() { os.Exit(run()) }

// run is main with an exit code.
func run() int {
	ctx, stop := interruptible()
	defer stop()
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now}
	err := newRootCommand(a).ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	printError(os.Stderr, err)
	return exitCode(err)
}

// interruptible returns a context that the first interrupt cancels, so that work under way ends in order; the second
// one ends the process at once, which the ledger survives as it survives a power cut.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		s, ok := <-signals
		if !ok {
			return
		}
		cancel(&interruptedError{signal: s})
		if _, ok := <-signals; ok {
			fmt.Fprintln(os.Stderr, "error: interrupted twice, so this ended at once; the next start sorts out what was under way")
			os.Exit(exitFailed)
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}
