package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"capibara/audit"
	"capibara/importer"
	"capibara/store/bolt"
	"capibara/uploader"
	"capibara/uploader/capi"

	"github.com/rs/zerolog"
)

// local is a house that this process has open.
type local struct {
	config *config
	db     *bolt.DB
	log    zerolog.Logger
	now    func() time.Time
	acts   bool // it is open for writing
	noted  bool // and a note says so
	serves bool // as capibara run, which nobody watches

	testimony   *testimony                            // whether this is the one ledger
	next        func(after time.Time) time.Time       // when the schedule uploads; nil without one
	patience    time.Duration                         // how long an upload goes on asking a dataset that does not answer; 0: the default
	uploader    *uploader.Uploader                    // made by the first upload
	passing     sync.Mutex                            // held while an upload is under way
	copying     sync.Mutex                            // held while a backup is written, and while the database is compacted
	toldHead    string                                // the day on which the head of the audit log was logged
	toldTokens  bool                                  // somebody was told already how the access tokens are kept
	toldVersion string                                // what was logged about the Graph version
	erased      erased                                // who was erased
	eraseTurn   sync.Mutex                            // held while people are erased
	still       func(context.Context) (func(), error) // lets no file be touched; nil when nobody else does
	audience    audience                              // who wants to know how far the upload is
	soon        func()                                // has the schedule upload now; nil without one
	// reconsider has the schedule ask when an upload makes sense again; nil without one.
	reconsider func(context.Context)
	imports    underWay // how far imports are
	ruled      sync.Once
	inForce    []audit.SourceRule // the sources, once somebody asked for them
	daybook    *audit.Daybook     // what an overview counts, kept by capibara run; nil elsewhere
	lookUps    lookUps            // of people, that the audit log has
	owed       atomic.Pointer[[]uploader.NotLive]
}

// Close releases the database.
func (l *local) Close() error {
	var err error
	if l.acts {
		l.testimony.keep(context.Background())
	}
	if l.noted {
		err = clearHolder(l.config)
	}
	return errors.Join(err, l.db.Close())
}

// reader answers questions about the ledger.
func (l *local) reader() *audit.Reader {
	var datasets []audit.Dataset
	for _, alias := range l.config.aliases() {
		d := l.config.Datasets[alias]
		datasets = append(datasets, audit.Dataset{Alias: alias, ID: string(d.ID), Live: d.Live || l.config.rehearses()})
	}
	now := l.now()
	graph := audit.GraphStatus{Version: l.config.Graph.Version, Ended: l.config.versionEnded(now), Note: l.config.versionEnds(now)}
	if l.uploader != nil {
		graph.Warning = l.uploader.VersionWarning()
	}
	return audit.New(audit.Config{Store: l.db, Datasets: datasets, Zone: l.config.zone, NextUpload: l.next, Graph: graph,
		Ledger: l.testimony.inDoubt().status(), Lost: l.erased.status(), Daybook: l.daybook, Rules: l.rules, MappingText: mappingText, Now: l.now})
}

// Status tells how things stand.
func (l *local) Status(ctx context.Context) (audit.Status, error) { return l.reader().Status(ctx) }

// Events returns a page of events.
func (l *local) Events(ctx context.Context, q audit.Query) (audit.List[audit.Event], error) {
	page, err := l.reader().Events(ctx, q)
	if err == nil {
		page.Unrecorded = l.lookedUpBy(ctx, q)
	}
	return page, err
}

// Search is Events that tells how far it is.
func (l *local) Search(ctx context.Context, q audit.Query, tell func(progress)) (audit.List[audit.Event], error) {
	page, err := l.reader().Search(ctx, q, func(looked, of uint64) {
		tell(progress{Done: int64(looked), Total: int64(of), Count: int64(looked)})
	})
	if err == nil {
		page.Unrecorded = l.lookedUpBy(ctx, q)
	}
	return page, err
}

// Batches returns a page of batches.
func (l *local) Batches(ctx context.Context, q audit.Query) (audit.List[audit.Batch], error) {
	return l.reader().Batches(ctx, q)
}

// Files returns a page of imports.
func (l *local) Files(ctx context.Context, q audit.Query) (audit.List[audit.File], error) {
	return l.reader().Files(ctx, q)
}

// ShowEvent tells the story of the events with an event_id.
func (l *local) ShowEvent(ctx context.Context, id string) ([]audit.EventStory, error) {
	return l.reader().ShowEvent(ctx, id)
}

// ShowBatch tells the story of a batch.
func (l *local) ShowBatch(ctx context.Context, n uint64) (audit.BatchStory, error) {
	return l.reader().ShowBatch(ctx, n)
}

// ShowFile tells the story of an import.
func (l *local) ShowFile(ctx context.Context, n uint64) (audit.FileStory, error) {
	return l.reader().ShowFile(ctx, n)
}

// CheckDatabase reads everything.
func (l *local) CheckDatabase(ctx context.Context) ([]string, error) {
	problems := []string{}
	err := l.db.Check(ctx, func(p string) { problems = append(problems, p) })
	return problems, err
}

// roomLog is what the rooms write their log to. A command that somebody waits for prints what came of it; the log would
// only say it again, so that it speaks when it was asked for.
func (l *local) roomLog() zerolog.Logger {
	if !l.serves && l.log.GetLevel() == zerolog.WarnLevel {
		return zerolog.Nop()
	}
	return l.log
}

