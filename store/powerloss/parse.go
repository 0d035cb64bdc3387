package powerloss

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// parser reads the lines of strace. All threads of the process share its descriptors.
type parser struct {
	*Recording
	dir        string
	open       map[int]*opened
	unfinished map[string]string // by thread: the beginning of its call
	sockets    int               // that there ever were
}

// opened is what a descriptor stands for. path is relative to the folder; "" is something outside of it.
type opened struct {
	path     string
	file     int
	isFile   bool
	offset   int64
	appends  bool
	speaking string // what it is when it is no file
}

// line takes one line: a whole call, or the beginning or the end of one during which another thread was at work.
func (p *parser) line(text string) error {
	thread, call, found := strings.Cut(text, " ")
	call = strings.TrimLeft(call, " ")
	if !found || strings.HasPrefix(call, "+++") || strings.HasPrefix(call, "---") {
		return nil
	}
	if begun, cut := strings.CutSuffix(call, " <unfinished ...>"); cut {
		p.unfinished[thread] = begun
		return p.said(begun)
	}
	resumed := false
	if strings.HasPrefix(call, "<... ") {
		_, end, ok := strings.Cut(call, " resumed>")
		if !ok {
			return errors.New("the end of a call without its beginning")
		}
		call, resumed = p.unfinished[thread]+end, true
		delete(p.unfinished, thread)
	}
	if !resumed {
		if err := p.said(call); err != nil {
			return err
		}
	}
	at := strings.Index(call, ")") // there is none in an argument: texts are hexadecimal
	if at < 0 {
		return nil // the process died in it
	}
	name, args, ok := strings.Cut(call[:at], "(")
	if !ok {
		return nil
	}
	_, after, _ := strings.Cut(call[at:], "= ")
	word, _, _ := strings.Cut(after, " ")
	result, err := strconv.ParseInt(word, 10, 64)
	if err != nil || result < 0 {
		return nil // it failed, and changed nothing
	}
	return p.call(name, split(args), result)
}

