package web_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"capibara/audit"
	"capibara/audit/web"
	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"

	"github.com/rs/zerolog"
)

// noon is when everything in these tests happens.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const (
	dataset = "1234567890"
	evil    = `"><script>alert(1)</script><img src=x onerror=alert(2)>`
)

// ledger is a real outbox with what the running process adds to it.
type ledger struct {
	*audit.Reader
	db *bolt.DB

	mu      sync.Mutex
	uploads []string // who asked for them
	busy    bool     // one is under way
	lookUps []string // who looked for people
	before  func()   // happens before a list or a status is read; nil for nothing
}

// newLedger makes an outbox of two files with three events, one of them halted, whose names are what an attacker would write.
func newLedger(t *testing.T) *ledger {
	t.Helper()
	l := bareLedger(t)
	l.file(t, evil+".csv", 1, l.record(2, "deal-1", "1", "mary@example.com"), l.record(3, "=cmd|' /C calc'!A1", "1", "mary@example.com"))
	l.file(t, "deals.csv", 2, l.record(2, "deal-3", "1", "mary@example.com"))
	if err := l.db.Halt(t.Context(), store.Halt{HaltKey: store.HaltKey{Kind: store.HaltFile, File: 2}, Reason: "It is worth too much."}, noon); err != nil {
		t.Fatal(err)
	}
	return l
}

func bareLedger(t *testing.T) *ledger {
	t.Helper()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "capibara.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &ledger{db: db, Reader: audit.New(audit.Config{Store: db, Datasets: []audit.Dataset{{Alias: "main", ID: dataset}}, Now: func() time.Time { return noon }})}
}

// record is a record that was accepted as a purchase of somebody.
func (l *ledger) record(line uint64, id, value, email string) store.Record {
	amount, err := event.ParseMoney(value)
	if err != nil {
		panic(err)
	}
	e := event.Event{Name: "Purchase", ID: id, Time: noon.Add(-time.Hour).Unix(), ActionSource: event.SourcePhysicalStore,
		Custom: event.CustomData{Value: amount, Currency: "EUR"}}
	e.User.AddHash(event.Email, sha256.Sum256([]byte(email)))
	return store.Record{Line: line, RecordKey: id, Rows: []store.NewRow{{Dataset: dataset, EventID: id, EventName: e.Name, EventTime: e.Time,
		Deadline: event.DefaultWindow().Deadline(e.Time), Fingerprint: e.Fingerprint(), Payload: e.AppendBinary(nil), Value: amount, Currency: "EUR"}}}
}

