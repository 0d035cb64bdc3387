package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
)

// Starting a process costs more than most commands do. A companion is a second process that runs one command after another,
// each with a folder, an environment and streams of its own, as the shell of a person does. Nothing else of a command is
// different: what it opens it has to close, and what it says goes through pipes. A test that ends a process before its time, or
// looks at more than one at once, starts its own.
const companionKey = "CAPIBARA_TEST_COMPANION"

// errand is one command. Env is its whole environment, PWD included.
type errand struct {
	Args, Env []string
}

// outcome is how it ended.
type outcome struct {
	Code           int
	Stdout, Stderr []byte
}

// accompany runs commands until there are no more.
func accompany() {
	// Scripts switch it off for processes that end at once.
	debug.SetGCPercent(100)
	orders, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var e errand
		if err := orders.Decode(&e); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			panic(err)
		}
		o, err := e.run()
		if err == nil {
			err = answers.Encode(o)
		}
		if err != nil {
			panic(err)
		}
	}
}

// run runs the command in this process, whose streams, environment and folder become those of the command.
func (e errand) run() (o outcome, err error) {
	os.Clearenv()
	for _, v := range e.Env {
		name, value, _ := strings.Cut(v, "=")
		if err := os.Setenv(name, value); err != nil {
			return o, err
		}
	}
	if err := os.Chdir(os.Getenv("PWD")); err != nil {
		return o, err
	}
	stdin, none, err := os.Pipe()
	if err != nil {
		return o, err
	}
	stdout, out, err := gathered()
	if err != nil {
		return o, err
	}
	stderr, said, err := gathered()
	if err != nil {
		return o, err
	}
	os.Args, os.Stdin, os.Stdout, os.Stderr = append([]string{"capibara"}, e.Args...), stdin, out, said
	err = none.Close()
	o.Code = run()
	err = errors.Join(err, stdin.Close(), out.Close(), said.Close(), os.Chdir("/")) // so that its folder can be removed
	o.Stdout, o.Stderr = <-stdout, <-stderr
	return o, err
}

// gathered is a pipe, and what was written into it once it is closed.
func gathered() (<-chan []byte, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	all := make(chan []byte, 1)
	go func() {
		var b bytes.Buffer
		_, _ = b.ReadFrom(r)
		_ = r.Close()
		all <- b.Bytes()
	}()
	return all, w, nil
}

// companion is such a process, as the tests see it.
type companion struct {
	once    []string // the part of its environment that it cannot change any more
	cmd     *exec.Cmd
	orders  io.WriteCloser
	answers *json.Decoder
	said    bytes.Buffer // not by a command: the end of the process
}

// anew reports whether a command reads a variable each time that it needs it. Others, such as a proxy, TZ or GODEBUG, are read
// once by a process.
func anew(v string) bool {
	name, _, _ := strings.Cut(v, "=")
	return strings.HasPrefix(name, "CAPIBARA_") || slices.Contains([]string{"PWD", "HOME", "TMPDIR", "WORK", "SANDBOX"}, name)
}

func newCompanion(once []string) (*companion, error) {
	c := &companion{once: once, cmd: exec.Command("capibara")}
	c.cmd.Env, c.cmd.Stderr = append(slices.Clone(once), companionKey+"=yes"), &c.said
	answers, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.answers = json.NewDecoder(answers)
	if c.orders, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return c, c.cmd.Start()
}

// do runs a command.
func (c *companion) do(e errand) (o outcome, err error) {
	if err = json.NewEncoder(c.orders).Encode(e); err == nil {
		err = c.answers.Decode(&o)
	}
	if err != nil {
		return o, fmt.Errorf("capibara %s: %w", strings.Join(e.Args, " "), errors.Join(err, c.end()))
	}
	return o, nil
}

// end ends the process, which must have nothing to say.
func (c *companion) end() error {
	err := errors.Join(c.orders.Close(), c.cmd.Wait())
	if err != nil || c.said.Len() > 0 {
		return fmt.Errorf("a process that runs commands ended with %w\n%s", err, c.said.String())
	}
	return nil
}

// companions are those of all tests of a run.
type companions struct {
	mu   sync.Mutex
	idle []*companion
}

// accompanying are the companions of this run of the tests.
var accompanying companions

// do runs a command with one that is idle or new.
func (all *companions) do(e errand) (outcome, error) {
	once := slices.DeleteFunc(slices.Clone(e.Env), anew)
	all.mu.Lock()
	var c *companion
	if i := slices.IndexFunc(all.idle, func(c *companion) bool { return slices.Equal(c.once, once) }); i >= 0 {
		c = all.idle[i]
		all.idle = slices.Delete(all.idle, i, i+1)
	}
	all.mu.Unlock()
	if c == nil {
		var err error
		if c, err = newCompanion(once); err != nil {
			return outcome{}, err
		}
	}
	o, err := c.do(e)
	if err != nil {
		return outcome{}, err
	}
	all.mu.Lock()
	defer all.mu.Unlock()
	all.idle = append(all.idle, c)
	return o, nil
}

// end ends them all.
func (all *companions) end() (err error) {
	all.mu.Lock()
	defer all.mu.Unlock()
	for _, c := range all.idle {
		err = errors.Join(err, c.end())
	}
	all.idle = nil
	return err
}

// accompanied is the tests, and then the end of their companions: the race detector speaks there.
type accompanied struct {
	tests interface{ Run() int }
	*companions
}

// Run runs the tests.
func (a accompanied) Run() int {
	code := a.tests.Run()
	if err := a.end(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}
