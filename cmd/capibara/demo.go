package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"capibara/audit"
	sampledata "capibara/sample-data"
	"capibara/uploader/sandbox"

	"github.com/spf13/cobra"
)

// What the demo shows. The names are those of the sample files.
const (
	demoToken   = "demo-token-of-the-stand-in"
	demoDataset = "1234567890" // of the sample configuration
	demoBatch   = 20           // events a batch, so that a few records already make several
	demoLead    = "1098765432101237"
	demoFollow  = "006Qy00000Ka7bAIAR" // the deal that is followed from its line to Meta's answer
	demoNextDay = "salesforce-deals-next-day.csv"
)

func demoExports() []string {
	return []string{"salesforce-deals.csv", "hubspot-deals.csv", "store-purchases.json", "bad-records-to-mend.csv"}
}

func newDemoCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show the whole job on sample exports, without account, server or configuration",
		Long: `Imports sample exports, uploads them to a stand-in for Meta on this machine, does both again to show that nothing is
sent twice, and follows one event from its line in the file to the answer. Nothing leaves this machine.

It works in a temporary folder that is removed in the end. With --home it works in that folder, which must be empty or
new, and leaves everything there to look around in.`,
		Example: `  capibara demo
  capibara demo --home demo && capibara history events --home demo`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.demo(cmd.Context()) },
	}
}

