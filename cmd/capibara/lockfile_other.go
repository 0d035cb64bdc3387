//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package main

import "os"

// lockFile locks nothing on these systems: two commands of one person at the same moment are all that it would tell apart.
func lockFile(*os.File) (free bool, err error) { return true, nil }
