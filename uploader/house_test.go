package uploader

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
	"capibara/uploader/capi"
	"capibara/uploader/sandbox"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	shop  = "1234567890"
	other = "2222222222"
	day   = 24 * time.Hour
	// secret is what must never appear in a log.
	secret = "EAAtestingTokenThatNobodyMaySee1234"
)

// personal is what must never appear in a log: tokens, hashed identifiers, and what else an event holds.
var personal = regexp.MustCompile(`EAA(testing|wrong|another)|\b[0-9a-f]{64}\b|order-|user_data|custom_data`)

// house is an uploader over a real store and a real sandbox, with everything that a test may want to change.
type house struct {
	*testing.T
	path   string
	db     *bolt.DB
	meta   *sandbox.Sandbox
	wire   *wire
	config Config
	log    *journal
	rows   int // rows made so far
}

// inBubble runs a test on a fake clock, with a database and a sandbox that live in it.
func inBubble(t *testing.T, f func(*house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(newHouse(t, sandbox.Config{})) })
}

func newHouse(t *testing.T, s sandbox.Config) *house {
	t.Helper()
	h := &house{T: t, path: filepath.Join(memory(t), "capibara.db"), log: &journal{}}
	if s.Token == "" {
		s.Token = secret
	}
	var err error
	if h.meta, err = sandbox.New(s); err != nil {
		t.Fatal(err)
	}
	h.wire = &wire{next: h.meta}
	if h.db, err = bolt.Create(h.path, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.db.Close(); err != nil {
			t.Error(err)
		}
		if err := h.meta.Close(); err != nil {
			t.Error(err)
		}
		if what := personal.Find(h.log.bytes()); what != nil {
			t.Errorf("%q is in the log", what)
		}
	})
	client, err := capi.New(capi.Config{BaseURL: "http://127.0.0.1:1", Transport: h.wire, Timeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	h.config = Config{Store: h.db, Client: client, Log: zerolog.New(h.log),
		Datasets: []Dataset{{Alias: "shop", ID: shop, Token: tokens(secret), Live: true}}}
	return h
}

// memory is a folder whose files are in memory where there is such a thing: hundreds of tests that wait for a disk take
// minutes, and show nothing more.
func memory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "capibara-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func tokens(t capi.Token) func() (capi.Token, error) {
	return func() (capi.Token, error) { return t, nil }
}

func (h *house) uploader() *Uploader {
	h.Helper()
	u, err := New(h.config)
	if err != nil {
		h.Fatal(err)
	}
	return u
}

// upload makes a pass with a new uploader, as a new process would.
func (h *house) upload() Summary {
	h.Helper()
	s, err := h.uploader().Upload(h.Context())
	if err != nil {
		h.Fatalf("upload: %v", err)
	}
	return s
}

// die closes the database and opens it again, as the death of a process and its successor would.
func (h *house) die() {
	h.Helper()
	if err := h.db.Close(); err != nil {
		h.Fatal(err)
	}
	var err error
	if h.db, err = bolt.Open(h.path, bolt.Options{}); err != nil {
		h.Fatal(err)
	}
	h.config.Store = h.db
	if _, err := h.uploader().Recover(h.Context()); err != nil {
		h.Fatal(err)
	}
}

// sale makes a good event.
func sale(id string, at time.Time) event.Event {
	e := event.Event{Name: "Purchase", Time: at.Unix(), ID: id, ActionSource: event.SourcePhysicalStore}
	e.User.AddHash(event.Email, sha256.Sum256([]byte(id+"@example.com")))
	e.Custom.Value, _ = event.ParseMoney("19.99")
	e.Custom.Currency, e.Custom.OrderID = "EUR", "order-"+id
	return e
}

// good makes a row that Meta accepts.
func good(id string, now time.Time) store.NewRow {
	e := sale(id, now.Add(-time.Hour))
	return row(shop, e, now.Add(6*day))
}

// bad makes a row that looks well here and is too old for Meta.
func bad(id string, now time.Time) store.NewRow {
	e := sale(id, now.Add(-100*day))
	return row(shop, e, now.Add(6*day))
}

func row(dataset string, e event.Event, deadline time.Time) store.NewRow {
	return store.NewRow{Dataset: dataset, EventID: e.ID, EventName: e.Name, EventTime: e.Time, Deadline: deadline.Unix(),
		Fingerprint: e.Fingerprint(), Payload: e.AppendBinary(nil)}
}