// split cuts arguments at commas; the strings are hexadecimal and have none.
func split(args string) []string {
	all := strings.Split(args, ",")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// text reads a string as -xx writes it.
func text(arg string) ([]byte, error) {
	inner, ok := strings.CutPrefix(arg, `"`)
	if inner, cut := strings.CutSuffix(inner, `"`); ok && cut {
		return hex.DecodeString(strings.ReplaceAll(inner, `\x`, ""))
	}
	return nil, errors.New("a text that was cut off")
}

func number(arg string) int64 {
	n, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// path is relative to the folder, "" for one outside of it.
func (p *parser) path(dirfd, arg string) (string, error) {
	raw, err := text(arg)
	if err != nil {
		return "", err
	}
	path := string(raw)
	if !filepath.IsAbs(path) {
		if base := p.open[int(number(dirfd))]; base != nil && base.path != "" {
			return filepath.Join(base.path, path), nil
		}
		return "", nil
	}
	if real, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(real, filepath.Base(path))
	}
	name, err := filepath.Rel(p.dir, path)
	if err != nil || strings.HasPrefix(name, "..") {
		return "", nil
	}
	return name, nil
}

func (p *parser) add(s Step) { p.Steps = append(p.Steps, s) }

// said notes what is written to a connection, as soon as it may have left.
func (p *parser) said(call string) error {
	name, args, _ := strings.Cut(call, "(")
	if name != "write" {
		return nil
	}
	all := split(args)
	o := p.open[int(number(all[0]))]
	if o == nil || o.speaking == "" || len(all) < 2 {
		return nil
	}
	data, err := text(all[1])
	if err == nil {
		p.add(Step{Kind: Said, Path: o.speaking, Data: data})
	}
	return err
}

func (p *parser) call(name string, args []string, result int64) error {
	switch name {
	case "socket", "accept4":
		p.sockets++
		p.open[int(result)] = &opened{speaking: Connection + strconv.Itoa(p.sockets)}
	case "openat":
		return p.opens(args, int(result))
	case "close":
		delete(p.open, int(number(args[0])))
	case "write", "pwrite64":
		return p.writes(name, args, result)
	case "ftruncate":
		if o := p.open[int(number(args[0]))]; o != nil && o.isFile {
			p.add(Step{Kind: Truncate, Path: o.path, Offset: number(args[1]), file: o.file})
		}
	case "fsync", "fdatasync":
		o := p.open[int(number(args[0]))]
		switch {
		case o == nil:
		case o.isFile:
			p.add(Step{Kind: Sync, Path: o.path, file: o.file})
		case o.path != "":
			p.add(Step{Kind: SyncDir, Path: o.path})
		}
	case "mkdirat":
		return p.name(Mkdir, args[0], args[1], "", "")
	case "renameat", "renameat2":
		return p.name(Rename, args[0], args[1], args[2], args[3])
	case "linkat":
		return p.name(Link, args[0], args[1], args[2], args[3])
	case "unlinkat":
		return p.name(Remove, args[0], args[1], "", "")
	default:
		return p.unknown(name, args)
	}
	return nil
}

// unknown refuses a call that changes a file of the folder in a way that is not understood here.
func (p *parser) unknown(name string, args []string) error {
	for n, arg := range args {
		path := ""
		if strings.HasPrefix(arg, `"`) && !strings.HasPrefix(name, "send") && !strings.Contains(name, "writev") {
			var err error
			if path, err = p.path("", arg); err != nil {
				return err
			}
		} else if o := p.open[int(number(arg))]; o != nil && (n == 0 || strings.HasPrefix(name, "copy") || strings.HasPrefix(name, "sendfile")) {
			path = o.path
		}
		if path != "" {
			return fmt.Errorf("the call %s on %s is not understood", name, path)
		}
	}
	return nil
}

func (p *parser) opens(args []string, fd int) error {
	path, err := p.path(args[0], args[1])
	if err != nil || path == "" {
		delete(p.open, fd)
		return err
	}
	o := &opened{path: path, appends: strings.Contains(args[2], "O_APPEND")}
	p.open[fd] = o
	if strings.Contains(args[2], "O_DIRECTORY") {
		return nil
	}
	file, known := p.named[path]
	created := strings.Contains(args[2], "O_CREAT")
	switch {
	case known:
		o.file, o.isFile = file, true
		if strings.Contains(args[2], "O_TRUNC") {
			p.add(Step{Kind: Truncate, Path: path, file: file})
		}
	case created:
		o.file, o.isFile = p.files, true
		p.named[path] = p.files
		p.files++
		p.add(Step{Kind: Create, Path: path, file: o.file})
	}
	return nil // else a folder, opened like a file
}

func (p *parser) writes(name string, args []string, wrote int64) error {
	fd := int(number(args[0]))
	o := p.open[fd]
	if o == nil && (fd == 1 || fd == 2) {
		o = &opened{speaking: "output"}
		p.open[fd] = o
		data, err := text(args[1])
		p.add(Step{Kind: Said, Path: o.speaking, Data: data})
		return err
	}
	if o == nil || !o.isFile {
		return nil
	}
	data, err := text(args[1])
	if err != nil {
		return err
	}
	at := o.offset
	if name == "pwrite64" {
		at = number(args[3])
	} else {
		o.offset += wrote
	}
	if o.appends {
		return errors.New("a file that is appended to is not understood")
	}
	p.add(Step{Kind: Write, Path: o.path, Offset: at, Data: data[:wrote], file: o.file})
	return nil
}

// name notes a change of names.
func (p *parser) name(kind Kind, dirfd, arg, toFD, toArg string) error {
	from, err := p.path(dirfd, arg)
	if err != nil {
		return err
	}
	to := ""
	if toArg != "" {
		if to, err = p.path(toFD, toArg); err != nil {
			return err
		}
		if (from == "") != (to == "") {
			return errors.New("a name that enters or leaves the folder is not understood")
		}
	}
	if from == "" {
		return nil
	}
	file, isFile := p.named[from]
	if !isFile {
		file = -1
	}
	switch {
	case kind == Remove:
		delete(p.named, from)
	case kind == Rename && isFile:
		delete(p.named, from)
		p.named[to] = file
	case kind == Rename:
		for path, f := range p.named {
			if rest, inside := strings.CutPrefix(path, from+"/"); inside {
				delete(p.named, path)
				p.named[filepath.Join(to, rest)] = f
			}
		}
	case kind == Link:
		p.named[to] = file
	}
	p.add(Step{Kind: kind, Path: from, To: to, file: file})
	return nil
}
