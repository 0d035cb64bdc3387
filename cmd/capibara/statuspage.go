package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"capibara/audit"
	"capibara/importer"
	"capibara/importer/receipt"
	"capibara/store"

	"github.com/rs/zerolog"
)

const (
	// pageLook is how often a running process looks whether the page must say something new.
	pageLook = 3 * time.Second
	// pageBeat is how old the page becomes while nothing changes, pageStale the age that says that nobody writes it.
	pageBeat  = time.Minute
	pageStale = 5 * time.Minute
	// pageRefresh is how often a browser reads it again.
	pageRefresh = 30 * time.Second

	maxPageFiles   = 10
	maxPageWaiting = 100
)

// statusPage keeps the page in the folder of receipts that says how everything stands, for people who see nothing else. It
// is written when something has changed, and once a minute so that its time tells that somebody is there.
type statusPage struct {
	house   *local
	folder  importer.ReceiptFolder
	waiting func() []string // what the inbox does not take, each a sentence
	log     zerolog.Logger

	said    [sha256.Size]byte // what the page says but for the time
	written time.Time
	trouble string // that was logged
}

// keep writes the page until ctx is done. That it cannot be written is logged, and stops nothing else.
func (p *statusPage) keep(ctx context.Context) error {
	again := time.NewTicker(pageLook)
	defer again.Stop()
	for {
		p.tell(ctx, p.look(ctx))
		select {
		case <-ctx.Done():
			return nil
		case <-again.C:
		}
	}
}

// end writes the page for the last time: from now on nobody is there.
func (p *statusPage) end() {
	ctx := context.Background()
	s, err := p.standing(ctx, p.house.reader().Unattended(len(p.house.config.Schedule.Upload) > 0))
	if err == nil {
		s.Stopped = true
		err = p.write(s)
	}
	p.tell(ctx, err)
}

func (p *statusPage) tell(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err == nil && p.trouble != "":
		p.log.Info().Msg("the page " + receipt.StatusName + " is written again")
		p.trouble = ""
	case err != nil && err.Error() != p.trouble:
		p.trouble = err.Error()
		p.log.Warn().Err(err).Msg("the page " + receipt.StatusName + " cannot be written; it is tried again")
	}
}

// look writes the page when it would say something new, or is growing old.
func (p *statusPage) look(ctx context.Context) error {
	now := p.house.now()
	said, err := p.fingerprint(ctx)
	if err != nil {
		return err
	}
	if age := now.Sub(p.written); said == p.said && age >= 0 && age < pageBeat {
		return nil
	}
	s, err := p.standing(ctx, p.house.reader())
	if err != nil {
		return err
	}
	if err := p.write(s); err != nil {
		return err
	}
	p.said, p.written = said, now
	return nil
}

// fingerprint is of what is quickly looked up and changes whenever the page would: counters, the last files and upload, what
// waits and what is stopped.
func (p *statusPage) fingerprint(ctx context.Context) (sum [sha256.Size]byte, err error) {
	db := p.house.db
	counts, err := db.Counts(ctx, p.house.now())
	if err != nil {
		return sum, err
	}
	files, err := db.Files(ctx, store.Filter{Limit: maxPageFiles})
	if err != nil {
		return sum, err
	}
	last, err := db.LastRun(ctx, audit.UploadSchedule)
	if err != nil {
		return sum, err
	}
	h := sha256.New()
	fmt.Fprintln(h, counts, last, p.waiting(), p.house.testimony.inDoubt() != nil)
	for _, f := range files.Items {
		fmt.Fprintln(h, f.Number, f.State, f.Counts)
	}
	for _, alias := range p.house.config.aliases() {
		id := string(p.house.config.Datasets[alias].ID)
		circuit, err := db.Circuit(ctx, id)
		live, lerr := db.Live(ctx, id)
		if err := errors.Join(err, lerr); err != nil {
			return sum, err
		}
		fmt.Fprintln(h, circuit, live)
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

func (p *statusPage) write(s receipt.Status) error {
	return p.folder.Replace(receipt.StatusName, func(w io.Writer) error { return receipt.WriteStatus(w, s) })
}

// standing is what the page says.
func (p *statusPage) standing(ctx context.Context, r *audit.Reader) (receipt.Status, error) {
	now, zone := p.house.now(), p.house.config.zone
	st, err := r.Status(ctx)
	if err != nil {
		return receipt.Status{}, err
	}
	waits := p.waiting()
	addWaiting(&st, waits)
	s := receipt.Status{Written: now.In(zone), Zone: zone.String(), Refresh: pageRefresh, Stale: pageStale, OK: st.OK, Summary: st.Summary,
		Waiting: waits[:min(maxPageWaiting, len(waits))], Unlisted: max(0, len(waits)-maxPageWaiting), SendsTo: st.Bound.Sentence()}
	if st.NextUpload != nil {
		s.NextUpload = *st.NextUpload
	}
	if st.LastUpload != nil {
		s.LastUpload, s.LastSaid = *st.LastUpload, st.LastSummary
	}
	for _, c := range states(st.Events) {
		if means, always := stateMeans(c.state); c.n > 0 || always {
			s.States = append(s.States, receipt.State{Name: strings.ReplaceAll(c.state, "_", " "), Means: means, Count: c.n})
		}
	}
	files, err := p.house.db.Files(ctx, store.Filter{Limit: maxPageFiles})
	if err != nil {
		return s, err
	}
	for _, f := range files.Items {
		one := receipt.File{Number: f.Number, Name: f.Name, Taken: f.StartedAt.In(zone), Counts: receipt.Counts(f.Counts),
			Refused: f.State == store.FileRefused, Busy: f.State == store.FileImporting}
		name := filepath.Base(filepath.FromSlash(f.Receipt))
		if info, err := os.Lstat(filepath.Join(p.folder.Dir, name)); f.Receipt != "" && err == nil && info.Mode().IsRegular() {
			one.Receipt = name
		}
		s.Files = append(s.Files, one)
	}
	return s, nil
}

// stateMeans says what a state means, and whether it is shown when no event is in it.
func stateMeans(state string) (means string, always bool) {
	switch state {
	case "pending":
		return "They wait for the next upload.", true
	case "in_flight":
		return "They are being sent.", false
	case "acknowledged":
		return "Meta has them.", true
	case "rejected":
		return "Meta refused them.", false
	case "expired":
		return "They became too old to be sent.", false
	case "held":
		return "Nobody knows whether Meta has them; a person decides.", false
	case "withdrawn":
		return "They were taken back before they were sent.", false
	case "erased":
		return "Their content was erased on request.", false
	}
	return "", false
}

// addWaiting adds to how the ledger stands what only a running process knows: which files wait in the inbox, and why.
func addWaiting(st *audit.Status, sentences []string) {
	for _, sentence := range sentences {
		st.Waiting = append(st.Waiting, audit.WaitingFile{Reason: sentence})
	}
	if n := len(sentences); n > 0 {
		needs := counted(n, "file in the inbox needs", "files in the inbox need") + " somebody."
		if st.OK { // what somebody has to do comes first
			st.OK, st.Summary = false, needs+" "+st.Summary
		} else {
			st.Summary += " " + needs
		}
	}
}
