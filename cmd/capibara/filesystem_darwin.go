package main

import "golang.org/x/sys/unix"

// fileSystemOf is what a path lies on.
func fileSystemOf(path string) (fileSystem, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return fileSystem{}, err
	}
	return darwinFileSystem(unix.ByteSliceToString(s.Fstypename[:])), nil
}