// file imports a file.
func (l *ledger) file(t *testing.T, name string, seed byte, records ...store.Record) {
	t.Helper()
	f, err := l.db.OpenFile(t.Context(), store.NewFile{Name: name, Source: "deals", SHA256: event.Hash{seed}, Size: 1234, Mapping: "name: deals\n"}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.db.Import(t.Context(), f.Number, store.Chunk{First: 1, Records: records}, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := l.db.CloseFile(t.Context(), f.Number, store.FileEnd{State: store.FileImported, ArchivedAs: "archive/" + name}, noon); err != nil {
		t.Fatal(err)
	}
}

func (l *ledger) setBefore(before func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before = before
}

func (l *ledger) happen() {
	l.mu.Lock()
	before := l.before
	l.mu.Unlock()
	if before != nil {
		before()
	}
}

// Status is the outbox's.
func (l *ledger) Status(ctx context.Context) (audit.Status, error) {
	l.happen()
	return l.Reader.Status(ctx)
}

// Events keeps who looks for people, as the running process does.
func (l *ledger) Events(ctx context.Context, q audit.Query) (audit.List[audit.Event], error) {
	l.happen()
	if q.Personal() {
		v, _ := web.Asking(ctx)
		l.mu.Lock()
		l.lookUps = append(l.lookUps, v.Name)
		l.mu.Unlock()
	}
	return l.Reader.Events(ctx, q)
}

// Report has nobody to tell how far it is.
func (l *ledger) Report(ctx context.Context, q audit.ReportQuery) (audit.Report, error) {
	l.happen()
	return l.Reader.Report(ctx, q, func(_, _ uint64) {})
}

// Receipt is a page that somebody else tampered with; there is one for file 1 alone.
func (l *ledger) Receipt(_ context.Context, n uint64) ([]byte, error) {
	if n != 1 {
		return nil, fmt.Errorf("there is no receipt of file %d: %w", n, store.ErrNotFound)
	}
	return []byte("<!DOCTYPE html><style>p{color:red}</style><p>6 records</p><script>alert(1)</script><style>p{color:blue}</style>"), nil
}

// ShowFile adds how far an import is that is under way.
func (l *ledger) ShowFile(ctx context.Context, n uint64) (audit.FileStory, error) {
	s, err := l.Reader.ShowFile(ctx, n)
	if s.State == store.FileImporting.String() {
		s.Progress = &audit.ImportProgress{Percent: 62, SecondsLeft: 130}
	}
	return s, err
}

// Upload only keeps who asked for it.
func (l *ledger) Upload(_ context.Context, by string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.busy {
		return web.ErrBusy
	}
	l.uploads = append(l.uploads, by)
	return nil
}

// Allow lets go what is halted.
func (l *ledger) Allow(ctx context.Context, k store.HaltKey, by string) (uint64, error) {
	return l.db.Allow(ctx, k, by, noon)
}

// place is a site that is served.
type place struct {
	t      *testing.T
	ledger *ledger
	url    string
	host   string // of the Host header that is answered
	log    *safeBuffer

	mu     sync.Mutex
	tokens []web.Token
	broken error // why the tokens cannot be read
	now    time.Time
}

// safeBuffer takes in what several goroutines write.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write takes it in.
func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// serve serves a site; change changes how, before.
func serve(t *testing.T, change func(*web.Config)) *place {
	t.Helper()
	p := &place{t: t, ledger: newLedger(t), log: &safeBuffer{}, now: noon}
	server := httptest.NewUnstartedServer(nil)
	p.host = server.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(p.host)
	c := web.Config{Ledger: p.ledger, Log: zerolog.New(p.log), Hosts: []string{p.host, "localhost:" + port}, Tokens: p.readTokens, Now: p.clock}
	if change != nil {
		change(&c)
	}
	p.host = c.Hosts[0]
	server.Config.Handler = web.New(c).Handler()
	server.Start()
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *place) readTokens() ([]web.Token, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens, p.broken
}

func (p *place) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *place) wait(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

func (p *place) setTokens(err error, tokens ...web.Token) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens, p.broken = tokens, err
}

// token is one whose text is its name followed by -secret.
func token(name string, role web.Role) web.Token {
	return web.Token{Name: name, Role: role, SHA256: sha256.Sum256([]byte(name + "-secret"))}
}

// asked is a request in short: what differs from a simple one of the right host.
type asked struct {
	method, path, body string
	header             map[string]string // Host among them
	client             *http.Client
}

// answered is an answer that was read to its end.
type answered struct {
	status int
	header http.Header
	body   string
}

func (p *place) ask(a asked) answered {
	p.t.Helper()
	got, err := p.try(a)
	if err != nil {
		p.t.Fatal(err)
	}
	return got
}

func (p *place) try(a asked) (answered, error) {
	if a.method == "" {
		a.method = http.MethodGet
	}
	r, err := http.NewRequestWithContext(p.t.Context(), a.method, p.url+a.path, strings.NewReader(a.body))
	if err != nil {
		return answered{}, err
	}
	r.Host = p.host
	for name, value := range a.header {
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
	client := a.client
	if client == nil {
		client = &http.Client{CheckRedirect: stay}
	}
	resp, err := client.Do(r)
	if err != nil {
		return answered{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answered{resp.StatusCode, resp.Header, string(body)}, err
}

func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// browser is a client that keeps cookies.
func (p *place) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: stay}
}

// failure is the JSON of an answer that says why there is no other.
func (a answered) failure(t *testing.T) (f struct{ Error, Hint string }) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &f); err != nil || f.Error == "" {
		t.Errorf("%d is answered with %q, which is no failure in JSON", a.status, a.body)
	}
	return f
}
