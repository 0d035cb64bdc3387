package uploader

import (
	"bytes"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
	"capibara/uploader/capi"

	"github.com/rs/zerolog"
)

// machine is a world so small that everything that can happen in it can be tried: one or two events, one dataset, a few instants,
// every end of every request, and a death of the process between any two steps. It drives the uploader itself over a
// database of its own, and holds what it sees to the promises of the house.
type machine struct {
	*testing.T
	file     string
	start    time.Time
	events   int                 // 1 or 2
	batch    int                 // events a batch
	instants []time.Duration     // the instants, since start
	ends     []answer            // how a request may end
	wrap     func(Outbox) Outbox // puts a fault between the uploader and the database, for the controls
	budget   int                 // passes; 0: until nothing is left to try
	until    string              // a text of what is broken: the search stops when it was found
	late     time.Duration       // Config.ResendWindow of a control
	decides  bool                // a person decides: between two passes, and once within each

	probes   []answer // and a probe
	seen     map[string]bool
	bytes    map[int]event.Hash // of each event that was sent
	queue    []*moment
	passes   int
	requests int
	broken   map[string]string // what was found, with where it was found first
}

// moment is what there is between two steps: what is on the disk, what time it is, and what really happened so far.
type moment struct {
	disk  []byte // packed
	at    int
	truth truth
	path  string // the steps that led here
}

// truth is what an onlooker knows who sees every request and Meta's own books.
type truth struct {
	live   bool
	events [2]fact
}

// fact is the truth about one event.
type fact struct {
	ledger  store.State // as it was last seen
	named   bool        // a 2xx without an error counted every event of a request that held it
	refused bool        // a request that held nothing else was refused because of it
	maybe   int         // requests with it that may have been taken
	first   int         // the instant of the first of them
	taken   bool        // there was one before its story ended
}

// deadlines and notBefore of the two events, since the start.
var (
	machineDeadlines = [2]time.Duration{2 * time.Hour, 50 * time.Hour}
	machineNotBefore = [2]time.Duration{0, 30 * time.Minute}
)

func newMachine(t *testing.T, events, batch int, ends, probes []answer, at ...time.Duration) *machine {
	return &machine{T: t, file: memory(t) + "/capibara.db", start: time.Now().Truncate(time.Second), events: events, batch: batch, ends: ends, probes: probes, instants: at,
		seen: map[string]bool{}, bytes: map[int]event.Hash{}, broken: map[string]string{}}
}

func (m *machine) now(at int) time.Time { return m.start.Add(m.instants[at]) }

// explore tries everything, or as much as its budget allows, what lies nearest first: from two events that were imported and a dataset that nobody has allowed to be sent to.
func (m *machine) explore() {
	db, err := bolt.Create(m.file, bolt.Options{Now: m.start})
	if err != nil {
		m.Fatal(err)
	}
	h := &house{T: m.T, db: db}
	var rows []store.NewRow
	for i := range m.events {
		r := good(machineID(i), m.start)
		r.Deadline = m.start.Add(machineDeadlines[i]).Unix()
		if machineNotBefore[i] > 0 {
			r.NotBefore = m.start.Add(machineNotBefore[i]).Unix()
		}
		rows = append(rows, r)
	}
	h.put(rows...)
	first := truth{}
	for i := range first.events {
		first.events[i] = fact{ledger: store.StatePending, first: -1}
	}
	m.close(db)
	m.add(&moment{disk: m.copied(), truth: first, path: "imported"}, "")
	for len(m.queue) > 0 {
		if m.budget > 0 && m.passes >= m.budget || m.until != "" && m.found(m.until) {
			return
		}
		next := m.queue[0]
		m.queue = m.queue[1:]
		m.from(next)
	}
}

func machineID(i int) string { return string(rune('a' + i)) }

// add keeps a moment that is like no other, by what tells it apart.
func (m *machine) add(next *moment, key string) bool {
	key = fmt.Sprint(next.at, next.truth, key)
	if m.seen[key] {
		return false
	}
	m.seen[key] = true
	m.queue = append(m.queue, next)
	return true
}

