package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"strings"
	"time"
)

// process is what a running capibara says about itself. It read the configuration once, when it started: a command that
// asks it to act must mean the same as it does.
type process struct {
	PID      int               `json:"pid"`
	Since    time.Time         `json:"since"`    // when it read its configuration
	Endpoint string            `json:"endpoint"` // the address that requests go to, environment included
	Datasets map[string]string `json:"datasets"` // names and Meta's ids
	Config   string            `json:"config"`   // SHA-256 of the configuration file as it was read; "" without one
}

// process says what a process that has loaded this configuration works with.
func (c *config) process(pid int, since time.Time) process {
	p := process{PID: pid, Since: since.Truncate(time.Second), Endpoint: strings.TrimRight(c.Graph.BaseURL, "/"),
		Datasets: map[string]string{}, Config: c.digest}
	for _, alias := range c.aliases() {
		p.Datasets[alias] = string(c.Datasets[alias].ID)
	}
	return p
}

// name is the process as people find it again.
func (p process) name(zone *time.Location) string {
	return fmt.Sprintf("process %d (capibara run, since %s)", p.PID, p.Since.In(zone).Format(time.DateTime))
}

// conflicts says why a command of this configuration must not act through the process; nil when both mean the same.
func (p process) conflicts(c *config) error {
	const hint = "restart `capibara run`, so that both use the same configuration"
	mine := c.process(0, time.Time{})
	if p.Endpoint != mine.Endpoint {
		return failed(hint+", or unset CAPIBARA_GRAPH_BASE_URL where the other one has it unset",
			"%s works for this home and sends to %s, and this command means %s; nothing was done", p.name(c.zone), p.Endpoint, mine.Endpoint)
	}
	if maps.Equal(p.Datasets, mine.Datasets) {
		return nil
	}
	for _, alias := range c.aliases() {
		theirs, known := p.Datasets[alias]
		switch ours := mine.Datasets[alias]; {
		case !known:
			return failed(hint, "%s works for this home and knows no dataset %s, which was added since; nothing was done", p.name(c.zone), alias)
		case theirs != ours:
			return failed(hint, "%s works for this home and takes dataset %s for %s, and this command for %s; nothing was done",
				p.name(c.zone), alias, cmp.Or(theirs, "no id"), cmp.Or(ours, "no id"))
		}
	}
	return failed(hint, "%s works for this home with datasets that are no longer configured; nothing was done", p.name(c.zone))
}

// outdated reports whether the process works with another text of the configuration than this command.
func (p process) outdated(c *config) bool { return p.Config != c.digest }

// agree makes sure that an acting command and the running process mean the same, and says when the configuration has
// changed since the process read it.
func (a *app) agree(ctx context.Context, c *config, running *client) error {
	p, err := running.process(ctx)
	if err != nil {
		return err
	}
	if err := p.conflicts(c); err != nil {
		return err
	}
	if p.outdated(c) {
		a.note("%s works for this home with the configuration as it was at %s; restart it to use the one of now",
			p.name(c.zone), p.Since.In(c.zone).Format(time.DateTime))
	}
	return nil
}

// process asks the running process about itself.
func (c *client) process(ctx context.Context) (process, error) {
	return get[process](ctx, c, "/v1/process", nil)
}

// runningError is why a second `capibara run` on one home is refused: somebody answers on its socket.
func runningError(ctx context.Context, c *config, conn net.Conn) (err error) {
	running := newClient(c, conn)
	defer closing(&err, running, "the connection to the running capibara")
	p, err := running.process(ctx)
	if err != nil {
		return lockedError(c)
	}
	return &failure{code: exitLocked, err: inUseError("the database " + c.database() + " is in use by " + p.name(c.zone)),
		hint: fmt.Sprintf("it is running and does the work of this home, so there is nothing to start; to replace it, stop it first: kill %d", p.PID)}
}
