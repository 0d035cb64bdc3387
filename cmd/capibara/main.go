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

// together is how long repeated signals count as one: timeout and some service managers send theirs to a process and then
// to its whole group.
const together = time.Second

// interruptible returns a context that the first interrupt cancels, so that work under way ends in order; a later one
// ends the process at once, which the ledger survives as it survives a power cut. A terminal that is closed asks for the
// end as well, unless the process was started not to care, as nohup does.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	go heed(signals, time.Now, func(s os.Signal) { cancel(&interruptedError{signal: s}) }, func() {
		fmt.Fprintln(os.Stderr, "error: interrupted twice, so this ended at once; the next start sorts out what was under way")
		os.Exit(exitFailed)
	})
	return ctx, func() {
		signal.Stop(signals)
		close(signals)
		cancel(nil)
	}
}

// heed calls end for the first signal, and atOnce for the first one that is a signal of its own after it.
func heed(signals <-chan os.Signal, now func() time.Time, end func(os.Signal), atOnce func()) {
	first, ok := <-signals
	if !ok {
		return
	}
	asked := now()
	end(first)
	for range signals {
		if now().Sub(asked) >= together {
			atOnce()
			return
		}
	}
}