// from does everything that can happen next.
func (m *machine) from(now *moment) {
	if now.at+1 < len(m.instants) {
		db := m.open(now.disk)
		later := *now
		later.at, later.path = now.at+1, fmt.Sprintf("%s, %s", now.path, m.instants[now.at+1])
		m.add(&later, m.describe(db, later.at))
		m.close(db)
	}
	if !now.truth.live {
		db := m.open(now.disk)
		if err := db.GoLive(m.Context(), shop, "Ada", m.now(now.at)); err != nil {
			m.Fatal(err)
		}
		live := *now
		live.truth.live, live.disk, live.path = true, m.copied(), now.path+", live"
		m.add(&live, m.describe(db, live.at))
		m.close(db)
	}
	if m.decides {
		m.decide(now)
	}
	// Every pass that can follow: each run of the loop takes one way through the tree of choices.
	for script, more := []int(nil), true; more; {
		w := &walk{machine: m, moment: *now, script: script}
		w.run()
		script, more = w.next()
	}
}

// run makes one pass in a process of its own, along the script, and looks at the world before each step.
func (w *walk) run() {
	m := w.machine
	m.passes++
	db := m.open(w.disk)
	w.db, w.parked = db, map[string]chan int{}
	w.over = make(chan error, 1)
	now := func() time.Time { return m.now(w.at) }
	client, err := capi.New(capi.Config{BaseURL: "http://127.0.0.1:1", Transport: w, Now: now})
	if err != nil {
		m.Fatal(err)
	}
	var outbox Outbox = db
	if m.wrap != nil {
		outbox = m.wrap(outbox)
	}
	u, err := New(Config{Store: &steps{outbox, w}, Client: client, Log: zerolog.Nop(), BatchEvents: m.batch, InFlight: 1, Patience: -1,
		Now: now, Datasets: []Dataset{{Alias: "shop", ID: shop, Token: tokens(secret)}}})
	if err != nil {
		m.Fatal(err)
	}
	if m.late > 0 {
		u.c.ResendWindow = m.late
	}
	go func() {
		_, err := u.Recover(m.Context())
		if err == nil {
			_, err = u.Upload(m.Context())
		}
		w.over <- err
	}()
	for {
		synctest.Wait()
		w.look()
		if w.waits() {
			w.step()
			continue
		}
		if len(w.over) > 0 {
			break
		}
		time.Sleep(time.Second) // the pass waits a moment, because somebody was faster
	}
	if err := <-w.over; err != nil {
		m.breaks(w, "the pass failed: %v", err)
	}
	m.close(db)
}

// breaks notes a promise that was broken, once with the shortest way to it.
func (m *machine) breaks(w *walk, format string, args ...any) {
	what := fmt.Sprintf(format, args...)
	if _, known := m.broken[what]; !known {
		m.broken[what] = w.way()
	}
}

// found reports whether something was broken that has a text in its name.
func (m *machine) found(text string) bool {
	for what := range m.broken {
		if strings.Contains(what, text) {
			return true
		}
	}
	return false
}

// verify fails the test for every promise that was broken.
func (m *machine) verify() {
	for what, way := range m.broken {
		m.Errorf("%s\n\tafter: %s", what, way)
	}
}

func (m *machine) open(disk []byte) *bolt.DB {
	content, err := io.ReadAll(flate.NewReader(bytes.NewReader(disk)))
	if err != nil {
		m.Fatal(err)
	}
	if err := os.WriteFile(m.file, content, 0o600); err != nil {
		m.Fatal(err)
	}
	db, err := bolt.Open(m.file, bolt.Options{})
	if err != nil {
		m.Fatal(err)
	}
	return db
}

func (m *machine) close(db *bolt.DB) {
	if err := db.Close(); err != nil {
		m.Fatal(err)
	}
}

func (m *machine) copied() []byte {
	content, err := os.ReadFile(m.file)
	if err != nil {
		m.Fatal(err)
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestSpeed)
	if err == nil {
		_, err = w.Write(content)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		m.Fatal(err)
	}
	return packed.Bytes()
}

