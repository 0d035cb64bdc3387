package diskfault

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// What the package syscall does not name.
const (
	exitKill   = 0x100000   // PTRACE_O_EXITKILL
	noThread   = 0x20000000 // __WNOTHREAD: the children of this thread alone
	anyThread  = 0x40000000 // __WALL: threads as well as processes
	callStop   = syscall.SIGTRAP | 0x80
	noSuchCall = ^uint64(0)
)

// tracer follows the threads of one process.
type tracer struct {
	dir    string
	fault  Fault
	calls  map[uint64]call
	inside map[int]bool          // threads that are in a call
	answer map[int]syscall.Errno // threads whose call is answered in the kernel's place
	seen   map[Site]int          // by a site without its number
	run    Run
}

func available() error {
	dir, err := os.MkdirTemp("", "diskfault-*")
	if err != nil {
		return fmt.Errorf("try whether a process may be traced: %w", err)
	}
	defer os.RemoveAll(dir)
	wait, err := start(exec.Command("true"), dir, Fault{})
	if err == nil {
		_, err = wait()
	}
	if err != nil {
		return fmt.Errorf("a process cannot be traced here: %w", err)
	}
	return nil
}

func start(cmd *exec.Cmd, dir string, f Fault) (func() (Run, error), error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	t := &tracer{dir: dir, fault: f, calls: calls(), inside: map[int]bool{}, answer: map[int]syscall.Errno{}, seen: map[Site]int{}}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	// In a group of its own, its threads can be waited for apart from all other children.
	cmd.SysProcAttr.Ptrace, cmd.SysProcAttr.Setpgid = true, true
	began, ended := make(chan error, 1), make(chan error, 1)
	go func() {
		// Only the thread that started a process may trace it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			err = t.begin(cmd.Process.Pid)
		}
		began <- err
		if err == nil {
			ended <- t.follow(cmd.Process.Pid)
		}
	}()
	if err := <-began; err != nil {
		return nil, fmt.Errorf("trace %s: %w", cmd.Path, err)
	}
	return func() (Run, error) {
		err := <-ended
		return t.run, errors.Join(err, cmd.Process.Release())
	}, nil
}

// begin waits until the process has become the program, and lets it run.
func (t *tracer) begin(pid int) error {
	var status syscall.WaitStatus
	if _, err := waitFor(pid, &status); err != nil {
		return err
	}
	if !status.Stopped() {
		return errors.New("it ended before it began")
	}
	// Its end is the tracer's: nothing stays behind that is stopped for ever.
	if err := syscall.PtraceSetOptions(pid, syscall.PTRACE_O_TRACESYSGOOD|syscall.PTRACE_O_TRACECLONE|exitKill); err != nil {
		return err
	}
	return syscall.PtraceSyscall(pid, 0)
}

func waitFor(pid int, status *syscall.WaitStatus) (int, error) {
	for {
		got, err := syscall.Wait4(pid, status, anyThread|noThread, nil)
		if !errors.Is(err, syscall.EINTR) {
			return got, err
		}
	}
}

// follow lets the threads run from stop to stop until the process has ended.
func (t *tracer) follow(pid int) error {
	for {
		var status syscall.WaitStatus
		thread, err := waitFor(-pid, &status)
		if err != nil {
			return fmt.Errorf("wait for the traced process: %w", err)
		}
		if status.Exited() || status.Signaled() {
			if thread == pid {
				t.run.Code = status.ExitStatus() // -1 after a signal
				return nil
			}
			continue
		}
		signal := 0
		switch s := status.StopSignal(); {
		case s == callStop:
			if err := t.stopped(thread); err != nil {
				return err
			}
		case s == syscall.SIGTRAP, s == syscall.SIGSTOP: // a thread has begun
		default:
			signal = int(s)
		}
		if err := syscall.PtraceSyscall(thread, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("let the traced process go on: %w", err)
		}
	}
}

// stopped is called before and after every call.
func (t *tracer) stopped(thread int) error {
	var regs syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(thread, &regs); errors.Is(err, syscall.ESRCH) {
		return nil // it was killed meanwhile
	} else if err != nil {
		return fmt.Errorf("look at a call: %w", err)
	}
	t.inside[thread] = !t.inside[thread]
	if t.inside[thread] {
		errno := t.reached(thread, &regs)
		if errno == 0 {
			return nil
		}
		t.answer[thread] = errno
		regs.Orig_rax = noSuchCall
	} else {
		errno, fails := t.answer[thread]
		if !fails {
			return nil
		}
		delete(t.answer, thread)
		regs.Rax = -uint64(errno)
	}
	if err := syscall.PtraceSetRegs(thread, &regs); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("answer a call: %w", err)
	}
	return nil
}

// reached notes a call that is about to be made, and returns what it fails with; 0 when it may be made.
func (t *tracer) reached(thread int, regs *syscall.PtraceRegs) syscall.Errno {
	c, changes := t.calls[regs.Orig_rax]
	if !changes {
		return 0
	}
	path := t.where(thread, c, regs)
	if path == "" {
		return 0
	}
	site := Site{Call: c.name, Path: path}
	t.seen[site]++
	site.Nth = t.seen[site]
	t.run.Sites = append(t.run.Sites, site)
	switch {
	case site == t.fault.Site:
		t.run.Hit = true
		return t.fault.Errno
	case t.run.Hit && t.fault.Lasting && c.room:
		return t.fault.Errno
	}
	return 0
}