// put imports rows as one file.
func (h *house) put(rows ...store.NewRow) {
	h.Helper()
	ctx, now := h.Context(), time.Now()
	h.rows++
	f, err := h.db.OpenFile(ctx, store.NewFile{Name: fmt.Sprintf("%d.csv", h.rows), Source: "till",
		SHA256: sha256.Sum256(fmt.Append(nil, h.rows)), Size: 1, Mapping: "m"}, now)
	if err != nil {
		h.Fatal(err)
	}
	c := store.Chunk{First: 1}
	for i, r := range rows {
		c.Records = append(c.Records, store.Record{Line: uint64(i + 2), Rows: []store.NewRow{r}})
	}
	result, err := h.db.Import(ctx, f.Number, c, now)
	if err != nil {
		h.Fatal(err)
	}
	if int(result.Events) != len(rows) {
		h.Fatalf("%d of %d rows were imported", result.Events, len(rows))
	}
	if _, err := h.db.CloseFile(ctx, f.Number, store.FileEnd{State: store.FileImported}, now); err != nil {
		h.Fatal(err)
	}
}

// putGood imports n good rows, named prefix-0 and so on, but bad ones at the places given.
func (h *house) putSome(prefix string, n int, badAt ...int) {
	h.Helper()
	rows := make([]store.NewRow, n)
	for i := range rows {
		rows[i] = good(fmt.Sprintf("%s-%d", prefix, i), time.Now())
	}
	for _, i := range badAt {
		rows[i] = bad(fmt.Sprintf("%s-%d", prefix, i), time.Now())
	}
	h.put(rows...)
}

// states counts the events by state.
func (h *house) states() map[store.State]int {
	h.Helper()
	counts, err := h.db.Counts(h.Context(), time.Now())
	if err != nil {
		h.Fatal(err)
	}
	all := map[store.State]int{}
	for _, d := range counts.Datasets {
		for s, n := range d.Events {
			all[s] += int(n)
		}
	}
	return all
}

// want compares the states of all events with pairs of state and number; what is not named must be 0.
func (h *house) want(pairs ...any) {
	h.Helper()
	want := map[store.State]int{}
	for i := 0; i < len(pairs); i += 2 {
		want[pairs[i].(store.State)] = pairs[i+1].(int)
	}
	got := h.states()
	for _, s := range store.States() {
		if got[s] != want[s] {
			h.Errorf("%d events are %s, want %d", got[s], s, want[s])
		}
	}
}

// check lets the store verify itself.
func (h *house) check() {
	h.Helper()
	if err := h.db.Check(h.Context(), func(p string) { h.Errorf("the store: %s", p) }); err != nil {
		h.Error(err)
	}
}

func (h *house) circuit() store.Circuit {
	h.Helper()
	c, err := h.db.Circuit(h.Context(), shop)
	if err != nil {
		h.Fatal(err)
	}
	return c
}

func (h *house) batches() []store.Batch {
	h.Helper()
	page, err := h.db.Batches(h.Context(), store.Filter{Limit: 10_000})
	if err != nil {
		h.Fatal(err)
	}
	return page.Items
}

func (h *house) event(id string) store.EventEntry {
	h.Helper()
	found, err := h.db.EventsByID(h.Context(), id)
	if err != nil || len(found) != 1 {
		h.Fatalf("event %s: %d found, %v", id, len(found), err)
	}
	return found[0]
}

// accepted is how often the sandbox took an event.
func (h *house) accepted(id string) int { return h.meta.Count(shop, id, "Purchase") }

func (h *house) fault(kinds ...sandbox.Kind) {
	h.Helper()
	if err := h.meta.Queue(kinds...); err != nil {
		h.Fatal(err)
	}
}

// wire stands between the client and the sandbox.
type wire struct {
	next http.RoundTripper

	mu     sync.Mutex
	before func(*http.Request) error // an error keeps the request from being sent
	after  func(*http.Response)
	now    int
	most   int // requests at once
}

func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	before, after := w.before, w.after
	w.now++
	w.most = max(w.most, w.now)
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		w.now--
		w.mu.Unlock()
	}()
	if before != nil {
		if err := before(r); err != nil {
			return nil, err
		}
	}
	response, err := w.next.RoundTrip(r)
	if err == nil && after != nil {
		after(response)
	}
	return response, err
}

func (w *wire) set(before func(*http.Request) error, after func(*http.Response)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before, w.after = before, after
}

// journal is a log that several goroutines may write.
type journal struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.buf.Write(p)
}

func (j *journal) bytes() []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	return bytes.Clone(j.buf.Bytes())
}

// lines counts the lines of the log that hold a text.
func (j *journal) lines(text string) int {
	n := 0
	for line := range bytes.Lines(j.bytes()) {
		if bytes.Contains(line, []byte(text)) {
			n++
		}
	}
	return n
}

// pointAt makes every refusal of an invalid event point at the event with this index.
func pointAt(index int) func(*http.Response) {
	return func(r *http.Response) {
		if r.StatusCode != http.StatusBadRequest {
			return
		}
		body := fmt.Sprintf(`{"error":{"message":"Invalid parameter","type":"OAuthException","code":100,"error_subcode":2804003,`+
			`"error_data":{"blame_field_specs":[["data","%d","event_time"]]},"fbtrace_id":"A"}}`, index)
		_ = r.Body.Close()
		r.Body = io.NopCloser(strings.NewReader(body))
	}
}
