package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"capibara/audit"
	"capibara/importer"
	"capibara/store"
	"capibara/uploader"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

func newRunCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "run",
		Short: "Watch the inbox and upload on schedule, until it is stopped",
		Long: `Imports what is dropped into the inbox, uploads on schedule, and answers the other commands of this home while it
runs. How things stand is always in _STATUS.html in the folder of receipts, beside the receipt of every file, and on the
page that it serves to browsers on this machine: the first line that it writes says where. Once a day, at nine in the
morning, and a minute after the start it asks Meta whether the access tokens work, so that a dead one is told before an
upload needs it. Ctrl-C, SIGTERM or a terminal that is closed ends it in order: what is under way is finished, and a
second signal more than a second later ends it at once. It may be killed at any moment: the next start goes on where it
stopped.`,
		Example: `  capibara run
  capibara run --home /srv/conversions --log-level debug`,
		Args: arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.run(cmd.Context()) },
	}
}

func (a *app) run(ctx context.Context) (err error) {
	c, err := a.load()
	if err != nil {
		return err
	}
	log, err := a.logger(zerolog.InfoLevel)
	if err != nil {
		return err
	}
	self := c.process(os.Getpid(), a.now())
	if conn, err := dialSocket(ctx, c); err != nil {
		return err
	} else if conn != nil {
		return runningError(ctx, c, conn)
	}
	l, err := a.openLocal(ctx, c, "run", toAct, log)
	if err != nil {
		return cutShort(ctx, err)
	}
	defer closing(&err, l, "the database")
	defer func() { err = cutShort(ctx, err) }()
	l.serves = true
	if d := l.testimony.inDoubt(); d != nil {
		log.Error().Str("hint", d.fix).Msg("files are imported and nothing is sent: " + d.why)
	}
	if err := unbound(ctx, l.db, c); err != nil {
		return err
	}
	all, err := c.mappings()
	if err != nil {
		return err
	}
	if _, err := c.furnish(); err != nil {
		return err
	}
	u, err := l.upstream(ctx)
	if err != nil {
		return err
	}
	var inbox *importer.Inbox
	schedule, err := c.schedule(uploader.ScheduleConfig{Store: l.db, Run: l.scheduledUpload, Again: u.Due, Urgent: u.Urgent, Log: log,
		Now: a.now, Gather: func(ctx context.Context) { l.gather(ctx, inbox) }})
	if err != nil {
		return err
	}
	if schedule != nil {
		l.next, l.soon, l.reconsider = schedule.Next, schedule.Soon, schedule.Reconsider
	}
	id, err := l.db.ID(ctx)
	if err != nil {
		return err
	}
	receipts, err := c.receiptFolder()
	if err != nil {
		return err
	}
	im, err := l.importer(all, func(progress) {})
	if err != nil {
		return err
	}
	inbox, err = importer.NewInbox(importer.InboxConfig{Importer: im, Dir: c.Folders.Inbox, Receipts: c.Folders.Receipts, Owner: id,
		Poll: time.Duration(c.Inbox.Poll), Settle: time.Duration(c.Inbox.Settle), Log: log})
	if err != nil {
		return err
	}
	socket, err := listenSocket(ctx, c)
	if err != nil {
		return err
	}
	l.daybook = audit.NewDaybook(l.db, c.zone, a.now)
	rooms, alive := errgroup.WithContext(ctx)
	pages := &webRoom{config: c, tokens: &pageTokenFile{config: c}, log: log, again: webAgain, grace: webGrace}
	pages.ledger = &pageLedger{house: l, waiting: inbox.Waiting, url: pages.address,
		upload: func() error { return l.uploadSoon(alive, rooms) }}
	listening := pages.open(ctx)
	start := pages.serving(log.Info()).Str("home", c.Home).Str("inbox", c.Folders.Inbox).Int("sources", len(all)).
		Strs("datasets", c.aliases()).Str("endpoint", c.Graph.BaseURL).Int("pid", os.Getpid())
	if schedule != nil {
		start = start.Time("next_upload", schedule.Next(a.now()))
	}
	start.Msg("running: the inbox is watched" + map[bool]string{true: " and uploads are scheduled", false: "; no upload is scheduled"}[schedule != nil])

	page := &statusPage{house: l, folder: receipts, waiting: inbox.Waiting, log: log}
	s := &server{house: l, self: self, log: log, alive: alive, ledger: pages.ledger}
	l.still = func(ctx context.Context) (func(), error) {
		release, err := inbox.Hold(ctx)
		if err != nil {
			return nil, err
		}
		s.imports.Lock()
		return func() { s.imports.Unlock(); release() }, nil
	}
	rooms.Go(func() error { return s.serve(alive, socket) })
	rooms.Go(func() error { return pages.keep(alive, listening) })
	rooms.Go(func() error { return ending(inbox.Run(alive)) })
	rooms.Go(func() error { return page.keep(alive) })
	rooms.Go(func() error { return prune(alive, im, time.Duration(c.Retention.Files), log) })
	rooms.Go(func() error { l.retain(alive, settledIn*10, pruneEvery); return nil })
	rooms.Go(func() error { return l.unbroken(alive) })
	watch := &expiringWatch{store: l.db, datasets: c.datasetIDs(), log: log, now: a.now}
	rooms.Go(func() error { watch.keep(alive); return nil })
	rooms.Go(func() error { daily(alive, c.zone, a.now, l.askDaily); return nil })
	rooms.Go(func() error { l.keepDaybook(alive); return nil })
	if schedule != nil {
		rooms.Go(func() error { return ending(schedule.Run(alive)) })
		rooms.Go(func() error { l.resume(alive); return nil })
	}
	err = rooms.Wait()
	page.end()
	if err != nil {
		return err
	}
	why := "asked to"
	if cause := context.Cause(ctx); cause != nil {
		why = cause.Error()
	}
	log.Info().Str("why", why).Msg("ended in order; nothing is under way")
	return nil
}

