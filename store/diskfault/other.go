//go:build !linux || !amd64

package diskfault

import (
	"errors"
	"os/exec"
)

var errSystem = errors.New("calls are made to fail on Linux on amd64 only")

func available() error { return errSystem }

func start(*exec.Cmd, string, Fault) (func() (Run, error), error) { return nil, errSystem }
