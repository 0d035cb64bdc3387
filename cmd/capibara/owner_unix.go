//go:build unix

package main

import (
	"os"
	"syscall"
)

// foreign reports whether a file belongs to somebody who is neither this user nor root.
func foreign(info os.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && s.Uid != 0 && int(s.Uid) != os.Geteuid()
}