// describe tells two databases apart by what matters for what can happen: the states of the events, the open batches with
// what may have arrived, and the circuit. Instants count only as far as they lie before or after one of the machine's.
func (m *machine) describe(db *bolt.DB, at int) string {
	ctx := m.Context()
	var all strings.Builder
	for seq := range uint64(m.events) {
		e, err := db.Event(ctx, seq+1)
		if err != nil {
			m.Fatal(err)
		}
		fmt.Fprint(&all, e.State, e.PossiblySent, " ")
	}
	open, err := db.OpenBatches(ctx, shop)
	if err != nil {
		m.Fatal(err)
	}
	for _, b := range open {
		if n := len(b.Attempts); n > 0 {
			if b.State == store.BatchSending { // a process that starts makes it unknown before anything else
				b.State, b.MaybeAttempts, b.Attempts[n-1].End = store.BatchUnknown, b.MaybeAttempts+1, store.EndLost
				if b.FirstMaybeAt.IsZero() {
					b.FirstMaybeAt = b.Attempts[n-1].StartedAt
				}
			}
			fmt.Fprint(&all, b.Attempts[n-1].BodySHA256 == noBody)
		}
		fmt.Fprint(&all, "| ", b.State, b.Seqs, b.MaybeAttempts, m.since(b.FirstMaybeAt), max(m.since(b.NextTry)-at, 0), refusedAlone(b))
		for up := b.Parent; up != 0; {
			parent, err := db.Batch(ctx, up)
			if err != nil {
				m.Fatal(err)
			}
			for _, child := range parent.Children {
				c, err := db.Batch(ctx, child)
				if err != nil {
					m.Fatal(err)
				}
				fmt.Fprint(&all, " ", c.State, c.Seqs)
			}
			up = parent.Parent
		}
	}
	c, err := db.Circuit(ctx, shop)
	if err != nil {
		m.Fatal(err)
	}
	fmt.Fprint(&all, "| ", c.State, c.Class, min(c.Failures, 1), max(m.since(c.Until)-at, 0), c.TokenSum)
	return all.String()
}

// since is the first instant of the machine that is not before t.
func (m *machine) since(t time.Time) int {
	if t.IsZero() {
		return -1
	}
	at, _ := slices.BinarySearchFunc(m.instants, t.Sub(m.start), func(a, b time.Duration) int { return int(a - b) })
	return at
}

// steps is the database with a stop before every change.
type steps struct {
	Outbox
	w *walk
}

func (s *steps) Begin(ctx context.Context, in store.Intent, now time.Time) (store.Batch, error) {
	s.w.stop("begin")
	return s.Outbox.Begin(ctx, in, now)
}

func (s *steps) Retry(ctx context.Context, n uint64, drop []uint64, sum event.Hash, now time.Time) (store.Batch, error) {
	s.w.stop("retry")
	return s.Outbox.Retry(ctx, n, drop, sum, now)
}

func (s *steps) Settle(ctx context.Context, settlement store.Settlement, now time.Time) (store.Batch, error) {
	s.w.stop("settle")
	return s.Outbox.Settle(ctx, settlement, now)
}

func (s *steps) Conclude(ctx context.Context, settlement store.Settlement, now time.Time) (store.Batch, error) {
	s.w.stop("conclude")
	return s.Outbox.Conclude(ctx, settlement, now)
}

func (s *steps) Expire(ctx context.Context, dataset string, now time.Time, limit int) (store.Tally, error) {
	s.w.stop("expire")
	return s.Outbox.Expire(ctx, dataset, now, limit)
}

func (s *steps) SetCircuit(ctx context.Context, c store.Circuit, now time.Time) error {
	s.w.stop("circuit")
	return s.Outbox.SetCircuit(ctx, c, now)
}

func (s *steps) Recover(ctx context.Context, now time.Time) ([]store.Batch, error) {
	s.w.stop("recover")
	return s.Outbox.Recover(ctx, now)
}