func (a *app) demo(ctx context.Context) (err error) {
	home, keep, err := a.demoHome()
	if err != nil {
		return err
	}
	if !keep {
		defer func() { err = errors.Join(err, os.RemoveAll(home)) }()
	}
	began := a.now()
	meta, base, stop, err := a.demoMeta(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	d := &demo{app: a, home: home, meta: meta}
	if err := d.prepare(base); err != nil {
		return err
	}
	for _, act := range []func(context.Context) error{d.importing, d.uploading, d.again, d.asking, d.reckoning} {
		if err := act(ctx); err != nil {
			if ctx.Err() != nil {
				return failed(map[bool]string{true: "run it again with another --home: it starts anew", false: "run it again: it starts anew"}[keep],
					"the demo was interrupted: %w", context.Cause(ctx))
			}
			return err
		}
	}
	a.line("\nThat took %.1f seconds.", a.now().Sub(began).Seconds())
	if keep {
		a.line("Everything is left in %s: try `capibara history events --home %s`.", home, home)
	} else {
		a.line("Nothing is left behind. To look around in it, run `capibara demo --home demo`; to begin, run `capibara init`.")
	}
	return nil
}

// demoHome is an empty folder for the demo, and whether it stays.
func (a *app) demoHome() (home string, keep bool, err error) {
	if a.homeFlag == "" {
		home, err = os.MkdirTemp("", "capibara-demo-")
		if err != nil {
			return "", false, fmt.Errorf("making a folder for the demo: %w", err)
		}
		return home, false, nil
	}
	if home, err = filepath.Abs(a.homeFlag); err != nil {
		return "", false, fmt.Errorf("finding the home: %w", err)
	}
	if entries, err := os.ReadDir(home); err == nil && len(entries) > 0 {
		return "", false, failed("name a folder that does not exist yet", "%s is not empty, and the demo must not mix with real data", home)
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return "", false, failed("", "making a folder for the demo: %w", err)
	}
	return home, true, nil
}

// demoMeta serves a stand-in for Meta that does not know one of the leads, as Meta might not.
func (a *app) demoMeta(ctx context.Context) (*sandbox.Sandbox, string, func() error, error) {
	meta, err := sandbox.New(sandbox.Config{Token: demoToken, Datasets: []string{demoDataset}, UnknownLeads: []string{demoLead}, Seed: 1, Now: a.now})
	if err != nil {
		return nil, "", nil, fmt.Errorf("making the stand-in for Meta: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", nil, errors.Join(failed("the demo needs one free port on this machine", "the stand-in for Meta cannot listen: %w", err), meta.Close())
	}
	web := &http.Server{Handler: meta, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- web.Serve(l) }()
	stop := func() error {
		err := web.Close()
		if serr := <-served; !errors.Is(serr, http.ErrServerClosed) {
			err = errors.Join(err, serr)
		}
		return errors.Join(err, meta.Close())
	}
	return meta, "http://" + l.Addr().String(), stop, nil
}

// demo is one showing.
type demo struct {
	*app
	home string
	meta *sandbox.Sandbox
}

// chapter opens a part of the story.
func (d *demo) chapter(title, text string) {
	d.line("\n== %s ==\n%s", title, text)
}

// run runs a command as a person would type it, and prints both. Exit codes in fine are what the story expects.
func (d *demo) run(ctx context.Context, fine []int, args ...string) error {
	d.line("\n$ capibara %s", strings.Join(args, " "))
	typed := make([]string, len(args))
	for i, arg := range args {
		typed[i] = strings.Replace(arg, "inbox/", filepath.Join(d.home, "inbox")+string(filepath.Separator), 1)
	}
	sub := &app{stdin: d.stdin, stdout: d.stdout, stderr: d.stderr, now: d.now, homeFlag: d.home}
	root := newRootCommand(sub)
	root.SetArgs(append(typed, "--home", d.home))
	err := root.ExecuteContext(ctx)
	for _, code := range fine {
		if exitCode(err) == code {
			return nil
		}
	}
	return err
}

func (d *demo) prepare(base string) error {
	d.line("Capibara turns a folder of CRM and till exports into conversions that Meta has acknowledged. Here is the whole job, on\nsample files and with a stand-in for Meta on this machine (%s). Nobody in the files exists.", base)
	config := append(sampledata.Config(), fmt.Sprintf("\ngraph: {base_url: %q}\nupload: {batch_events: %d}\n", base, demoBatch)...)
	files, err := sampledata.Files(d.now())
	if err != nil {
		return fmt.Errorf("making the sample files: %w", err)
	}
	quiet := &app{stdin: d.stdin, stdout: nowhere{}, stderr: d.stderr, now: d.now}
	if err := os.WriteFile(filepath.Join(d.home, configName), config, 0o600); err != nil {
		return failed("", "writing the demo's configuration: %w", err)
	}
	root := newRootCommand(quiet)
	root.SetArgs([]string{"init", "--home", d.home})
	if err := root.Execute(); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(d.home, "token.txt"), []byte(demoToken+"\n"), 0o600); err != nil {
		return failed("", "writing the demo's token: %w", err)
	}
	for _, f := range files {
		if err := os.WriteFile(filepath.Join(d.home, "inbox", f.Name), f.Data, 0o600); err != nil {
			return failed("", "writing a sample file: %w", err)
		}
	}
	return nil
}

// nowhere takes what nobody needs to read.
type nowhere struct{}

// Write takes everything.
func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

func (d *demo) importing(ctx context.Context) error {
	d.chapter("1. Import", "Qualified leads and closed deals from two CRMs, in-store purchases from the tills, and a file in which nearly every record is\nwrong. Each record meets one fate; what a person can mend comes back with its reason.")
	args := []string{"import"}
	for _, name := range demoExports() {
		args = append(args, "inbox/"+name)
	}
	return d.run(ctx, []int{exitOK, exitRejected}, args...)
}

func (d *demo) uploading(ctx context.Context) error {
	d.chapter("2. Upload", fmt.Sprintf("In batches of %d here, of up to 1,000 otherwise. One event carries a lead id that Meta does not know. Meta refuses the whole\nbatch and does not say for which event: it is found by halving, and costs nobody else.", demoBatch))
	if err := d.run(ctx, []int{exitOK}, "upload"); err != nil {
		return err
	}
	return d.run(ctx, []int{exitOK}, "history", "batches")
}

func (d *demo) again(ctx context.Context) error {
	d.chapter("3. The same again", "The next day's export repeats yesterday's deals, with one amount changed and two deals new; and somebody drops the tills'\nfile a second time. Only what is new is sent.")
	if err := d.run(ctx, []int{exitOK, exitRejected}, "import", "inbox/"+demoNextDay, "inbox/store-purchases.json"); err != nil {
		return err
	}
	return d.run(ctx, []int{exitOK}, "upload")
}

func (d *demo) asking(ctx context.Context) error {
	d.chapter("4. Was that deal sent?", "Ask by deal, order, person or file; and follow one event from its line in the file to the answer.")
	if err := d.run(ctx, []int{exitOK}, "history", "events", "--record-key", demoFollow); err != nil {
		return err
	}
	id, err := d.followed(ctx)
	if err != nil {
		return err
	}
	if err := d.run(ctx, []int{exitOK}, "show", "event", id); err != nil {
		return err
	}
	if err := d.run(ctx, []int{exitOK}, "history", "events", "--state", "rejected"); err != nil {
		return err
	}
	return d.run(ctx, []int{exitOK}, "status")
}

// followed is the event_id of the deal that is followed, once it is closed.
func (d *demo) followed(ctx context.Context) (string, error) {
	list, err := d.events(ctx, audit.Query{RecordKey: demoFollow, EventName: "deal_closed"})
	if err != nil {
		return "", err
	}
	if len(list.Items) == 0 {
		return "", failed("", "the deal %s of the sample files is not in the outbox", demoFollow)
	}
	return list.Items[0].EventID, nil
}

func (d *demo) events(ctx context.Context, q audit.Query) (list audit.List[audit.Event], err error) {
	sub := &app{stdin: d.stdin, stdout: nowhere{}, stderr: d.stderr, now: d.now, homeFlag: d.home}
	c, err := sub.load()
	if err != nil {
		return list, err
	}
	h, err := sub.open(ctx, c, "demo", toRead)
	if err != nil {
		return list, err
	}
	defer closing(&err, h, "the database")
	return h.Events(ctx, q)
}

// reckoning compares the outbox with what the stand-in for Meta counted: the demo must not only say that all is well.
func (d *demo) reckoning(ctx context.Context) error {
	d.chapter("5. Do both sides agree?", "The stand-in for Meta counted for itself.")
	list, err := d.events(ctx, audit.Query{State: "acknowledged", Limit: audit.MaxPage})
	if err != nil {
		return err
	}
	for _, e := range list.Items {
		if n := d.meta.Count(demoDataset, e.EventID, e.EventName); n != 1 {
			return failed("", "event %s %s is acknowledged, and the stand-in received it %d times", e.EventName, e.EventID, n)
		}
	}
	stats := d.meta.Stats()
	if int(stats.Accepted) != len(list.Items) {
		return failed("", "%d events are acknowledged, and the stand-in received %d", len(list.Items), stats.Accepted)
	}
	d.line("\n%s acknowledged here, the same %s received there, each exactly once, in %s.",
		counted(len(list.Items), "event", "events"), grouped(len(list.Items)), counted(stats.Requests, "request", "requests"))
	return nil
}
