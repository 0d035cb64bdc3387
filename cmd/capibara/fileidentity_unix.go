//go:build unix && !linux

package main

import (
	"fmt"
	"os"
	"syscall"
)

// fileIdentity tells a file from every other on its disk, also from one that takes its name or its place: its number. It is
// "" where the system does not tell.
func fileIdentity(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf("inode %d", s.Ino)
	}
	return ""
}
