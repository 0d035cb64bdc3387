package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// fileIdentity tells a file from every other on its disk, also from one that takes its name or its place: its number and
// when it was made. It is "" where the system does not tell, or tells something else tomorrow.
func fileIdentity(path string) string {
	if fs, err := fileSystemOf(path); err != nil || fs.kind != fileSystemLocal {
		return ""
	}
	var s unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_INO|unix.STATX_BTIME, &s); err != nil || s.Mask&unix.STATX_INO == 0 {
		return ""
	}
	if s.Mask&unix.STATX_BTIME == 0 {
		return fmt.Sprintf("inode %d", s.Ino)
	}
	return fmt.Sprintf("inode %d born %d.%09d", s.Ino, s.Btime.Sec, s.Btime.Nsec)
}
