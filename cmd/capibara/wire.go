package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"capibara/audit"
	"capibara/store"
	"capibara/uploader"
)

// rights is what a caller of the socket may do.
type rights int

const (
	none  rights = iota // not even look
	reads               // look
	acts                // import, upload, go live, decide
)

// message is one line of the answer to a request that takes long: any number with Progress, then one with Result or
// Failure.
type message struct {
	Progress *progress       `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Failure  *wireFailure    `json:"failure,omitempty"`
}

// wireFailure is a failure on its way from the process that serves to the one that prints it.
type wireFailure struct {
	Error string `json:"error"`
	Hint  string `json:"hint,omitempty"`
	Exit  int    `json:"exit"`
}

func toWire(err error) *wireFailure {
	err = explained(err)
	return &wireFailure{Error: err.Error(), Hint: hintOf(err), Exit: exitCode(err)}
}

func (f *wireFailure) failure() error {
	return &failure{code: f.Exit, hint: f.Hint, err: errors.New(f.Error)}
}

// explained turns the errors of the rooms into failures where the exit code or the hint depends on their kind.
func explained(err error) error {
	var (
		known *failure
		usage *audit.UsageError
	)
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case errors.As(err, &usage):
		return misused("the command with --help shows how it is written", "%w", err)
	case errors.Is(err, store.ErrNotFound):
		return failed("`capibara history events`, `history batches` and `history files` list what there is", "%w", err)
	case errors.Is(err, store.ErrStale):
		return failed("run the command again to see how things stand now", "%w", err)
	case errors.Is(err, uploader.ErrBusy):
		return &failure{code: exitLocked, hint: "run it again when that one has ended; `capibara upload --wait-lock 10m` waits for it, and `capibara status` says how things stand", err: err}
	}
	return err
}

// statusOf is the HTTP status of an error.
func statusOf(err error) int {
	switch {
	case exitCode(explained(err)) == exitUsage:
		return http.StatusBadRequest
	case errors.Is(err, store.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, uploader.ErrBusy), errors.Is(err, store.ErrStale):
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

// readMessages reads the lines of a long answer: it tells progress and decodes the result into out.
func readMessages(r io.Reader, tell func(progress), out any) error {
	d := json.NewDecoder(r)
	for {
		var m message
		if err := d.Decode(&m); err != nil {
			return failed("`capibara status` says how things stand; what was accepted is kept",
				"the running capibara ended before it answered")
		}
		switch {
		case m.Failure != nil:
			// A result may come with a failure: what was done before it.
			if len(m.Result) > 0 {
				if err := json.Unmarshal(m.Result, out); err != nil {
					return fmt.Errorf("reading the answer of the running capibara: %w", err)
				}
			}
			return m.Failure.failure()
		case len(m.Result) > 0:
			if err := json.Unmarshal(m.Result, out); err != nil {
				return fmt.Errorf("reading the answer of the running capibara: %w", err)
			}
			return nil
		case m.Progress != nil:
			tell(*m.Progress)
		}
	}
}
