package powerloss

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// Kind is what a step does.
type Kind uint8

// The kinds of steps.
const (
	Write    Kind = iota // Data at Offset of the file
	Truncate             // the file has Offset bytes
	Sync                 // what was written to the file is durable
	Create               // the name of a new, empty file
	Mkdir                // the name of a new folder
	Rename               // Path becomes To
	Link                 // To is another name of Path
	Remove               // of a name
	SyncDir              // the names in the folder are durable
	Said                 // Data was written to something that is no file: a connection, the standard output
)

// Connection is what the path of a step begins with that wrote to a connection. What two connections carry is mixed in the
// order of their writes.
const Connection = "socket "

// Step is one change that a process made, in the order in which they were complete; Said counts from its beginning.
type Step struct {
	Kind   Kind
	Path   string // relative to the folder; with Said "output", or Connection and the number of the connection
	To     string
	Offset int64
	Data   []byte
	file   int // number of the file, whatever its name is
}

// Recording is what a folder held, and what was done to it.
type Recording struct {
	Files map[string][]byte // at the start
	Dirs  []string
	Steps []Step
	order []string       // names of the files at the start, by their number
	files int            // how many there ever were
	named map[string]int // the files by their last name
}

// Available reports whether strace is there and may be used.
func Available() error {
	if err := exec.Command("strace", "-f", "-o", os.DevNull, "true").Run(); err != nil {
		return fmt.Errorf("strace cannot be used here: %w", err)
	}
	return nil
}

// New begins a recording of what happens to a folder, which must be at rest.
func New(dir string) (*Recording, error) {
	r := &Recording{Files: map[string][]byte{}, named: map[string]int{}}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		switch {
		case e.IsDir():
			r.Dirs = append(r.Dirs, name)
		case e.Type().IsRegular():
			if r.Files[name], err = os.ReadFile(path); err != nil {
				return err
			}
			r.named[name], r.order = r.files, append(r.order, name)
			r.files++
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("record the folder: %w", err)
	}
	return r, nil
}

// Command is the command under strace, which writes to the file called trace.
func Command(cmd *exec.Cmd, trace string) *exec.Cmd {
	args := append([]string{"-f", "-q", "-xx", "-s", "8388608", "-e", "signal=none", "-e", "trace=" + calls, "-o", trace, cmd.Path}, cmd.Args[1:]...)
	traced := exec.Command("strace", args...)
	traced.Env, traced.Dir = cmd.Env, cmd.Dir
	return traced
}

// calls are the system calls that change files, and those that would in a way that is not understood here.
const calls = "openat,open,creat,close,dup,dup2,dup3,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,fsync,fdatasync," +
	"sync_file_range,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,symlinkat,copy_file_range,sendfile,socket,accept4,sendto"

// Read takes the steps from what strace wrote about a process that worked in dir.
func (r *Recording) Read(trace, dir string) error {
	content, err := os.ReadFile(trace)
	if err != nil {
		return fmt.Errorf("read the trace: %w", err)
	}
	// What the paths of the process name may be a link to the folder.
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return fmt.Errorf("read the trace: %w", err)
	}
	p := &parser{Recording: r, dir: dir, open: map[int]*opened{}, unfinished: map[string]string{}}
	for line := range bytes.Lines(content) {
		if err := p.line(string(bytes.TrimRight(line, "\n"))); err != nil {
			return fmt.Errorf("read the trace: %w: %.200s", err, line)
		}
	}
	if len(r.Steps) == 0 {
		return errors.New("read the trace: nothing was changed")
	}
	return nil
}