func (l *local) importer(all []*importer.Mapping, tell func(progress)) (*importer.Importer, error) {
	folders, err := l.config.importFolders()
	if err != nil {
		return nil, err
	}
	receipts, err := l.config.receiptFolder()
	if err != nil {
		return nil, err
	}
	return importer.New(importer.Config{Store: l.db, Log: l.roomLog(), Home: l.config.Home,
		Folders: folders, Receipts: receipts,
		Mappings: all, Now: l.now, Progress: l.importProgress(tell), Outlook: l.outlook, Suppressed: l.erased.who.Load}), nil
}

// Import imports one file.
func (l *local) Import(ctx context.Context, o order, tell func(progress)) (r fileReport, err error) {
	all, err := l.config.mappings()
	if err != nil {
		return r, err
	}
	im, err := l.importer(all, tell)
	if err != nil {
		return r, err
	}
	in := importer.Input{Path: o.Path, Name: o.Name}
	if o.Source != "" {
		i := slices.IndexFunc(all, func(m *importer.Mapping) bool { return m.Name() == o.Source })
		if i < 0 {
			return r, misused("the sources are "+l.config.sourceNames(), "no source is named %q", o.Source)
		}
		in.Mapping = all[i]
	} else if in.Mapping, err = im.Find(ctx, "", o.Name); errors.Is(err, importer.ErrNoSource) {
		return r, l.config.noSource(o.Name, reader{})
	} else if err != nil {
		return r, err
	}
	if o.Content != nil {
		spool, serr := l.spool(ctx, o.Content)
		if serr != nil {
			return r, serr
		}
		defer func() { err = errors.Join(err, os.Remove(spool)) }()
		in.Path = spool
	}
	got, err := im.Import(ctx, in)
	return newFileReport(got), l.importError(ctx, o, err)
}

// importError adds the way out to what the importer and the system say.
func (l *local) importError(ctx context.Context, o order, err error) error {
	switch {
	case err != nil && ctx.Err() != nil:
		return failed("nothing is lost: run the same command again and it goes on where it stopped", "import %s: %w", o.Name, context.Cause(ctx))
	case diskHint(err) != "":
		return err // a full disk needs room, wherever the file was to go
	case errors.Is(err, importer.ErrReceipt):
		return failed("folders.receipts in the configuration says where receipts go; let the user who runs capibara write there, and import the file again", "%w", err)
	case errors.Is(err, os.ErrNotExist):
		return failed("check the path; `capibara import FILE` takes any path", "there is no file %s", cmp.Or(o.Path, o.Name))
	case errors.Is(err, os.ErrPermission):
		return failed("let the user who runs capibara read it", "%w", err)
	}
	return err
}

// spool keeps standard input in a file, since an import reads its input twice.
func (l *local) spool(ctx context.Context, content io.Reader) (path string, err error) {
	f, err := os.CreateTemp(l.config.Folders.Data, spoolPattern)
	if err != nil {
		return "", fmt.Errorf("keeping standard input for the import: %w", err)
	}
	defer closing(&err, f, f.Name())
	if _, err := io.Copy(f, contextReader{ctx, content}); err != nil {
		return "", errors.Join(fmt.Errorf("keeping standard input for the import: %w", err), os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// contextReader stops reading when its context is done.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

// Read reads on while the context lasts.
func (c contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}

// rehearses reports whether requests stay on this machine.
func (c *config) rehearses() bool {
	u, err := url.Parse(c.Graph.BaseURL)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// client returns a client of the configured Graph endpoint.
func (c *config) client(now func() time.Time) (*capi.Client, error) {
	client, err := capi.New(capi.Config{BaseURL: c.Graph.BaseURL, Version: c.Graph.Version, Timeout: time.Duration(c.Graph.Timeout),
		PartnerAgent: "capibara", Now: now, AppSecret: c.appSecret})
	if err != nil {
		return nil, failed("graph.base_url in the configuration and CAPIBARA_GRAPH_BASE_URL say where requests go", "%w", err)
	}
	return client, nil
}

// upstream makes the uploader ready to send, once, and takes in what the process before left behind.
func (l *local) upstream(ctx context.Context) (*uploader.Uploader, error) {
	if l.uploader != nil {
		return l.uploader, nil
	}
	u, err := l.newUploader()
	if err != nil {
		return nil, err
	}
	l.tellVersion()
	n, err := u.Recover(ctx)
	if err != nil {
		return nil, err
	}
	if n > 0 && !l.serves {
		l.log.Warn().Int("batches", n).Msg("the process before ended while it was sending; what it sent is sent again only as it was")
	}
	l.uploader = u
	return u, nil
}

func (l *local) newUploader() (*uploader.Uploader, error) {
	c := l.config
	if len(c.Datasets) == 0 {
		return nil, c.noDatasets()
	}
	client, err := c.client(l.now)
	if err != nil {
		return nil, err
	}
	log := l.log
	if l.toldTokens {
		log = zerolog.Nop()
	}
	var datasets []uploader.Dataset
	for _, alias := range c.aliases() {
		d := c.Datasets[alias]
		if err := c.usable(alias); err != nil {
			return nil, err
		}
		datasets = append(datasets, uploader.Dataset{Alias: alias, ID: string(d.ID), Token: tokenSource(alias, d, log),
			Live: d.Live || c.rehearses()})
	}
	u, err := uploader.New(uploader.Config{Store: boundOutbox{l.db, c, l.testimony}, Client: client, Datasets: datasets, Log: l.roomLog(),
		BatchEvents: c.Upload.BatchEvents, InFlight: c.Upload.InFlight, ResendWindow: time.Duration(c.Upload.ResendWindow),
		Patience: l.patience, Now: l.now, Progress: l.audience.hear, ResendUnknown: uploader.Resend(c.Upload.ResendUnknown),
		Column: c.columnOf(), Next: l.nextUrgent})
	if err != nil {
		return nil, failed("", "%w", err)
	}
	return u, nil
}
