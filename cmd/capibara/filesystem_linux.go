package main

import "golang.org/x/sys/unix"

// fileSystemOf is what a path lies on.
func fileSystemOf(path string) (fileSystem, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return fileSystem{}, err
	}
	// The field is as wide as the machine says, and the number is one of 32 bits.
	return linuxFileSystem(uint32(s.Type)), nil
}
