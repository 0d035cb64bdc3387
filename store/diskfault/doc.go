// Package diskfault lets a test make single calls of a real process fail as a bad or a full disk makes them fail. It runs
// the process under ptrace, the way a debugger does, sees every call by which it changes files below a folder, and answers
// one of them in the kernel's place.
//
// Works on Linux on amd64; Available says whether it does here.
package diskfault

import (
	"fmt"
	"os/exec"
	"syscall"
)

// Site is a call by which a process changes its files. Which of several threads makes it, and what else happens meanwhile,
// differs from run to run: so a site is what is done to which name, and for the how many-th time.
type Site struct {
	Call string // name of the system call, such as pwrite64
	Path string // relative to the folder, with an asterisk for numbers that are different every time; for renames the new name
	Nth  int    // from 1
}

// String is how the site is told: "fsync data/capibara.db (3)".
func (s Site) String() string { return fmt.Sprintf("%s %s (%d)", s.Call, s.Path, s.Nth) }

// Fault makes calls fail. The zero Fault lets all of them through.
type Fault struct {
	Site  Site
	Errno syscall.Errno
	// Lasting lets every later call fail too that needs room on the disk, as on one that stays full.
	Lasting bool
}

// Run is a process with a fault.
type Run struct {
	Sites []Site // in the order in which they were reached, the one that failed included
	Hit   bool   // the fault was reached
	Code  int    // exit code of the process; -1 when a signal ended it
}

// Start starts a command whose changes below dir are watched. Its output must go to files or nowhere. wait returns when
// the process has ended; cmd.Process may be signalled meanwhile.
func Start(cmd *exec.Cmd, dir string, f Fault) (wait func() (Run, error), err error) {
	return start(cmd, dir, f)
}

// Available reports whether processes may be run this way here.
func Available() error { return available() }