// uploadSoon has the schedule upload now. Without one it begins an upload by itself.
func (l *local) uploadSoon(alive context.Context, rooms *errgroup.Group) error {
	if alive.Err() != nil {
		return failed("start `capibara run` again", "capibara is ending")
	}
	if l.soon != nil {
		l.soon()
		return nil
	}
	rooms.Go(func() error {
		if _, err := l.Upload(alive, func(progress) {}); err != nil && alive.Err() == nil {
			l.log.Error().Str("hint", hintOf(err)).Msg("the upload that was asked for on the page: " + err.Error())
		}
		return nil
	})
	return nil
}

// cutShort lets a start that was cut short end without an error when the process was asked to end.
func cutShort(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return ending(err)
}

// ending lets a room end without an error when the process was asked to end.
func ending(err error) error {
	var signal *interruptedError
	if errors.Is(err, context.Canceled) || errors.As(err, &signal) {
		return nil
	}
	return err
}

// unbroken returns when the database takes no more changes, so that the process ends: it would look alive and do nothing,
// and the next one knows what the disk holds.
func (l *local) unbroken(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-l.db.Broken():
		return fmt.Errorf("the running capibara ends: %w", l.db.BrokenBy())
	}
}

// scheduledUpload is one run of the schedule, with the sentence that is kept about it.
func (l *local) scheduledUpload(ctx context.Context) (string, error) {
	if !l.passing.TryLock() {
		return "An upload was under way already.", nil
	}
	defer l.passing.Unlock()
	if err := l.testimony.maySend(); err != nil {
		l.log.Error().Str("hint", hintOf(err)).Msg(err.Error())
		return "Nothing was sent: " + l.testimony.inDoubt().why + ".", nil
	}
	if err := l.eraseLeft(ctx); err != nil {
		return "", err
	}
	l.testimony.pass()
	s, err := l.uploader.Upload(ctx)
	l.testimony.keep(ctx)
	l.owes(s.NotLive)
	if err != nil && s.Requests == 0 {
		return "", err
	}
	said := []string{summarySentence(s)}
	if outcome := uploadOutcome(s); outcome != nil {
		said = append(said, fmt.Sprintf("%s.", strings.TrimSuffix(outcome.Error(), ".")))
		l.log.Warn().Str("hint", hintOf(outcome)).Msg(outcome.Error())
	}
	if halts, herr := l.db.Halts(ctx); herr == nil && slices.ContainsFunc(halts, func(h store.Halt) bool { return h.Events > 0 }) {
		said = append(said, haltedNote)
	}
	return strings.Join(said, " "), err
}
