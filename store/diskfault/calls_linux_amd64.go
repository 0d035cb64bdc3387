package diskfault

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
)

// call is a system call that changes files.
type call struct {
	name string
	// fd is the argument that holds a descriptor, path the one that holds a name, with the folder it is relative to in the
	// argument before it when at is set; -1 for none.
	fd, path int
	at       bool
	room     bool // it needs room on the disk
}

// The numbers of calls that the package syscall does not know.
const (
	sysRenameat2     = 316
	sysCopyFileRange = 326
	sysPwritev2      = 328
	sysOpenat2       = 437
	sysFchmodat2     = 452
)

func calls() map[uint64]call {
	return map[uint64]call{
		syscall.SYS_WRITE:     {name: "write", fd: 0, path: -1, room: true},
		syscall.SYS_PWRITE64:  {name: "pwrite64", fd: 0, path: -1, room: true},
		syscall.SYS_WRITEV:    {name: "writev", fd: 0, path: -1, room: true},
		syscall.SYS_PWRITEV:   {name: "pwritev", fd: 0, path: -1, room: true},
		sysPwritev2:           {name: "pwritev2", fd: 0, path: -1, room: true},
		syscall.SYS_SENDFILE:  {name: "sendfile", fd: 0, path: -1, room: true},
		sysCopyFileRange:      {name: "copy_file_range", fd: 2, path: -1, room: true},
		syscall.SYS_FALLOCATE: {name: "fallocate", fd: 0, path: -1, room: true},
		syscall.SYS_FSYNC:     {name: "fsync", fd: 0, path: -1},
		syscall.SYS_FDATASYNC: {name: "fdatasync", fd: 0, path: -1},
		syscall.SYS_FTRUNCATE: {name: "ftruncate", fd: 0, path: -1},
		syscall.SYS_FCHMOD:    {name: "fchmod", fd: 0, path: -1},
		syscall.SYS_FCHOWN:    {name: "fchown", fd: 0, path: -1},
		syscall.SYS_OPEN:      {name: "open", fd: -1, path: 0, room: true},
		syscall.SYS_OPENAT:    {name: "openat", fd: -1, path: 1, at: true, room: true},
		sysOpenat2:            {name: "openat2", fd: -1, path: 1, at: true, room: true},
		syscall.SYS_CREAT:     {name: "creat", fd: -1, path: 0, room: true},
		syscall.SYS_TRUNCATE:  {name: "truncate", fd: -1, path: 0},
		syscall.SYS_RENAME:    {name: "rename", fd: -1, path: 1},
		syscall.SYS_RENAMEAT:  {name: "renameat", fd: -1, path: 3, at: true},
		sysRenameat2:          {name: "renameat2", fd: -1, path: 3, at: true},
		syscall.SYS_LINK:      {name: "link", fd: -1, path: 1, room: true},
		syscall.SYS_LINKAT:    {name: "linkat", fd: -1, path: 3, at: true, room: true},
		syscall.SYS_SYMLINK:   {name: "symlink", fd: -1, path: 1, room: true},
		syscall.SYS_SYMLINKAT: {name: "symlinkat", fd: -1, path: 2, at: true, room: true},
		syscall.SYS_MKDIR:     {name: "mkdir", fd: -1, path: 0, room: true},
		syscall.SYS_MKDIRAT:   {name: "mkdirat", fd: -1, path: 1, at: true, room: true},
		syscall.SYS_UNLINK:    {name: "unlink", fd: -1, path: 0},
		syscall.SYS_UNLINKAT:  {name: "unlinkat", fd: -1, path: 1, at: true},
		syscall.SYS_RMDIR:     {name: "rmdir", fd: -1, path: 0},
		syscall.SYS_CHMOD:     {name: "chmod", fd: -1, path: 0},
		syscall.SYS_FCHMODAT:  {name: "fchmodat", fd: -1, path: 1, at: true},
		sysFchmodat2:          {name: "fchmodat2", fd: -1, path: 1, at: true},
		syscall.SYS_CHOWN:     {name: "chown", fd: -1, path: 0},
		syscall.SYS_FCHOWNAT:  {name: "fchownat", fd: -1, path: 1, at: true},
		syscall.SYS_UTIMENSAT: {name: "utimensat", fd: -1, path: 1, at: true},
		syscall.SYS_BIND:      {name: "bind", fd: -1, path: 1, room: true},
	}
}

// changing are the flags with which opening a file changes it, or prepares to.
const changing = syscall.O_WRONLY | syscall.O_RDWR | syscall.O_CREAT | syscall.O_TRUNC

// moving are the parts of names that are different every time: moments, dates, numbers, the id of a database.
var moving = regexp.MustCompile(`[0-9a-f]{32}|\d{2,}`)

// where names the file that a call changes, relative to the folder; "" for one elsewhere, and for a call that changes nothing.
func (t *tracer) where(thread int, c call, r *syscall.PtraceRegs) string {
	args := [...]uint64{r.Rdi, r.Rsi, r.Rdx, r.R10, r.R8, r.R9}
	switch c.name {
	case "open":
		if args[1]&changing == 0 {
			return ""
		}
	case "openat":
		if args[2]&changing == 0 {
			return ""
		}
	}
	path := ""
	switch {
	case c.name == "bind":
		address := t.memory(thread, args[1], min(args[2], 110))
		if len(address) < 3 || address[0] != syscall.AF_UNIX {
			return ""
		}
		path = string(bytes.TrimRight(address[2:], "\x00"))
	case c.fd >= 0:
		path = link(thread, "fd/"+strconv.Itoa(int(int32(args[c.fd]))))
	default:
		path = string(t.text(thread, args[c.path]))
		if !filepath.IsAbs(path) && c.at && int32(args[c.path-1]) != atCWD {
			path = filepath.Join(link(thread, "fd/"+strconv.Itoa(int(int32(args[c.path-1])))), path)
		} else if !filepath.IsAbs(path) {
			path = filepath.Join(link(thread, "cwd"), path)
		}
	}
	inside, ok := strings.CutPrefix(path, t.dir)
	if !ok || inside != "" && inside[0] != '/' {
		return ""
	}
	if inside == "" {
		return "."
	}
	return moving.ReplaceAllString(inside[1:], "*")
}

// atCWD stands for the current folder.
const atCWD = -100

// link reads one of the links by which the kernel tells about a process.
func link(thread int, name string) string {
	path, err := os.Readlink("/proc/" + strconv.Itoa(thread) + "/" + name)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(path, " (deleted)")
}

// memory reads from the memory of the process; less than was asked for when the rest is not there.
func (t *tracer) memory(thread int, at, n uint64) []byte {
	out := make([]byte, n)
	got, _ := syscall.PtracePeekData(thread, uintptr(at), out)
	return out[:max(got, 0)]
}

// text reads a text that ends in a zero byte.
func (t *tracer) text(thread int, at uint64) []byte {
	var all []byte
	for len(all) < 4096 {
		part := t.memory(thread, at+uint64(len(all)), 64)
		if end := bytes.IndexByte(part, 0); end >= 0 {
			return append(all, part[:end]...)
		}
		if len(part) == 0 {
			break
		}
		all = append(all, part...)
	}
	return all
}
