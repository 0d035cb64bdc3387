package main

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// socketMode lets the group in: the kernel tells us who calls, and the group may only read.
const socketMode = 0o660

// rightsOf says what the process at the other end of a connection may do: the owner of this process and root act, the
// owner's group reads, and nobody else is let in.
func rightsOf(conn net.Conn) (rights, error) {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return none, fmt.Errorf("the connection is a %T", conn)
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return none, err
	}
	var (
		peer    *unix.Ucred
		peerErr error
	)
	if err := raw.Control(func(fd uintptr) {
		peer, peerErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return none, err
	}
	if peerErr != nil {
		return none, peerErr
	}
	switch {
	case peer.Uid == 0 || int(peer.Uid) == os.Geteuid():
		return acts, nil
	case int(peer.Gid) == os.Getegid():
		return reads, nil
	}
	return none, nil
}

// callerOf names the user at the other end of a connection; "" when that cannot be told.
func callerOf(conn net.Conn) string {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return ""
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return ""
	}
	name := ""
	err = raw.Control(func(fd uintptr) {
		if peer, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			name = userNamed(peer.Uid)
		}
	})
	if err != nil {
		return ""
	}
	return name
}

// userNamed is the name of a user, or the number of one without a name.
func userNamed(uid uint32) string {
	number := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(number); err == nil && u.Username != "" {
		return u.Username
	}
	return "user " + number
}

// sameOwner reports whether two files belong to the same user.
func sameOwner(a, b os.FileInfo) bool {
	x, ok := a.Sys().(*syscall.Stat_t)
	y, also := b.Sys().(*syscall.Stat_t)
	return ok && also && x.Uid == y.Uid
}
