//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package importer

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes the lock on f, which the system gives up when the process ends, however it ends. The error is errBusy
// when another process has it. A file system that knows no locks gives none: there, run one process a folder.
func tryLock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return errBusy
	case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOSYS), errors.Is(err, syscall.EOPNOTSUPP):
		return nil
	}
	return err
}

// unlock gives the lock up, for every process that has the file open.
func unlock(f *os.File) { _ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
